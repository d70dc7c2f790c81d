"""What came of the drills, as lines and as a page."""

import json
from dataclasses import replace

from bowerbird.drills.page import bar, page
from bowerbird.drills.report import as_json, one_line, total
from bowerbird.drills.row import LINE, SEEN, Outcome, Sight, Verdict

HELD = Outcome(
    id="4.1", name="4.1 the breaker opens", breaks="It opens.", alert_s=2.0, alert_max_s=5.0, recover_s=10.0,
    recover_max_s=60.0, held_s=4.0, lost=0, doubled=0, alerts=1, root="breaker:sandbox", root_expected="breaker:",
    healed_by="its own probe succeeded", effects=("posting:wren",),
)  # fmt: skip
SLOW = replace(HELD, name="4.1 and its probe hangs", alert_s=6.0, wrong=("told after 6.0 s, not within 5 s",))


def test_a_row_is_as_good_as_its_worst_way() -> None:
    """The slowest alert stands in the line, and one way that failed fails the row."""
    line = Verdict("4.1", (HELD, SLOW)).line()
    assert tuple(line) == LINE
    assert (line["alert_s"], line["recover_s"], line["ok"]) == (6.0, 10.0, False)


def test_where_somebody_looked_the_line_says_what_was_seen() -> None:
    """Of the way in which the overview was slowest; without a look it says nothing about it."""
    quick = Sight(seen_s=0.2, seen_max_s=2.0, layer="Posting", light="red", sentence="It is open.", green_s=9.0)
    slow = Sight(seen_s=1.5, seen_max_s=2.0, layer="Jobs", light="red", sentence="It fails.", green_s=3.0)
    line = Verdict("4.1", (replace(HELD, sight=quick), replace(HELD, sight=slow), HELD)).line()
    assert tuple(line) == LINE + SEEN
    assert [line[name] for name in SEEN] == [1.5, 2.0, "Jobs", "It fails.", 9.0]
    blind = Verdict("4.1", (replace(HELD, sight=quick), replace(HELD, sight=Sight(seen_max_s=2.0)))).line()
    assert (blind["seen_s"], blind["green_s"]) == (None, None)
    assert "seen 1.5 of 2 s: Jobs, as before 3.0 s after" in one_line(replace(HELD, sight=slow)).plain


def test_the_last_line_is_the_sum() -> None:
    """With --json the last line says how many rows failed, and how much periods were shrunk."""
    lines = [json.loads(line) for line in as_json([Verdict("4.1", (HELD,))], {"jobs.plan_s": 30.0}).splitlines()]
    assert lines[-1] == {
        "rows": 1, "failed": [], "lost": 0, "doubled": 0, "scale": {"jobs.plan_s": 30.0}, "ok": True,
    }  # fmt: skip
    assert not total([Verdict("4.1", (SLOW,))], {})["ok"]


def test_what_did_not_happen_is_worse_than_what_was_late() -> None:
    """Nobody told stands in the line, not the other way's two seconds."""
    silent = replace(HELD, alert_s=None, wrong=("nobody was told",))
    assert Verdict("4.1", (HELD, silent)).line()["alert_s"] is None


def test_a_bar_lays_out_fault_alert_and_recovery() -> None:
    """Recovery counts from the end of the fault; everything fits on the bar."""
    found = bar(HELD)
    assert found.well is not None
    assert found.told is not None
    assert 0 < found.told < found.fault < found.well < 100


def test_a_bound_far_away_does_not_squeeze_the_bar() -> None:
    """Sixty seconds beside two of recovery: the bar shows the two."""
    assert bar(replace(HELD, recover_s=0.5, recover_max_s=300.0)).well_by is None


def test_the_page_stands_alone_and_names_everything() -> None:
    """No address, no script; each way with its bar, its root and its effects."""
    text = page([Verdict("4.1", (HELD, SLOW))], {})
    assert "<script" not in text
    assert "http" not in text
    assert all(word in text for word in ("breaker:sandbox", "posting:wren", "its own probe succeeded", "6.0 s"))
