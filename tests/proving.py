"""Remember how the tests that prove a promise went, so that `bowerbird proofs` can say so.

A test carries the promises it proves: ``@pytest.mark.proves("2.1", "4.G2")``. After a run the outcome of each is
written to a file that git does not keep; a test of several cases held only if none of them failed.
"""

from pathlib import Path

import pytest

from bowerbird.clock import SystemClock
from bowerbird.drills.catalogue import BY_ID
from bowerbird.drills.proofs import MARK, RESULTS, Result, remember

ROOT = Path(__file__).parents[1]
RAN: dict[str, Result] = {}


def name_of(nodeid: str) -> str:
    """The test's place without its case: ``tests/jobs/test_runner.py::test_name``."""
    return nodeid.partition("[")[0]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a promise that does not exist, and mark those tests whose outcome is to be remembered."""
    for item in items:
        for mark in item.iter_markers(MARK):
            unknown = [promise_id for promise_id in mark.args if promise_id not in BY_ID]
            if unknown:
                raise pytest.UsageError(f"{item.nodeid} proves {', '.join(unknown)}, which is no promise")
            item.user_properties.append((MARK, list(mark.args)))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note how a test that proves something went; one that was skipped proves nothing."""
    if report.skipped or not any(name == MARK for name, _ in report.user_properties):
        return
    if report.when != "call" and not report.failed:
        return
    name = name_of(report.nodeid)
    before = RAN.get(name)
    RAN[name] = Result(report.passed and (before is None or before.ok), SystemClock().now())


def pytest_sessionfinish() -> None:
    """Write down what ran."""
    remember(ROOT / RESULTS / "tests.json", RAN)
