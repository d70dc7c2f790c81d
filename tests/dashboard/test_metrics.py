"""The numbers as Prometheus reads them."""

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bowerbird.core.gauge import METRICS, Kind, Sample, Snapshot
from bowerbird.core.post import SECOND_US
from bowerbird.core.work import Owner
from bowerbird.dashboard.metrics import STALE_S, exposition, own_samples, packed, unpacked

NOW = 1_767_225_600 * SECOND_US
LINE = re.compile(r'[a-z_]+(\{[a-z]+="([^"\\\n]|\\.)*"(,[a-z]+="([^"\\\n]|\\.)*")*\})? -?[0-9.e+-]+')


def breaker(name: str, value: float = 1) -> Sample:
    """A breaker's gauge."""
    return Sample(name="bowerbird_breaker_open", value=value, labels={"breaker": name})


def test_a_name_outside_the_vocabulary_cannot_be_sampled() -> None:
    """Neither can a known one with other labels, so a rule never waits for a number that nobody gives."""
    with pytest.raises(ValueError, match="add it to METRICS"):
        Sample(name="bowerbird_nonsense", value=1)
    with pytest.raises(ValueError, match="add it to METRICS"):
        Sample(name="bowerbird_breaker_open", value=1, labels={"account": "a"})


@pytest.mark.parametrize("name", METRICS)
def test_names_follow_prometheus(name: str) -> None:
    """Lower case, our prefix, and what only rises ends in _total."""
    assert re.fullmatch(r"bowerbird_[a-z_]+", name)
    assert name.endswith("_total") is (METRICS[name].kind is Kind.COUNTER)


def test_each_metric_has_its_help_and_type_once() -> None:
    """However many samples it has; the order is the vocabulary's."""
    text = exposition([breaker("b"), Sample(name="bowerbird_loop_lag_seconds", value=0.5), breaker("a", 0)])
    assert text.count("# HELP bowerbird_breaker_open") == text.count("# TYPE bowerbird_breaker_open gauge") == 1
    assert text.index("loop_lag") < text.index('breaker_open{breaker="b"} 1')
    assert 'bowerbird_breaker_open{breaker="a"} 0' in text


@given(st.text(), st.floats(allow_nan=False, allow_infinity=False))
def test_no_label_breaks_the_format(name: str, value: float) -> None:
    """Quotes, backslashes and line breaks in a name stay inside it."""
    lines = [line for line in exposition([breaker(name, value)]).split("\n") if line and not line.startswith("#")]
    assert len(lines) == 1
    assert LINE.fullmatch(lines[0])


def test_a_snapshot_comes_back_as_it_was_written() -> None:
    """What the engine packs the face unpacks."""
    samples = [breaker("browser"), Sample(name="bowerbird_loop_lag_seconds", value=0.25)]
    assert unpacked(packed(samples, NOW), now=NOW + SECOND_US) == samples


@pytest.mark.proves("2.G1")
def test_old_numbers_are_left_out() -> None:
    """A silent engine's numbers are not repeated as if they were observed."""
    snapshot = packed([breaker("browser")], NOW)
    assert unpacked(snapshot, now=NOW + int((STALE_S + 1) * SECOND_US)) == []
    assert unpacked(None, now=NOW) == []


def test_a_name_of_another_version_is_left_out() -> None:
    """An engine that is newer than the face does not break its page."""
    snapshot = Snapshot(name="samples", at=NOW, data={"samples": [["bowerbird_new", {}, 1]]})
    assert unpacked(snapshot, now=NOW) == []


def test_the_face_tells_how_long_the_engine_has_been_silent() -> None:
    """And nothing about an engine that never was."""
    owner = Owner(id="b", role="engine", pid=1, started_at=NOW, heard_at=NOW)
    named = {sample.name: sample.value for sample in own_samples([owner], Counter({"2xx": 3}), now=NOW + 7 * SECOND_US)}
    assert named["bowerbird_engine_silence_seconds"] == 7
    assert named["bowerbird_face_requests_total"] == 3
    assert "bowerbird_engine_silence_seconds" not in {s.name for s in own_samples([], Counter(), now=NOW)}
