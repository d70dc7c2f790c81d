"""The numbers of posting."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bowerbird.core import errors
from bowerbird.core.account import Hold, HoldKind
from bowerbird.core.books import Batch
from bowerbird.core.facts import Fact
from bowerbird.core.ports import Found
from bowerbird.core.post import RemoteRef
from bowerbird.posting.figures import Figures

from .room import ACCOUNT, START, Room, post, raising


def figures(room: Room) -> Figures:
    """The numbers of this room."""
    return Figures(room.books, room.clock)


async def of(found: Figures, name: str, **labels: str) -> float | None:
    """One number, None if there is none."""
    for sample in await found.samples():
        if sample.name == f"bowerbird_{name}" and labels.items() <= dict(sample.labels).items():
            return sample.value
    return None


async def attempts(found: Figures) -> Mapping[tuple[str, str], float]:
    """How attempts ended, by outcome and reason."""
    samples = [sample for sample in await found.samples() if sample.name == "bowerbird_attempts_total"]
    return {(sample.labels["outcome"], sample.labels["reason"]): sample.value for sample in samples}


@pytest.mark.proves("4.G1", "4.G4")
async def test_attempts_are_counted_by_outcome_and_reason_each_once() -> None:
    """However often somebody asks."""
    room = Room()
    found = figures(room)
    await found.samples()
    await room.put(post(1), post(2))
    await room.publisher.publish_once()
    room.platform.fate = raising(errors.Unreachable(reason="connect"))
    await room.publisher.publish_once()

    for _ in range(2):
        assert await attempts(found) == {("confirmed", ""): 1, ("unreached", "connect"): 1}


async def test_a_counter_begins_with_the_process() -> None:
    """What happened before a restart is in the books, and no sudden rise."""
    room = Room()
    await room.put(post(1))
    await room.publisher.publish_once()

    assert await attempts(figures(room)) == {}


@pytest.mark.proves("4.G4")
async def test_each_stage_has_its_time() -> None:
    """Waiting until the claim, making, sending, and until the numbers were first read."""
    room = Room()
    found = figures(room)
    await found.samples()
    await room.put(post(1))
    room.clock.pass_s(7)

    def slowly(sent: object) -> RemoteRef:
        room.clock.pass_s(3)
        return RemoteRef(id="there")

    room.platform.fate = slowly
    await room.publisher.publish_once()
    room.clock.pass_s(60)
    measured = Fact(kind="measured", at=room.clock.now(), by="test", account_id=ACCOUNT.id, post_id="p1")
    await room.books.record(Batch(facts=(measured,)))

    stages = {s.labels["stage"]: s.value for s in await found.samples() if s.name == "bowerbird_post_seconds"}
    assert stages == {"wait": 7, "make": 0, "send": 3, "measure": 60}


@pytest.mark.proves("4.G1")
async def test_a_row_of_failures_burns_and_a_doubt_that_was_settled_does_not() -> None:
    """Three posts in doubt burn the budget; found on the platform they were sent after all."""
    room = Room()
    found = figures(room)
    room.platform.fate = raising(errors.Unconfirmed())
    await room.put(post(1), post(2), post(3))
    for _ in range(3):
        await room.publisher.publish_once()
    assert await of(found, "posting_burn_rate", window="5m") == pytest.approx(20)

    room.platform.look = lambda sent: Found(ref=RemoteRef(id=sent.id))
    while await room.reconciler.settle_once():
        pass
    assert await of(found, "posting_burn_rate", window="5m") is None


async def test_rates_know_the_hours_before_a_restart() -> None:
    """A burning budget is not forgotten by being started again."""
    room = Room()
    room.platform.fate = raising(errors.Refused())
    await room.put(post(1), post(2), post(3))
    for _ in range(3):
        await room.publisher.publish_once()

    assert await of(figures(room), "posting_burn_rate", window="1h") == pytest.approx(20)


async def test_posts_that_were_missed_while_the_owner_paused_do_not_burn() -> None:
    """Nobody wanted them to go."""
    room = Room()
    hold = Hold(account_id=ACCOUNT.id, kind=HoldKind.PAUSED, since=START)
    await room.put(post(1), post(2), post(3))
    await room.books.record(Batch(holds=(hold,)))
    room.clock.pass_s(7200)
    await room.sweeper.sweep_once()

    assert await of(figures(room), "posting_burn_rate", window="1h") is None


async def test_a_post_that_waits_is_late_from_when_it_could_have_gone() -> None:
    """Not while a hold keeps it, and not at once when the hold ends."""
    room = Room()
    found = figures(room)
    hold = Hold(account_id=ACCOUNT.id, kind=HoldKind.PAUSED, since=START)
    await room.put(post(1))
    await room.books.record(Batch(holds=(hold,)))
    room.clock.pass_s(600)
    assert await of(found, "post_due_seconds") == 0
    await room.books.record(Batch(lifted=((ACCOUNT.id, HoldKind.PAUSED),)))
    assert await of(found, "post_due_seconds") == 0
    room.clock.pass_s(50)
    assert await of(found, "post_due_seconds") == 50


async def test_what_is_under_way_in_doubt_and_parked_is_shown() -> None:
    """By its age; parked ones by their number. 0 where there is none."""
    room = Room()
    found = figures(room)
    room.platform.fate = raising(errors.Unconfirmed())
    await room.put(post(1))
    await room.publisher.publish_once()
    room.clock.pass_s(30)

    assert await of(found, "post_unsure_seconds") == 30
    assert await of(found, "post_sending_seconds") == 0
    assert await of(found, "post_parked") == 0
