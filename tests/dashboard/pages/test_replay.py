"""The pages of simulated worlds: what was kept is listed and drawn, and a file that is none is said."""

from __future__ import annotations

import gzip

import pytest

from bowerbird.core.replay import LANES_MAX, STEPS_MAX, Mark, Replay, Step
from bowerbird.dashboard.asked import Kept
from bowerbird.dashboard.lanes import BINS, IDLE_S, LEFT, SPOTS_MAX, WIDTH, Axis, drawn, when
from bowerbird.dashboard.pages.replay import MARKS, ROWS
from bowerbird.dashboard.routes import LEAVES
from tests.core.test_replay import replay, step
from tests.dashboard.corpus import HOSTILE
from tests.dashboard.furniture import Held
from tests.dashboard.house import START, House
from tests.dashboard.test_hostile import harmless


def shelved(house: House, one: Replay | None, *, name: str = "seed-3", problem: str = "") -> House:
    """The house with one replay on its shelf."""
    house.face.replays = Held([Kept(name=name, at=START, size=9, replay=one, problem=problem)])
    return house


async def test_an_empty_shelf_teaches_the_command(home: House) -> None:
    """And where it comes to stand."""
    page = await home.get("/replay")
    assert "No world has been kept yet." in page.words
    assert "bowerbird simulate --seed 3 --keep" in page.words


async def test_each_world_is_listed_with_its_verdict(home: House) -> None:
    """And leads to its drawing."""
    page = await shelved(home, replay(step())).get("/replay")
    assert "seed-3 held Every promise held. Posts at the end: 2 published." in page.words
    assert "/replay/seed-3" in {link["href"] for link in page.all("a")}
    page = await shelved(home, replay(broken=("twice: p1 arrived 2 times",))).get("/replay")
    assert "broken 1 promise broken." in page.words


async def test_a_file_that_is_no_replay_is_said_and_not_opened(home: House) -> None:
    """Neither in the list nor at its own address is it an error of ours."""
    shelved(home, None, name="torn", problem="it is torn, or no JSON at all")
    assert "The file is not shown: it is torn, or no JSON at all." in (await home.get("/replay")).words
    page = await home.get("/replay/torn")
    assert page.status == 200
    assert "it is torn" in page.words
    assert page.all("svg")[1:] == []
    assert (await home.get("/replay/elsewhere")).status == 404


async def test_a_world_is_drawn_and_told_step_by_step(home: House) -> None:
    """Lanes and marks for the eye, and a table for everybody."""
    steps = (step(1), step(2, mark=Mark.CRASH, words="worker-0-life-0 dies."), step(3, lane="books", mark=Mark.FAULT))
    page = await shelved(home, replay(*steps)).get("/replay/seed-3")
    assert [g["class"] for g in page.all("g")][:3] == ["fact", "crash", "fault"]
    assert "00:00:02 dies worker-0-life-0 dies. worker 0" in page.words
    assert "bowerbird simulate --seed 3 --story" in page.words
    assert "Crashes 1" in page.words
    (label,) = [svg["aria-label"] for svg in page.all("svg") if svg.get("role") == "img"]
    assert label == "Timeline of seed 3, 1 faults, 1 crashes, 0 standstills; the table below tells each."


