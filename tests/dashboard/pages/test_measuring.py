"""The page of measuring: how fresh, what is overdue, what comes next, how looks went; missing is missing."""

from typing import Any

from bowerbird.core.facts import Fact
from bowerbird.core.findings import Counts, Reading
from bowerbird.core.gauge import Sample
from bowerbird.core.post import SECOND_US
from bowerbird.dashboard.gauges import Gauges
from bowerbird.dashboard.metrics import packed
from bowerbird.dashboard.pages.measuring import BARS_MAX, LOOKS_MAX, bars, reasons, tallies
from tests.dashboard.house import START, WREN, House, published

HOUR_US = 3_600 * SECOND_US


def a_reading(post_id: str, ago_s: float = 30, **counts: Any) -> Reading:
    """Numbers of a post, read so long ago."""
    at = START - int(ago_s * SECOND_US)
    return Reading(post_id=post_id, account_id=WREN.id, rung=0, age_s=30, observed_at=at, counts=Counts(**counts))


def a_look(kind: str = "measured", **data: Any) -> Fact:
    """How a look went."""
    return Fact(kind=kind, at=START - 9, by="measuring", account_id=WREN.id, data=data)


FAILED = a_look("unmeasured", reason="unreadable", sentence="the platform said nothing about this post")


async def test_before_anything_is_out_it_teaches(home: House) -> None:
    """No share of nothing, no drift, no number."""
    words = (await home.get("/measuring")).words
    assert "No post has been published yet. Its first numbers are read a minute after it went out." in words
    assert "Nobody has looked yet." in words
    assert "No look is overdue." in words
    assert "None is planned" in words
    assert "Drift Not measured yet." in words


async def test_fresh_posts_say_how_fresh_their_numbers_are(home: House) -> None:
    """A post that was never read counts among them; an old one does not."""
    old = published("p1", published_at=START - 48 * HOUR_US)
    await home.put(
        published("p7"), published("p8"), published("p9"), old, readings=(a_reading("p8", 30), a_reading("p9", 5))
    )
    words = (await home.get("/measuring")).words
    assert "Posts of the last day 3 With numbers 2 Newest reading 5 s ago Longest not read 30 s ago" in words


async def test_a_number_that_is_not_shown_is_no_zero(home: House) -> None:
    """What the platform shows as 0 is 0, the rest is said to be missing."""
    await home.put(published("p8"), published("p9"), readings=(a_reading("p9", likes=0, replies=1_204),))
    words = (await home.get("/measuring")).words
    assert "The words of p9. 1 min ago 30 s ago not shown 0 not shown 1,204 not shown none" in words
    assert "The words of p8. 1 min ago not yet not measured yet none" in words


async def test_overdue_looks_stand_apart_from_those_that_come(home: House) -> None:
    """The oldest first, with what kept it from being read; a look that is just due is not late."""
    late = published("p7", look_at=START - 300 * SECOND_US, reason="unreadable")
    due = published("p8", look_at=START - 5 * SECOND_US)
    soon = published("p9", look_at=START + 60 * SECOND_US)
    await home.put(soon, late, due)
    page = await home.get("/measuring")
    assert "1 should have been long ago; the oldest was due 5 min ago ." in page.words
    assert "The words of p7. sandbox:wren, due 5 min ago : unreadable" in page.words
    assert "The words of p9. sandbox:wren, in 1 min , at the age of 2 min" in page.words
    assert "weakened since 5 min ago 1 reading is overdue, the oldest due 5 min ago." in page.words


async def test_a_great_many_overdue_looks_are_bounded(home: House) -> None:
    """And said to be."""
    many = [published(f"q{n}", look_at=START - 999 * SECOND_US) for n in range(LOOKS_MAX + 5)]
    await home.put(*many)
    assert f"{LOOKS_MAX} or more should have been long ago" in (await home.get("/measuring")).words


async def test_looks_say_how_many_went_well_and_why_the_others_did_not(home: House) -> None:
    """As a share, as bars, and by reason."""
    await home.put(facts=(a_look(), a_look(), FAILED, a_look()))
    page = await home.get("/measuring")
    assert "75 % of the last 4 looks." in page.words
    assert "1 time: the platform said nothing about this post unreadable, last now" in page.words
    assert [li.get("class") for li in page.all("li") if "UTC" in li.get("title", "")] == [
        "read",
        "read",
        "failed",
        "read",
    ]


def test_bars_are_bounded_and_reasons_are_counted_by_their_code() -> None:
    """The commonest first, each with its newest sentence."""
    assert len(bars([a_look()] * 500)) == BARS_MAX
    other = a_look("unmeasured")
    assert [(code, n) for code, _, n, _ in reasons([FAILED, other, FAILED])] == [
        ("unreadable", 2), ("it did not say", 1)]  # fmt: skip


def test_accounts_stand_by_how_overdue_they_are() -> None:
    """What is not measured of one is not 0."""
    late = Gauges([Sample(name="bowerbird_reading_overdue_seconds", value=900, labels={"account": WREN.id})])
    (row,) = tallies([WREN], [a_look(), FAILED], late)
    assert (row.read, row.failed, row.share, row.overdue) == (1, 1, "50 %", "by 15 min")
    (row,) = tallies([WREN], [], Gauges([]))
    assert (row.share, row.overdue) == (None, None)


async def test_the_account_is_told_when_the_engine_says_that_nothing_is_late(home: House) -> None:
    """A look that has just become due is none that is late."""
    due = Sample(name="bowerbird_reading_overdue_seconds", value=4, labels={"account": WREN.id})
    await home.put(snapshots=(packed([due], START),))
    assert "sandbox:wren 0 0 not measured yet no" in (await home.get("/measuring")).words
