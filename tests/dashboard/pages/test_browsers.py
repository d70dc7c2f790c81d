"""The page of browsers and sessions: what is measured, what is not yet, and whom to sign in again."""

from dataclasses import replace
from typing import Any

import pytest

from bowerbird.core.account import Hold, HoldKind
from bowerbird.core.breaker import BreakerState, Position
from bowerbird.core.facts import Fact
from bowerbird.core.gauge import Sample, Snapshot
from bowerbird.core.health import Light
from bowerbird.core.post import SECOND_US
from bowerbird.dashboard.gauges import Gauges
from bowerbird.dashboard.pages.browsers import SESSIONS_MAX, seat, sessions
from tests.dashboard.house import START, WREN, House
from tests.dashboard.test_nodes import an_incident

ROBIN = replace(WREN, id="sandbox-web:robin", platform="sandbox-web", handle="robin")
OUT = Hold(account_id=ROBIN.id, kind=HoldKind.SIGNED_OUT, since=START - 60 * SECOND_US, why="the session expired.")
SEAT = {
    "name": "1", "up": True, "up_at": START - 90 * SECOND_US, "holder": ROBIN.id, "held_at": START, "pages": 2,
}  # fmt: skip


def told(at: int = START, **changes: Any) -> Snapshot:
    """What the engine says of its browsers."""
    data = {
        "seats": [SEAT], "pages": [ROBIN.id], "in_line": 3, "starts": 2, "ends": {"it died": 1},
        "waits": [{"class": "everybody", "n": 40, "p50_s": 0.02, "p95_s": 1.5}],
        "timeouts": {"a free seat": 4}, "events": [[START - 5, "A browser was started."]],
    }  # fmt: skip
    return Snapshot(name="browsers", at=at, data=data | changes)


async def test_without_an_account_that_needs_one_it_says_so(home: House) -> None:
    """And no number stands for what nobody observed."""
    words = (await home.get("/browsers")).words
    assert "How it stands off No account posts through a browser." in words
    assert "so none is started" in words
    assert "Not measured yet: the engine has said nothing lately." in words


async def test_the_seat_says_who_holds_it_and_what_is_not_measured(home: House) -> None:
    """Since when, its pages, its line; memory and growth have their place until somebody measures them."""
    await home.put(accounts=(ROBIN,), snapshots=(told(),))
    words = (await home.get("/browsers")).words
    assert "1 taken sandbox-web:robin , since now 2 not measured yet not measured yet" in words
    assert "Wait just now 3" in words
    assert "everybody 40 20 ms 1.5 s" in words
    assert "Started 2 times since the engine started Ended by itself 1 time: it died" in words
    assert "4 times, waiting for a free seat" in words


async def test_what_the_engine_said_long_ago_is_not_told(home: House) -> None:
    """The account needs a browser, and nobody knows how it is."""
    await home.put(accounts=(ROBIN,), snapshots=(told(START - 60 * SECOND_US),))
    words = (await home.get("/browsers")).words
    assert "The engine has not said how its browsers are." in words
    assert "taken" not in words


def test_more_seats_and_numbers_are_rows_as_soon_as_they_are_said() -> None:
    """A pool says more of each seat; the page shows whatever is there."""
    row = seat(SEAT | {"memory_bytes": 250e6, "memory_slope_bytes_h": 12e6})
    assert (row.memory, row.slope, row.word) == ("250 MB", "12.0 MB an hour", "taken")
    assert (seat(SEAT | {"holder": ""}).word, seat({"name": "2"}).word, seat({"name": "2"}).pages) == (
        "warm", "cold", None)  # fmt: skip


