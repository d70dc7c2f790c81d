"""The page of the books: their room and pace, who has them open, what waits beside them, what is forgotten."""

from dataclasses import replace

import pytest

from bowerbird.core.books import Old
from bowerbird.core.facts import Fact
from bowerbird.core.gauge import Sample
from bowerbird.core.post import SECOND_US
from bowerbird.core.work import Outcome, Owner, Run
from bowerbird.dashboard.metrics import packed
from bowerbird.dashboard.pages.storage import ASIDE_MAX, KEPT, how, set_aside, under
from tests.dashboard.house import START, House

TIDY = Run(id="t", job="tidy", slot_at=START, started_at=START, outcome=Outcome.DONE)
SAMPLES = (
    Sample(name="bowerbird_storage_file_bytes", value=709_000, labels={"file": "books"}),
    Sample(name="bowerbird_storage_file_bytes", value=4_200_000, labels={"file": "log"}),
    Sample(name="bowerbird_storage_free_bytes", value=82.5e9),
    Sample(name="bowerbird_storage_write_seconds", value=0.004),
    Sample(name="bowerbird_spool_records", value=1_204),
    Sample(name="bowerbird_spool_used_bytes", value=2e6),
    Sample(name="bowerbird_spool_used_ratio", value=0.03),
)
DAY_OLD = Sample(name="bowerbird_backup_age_seconds", value=86_400 * 2)


async def test_before_the_engine_said_anything_nothing_is_claimed(empty_house: House) -> None:
    """No number, no backup that is missing, nobody who has them open."""
    page = await empty_house.signed_in().get("/storage")
    assert "The books not measured yet Their log, written ahead not measured yet" in page.words
    assert "Records that wait not measured yet" in page.words
    assert "Newest backup Not measured yet." in page.words
    assert "Nobody has ever had them open but this page." in page.words
    assert "The engine has said nothing lately" in page.words


async def test_room_pace_and_spool_are_the_engines_own_numbers(home: House) -> None:
    """What has no gauge yet says so."""
    await home.put(snapshots=(packed(SAMPLES, START),))
    words = (await home.get("/storage")).words
    assert "The books 709 kB Their log, written ahead 4.2 MB Free on their disk 82.5 GB" in words
    assert "The last write took under 10 ms" in words
    assert "Reads of the engine not measured yet" in words
    assert "Records that wait 1,204 Room they take 2.0 MB Used of what it may hold 3 %" in words
    assert "None was made here. A disk that dies takes everything along" in words


async def test_the_newest_backup_has_an_age(home: House) -> None:
    """In words."""
    await home.put(snapshots=(packed([*SAMPLES, DAY_OLD], START),))
    assert "Newest backup 2 d old." in (await home.get("/storage")).words


async def test_who_has_them_open_is_told_from_who_is_gone(home: House) -> None:
    """Only who was heard lately has them open."""
    gone = Owner(
        id="old", role="face", pid=7, started_at=START - 999, heard_at=START - 60 * SECOND_US, note="serving"
    )  # fmt: skip
    await home.books.beat(gone)
    words = (await home.get("/storage")).words
    assert "engine 1 has them open now just now all caught up" in words
    assert "face 7 gone now 1 min ago serving" in words


async def test_what_happened_and_what_was_set_aside_is_told(home: House) -> None:
    """With why, and how much room it takes."""
    facts = (
        Fact(kind="spooled", at=START, by="spool", data={"why": "the disk is full"}),
        Fact(kind="set_aside", at=START, by="spool", data={"bytes": 1_500, "file": "spool.aside", "why": "x"}),
    )
    await home.put(facts=facts)
    words = (await home.get("/storage")).words
    assert "The books could not be written; it was kept in the spool." in words
    assert "Set aside, for it can never be written: 1 record, 1.5 kB, put into the file spool.aside." in words


def test_more_than_is_counted_is_said_so() -> None:
    """The newest fifty stand for all."""
    fact = Fact(kind="set_aside", at=START, by="spool", data={"bytes": 10})
    assert set_aside([fact] * ASIDE_MAX).startswith(f"{ASIDE_MAX} records or more, 500 B")
    assert set_aside([]) == ""


async def test_what_is_forgotten_and_when_that_was_done_last(home: House) -> None:
    """Every kind that is forgotten has its words."""
    assert set(KEPT) == set(Old)
    words = (await home.get("/storage")).words
    assert "Runs of jobs 30 d" in words
    assert "Nobody has tidied yet" in words
    await home.put(runs=(TIDY,))
    assert "The last tidying went well, now" in (await home.get("/storage")).words


@pytest.mark.parametrize(
    ("run", "words"),
    [(TIDY, "went well"), (replace(TIDY, outcome=Outcome.FAILED, error="full"), "failed: full"),
     (replace(TIDY, outcome=Outcome.CUT_OFF), "cut off")],
)  # fmt: skip
def test_how_it_went_is_said(run: Run, words: str) -> None:
    """Also when it did not."""
    assert how(run) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(None, None), (0.0, "under 10 ms"), (0.06, "under 100 ms"), (3, "3.0 s")]
)
def test_a_pace_is_said_in_steps(seconds: float | None, words: str | None) -> None:
    """So that a page is not news with each look."""
    assert under(seconds) == words
