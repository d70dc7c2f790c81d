"""What is told about the pool: as samples for alerts and `/metrics`, and as one picture for the page. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from bowerbird.browsers.gauge import MB
from bowerbird.browsers.line import CLASSES, Cls
from bowerbird.browsers.place import Place
from bowerbird.core.gauge import Sample

if TYPE_CHECKING:
    from bowerbird.browsers.pool import Pool

BROWSERS = "browsers"
"""The name of the snapshot: ``{"seats": [row, …], "waits": [row by class, …], "in_line", "starts", "ends", "timeouts",
"memory", "events": [[µs, sentence], …], …}``. What a row lacks, or says to be None, is not measured."""
PAGES_MAX = 50
"""Pages named in the snapshot."""
GROWN = "grown"
"""The cause of a replacement that nothing was lost by."""
CAUSES = {
    "browser_died": "the browser died", "driver_died": "its driver died", "frozen": "it answered nothing",
    "hung": "a page would not close", "memory": "it took too much memory", GROWN: "it had grown",
}  # fmt: skip
"""Why a browser was replaced, in words."""
STATES = ("idle", "leased", "down", "unused", "standby")
"""How a seat can be."""
QUANTILES = (0.5, 0.95)


def state_of(place: Place) -> str:
    """How a place is, in one of `STATES`."""
    if place.down:
        return "down"
    if place.taken is not None:
        return "leased"
    return "idle" if place.up else ("down" if place.wanted else "unused")


def full_s(pool: Pool) -> float | None:
    """In how many seconds all reach the budget if they go on growing as they do; None if they do not."""
    budget, slope = pool.supervisor.budget_mb, sum(place.slope_mb_s for place in pool.places)
    if budget is None or slope <= 0.001:
        return None
    return max(0.0, (budget - pool.supervisor.used_mb) / slope)


def samples(pool: Pool, *, now: float) -> list[Sample]:
    """Every number of the pool; what was not measured yet has no sample."""
    return [*_of_seats(pool), *_of_line(pool, now), *_of_memory(pool), *_of_troubles(pool)]


def _sample(name: str, value: float, **labels: str) -> Sample:
    named = {label.rstrip("_"): text for label, text in labels.items()}
    return Sample(name=f"bowerbird_browser_{name}", value=value, labels=named)


def _of_seats(pool: Pool) -> list[Sample]:
    states = Counter(state_of(place) for place in pool.places)
    states["standby"] = int(pool.supervisor.spare is not None)
    found = [_sample("seats", states[state], state=state) for state in STATES]
    stand = [(str(place.number), place.seat) for place in pool.places if place.seat is not None]
    return found + [_sample("pages", len(seat.warm), seat=number) for number, seat in stand]


def _of_line(pool: Pool, now: float) -> list[Sample]:
    found = [
        _sample("in_line", sum(pool.line.depth(cls) for cls in CLASSES)),
        _sample("wait_longest_seconds", max(pool.line.oldest_s(cls, now=now) for cls in CLASSES)),
    ]
    for cls in CLASSES:
        found += [
            _sample("leases_total", pool.tally.leases[cls], class_=cls),
            _sample("leases_lost_total", pool.tally.lost[cls], class_=cls),
            _sample("refused_total", pool.tally.refused[cls], class_=cls),
            _sample("waiting", pool.line.depth(cls), class_=cls),
        ]
        for quantile in QUANTILES:
            waited = pool.tally.wait_s(cls, quantile)
            if waited is not None:
                found.append(_sample("wait_seconds", waited, class_=cls, quantile=f"{quantile:g}"))
    return found


def _of_memory(pool: Pool) -> list[Sample]:
    found = []
    for place in pool.places:
        seat = str(place.number)
        if place.later:
            last = place.later[-1]
            found += [
                _sample("memory_bytes", last.tree_mb * MB, seat=seat, part="browser"),
                _sample("memory_bytes", last.driver_mb * MB, seat=seat, part="driver"),
                _sample("growth_bytes_per_second", place.slope_mb_s * MB, seat=seat),
                _sample("cpu_seconds", place.cpu_s, seat=seat),
            ]
    budget = pool.supervisor.budget_mb
    if budget:
        found += [
            _sample("memory_budget_bytes", budget * MB),
            _sample("memory_used_ratio", pool.supervisor.peak_mb / budget),
        ]
    if (until := full_s(pool)) is not None:
        found.append(_sample("memory_full_seconds", until))
    return found


def _of_troubles(pool: Pool) -> list[Sample]:
    tally = pool.tally
    lost = {cause: n for cause, n in sorted(tally.restarts.items()) if cause != GROWN}
    return [
        _sample("starts_total", pool.starts),
        _sample("lost_total", sum(lost.values())),
        _sample("recycled_total", tally.restarts[GROWN]),
        _sample("leases_cut_total", tally.cut),
        _sample("listener_errors_total", tally.listeners),
        *(_sample("ends_total", n, cause=cause) for cause, n in lost.items()),
        *(_sample("timeouts_total", n, operation=op) for op, n in sorted(tally.timeouts.items())),
    ]


def picture(pool: Pool, *, now: float) -> dict[str, Any]:
    """The pool as plain values, as `BROWSERS` describes them."""
    supervisor, tally = pool.supervisor, pool.tally
    ends = {CAUSES[cause]: n for cause, n in sorted(tally.restarts.items())}
    return {
        "seats": [_seat(place) for place in pool.places],
        "pages": sorted(name for place in pool.places if place.seat for name in place.seat.warm)[:PAGES_MAX],
        "standby": supervisor.spare is not None,
        "in_line": sum(pool.line.depth(cls) for cls in CLASSES),
        "waits": [_waits(pool, cls, now) for cls in CLASSES if tally.leases[cls] or pool.line.depth(cls)],
        "starts": pool.starts,
        "ends": ends,
        "timeouts": dict(sorted(tally.timeouts.items())),
        "cut": tally.cut,
        "memory": {
            "used_bytes": round(supervisor.used_mb * MB),
            "budget_bytes": round(supervisor.budget_mb * MB) if supervisor.budget_mb else None,
            "pressure_pct": supervisor.pressure_pct, "full_s": full_s(pool),
        },
        "events": [[at, sentence] for at, sentence in tally.events],
    }  # fmt: skip


def _seat(place: Place) -> dict[str, Any]:
    last, taken = place.later[-1] if place.later else None, place.taken
    return {
        "name": str(place.number + 1), "state": state_of(place), "why": place.down,
        "up": place.up, "up_at": place.up_at if place.up else None,
        "holder": taken.key if taken else "", "held_at": place.taken_at if taken else None,
        "class": str(taken.cls) if taken else "",
        "pages": len(place.seat.warm) if place.seat else 0, "served": place.served,
        "memory_bytes": round(last.mb * MB) if last else None,
        "memory_slope_bytes_h": round(place.slope_mb_s * 3600 * MB) if last else None,
        "cpu_s": round(place.cpu_s, 1) if last else None,
    }  # fmt: skip


def _waits(pool: Pool, cls: Cls, now: float) -> dict[str, Any]:
    return {
        "class": str(cls), "n": pool.tally.leases[cls], "lost": pool.tally.lost[cls],
        "refused": pool.tally.refused[cls], "in_line": pool.line.depth(cls),
        "oldest_s": round(pool.line.oldest_s(cls, now=now), 1),
        "p50_s": pool.tally.wait_s(cls, 0.5) or 0.0, "p95_s": pool.tally.wait_s(cls, 0.95) or 0.0,
    }  # fmt: skip