async def test_restarts_and_deaths_stand_with_their_cause(home: House) -> None:
    """From the engine's memory and from the facts, newest first; what is about other parts is not told here."""
    facts = (
        Fact(kind="degraded", at=START - 9, by="boot", data={"part": "browser", "why": "no Chromium"}),
        Fact(kind="breaker_opened", at=START - 8, by="breakers", data={"breaker": "browser", "why": "5 of 6 failed"}),
        Fact(kind="breaker_opened", at=START - 7, by="breakers", data={"breaker": "sandbox x", "why": "elsewhere"}),
    )
    shut = BreakerState(name="browser", position=Position.OPEN, since=START, why="5 of 6 failed")
    await home.put(accounts=(ROBIN,), snapshots=(told(),), facts=facts, breakers=(shut,))
    words = (await home.get("/browsers")).words
    assert "The browser: It was tried, and did not start: no Chromium." in words
    assert words.index("A browser was started.") < words.index("The breaker opened: 5 of 6 failed.")
    assert "elsewhere" not in words
    assert "Its breaker open , since now" in words


async def test_a_session_that_ended_says_what_a_person_does(home: House) -> None:
    """It stands first; only it waits. How old sessions are is not measured yet."""
    await home.put(accounts=(ROBIN, WREN), holds=(OUT,))
    words = (await home.get("/browsers")).words
    assert "robin sandbox-web signed out since 1 min ago not measured yet Sign it in again:" in words
    assert "bowerbird connect sandbox-web robin . the session expired. Only this account waits" in words
    assert "wren sandbox no sign that it ended not measured yet nothing" in words
    assert words.index("robin sandbox-web") < words.index("wren sandbox")


def test_an_age_is_told_once_it_is_measured_and_other_holds_say_nothing_of_a_session() -> None:
    """A paused account is not signed out."""
    ages = Gauges([])
    (row,) = sessions([WREN], [replace(OUT, account_id=WREN.id, kind=HoldKind.PAUSED)], ages)
    assert (row.light, row.age) == (Light.GREEN, None)
    (row,) = sessions([ROBIN], [replace(OUT, why="")], ages)
    assert row.sentence.startswith("Only this account waits")


@pytest.mark.parametrize(
    ("state", "light", "word"),
    [
        ("valid", Light.GREEN, "valid"),
        ("expiring", Light.AMBER, "will end soon"),
        ("locked", Light.RED, "locked by the site"),
    ],
)
def test_a_session_in_a_browser_says_how_it_is_and_how_long_it_will_live(state: str, light: Light, word: str) -> None:
    """As its gauges tell; what signs it in again is the window, where only a person may."""
    finch = replace(ROBIN, id="x:finch", platform="x", handle="finch", rehearsal=False)
    labels = {"account": finch.id}
    told = Gauges([
        Sample(name="bowerbird_session_state", value=1, labels={**labels, "state": state}),
        Sample(name="bowerbird_session_age_seconds", value=7_200, labels=labels),
        Sample(name="bowerbird_session_left_seconds", value=3_600, labels=labels),
    ])  # fmt: skip
    (row,) = sessions([finch], [], told)
    assert (row.light, row.word, row.age) == (light, word, "renewed 2 h ago, about 60 min left")
    assert row.command == "bowerbird login x:finch"


async def test_a_great_many_sessions_are_bounded(home: House) -> None:
    """Those that need somebody are never among those left out."""
    many = [replace(WREN, id=f"sandbox:a{n:03}", handle=f"a{n:03}") for n in range(SESSIONS_MAX + 9)]
    await home.put(accounts=(*many, ROBIN), holds=(OUT,))
    page = await home.get("/browsers")
    assert "And 11 accounts more; see Accounts ." in page.words
    assert "robin sandbox-web signed out" in page.words


async def test_an_open_incident_speaks_for_the_layer_as_on_the_overview(home: House) -> None:
    """The same light, the same sentence."""
    await home.put(incidents=(an_incident("breaker:browser", title="The breaker browser is open.", fix="It probes."),))
    assert "Browsers fails The breaker browser is open. It probes." in (await home.get("/")).words
    page = await home.get("/browsers")
    assert "How it stands fails since now The breaker browser is open. It probes." in page.words
    assert "/incidents/i-breaker:browser" in {link["href"] for link in page.all("a")}
