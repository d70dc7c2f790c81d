"""The engine takes over what the guardian told, so that one trouble is one incident."""

from __future__ import annotations

import json
from asyncio import to_thread
from pathlib import Path

import pytest

from bowerbird.clock import VirtualClock
from bowerbird.core.incident import Incident, Severity
from bowerbird.startup.adopt import ALONE, MUTE, NOBODY, Adopter
from bowerbird.startup.child import Child
from bowerbird.startup.diary import Diary
from bowerbird.startup.messenger import Messenger, Trouble
from bowerbird.startup.ping import Ping
from bowerbird.storage.memory import MemoryBooks, MemoryStorage


def adopter(folder: Path) -> Adopter:
    """One on empty books."""
    return Adopter(folder, MemoryStorage(MemoryBooks()), VirtualClock())


def trouble() -> Trouble:
    """The engine is silent."""
    return Trouble("EngineSilent|engine|", "The engine is silent", "Not heard for 4 s.", "It is killed after 30 s.")


@pytest.mark.proves("2.2")
async def test_what_the_guardian_wrote_is_one_incident_from_its_opening_to_its_end(tmp_path: Path) -> None:
    """What it told is told by nobody else; nobody told of this one, so the alerts may."""
    engine, found = adopter(tmp_path), trouble()
    guardian = await to_thread(Messenger, tmp_path, {})
    await to_thread(guardian.open, found)
    assert await engine.adopt_once() == 1
    (incident,) = await engine.storage.incidents()
    assert (incident.by, incident.severity, incident.part) == ("guardian", Severity.CRITICAL, "engine")
    assert (incident.told_at, incident.closed_at) == (None, None)
    await to_thread(guardian.close, found, "the engine is heard again")
    assert await engine.adopt_once() == 1
    (incident,) = await engine.storage.incidents()
    assert (incident.healed_by, incident.closed_at) == ("the engine is heard again", found.closed_at)


async def test_each_line_is_adopted_once_also_by_the_next_engine(tmp_path: Path) -> None:
    """The cursor is in the books."""
    guardian = await to_thread(Messenger, tmp_path, {})
    await to_thread(guardian.open, trouble())
    first = adopter(tmp_path)
    assert await first.adopt_once() == 1
    assert await Adopter(tmp_path, first.storage, first.clock).adopt_once() == 0


async def test_what_is_told_or_being_told_is_told_by_nobody_else(tmp_path: Path) -> None:
    """The guardian's channel may be slow; two messages about one trouble would be one too many."""
    given: list[Incident] = []

    async def give(incident: Incident) -> None:
        given.append(incident)

    found, file = trouble(), tmp_path / "guardian.jsonl"
    found.telling = True
    lines = [found.row(), {**found.row(), "telling": False, "told": found.opened_at + 5}]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    engine = adopter(tmp_path)
    engine.give = give
    await engine.adopt_once()
    assert [incident.told_at for incident in given] == [found.opened_at, found.opened_at + 5]
    assert len({incident.id for incident in given}) == 1


async def test_a_line_that_is_torn_waits_and_one_that_is_strange_is_passed_over(tmp_path: Path) -> None:
    """A guardian that was killed while writing takes nothing down with it."""
    file, whole = tmp_path / "guardian.jsonl", json.dumps(trouble().row()) + "\n"
    file.write_text("{}\nnonsense\n" + whole[:20])
    engine = adopter(tmp_path)
    assert await engine.adopt_once() == 0
    file.write_text("{}\nnonsense\n" + whole)
    assert await engine.adopt_once() == 1
    file.write_text(whole)  # begun anew
    assert await engine.adopt_once() == 1


async def test_it_says_who_watches_over_this_machine(tmp_path: Path) -> None:
    """Nobody, a guardian that can tell nobody, one that can, and the age of the outside ping."""
    engine = adopter(tmp_path)
    assert engine.notes() == [ALONE]
    engine.state = {"at": engine.clock.now(), "channels": [], "ping": {"set": False, "ok_at": None}}
    assert engine.notes() == [MUTE, NOBODY]
    assert engine.samples() == []
    ping = {"set": True, "ok_at": engine.clock.now() - 30_000_000}
    engine.state = {"at": engine.clock.now(), "channels": ["webhook"], "ping": ping}
    assert engine.notes() == []
    assert [sample.value for sample in engine.samples()] == [30.0]
    engine.state["at"] -= 60_000_000
    assert engine.notes() == [ALONE]


async def test_it_reads_what_the_guardian_writes(tmp_path: Path) -> None:
    """Both sides know the format by heart only if they do."""
    await to_thread(Diary(tmp_path, ["mail"]).look, [Child("engine", ["true"])], Ping({}).row(), 1.0)
    state = json.loads((tmp_path / "guardian.state").read_text())
    assert state["children"] == [{"name": "engine", "pid": None, "restarts": 0, "trouble": ""}]
    assert (state["channels"], state["ping"]) == (["mail"], {"set": False, "ok_at": None, "every_s": 60.0})
