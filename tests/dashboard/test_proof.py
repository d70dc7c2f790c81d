"""Whether due work is done: red when nothing explains that it is not."""

from dataclasses import replace
from typing import Any

import pytest

from bowerbird.core.account import HoldKind
from bowerbird.core.health import Light
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US, Post
from bowerbird.dashboard.proof import proof

from .house import START, a_post, published
from .test_layers import a_picture, held, in_state


def due(seconds_ago: float, **fields: Any) -> Post:
    """A queued post that was due so long ago."""
    return a_post("d", state=State.QUEUED, due=START - int(seconds_ago * SECOND_US), **fields)


CASES: list[tuple[dict[str, Any], Light, str]] = [
    ({}, Light.GREEN, "All work that was due is done."),
    ({"published": [], "upcoming": []}, Light.GREY, "No post has been due yet"),
    ({"upcoming": [due(59)]}, Light.GREEN, "done"),
    ({"upcoming": [due(61)]}, Light.RED, "1 post is due and not sent, the oldest for 1 min."),
    ({"upcoming": [due(61, not_before=START + 1)]}, Light.GREEN, "done"),
    ({"upcoming": [replace(due(61), state=State.PROPOSED)]}, Light.GREEN, "done"),
    ({"upcoming": [due(61)], "holds": held(HoldKind.PAUSED)}, Light.AMBER, "1 post is due and held back: sandbox:wren"),
    ({"counts": in_state(State.UNSURE, 2)}, Light.AMBER, "2 posts were sent and not proven yet"),
]


@pytest.mark.parametrize(("changes", "light", "words"), CASES)
def test_due_work_is_judged(changes: dict[str, Any], light: Light, words: str) -> None:
    """Late, in doubt, held, done, or nothing yet."""
    found = proof(a_picture(**changes))
    assert (found.light, words in found.sentence) == (light, True), found.sentence


def test_the_clock_of_the_last_proof_is_the_newest_confirmation() -> None:
    """Not the newest due time: a reply may be proven after a post that was due later."""
    early = replace(published("p8"), published_at=START - 5)
    assert proof(a_picture(published=[published(), early])).proven_at == START - 5


@pytest.mark.parametrize(("ago_s", "quiet"), [(60, False), (600, True)])
def test_a_while_without_work_is_said(ago_s: int, quiet: bool) -> None:
    """Nothing was due: that is why the last proof is old."""
    old = replace(published(), due=START - ago_s * SECOND_US)
    assert (proof(a_picture(published=[old])).quiet_since is not None) == quiet
