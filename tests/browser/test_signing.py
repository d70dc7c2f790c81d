"""The window in which a person signs in. Nobody sits here, so the browser draws none."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bowerbird.browsers import chromium
from bowerbird.core.errors import Unreachable
from bowerbird.platforms.web.signing import by_hand
from bowerbird.platforms.web.sites import SANDBOX
from tests.contracts.stages import CLOCK
from tests.perch import Perch

pytestmark = pytest.mark.browser

UNSEEN = [*chromium.flags(), "--headless=new"]


async def test_what_the_site_left_there_is_taken_once_the_page_knows_somebody(perch: Perch, program: str) -> None:
    """Here the page that asks to sign in passes for one that knows us, so the window has nothing to wait for."""
    site = replace(SANDBOX, signed_in=SANDBOX.signed_out)
    state = await by_hand(site, perch.url, program=program, arguments=UNSEEN, wait_s=30, clock=CLOCK)
    assert set(json.loads(state)) >= {"cookies", "origins"}


async def test_a_person_may_take_a_while_and_not_for_ever(perch: Perch, program: str) -> None:
    """Nobody signs in; and a browser that is not there is told in a sentence."""
    with pytest.raises(Unreachable, match="nobody signed in within"):
        await by_hand(SANDBOX, perch.url, program=program, arguments=UNSEEN, wait_s=4, clock=CLOCK)
    with pytest.raises(Unreachable, match="could not be used"):
        await by_hand(SANDBOX, perch.url, program="/nowhere", arguments=UNSEEN, wait_s=20, clock=CLOCK)
