"""The scale: what was not weighed counts as its kind, and near the budget it is due sooner."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from bowerbird.browsers.budget import Starts
from bowerbird.browsers.gauge import Machine
from bowerbird.browsers.place import Place
from bowerbird.browsers.scale import LEARN, PAGE_MB, SPARE_MB, WEIGH_S, Scale
from bowerbird.clock import VirtualClock, run_virtual
from tests.browsers.fakes import FakeSeat, Yard, at_once


class Stage:
    """One place with a seat, and somebody who may stand by."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock, self.yard = clock, Yard(clock)
        self.place, self.machine = Place(0, Starts()), Machine()
        self.spare: FakeSeat | None = None
        self.scale = Scale(clock, [self.place], lambda: self.spare, thread=at_once, read=lambda: self.machine)

    async def seat(self) -> FakeSeat:
        """One that runs."""
        seat = FakeSeat(len(self.yard.made), self.yard, lambda _: None)
        await seat.start()
        return seat


def on_stage(play: Callable[[Stage], Coroutine[Any, Any, None]]) -> None:
    """Play it in virtual time."""

    async def main(clock: VirtualClock) -> None:
        await play(Stage(clock))

    run_virtual(main, seed=3)


def test_what_was_not_weighed_counts_as_its_kind_and_what_was_as_it_was() -> None:
    """Also when another one stands by than the one that was weighed."""

    async def play(stage: Stage) -> None:
        assert stage.scale.used_mb == 0
        stage.place.put(await stage.seat(), at=0)
        stage.spare = await stage.seat()
        assert stage.scale.used_mb == 2 * SPARE_MB
        await stage.scale.weigh()
        assert stage.scale.used_mb == 2 * (300 + 120)
        stage.spare = await stage.seat()
        assert stage.scale.used_mb == 420 + SPARE_MB
        stage.spare = None
        assert stage.scale.used_mb == 420

    on_stage(play)


def test_what_a_page_takes_is_learned_within_bounds() -> None:
    """A fifth of the way each time; a page that took nothing still counts as one."""

    async def play(stage: Stage) -> None:
        seat = await stage.seat()
        stage.place.put(seat, at=0)
        await seat.page("robin", None)
        seat.extra_mb = 62.0
        await stage.scale.weigh()
        assert stage.scale.page_mb == pytest.approx(PAGE_MB + LEARN * (162 - PAGE_MB))
        seat.extra_mb = -290.0
        for _ in range(40):
            await stage.scale.weigh()
        assert stage.scale.page_mb == pytest.approx(40, abs=0.1)

    on_stage(play)


def test_near_the_budget_it_is_due_at_once() -> None:
    """Else after five seconds; and without a budget there is always room."""

    async def play(stage: Stage) -> None:
        stage.place.put(await stage.seat(), at=0)
        due = [stage.scale.due]
        await stage.scale.weigh()
        due.append(stage.scale.due)
        assert stage.scale.room(1e6)
        await stage.clock.sleep(WEIGH_S)
        due.append(stage.scale.due)
        assert due == [True, False, True]
        stage.machine = Machine(available_mb=500.0)
        await stage.scale.weigh()
        assert stage.scale.budget_mb is not None
        assert stage.scale.due
        assert not stage.scale.room(stage.scale.budget_mb)

    on_stage(play)


def test_what_was_given_back_at_once_was_taken_all_the_same() -> None:
    """The peak stays for two weighings."""

    async def play(stage: Stage) -> None:
        seat = await stage.seat()
        stage.place.put(seat, at=0)
        seat.extra_mb = 500.0
        await stage.scale.weigh()
        stage.scale.lighter(stage.place)
        assert stage.scale.used_mb == pytest.approx(920 - PAGE_MB)
        assert stage.scale.peak_mb == 920
        await stage.clock.sleep(2 * WEIGH_S)
        assert stage.scale.peak_mb == stage.scale.used_mb

    on_stage(play)
