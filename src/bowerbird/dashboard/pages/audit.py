"""The audit log: who asked for what, when, about what and why, and with what answer.

It is made of the commands, which are all that people ever do here. Of what a command was given only what it was about
and why is shown; words, passwords and tokens never are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from bowerbird.core.health import Light
from bowerbird.core.lists import Place
from bowerbird.core.people import OWNER
from bowerbird.core.ports import Clock
from bowerbird.core.story import VERDICTS, count
from bowerbird.core.work import Command
from bowerbird.dashboard.asked import Asked, Books
from bowerbird.dashboard.drawing import slug
from bowerbird.dashboard.pages.posts import place_of
from bowerbird.dashboard.places import Link
from bowerbird.dashboard.roles import VERBS

ROWS = 50
"""Commands on a page."""
ABOUT: Mapping[str, str] = {
    "post_id": "/posts/{}",
    "account_id": "/accounts/{}",
    "incident": "/incidents/{}",
    "breaker": "/breakers#{}",
    "silence": "/incidents#silences",
    "job": "/jobs/{}",
    "lane": "/jobs#lane-{}",
    "drill": "/drills#row-{}",
    "part": "",
    "rule": "",
    "name": "",
}
"""The fields of a command that say what it is about, the one that says most first, each with its page."""
WHY = ("why", "reason")
DETAILS: Mapping[str, str] = {"verdict": "{}", "hours": "for {} h", "role": "as {}"}
"""Other fields that belong to what was asked, each with how it is said."""
SEVERAL: Mapping[str, str] = {"account_id.": "account", "shown.": "post"}
"""How the fields of a command about several things begin, and what they are."""
WORDS_MAX = 300
"""A reason or an answer is cut after so many characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One command on the page.

    Args:
        about: the address, or empty, and the name of what it was about; None if it was about nothing.
        detail: what else was asked, such as for how long; empty where the verb says it all.
        light, word: green done, red not done, amber not answered yet.
    """

    id: str
    at: int
    by: str
    verb: str
    detail: str
    about: Link | None
    why: str
    light: Light
    word: str
    answer: str


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """One page of the log, newest first, of one person and one verb or of all."""
    by, verb = asked.query.get("by", ""), asked.query.get("verb", "")
    after = place_of(asked.query.get("after", ""))
    found = await books.commands(by=by, verb=verb, before=after, limit=ROWS + 1)
    shown = found[:ROWS]
    people = {OWNER, *(person.name for person in await books.people()), *(command.by for command in shown), by} - {""}
    verbs = {*VERBS, *(command.verb for command in shown), verb} - {""}
    return {
        "now": clock.now(),
        "rows": [row(command) for command in shown],
        "people": [("", "Everybody"), *((name, name) for name in sorted(people, key=str.casefold))],
        "verbs": [("", "Everything"), *((each, plain(each)) for each in sorted(verbs))],
        "by": by,
        "verb": verb,
        "narrowed": bool(by or verb),
        "first": path(by, verb) if after else "",
        "next": path(by, verb, shown[-1]) if len(found) > ROWS else "",
    }


def row(command: Command) -> Row:
    """Put one command into words."""
    light, word = Light.AMBER, "not answered yet"
    if command.done_at is not None:
        light, word = (Light.GREEN, "done") if command.ok else (Light.RED, "not done")
    return Row(
        id=command.id, at=command.asked_at, by=command.by, verb=plain(command.verb), detail=detail(command.args),
        about=about(command.args),
        why=_words(next((command.args[name] for name in WHY if command.args.get(name)), "")),
        light=light, word=word, answer=_words(command.answer),
    )  # fmt: skip


def about(args: Mapping[str, Any]) -> Link | None:
    """What a command was about: the address of its page, or empty, and its name; None if that is not said."""
    for name, page in ABOUT.items():
        value = str(args.get(name, "") or "")
        if value:
            place = slug(value) if name in ("breaker", "drill") else quote(value, safe=":")
            return page.format(place), value[:WORDS_MAX]
    for begins, one in SEVERAL.items():
        if n := sum(name.startswith(begins) for name in args):
            return "", count(n, one)
    return None


def detail(args: Mapping[str, Any]) -> str:
    """What else was asked, in words: what was said of a parked post, for how long, in which role."""
    said = ((words, str(args.get(name, "") or "")) for name, words in DETAILS.items())
    return ", ".join(words.format(VERDICTS.get(value, _words(value))) for words, value in said if value)


def plain(verb: str) -> str:
    """A verb as people say it: ``breaker_open`` is ``breaker open``."""
    return verb.replace("_", " ")


def path(by: str, verb: str, last: Command | None = None) -> str:
    """The address of the same list, from a command on."""
    after = Place(last.asked_at, last.id) if last else None
    asked = {"by": by, "verb": verb, "after": f"{after.at}-{after.id}" if after else ""}
    kept = {name: value for name, value in asked.items() if value}
    return f"/audit?{urlencode(kept)}" if kept else "/audit"


def _words(value: object) -> str:
    words = str(value)
    return words if len(words) <= WORDS_MAX else words[: WORDS_MAX - 1].rstrip() + "…"
