"""Every breaker: how it is, since when and why, what its window holds, when it probes next, and what it did lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bowerbird.core.breaker import WINDOWS, BreakerState, Position, Went
from bowerbird.core.facts import Fact
from bowerbird.core.gauge import Snapshot
from bowerbird.core.health import Light
from bowerbird.core.incident import Incident
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US
from bowerbird.core.story import clock_time, count, span
from bowerbird.dashboard.asked import Asked, Books
from bowerbird.dashboard.trials import Event, said

OPEN_MAX = 100
"""Open incidents looked through for those about a breaker."""
FACTS_MAX = 200
"""Facts looked through for what the breakers did lately."""
EVENTS_MAX = 6
"""Of which so many are shown for each."""
KINDS = ("breaker_opened", "breaker_probed", "breaker_closed")
STALE_S = 10.0
"""A window that was written down longer ago than this is said to be old, in seconds."""
FIRST = {Position.OPEN: 0, Position.HALF_OPEN: 1, Position.CLOSED: 2}


@dataclass(frozen=True, slots=True)
class Bar:
    """One call or probe in the window: how it went, and when, for whoever points at it."""

    outcome: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A breaker on the page.

    Args:
        sentence: how it is, and what comes of it.
        window: what its window holds, in words; None if nobody said it yet.
        bars: its last calls and probes, oldest first.
        incident: the open one about it, or None.
        events: what it did lately, newest first.
    """

    state: BreakerState
    light: Light
    sentence: str
    window: str | None
    bars: Sequence[Bar]
    incident: Incident | None = None
    events: Sequence[Event] = ()


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """Every breaker, those that are not closed first."""
    now = clock.now()
    states, said_of = await books.breakers(), await books.snapshot(WINDOWS)
    about = {one.part: one for one in await books.incidents(open_only=True, limit=OPEN_MAX)}
    lately = _lately(await books.newest_facts(kinds=KINDS, limit=FACTS_MAX))
    shown = sorted(states, key=lambda state: (FIRST[state.position], state.name))
    return {
        "now": now,
        "summary": summary(states),
        "windows_at": said_of.at if said_of and now - said_of.at > STALE_S * SECOND_US else None,
        "switches": [
            switch(each, said_of, now=now, incident=about.get(f"breaker:{each.name}"), events=lately.get(each.name, ()))
            for each in shown
        ],
    }


def summary(states: Sequence[BreakerState]) -> str:
    """Say how all of them are."""
    shut = [state for state in states if state.position is not Position.CLOSED]
    if not states:
        return ""
    if not shut:
        return "All of them are closed: every call goes through."
    names = ", ".join(state.name for state in shut)
    verb = "is" if len(shut) == 1 else "are"
    return f"{len(shut)} of {len(states)} {verb} not closed: {names}."


def _lately(facts: Sequence[Fact]) -> Mapping[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for fact in facts:
        events = found.setdefault(str(fact.data.get("breaker", "")), [])
        if len(events) < EVENTS_MAX:
            events.append((fact.at, _by(fact), ""))
    return found


def _by(fact: Fact) -> str:
    by = f"{fact.by}: " if fact.by != "breakers" else ""
    return f"{by}{said(fact)}"


def switch(
    state: BreakerState,
    windows: Snapshot | None,
    *,
    now: int,
    incident: Incident | None = None,
    events: Sequence[Event] = (),
) -> Switch:
    """Put one breaker into words."""
    light, sentence = position(state, now=now)
    held: Mapping[str, Any] = windows.data.get(state.name, {}) if windows else {}
    return Switch(
        state=state, light=light, sentence=sentence, window=window(held) if held else None, bars=bars(held),
        incident=incident, events=events,
    )  # fmt: skip


def position(state: BreakerState, *, now: int) -> tuple[Light, str]:
    """Say how a breaker is, and what comes of it."""
    held = f"for {span(max(0.0, (now - state.since) / SECOND_US))}"
    why = state.why.rstrip(".")
    if state.position is Position.CLOSED:
        return Light.GREEN, f"Closed {held}: every call goes through.{f' It closed because {why}.' if why else ''}"
    why = why or "it did not say why"
    if state.manual:
        return Light.AMBER, f"Open by hand {held}: {why}. Nothing goes through until somebody closes it."
    if state.position is Position.HALF_OPEN:
        return Light.AMBER, f"Not closed {held}: {why}. Its own probe is under way; nobody else goes through."
    return Light.RED, f"Open {held}: {why}. Nothing goes through; it asks by itself whether the other side is back."


def window(held: Mapping[str, Any]) -> str:
    """Say what a window holds, and from when on it opens."""
    share = f"{held['failed_max']:.0%} of at least {held['calls_min']}"
    if not held["calls"]:
        return f"Empty: nothing was called lately. It opens when {share} calls fail."
    slow = f", {held['slow']} slow" if held["slow"] else ""
    return f"{count(held['calls'], 'call')}, {held['failed']} failed{slow}. It opens when {share} calls fail."


def bars(held: Mapping[str, Any]) -> list[Bar]:
    """Each call and probe that is remembered, oldest first."""
    return [Bar(Went(went), f"{clock_time(at)} UTC: {went}") for at, went in held.get("beats", ())]
