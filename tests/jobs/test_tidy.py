"""Tidying: a year of running leaves the books as large as a month does."""

from bowerbird.clock import VirtualClock
from bowerbird.core.account import Account
from bowerbird.core.books import Batch, Old
from bowerbird.core.incident import Silence
from bowerbird.core.post import SECOND_US
from bowerbird.core.work import Command, Owner, Run
from bowerbird.jobs.tidy import FORGET_MAX, KEEP_S, Tidy
from bowerbird.storage.memory import MemoryStorage
from tests.contracts.books import WREN, a_delivery, a_fact, an_incident

DAY_US = 86_400 * SECOND_US


async def test_what_is_old_goes_a_handful_at_a_time() -> None:
    """As often as there is a full handful it comes back at once; what is young stays, and so does every fact."""
    clock, books = VirtualClock(), MemoryStorage()
    now = clock.now()
    runs = [Run(id=f"r{n}", job="plan", slot_at=n, started_at=now - 31 * DAY_US + n) for n in range(FORGET_MAX + 5)]
    young = Run(id="young", job="plan", slot_at=-1, started_at=now)
    await books.record(Batch(runs=(*runs, young), facts=(a_fact(at=now - 900 * DAY_US),)))
    tidy = Tidy(books, clock)
    assert await tidy.tidy_once()
    assert not await tidy.tidy_once()
    assert await books.runs() == [young]
    assert len(await books.facts()) == 1


def test_nothing_that_may_be_forgotten_is_kept_for_ever() -> None:
    """Each kind has its bound."""
    assert set(KEEP_S) == set(Old)


async def test_buttons_processes_and_silences_go_when_they_are_over_for_long() -> None:
    """Every boot leaves an owner, every press a command: a year of them is not kept."""
    clock, books = VirtualClock(), MemoryStorage()
    old, young = clock.now() - 91 * DAY_US, clock.now() - 29 * DAY_US
    for name, at in (("old", old), ("young", young)):
        done = Command(id=name, verb="pause", by="ada", asked_at=at, done_at=at, ok=True)
        silence = Silence(id=name, since=1, until=at, by="ada")
        await books.record(Batch(commands=(done,), silences=(silence,)))
        await books.beat(Owner(id=name, role="face", pid=1, started_at=at, heard_at=at))
    assert not await Tidy(books, clock).tidy_once()
    assert [command.id for command in await books.commands()] == ["young"]
    assert [owner.id for owner in await books.owners()] == ["young"]
    assert [silence.id for silence in await books.silences(now=0)] == ["young"]


async def test_each_kind_has_its_time() -> None:
    """Messages for three months, incidents for a year after their end, open ones for ever."""
    clock, books = VirtualClock(), MemoryStorage()
    ages = {f"{days}": clock.now() - days * DAY_US for days in (89, 91, 364, 366)}
    messages = tuple(a_delivery(age, made_at=at, sent_at=at) for age, at in ages.items())
    over = tuple(an_incident(age, opened_at=1, closed_at=at) for age, at in ages.items())
    account = Account(id=WREN, platform="bluesky", handle="wren")
    lasting = an_incident("lasting", opened_at=1)
    await books.record(Batch(accounts=(account,), deliveries=messages, incidents=(*over, lasting)))
    assert not await Tidy(books, clock).tidy_once()
    assert [message.id for message in await books.deliveries()] == ["89"]
    assert sorted(incident.id for incident in await books.incidents()) == ["364", "89", "91", "lasting"]
