"""Writes the alert rules for Prometheus anew from the table they come from, with the proof that both agree.

1. Print the rules, and examples for Prometheus and Alertmanager.
2. For each rule, play a scene: the symptom is there too briefly, long enough, gone too briefly, gone long enough,
   and at last its series ends. What our own judge says at each change is what promtool must find.
3. Write the files into packaging/prometheus/; with --check, only name those that differ and exit with 1.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from bowerbird.alerts.prometheus import alertmanager_yaml, prometheus_yaml, rule_row, rules_yaml
from bowerbird.alerts.rules import RULES, Rule, Test
from bowerbird.alerts.symptoms import Symptom, Watch
from bowerbird.core.gauge import METRICS, Sample

FOLDER = Path(__file__).resolve().parents[1] / "packaging" / "prometheus"
RULES_FILE = "bowerbird.rules.yml"
MARGIN_S = 3
"""Seconds by which a symptom's stay differs from what decides about it."""

Value = float | None
"""A value of a series, or None after its end."""


def bad(rule: Rule) -> list[bool | None]:
    """Second by second: True while the symptom is there, None when nothing is seen any more."""
    for_s, clear_s, window_s = int(rule.for_s), int(rule.clear_s), int(rule.test.window_s)
    spans: list[tuple[bool | None, int]] = [(False, 5)]
    if for_s:
        spans += [(True, for_s), (False, MARGIN_S)]
    spans += [(True, for_s + MARGIN_S + 1), (False, clear_s - MARGIN_S), (True, for_s + 2)]
    spans += [(False, window_s + clear_s + MARGIN_S), (True, for_s + MARGIN_S + 1)]
    if not window_s:  # a counter that ends is over for us at once; Prometheus remembers its rise
        spans += [(None, clear_s + MARGIN_S)]
    return [state for state, seconds in spans for _ in range(seconds)]


def levels(test: Test) -> tuple[float, float]:
    """A value that passes the test, and one that does not."""
    bound = 4.0 if isinstance(test.bound, str) else test.bound
    step = max(1.0, abs(bound) / 10) if bound > 1 else 1.0
    return {">": (bound + step, max(0.0, bound - step)), "<": (bound - step, bound + step), "!=": (bound + 60, bound)}[
        test.op
    ]


def series(rule: Rule) -> dict[tuple[str, tuple[tuple[str, str], ...]], list[Value]]:
    """The values of every series of a rule's scene."""
    found: dict[tuple[str, tuple[tuple[str, str], ...]], list[Value]] = {}
    states = bad(rule)
    for test in (rule.test, *rule.also):
        labels = {name: f"some {name}" for name in METRICS[test.metric].labels} | dict(test.where)
        passing, failing = levels(test)
        values: list[Value] = [None if state is None else passing if state else failing for state in states]
        if test.window_s:
            values = risen(states)
        key = tuple(sorted(labels.items()))
        found[test.metric, key] = values
        if isinstance(test.bound, str):
            found[test.bound, key] = [None if value is None else 4.0 for value in values]
    return found


def risen(states: list[bool | None]) -> list[Value]:
    """A counter that rises by one in each second in which its symptom begins."""
    total, before, values = 0.0, False, []
    for state in states:
        total += bool(state) and not before
        before = bool(state)
        values.append(None if state is None else total)
    return [*values]


def judged(rule: Rule) -> Iterator[tuple[int, Symptom | None]]:
    """What our own judge says in each second of the scene."""
    watch, rows = Watch([rule]), series(rule)
    for second in range(len(bad(rule))):
        samples = [
            Sample(name=name, value=values[second] or 0.0, labels=dict(labels))
            for (name, labels), values in rows.items()
            if values[second] is not None
        ]
        firing = list(watch.look(samples, float(second)).values())
        yield second, firing[0].symptom if firing else None


def checkpoints(rule: Rule) -> list[tuple[int, Symptom | None]]:
    """The seconds around each change of the verdict, and the last one."""
    told = list(judged(rule))
    changes = [n for n in range(1, len(told)) if (told[n][1] is None) != (told[n - 1][1] is None)]
    picked = sorted({0, len(told) - 1, *changes, *(n - 1 for n in changes)})
    return [told[n] for n in picked]


def promtool_test(rule: Rule) -> dict[str, Any]:
    """One scene as promtool reads it."""
    inputs = [
        {"series": _series(name, labels), "values": _values(values)} for (name, labels), values in series(rule).items()
    ]
    checks = [_check(rule, second, symptom) for second, symptom in checkpoints(rule)]
    return {"name": rule.name, "interval": "1s", "input_series": inputs, "alert_rule_test": checks}


def _series(name: str, labels: tuple[tuple[str, str], ...]) -> str:
    inside = ",".join(f'{label}="{value}"' for label, value in labels)
    return f"{name}{{{inside}}}"


def _values(values: list[Value]) -> str:
    """Runs of one value as promtool writes them; the end of a series is said once."""
    words: list[str] = []
    runs: list[tuple[Value, int]] = []
    for value in values:
        same = bool(runs) and runs[-1][0] == value
        runs = [*runs[:-1], (value, runs[-1][1] + 1)] if same else [*runs, (value, 1)]
    for value, count in runs:
        if value is None:
            words.append("stale" if count == 1 else f"stale _x{count - 1}")
        else:
            words.append(f"{value:.15g}x{count - 1}" if count > 1 else f"{value:.15g}")
    return " ".join(words)


def _check(rule: Rule, second: int, symptom: Symptom | None) -> dict[str, Any]:
    check: dict[str, Any] = {"eval_time": f"{second}s", "alertname": rule.name, "exp_alerts": []}
    if symptom is not None:
        row = rule_row(rule)
        said = {"part": symptom.part} | ({"needs": symptom.say(rule.needs)} if rule.needs else {})
        labels = {**symptom.labels, **rule.test.where, **row["labels"], **said}
        notes = row["annotations"] | {
            "summary": symptom.say(rule.title),
            "description": symptom.say(rule.why),
            "fix": symptom.say(rule.fix),
        }
        check["exp_alerts"] = [{"exp_labels": labels, "exp_annotations": notes}]
    return check


def scenes_yaml() -> str:
    """All scenes, as promtool's unit tests."""
    data = {
        "rule_files": [RULES_FILE],
        "evaluation_interval": "1s",
        "tests": [promtool_test(rule) for rule in RULES],
    }
    head = "# What our own judge says in these scenes, and what promtool must find: `promtool test rules` this file.\n"
    return (
        head + "# Written by tools/rules.py.\n" + yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)
    )


def files() -> dict[str, str]:
    """What stands in packaging/prometheus/, by file name."""
    return {
        RULES_FILE: rules_yaml(),
        "bowerbird.rules.test.yml": scenes_yaml(),
        "alertmanager.example.yml": alertmanager_yaml(),
        "prometheus.example.yml": prometheus_yaml(),
    }


def main() -> None:
    """Writes the files, or says which are out of date."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    words.add_argument("--check", action="store_true", help="change nothing; exit 1 if a file is out of date")
    check: bool = words.parse_args().check
    FOLDER.mkdir(parents=True, exist_ok=True)
    stale = [
        name
        for name, text in files().items()
        if not (FOLDER / name).exists() or (FOLDER / name).read_text(encoding="utf-8") != text
    ]
    for name in stale:
        print(f"{'out of date' if check else 'written'}: packaging/prometheus/{name}")
        if not check:
            (FOLDER / name).write_text(files()[name], encoding="utf-8")
    sys.exit(1 if check and stale else 0)


if __name__ == "__main__":
    main()
