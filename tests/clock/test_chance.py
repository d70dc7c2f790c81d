"""Luck and keys: streams that do not disturb one another, names that do not repeat, keys that only rise."""

from __future__ import annotations

import random
import re

import pytest

from bowerbird.clock import SeededChance, SystemChance, VirtualClock, mint_tid, run_virtual
from bowerbird.clock.chance import tid
from bowerbird.core.ports import Chance

NOW = 1_767_225_600_000_000
TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")


@pytest.fixture(params=["seeded", "system"])
def chance(request: pytest.FixtureRequest) -> Chance:
    """Both kinds of luck."""
    return SeededChance(1) if request.param == "seeded" else SystemChance()


def test_a_purpose_keeps_its_stream(chance: Chance) -> None:
    """Asking again goes on where the last draw ended."""
    assert chance.stream("jitter") is chance.stream("jitter")
    assert chance.stream("jitter") is not chance.stream("faults")


def test_names_are_of_26_characters_and_unique(chance: Chance) -> None:
    """Ten thousand names of two purposes do not meet."""
    names = {chance.name(purpose) for purpose in ("post", "run") for _ in range(5_000)}
    assert len(names) == 10_000
    assert all(re.fullmatch("[0-9a-z]{26}", name) for name in names)


def test_the_same_seed_tells_the_same_story() -> None:
    """Streams and names come out the same for one seed, and differently for another."""
    assert SeededChance(3).stream("a").random() == SeededChance(3).stream("a").random()
    assert SeededChance(3).name("a") == SeededChance(3).name("a") != SeededChance(4).name("a")


def test_one_more_draw_here_changes_nothing_there() -> None:
    """Streams of different purposes are independent."""
    quiet, busy = SeededChance(3), SeededChance(3)
    busy.stream("faults").random()
    busy.name("post")
    assert quiet.stream("people").random() == busy.stream("people").random()


def test_nobody_can_foresee_the_system_chance() -> None:
    """Two processes do not draw alike."""
    assert SystemChance().stream("a").getrandbits(128) != SystemChance().stream("a").getrandbits(128)


def test_keys_are_valid_tids_and_rise_whatever_the_clock_does() -> None:
    """Keys of one instant, and of a clock that steps back, still rise."""
    rng = random.Random(1)
    keys = [mint_tid(now, rng) for now in (NOW, NOW, NOW - 5_000_000, NOW + 1, NOW + 9)]
    assert keys == sorted(set(keys))
    assert all(TID.fullmatch(key) for key in keys)


def test_the_spelling_is_the_protocols() -> None:
    """Microseconds in the upper 53 bits, the clock id in the lower 10, sorted like numbers."""
    assert tid(0, 0) == "2222222222222"
    assert tid(0, 31) == "222222222222z"
    assert tid((1 << 53) - 1, 1_023) == "bzzzzzzzzzzzz"
    assert tid(NOW, 1_023) < tid(NOW + 1, 0)


@pytest.mark.parametrize(("micros", "clock_id"), [(-1, 0), (1 << 53, 0), (0, 1_024)])
def test_what_no_tid_has_room_for_is_refused(micros: int, clock_id: int) -> None:
    """Numbers out of range are an error, not a wrong key."""
    with pytest.raises(ValueError, match="no TID has room"):
        tid(micros, clock_id)


def test_a_virtual_run_mints_like_a_process_of_its_own() -> None:
    """The keys of a seed do not depend on what ran before it."""

    async def main(clock: VirtualClock) -> str:
        return mint_tid(clock.now(), random.Random(1))

    assert run_virtual(main) == run_virtual(main)
