"""The page of the promises: all 106 under their layers, by state, and honest where nothing can be known."""

import asyncio
from pathlib import Path

import pytest

from bowerbird.core.post import SECOND_US
from bowerbird.dashboard.workshop import Promised, Workshop
from bowerbird.drills.proofs import Result, remember, summary
from bowerbird.drills.proofs import proofs as all_proofs
from bowerbird.drills.shop import Shop, workshop
from tests.dashboard.house import START, House

MARKED = """
import pytest

@pytest.mark.proves("2.1", "2.G3")
def test_a(): ...
"""
PROVED = Promised(
    id="2.G3", title="critical jobs are not tried again", layer=2, state="proved", why="",
    ran_at=START - 7200 * SECOND_US, page="/jobs", tests=["tests/jobs/test_x.py::test_a"],
)  # fmt: skip
FAILED = Promised(
    id="X12", title="one alert per root", layer=None, state="failed", why="its drill failed",
    ran_at=START - 60 * SECOND_US, page="",
)  # fmt: skip
OPEN = Promised(
    id="7.1", title="thirty-two clients of the cache", layer=7, state="open", why="no test yet", ran_at=None, page="/"
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with one test, which ran and held, and one drill, which did not."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_x.py").write_text(MARKED)
    remember(tmp_path / ".proofs" / "tests.json", {"tests/test_x.py::test_a": Result(ok=True, at=2_000_000)})
    remember(tmp_path / ".proofs" / "drills.json", {"2.1": Result(ok=False, at=3_000_000)})
    return tmp_path


def handed(house: House, shop: Workshop) -> House:
    """The house with this workshop."""

    async def tell() -> Workshop:
        return shop

    house.face.workshop = tell
    return house


async def test_the_page_says_what_the_command_says(home: House, checkout: Path) -> None:
    """The same rows, the same sum, from the same files."""
    found = summary(await asyncio.to_thread(all_proofs, checkout))
    page = await handed(home, await asyncio.to_thread(workshop, checkout)).get("/proofs")
    assert f"106 promises: {found['proved']} proved, {found['open']} open, {found['failed']} failed." in page.words
    assert (found["proved"], found["failed"]) == (1, 1)
    shown = [li["id"] for li in page.all("li") if li.get("id", "").startswith("proof-")]
    assert len(shown) == found["total"] == 106


async def test_rows_stand_under_their_layer_with_what_they_rest_on(home: House) -> None:
    """Also what is missing, in words, and where it is seen."""
    page = await handed(home, Workshop(promises=[PROVED, OPEN, FAILED], tests=True)).get("/proofs")
    assert "2 Jobs 2.G3 proved 2 h ago Critical jobs are not tried again." in page.words
    assert "7 Cache 7.1 open not run here Thirty-two clients of the cache. No test yet." in page.words
    assert "Across the layers X12 failed" in page.words
    assert "tests/jobs/test_x.py::test_a" in page.words
    assert "/jobs" in {link["href"] for link in page.all("a")}


async def test_tabs_narrow_it_to_one_state(home: House) -> None:
    """The sum stays that of all; a word that is no state narrows nothing."""
    handed(home, Workshop(promises=[PROVED, OPEN, FAILED], tests=True))
    page = await home.get("/proofs?only=failed")
    assert "3 promises: 1 proved, 1 open, 1 failed." in page.words
    assert "X12" in page.words
    assert "2.G3" not in page.words
    assert "2.G3" in (await home.get("/proofs?only=<b>")).words
    handed(home, Workshop(promises=[PROVED], tests=True))
    assert "No promise is failed." in (await home.get("/proofs?only=failed")).words


async def test_an_installed_program_says_what_it_cannot_know(home: House) -> None:
    """Every promise is there, none is claimed, and it says how one finds out."""
    page = await handed(home, await asyncio.to_thread(workshop, None)).get("/proofs")
    assert "106 promises: 0 proved, 106 open, 0 failed." in page.words
    assert "installed without its tests" in page.words
    assert "make test" in page.words


async def test_a_face_without_a_workshop_says_so(home: House) -> None:
    """It was started by something else than the program."""
    assert "started without its workshop" in (await home.get("/proofs")).words


async def test_what_is_told_follows_the_files(checkout: Path, home: House) -> None:
    """A result that is written while the page is open is on it within seconds; nothing is read twice in between."""
    shop = Shop(home.clock, checkout)
    first = await shop()
    assert await shop() is first
    fresh = {"2.1": Result(ok=True, at=4_000_000)}
    await asyncio.to_thread(remember, checkout / ".proofs" / "drills.json", fresh)
    assert await shop() is first
    home.pass_s(6)
    then = await shop()
    assert then.drilled_at == 4_000_000
    assert [row.state for row in then.promises if row.id == "2.1"] == ["proved"]
