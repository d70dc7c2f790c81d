"""Each layer's light and sentence, by table: what was not observed is not claimed, and silence is never green."""

from dataclasses import replace
from typing import Any

import pytest

from bowerbird.core.account import Hold, HoldKind
from bowerbird.core.findings import Advice, Counts, Reading
from bowerbird.core.gauge import Sample
from bowerbird.core.health import Health, Light
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US
from bowerbird.core.work import Outcome, Owner, Run
from bowerbird.dashboard import layers
from bowerbird.dashboard.asked import Beside
from bowerbird.dashboard.layers import Picture, overall

from .house import START, WREN, a_post, published

ENGINE = Owner(id="b", role="engine", pid=1, started_at=START - 60 * SECOND_US, heard_at=START, note="all caught up")
AHEAD = a_post("p2", state=State.QUEUED, due=START + 86_400 * SECOND_US)
RUN = Run(id="r", job="harvest", slot_at=START, started_at=START, outcome=Outcome.DONE)
READING = Reading(post_id="p9", account_id=WREN.id, rung=0, age_s=5, observed_at=START, counts=Counts(likes=1))
ADVICE = Advice(account_id=WREN.id, version="v", made_at=START, n=3, needed=9, target="t", sentence="Collecting.")
WEB = replace(WREN, id="sandbox-web:wren", platform="sandbox-web")
LATE = published(look_at=START - 300 * SECOND_US)
LASTS = Sample(name="bowerbird_reserve_hours", value=40.2, labels={"account": WREN.id})
LASTS_LONGER = replace(LASTS, value=99.0, labels={"account": "sandbox:finch"})
MUTE = Sample(name="bowerbird_writer_up", value=0, labels={"writer": "gpt"})
PARKED = {(WREN.id, State.PARKED): 1}


def a_picture(**changes: Any) -> Picture:
    """All is well: one account, one engine, a full queue."""
    plain: dict[str, Any] = {
        "now": START, "read_ms": 4.0, "accounts": [WREN], "holds": [], "owners": [ENGINE], "runs": {"harvest": RUN},
        "counts": {(WREN.id, State.QUEUED): 5, (WREN.id, State.PUBLISHED): 7}, "upcoming": [AHEAD],
        "published": [published()], "newest": READING, "targets": [], "advice": [ADVICE],
    }  # fmt: skip
    return Picture(**(plain | changes))


def heard(seconds_ago: float) -> list[Owner]:
    """An engine last heard so long ago."""
    return [replace(ENGINE, heard_at=START - int(seconds_ago * SECOND_US))]


def held(kind: HoldKind) -> list[Hold]:
    """The wren on hold."""
    return [Hold(account_id=WREN.id, kind=kind, since=START, why="ask Ann.")]


def failed(*jobs: str) -> dict[str, Run]:
    """Runs that failed."""
    return {job: replace(RUN, job=job, outcome=Outcome.FAILED, error="no network") for job in jobs}


def in_state(state: State, n: int = 1) -> dict[tuple[str, State], int]:
    """So many posts in a state."""
    return {(WREN.id, state): n}


