"""Which part needs which, and so what is the root of it all: pure, no state, no time.

An edge leads from a part to what it needs. A failing part whose needs all work is a root; the others are
effects. Only failing parts are walked through: a part that works hands no fault on, so two faults with a
healthy part between them are two roots. Parts of one account bear its id, so no fault of one account ever
explains another's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

Edges = Mapping[str, frozenset[str]]
"""Part -> the parts that it needs; a part without a row needs nothing."""

STANDING: tuple[tuple[str, str], ...] = (
    ("storage", "disk"),
    ("books", "storage"),
    ("jobs", "books"),
    ("job:*", "books"),
    ("monitor:*", "books"),
    ("posting:@", "books"),
    ("post:@", "books"),
    ("queue:@", "books"),
    ("engine", "storage"),
    ("engine", "loop"),
    ("jobs", "storage"),
    ("jobs", "loop"),
    ("job:*", "jobs"),
    ("job:*", "engine"),
    ("job:*", "loop"),
    ("job:*", "storage"),
    ("monitor:*", "loop"),
    ("monitor:*", "storage"),
    ("lane:*", "loop"),
    ("lane:*", "storage"),
    ("job:publish", "breaker:*"),
    ("job:settle", "breaker:*"),
    ("job:connect", "breaker:*"),
    ("job:audit", "breaker:*"),
    ("job:measure", "breaker:*"),
    ("job:harvest", "breaker:*"),
    ("job:publish", "browser"),
    ("job:settle", "browser"),
    ("job:connect", "browser"),
    ("job:audit", "browser"),
    ("job:measure", "browser"),
    ("job:harvest", "browser"),
    ("job:publish", "seats"),
    ("job:settle", "seats"),
    ("job:connect", "seats"),
    ("job:audit", "seats"),
    ("job:measure", "seats"),
    ("job:harvest", "seats"),
    ("seats", "browser"),
    ("seats", "breaker:browser"),
    ("job:plan", "writer:*"),
    ("job:answer", "writer:*"),
    ("breaker:browser", "browser"),
    ("breaker:writer *", "writer:*"),
    ("posting", "storage"),
    ("posting", "clock"),
    ("posting", "lane:posting"),
    ("posting", "seats"),
    ("posting:@", "storage"),
    ("posting:@", "clock"),
    ("posting:@", "engine"),
    ("posting:@", "loop"),
    ("posting:@", "lane:posting"),
    ("posting:@", "job:publish"),
    ("posting:@", "jobs"),
    ("posting:@", "session:@"),
    ("posting:@", "limit:@"),
    ("posting:@", "limits"),
    ("posting:@", "breaker:@"),
    ("post:@", "storage"),
    ("post:@", "clock"),
    ("post:@", "engine"),
    ("post:@", "job:settle"),
    ("post:@", "jobs"),
    ("post:@", "session:@"),
    ("post:@", "breaker:@"),
    ("queue:@", "storage"),
    ("queue:@", "clock"),
    ("queue:@", "job:plan"),
    ("queue:@", "jobs"),
    ("queue:@", "writer:*"),
    ("queue:@", "approval:@"),
    ("reserve:@", "storage"),
    ("approval:@", "storage"),
    ("limit:@", "storage"),
    ("limit:@", "limits"),
    ("limits", "storage"),
    ("session:@", "breaker:@"),
    ("truth:@", "storage"),
    ("truth:@", "clock"),
    ("truth:@", "session:@"),
    ("truth:@", "breaker:@"),
    ("measuring:@", "storage"),
    ("measuring:@", "clock"),
    ("measuring:@", "job:measure"),
    ("measuring:@", "jobs"),
    ("measuring:@", "session:@"),
    ("measuring:@", "breaker:@"),
    ("targets:@", "storage"),
    ("targets:@", "job:harvest"),
    ("targets:@", "jobs"),
    ("targets:@", "session:@"),
    ("targets:@", "breaker:@"),
    ("learning:@", "storage"),
    ("learning:@", "job:learn"),
    ("learning:@", "jobs"),
)
"""What needs what in every Bowerbird: ``@`` is one account, ``*`` any name (on both sides the same one, where the
left side has one), ``breaker:@`` every breaker between this account and its platform, and ``breaker:*`` every one
between any account and its platform: a host that hangs takes the seats of the jobs that ask it."""


BROWSER, SEATS = "browser", "seats"
"""Whoever has the browser's breaker between itself and its platform needs a seat, and no breaker opens while all are
taken."""

OUTSIDE = frozenset({"breaker", "browser", "seats", "writer"})
"""Kinds of parts that a job may hang on."""


def edges_of(
    *,
    jobs: Mapping[str, Sequence[str]],
    breakers: Mapping[str, Sequence[str]],
    monitors: Sequence[str] = (),
    writers: Sequence[str] = (),
    parents: Mapping[str, str] | None = None,
    lanes: Mapping[str, str] | None = None,
) -> Edges:
    """The graph of one running engine.

    Args:
        jobs: each job and the jobs whose results it lives on.
        breakers: each account and the breakers between it and its platform.
        monitors, writers: their names.
        parents: breakers that cannot work without another one.
        lanes: each job and the lane whose seats it takes; what a job waits for outside holds its lane, too.
    """
    hosts = {breaker for between in breakers.values() for breaker in between}
    hosts |= {parent for breaker, parent in (parents or {}).items() if parent and breaker in hosts}
    names = {
        "job": list(jobs), "monitor": list(monitors), "writer": list(writers),
        "lane": sorted({"posting", *(lanes or {}).values()}), "breaker": sorted(hosts),
    }  # fmt: skip
    found: dict[str, set[str]] = {}

    def add(part: str, need: str) -> None:
        found.setdefault(part, set()).add(need)

    for left, right in STANDING:
        for part, need in _instances(left, right, names, breakers):
            add(part, need)
    for job, needs in jobs.items():
        for need in needs:
            add(f"job:{job}", f"job:{need}")
    for part, need in list(_seated(jobs, lanes or {}, found)):
        add(part, need)
    for breaker in hosts:
        add("posting", f"breaker:{breaker}")
    for breaker, parent in (parents or {}).items():
        if parent:
            add(f"breaker:{breaker}", f"breaker:{parent}")
    return {part: frozenset(needs) for part, needs in found.items()}


def _seated(
    jobs: Mapping[str, Sequence[str]], lanes: Mapping[str, str], found: Mapping[str, set[str]]
) -> Iterable[tuple[str, str]]:
    """Each job needs its lane and those of the jobs on which it lives, and each lane what its jobs may hang on.

    Whatever lives on a job needs its lane as well: in a lane that is paused, the job itself does not fail.
    """
    for job, lane in lanes.items():
        yield from ((f"job:{job}", f"lane:{lanes[each]}") for each in _all_needs(job, jobs) if each in lanes)
        yield from ((f"lane:{lane}", need) for need in found[f"job:{job}"] if need.split(":")[0] in OUTSIDE)
        yield from ((part, f"lane:{lane}") for part, needs in list(found.items()) if f"job:{job}" in needs)


def _all_needs(job: str, jobs: Mapping[str, Sequence[str]]) -> set[str]:
    """The job itself, what it lives on, what that lives on, and so on."""
    found, rest = {job}, [job]
    while rest:
        new = set(jobs.get(rest.pop(), ())) - found
        found |= new
        rest += new
    return found


def _instances(
    left: str, right: str, names: Mapping[str, Sequence[str]], breakers: Mapping[str, Sequence[str]]
) -> Iterable[tuple[str, str]]:
    """Every pair of real parts that a standing pair stands for."""
    if "@" in left:
        for account, between in breakers.items():
            part = left.replace("@", account)
            if right == "breaker:@":
                yield from ((part, f"breaker:{breaker}") for breaker in between)
                yield from ((part, SEATS) for breaker in between if breaker == BROWSER)
            elif "*" in right:
                kind = right.split(":", 1)[0]
                yield from ((part, f"{kind}:{name}") for name in names[kind])
            else:
                yield part, right.replace("@", account)
    elif "*" in left:
        kind = (right if "*" in right else left).split(":", 1)[0]
        yield from ((left.replace("*", name), right.replace("*", name)) for name in names[kind])
    elif "*" in right:
        yield from ((left, right.replace("*", name)) for name in names[right.split(":", 1)[0]])
    else:
        yield left, right


def causes(start: str, edges: Edges, failing: Iterable[str]) -> set[str]:
    """Every failing part that `start` needs, directly or through other failing parts; possibly itself in a ring."""
    failing = set(failing)
    found: set[str] = set()
    rest = [start]
    while rest:
        for need in edges.get(rest.pop(), frozenset()):
            if need in failing and need not in found:
                found.add(need)
                rest.append(need)
    return found


def roots_of(failing: Sequence[str], edges: Edges) -> dict[str, str]:
    """Find the root of each failing part.

    1. Collect the failing parts that it needs, through failing parts alone.
    2. Those that need none of the others are the candidates; of parts that need each other in a ring, each
       speaks for all.
    3. The candidate that stands first in `failing` is the root; who has no candidate is its own.

    Args:
        failing: the parts that fail, those that failed first in front: in doubt the oldest is the root.
    """
    reach = {part: causes(part, edges, failing) for part in failing}
    order = {part: place for place, part in reversed(list(enumerate(failing)))}
    roots = {}
    for part in failing:
        around = reach[part] | {part}
        sinks = [one for one in around if reach[one] <= _ring(one, reach)]
        roots[part] = min(sinks, key=order.__getitem__)
    return roots


def _ring(part: str, reach: Mapping[str, set[str]]) -> set[str]:
    """The parts that need this one and are needed by it, itself among them."""
    return {part} | {other for other in reach[part] if part in reach[other]}
