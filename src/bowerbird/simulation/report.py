"""What a campaign of simulated worlds found, and how it is told: as one JSON object, and in lines for people."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Self

from bowerbird.simulation.judge import Violation

TOLD_MAX = 20
"""Violations told in words; all are counted."""


@dataclass(slots=True, kw_only=True)
class Findings:
    """What a campaign found; each kind of campaign says what it counts, and when it was large.

    Args:
        seed: the first one; `worlds`: how many from there on. simulated_s, cpu_s: of all of them together, seconds.
        faults, crash_points: how often each happened; `sometimes`: in how many worlds each was reached.
        broken: (seed, violation), as the processes came back.
    """

    seed: int
    worlds: int = 0
    simulated_s: float = 0.0
    cpu_s: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    crash_points: Counter[str] = field(default_factory=Counter)
    sometimes: Counter[str] = field(default_factory=Counter)
    broken: list[tuple[int, Violation]] = field(default_factory=list)

    SHARED: ClassVar[frozenset[str]] = frozenset({"seed", "day_s", "wall_s"})
    """Fields that all parts of a campaign have in common; the others are added up."""
    ASKED: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    """For each counted field what has to happen, by name, with a sentence or none; a missing field asks nothing."""
    UNIT: ClassVar[str] = "worlds"
    """The field that is told per CPU second."""

    def add(self, other: Self) -> None:
        """Take in what another process found."""
        for each in fields(self):
            if each.name not in self.SHARED:
                setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    @property
    def large(self) -> bool:
        """True if everything should have happened somewhere."""
        raise NotImplementedError

    def again(self, seed: int) -> str:
        """The command that shows one world again."""
        raise NotImplementedError

    @property
    def never(self) -> list[str]:
        """What should happen somewhere and never did."""
        return [name for counted, names in self.ASKED.items() for name in names if not getattr(self, counted)[name]]

    @property
    def counts(self) -> bool:
        """True if there was a world, and each was wild enough to count."""
        return self.worlds > 0

    @property
    def ok(self) -> bool:
        """True if nothing broke, every world counts and, in a large campaign, nothing is missing."""
        return self.counts and not self.broken and not (self.large and self.never)

    def as_dict(self) -> dict[str, Any]:
        """The report as plain JSON values; its schema is in the documentation of `simulate`."""
        return {
            "worlds": self.worlds,
            "violations": len(self.broken),
            "faults": self._counted("faults"),
            "crash_points": self._counted("crash_points"),
            "sometimes": self._counted("sometimes"),
            "simulated_h": round(self.simulated_s / 3_600, 1),
            "runs_per_cpu_s": round(getattr(self, self.UNIT) / self.cpu_s, 1) if self.cpu_s else None,
            "seed": self.seed,
            "never": self.never,
            "broken": self.broken_in_words,
            "ok": self.ok,
        }

    def _counted(self, name: str) -> dict[str, int]:
        """A counted field, with zeros for what never happened."""
        counted: Counter[str] = getattr(self, name)
        return {each: counted[each] for each in self.ASKED.get(name, sorted(counted))}

    def as_json(self) -> str:
        """The report as one line."""
        return json.dumps(self.as_dict())

    def as_text(self) -> str:
        """The report for people: what broke and how to see it again, what happened how often."""
        lines = self.broken_in_words
        for name, title in (
            ("faults", "troubles"),
            ("crash_points", "crashes"),
            ("sometimes", "recoveries, in worlds"),
        ):
            says = self.ASKED.get(name, {})
            lines += [f"{title}:", *_table(self._counted(name).items(), says)]
        return "\n".join([*lines, self._last_line()])

    def _last_line(self) -> str:
        done = getattr(self, self.UNIT)
        worlds = f"{self.worlds} worlds, {self.simulated_s / 3_600:.0f} simulated hours, "
        turns = "" if self.UNIT == "worlds" else f"{done} {self.UNIT}, "
        speed = f"{done / max(self.cpu_s, 1e-9):.0f} {self.UNIT} per CPU second"
        return f"{worlds}{turns}{len(self.broken)} violations, {speed}"

    @property
    def broken_in_words(self) -> list[str]:
        """What broke, each with the command that shows it again; the first `TOLD_MAX`."""
        return [
            f"seed {seed}: {v.rule}: {v.subject} {v.sentence}; again: {self.again(seed)}"
            for seed, v in sorted(self.broken, key=lambda found: found[0])[:TOLD_MAX]
        ]


def _table(counted: Iterable[tuple[str, int]], says: Mapping[str, str]) -> list[str]:
    return [f"  {times:7} {name}" + (f": {says[name]}" if says.get(name) else "") for name, times in counted]
