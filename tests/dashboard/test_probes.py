"""The addresses for machines."""

import httpx
import pytest

from bowerbird.core.gauge import Sample, Snapshot
from bowerbird.dashboard.metrics import packed

from .house import PASSWORD, START, House


def parts(state: str, **lights: str) -> Snapshot:
    """What the engine says of its parts."""
    rows = [{"name": name, "light": light, "sentence": f"{name} is {light}"} for name, light in lights.items()]
    return Snapshot(name="parts", at=START, data={"state": state, "parts": rows})


async def test_livez_needs_no_door_and_no_engine(empty_house: House) -> None:
    """It says that this process answers, and nothing else."""
    answer = await empty_house.browser.get("/livez")
    assert (answer.status_code, answer.text) == (200, "alive\n")


@pytest.mark.proves("1.G1")
async def test_readyz_names_what_is_missing(home: House) -> None:
    """A part that does not work is named with its sentence, and the code is 503."""
    await home.engine_runs()
    await home.put(snapshots=(parts("degraded", books="green", browser="red"),))
    answer = await home.browser.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "state": "degraded", "missing": {"browser": "browser is red"}}


async def test_readyz_is_200_when_every_part_answered(home: House) -> None:
    """Ready means ready."""
    await home.engine_runs()
    await home.put(snapshots=(parts("ready", books="green"),))
    answer = await home.browser.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)


async def test_a_silent_engine_is_not_ready_whatever_it_last_said(home: House) -> None:
    """Its last words were green; it is not heard now."""
    await home.engine_runs()
    await home.put(snapshots=(parts("ready", books="green"),))
    home.pass_s(30)
    assert (await home.browser.get("/readyz")).json()["state"] == "silent"


async def test_the_engines_numbers_and_our_own_stand_together(home: House) -> None:
    """One address, one vocabulary."""
    sample = Sample(name="bowerbird_breaker_open", value=1, labels={"breaker": "browser"})
    await home.put(snapshots=(packed([sample], START),))
    text = (await home.browser.get("/metrics")).text
    assert 'bowerbird_breaker_open{breaker="browser"} 1' in text
    assert "bowerbird_info{" in text


async def test_numbers_are_for_this_machine_or_for_whoever_knows_the_password(home: House) -> None:
    """They carry account names; a wrong token is counted like a wrong password."""
    transport = httpx.ASGITransport(app=home.app, client=("192.0.2.7", 4000))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8420") as stranger:
        assert (await stranger.get("/metrics")).status_code == 401
        assert (await stranger.get("/metrics", headers={"authorization": "Bearer wrong"})).status_code == 401
        right = await stranger.get("/metrics", headers={"authorization": f"Bearer {PASSWORD}"})
    assert right.status_code == 200
    assert home.doors.shut_s() == 0
