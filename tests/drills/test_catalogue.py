"""The catalogue has every promise once, and each drill belongs to one of them."""

from collections import Counter

import pytest

from bowerbird.drills.catalogue import BY_ID, CATALOGUE, Sort, chosen
from bowerbird.drills.plan import read_plan
from bowerbird.drills.table import DRILLS


def test_there_are_106_promises() -> None:
    """43 failures, 48 gaps, 3 patterns and 12 priorities, each id once."""
    sorts = Counter(promise.sort for promise in CATALOGUE)
    assert sorts == {Sort.FAILURE: 43, Sort.GAP: 48, Sort.PATTERN: 3, Sort.PRIORITY: 12}
    assert len(BY_ID) == len(CATALOGUE) == 106


def test_failures_are_counted_by_layer_as_the_mission_does() -> None:
    """3, 4, 4, 5, 5, 5, 4, 4, 4 and 5; three gaps of startup and five of every other layer."""
    failures = Counter(promise.layer for promise in CATALOGUE if promise.sort is Sort.FAILURE)
    gaps = Counter(promise.layer for promise in CATALOGUE if promise.sort is Sort.GAP)
    assert [failures[layer] for layer in range(1, 11)] == [3, 4, 4, 5, 5, 5, 4, 4, 4, 5]
    assert [gaps[layer] for layer in range(1, 11)] == [3] + [5] * 9


def test_a_layer_a_row_or_a_family_is_chosen_by_its_name() -> None:
    """As typed on the command line, in the catalogue's order."""
    assert chosen(["P", "1.2"]) == ["1.2", "P1", "P2", "P3"]
    assert chosen(["4"])[0] == "4.1"
    assert "4.G5" in chosen(["4"])
    assert len(chosen([])) == 106


def test_what_is_no_row_is_told() -> None:
    """1 is a layer and 11 is none."""
    with pytest.raises(KeyError, match="11"):
        chosen(["1", "11"])


def test_every_row_that_can_be_broken_by_now_has_its_drill() -> None:
    """Those that the drills of this version cover, and no other."""
    covered = {"1.1", "1.2", "1.3", "2.1", "2.2", "2.3", "2.4", "3.1", "3.3", "3.4", "4.1", "4.2", "4.3", "4.4", "4.5"}
    browsers = {"5.1", "5.2", "5.3", "5.4", "5.5", "8.1", "8.4", "9.1", "9.3"}
    assert {drill.id for drill in DRILLS} == covered | browsers | {"P1", "P2", "P3"}


def test_what_fights_for_seats_is_broken_on_browsers_too() -> None:
    """Jobs at once, leases that hang, exhaustion: each in a program whose accounts share browsers."""
    programs = read_plan().programs
    shared = {name for name, kind in programs.items() if sum("-web" in seat.platform for seat in kind.cast) > 1}
    assert {"2.4", "5.2", "8.1", "9.1", "P3"} <= {drill.id for drill in DRILLS if drill.program in shared}


def test_a_drill_is_named_after_its_row_and_once() -> None:
    """The name begins with the id, so that a line of progress says where one is."""
    assert [drill.name for drill in DRILLS if not drill.name.startswith(drill.id)] == []
    assert len({drill.name for drill in DRILLS}) == len(DRILLS)


def test_no_bound_of_a_drill_is_looser_than_its_promise() -> None:
    """Where the promise is a fixed number, a drill has that number or says in words which other clock it measures."""
    loose = [
        drill.name
        for drill in DRILLS
        for mine, promised in ((drill.alert_max_s, BY_ID[drill.id].alert_max_s),)
        if mine is not None and promised is not None and mine > promised and not drill.because
    ]
    assert loose == []
