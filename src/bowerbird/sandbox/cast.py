"""The other people of the network: who they are and what they say.

They post by themselves, mention our accounts, ask them things, and answer their posts. What they say is put
together from a few phrases and the topics of `features`, so that some of it matches a search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from bowerbird.sandbox.features import TOPICS


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

_POSTS = (
    "Spent the morning on {word}. Worth it.",
    "Today I finally understood {word}, and now I see it everywhere.",
    "What is your favourite thing about {word}?",
    "Unpopular opinion: {word} is the nicest corner of the standard library.",
    "Teaching {word} tomorrow. Any example that made it click for you?",
    "Can anyone explain {word} without a diagram?",
    "Rewrote forty lines with {word}; six are left.",
    "Reading old code of mine. Not enough {word}, too much hope.",
)
_QUESTIONS = (
    "@{handle} do you have an example for {word}?",
    "@{handle} is {word} fast enough for a million rows?",
    "@{handle} how would you explain {word} to a beginner?",
    "Hey @{handle}, which Python version do I need for {word}?",
    "@{handle} when would you not use {word}?",
)
_MENTIONS = (
    "Learned about {word} from @{handle} today. Thanks!",
    "If you like {word}, follow @{handle}.",
    "@{handle} your note on {word} saved me an hour.",
)
_REPLIES = (
    "This is neat, thank you.",
    "I did not know {word} could do that.",
    "Does this also work in older versions?",
    "Saved. I will need it on Monday.",
    "How does it compare with doing it by hand?",
    "I have used {word} for years and never saw this.",
    "Lovely. Is there a catch?",
    "Trying this right now.",
)


def somebody(draw: Random) -> Person:
    """Return one of the cast."""
    return draw.choice(CAST)


def chatter(draw: Random) -> str:
    """Return what somebody posts unasked."""
    return draw.choice(_POSTS).format(word=_word(draw))


def address(draw: Random, handle: str) -> str:
    """Return a post that addresses one of our accounts: three times out of four a question."""
    phrases = _QUESTIONS if draw.random() < 0.75 else _MENTIONS
    return draw.choice(phrases).format(handle=handle, word=_word(draw))


def answer(draw: Random, topic: str) -> str:
    """Return an answer to a post about this topic."""
    words = TOPICS.get(topic, ("this",))
    return draw.choice(_REPLIES).format(word=draw.choice(words))


def _word(draw: Random) -> str:
    topic = draw.choice([name for name in TOPICS if name != "people"])
    return draw.choice(TOPICS[topic][:3])
