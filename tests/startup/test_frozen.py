"""The real engine, frozen, blocked and with its clock moved: told from outside within seconds, and back by itself."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bowerbird.core.facts import Fact
from bowerbird.startup.messenger import WEBHOOK

from .post import Post, post_office
from .rig import House, house

SOON = {"BOWERBIRD_GUARDIAN_SILENCE_S": "5"}


@pytest.fixture
def outside() -> Iterator[Post]:
    """Somebody who can be told."""
    with post_office() as made:
        yield made


@pytest.fixture
def place(tmp_path: Path) -> Iterator[House]:
    """A data folder."""
    with house(tmp_path / "data") as made:
        made.folder.mkdir()
        yield made


def engine_pid(place: House) -> int:
    """The engine's process id, as the guardian wrote it down."""
    state: dict[str, Any] = json.loads((place.folder / "guardian.state").read_text())
    return int(state["children"][0]["pid"])


def kinds(facts: list[Fact]) -> list[str]:
    """What happened."""
    return [fact.kind for fact in facts]


@pytest.mark.slow
@pytest.mark.proves("2.2", "P2")
def test_a_frozen_engine_is_told_within_five_seconds_and_replaced(place: House, outside: Post) -> None:
    """One message while it is silent, one when it is back; the new engine has the incident in its books, told."""
    place.start("run", "--no-face", env={**SOON, WEBHOOK: outside.url})
    place.wait_for_fact("ready")
    time.sleep(1.5)
    frozen = engine_pid(place)
    os.kill(frozen, signal.SIGSTOP)
    began = time.monotonic()
    outside.wait_for(1)
    assert outside.heard[0][0] - began < 5.5
    place.wait_for_fact("ready", times=2)
    outside.wait_for(2)
    time.sleep(2.0)
    assert outside.told() == ["opened", "resolved"]
    assert engine_pid(place) != frozen
    (incident,) = [one for one in place.incidents() if one.rule == "EngineSilent"]
    assert incident.told_at is not None
    assert incident.closed_at is not None


@pytest.mark.slow
@pytest.mark.proves("2.2")
def test_a_blocked_loop_is_told_while_it_lasts_and_nobody_is_restarted(
    place: House, outside: Post, tmp_path: Path
) -> None:
    """It comes back by itself, says for how long it stood still, and the guardian says that it is over."""
    armed = tmp_path / "armed"
    place.start("run", "--no-face", env={WEBHOOK: outside.url, "BOWERBIRD_FAILPOINTS": f"@{armed}"})
    place.wait_for_fact("ready")
    time.sleep(1.5)
    blocked = engine_pid(place)
    armed.write_text("loop.block=block:8*1")
    began = time.monotonic()
    outside.wait_for(1)
    assert outside.heard[0][0] - began < 6.0
    assert place.wait_for_fact("loop_blocked")[0].data["seconds"] > 6
    outside.wait_for(2)
    assert time.monotonic() - began < 8 + 6
    assert outside.told() == ["opened", "resolved"]
    assert engine_pid(place) == blocked


@pytest.mark.slow
@pytest.mark.proves("1.3", "P2")
def test_an_engine_in_which_nobody_can_judge_ends_and_the_guardian_tells(place: House, outside: Post) -> None:
    """Its alerts die in every first round, so nobody inside can say so: it ends, is tried again, and told."""
    place.start("run", "--no-face", env={WEBHOOK: outside.url, "BOWERBIRD_FAILPOINTS": "monitor.alerts=raise"})
    outside.wait_for(1, 60)
    assert outside.told() == ["opened"]
    assert "It ended 4 times" in str(outside.heard[0][2])
