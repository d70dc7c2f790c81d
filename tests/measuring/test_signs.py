"""Four signs that a page has changed, each at its threshold and not before."""

from __future__ import annotations

from bowerbird.core.findings import Sighting
from bowerbird.measuring.signs import ABSENT, ANSWERS, BEFORE, PAIRS, RECENT, Site

ALL = {"answer": 1, "testid": 1, "aria": 1, "labels": 1}


def seen(**changes: object) -> Sighting:
    """One page, read by every rung."""
    told: dict[str, object] = {
        "site": "x", "role": "post", "at": 0, "used": {"answer": 1}, "read": ALL, "compared": 1, "agreed": 1,
    }  # fmt: skip
    return Sighting(**(told | changes))  # type: ignore[arg-type]


def test_a_page_that_every_rung_reads_is_no_sign() -> None:
    """Nor is a list of which only the answer was read, nor a page without any post."""
    site = Site()
    for sighting in (
        seen(),
        seen(read={"answer": 20}),
        seen(read=dict.fromkeys(ALL, 0), used={}, compared=0, agreed=0),
    ):
        site.see(sighting)
    assert site.signs() == {}


def test_a_rung_that_reads_nothing_is_noticed_at_once_and_over_when_it_reads_again() -> None:
    """The posts are read all the same, by the others."""
    site = Site()
    site.see(seen(read={**ALL, "testid": 0}))
    assert "testid reads nothing" in site.signs()["blind"]
    site.see(seen())
    assert site.signs() == {}


def test_agreement_is_judged_over_two_hundred_pairs() -> None:
    """Two of them may differ, three may not; and none before there are so many."""
    site = Site()
    site.see(seen(compared=PAIRS - 2, agreed=PAIRS - 4))
    assert site.signs() == {}
    site.see(seen(compared=2, agreed=2))
    assert site.signs() == {}
    site.see(seen(compared=1, agreed=0))
    assert "agreement" in site.signs()


def test_a_rung_that_is_needed_less_by_twenty_points_is_noticed() -> None:
    """Twenty are not enough, twenty-two are; a young site has no before."""
    site = Site()
    for n in range(BEFORE):
        site.see(seen(read={"answer": 1}))
        assert site.signs() == {}, n
    for n in range(RECENT):
        site.see(seen(used={"aria": 1} if n < 10 else {"answer": 1}, read={"answer": 1}))
    assert "rung" not in site.signs()
    site = Site()
    for _ in range(BEFORE):
        site.see(seen(read={"answer": 1}))
    for n in range(RECENT):
        site.see(seen(used={"aria": 1} if n < 11 else {"answer": 1}, read={"answer": 1}))
    assert "rung" in site.signs()


def test_something_that_was_in_every_answer_is_missed_before_a_number_is() -> None:
    """Not at the first answer without it, and only the highest of what went together."""
    site = Site()
    whole = frozenset({"Op", "Op.legacy", "Op.legacy.likes", "Op.note"})
    for n in range(ANSWERS + 3):
        site.see(seen(paths=whole if n else whole - {"Op.note"}))
    for _ in range(ABSENT - 1):
        site.see(seen(paths=frozenset({"Op", "Op.counts"})))
    assert "schema" not in site.signs()
    site.see(seen(paths=frozenset({"Op", "Op.counts"})))
    assert site.signs()["schema"].startswith("Op.legacy was in every answer")
    site.see(seen(paths=whole))
    assert site.signs() == {}


def test_a_restart_remembers_what_was_normal() -> None:
    """Shares and shapes; what was wrong is seen again soon enough."""
    site = Site()
    for _ in range(ANSWERS):
        site.see(seen(paths=frozenset({"Op", "Op.legacy"})))
    again = Site.recalled(site.kept())
    for _ in range(ABSENT):
        again.see(seen(paths=frozenset({"Op"})))
    assert "schema" in again.signs()
    assert list(again.used)[: len(site.used)] == list(site.used)
