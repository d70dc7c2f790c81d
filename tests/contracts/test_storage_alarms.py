"""What every engine promises about incidents, messages, silences, breakers, learned limits and snapshots."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bowerbird.core.account import Account, Learned
from bowerbird.core.books import Batch, Committed, Lost, Storage
from bowerbird.core.breaker import BreakerState, Position
from bowerbird.core.gauge import Snapshot
from bowerbird.core.incident import Silence, Told
from bowerbird.core.lists import Place
from tests.contracts.books import NOW, WREN, a_delivery, a_fact, a_hold, an_incident, write

# --- incidents -------------------------------------------------------------------------------------------------


async def test_incidents_come_back_as_they_were_written(books: Storage, guest: Storage) -> None:
    """Newest first, replaced whole, found by id; what was not observed stays None."""
    old, new = an_incident("i1"), an_incident("i2", part="job:plan", scope=WREN, opened_at=NOW + 1, root="i1")
    await write(books, incidents=(old, new))
    assert await guest.incidents() == [new, old]
    assert await guest.incidents(limit=1) == [new]
    told = replace(old, told_at=NOW + 5, since=NOW - 9)
    await write(guest, incidents=(told,))
    assert await books.incident("i1") == told
    assert await books.incident("no") is None


@pytest.mark.proves("4.G2")
async def test_one_incident_is_open_per_fingerprint(pair: tuple[Storage, Storage]) -> None:
    """Two finders of the same thing: one opens it, the other has lost, and nothing of its batch is written."""
    batches = [Batch(incidents=(an_incident(f"i{n}"),), facts=(a_fact("incident_opened"),)) for n in range(4)]
    answers = await asyncio.gather(*(pair[n % 2].record(batch) for n, batch in enumerate(batches)))
    assert sum(isinstance(answer, Committed) for answer in answers) == 1
    assert Lost(f"incident {an_incident('i').fingerprint}") in answers
    assert len(await pair[0].incidents()) == len(await pair[0].facts()) == 1


async def test_a_closed_incident_may_come_back_as_another(books: Storage) -> None:
    """Its fingerprint is free again, in the same batch too; a closed one never collides."""
    first, second = an_incident("i1"), an_incident("i2", opened_at=NOW + 9)
    closed = replace(first, closed_at=NOW + 9, healed_by="The browser answered again.")
    await write(books, incidents=(first,))
    await write(books, incidents=(closed, second))
    assert await books.incidents(open_only=True) == [second]
    assert await books.incidents() == [second, closed]
    assert isinstance(await books.record(Batch(incidents=(first,))), Lost)
    await write(books, incidents=(an_incident("i0", closed_at=NOW, opened_at=NOW - 1),))


async def test_the_order_in_a_batch_of_incidents_counts(books: Storage) -> None:
    """Written one after the other: the second open one of a fingerprint loses, unless the first was closed before."""
    first, second = an_incident("i1"), an_incident("i2")
    assert isinstance(await books.record(Batch(incidents=(first, second))), Lost)
    assert isinstance(await books.record(Batch(incidents=(first, replace(first, closed_at=NOW), second))), Committed)
    changed = replace(second, part="clock", fingerprint="ClockStepped|clock|")
    await write(books, incidents=(changed, an_incident("i3")))
    assert [i.id for i in await books.incidents(open_only=True)] == ["i3", "i2"]


async def test_who_took_an_incident_is_kept(books: Storage, guest: Storage) -> None:
    """With the instant; until then both are empty."""
    await write(books, incidents=(an_incident(),))
    found = await guest.incident("i1")
    assert found is not None
    assert (found.acknowledged_at, found.acknowledged_by) == (None, "")
    taken = replace(found, acknowledged_at=NOW + 3, acknowledged_by="ann")
    await write(guest, incidents=(taken,))
    assert await books.incident("i1") == taken


async def test_past_roots_are_paged_without_what_is_open_and_without_effects(books: Storage) -> None:
    """Newest first by their opening, and none twice."""
    past = [an_incident(f"i{n}", opened_at=NOW + n // 2, closed_at=NOW + 9) for n in range(5)]
    effect = an_incident("e", opened_at=NOW + 2, closed_at=NOW + 3, root="i1")
    await write(books, incidents=(*past, effect, an_incident("open", opened_at=NOW + 1)))
    first = await books.past_roots(limit=3)
    rest = await books.past_roots(before=Place(first[-1].opened_at, first[-1].id), limit=3)
    assert [one.id for one in first + rest] == ["i4", "i3", "i2", "i1", "i0"]


async def test_effects_and_messages_of_many_incidents_come_at_once(books: Storage) -> None:
    """Effects oldest first, messages newest first, each list bounded; whoever has none is left out."""
    effects = [an_incident(f"e{n}", part=f"job:{n}", opened_at=NOW + n, root="i1") for n in range(3)]
    messages = [a_delivery(f"d{n}", made_at=NOW + n) for n in range(3)]
    await write(books, incidents=(an_incident(), *effects), deliveries=(*messages, a_delivery("test", incident_id="")))
    assert await books.effects(["i1", "i2", ""]) == {"i1": effects}
    assert await books.effects(["i1"], each=2) == {"i1": effects[:2]}
    assert await books.deliveries_of(["i1", "i2"]) == {"i1": messages[::-1]}
    assert await books.deliveries_of(["i1"], each=1) == {"i1": messages[2:]}


# --- the outbox ------------------------------------------------------------------------------------------------


async def test_a_message_is_claimed_by_one(pair: tuple[Storage, Storage]) -> None:
    """Longest due first, each by one sender, and not again before its time."""
    await write(
        pair[0], deliveries=(a_delivery("late", due_at=NOW + 1), a_delivery("early"), a_delivery("no", due_at=NOW + 9))
    )
    claims = (pair[n % 2].claim_delivery(now=NOW + 2, until=NOW + 60) for n in range(4))
    taken = [delivery for delivery in await asyncio.gather(*claims) if delivery is not None]
    assert sorted((delivery.id, delivery.due_at) for delivery in taken) == [("early", NOW + 60), ("late", NOW + 60)]
    assert (await pair[1].claim_delivery(now=NOW + 9, until=NOW + 70)).id == "no"  # type: ignore[union-attr]
    assert (await pair[0].claim_delivery(now=NOW + 60, until=NOW + 99)).id == "early"  # type: ignore[union-attr]


async def test_a_message_is_not_claimed_for_a_channel_that_is_at_work(books: Storage) -> None:
    """The longest due of the others is; where all are at work, none."""
    await write(books, deliveries=(a_delivery("a", channel="phone"), a_delivery("b", channel="mail", due_at=NOW + 1)))
    assert await books.claim_delivery(now=NOW + 2, until=NOW + 60, but=("phone", "mail")) is None
    assert (await books.claim_delivery(now=NOW + 2, until=NOW + 60, but=("phone",))).id == "b"  # type: ignore[union-attr]
    assert (await books.claim_delivery(now=NOW + 2, until=NOW + 60)).id == "a"  # type: ignore[union-attr]


async def test_what_was_sent_or_given_up_is_not_claimed(books: Storage, guest: Storage) -> None:
    """The outbox is what waits; the rest is history, newest first."""
    sent, gave_up = (
        a_delivery("a", sent_at=NOW + 1),
        a_delivery("b", made_at=NOW + 1, gave_up=True, error="Gone.", attempts=9),
    )
    waits = a_delivery("c", incident_id="i2", made_at=NOW + 2, told=Told.RESOLVED)
    await write(books, deliveries=(sent, gave_up, waits))
    assert await guest.deliveries() == [waits, gave_up, sent]
    assert await guest.deliveries(incident_id="i1", limit=1) == [gave_up]
    assert await guest.deliveries(waiting=True) == [waits]
    assert await guest.deliveries(waiting=True, incident_id="i1") == []
    await write(books, deliveries=(replace(waits, sent_at=NOW),))
    assert await guest.claim_delivery(now=NOW + 99, until=NOW + 100) is None


async def test_silences_end(books: Storage) -> None:
    """Those whose end has not come, the first to end first."""
    long, short = (
        Silence(id="s1", since=NOW, until=NOW + 9, by="ada"),
        Silence(id="s2", rule="JobFailing", since=NOW, until=NOW + 2, by="ada"),
    )
    await write(books, silences=(long, short))
    assert await books.silences(now=NOW) == [short, long]
    assert await books.silences(now=NOW + 2) == [long]
    await write(books, silences=(replace(long, until=NOW),))
    assert await books.silences(now=NOW + 2) == []


# --- breakers, learned limits, snapshots -----------------------------------------------------------------------


@pytest.mark.proves("4.1", "4.G2")
async def test_a_breaker_survives_its_process(books: Storage, guest: Storage) -> None:
    """Written whole, by name; another process reads when the next probe is due."""
    browser = BreakerState(
        name="browser", position=Position.OPEN, since=NOW, why="3 of 5 failed", opens=2, next_probe_at=NOW + 30
    )
    web = BreakerState(name="sandbox 127.0.0.1", parent="browser", manual=True, position=Position.HALF_OPEN, calls=4)
    await write(books, breakers=(web, browser))
    assert await guest.breakers() == [browser, web]
    await write(books, breakers=(replace(browser, position=Position.CLOSED, next_probe_at=None),))
    assert (await guest.breakers())[0].position is Position.CLOSED


@pytest.mark.proves("4.G5", "X9")
async def test_a_learned_limit_is_one_per_key_unit_and_window(books: Storage, guest: Storage) -> None:
    """Listed by key; a new lesson replaces the old one."""
    hour = Learned(key=f"account:{WREN}", unit="posts", window_s=3600.0, max=30, at=NOW, why="429", refusals=1)
    day = replace(hour, window_s=86400.0, max=100)
    await write(books, learned=(day, hour))
    await write(books, learned=(replace(hour, max=15.5),))
    assert await guest.learned() == [replace(hour, max=15.5), day]


async def test_a_snapshot_replaces_the_one_before(books: Storage, guest: Storage) -> None:
    """The newest of each name, with its instant."""
    await write(
        books,
        snapshots=(Snapshot(name="jobs", at=NOW, data={"plan": {"runs": 1}}), Snapshot(name="parts", at=1, data={})),
    )
    await write(books, snapshots=(Snapshot(name="jobs", at=NOW + 1, data={"plan": {"runs": 2, "p95": None}}),))
    assert await guest.snapshot("jobs") == Snapshot(name="jobs", at=NOW + 1, data={"plan": {"runs": 2, "p95": None}})
    assert await guest.snapshot("samples") is None


async def test_an_account_keeps_its_other_driver(books: Storage, guest: Storage) -> None:
    """The second way to the same account is written down with it."""
    account = Account(id=WREN, platform="sandbox-web", handle="wren", other_driver="sandbox")
    await write(books, accounts=(account,))
    assert await guest.account(WREN) == account


# --- what may be kept ------------------------------------------------------------------------------------------


async def test_what_is_kept_is_recorded_while_the_books_can_be_written(books: Storage) -> None:
    """Facts, incidents and messages go in as ever."""
    kept = await books.keep(Batch(facts=(a_fact(),), incidents=(an_incident(),), deliveries=(a_delivery(),)))
    assert kept == Committed(last_fact=1)


@pytest.mark.parametrize("other", [{"holds": (a_hold(),)}, {"cursors": {"alerts": 3}}])
async def test_what_others_rely_on_at_once_cannot_be_kept(books: Storage, other: dict[str, Any]) -> None:
    """A hold that nobody can see is no hold: keeping it is a bug, and said so before anything is written."""
    with pytest.raises(ValueError, match="cannot be kept"):
        await books.keep(Batch(facts=(a_fact(),), **other))
    assert await books.facts() == []
