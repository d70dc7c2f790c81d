"""When a page has changed under us: four signs, each a pure judgement over how pages were read lately.

    blind       a rung of the ladder no longer reads what others read on the same page, or nobody reads our own post
    agreement   two rungs say different things of one post, more often than in one of a hundred pairs
    rung        the rung that should be needed is needed 20 points less than before
    schema      something that was in every answer of the site's own API is not there any more

None of them waits for a wrong number: with any of them the posts are still read, by the rungs that are left.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bowerbird.core.findings import Sighting

PAIRS = 200
"""Pairs of readings that agreement is judged over."""
AGREEMENT_LEAST = 0.99
"""The share of them that must say the same."""
RECENT, BEFORE = 50, 200
"""Posts that a rung's share is judged over, and those before them that it is held against."""
FALL = 0.20
"""By how much a share may fall, of one."""
ANSWERS = 5
"""So many answers have to have had something before its absence means anything."""
ABSENT = 3
"""And so many in a row must be without it: posts differ."""
PATHS_MAX = 2_000
"""Paths remembered for each operation."""


@dataclass
class Shape:
    """What was in every answer of one operation so far.

    Args:
        n: answers seen. always: the paths that all of them had; missing: for how many in a row each was not there.
    """

    n: int = 0
    always: frozenset[str] = frozenset()
    missing: dict[str, int] = field(default_factory=dict)

    def add(self, paths: frozenset[str]) -> None:
        """Take one more answer into account."""
        self.n += 1
        if self.n <= ANSWERS:
            self.always = paths if self.n == 1 else self.always & paths
            self.always = frozenset(sorted(self.always)[:PATHS_MAX])
            return
        self.missing = {path: self.missing.get(path, 0) + 1 for path in self.always - paths}

    def lost(self) -> list[str]:
        """The paths that are gone, shortest first, and none that lies within another of them."""
        gone = sorted((path for path, times in self.missing.items() if times >= ABSENT), key=len)
        return [path for path in gone if not any(path.startswith(f"{other}.") for other in gone)]


@dataclass
class Site:
    """How the pages of one site were read lately."""

    pairs: deque[bool] = field(default_factory=lambda: deque(maxlen=PAIRS))
    used: deque[str] = field(default_factory=lambda: deque(maxlen=RECENT + BEFORE))
    first: str = ""
    blind: str = ""
    shapes: dict[str, Shape] = field(default_factory=dict)

    def see(self, sighting: Sighting) -> None:
        """Take one page into account."""
        same = min(sighting.agreed, sighting.compared)
        self.pairs.extend([True] * same + [False] * (sighting.compared - same))
        for rung, n in sighting.used.items():
            self.used.extend([rung] * min(n, RECENT))
        self.first = next(iter(sighting.read), self.first)
        most = max(sighting.read.values(), default=0)
        if len(sighting.read) > 1 and most:
            unread = [rung for rung, n in sighting.read.items() if n == 0]
            self.blind = f"{', '.join(unread)} reads nothing where other rungs read {most} posts" if unread else ""
        by_op: dict[str, set[str]] = {}
        for path in sighting.paths:
            by_op.setdefault(path.partition(".")[0], set()).add(path)
        for op, paths in by_op.items():
            self.shapes.setdefault(op, Shape()).add(frozenset(paths))

    def signs(self) -> dict[str, str]:
        """The signs there are now, each with a sentence."""
        found = {"blind": self.blind} if self.blind else {}
        ratio = self.agreement()
        if ratio is not None and len(self.pairs) == PAIRS and ratio < AGREEMENT_LEAST:
            found["agreement"] = f"two rungs agree on {ratio:.1%} of {PAIRS} readings"
        before, now = self.shares()
        if before is not None and now is not None and before - now > FALL:
            found["rung"] = f"{self.first} read {before:.0%} of the posts before and {now:.0%} of the last {RECENT}"
        lost = [path for shape in self.shapes.values() for path in shape.lost()]
        if lost:
            found["schema"] = f"{lost[0]} was in every answer and is not there any more"
        return found

    def agreement(self) -> float | None:
        """The share of pairs that say the same; None while nothing was compared."""
        return sum(self.pairs) / len(self.pairs) if self.pairs else None

    def shares(self) -> tuple[float | None, float | None]:
        """The share of posts that the first rung read: before, and lately; None while there are too few."""
        used = list(self.used)
        before, now = used[:-RECENT], used[-RECENT:]
        enough = len(now) == RECENT and len(before) >= RECENT
        return (_share(before, self.first), _share(now, self.first)) if enough else (None, None)

    def kept(self) -> dict[str, Any]:
        """What a restart must not forget, as plain values."""
        shapes = {op: {"n": shape.n, "always": sorted(shape.always)} for op, shape in self.shapes.items()}
        return {"used": list(self.used), "first": self.first, "shapes": shapes}

    @classmethod
    def recalled(cls, kept: Mapping[str, Any]) -> Site:
        """Return it as it was kept."""
        site = cls(first=str(kept.get("first", "")))
        site.used.extend(kept.get("used", ()))
        for op, row in dict(kept.get("shapes", {})).items():
            site.shapes[op] = Shape(n=int(row["n"]), always=frozenset(row["always"]))
        return site


def _share(used: list[str], rung: str) -> float:
    return used.count(rung) / len(used)
