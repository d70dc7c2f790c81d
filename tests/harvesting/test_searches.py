"""Searching: opportunities for a person, never sent by itself, and an unknown answer is not an empty one."""

from dataclasses import replace

import pytest

from bowerbird.core.account import Mode
from bowerbird.core.findings import Seen, TargetState
from bowerbird.core.ports import Unknown
from bowerbird.harvesting.searches import QUERY_EVERY_S
from tests.harvesting.rooms import Room


@pytest.fixture
async def room() -> Room:
    """An account with one query that would send everything by itself if it could."""
    room = Room()
    await room.account(Mode.AUTO, searches=("asyncio",))
    return room


def find(room: Room, name: str, text: str, **changes: object) -> Seen:
    """A search result that does not address us."""
    seen = replace(room.says(name, text), kind="search", **changes)  # type: ignore[arg-type]
    room.town.said.clear()
    results = room.town.found.setdefault("asyncio", [])
    assert isinstance(results, list)
    results.append(seen)
    return seen


async def test_results_become_ranked_opportunities_for_a_person(room: Room) -> None:
    """The nearest comes first, each says why, and none is answered by itself."""
    find(room, "s1", "asyncio is confusing")
    find(room, "s2", "asyncio and pathlib in one script")
    await room.harvest_once()
    targets = await room.books.targets()
    assert [(t.seen.ref.id, t.state, t.addressed) for t in targets] == [
        ("s2", TargetState.OPEN, False),
        ("s1", TargetState.OPEN, False),
    ]
    assert targets[0].because.startswith("Somebody posted within a minute of being found, about asyncio and pathlib")
    assert await room.replies() == []


async def test_our_own_accounts_are_no_opportunity(room: Room) -> None:
    """Accounts of one owner do not hold conversations with each other."""
    await room.account(Mode.AUTO, id="sandbox:finch", handle="finch")
    find(room, "s1", "asyncio is confusing", author="@Finch")
    await room.harvest_once()
    assert await room.books.targets() == []


@pytest.mark.proves("9.G3")
async def test_no_query_twice_in_a_window(room: Room) -> None:
    """Whatever is restarted in between, a query is asked once per window."""
    await room.harvest_once()
    await room.harvest_once()
    assert room.town.searched == ["asyncio"]
    await room.clock.sleep(QUERY_EVERY_S)
    await room.harvest_once()
    assert room.town.searched == ["asyncio", "asyncio"]


@pytest.mark.proves("9.2")
async def test_an_unknown_answer_is_a_fact_and_not_an_empty_list(room: Room) -> None:
    """A search that could not see says so, with the platform's reason."""
    room.town.found["asyncio"] = Unknown(why="The page asks to sign in.")
    await room.harvest_once()
    (fact,) = await room.books.facts()
    assert (fact.kind, fact.data["sentence"]) == ("unharvested", "The page asks to sign in.")
    assert await room.states() == {}


async def test_an_empty_answer_is_counted_as_one(room: Room) -> None:
    """Nothing found is a harvest of nothing, with its numbers."""
    await room.harvest_once()
    (fact,) = await room.books.facts()
    assert (fact.kind, fact.data["found"], fact.data["new"]) == ("harvested", 0, 0)


async def test_a_result_seen_again_keeps_what_a_person_decided(room: Room) -> None:
    """A target that was dismissed stays so, however often it is found."""
    find(room, "s1", "asyncio is confusing")
    await room.harvest_once()
    from bowerbird.core.books import Batch

    dismissed = replace(await room.target("s1"), state=TargetState.DISMISSED)
    await room.books.record(Batch(targets=(dismissed,)))
    await room.clock.sleep(QUERY_EVERY_S)
    await room.harvest_once()
    assert (await room.target("s1")).state is TargetState.DISMISSED


@pytest.mark.proves("9.G4")
async def test_what_is_worth_little_or_old_is_not_shown(room: Room) -> None:
    """Old posts, posts on nothing of ours and our own are no opportunities."""
    find(room, "old", "asyncio", posted_at=0)
    find(room, "own", "asyncio", author="wren")
    find(room, "dull", "lunch", posted_at=room.clock.now() - int(4 * 3_600e6))
    await room.harvest_once()
    assert await room.states() == {}
