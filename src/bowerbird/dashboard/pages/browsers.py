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
from bowerbird.core.story import count, span
from bowerbird.dashboard.asked import Asked, Books
from bowerbird.dashboard.drawing import short
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
MEGABYTE = 1e6
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


SEATS = {
    "idle": (Light.GREEN, "free"),
    "leased": (Light.GREEN, "taken"),
    "down": (Light.AMBER, "without a browser"),
    "unused": (Light.GREY, "not needed yet"),
}
"""How each state of a seat looks."""
WORK = {
    "post": "posts", "reply": "replies", "verify": "looks at our own posts", "metrics": "numbers of posts",
    "harvest": "mentions and searches", "spare": "cards, and pages for a bank",
}  # fmt: skip
"""What somebody sits there for, by class, most urgent first."""
WAITED_FOR = {
    "page.open": "a new page", "page.close": "a page to close", "context.close": "a page to close with its session",
    "browser.start": "a browser to start", "browser.close": "a browser to end", "driver.stop": "a driver to end",
    "probe": "a page to answer", "ping": "a browser to answer", "state": "the session of a page",
    "publish": "a post to be sent", "delete": "a post to be deleted", "reply": "a reply to be sent",
    "resolve": "a post to be found", "own_posts": "the account's own posts", "whoami": "who is signed in",
    "counts": "numbers of posts", "mentions": "mentions", "search": "a search", "page": "a page",
}  # fmt: skip
"""What each operation waits for."""
NO_BROWSER = "no browser"
"""What stands where there is nothing to measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatRow:
    """One seat.

    Args:
        why: why no browser stands there although one should; empty otherwise.
        holder: who sits there, empty while it is free; `held_at`: since when; `work`: what for.
        up_at: when its browser was started, None while none runs; `served`: how often that one was lent out since.
        pages: those that are kept open, one for each account.
        memory, slope, processor: in words; None where it is not measured yet.
        lives: browsers that have stood here so far; `ends`: why they went, in words, with how often.
    """

    name: str
    light: Light
    word: str
    why: str
    holder: str
    held_at: int | None
    work: str
    up_at: int | None
    served: int | None
    pages: int | None
    memory: str | None
    slope: str | None
    processor: str | None
    lives: int | None
    ends: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What all browsers take of what they may.

    Args:
        used, budget: bytes, None where not measured. words: both in a sentence.
        peak: the most of the last ten seconds, in words. full: when it will be full.
        unweighed: browsers that were not weighed yet and count with what one usually takes.
        pressure: how much of the time somebody on this machine waits for memory.
    """

    used: int | None
    budget: int | None
    words: str
    peak: str | None
    full: str | None
    unweighed: int
    pressure: str | None


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
        "memory": memory(told),
        "work": WORK,
        "times": {name: often(told.get(name)) for name in ("recycled", "cut", "listeners")},
        "timeouts": [(WAITED_FOR.get(op, op), n) for op, n in told.get("timeouts", {}).items()],
        "warm": [account for account in accounts if account.id in told.get("pages", ())],
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
    up, work = bool(row.get("up")), str(row.get("class", ""))
    light, word = _looks(str(row.get("state", "")), up=up)
    ends = [*row.get("ends", {}).items(), ("it had grown, and nothing was lost", row.get("recycled", 0))]
    return SeatRow(
        name=str(row.get("name", "")), light=light, word=word, why=str(row.get("why", "")),
        holder=str(row.get("holder", "")), held_at=row.get("held_at"), work=WORK.get(work, work),
        up_at=row.get("up_at"), served=row.get("served") if up else None, pages=row.get("pages"),
        memory=_weight(row) if up else NO_BROWSER, slope=growth(row.get("memory_slope_bytes_h")) if up else NO_BROWSER,
        processor=_processor(row.get("cpu_s")) if up else NO_BROWSER,
        lives=row.get("lives"), ends=[(why, n) for why, n in ends if n],
    )  # fmt: skip


def often(n: int | None) -> str:
    """Say how often something happened."""
    if n is None:
        return "not measured yet"
    return count(n, "time") if n else "never"


def _looks(state: str, *, up: bool) -> tuple[Light, str]:
    """How a seat is; whoever has it may have to wait until its browser runs."""
    if state == "leased" and not up:
        return Light.AMBER, "taken, its browser is being started"
    return SEATS.get(state, (Light.GREY, "not told"))


def _weight(row: Mapping[str, Any]) -> str | None:
    """What a browser takes, and how much of it its driver does."""
    both, driver = size(row.get("memory_bytes")), size(row.get("driver_bytes"))
    return f"{both}, {driver} of it its driver" if both and driver else both


def growth(bytes_h: float | None) -> str | None:
    """Say by how much something grows in an hour, or shrinks; a megabyte is nothing."""
    if bytes_h is None:
        return None
    if abs(bytes_h) < MEGABYTE:
        return "not at all"
    return f"{size(bytes_h)} an hour" if bytes_h > 0 else f"shrinks by {size(-bytes_h)} an hour"


def _processor(seconds: float | None) -> str | None:
    return None if seconds is None else short(seconds)


def memory(told: Mapping[str, Any]) -> Memory:
    """Put into words what all browsers take."""
    row: Mapping[str, Any] = told.get("memory", {})
    used, budget, pressure = row.get("used_bytes"), row.get("budget_bytes"), row.get("pressure_pct")
    most = "how much they may take is not measured yet" if budget is None else f"they may take {size(budget)}"
    return Memory(
        used=used, budget=budget, words=f"{size(used) or 'not measured yet'}; {most}", peak=size(row.get("peak_bytes")),
        full=_full(told, row), unweighed=row.get("unweighed", 0),
        pressure=None if pressure is None else f"{pressure:.0f} % of the last ten seconds",
    )  # fmt: skip


def _full(told: Mapping[str, Any], row: Mapping[str, Any]) -> str | None:
    """When they will have taken all they may, as they grow now."""
    running = [each for each in told.get("seats", ()) if each.get("up")]
    if row.get("full_s") is not None:
        return "now" if row["full_s"] < 1 else f"in about {span(row['full_s'])}, as they grow now"
    if row.get("budget_bytes") is None or any(each.get("memory_slope_bytes_h") is None for each in running):
        return None
    return "never, as they grow now" if running else "never, while none runs"


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
        light, word = STATES["locked"] if state == "locked" else (Light.RED, "signed out")
        again = "" if state == "locked" else ", and it is asked again by itself"
        sentence = f"{why}Only this account waits; its posts stay in the queue{again}."
    return Session(
        account=account, light=light, word=word, sentence=sentence, since=hold.since if hold else None, age=age,
        command=_command(account),
    )  # fmt: skip


def _command(account: Account) -> str:
    """What signs it in again: by hand where it lives in a browser, else with its password."""
    by_hand = in_browser(account.platform) and not account.rehearsal
    return f"bowerbird login {account.id}" if by_hand else f"bowerbird connect {account.platform} {account.handle}"
