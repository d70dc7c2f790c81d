"""`/metrics`: what the engine knows of itself and what the face sees, in Prometheus' text format 0.0.4.

The engine writes its samples down every two seconds; the face shows the newest with what it counts itself. While
the engine is silent its numbers are old, so they are left out, and the silence is the number to look at: a value
that nobody observed is absent, never repeated and never 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from bowerbird import __version__
from bowerbird.core.gauge import METRICS, Sample, Snapshot
from bowerbird.core.post import SECOND_US
from bowerbird.core.work import Owner

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
STALE_S = 15.0
"""A snapshot older than this is not shown, seconds: three times the age that is promised."""
SAMPLES = "samples"
"""The name of the engine's snapshot: ``{"samples": [[name, {label: value}, value], …]}``."""


def packed(samples: Iterable[Sample], at: int) -> Snapshot:
    """Make the snapshot that the engine writes down."""
    rows = [[sample.name, dict(sample.labels), sample.value] for sample in samples]
    return Snapshot(name=SAMPLES, at=at, data={"samples": rows})


def unpacked(snapshot: Snapshot | None, *, now: int) -> list[Sample]:
    """Return the engine's samples, or none if they are older than `STALE_S`; names this version lacks are left out."""
    if snapshot is None or now - snapshot.at > STALE_S * SECOND_US:
        return []
    return [
        Sample(name=name, labels=labels, value=value)
        for name, labels, value in snapshot.data["samples"]
        if name in METRICS and set(METRICS[name].labels) == set(labels)
    ]


def own_samples(owners: Sequence[Owner], requests: Counter[str], *, now: int) -> list[Sample]:
    """What the face itself sees: itself, its requests, and how long the engine has been silent."""
    found = [Sample(name="bowerbird_info", value=1, labels={"version": __version__})]
    found += [
        Sample(name="bowerbird_face_requests_total", value=n, labels={"status": status})
        for status, n in sorted(requests.items())
    ]
    heard_at = max((owner.heard_at for owner in owners if owner.role == "engine"), default=None)
    if heard_at is not None:
        silent_s = max(0.0, (now - heard_at) / SECOND_US)
        found.append(Sample(name="bowerbird_engine_silence_seconds", value=silent_s))
    return found


def exposition(samples: Iterable[Sample]) -> str:
    """Write samples as Prometheus reads them: each metric once with its help and type, in the vocabulary's order.

    Of two samples with the same name and labels the first is kept: the format allows only one.
    """
    by_name: dict[str, dict[str, float]] = {}
    for sample in samples:
        by_name.setdefault(sample.name, {}).setdefault(_labels(sample), sample.value)
    lines: list[str] = []
    for name in (name for name in METRICS if name in by_name):
        lines += [f"# HELP {name} {_escaped(METRICS[name].says)}", f"# TYPE {name} {METRICS[name].kind}"]
        lines += [f"{name}{labels} {value:.10g}" for labels, value in by_name[name].items()]
    return "\n".join(lines) + "\n"


def _labels(sample: Sample) -> str:
    pairs = [f'{name}="{_escaped(value, quotes=True)}"' for name, value in sorted(sample.labels.items())]
    return "{" + ",".join(pairs) + "}" if pairs else ""


def _escaped(text: str, *, quotes: bool = False) -> str:
    plain = text.replace("\\", "\\\\").replace("\n", "\\n")
    return plain.replace('"', '\\"') if quotes else plain