CASES: list[tuple[str, dict[str, Any], Light, str]] = [
    ("startup", {}, Light.GREEN, "Up for 1 min; all caught up."),
    ("startup", {"owners": []}, Light.RED, "No engine has ever run here"),
    ("startup", {"owners": [replace(ENGINE, role="face")]}, Light.RED, "No engine has ever run here"),
    ("startup", {"owners": heard(3.9)}, Light.GREEN, "Up for"),
    ("startup", {"owners": heard(4.1)}, Light.RED, "Silent for 4 s"),
    ("startup", {"stopped_at": START - SECOND_US}, Light.RED, "Stopped 1 s ago"),
    ("startup", {"stopped_at": START - 61 * SECOND_US}, Light.GREEN, "Up for"),
    ("jobs", {}, Light.GREEN, "1 job;"),
    ("jobs", {"runs": {}}, Light.GREY, "No job has run"),
    ("jobs", {"runs": failed("plan")}, Light.AMBER, "plan failed: no network. Tried again."),
    ("jobs", {"runs": failed("plan", "learn")}, Light.AMBER, "and 1 more failed"),
    ("content", {}, Light.GREEN, "5 posts queued."),
    ("content", {"accounts": []}, Light.GREY, "No account"),
    ("content", {"upcoming": [], "counts": in_state(State.PROPOSED)}, Light.AMBER, "ahead for wren. 1 post waits for"),
    ("content", {"upcoming": [a_post()]}, Light.AMBER, "Too little is approved ahead for wren"),
    ("content", {"samples": [LASTS, LASTS_LONGER]}, Light.GREEN, "5 posts queued. The bank alone lasts 40 h."),
    ("content", {"samples": [LASTS, MUTE]}, Light.AMBER, "The writer gpt does not answer; the bank writes. The bank"),
    ("posting", {}, Light.GREEN, "7 published, the last 1 min ago; none in doubt."),
    ("posting", {"published": [], "counts": {}}, Light.GREEN, "0 published; none in doubt."),
    ("posting", {"counts": in_state(State.UNSURE, 2)}, Light.AMBER, "2 posts in doubt; we are looking"),
    ("posting", {"counts": PARKED}, Light.RED, "1 post needs a person"),
    ("posting", {"counts": PARKED, "holds": held(HoldKind.PAUSED)}, Light.RED, "1 post needs a person"),
    ("posting", {"holds": held(HoldKind.PAUSED)}, Light.AMBER, "sandbox:wren is held: ask Ann. Its posts wait."),
    ("posting", {"holds": held(HoldKind.LIMITED)}, Light.GREEN, "none in doubt"),
    ("browsers", {}, Light.GREY, "No account posts through a browser"),
    ("browsers", {"accounts": [WEB]}, Light.GREEN, "Posts of wren go through a browser: 0 so far."),
    ("startup", {"owners": heard(9), "beside": Beside(heard_at=START)}, Light.GREEN, "Up for"),
    ("startup", {"owners": heard(9), "beside": Beside(heard_at=START, opening=True)}, Light.AMBER, "It is starting"),
    ("startup", {"stopped_at": START, "beside": Beside(heard_at=START)}, Light.RED, "Stopped"),
    ("database", {}, Light.GREEN, "is read in under 10 ms"),
    ("database", {"beside": Beside(heard_at=START, trouble="no room.")}, Light.RED, "cannot be written: no room. Noth"),
    ("database", {"owners": heard(11), "beside": Beside(heard_at=START)}, Light.RED, "The books cannot be written. No"),
    ("database", {"owners": heard(11), "beside": Beside(heard_at=START - 9 * SECOND_US)}, Light.GREEN, "is read in"),
    ("database", {"read_ms": 700.0}, Light.AMBER, "read in 700 ms"),
    ("measuring", {}, Light.GREEN, "read 0 s ago"),
    ("measuring", {"newest": None}, Light.GREY, "No post has been measured"),
    ("measuring", {"published": [LATE]}, Light.AMBER, "1 reading is overdue, the oldest due 5 min ago"),
    ("harvesting", {}, Light.GREEN, "Nobody waits for an answer."),
    ("harvesting", {"runs": {}}, Light.GREY, "Nobody has looked"),
    ("learning", {}, Light.GREEN, "wren: Collecting."),
    ("learning", {"advice": []}, Light.GREY, "Nothing learned yet"),
]


@pytest.mark.parametrize(("layer", "changes", "light", "words"), CASES)
def test_a_layer_says_how_it_is(layer: str, changes: dict[str, Any], light: Light, words: str) -> None:
    """Its light and its sentence, for each way it can be."""
    health: Health = getattr(layers, layer)(a_picture(**changes))
    assert (health.light, words in health.sentence) == (light, True), health.sentence


def test_when_all_is_well_the_one_light_is_green() -> None:
    """Grey is switched off, not broken."""
    assert overall(layers.layers(a_picture())).sentence == "All is well."


def test_without_an_account_it_is_ready_and_does_not_claim_more() -> None:
    """Green, and what is missing is said."""
    light = overall(layers.layers(a_picture(accounts=[], counts={}, upcoming=[], published=[])))
    assert (light.light, light.sentence) == (
        Light.GREEN, "Ready. Nothing is posted before an account is connected.")  # fmt: skip


def test_red_outshines_amber() -> None:
    """The worst layer speaks for all."""
    found = layers.layers(a_picture(owners=[], counts=in_state(State.UNSURE)))
    assert (overall(found).light, overall(found).part) == (Light.RED, "Engine")


def test_nothing_the_engine_does_shines_green_while_it_is_silent() -> None:
    """One root, and its effects wait for it; what the face sees by itself may be green."""
    found = {health.part: health for health in layers.layers(a_picture(owners=heard(60)))}
    assert [part for part, health in found.items() if health.light is Light.GREEN] == ["Books"]
    assert found["Posting"].sentence.startswith("Waits for the engine.")


def test_there_are_ten_layers() -> None:
    """As many as the mission names."""
    assert len(layers.layers(a_picture())) == 10
