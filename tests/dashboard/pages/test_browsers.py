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
from bowerbird.dashboard.pages.browsers import SESSIONS_MAX, growth, memory, seat, sessions
from tests.browsers.fakes import Bench, on_bench
from tests.dashboard.house import START, WREN, House
from tests.dashboard.test_nodes import an_incident

ROBIN = replace(WREN, id="sandbox-web:robin", platform="sandbox-web", handle="robin")
OUT = Hold(account_id=ROBIN.id, kind=HoldKind.SIGNED_OUT, since=START - 60 * SECOND_US, why="the session expired.")
SEAT: dict[str, Any] = {
    "name": "1", "state": "leased", "why": "", "up": True, "up_at": START - 90 * SECOND_US, "holder": ROBIN.id,
    "held_at": START, "class": "reply", "pages": 2, "served": 7, "lives": 2, "ends": {"the browser died": 1},
    "recycled": 0, "memory_bytes": None, "driver_bytes": None, "memory_slope_bytes_h": None, "cpu_s": None,
}  # fmt: skip
COLD = SEAT | {
    "name": "2", "state": "unused", "up": False, "up_at": None, "holder": "", "held_at": None, "class": "", "pages": 0,
    "served": 0, "lives": 0, "ends": {},
}  # fmt: skip
WEIGHED = {"memory_bytes": 420_000_000, "driver_bytes": 120_000_000, "memory_slope_bytes_h": 12_000_000, "cpu_s": 180.0}
WAITS = {
    "class": "reply", "n": 1_204, "lost": 3, "refused": 5, "in_line": 2, "oldest_s": 4.2, "p50_s": 0.02, "p95_s": 1.5,
}  # fmt: skip
MEMORY = {
    "used_bytes": 420_000_000, "peak_bytes": 600_000_000, "budget_bytes": 2_000_000_000, "unweighed": 0,
    "pressure_pct": 3.0, "full_s": 1_200.0,
}  # fmt: skip
UNMEASURED = dict.fromkeys(("used_bytes", "peak_bytes", "budget_bytes", "pressure_pct", "full_s")) | {"unweighed": 1}


def told(at: int = START, **changes: Any) -> Snapshot:
    """What the engine says of its browsers."""
    data = {
        "seats": [SEAT], "pages": [ROBIN.id], "standby": False, "in_line": 2, "starts": 2,
        "ends": {"the browser died": 1}, "recycled": 0, "cut": 0, "listeners": 0, "waits": [WAITS], "memory": MEMORY,
        "timeouts": {"a free seat": 4, "counts": 1}, "events": [[START - 5, "A browser was started."]],
    }  # fmt: skip
    return Snapshot(name="browsers", at=at, data=data | changes)


async def test_without_an_account_that_needs_one_it_says_so(home: House) -> None:
    """And no number stands for what nobody observed."""
    words = (await home.get("/browsers")).words
    assert "How it stands off No account posts through a browser." in words
    assert "so none is started" in words
    assert "Not measured yet: the engine has said nothing lately." in words


async def test_a_seat_says_who_holds_it_and_what_is_not_measured(home: House) -> None:
    """Since when and what for; what it takes has its place until it was weighed, and is no 0."""
    await home.put(accounts=(ROBIN,), snapshots=(told(),))
    words = (await home.get("/browsers")).words
    assert "1 taken sandbox-web:robin , for replies, since now 2 not measured yet not measured yet" in words
    assert "2 min ago , lent out 7 times 2; 1 time replaced: the browser died" in words
    assert "No browser stands by" in words
    assert "Pages are kept open for robin ." in words


async def test_what_was_measured_of_a_seat_stands_in_its_row(home: House) -> None:
    """Its memory with its driver's, its growth, its processor time; a seat nobody needed has nothing to measure."""
    row = SEAT | WEIGHED | {"recycled": 2}
    await home.put(accounts=(ROBIN,), snapshots=(told(seats=[row, COLD], standby=True),))
    words = (await home.get("/browsers")).words
    assert "420 MB, 120 MB of it its driver 12.0 MB an hour 3 min 2 min ago" in words
    assert "2 times replaced: it had grown, and nothing was lost" in words
    assert "2 not needed yet nobody 0 no browser no browser no browser not started 0" in words
    assert "One more browser stands by" in words


async def test_the_line_tells_each_kind_of_work_apart(home: House) -> None:
    """How many wait, how long they waited, who had no seat in time; of whom none had a seat, no wait is told."""
    nobody = WAITS | {
        "class": "harvest",
        "n": 0,
        "lost": 0,
        "in_line": 0,
        "oldest_s": 0.0,
        "p50_s": None,
        "p95_s": None,
    }
    await home.put(accounts=(ROBIN,), snapshots=(told(waits=[WAITS, nobody]),))
    words = (await home.get("/browsers")).words
    assert "Wait just now 2" in words
    assert "replies 2 4 s 1,204 20 ms 1.5 s 5 3" in words
    assert "mentions and searches 0 nobody waits 0 not measured yet not measured yet 5 0" in words


