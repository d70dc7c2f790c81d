"""Every rule that promises a time keeps it, from the first sign of a fault to somebody's phone."""

from __future__ import annotations

import pytest

from bowerbird.alerts.rules import RULES, Rule, Test
from bowerbird.core.gauge import METRICS, Sample
from bowerbird.core.incident import Severity, Told
from tests.alerts.room import Room

SAMPLED_S = 1.0
"""A number is a second old at most when it is judged."""
AT_ONCE = {"bowerbird_loop_lag_seconds", "bowerbird_lane_wait_seconds", "bowerbird_storage_free_bytes"}
"""What is already beyond its bound when it is first seen; other seconds count from the fault."""


def failures_of(rule: Rule) -> list[str]:
    """The failures whose time to the alert this is; gaps and later layers promise more than an alert."""
    return [row for row in rule.serves if row[0] in "1234" and "G" not in row]


PROMISING = [
    pytest.param(rule, id=rule.name, marks=pytest.mark.proves(*failures_of(rule)))
    for rule in RULES
    if rule.within_s is not None and rule.sends and rule.severity is not Severity.INFO
]


def labels_of(test: Test) -> dict[str, str]:
    """Some value for every label, and those that the test asks for."""
    return {name: f"some {name}" for name in METRICS[test.metric].labels} | dict(test.where)


def shown(test: Test, second: float) -> list[Sample]:
    """What is seen so many seconds after the fault began; before it (negative) all is well."""
    bound = 4.0 if isinstance(test.bound, str) else test.bound
    if test.op == ">" and test.metric.endswith("_seconds") and test.metric not in AT_ONCE:
        value = max(0.0, second)
    else:
        well, ill = {">": (0.0, bound + 1), "<": (bound + 1, bound - 1), "!=": (bound, bound + 3600)}[test.op]
        value = ill if second >= 0 else well
    rows = [Sample(name=test.metric, value=value, labels=labels_of(test))]
    if isinstance(test.bound, str):
        rows.append(Sample(name=test.bound, value=bound, labels=labels_of(test)))
    return rows


@pytest.mark.parametrize("rule", PROMISING)
async def test_a_fault_is_told_within_its_promise(rule: Rule) -> None:
    """Once, as OPENED, and not before it is one."""
    room = Room()
    for second in range(-3, int(rule.within_s or 0) + 1):
        rows = [sample for test in (rule.test, *rule.also) for sample in shown(test, second)]
        await room.round(*rows)
        if room.ear.heard:
            break
    assert room.ear.told(Told.OPENED) == [row.title for row in await room.open() if row.rule == rule.name]
    assert 0 <= second + SAMPLED_S <= (rule.within_s or 0)
