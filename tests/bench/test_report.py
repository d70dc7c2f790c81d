"""What every bench prints: a table, then one line of JSON, and a status that cannot be overlooked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bench.report import Anchor, Row, report

FAST = Row(
    name="driver", value=110.0, unit="ms", bar=1.25, ok=True, n=30, ratio=1.1,
    anchor=Anchor(name="bare script", version="1.0", value=100.0),
)  # fmt: skip
SLOW = Row(name="added", value=9.0, unit="ms", bar=5.0, ok=False, n=300)


def last_line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The line for machines."""
    return dict(json.loads(capsys.readouterr().out.splitlines()[-1]))


def test_the_last_line_carries_everything(capsys: pytest.CaptureFixture[str]) -> None:
    """The figures an issue names at the top level; each row with its anchor, ratio and bar."""
    assert report("publish", [FAST], as_json=True, seed=7, figures={"driver": 1.1}) == 0
    line = last_line(capsys)
    assert (line["bench"], line["ok"], line["seed"], line["driver"]) == ("publish", True, 7, 1.1)
    assert set(line["machine"]) >= {"cores", "python"}
    (row,) = line["rows"]
    assert set(row) >= {"name", "value", "unit", "anchor", "ratio", "bar", "ok", "n"}
    assert row["anchor"] == {"name": "bare script", "version": "1.0", "value": 100.0}


def test_one_figure_over_its_bar_fails_the_bench(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever runs it in a script sees the status."""
    assert report("publish", [FAST, SLOW], as_json=True) == 1
    assert last_line(capsys)["ok"] is False


def test_a_bench_that_measured_nothing_has_not_passed(capsys: pytest.CaptureFixture[str]) -> None:
    """What was skipped is said with its reason, in the table and in the line."""
    assert report("publish", [], as_json=True, skipped={"bluesky": "npm is not installed."}) == 1
    out = capsys.readouterr().out
    assert "SKIPPED" in out
    assert json.loads(out.splitlines()[-1])["skipped"] == {"bluesky": "npm is not installed."}


def test_without_the_flag_there_is_only_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    """With each figure, its anchor and its verdict."""
    report("publish", [FAST, SLOW], as_json=False)
    out = capsys.readouterr().out
    assert "bare script 1.0" in out
    assert "too much" in out
    assert not out.splitlines()[-1].startswith("{")
