"""What the overview showed is read from what a browser noted: when, where, in which light, with which words."""

import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any, cast

from bowerbird.browsers.onlooker import Glimpse, Onlooker
from bowerbird.drills.looking import Overview

GREEN, RED = ("green", "All is well."), ("red", "The breaker is open. It probes by itself.")


@dataclass
class Noted:
    """An onlooker who has noted this."""

    glimpses: deque[Glimpse] = field(default_factory=deque)


def overview(*rows: tuple[float, dict[str, tuple[str, str]] | None]) -> Overview:
    """The overview that said this at these moments; None: that it may be old."""
    said: list[Any] = [{"old": tiles is None, "tiles": tiles or {}} for _, tiles in rows]
    noted = Noted(deque(Glimpse(at, json.dumps(what)) for (at, _), what in zip(rows, said, strict=True)))
    return Overview(cast("Onlooker", noted))


def test_the_first_red_tile_with_the_right_words_counts() -> None:
    """Neither another layer, nor another light, nor another sentence."""
    seen = overview(
        (1.0, {"Jobs": GREEN, "Posting": GREEN}),
        (2.0, {"Jobs": RED, "Posting": GREEN}),
        (3.0, {"Jobs": RED, "Posting": ("red", "Something else.")}),
        (4.0, {"Jobs": RED, "Posting": ("amber", RED[1])}),
        (5.0, {"Jobs": RED, "Posting": RED}),
    )
    tile = seen.turned(["Posting"], ["red"], ["The breaker is open"], 0.0)
    assert tile is not None
    assert (tile.at, tile.layer, tile.light) == (5.0, "Posting", "red")
    warned = seen.turned(["Posting"], ["red", "amber"], ["The breaker is open"], 0.0)
    assert warned is not None
    assert warned.at == 4.0
    assert seen.turned(["Posting"], ["red"], ["The disk is full"], 0.0) is None


def test_what_stood_there_when_it_began_counts_and_what_was_before_does_not() -> None:
    """A page that is red from an earlier fault is not asked twice, nor is one that is red already called blind."""
    seen = overview((1.0, {"Posting": RED}), (2.0, {"Posting": GREEN}), (9.0, {"Posting": RED}))
    tile = seen.turned(["Posting"], ["red"], ["breaker"], 3.0)
    assert tile is not None
    assert tile.at == 9.0
    standing = overview((1.0, {"Posting": RED})).turned(["Posting"], ["red"], ["breaker"], 3.0)
    assert standing is not None
    assert standing.at == 1.0


def test_a_page_that_may_be_old_tells_nothing() -> None:
    """It says so itself."""
    seen = overview((1.0, {"Posting": GREEN}), (2.0, None))
    assert seen.turned(["Posting"], ["red"], ["breaker"], 0.0) is None
    assert seen.light("Posting", 3.0) == "green"


def test_it_is_as_before_once_it_stays_so() -> None:
    """Green, grey, or the light it had; a flicker counts from the last change."""
    seen = overview(
        (1.0, {"Posting": ("amber", "Thin.")}),
        (2.0, {"Posting": RED}),
        (3.0, {"Posting": GREEN}),
        (4.0, {"Posting": RED}),
        (5.0, {"Posting": GREEN}),
        (6.0, {"Posting": ("green", "Better still.")}),
    )
    before = seen.light("Posting", 1.5)
    assert before == "amber"
    assert seen.as_before("Posting", before) == 5.0
    assert overview((1.0, {"Posting": RED})).as_before("Posting", "green") is None


def test_what_it_said_instead_is_told() -> None:
    """The last three things, each once."""
    seen = overview(*((float(n), {"Posting": ("green", f"{n // 2} sent.")}) for n in range(10)))
    assert seen.sentences(["Posting"], 0.0) == [f"Posting green: {n} sent." for n in (2, 3, 4)]
