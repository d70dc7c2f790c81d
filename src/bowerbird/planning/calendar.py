"""When posts go: slots are local times of day in an IANA zone, or one every so many seconds.

A time that the clocks skip in spring moves later by what they skip; a time that comes twice in autumn is the first.
Instants are UTC microseconds, as everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo

from bowerbird.core.account import Account
from bowerbird.core.errors import BadInput
from bowerbird.core.post import SECOND_US

SLOTS_MAX = 1_000
"""Slots that are looked at in one call, whatever the cover: a post every second for a year is a mistake."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Slot:
    """One place in the calendar: the instant (microseconds), and the local time of day as learning knows it."""

    at: int
    label: str


def next_slots(account: Account, taken: Collection[int], now: int, until: int) -> list[Slot]:
    """Return the free slots after `now` and up to `until`, soonest first, of at most `SLOTS_MAX` looked at.

    `taken` are the instants that have a post. Raises `BadInput` for a zone or a time that does not exist.
    """
    return [slot for slot in islice(all_slots(account, now, until), SLOTS_MAX) if slot.at not in taken]


def all_slots(account: Account, now: int, until: int) -> Iterator[Slot]:
    """Yield every slot after `now` and up to `until`, soonest first, each instant once."""
    last = now
    for slot in _rhythm(account, now) if account.every_s else _days(account, now, until):
        if slot.at > until:
            return
        if slot.at > last:
            last = slot.at
            yield slot


def local_time(at: int, zone: str) -> datetime:
    """Return an instant as the clocks of a zone show it."""
    return (_EPOCH + timedelta(microseconds=at)).astimezone(zone_of(zone))


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    """Return a zone; `BadInput` if there is none of this name. Read from disk once."""
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise BadInput(f"there is no time zone {name!r}; write it like Europe/Berlin") from None


def _rhythm(account: Account, now: int) -> Iterator[Slot]:
    """Yield one slot every `every_s`, counted from 1970 so that a restart does not shift them."""
    step = max(1, round((account.every_s or 0) * SECOND_US))
    at = now - now % step
    while True:
        at += step
        yield Slot(at, f"{local_time(at, account.zone):%H:%M}")


def _days(account: Account, now: int, until: int) -> Iterator[Slot]:
    """Yield the slots of every local day from today's to the one in which `until` falls."""
    day, last = local_time(now, account.zone).date(), local_time(until, account.zone).date()
    while day <= last and account.slots:
        yield from _slots_of(day, tuple(account.slots), account.zone)
        day += timedelta(days=1)


@lru_cache(maxsize=1_024)
def _slots_of(day: date, times: tuple[str, ...], zone: str) -> tuple[Slot, ...]:
    """The slots of one local day, soonest first; the same days are asked for again and again as the hours pass."""
    return tuple(sorted((_slot(day, _hours_minutes(text), zone) for text in times), key=lambda slot: slot.at))


def _hours_minutes(text: str) -> tuple[int, int]:
    match = _TIME.fullmatch(text)
    if match is None:
        raise BadInput(f"{text!r} is no time of day; write it like 09:30")
    return int(match[1]), int(match[2])


def _slot(day: date, time: tuple[int, int], zone: str) -> Slot:
    """Place a local time: `fold=0` takes the first of two, and moves a skipped one later by the gap (PEP 495)."""
    local = datetime(day.year, day.month, day.day, *time, tzinfo=zone_of(zone), fold=0)
    return Slot((local.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1), f"{time[0]:02d}:{time[1]:02d}")
