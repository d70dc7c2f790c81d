"""Memory: proportional, from the kernel's own files, and unknown where they are not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bowerbird.browsers import gauge
from bowerbird.browsers.gauge import Machine, budget_mb


def test_the_budget_is_a_share_of_what_is_free_and_of_what_is_theirs() -> None:
    """The tighter of machine and cgroup; what the owner set is an upper bound, and all there is where nothing tells."""
    free = Machine(available_mb=4_000.0)
    assert budget_mb(free, 1_000.0) == pytest.approx(0.8 * 5_000 - 256)
    tight = Machine(available_mb=4_000.0, limit_mb=1_500.0, used_mb=900.0)
    assert budget_mb(tight, 400.0) == pytest.approx(0.8 * 1_000 - 256)
    assert budget_mb(free, 1_000.0, most_mb=700.0) == 700
    assert (budget_mb(Machine(), 0.0), budget_mb(Machine(), 0.0, most_mb=700.0)) == (None, 700)


def test_a_machine_that_says_nothing_is_unknown(tmp_path: Path) -> None:
    """None, never 0."""
    assert gauge.machine(tmp_path, tmp_path) == Machine()


def test_cgroup_and_pressure_are_read_where_they_are(tmp_path: Path) -> None:
    """The unified kind, and `max` is no limit."""
    (tmp_path / "memory.max").write_text("1073741824\n")
    (tmp_path / "memory.current").write_text("536870912\n")
    (tmp_path / "memory.pressure").write_text("some avg10=12.50 avg60=1.00 avg300=0.00 total=9\nfull avg10=0.0\n")
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable: 2097152 kB\n")
    assert gauge.machine(tmp_path, tmp_path) == Machine(
        available_mb=2_048.0, limit_mb=1_024.0, used_mb=512.0, pressure_pct=12.5
    )
    (tmp_path / "memory.max").write_text("max\n")
    assert gauge.machine(tmp_path, tmp_path).limit_mb is None


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="this system tells no proportional memory")
def test_this_process_weighs_something() -> None:
    """And its share of shared pages is no more than all of them; one that ended weighs nothing."""
    own = os.getpid()
    assert 5 < gauge.pss_mb([own]) <= gauge.rss_mb(own) * 1.05
    assert own in gauge.below(os.getppid(), gauge.parents())
    assert gauge.cpu_s([own]) > 0
    assert (gauge.pss_mb([2**22 + 1]), gauge.rss_mb(2**22 + 1)) == (0, 0)