async def test_steps_are_narrowed_and_turned_page_by_page(home: House) -> None:
    """To what went wrong, to a lane, to a post; whatever the address says wrongly begins at the beginning."""
    many = [step(n, post=f"p{n % 2}", words=f"Thing {n}.") for n in range(ROWS + 5)]
    shelved(home, replay(*many, step(99, lane="books", mark=Mark.FAULT, words="Alas.")))
    page = await home.get("/replay/seed-3")
    assert f"written down Thing {ROWS - 1}." in page.words
    assert f"written down Thing {ROWS}." not in page.words
    assert f"/replay/seed-3?from={ROWS}#steps" in page.html
    assert f"written down Thing {ROWS}." in (await home.get(f"/replay/seed-3?from={ROWS}")).words
    for narrowed in ("show=wrong", "lane=books"):
        page = await home.get(f"/replay/seed-3?{narrowed}")
        assert "fault Alas." in page.words
        assert "written down Thing" not in page.words
    assert "written down Thing 0." not in (await home.get("/replay/seed-3?post=p1")).words
    for wrong in ("-5", "999999999999", "x", "³"):
        assert "written down Thing 0." in (await home.get(f"/replay/seed-3?from={wrong}")).words
    assert "Nothing like that happened" in (await home.get("/replay/seed-3?lane=moon")).words


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_words_in_a_replay_are_words(home: House, text: str) -> None:
    """Whoever put a file there; in the list, the drawing, the table, the command and the verdict."""
    one = replay(Step(at_s=1, lane=text, mark=Mark.CRASH, words=text, post=text), lanes=(text,), command=text,
                 broken=(text,), ends={text: 1})  # fmt: skip
    shelved(home, one)
    for path in ("/replay", "/replay/seed-3", "/replay/seed-3?show=wrong"):
        page = await home.get(path)
        assert page.status == 200
        assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
        assert page.html.count("<main") == 1
    harmless(await home.get("/replay"))
    harmless(await shelved(home, None, problem=text).get("/replay"))


def test_a_drawing_is_bounded_however_much_happened() -> None:
    """A lane has so many marks at most, and of those at one place the worst is drawn."""
    steps = [step(n) for n in range(STEPS_MAX)]
    steps[7] = step(7.4, mark=Mark.CRASH, words="It dies.")
    found = drawn(replay(*steps, lasts_s=float(STEPS_MAX)))
    assert len(found.spots) <= BINS + 1
    (crash,) = [spot for spot in found.spots if spot.mark is Mark.CRASH]
    assert crash.title.startswith("00:00:07 It dies. (and ")
    assert all(LEFT <= spot.x <= LEFT + WIDTH for spot in found.spots)


async def test_the_largest_replay_is_a_small_page(home: House) -> None:
    """Many lanes, each with many marks, and sentences as long as they may be."""
    lanes = tuple(f"lane {n}" for n in range(LANES_MAX))
    words = [f"{n} {n * n} {'word ' * 30}" for n in range(STEPS_MAX)]
    steps = [step(n, lane=lanes[n % LANES_MAX], words=words[n], post=f"p{n}") for n in range(STEPS_MAX)]
    page = await shelved(home, replay(*steps, lanes=lanes)).get("/replay/seed-3")
    assert len(page.all("g")) <= SPOTS_MAX + LANES_MAX
    assert len(gzip.compress(page.html.encode())) < 60 * 1024


def test_idle_time_is_squeezed_and_the_times_below_say_so() -> None:
    """A day in which two things happened an hour apart."""
    axis = Axis(replay(step(10), step(3_610), lasts_s=86_400.0))
    assert axis.x(0) == LEFT
    assert axis.x(86_400) == LEFT + WIDTH
    assert axis.x(3_610) - axis.x(10) == pytest.approx(WIDTH * IDLE_S / (10 + 2 * IDLE_S))
    assert axis.at(axis._length[1] / axis._length[-1]) == 10
    assert axis.x(99_999) == LEFT + WIDTH


def test_a_world_in_which_nothing_happened_can_be_drawn() -> None:
    """Also one that lasted no time at all."""
    found = drawn(replay(lasts_s=0.0))
    assert (found.spots, len(found.lanes)) == ([], 2)


def test_a_time_says_its_day_from_the_second_one_on() -> None:
    """So a simulated day reads as a day."""
    assert (when(0), when(3_661.9), when(2 * 86_400 + 5)) == ("00:00:00", "01:01:01", "day 3, 00:00:05")


def test_every_mark_has_its_word() -> None:
    """And the menu leads to the page."""
    assert set(MARKS) == set(Mark)
    assert [(leaf.path, leaf.group, leaf.key) for leaf in LEAVES if leaf.label == "Replay"] == [
        ("/replay", "Workshop", "y")]  # fmt: skip
