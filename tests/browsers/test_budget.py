"""Restarts: quick at first, then with growing waits, never for ever in a row and never the last."""

from __future__ import annotations

import pytest

from bowerbird.browsers.budget import Starts


def test_the_first_two_losses_cost_no_wait_and_the_next_ones_more_each_time() -> None:
    """After six in ten minutes it is one each 30 s."""
    starts, pauses, waits = Starts(), [], []
    for n in range(6):
        starts.lost(float(n))
        pauses.append(starts.pause_s(float(n)))
        waits.append(starts.wait_s(float(n)))
    assert pauses == [0, 0, 0.5, 1, 2, 4]
    assert waits == [0, 0, 0, 0, 0, 30]
    assert (starts.wait_s(66.0), starts.pause_s(66.0)) == (0, 0)


@pytest.mark.proves("5.1")
def test_ten_quiet_minutes_forgive_everything() -> None:
    """What happened before them counts no more."""
    starts = Starts(most=1)
    starts.lost(0.0)
    starts.lost(1.0)
    assert (starts.spent(2.0), starts.spent(700.0), starts.wait_s(700.0)) == (True, False, 0)


def test_a_start_that_fails_is_tried_again_within_five_seconds() -> None:
    """However often it failed, for whoever mends it need not wait; once it works all is forgotten."""
    starts = Starts()
    for n in range(9):
        starts.failed(float(n))
    assert starts.wait_s(8.0) == 5
    starts.began()
    assert starts.wait_s(8.0) == 0


@pytest.mark.proves("5.1")
def test_it_is_tried_for_ever_however_often_it_failed() -> None:
    """A browser that was missing for a day is started once it is there."""
    starts = Starts()
    for n in range(5_000):
        starts.failed(float(n))
        starts.lost(float(n) / 100)
    assert starts.pause_s(49.99) == 8
    assert starts.wait_s(5_010.0) == 0
