"""What is told about the pool: as samples for alerts and `/metrics`, and as one picture for the page. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bowerbird.browsers.gauge import MB
from bowerbird.browsers.line import Cls
from bowerbird.browsers.place import Place
from bowerbird.browsers.slope import SAMPLES_MIN, Grown
from bowerbird.browsers.tally import Tally
from bowerbird.core.gauge import Sample

if TYPE_CHECKING:
    from bowerbird.browsers.pool import Pool

BROWSERS = "browsers"
"""The name of the snapshot: ``{"seats": [row, …], "waits": [row by class, …], "in_line", "starts", "ends", "recycled",
"timeouts", "cut", "listeners", "memory", "events": [[µs, sentence], …], …}``; ends are those that nobody wanted, by
cause in words. What a row lacks, or says to be None, is not measured."""
PAGES_MAX = 50
"""Pages named in the snapshot."""
GROWN = "grown"
"""The cause of a replacement that nothing was lost by."""
CAUSES = {
    "browser_died": "the browser died", "driver_died": "its driver died", "frozen": "it answered nothing",
    "hung": "a page would not close", "memory": "it took too much memory",
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


def slope_mb_s(place: Place) -> float | None:
    """By how much what stands there grows, megabytes a second; None before it was weighed often enough to tell."""
    return place.slope_mb_s if place.up and len(place.later) >= SAMPLES_MIN else None


def _last(place: Place) -> Grown | None:
    """How large what stands there is; None while nothing does, or it was not weighed yet."""
    return place.later[-1] if place.up and place.later else None


def full_s(pool: Pool) -> float | None:
    """In how many seconds all reach the budget if they go on growing as they do; None if they do not."""
    budget, slope = pool.supervisor.scale.budget_mb, sum(slope_mb_s(place) or 0.0 for place in pool.places)
    if budget is None or slope <= 0.001:
        return None
    return max(0.0, (budget - pool.supervisor.scale.used_mb) / slope)


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
        _sample("in_line", sum(pool.line.depth(cls) for cls in Cls)),
        _sample("wait_longest_seconds", max(pool.line.oldest_s(cls, now=now) for cls in Cls)),
    ]
    for cls in Cls:
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
        if (last := _last(place)) is not None:
            found += [
                _sample("memory_bytes", last.tree_mb * MB, seat=seat, part="browser"),
                _sample("memory_bytes", last.driver_mb * MB, seat=seat, part="driver"),
                _sample("cpu_seconds", place.cpu_s, seat=seat),
            ]
        if (slope := slope_mb_s(place)) is not None:
            found.append(_sample("growth_bytes_per_second", slope * MB, seat=seat))
    budget = pool.supervisor.scale.budget_mb
    if budget:
        found += [
            _sample("memory_budget_bytes", budget * MB),
            _sample("memory_used_ratio", pool.supervisor.scale.peak_mb / budget),
        ]
    if (until := full_s(pool)) is not None:
        found.append(_sample("memory_full_seconds", until))
    return found


def _of_troubles(pool: Pool) -> list[Sample]:
    tally, lost = pool.tally, _lost(pool.tally.restarts)
    return [
        _sample("starts_total", pool.starts),
        _sample("lost_total", sum(lost.values())),
        _sample("recycled_total", tally.restarts[GROWN]),
        _sample("leases_cut_total", tally.cut),
        _sample("listener_errors_total", tally.listeners),
        *(_sample("ends_total", n, cause=cause) for cause, n in lost.items()),
        *(_sample("timeouts_total", n, operation=op) for op, n in sorted(tally.timeouts.items())),
    ]


def _lost(causes: Mapping[str, int]) -> dict[str, int]:
    """Those ends that nobody wanted."""
    return {cause: n for cause, n in sorted(causes.items()) if cause != GROWN}


def picture(pool: Pool, *, now: float) -> dict[str, Any]:
    """The pool as plain values, as `BROWSERS` describes them."""
    supervisor, tally = pool.supervisor, pool.tally
    return {
        "seats": [_seat(place, tally) for place in pool.places],
        "pages": sorted(name for place in pool.places if place.seat for name in place.seat.warm)[:PAGES_MAX],
        "standby": supervisor.spare is not None,
        "in_line": sum(pool.line.depth(cls) for cls in Cls),
        "waits": [_waits(pool, cls, now) for cls in Cls if _known(pool, cls)],
        "starts": pool.starts,
        "ends": _in_words(tally.restarts),
        "recycled": tally.restarts[GROWN],
        "timeouts": dict(sorted(tally.timeouts.items())),
        "cut": tally.cut,
        "listeners": tally.listeners,
        "memory": _memory(pool),
        "events": [[at, sentence] for at, sentence in tally.events],
    }  # fmt: skip


def _in_words(causes: Mapping[str, int]) -> dict[str, int]:
    return {CAUSES[cause]: n for cause, n in _lost(causes).items()}


def _known(pool: Pool, cls: Cls) -> bool:
    """Whether anybody of this class ever came."""
    return bool(pool.tally.leases[cls] or pool.tally.refused[cls] or pool.line.depth(cls))


def _memory(pool: Pool) -> dict[str, Any]:
    """What all take of what they may. What runs and was not weighed counts with what one usually takes."""
    scale, running = pool.supervisor.scale, [place for place in pool.places if place.up]
    unweighed = sum(not place.later for place in running)
    guessed = scale.budget_mb is None and unweighed == len(running)
    return {
        "used_bytes": None if guessed else round(scale.used_mb * MB),
        "peak_bytes": None if guessed else round(scale.peak_mb * MB),
        "budget_bytes": None if scale.budget_mb is None else round(scale.budget_mb * MB),
        "unweighed": unweighed, "pressure_pct": scale.pressure_pct, "full_s": full_s(pool),
    }  # fmt: skip


def _seat(place: Place, tally: Tally) -> dict[str, Any]:
    last, taken, slope = _last(place), place.taken, slope_mb_s(place)
    causes = tally.of_seat(place.number)
    return {
        "name": str(place.number + 1), "state": state_of(place), "why": place.down,
        "up": place.up, "up_at": place.up_at if place.up else None,
        "holder": taken.key if taken else "", "held_at": place.taken_at if taken else None,
        "class": str(taken.cls) if taken else "",
        "pages": len(place.seat.warm) if place.seat else 0, "served": place.served,
        "lives": place.lives, "ends": _in_words(causes), "recycled": causes.get(GROWN, 0),
        "memory_bytes": round(last.mb * MB) if last else None,
        "driver_bytes": round(last.driver_mb * MB) if last else None,
        "memory_slope_bytes_h": None if slope is None else round(slope * 3600 * MB),
        "cpu_s": round(place.cpu_s, 1) if last else None,
    }  # fmt: skip


def _waits(pool: Pool, cls: Cls, now: float) -> dict[str, Any]:
    return {
        "class": str(cls), "n": pool.tally.leases[cls], "lost": pool.tally.lost[cls],
        "refused": pool.tally.refused[cls], "in_line": pool.line.depth(cls),
        "oldest_s": round(pool.line.oldest_s(cls, now=now), 1),
        "p50_s": pool.tally.wait_s(cls, 0.5), "p95_s": pool.tally.wait_s(cls, 0.95),
    }  # fmt: skip
