"""The first page: one light with its proof, ten tiles, what is missing and what is done instead."""

from typing import Any

from bowerbird.core.gauge import Snapshot
from bowerbird.core.incident import Severity
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US
from bowerbird.dashboard.asked import Beside
from bowerbird.dashboard.pages.overview import PLACES
from bowerbird.dashboard.routes import LEAVES
from tests.dashboard.house import START, House, a_post, published
from tests.dashboard.test_nodes import an_incident

PLAN = "Accounts that need no browser post on."


def parts(*rows: dict[str, Any], notes: tuple[str, ...] = (), at: int = START) -> Snapshot:
    """What the boot says."""
    return Snapshot(name="parts", at=at, data={"state": "degraded", "notes": list(notes), "parts": list(rows)})


BROWSER = {"name": "browser", "plan": PLAN, "by": "posting"}


def test_every_layers_page_exists() -> None:
    """A tile leads to a page that is there, or nowhere."""
    assert set(PLACES.values()) - {""} <= {leaf.path for leaf in LEAVES}


async def test_each_layer_has_a_tile_with_its_state_in_a_word(home: House) -> None:
    """And leads to its page."""
    page = await home.get("/")
    assert "Jobs not yet No job has run yet." in page.words
    assert "Cache not yet Nothing is cached yet" in page.words
    assert {"/jobs", "/engine"} <= {link["href"] for link in page.all("a") if link.get("class") == "name"}


async def test_an_open_incident_colours_its_tile_and_the_one_light(home: House) -> None:
    """The sentence says what is done about it."""
    await home.put(incidents=(an_incident("breaker:sandbox x", title="The breaker is open.", fix="It probes."),))
    page = await home.get("/")
    assert "Posting fails The breaker is open. It probes." in page.words
    assert "light red" in {section.get("class") for section in page.all("section")}
    assert "tile red" in {li.get("class") for li in page.all("li")}


async def test_due_work_that_is_not_done_is_red_without_any_incident(home: House) -> None:
    """With the clock of the last proof."""
    late = a_post("p2", state=State.QUEUED, due=START - 120 * SECOND_US, expires_at=START + 3600 * SECOND_US)
    await home.put(late, published())
    page = await home.get("/")
    assert "light red" in {section.get("class") for section in page.all("section")}
    assert "1 post is due and not sent, the oldest for 2 min." in page.words
    assert "The last post was proven on its platform 1 min ago" in page.words


async def test_what_is_missing_is_told_with_what_is_done_instead(home: House) -> None:
    """As the boot says, and of learning as its incident shows, which nobody is told of."""
    stale = an_incident("learning:sandbox:wren", severity=Severity.INFO)
    await home.put(snapshots=(parts(BROWSER),), incidents=(stale,))
    words = (await home.get("/")).words
    assert f"Without browser {PLAN}" in words
    assert "Without learning The last version that was verified goes on advising" in words


async def test_what_the_boot_said_long_ago_is_not_told(home: House) -> None:
    """The engine may have died since."""
    await home.put(snapshots=(parts(BROWSER, at=START - 60 * SECOND_US),))
    assert PLAN not in (await home.get("/")).words


async def test_it_says_when_nobody_would_be_told_and_where_to_break_it(home: House) -> None:
    """The notes of the boot, and the page of a rehearsal; an address that is none leads nowhere."""
    await home.put(snapshots=(
        parts(notes=("If this machine dies, nobody is told.",)),
        Snapshot(name="rehearsal", at=START, data={"break_me": "http://127.0.0.1:9/"}),
    ))  # fmt: skip
    page = await home.get("/")
    assert "If this machine dies, nobody is told." in page.words
    assert "http://127.0.0.1:9/" in {link["href"] for link in page.all("a")}
    await home.put(snapshots=(Snapshot(name="rehearsal", at=START, data={"break_me": "javascript:alert(1)"}),))
    assert "javascript:" not in (await home.get("/")).html


async def test_books_that_cannot_be_written_are_told_beside_them(home: House) -> None:
    """The engine lives, says so in its file, and only the books are red."""

    async def beside() -> Beside:
        return Beside(heard_at=home.clock.now(), trouble="the disk is full")

    home.face.beside = beside
    home.pass_s(9)
    page = await home.get("/")
    assert "Books fails The books cannot be written: the disk is full. Nothing new is sent" in page.words
    assert "Silent" not in page.words
    assert "Engine works" in page.words
