"""The packaged files are those the table prints, and Prometheus understands and agrees with every rule."""

import re
from pathlib import Path

import pytest
import yaml

from bowerbird.alerts.prometheus import expression, inhibitions, template
from bowerbird.alerts.rules import BY_NAME, RULES, Rule
from bowerbird.core.incident import Severity
from tests.prometheus.rig import run_tool
from tools.rules import FOLDER, checkpoints, files, series


@pytest.mark.parametrize("name", files())
def test_the_packaged_files_are_those_the_table_prints(name: str) -> None:
    """If not: ``python tools/rules.py`` writes them anew."""
    assert (FOLDER / name).read_text(encoding="utf-8") == files()[name]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_scene_reaches_both_verdicts(rule: Rule) -> None:
    """A scene in which a rule never fires, or never ends, would prove nothing."""
    verdicts = [symptom is not None for _, symptom in checkpoints(rule)]
    assert verdicts.count(True) >= 2
    assert verdicts.count(False) >= 2
    assert series(rule)


@pytest.mark.parametrize(
    ("name", "promql"),
    [
        ("BreakerOpen", "bowerbird_breaker_open > 0"),
        ("QueueCoverLow", "bowerbird_queue_cover_hours < bowerbird_queue_floor_hours"),
        ("AccountHeld", 'bowerbird_account_held{hold="signed out"} > 0'),
    ],
)
def test_a_rule_reads_as_prometheus_people_write_it(name: str, promql: str) -> None:
    """Nothing is wrapped that need not be."""
    assert expression(BY_NAME[name]) == promql


def test_sentences_are_filled_by_prometheus_too() -> None:
    """Labels and the value stand where ours do."""
    assert template("The job {job} failed {value} times.") == (
        'The job {{ $labels.job }} failed {{ $value | printf "%.4g" }} times.'
    )


def test_every_cause_that_alertmanager_can_compare_silences_its_effects() -> None:
    """The books silence every job and post; a session silences only its own account's."""
    rows = {tuple(row["source_matchers"]): row for row in inhibitions()}
    storage = rows[('part=~"storage"',)]
    pattern = storage["target_matchers"][0].removeprefix('part=~"').removesuffix('"')
    assert all(re.fullmatch(pattern, part) for part in ("job:plan", "posting:a", "queue:a", "monitor:heart"))
    assert not any(re.fullmatch(pattern, part) for part in ("storage", "disk", "session:a", "channel:phone"))
    assert rows[('kind="session"',)]["equal"] == ["account"]


def test_every_promise_of_time_leaves_room_for_the_way() -> None:
    """A second to sample, one to judge, one to wait for a cause, half a second to send.

    What rings at the judge itself, and has no cause to wait for, needs the last only.
    """
    for rule in RULES:
        if rule.within_s is not None and rule.sends and rule.severity is not Severity.INFO:
            stays_s = rule.test.bound if rule.test.metric.endswith("_seconds") and rule.test.op == ">" else 0.0
            assert isinstance(stays_s, float | int)
            way_s = 0.5 if rule.at_once else 3.5
            assert rule.for_s + (stays_s if rule.test.metric not in READ_LATE else 0) + way_s <= rule.within_s, (
                rule.name
            )


READ_LATE = {"bowerbird_loop_lag_seconds", "bowerbird_lane_wait_seconds"}
"""What these measure is over when it is read."""


@pytest.mark.prometheus
@pytest.mark.parametrize(
    ("tool", "words"),
    [
        ("promtool", ("check", "rules", "bowerbird.rules.yml")),
        ("promtool", ("check", "config", "--syntax-only", "prometheus.example.yml")),
        ("amtool", ("check-config", "alertmanager.example.yml")),
    ],
)
def test_the_packaged_files_are_understood(tool: str, words: tuple[str, ...]) -> None:
    """By the tools that come with Prometheus and Alertmanager."""
    done = run_tool(tool, *words)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.prometheus
def test_prometheus_and_our_judge_agree_on_every_rule() -> None:
    """Each scene's verdicts are those of our own judge; promtool finds them all."""
    done = run_tool("promtool", "test", "rules", "bowerbird.rules.test.yml")
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    assert "SUCCESS" in done.stdout + done.stderr


@pytest.mark.prometheus
def test_a_wrong_verdict_would_be_noticed(tmp_path: Path) -> None:
    """With one check turned round, promtool fails: the agreement above is no accident."""
    data = yaml.safe_load(files()["bowerbird.rules.test.yml"])
    scene = next(test for test in data["tests"] if test["name"] == "BreakerOpen")
    for check in scene["alert_rule_test"]:
        check["exp_alerts"] = []
    data["tests"], data["rule_files"] = [scene], [str(FOLDER / "bowerbird.rules.yml")]
    file = tmp_path / "turned.test.yml"
    file.write_text(yaml.safe_dump(data))
    assert run_tool("promtool", "test", "rules", str(file)).returncode != 0
