"""What holds whatever breaks, in whatever order, and wherever the engine is killed."""

import asyncio
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from bowerbird.alerts.graph import edges_of, roots_of
from bowerbird.alerts.incidents import LINGER_S
from bowerbird.core.incident import Incident, Told
from tests.alerts.room import Room, as_edges, sample

PARTS = [f"p{n}" for n in range(6)]
Fault = tuple[int, int, int]
"""Which part, from which second on, for how many seconds."""

graphs = st.dictionaries(st.sampled_from(PARTS), st.lists(st.sampled_from(PARTS), max_size=3), max_size=6)
faults = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 90), st.integers(1, 120)), max_size=8)
kills = st.lists(st.integers(0, 200), max_size=3)
QUIET_S = 400
"""So long after the last fault everything must be over: clearing, lingering and an hour's flaps in small."""


def numbers(schedule: Sequence[Fault], second: int) -> list[float]:
    """1 for each part that works at this second, else 0."""
    broken = {part for part, begin, length in schedule if begin <= second < begin + length}
    return [0.0 if n in broken else 1.0 for n in range(len(PARTS))]


async def second_of(room: Room, schedule: Sequence[Fault], second: int) -> list[Incident]:
    """Live through one second and return what is open in the books."""
    rows = [sample("part_up", value, part=PARTS[n]) for n, value in enumerate(numbers(schedule, second))]
    await room.round(*rows)
    return await room.open()


@settings(max_examples=15, deadline=None)
@given(graphs, faults)
def test_every_open_incident_has_an_open_root(graph: dict[str, list[str]], schedule: list[Fault]) -> None:
    """Or is one itself; an effect never has an effect; one incident is open per fingerprint."""

    async def live() -> None:
        room = Room(edges=as_edges(graph))
        for second in range(140):
            rows = {row.id: row for row in await second_of(room, schedule, second)}
            assert len({row.fingerprint for row in rows.values()}) == len(rows)
            assert all(row.root in rows and not rows[row.root].root for row in rows.values() if row.root)

    asyncio.run(live())


@settings(max_examples=15, deadline=None)
@given(graphs, faults)
def test_a_group_is_opened_once_and_everything_ends(graph: dict[str, list[str]], schedule: list[Fault]) -> None:
    """No incident has two OPENED, whatever is told as over was told before, and when all works all is closed."""

    async def live() -> None:
        room = Room(edges=as_edges(graph))
        for second in range(210 + QUIET_S):
            await second_of(room, schedule, second)
        assert await room.open() == []
        first: dict[str, Told] = {}
        opened: list[str] = []
        for row in room.ear.heard:
            first.setdefault(row.incident_id, row.told)
            opened += [row.incident_id] * (row.told is Told.OPENED)
        assert len(opened) == len(set(opened))
        assert set(first.values()) <= {Told.OPENED, Told.UPDATED}
        told = {row.id for row in await room.books.incidents(limit=1000) if row.told_at is not None}
        assert told == set(first)

    asyncio.run(live())


@settings(max_examples=15, deadline=None)
@given(graphs, faults, kills)
def test_a_restart_changes_nothing_that_is_told(
    graph: dict[str, list[str]], schedule: list[Fault], seconds: list[int]
) -> None:
    """An engine that is killed between two rounds, up to three times, says what an undisturbed one says.

    A start begins the waiting for an end anew. So a root may linger longer, and an effect that would have outlived
    it has more time to heal with it; that is all a start may change.
    """

    async def live(kill_at: Sequence[int]) -> tuple[list[str], set[str]]:
        room = Room(edges=as_edges(graph))
        effects: set[str] = set()
        for second in range(210 + QUIET_S):
            if second in kill_at:
                room.start()
            effects |= {row.title for row in await second_of(room, schedule, second) if row.root}
        return sorted(room.ear.told(Told.OPENED)), effects

    (quiet, _), (disturbed, effects) = asyncio.run(live(())), asyncio.run(live(seconds))
    assert len(disturbed) <= len(quiet) + len(seconds)
    if len({part for part, _, _ in schedule}) == len(schedule):  # no part fails twice, so nothing flaps
        assert len(set(disturbed)) == len(disturbed)
        assert set(quiet) - effects <= set(disturbed) <= set(quiet) | effects


@given(graphs)
def test_the_root_of_a_part_is_found_in_every_graph(graph: dict[str, list[str]]) -> None:
    """With rings too: a root is its own root, and everybody who needs a failing part has another root or a ring."""
    edges = as_edges(graph)
    roots = roots_of(PARTS, edges)
    assert all(roots[root] == root for root in roots.values())
    assert all(roots[part] == part or roots[part] in graph_reach(graph, part) for part in PARTS)


def graph_reach(graph: dict[str, list[str]], start: str) -> set[str]:
    """Everything that can be reached from a part, by the plainest walk."""
    found: set[str] = set()
    rest = list(graph.get(start, ()))
    while rest:
        part = rest.pop()
        if part not in found:
            found.add(part)
            rest += graph.get(part, ())
    return found


def test_a_healthy_part_hands_no_fault_on() -> None:
    """Plan and measure fail while learn works: two roots, though the jobs live on one another in a ring."""
    edges = edges_of(jobs={"plan": ["learn"], "learn": ["measure"], "measure": []}, breakers={})
    assert roots_of(["job:plan", "job:measure"], edges) == {"job:plan": "job:plan", "job:measure": "job:measure"}
    assert roots_of(["job:plan", "job:learn", "job:measure"], edges)["job:plan"] == "job:measure"


def test_no_fault_of_one_account_explains_another() -> None:
    """Each account's parts need only their own and what all share."""
    edges = edges_of(jobs={}, breakers={"a": ["host one"], "b": ["host two"]})
    assert roots_of(["session:a", "posting:b", "posting:a"], edges)["posting:b"] == "posting:b"
    assert set(roots_of(["posting:a", "posting:b", "disk", "storage"], edges).values()) == {"disk"}


def test_a_root_is_never_waited_out() -> None:
    """The law above leaves time for everything: clearing thrice doubled and lingering."""
    assert QUIET_S > 10 * 2**3 + LINGER_S
