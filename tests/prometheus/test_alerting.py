"""From a number on the page to a person, through Debian's own Prometheus and Alertmanager."""

import sys
from collections.abc import Iterator

import pytest

from bowerbird.core.gauge import Sample
from tests.prometheus.rig import Rig, running

pytestmark = pytest.mark.prometheus
WELL = (Sample(name="bowerbird_storage_up", value=1),)


def breaker(value: float) -> Sample:
    """The breaker of the browser."""
    return Sample(name="bowerbird_breaker_open", value=value, labels={"breaker": "browser"})


def job(name: str, overdue_s: float) -> Sample:
    """How overdue a job is."""
    return Sample(name="bowerbird_job_overdue_seconds", value=overdue_s, labels={"job": name})


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Both programs, once for this module."""
    from tests.prometheus.rig import missing

    why = missing()
    if why:
        pytest.skip(why)
    with running(tmp_path_factory.mktemp("prometheus")) as found:
        yield found


@pytest.mark.proves("4.1")
def test_an_open_breaker_is_delivered_and_resolved(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    """One alert with its sentences; and it is taken back after the symptom has been gone for ten seconds."""
    rig.samples = (*WELL, breaker(0))
    rig.samples = (*WELL, breaker(1))
    fired_s = rig.wait("BreakerOpen", "firing", 20)
    alert = next(alert for _, alert in rig.told if alert["labels"]["alertname"] == "BreakerOpen")
    assert alert["annotations"]["summary"] == "The breaker browser is open"
    assert alert["labels"]["part"] == "breaker:browser"
    rig.samples = (*WELL, breaker(0))
    resolved_s = rig.wait("BreakerOpen", "resolved", 40)
    with capsys.disabled():
        sys.stdout.write(f"\n  BreakerOpen: delivered after {fired_s:.1f} s, resolved after {resolved_s:.1f} s\n")


def test_what_the_books_explain_is_not_told_besides(rig: Rig) -> None:
    """Alertmanager's inhibition knows the same graph: the books are told, the jobs that need them are not."""
    rig.told.clear()
    rig.samples = (Sample(name="bowerbird_storage_up", value=0),)
    rig.wait("StorageDown", "firing", 20)
    rig.samples = (Sample(name="bowerbird_storage_up", value=0), job("plan", 60), breaker(1))
    rig.wait("BreakerOpen", "firing", 20)
    assert {alert["labels"]["alertname"] for _, alert in rig.told} == {"StorageDown", "BreakerOpen"}
    rig.samples = (*WELL, breaker(0), job("plan", 0))
