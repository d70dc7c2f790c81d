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


def group(folder: Path, **files: object) -> None:
    """A control group with these files; a dot in their names is written as two underscores."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, said in files.items():
        (folder / name.replace("__", ".")).write_text(f"{said}\n")


def test_files_that_the_kernel_keeps_are_not_used(tmp_path: Path) -> None:
    """They go when room is needed: a container at its limit with them has room for browsers."""
    stat = "anon 838860800\ninactive_file 1073741824\nactive_file 9\n"
    group(tmp_path, memory__max=2 << 30, memory__current=2000 << 20, memory__stat=stat)
    assert gauge.machine(tmp_path, tmp_path) == Machine(limit_mb=2048, used_mb=976)


def test_the_tightest_of_our_own_group_and_those_above_it_counts(tmp_path: Path) -> None:
    """A unit of systemd is not at the top; and a limit above it may be nearer."""
    group(tmp_path / "self", cgroup="0::/system.slice/bower.service")
    unit, above = tmp_path / "system.slice/bower.service", tmp_path / "system.slice"
    group(unit, memory__max=1 << 30, memory__current=400 << 20, memory__pressure="some avg10=3.00 total=9")
    group(above, memory__max=4 << 30, memory__current=3 << 30)
    assert gauge.machine(tmp_path, tmp_path) == Machine(limit_mb=1024, used_mb=400, pressure_pct=3)
    group(above, memory__current=(4 << 30) - (100 << 20))
    assert gauge.machine(tmp_path, tmp_path) == Machine(limit_mb=4096, used_mb=3996, pressure_pct=3)


def test_the_older_kind_of_group_is_read_too(tmp_path: Path) -> None:
    """By the name of the machine, which a container does not see, it lies at the top."""
    group(tmp_path / "self", cgroup="5:cpu:/other\n4:memory,pids:/docker/abc")
    stat = "inactive_file 1\ntotal_inactive_file 104857600"
    files = {"memory__limit_in_bytes": 1 << 30, "memory__usage_in_bytes": 500 << 20, "memory__stat": stat}
    group(tmp_path / "memory", **files)
    assert gauge.machine(tmp_path, tmp_path) == Machine(limit_mb=1024, used_mb=400)


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="this system tells no proportional memory")
def test_this_process_weighs_something() -> None:
    """And its share of shared pages is no more than all of them; one that ended weighs nothing."""
    own = os.getpid()
    assert 5 < gauge.pss_mb([own]) <= gauge.rss_mb(own) * 1.05
    assert own in gauge.below(os.getppid(), gauge.parents())
    assert gauge.cpu_s([own]) > 0
    assert (gauge.pss_mb([2**22 + 1]), gauge.rss_mb(2**22 + 1)) == (0, 0)
