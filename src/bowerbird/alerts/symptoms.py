"""Which rules hold just now, and for how long: what Prometheus does with the same rules, inside the engine.

* A rule **holds** for some labels while all its tests do. After `for_s` without a break it **fires**.
* It goes on firing until it has not held for `clear_s` (Prometheus: ``keep_firing_for``), so nothing flaps.
* A counter has risen if it grew within the window, or appeared in it above zero; one that fell began anew.
* Seconds are monotonic ones: a step of the wall clock neither fires a rule nor ends one.
"""

from __future__ import annotations

import math
import operator
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from bowerbird.alerts.rules import RULES, Rule, Test
from bowerbird.core.gauge import Sample

Labels = tuple[tuple[str, str], ...]
"""Labels in an order of their own, so that they can be a key."""
LOOM_S = 3.0
"""A rule that has to hold for at most so many seconds is worth waiting for, before an effect of it is told."""
COMPARISONS = {">": operator.gt, "<": operator.lt, "!=": operator.ne}
SERIES_MAX = 10_000
"""Counters that are remembered at most; those of labels that come and go are forgotten first."""


@dataclass(frozen=True, slots=True)
class Symptom:
    """A rule that holds for some labels, and the value that shows it."""

    rule: Rule
    labels: Mapping[str, str]
    value: float

    @property
    def fingerprint(self) -> str:
        """What makes two of them the same."""
        return self.rule.fingerprint_of(self.labels)

    @property
    def part(self) -> str:
        """What is wrong."""
        return self.rule.part_of(self.labels)

    @property
    def scope(self) -> str:
        """The account's id, or empty."""
        return self.labels.get("account", "")

    def say(self, template: str) -> str:
        """Fill a sentence of the rule."""
        return template.format_map({**self.labels, "value": shown(self.value)})


@dataclass(frozen=True, slots=True)
class Firing:
    """A rule that fires; `present` is False while it has stopped holding, but not for long enough."""

    symptom: Symptom
    present: bool


@dataclass(slots=True)
class _State:
    symptom: Symptom
    since_s: float
    clear_s: float
    gone_s: float | None = None
    fires: bool = False


@dataclass
class Rises:
    """How counters grew: for each one, its values as far back as the longest window that asks."""

    _series: dict[tuple[str, Labels], deque[tuple[float, float]]] = field(default_factory=dict)
    _now_s: float = 0.0

    def feed(self, by_name: Mapping[str, list[Sample]], rules: Sequence[Rule], at_s: float) -> None:
        """Remember this round of the counters that rules look at."""
        self._now_s = at_s
        windows = {test.metric: test.window_s for rule in rules for test in (rule.test, *rule.also) if test.window_s}
        for name, window_s in windows.items():
            for sample in by_name.get(name, ()):
                series = self._series.setdefault((name, _key(sample.labels)), deque())
                series.append((at_s, sample.value))
                while len(series) > 1 and series[1][0] <= at_s - window_s:
                    series.popleft()
        while len(self._series) > SERIES_MAX:
            self._series.pop(next(iter(self._series)))

    def within(self, sample: Sample, window_s: float) -> float:
        """How much a counter rose in the last `window_s` seconds; what is new in the window rose from zero.

        It is counted from the last look before the window: where nobody looked for longer than that, because those
        who look were dead themselves, what rose meanwhile is news.
        """
        begins_s = self._now_s - window_s
        series = self._series.get((sample.name, _key(sample.labels)), deque())
        before = [value for at_s, value in series if at_s <= begins_s][-1:]
        seen = [*(before or [0.0]), *(value for at_s, value in series if at_s > begins_s)]
        return sum(after - before if after >= before else after for before, after in pairwise(seen))


