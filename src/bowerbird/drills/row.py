"""What one drill is: a promise, how it is broken and mended, and how one sees from outside that it is well again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from bowerbird.dashboard.nodes import layers_of
from bowerbird.drills.catalogue import BY_ID
from bowerbird.drills.stage import Stage

Act = Callable[[Stage], Awaitable[None]]
"""Breaks or mends something."""
Check = Callable[[Stage], Awaitable[bool]]
"""Whether something can be seen from outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """One way to break one promise.

    Args:
        id: the promise's.
        name: this way among the ways of its row.
        breaks: what is done, in a sentence.
        program: the kind of program it needs (`drill.toml`); those of one kind follow one another in one program.
        alone: it needs a program of its own, started with `start_broken`.
        root: the part that the one alert must name; a prefix ending in ``:`` fits its whole family; empty: it heals
            before anybody has to be told, and a message would be one too many.
        besides: a second fault of this drill, which has a root and a message of its own; written as `root` is.
        break_it, mend_it: the acts; `mend_it` is also called when a drill is given up.
        healthy: seen from outside, it is as it was.
        healed_by: what heals it, in words.
        by_itself: it heals while the fault lasts, so recovery counts from the fault's beginning.
        alert_max_s, recover_max_s: instead of the catalogue's bounds where those are a period and no fixed number.
        holds_s: how long the fault stays at least, seconds.
        calm_max_s: how long the calm before it may take to come, and the calm after it, seconds.
        seen_on: the layers on which the overview must show it, where its root does not say.
        because: why a bound of its own is no looser than the promise, where it is a larger number.
    """

    id: str
    name: str
    breaks: str
    program: str = "birds"
    alone: bool = False
    start_broken: Callable[[Stage], None] | None = None
    root: str
    besides: str = ""
    break_it: Act
    mend_it: Act
    healthy: Check
    healed_by: str
    by_itself: bool = False
    alert_max_s: float | None = None
    recover_max_s: float | None = None
    holds_s: float = 0.0
    calm_max_s: float = 90.0
    seen_on: tuple[str, ...] = ()
    because: str = ""

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that it breaks, as the overview calls them: on one of them a person must see it."""
        return self.seen_on or layers_of(self.root)

    @property
    def alert_bound_s(self) -> float | None:
        """How long until somebody is told, at most; None where nobody has to be."""
        if not self.root:
            return None
        return self.alert_max_s if self.alert_max_s is not None else BY_ID[self.id].alert_max_s

    @property
    def recover_bound_s(self) -> float | None:
        """How long until it is well again, at most."""
        return self.recover_max_s if self.recover_max_s is not None else BY_ID[self.id].recover_max_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What a person in front of the overview saw of one drill; seconds, None where it was not seen.

    Args:
        seen_s: from the moment at which somebody was told until the layer stood there with its sentence, 0 if it did
            before; seen_max_s: at most.
        layer, light, sentence: which one it was, and what it said; empty if it was not seen.
        green_s: from the recovery until it was as before.
    """

    seen_s: float | None = None
    seen_max_s: float
    layer: str = ""
    light: str = ""
    sentence: str = ""
    green_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one drill; seconds are measured from outside, None where it did not happen.

    Args:
        lost: posts that the network has and our books do not, or that our books gave up; doubled: what stands twice.
        alerts: messages that something opened, while it lasted.
        effects: incidents shown under the root; `told_of`: the parts that messages named.
        wrong: why it is not as promised, in sentences; empty: it is.
        well_after: the program is fit for the next drill.
        by_itself: it healed while the fault lasted, so recovery counts from its beginning.
        sight: what the overview showed, where somebody looked and something had to be told.
    """

    id: str
    name: str
    breaks: str
    alert_s: float | None
    alert_max_s: float | None
    recover_s: float | None
    recover_max_s: float | None
    held_s: float
    lost: int
    doubled: int
    alerts: int
    root: str
    root_expected: str
    healed_by: str
    effects: tuple[str, ...] = ()
    told_of: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    well_after: bool = True
    by_itself: bool = False
    sight: Sight | None = None

    @property
    def ok(self) -> bool:
        """As promised."""
        return not self.wrong


LINE = (
    "id", "alert_s", "alert_max_s", "recover_s", "recover_max_s", "lost", "doubled", "alerts", "root",
    "root_expected", "healed_by", "ok",
)  # fmt: skip
"""The fields of a row as it is printed."""
SEEN = ("seen_s", "seen_max_s", "seen_layer", "seen_sentence", "green_s")
"""And those that follow where somebody looked at the overview and had something to see."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a row: the worst of its ways."""

    id: str
    ways: tuple[Outcome, ...] = field(default_factory=tuple)

    @property
    def ok(self) -> bool:
        """Every way was as promised."""
        return all(way.ok for way in self.ways)

    def line(self) -> dict[str, Any]:
        """The row as JSON values: the slowest alert and recovery against the bounds of that way."""
        told = max(self.ways, key=lambda way: _share(way.alert_s, way.alert_max_s))
        well = max(self.ways, key=lambda way: _share(way.recover_s, way.recover_max_s))
        named = next((way for way in self.ways if not way.ok), told)
        return {
            "id": self.id,
            "alert_s": told.alert_s,
            "alert_max_s": told.alert_max_s,
            "recover_s": well.recover_s,
            "recover_max_s": well.recover_max_s,
            "lost": sum(way.lost for way in self.ways),
            "doubled": sum(way.doubled for way in self.ways),
            "alerts": max(way.alerts for way in self.ways),
            "root": named.root,
            "root_expected": named.root_expected,
            "healed_by": well.healed_by,
            "ok": self.ok,
        } | self._seen()

    def _seen(self) -> dict[str, Any]:
        """What the overview showed, of the way in which it was slowest; empty where nobody looked."""
        sights = [way.sight for way in self.ways if way.sight is not None]
        if not sights:
            return {}
        late = max(sights, key=lambda sight: _share(sight.seen_s, sight.seen_max_s))
        dark = max(sights, key=lambda sight: _share(sight.green_s, 1.0))
        return dict(zip(SEEN, (late.seen_s, late.seen_max_s, late.layer, late.sentence, dark.green_s), strict=True))


def _share(seconds: float | None, most_s: float | None) -> float:
    """How much of its bound was used; what did not happen although it should is worst, what need not, best."""
    if most_s is None:
        return -1.0
    return seconds / max(most_s, 0.001) if seconds is not None else 1e9