async def test_ends_and_timeouts_are_counted_by_what_they_were(home: House) -> None:
    """What never happened is said to have never happened, for that was observed."""
    await home.put(accounts=(ROBIN,), snapshots=(told(cut=1),))
    words = (await home.get("/browsers")).words
    assert "Started 2 times since the engine started Lost 1 time: the browser died" in words
    assert "Replaced before it was too large never Work cut off, as it hung or lasted too long 1 time" in words
    assert "4 times, waiting for a free seat; 1 time, waiting for numbers of posts" in words


async def test_memory_is_a_meter_of_what_browsers_may_take(home: House) -> None:
    """And it says when it will be full."""
    await home.put(accounts=(ROBIN,), snapshots=(told(),))
    page = await home.get("/browsers")
    assert "420 MB; they may take 2.0 GB Most of the last ten seconds 600 MB" in page.words
    assert "Will be full in about 20 min, as they grow now" in page.words
    assert "3 % of the last ten seconds" in page.words
    (meter,) = page.all("meter")
    assert (meter["value"], meter["max"]) == ("420000000", "2000000000")


async def test_memory_that_nobody_weighed_is_no_number(home: House) -> None:
    """No meter either."""
    await home.put(accounts=(ROBIN,), snapshots=(told(memory=UNMEASURED),))
    page = await home.get("/browsers")
    assert "not measured yet; how much they may take is not measured yet" in page.words
    assert "Will be full not measured yet" in page.words
    assert not page.all("meter")


@pytest.mark.parametrize(
    ("full_s", "rows", "words"),
    [
        (0.2, [SEAT | WEIGHED], "now"),
        (None, [SEAT | WEIGHED], "never, as they grow now"),
        (None, [COLD], "never, while none runs"),
        (None, [SEAT | WEIGHED, SEAT], None),
    ],
)
def test_when_memory_will_be_full_is_told_once_every_browser_was_weighed(
    full_s: float | None, rows: list[dict[str, Any]], words: str | None
) -> None:
    """One of which the growth is not known yet could be the one that grows."""
    assert memory({"seats": rows, "memory": MEMORY | {"full_s": full_s}}).full == words


async def test_what_the_engine_said_long_ago_is_not_told(home: House) -> None:
    """The account needs a browser, and nobody knows how it is."""
    await home.put(accounts=(ROBIN,), snapshots=(told(START - 60 * SECOND_US),))
    words = (await home.get("/browsers")).words
    assert "The engine has not said how its browsers are." in words
    assert "taken" not in words


@pytest.mark.parametrize(
    ("changes", "light", "word"),
    [
        ({"state": "idle", "holder": ""}, Light.GREEN, "free"),
        ({"up": False}, Light.AMBER, "taken, its browser is being started"),
        ({"state": "down", "up": False, "why": "it is broken"}, Light.AMBER, "without a browser"),
        ({"state": "unused", "up": False}, Light.GREY, "not needed yet"),
        ({"state": ""}, Light.GREY, "not told"),
    ],
)
def test_how_a_seat_is_stands_in_words(changes: dict[str, Any], light: Light, word: str) -> None:
    """Each state has its own."""
    row = seat(SEAT | changes)
    assert (row.light, row.word, row.why) == (light, word, changes.get("why", ""))


@pytest.mark.parametrize(
    ("bytes_h", "words"),
    [(None, None), (0.0, "not at all"), (250e6, "250 MB an hour"), (-12e6, "shrinks by 12.0 MB an hour")],
)
def test_growth_is_told_in_words(bytes_h: float | None, words: str | None) -> None:
    """Also where there is none, which is measured."""
    assert growth(bytes_h) == words


@pytest.fixture
def pictured() -> Snapshot:
    """What a real pool says of itself after a post and a browser that died."""
    said: list[Snapshot] = []

    async def play(bench: Bench) -> None:
        await bench.work("robin", op="publish")
        bench.seat().die()
        await bench.clock.sleep(120)
        said.append(bench.pool.snapshot())

    on_bench(play)
    return replace(said[0], at=START)


async def test_what_a_pool_says_is_what_the_page_shows(pictured: Snapshot, home: House) -> None:
    """Its own words, from its own code."""
    await home.put(accounts=(ROBIN,), snapshots=(pictured,))
    words = (await home.get("/browsers")).words
    assert "1 free nobody 0 440 MB, 126 MB of it its driver not at all" in words
    assert "2; 1 time replaced: the browser died" in words
    assert "posts 0 nobody waits 1" in words
    assert "Will be full never, as they grow now" in words


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
