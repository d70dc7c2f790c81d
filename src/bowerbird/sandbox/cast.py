"""The other people of the network: who they are and what they say.

They post by themselves, mention our accounts, ask them things, and answer their posts. What they say is put
together from a few phrases, so that some of it matches a search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from bowerbird.sandbox.features import OTHER


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody else on the network."""

    handle: str
    name: str
    bio: str
    followers: int


CAST: Sequence[Person] = (
    Person("ada_finch", "Ada Finch", "Compilers by day, sourdough by night.", 1_840),
    Person("bento", "Bento Okafor", "Data engineer. Opinions arrive in batches.", 620),
    Person("carla_w", "Carla Weiss", "Teaching people to program, one loop at a time.", 3_905),
    Person("dmitri_loops", "Dmitri Sokolov", "Embedded things that blink.", 412),
    Person("esi", "Esi Mensah", "Second-year student, first-year cyclist.", 188),
    Person("farouk", "Farouk Haddad", "Backend. Tea. Long walks.", 977),
    Person("greta_types", "Greta Lindqvist", "Strict mode enthusiast.", 2_310),
    Person("hana_k", "Hana Kobayashi", "Scientific computing, mostly plots.", 1_455),
    Person("ivo", "Ivo Petrov", "I read changelogs so you do not have to.", 5_120),
    Person("june_byte", "June Abara", "Freelance. Currently deleting code.", 764),
    Person("kai", "Kai Nakamura", "Games, tools, and tools for games.", 1_102),
    Person("lucia_sql", "Lucía Romero", "Databases are just opinionated files.", 1_998),
)

_THINGS = (
    "itertools", "pathlib", "dataclasses", "asyncio", "collections.Counter", "functools.cache", "zoneinfo",
    "regular expressions", "decimal", "generators", "context managers", "the csv module", "type hints", "enum",
    "heapq", "f-strings", "statistics", "list comprehensions",
)  # fmt: skip
_POSTS = (
    "Spent the morning on {thing}. Worth it.",
    "Today I finally understood {thing} in Python, and now I see it everywhere.",
    "What is your favourite thing about {thing}?",
    "Unpopular opinion: {thing} is the nicest corner of the Python standard library.",
    "Teaching {thing} tomorrow. Any example that made it click for you?",
    "Can anyone explain {thing} without a diagram?",
    "Rewrote forty lines of Python with {thing}; six are left.",
    "Reading old code of mine. Not enough {thing}, too much hope.",
    "Which Python tip do you wish you had known a year earlier? Mine: {thing}.",
)
_QUESTIONS = (
    "@{handle} do you have an example for {thing}?",
    "@{handle} is {thing} fast enough for a million rows?",
    "@{handle} how would you explain {thing} to a beginner?",
    "Hey @{handle}, which Python version do I need for {thing}?",
    "@{handle} when would you not use {thing}?",
)
_MENTIONS = (
    "Learned about {thing} from @{handle} today. Thanks!",
    "If you like {thing}, follow @{handle}.",
    "@{handle} your note on {thing} saved me an hour.",
)
_ANSWERS = (
    "This is neat, thank you.",
    "I did not know that. Python keeps surprising me.",
    "Does this also work in older versions?",
    "Saved. I will need it on Monday.",
    "How does it compare with doing it by hand?",
    "I have used Python for years and never saw this.",
    "Lovely. Is there a catch?",
    "Trying this right now.",
    "More about {topic}, please.",
    "I would not have guessed what this prints.",
)


def somebody(draw: Random) -> Person:
    """Return one of the cast."""
    return draw.choice(CAST)


def chatter(draw: Random) -> str:
    """Return what somebody posts unasked."""
    return draw.choice(_POSTS).format(thing=draw.choice(_THINGS))


def address(draw: Random, handle: str) -> str:
    """Return a post that addresses one of our accounts: three times out of four a question."""
    phrases = _QUESTIONS if draw.random() < 0.75 else _MENTIONS
    return draw.choice(phrases).format(handle=handle, thing=draw.choice(_THINGS))


def answer(draw: Random, topic: str) -> str:
    """Return an answer to a post about this topic."""
    return draw.choice(_ANSWERS).format(topic="this" if topic == OTHER else topic)
