"""Seats and who holds them, the line before them, how often browsers began and ended, and the sessions of accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bowerbird.browsers.numbers import BROWSERS
from bowerbird.core.account import Account, Hold, HoldKind, in_browser
from bowerbird.core.facts import Fact
from bowerbird.core.gauge import Snapshot
from bowerbird.core.health import Light
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US
from bowerbird.core.story import span
from bowerbird.dashboard.asked import Asked, Books
from bowerbird.dashboard.gauges import Gauges, gauges, size
from bowerbird.dashboard.head import head
from bowerbird.dashboard.layers import browsers
from bowerbird.dashboard.metrics import STALE_S
from bowerbird.dashboard.picture import ground
from bowerbird.dashboard.trials import said

SESSIONS_MAX = 50
"""Sessions shown, those that need somebody first."""
FACTS_MAX = 100
"""Facts looked through for what happened to the browser."""
EVENTS_MAX = 15
"""Of which so many are shown."""
KINDS = ("degraded", "recovered", "breaker_opened", "breaker_closed")
SESSION_AGE, SESSION_LEFT, SESSION_STATE = (
    "bowerbird_session_age_seconds", "bowerbird_session_left_seconds", "bowerbird_session_state",
)  # fmt: skip
"""What is measured of the sessions that live in a browser."""
STATES = {
    "unknown": (Light.GREY, "not asked yet"),
    "valid": (Light.GREEN, "valid"),
    "expiring": (Light.AMBER, "will end soon"),
    "expired": (Light.RED, "signed out"),
    "locked": (Light.RED, "locked by the site"),
}
"""How each state of a session looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatRow:
    """One seat.

    Args:
        holder: who sits there, None while it is free; `held_at`: since when.
        up_at: when its browser was started, None while none runs.
        pages: warm ones. memory, slope: in words; None where nobody measures it.
    """

    name: str
    light: Light
    word: str
    holder: str
    held_at: int | None
    up_at: int | None
    pages: int | None
    memory: str | None
    slope: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The session of one account: how it is, since when, how old, and what a person does about it."""

    account: Account
    light: Light
    word: str
    sentence: str
    since: int | None
    age: str | None
    command: str = ""


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """Everything about browsers and sessions that is known."""
    accounts, counts = await books.accounts(), await books.count_posts()
    p = replace(await ground(books, clock, asked.beside), accounts=accounts, counts=counts)
    told = fresh(await books.snapshot(BROWSERS), now=p.now)
    known, holds = await gauges(books, now=p.now), await books.holds(now=p.now)
    shut = next((one for one in await books.breakers() if one.name == "browser"), None)
    happened = await books.newest_facts(kinds=KINDS, limit=FACTS_MAX)
    rows = sessions(accounts, holds, known)
    return {
        "now": p.now,
        "head": head(p, browsers(p)),
        "needed": [account for account in accounts if web(account)],
        "told": told,
        "seats": [seat(row) for row in told.get("seats", ())],
        "events": events(told, happened),
        "breaker": shut,
        "sessions": rows[:SESSIONS_MAX],
        "more": max(0, len(rows) - SESSIONS_MAX),
    }


def fresh(snapshot: Snapshot | None, *, now: int) -> Mapping[str, Any]:
    """What the engine said of its browsers, or nothing if that was too long ago."""
    if snapshot is None or now - snapshot.at > STALE_S * SECOND_US:
        return {}
    return snapshot.data


def web(account: Account) -> bool:
    """Whether this account is reached through a browser, by its own driver or the other one."""
    return in_browser(account.platform) or in_browser(account.other_driver)


def seat(row: Mapping[str, Any]) -> SeatRow:
    """Put one seat into words; what the row does not say is not measured."""
    holder = str(row.get("holder", ""))
    up, slope = bool(row.get("up")), row.get("memory_slope_bytes_h")
    light, word = (Light.GREEN, "taken" if holder else "warm") if up else (Light.GREY, "cold")
    return SeatRow(
        name=str(row.get("name", "")), light=light, word=word, holder=holder, held_at=row.get("held_at"),
        up_at=row.get("up_at"), pages=row.get("pages"), memory=size(row.get("memory_bytes")),
        slope=None if slope is None else f"{size(slope)} an hour",
    )  # fmt: skip


def events(told: Mapping[str, Any], happened: Sequence[Fact]) -> list[tuple[int, str]]:
    """What happened to the browser lately, newest first: what the engine remembers, and what the facts tell."""
    found = [(int(at), str(sentence)) for at, sentence in told.get("events", ())]
    found += [(fact.at, f"{_of(fact)}{said(fact)}") for fact in happened if _is_ours(fact)]
    return sorted(found, reverse=True)[:EVENTS_MAX]


def _is_ours(fact: Fact) -> bool:
    return fact.data.get("part") == "browser" or fact.data.get("breaker") == "browser"


def _of(fact: Fact) -> str:
    return "" if "breaker" in fact.data else "The browser: "


def sessions(accounts: Sequence[Account], holds: Sequence[Hold], known: Gauges) -> list[Session]:
    """The session of every account, those that are signed out first, then those that a browser holds."""
    out = {hold.account_id: hold for hold in holds if hold.kind is HoldKind.SIGNED_OUT}
    order = sorted(accounts, key=lambda account: (account.id not in out, not web(account), account.id))
    return [_session(account, out.get(account.id), known) for account in order]


def _session(account: Account, hold: Hold | None, known: Gauges) -> Session:
    age_s, left_s = known.one(SESSION_AGE, account=account.id), known.one(SESSION_LEFT, account=account.id)
    left = "" if left_s is None else f", about {span(left_s)} left"
    age = None if age_s is None else f"renewed {span(age_s)} ago{left}"
    state = next((state for state in STATES if known.one(SESSION_STATE, account=account.id, state=state)), "")
    light, word = STATES.get(state, (Light.GREEN, "no sign that it ended"))
    sentence = "Sessions like this one have ended at this age." if state == "expiring" else ""
    if hold is not None:
        why = f"{hold.why.rstrip('.')}. " if hold.why else ""
        light, word = Light.RED, "locked by the site" if state == "locked" else "signed out"
        sentence = f"{why}Only this account waits; its posts stay in the queue, and it is asked again by itself."
    return Session(
        account=account, light=light, word=word, sentence=sentence, since=hold.since if hold else None, age=age,
        command=_command(account),
    )  # fmt: skip


def _command(account: Account) -> str:
    """What signs it in again: by hand where it lives in a browser, else with its password."""
    by_hand = in_browser(account.platform) and not account.rehearsal
    return f"bowerbird login {account.id}" if by_hand else f"bowerbird connect {account.platform} {account.handle}"