@dataclass
class Watch:
    """Looks at samples, round by round.

    Args:
        rules: the table.
    """

    rules: Sequence[Rule] = RULES
    _states: dict[str, _State] = field(default_factory=dict)
    _rises: Rises = field(default_factory=Rises)

    def look(self, samples: Iterable[Sample], at_s: float, *, hold_absent: bool = False) -> dict[str, Firing]:
        """Judge one round of samples; return what fires, by fingerprint.

        1. What holds begins to wait, or goes on.
        2. What does not hold stops waiting at once, and stops firing after its `clear_s`.
        3. With `hold_absent`, what cannot be seen at all just now keeps the state it had: while the books cannot
           be read, or the engine has just started, silence is no cure.

        Args:
            samples: everything that was observed in this round.
            at_s: monotonic seconds, never less than the round before.
            hold_absent: see 3.
        """
        by_name: dict[str, list[Sample]] = {}
        for sample in samples:
            by_name.setdefault(sample.name, []).append(sample)
        self._rises.feed(by_name, self.rules, at_s)
        holding = {symptom.fingerprint: symptom for rule in self.rules for symptom in self._holding(rule, by_name)}
        for fingerprint, symptom in holding.items():
            self._go_on(fingerprint, symptom, at_s)
        for fingerprint in self._states.keys() - holding.keys():
            self._fade(fingerprint, at_s, hold=hold_absent and not _seen(self._states[fingerprint], by_name))
        return {
            fingerprint: Firing(state.symptom, fingerprint in holding)
            for fingerprint, state in self._states.items()
            if state.fires
        }

    def looming(self) -> set[str]:
        """The parts about which a rule holds and will fire within `LOOM_S`, if it goes on holding."""
        return {
            state.symptom.part
            for state in self._states.values()
            if not state.fires and state.symptom.rule.for_s <= LOOM_S
        }

    def resume(self, symptom: Symptom, at_s: float) -> None:
        """Go on with what fired before a restart, as if its symptom had been there just now."""
        self._states.setdefault(
            symptom.fingerprint, _State(symptom, at_s, symptom.rule.clear_s, fires=True)
        ).fires = True

    def slow_down(self, fingerprint: str, clear_s: float) -> None:
        """Let what comes and goes be gone for longer before it is over (seconds)."""
        if fingerprint in self._states:
            self._states[fingerprint].clear_s = clear_s

    def _go_on(self, fingerprint: str, symptom: Symptom, at_s: float) -> None:
        state = self._states.setdefault(fingerprint, _State(symptom, at_s, symptom.rule.clear_s))
        state.symptom, state.gone_s = symptom, None
        state.fires = state.fires or at_s - state.since_s >= symptom.rule.for_s

    def _fade(self, fingerprint: str, at_s: float, *, hold: bool) -> None:
        state = self._states[fingerprint]
        if hold:
            state.gone_s = None
            return
        state.gone_s = at_s if state.gone_s is None else state.gone_s
        if not state.fires or at_s - state.gone_s >= state.clear_s:
            del self._states[fingerprint]

    def _holding(self, rule: Rule, by_name: Mapping[str, list[Sample]]) -> list[Symptom]:
        """The labels for which every test of the rule holds."""
        found = self._passing(rule.test, by_name)
        for test in rule.also:
            others = self._passing(test, by_name)
            found = {labels: value for labels, value in found.items() if labels in others}
        return [Symptom(rule, dict(labels), value) for labels, value in found.items()]

    def _passing(self, test: Test, by_name: Mapping[str, list[Sample]]) -> dict[Labels, float]:
        bounds: Mapping[Labels, float] = {}
        if isinstance(test.bound, str):
            bounds = {_key(sample.labels): sample.value for sample in by_name.get(test.bound, ())}
        passing = {}
        for sample in by_name.get(test.metric, ()):
            if test.where and any(sample.labels.get(name) != value for name, value in test.where.items()):
                continue
            value = self._rises.within(sample, test.window_s) if test.window_s else sample.value
            bound = bounds.get(_key(sample.labels), math.nan) if isinstance(test.bound, str) else test.bound
            if _compare(value, test.op, bound):
                rest = {name: label for name, label in sample.labels.items() if name not in test.where}
                passing[_key(rest)] = value
        return passing


def shown(value: float) -> str:
    """A value as a person reads it; Prometheus formats it with the same four digits."""
    return f"{value:.4g}"


def _key(labels: Mapping[str, str]) -> Labels:
    return tuple(labels.items()) if len(labels) < 2 else tuple(sorted(labels.items()))


def _compare(value: float, op: str, bound: float) -> bool:
    return not math.isnan(bound) and bool(COMPARISONS[op](value, bound))


def _seen(state: _State, by_name: Mapping[str, list[Sample]]) -> bool:
    """True if this round has a sample of the same metric with the same labels, whatever its value."""
    labels = state.symptom.labels.items()
    return any(labels <= sample.labels.items() for sample in by_name.get(state.symptom.rule.test.metric, ()))
