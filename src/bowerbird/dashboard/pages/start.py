"""The first run as steps: rehearse, connect, be told, choose how posts go, attest. What is done, and what is next.

Nothing of it is kept here: each step is read from the books, so one may leave at any time and come back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bowerbird.core.account import Account
from bowerbird.core.health import Light
from bowerbird.core.lifecycle import State
from bowerbird.core.newcomer import NEWCOMER, newcomer_of
from bowerbird.core.policy import attested
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US, Post
from bowerbird.dashboard.asked import Asked, Books
from bowerbird.dashboard.metrics import SAMPLES, unpacked
from bowerbird.dashboard.standing import MODES

SOON_US = 10 * SECOND_US
"""A post that is due sooner is not offered for a yes: it would be over before it is read."""
POSTS_MAX = 20
"""Posts of the rehearsal looked through."""
CHANNELS_MAX = 8
"""Channels shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: whether it is done, and what it says when it is or when it is not.

    Args:
        optional: it may be left out.
    """

    key: str
    title: str
    done: bool
    sentence: str
    optional: bool = False
    light: Light = Light.GREY
    word: str = "later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """How the rehearsal stands: its account, what waits for a yes, what goes next, and what went out."""

    account: Account | None = None
    waiting: Post | None = None
    going: Post | None = None
    out: Post | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Who is told: the channels' names, each with when it took a test (None: never).

    Args:
        tested: how many took one at the address they have now; None if the engine has not said so yet.
        nobody: the owner said that nobody is to be told.
    """

    channels: Sequence[tuple[str, int | None]] = ()
    tested: int | None = None
    nobody: bool = False

    @property
    def done(self) -> bool:
        """True if somebody would hear of it, or nobody wants to."""
        return self.nobody or bool(self.tested)


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """Every step with its light, and what the forms of the open ones need."""
    now, accounts, counts = clock.now(), await books.accounts(), await books.count_posts()
    real = sorted((one for one in accounts if not one.rehearsal), key=lambda one: (one.created_at, one.id))
    account = next((one for one in real if one.id == asked.query.get("account")), real[-1] if real else None)
    rehearsed = await _rehearsed(books, accounts, now)
    told = await _told(books, asked, now)
    newcomer = newcomer_of(await books.snapshot(NEWCOMER))
    paced = account is not None and bool(
        await books.newest_facts(kinds=("account_changed",), account_id=account.id, limit=1)
    )
    steps = lit(
        [
            _rehearse(rehearsed),
            _connect(account),
            _be_told(told),
            _pace(account, paced=paced),
            _attest(account),
            _go(account, counts),
        ]
    )
    return {
        "now": now,
        "steps": steps,
        "done": sum(step.done for step in steps),
        "next": next((step for step in steps if step.word == "next"), None),
        "rehearsed": rehearsed,
        "told": told,
        "newcomer": newcomer,
        "account": account,
        "others": [one for one in real if account is not None and one.id != account.id],
        "modes": [(str(mode), f"{mode}: {words}") for mode, words in MODES.items()],
        "proposed": counts.get((account.id, State.PROPOSED), 0) if account else 0,
    }


def lit(steps: Sequence[Step]) -> list[Step]:
    """Give each step its light: done, the next one, or later; what may be left out is next only at the beginning."""
    begun = any(step.done for step in steps if not step.optional)
    first = next((step.key for step in steps if not step.done and not (step.optional and begun)), "")
    return [replace(step, light=light, word=word) for step in steps for light, word in [_how(step, first)]]


def _how(step: Step, first: str) -> tuple[Light, str]:
    if step.done:
        return Light.GREEN, "done"
    if step.key == first:
        return Light.AMBER, "next"
    return Light.GREY, "optional" if step.optional else "later"


async def _rehearsed(books: Books, accounts: Sequence[Account], now: int) -> Rehearsed:
    """The newest rehearsal and its posts, in three looks at most."""
    mine = sorted((one for one in accounts if one.rehearsal), key=lambda one: (one.created_at, one.id))
    if not mine:
        return Rehearsed()
    account = mine[-1]
    ahead = await books.posts(
        states=(State.PROPOSED, State.QUEUED, State.SENDING), account_id=account.id, limit=POSTS_MAX,
        newest_first=False,
    )  # fmt: skip
    out = await books.posts(states=(State.PUBLISHED,), account_id=account.id, limit=1)
    waiting = [p for p in ahead if p.state is State.PROPOSED and p.parts == 1 and p.due >= now + SOON_US]
    going = [p for p in ahead if p.state is not State.PROPOSED]
    return Rehearsed(
        account=account, waiting=next(iter(waiting), None), going=next(iter(going), None), out=next(iter(out), None)
    )


async def _told(books: Books, asked: Asked, now: int) -> Told:
    """What is known of the channels: their names from the settings, their tests from the books."""
    value = next((row.value for row in asked.settings if row.name == "alerts.channels"), "")
    names = [name.strip() for name in value.split(",") if name.strip() and not name.strip().startswith("(")]
    channels = []
    for name in [name for name in names if name != "none"][:CHANNELS_MAX]:
        took = await books.snapshot(f"channel:{name}")
        channels.append((name, took.at if took else None))
    samples = unpacked(await books.snapshot(SAMPLES), now=now)
    tested = next((int(s.value) for s in samples if s.name == "bowerbird_alert_channels"), None)
    return Told(channels=channels, tested=tested if channels else 0, nobody="none" in names)


def _rehearse(found: Rehearsed) -> Step:
    sentence = "See the whole way of a post on a small network of its own. No account, no key, nothing leaves here."
    if found.out:
        sentence = "A post was written, approved, published and proven, on a network where nothing is real."
    return Step(key="rehearse", title="Rehearse it", done=found.out is not None, sentence=sentence, optional=True)


def _connect(account: Account | None) -> Step:
    sentence = "Two fields, and you see who you are before anything is kept or sent."
    if account:
        sentence = f"{account.handle} on {account.platform} is connected."
    return Step(key="connect", title="Connect Bluesky", done=account is not None, sentence=sentence)


def _be_told(told: Told) -> Step:
    sentence = "Somebody has to hear of it when something breaks. Without that nothing real is sent."
    if told.nobody:
        sentence = "You said that nobody is to be told. Look at the overview yourself; it stays amber for that."
    elif told.done:
        sentence = "A channel took a test message."
    return Step(key="told", title="Be told when something breaks", done=told.done, sentence=sentence)


def _pace(account: Account | None, *, paced: bool) -> Step:
    sentence = "Who says yes, at what times, and how many at most."
    if account and paced:
        sentence = f"{MODES[account.mode].capitalize()}; at most {account.posts_per_day_max} a day."
    return Step(key="pace", title="Choose how posts go", done=paced, sentence=sentence)


def _attest(account: Account | None) -> Step:
    done = account is not None and attested(account)
    sentence = "Platforms welcome programs that say they are one. Your word for it is the last thing that is missing."
    if account and done:
        sentence = f"Labelled as automated, and run by {account.operator}."
    return Step(key="attest", title="Say that it is a program", done=done, sentence=sentence)


def _go(account: Account | None, counts: Mapping[tuple[str, State], int]) -> Step:
    out = counts.get((account.id, State.PUBLISHED), 0) if account else 0
    sentence = "The first real post is out." if out else "From here on it works by itself, and asks you first."
    return Step(key="go", title="The first real post", done=bool(out), sentence=sentence)
