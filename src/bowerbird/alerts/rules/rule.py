"""What a rule is: one row, and the comparisons it makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bowerbird.core.gauge import METRICS, Kind
from bowerbird.core.incident import Severity

CLEAR_S = 10.0
"""A symptom must have been gone for so long before its incident is over, in seconds."""

Op = Literal[">", "<", "!="]


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """One comparison.

    Args:
        metric: a name of `METRICS`; a counter is judged by how much it rose within `window_s` seconds.
        op, bound: what is compared with what; a bound that is text is another metric with the same labels.
        where: only samples with these labels.
    """

    __test__ = False  # not a test of pytest's

    metric: str
    op: Op = ">"
    bound: float | str = 0.0
    where: Mapping[str, str] = field(default_factory=dict)
    window_s: float = 0.0

    def __post_init__(self) -> None:
        for name in (self.metric, self.bound):
            if isinstance(name, str) and name not in METRICS:
                raise ValueError(f"no metric {name}")
        if (METRICS[self.metric].kind is Kind.COUNTER) != (self.window_s > 0):
            raise ValueError(f"{self.metric}: a counter, and only a counter, is judged over a window")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row.

    Args:
        name: as Prometheus people write it.
        test: what is looked at; its labels are the rule's. `also`: what must hold with the same labels besides.
        for_s: how long it must hold without a break, seconds.
        at_once: told without the wait in which a cause may be found: what it tells of has none that could come later.
        severity: red, amber or only written down; `sends`: False keeps an amber one on the page.
        part: the node of the dependency graph, made of labels; with the account it is the fingerprint.
        needs: a part which the labels themselves name as the cause, or empty.
        title, why, fix: sentences; labels in braces, and ``{value}`` in `why`.
        heals: what ended it, in words, where no fact says it better.
        serves: the rows of the mission; `within_s`: its promised time until the alert is delivered, None where
            the promise counts in runs or periods.
    """

    name: str
    test: Test
    also: tuple[Test, ...] = ()
    for_s: float = 0.0
    clear_s: float = CLEAR_S
    at_once: bool = False
    severity: Severity = Severity.CRITICAL
    sends: bool = True
    part: str
    needs: str = ""
    title: str
    why: str
    fix: str
    heals: str
    serves: tuple[str, ...]
    within_s: float | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of its alerts."""
        return tuple(name for name in METRICS[self.test.metric].labels if name not in self.test.where)

    def part_of(self, labels: Mapping[str, str]) -> str:
        """The node of the graph for these labels."""
        return self.part.format_map(labels)

    def fingerprint_of(self, labels: Mapping[str, str]) -> str:
        """What makes two alerts the same one."""
        return f"{self.name}|{self.part_of(labels)}|{labels.get('account', '')}"
