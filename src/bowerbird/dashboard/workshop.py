"""What the workshop's pages are told from outside: promises, drills, and how they last went on this machine.

The drills stand above the face, so whoever starts it hands them in as plain values. A face to which nobody handed
anything says so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bowerbird.dashboard.nodes import LAYERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """One promise and what it rests on.

    Args:
        layer: 1 to 10; None across the layers.
        state: ``proved``, ``open`` or ``failed``; why: what is missing or broken.
        ran_at: the oldest of its newest results, microseconds; None if nothing of it ran here.
        page: where it is seen, or empty.
        tests, drills: by name.
    """

    id: str
    title: str
    layer: int | None
    state: str
    why: str
    ran_at: int | None
    page: str
    tests: Sequence[str] = ()
    drills: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to break a row: what is done, and the bounds in seconds where there are any.

    Args:
        tells: somebody has to be told; else it heals before that.
    """

    name: str
    breaks: str
    tells: bool = True
    alert_max_s: float | None = None
    recover_max_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillRow:
    """The drills of one promise.

    Args:
        layer: 1 to 10; None across the layers.
        lacks: what this machine does not have for it, as a sentence; empty: nothing.
        ok, ran_at: how they last went here, and when; None if they did not run.
    """

    id: str
    title: str
    layer: int | None
    ways: Sequence[Way]
    lacks: str = ""
    ok: bool | None = None
    ran_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """All of it.

    Args:
        tests: the tests stand beside this program; without them nothing is known of what rests on them.
        lacks: why no drill can be run on this machine at all, as a sentence; empty: nothing is in the way.
        tested_at, drilled_at: when a test or a drill last ran here, microseconds.
    """

    promises: Sequence[Promised] = ()
    drills: Sequence[DrillRow] = ()
    tests: bool = False
    lacks: str = ""
    tested_at: int | None = None
    drilled_at: int | None = None


Tell = Callable[[], Awaitable[Workshop]]
"""Tells how the workshop stands now."""


async def bare() -> Workshop:
    """A face to which nobody handed a workshop."""
    return Workshop()


def heading(layer: int | None) -> str:
    """The heading under which a layer's rows stand, as the overview calls it."""
    return "Across the layers" if layer is None else f"{layer} {LAYERS[layer - 1]}"
