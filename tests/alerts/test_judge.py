"""One message for one root, whatever order things come in."""

from dataclasses import replace

import pytest

from bowerbird.alerts.graph import edges_of
from bowerbird.alerts.incidents import GROUP_S, LINGER_S
from bowerbird.alerts.telling import Quiet, acknowledged, unhush
from bowerbird.core.books import Batch, Committed, Lost
from bowerbird.core.facts import Fact
from bowerbird.core.gauge import Sample
from bowerbird.core.incident import Incident, Severity, Silence, Told
from tests.alerts.room import ANN, BEN, EDGES, Room, breaker, down, overdue, sample

BROWSER = "The breaker browser is open"
LATE = f"A post of {ANN} is due and not sent"


@pytest.mark.proves("4.1")
async def test_an_open_breaker_is_told_within_its_bound_and_again_when_it_is_over() -> None:
    """From the number to the phone it takes less than the promised 5 seconds, once; and the end is told too."""
    room = Room()
    began = room.clock.monotonic()
    while not room.ear.heard:
        await room.round(breaker())
    assert room.clock.monotonic() - began <= 5 - GROUP_S
    await room.rounds(300, breaker())
    assert room.ear.told() == [BROWSER]
    await room.rounds(30, breaker(0))
    assert room.ear.told() == [BROWSER, f"Over: {BROWSER}"]
    assert await room.open() == []


@pytest.mark.proves("5.5")
async def test_a_browser_that_was_lost_is_told_in_the_round_that_finds_it() -> None:
    """Nothing that comes later explains it, so nobody waits for that; a browser that is down already still does."""
    room = Room()
    await room.rounds(3, sample("browser_lost_total", 0))
    await room.round(sample("browser_lost_total", 1))
    assert room.ear.told() == ["A browser was lost"]
    room = Room()
    await room.rounds(9, sample("browser_lost_total", 1), sample("browser_up", 0))
    assert room.ear.told() == ["The browser does not run"]


@pytest.mark.proves("4.2", "P1", "X12")
async def test_effects_are_grouped_under_their_root() -> None:
    """A breaker and the posts it holds up are one message, which names them; each effect knows its root."""
    room = Room()
    await room.rounds(20, breaker(), overdue(), sample("browser_up", 0))
    rows = {row.rule: row for row in await room.open()}
    assert room.ear.told() == ["The browser does not run"]
    root = rows["BrowserDown"].id
    assert (rows["BrowserDown"].root, rows["BreakerOpen"].root, rows["PostOverdue"].root) == ("", root, root)


@pytest.mark.proves("2.3", "2.G4")
async def test_jobs_that_starve_are_effects_of_the_one_that_stands() -> None:
    """Measure stands, so learn and then plan wait for it: one message, and each says what it waits for."""
    room = Room()
    stands = sample("job_overdue_seconds", 60, job="measure")
    await room.rounds(10, stands)
    starving = [sample("job_blocked", 1, job="learn", by="measure"), sample("job_blocked", 1, job="plan", by="learn")]
    await room.rounds(20, stands, *starving)
    rows = {row.part: row for row in await room.open()}
    assert room.ear.told() == ["The job measure is overdue"]
    assert {row.root for row in rows.values() if row.rule == "JobBlocked"} == {rows["job:measure"].id}
    assert rows["job:plan"].title == "The job plan waits for learn"
    await room.rounds(30, sample("job_overdue_seconds", 0, job="measure"))
    assert await room.open() == []


@pytest.mark.proves("1.1")
async def test_two_parts_that_need_each_other_do_not_wait_for_each_other() -> None:
    """A browser and its breaker fail together: whichever is found first is told a moment later, and alone."""
    room = Room(edges={**EDGES, "browser": frozenset({"breaker:browser"})})
    began = room.clock.monotonic()
    missing = sample("part_up", 0, part="browser")
    while not room.ear.heard:
        await room.round(breaker(), missing, sample("browser_up", 0))
    assert room.clock.monotonic() - began <= GROUP_S + 1
    await room.rounds(30, breaker(), missing, sample("browser_up", 0))
    assert room.ear.told() == [BROWSER]


@pytest.mark.proves("1.1", "4.2")
async def test_a_job_that_waits_behind_a_browser_is_an_effect_of_it() -> None:
    """Reading finds its seats taken by what hangs in the browser: one message, about the browser."""
    room = Room()
    waits = sample("job_overdue_seconds", 8, job="measure")
    await room.rounds(20, sample("browser_up", 0), waits)
    rows = {row.part: row for row in await room.open()}
    assert room.ear.told() == ["The browser does not run"]
    assert rows["job:measure"].root == rows["browser"].id


@pytest.mark.proves("5.1")
async def test_a_browser_that_was_lost_is_no_second_message_beside_its_breaker() -> None:
    """Also after a restart, when nobody says that it does not run because nobody has needed it yet."""
    room = Room()
    await room.rounds(5, sample("browser_lost_total", 1))
    await room.rounds(30, breaker(), sample("browser_lost_total", 1))
    rows = {row.part: row for row in await room.open()}
    assert rows["seats"].root == rows["breaker:browser"].id
    assert room.ear.told() == ["A browser was lost", f"The root is known: {BROWSER}"]


async def test_two_unrelated_faults_have_two_roots() -> None:
    """Ann's breaker and Ben's have nothing to do with each other."""
    room = Room()
    await room.rounds(10, breaker(), breaker(name="sandbox there"), overdue(), overdue(account=BEN))
    rows = {row.part: row for row in await room.open()}
    assert rows[f"posting:{ANN}"].root == rows["breaker:browser"].id
    assert rows[f"posting:{BEN}"].root == rows["breaker:sandbox there"].id
    assert sorted(room.ear.told()) == [BROWSER, "The breaker sandbox there is open"]


async def test_a_cause_half_a_minute_late_takes_its_effect_over() -> None:
    """The effect was told already, so the root is told as news about it, not as a second alert."""
    room = Room()
    await room.rounds(30, overdue())
    await room.rounds(30, overdue(), breaker())
    assert room.ear.told(Told.OPENED) == [LATE]
    assert room.ear.told(Told.UPDATED) == [f"The root is known: {BROWSER}"]
    rows = {row.rule: row for row in await room.open()}
    assert rows["PostOverdue"].root == rows["BreakerOpen"].id
    assert [fact.data["cause"] for fact in await room.facts("incident_linked")] == [BROWSER]
    await room.rounds(90, overdue(0), breaker(0))
    assert room.ear.told(Told.RESOLVED) == [f"Over: {BROWSER}"]


async def test_a_cause_of_an_hour_later_explains_nothing() -> None:
    """What broke long after the effect began is a second fault."""
    room = Room()
    await room.rounds(700, overdue())
    await room.rounds(10, overdue(), breaker())
    assert room.ear.told(Told.OPENED) == [LATE, BROWSER]


async def test_an_effect_that_outlives_its_root_is_told_itself() -> None:
    """The root lingers for as long as a job may take to run again; what is still wrong then is a root of its own."""
    room = Room()
    await room.rounds(20, breaker(), overdue())
    await room.rounds(int(LINGER_S), breaker(0), overdue())
    assert room.ear.told() == [BROWSER]
    await room.rounds(15, breaker(0), overdue())
    assert room.ear.told() == [BROWSER, f"Over: {BROWSER}", LATE]
    assert [row.root for row in await room.open()] == [""]


async def test_what_comes_and_goes_within_seconds_is_one_incident() -> None:
    """A breaker that closes for five seconds at a time does not ring the phone each time."""
    room = Room()
    for _ in range(20):
        await room.rounds(5, breaker())
        await room.rounds(5, breaker(0))
    assert room.ear.told() == [BROWSER]


async def test_what_keeps_coming_back_must_be_gone_for_longer_each_time() -> None:
    """Two hours of flapping every half minute are a handful of messages, not two hundred."""
    room = Room()
    for _ in range(240):
        await room.rounds(15, breaker())
        await room.rounds(15, breaker(0))
    assert len(room.ear.told(Told.OPENED)) <= 6


async def test_what_ended_it_is_said_in_the_words_of_the_fact() -> None:
    """The fact that came before the end is the reason of the end."""
    room = Room()
    await room.rounds(5, breaker())
    closed = Fact(kind="breaker_closed", at=room.clock.now(), by="ann", data={"breaker": "browser", "why": "I looked"})
    await room.books.record(Batch(facts=(closed,)))
    await room.rounds(15, breaker(0))
    (row,) = await room.books.incidents()
    assert row.healed_by == "ann closed it: I looked"


async def test_a_silence_holds_its_tongue_until_its_end() -> None:
    """Nothing is sent about a silenced breaker; when the silence ends and it is still open, it is told."""
    room = Room()
    now = room.clock.now()
    hush = Silence(id="s", rule="BreakerOpen", since=now, until=now + 60_000_000, by="ann")
    await room.books.record(Batch(silences=(hush,)))
    await room.rounds(55, breaker())
    assert room.ear.heard == []
    await room.rounds(10, breaker())
    assert room.ear.told() == [BROWSER]


async def test_what_was_over_before_it_was_told_is_never_told() -> None:
    """No "over" without an "opened" before it."""
    room = Room()
    hush = Silence(id="s", since=room.clock.now(), until=room.clock.now() + 60_000_000, by="ann")
    await room.books.record(Batch(silences=(hush,)))
    await room.rounds(20, breaker())
    await room.rounds(90, breaker(0))
    assert room.ear.heard == []
    assert [row.rule for row in await room.books.incidents()] == ["BreakerOpen"]


async def test_quiet_hours_hold_back_what_is_not_critical() -> None:
    """Virtual time begins at midnight: a warning waits until seven, a red one does not."""
    room = Room(quiet=Quiet("22:00-07:00"))
    waiting = sample("post_parked", 1, account=BEN)
    await room.rounds(10, waiting, breaker())
    assert room.ear.told() == [BROWSER]
    room.clock.advance(7 * 3600)
    await room.rounds(3, waiting, breaker())
    assert f"A post of {BEN} needs you" in room.ear.told()


async def test_what_stays_open_is_told_again_with_growing_waits() -> None:
    """After 4, 8 and 16 hours, then daily, and at some point no more."""
    room = Room()
    for _ in range(60 * 24 * 2):
        await room.round(breaker())
        room.clock.advance(59)
    assert room.ear.told(Told.OPENED) == [BROWSER]
    assert room.ear.told(Told.REMINDED) == [f"Still: {BROWSER}"] * 3


async def test_nobody_is_reminded_of_what_somebody_took_but_its_end_is_told() -> None:
    """Who took it and when stands on the incident, also after a restart; another one is not meant."""
    room = Room()
    await room.rounds(5, breaker(), overdue(account=BEN))
    one = next(each for each in await room.open() if each.rule == "BreakerOpen")
    taken_at = room.clock.now()
    await room.books.record(acknowledged(one, now=taken_at, why="on it", by="ann"))
    await room.round(breaker(), overdue(account=BEN))
    room.start()
    for _ in range(60 * 5):
        await room.round(breaker(), overdue(account=BEN))
        room.clock.advance(59)
    reminded = room.ear.told(Told.REMINDED)
    assert len(reminded) == 1
    assert BROWSER not in reminded[0]
    found = await room.books.incident(one.id)
    assert found is not None
    assert (found.acknowledged_by, found.acknowledged_at) == ("ann", taken_at)
    await room.rounds(90, breaker(0), overdue(account=BEN))
    assert room.ear.told(Told.RESOLVED) == [f"Over: {BROWSER}"]


async def test_a_silence_that_was_ended_early_silences_no_more() -> None:
    """What is open is told in the next round."""
    room = Room()
    now = room.clock.now()
    hush = Silence(id="s", rule="BreakerOpen", since=now, until=now + 3_600_000_000, by="ann")
    await room.books.record(Batch(silences=(hush,)))
    await room.rounds(30, breaker())
    assert room.ear.heard == []
    await room.books.record(unhush(hush, now=room.clock.now(), why="solved", by="ben"))
    await room.rounds(2, breaker())
    assert room.ear.told() == [BROWSER]
    assert [fact.data["why"] for fact in await room.facts("silence_ended")] == ["solved"]


async def test_a_restart_tells_nothing_twice() -> None:
    """What was open before is taken up again from the books; also when its number is late after the start."""
    room = Room()
    await room.rounds(10, breaker(), overdue())
    room.start()
    await room.rounds(20)
    await room.rounds(60, breaker(), overdue())
    assert room.ear.told() == [BROWSER]
    await room.rounds(30, breaker(0), overdue(0))
    assert room.ear.told() == [BROWSER, f"Over: {BROWSER}"]


def of_guardian(room: Room, *, told: bool = True) -> Incident:
    """The guardian heard nothing of the engine, and told it if it could."""
    now = room.clock.now()
    return Incident(
        id="g", fingerprint="EngineSilent|engine|", rule="EngineSilent", part="engine", severity=Severity.CRITICAL,
        title="The engine is silent", opened_at=now, seen_at=now, told_at=now if told else None, by="guardian",
    )  # fmt: skip


@pytest.mark.proves("2.2")
async def test_what_the_guardian_told_is_adopted() -> None:
    """The guardian says that it began and that it is over; the books have it as one incident, and nobody repeats it."""
    room = Room()
    found = of_guardian(room)
    room.judge.adopt(found)
    await room.rounds(5)
    assert [(row.id, row.by) for row in await room.open()] == [("g", "guardian")]
    room.judge.adopt(replace(found, closed_at=room.clock.now(), healed_by="it is heard again"))
    await room.rounds(5)
    assert [(row.id, row.healed_by) for row in await room.books.incidents()] == [("g", "it is heard again")]
    assert room.ear.told() == []


async def test_an_adopted_incident_is_over_after_a_minute_at_the_latest() -> None:
    """A guardian that died cannot say it, and an engine that judges is not silent."""
    room = Room()
    room.judge.adopt(of_guardian(room))
    await room.rounds(65)
    assert await room.open() == []


async def test_what_the_guardian_could_tell_nobody_is_told_by_the_engine() -> None:
    """It has no channel of its own; then both its beginning and its end are news."""
    room = Room()
    room.judge.adopt(of_guardian(room, told=False))
    await room.rounds(5)
    assert "The engine is silent" in " ".join(room.ear.told())


async def test_an_adopted_incident_that_goes_on_is_told_once_in_all() -> None:
    """The engine sees the same symptom under the same fingerprint: still one incident, and no second message."""
    room = Room()
    await room.round(breaker())
    (mine,) = await room.open()
    room.judge.adopt(replace(mine, id="g", by="guardian", told_at=room.clock.now()))
    await room.rounds(60, breaker())
    assert room.ear.heard == []
    assert [row.by for row in await room.open()] == ["guardian"]


async def test_what_is_only_written_down_is_not_sent_and_explains_nothing() -> None:
    """Amber on the page is not a message, and must not swallow one."""
    room = Room()
    await room.rounds(90, sample("alert_channels", 0), sample("model_age_seconds", 9e6, account=ANN))
    assert room.ear.heard == []
    assert {row.rule for row in await room.open()} == {"NobodyTold", "LearningStale"}


@pytest.mark.proves("3.3")
async def test_books_that_refuse_are_told_without_books() -> None:
    """The alert leaves within its 10 seconds, once; the facts are spooled; on return there is one incident."""
    room = Room()
    await room.rounds(3)
    room.books.refusing = room.books.deaf = True
    began = room.clock.monotonic()
    while not room.ear.heard:
        await room.round(down())
    assert room.clock.monotonic() - began <= 10
    await room.rounds(60, down())
    assert room.ear.told() == ["The books cannot be written"]
    assert [fact.kind for batch in room.books.kept for fact in batch.facts] == ["incident_opened"]
    room.books.refusing = room.books.deaf = False
    await room.rounds(5, down())
    (row,) = await room.open()
    assert (row.rule, row.told_at is not None) == ("StorageDown", True)
    await room.rounds(60, down(1))
    assert room.ear.told() == ["The books cannot be written", "Over: The books cannot be written"]


async def test_incidents_that_the_books_would_show_stay_open_while_they_cannot_be_read() -> None:
    """A number that is not there because the books are down is no cure, and no second alert afterwards."""
    room = Room()
    waiting = sample("post_parked", 1, account=BEN)
    await room.rounds(40, waiting, down(1))
    await room.rounds(60, down())
    await room.rounds(60, waiting, down(1))
    assert room.ear.told(Told.OPENED).count(f"A post of {BEN} needs you") == 1
    assert f"A post of {BEN} needs you" in [row.title for row in await room.open()]


async def test_an_engine_that_starts_without_books_merges_with_what_they_held() -> None:
    """The incident in the books and the one found in memory are one, under the id of the books."""
    room = Room()
    await room.rounds(10, breaker())
    (before,) = await room.open()
    room.start()
    room.books.refusing = room.books.deaf = True
    await room.rounds(2, breaker(), down())
    room.books.refusing = room.books.deaf = False
    await room.rounds(30, breaker(), down(1))
    assert [row.id for row in await room.open() if row.rule == "BreakerOpen"] == [before.id]
    assert len([row for row in await room.books.incidents() if row.rule == "BreakerOpen"]) == 1


async def test_the_clock_may_jump_an_hour_and_nothing_is_told_twice_or_forgotten() -> None:
    """Waiting is measured on the clock that nobody can set."""
    room = Room()
    await room.rounds(10, breaker())
    room.clock.step_wall(-3600)
    await room.rounds(30, breaker())
    room.clock.step_wall(7200)
    await room.rounds(30, breaker())
    assert room.ear.told() == [BROWSER]


async def test_what_is_adopted_while_the_books_write_is_not_forgotten() -> None:
    """Only what was in the batch is taken off the list."""
    room = Room()
    now = room.clock.now()
    theirs = Incident(
        id="g", fingerprint="PartDown|face|", rule="PartDown", part="face", severity=Severity.CRITICAL,
        title="face does not work", opened_at=now, seen_at=now, told_at=now, by="guardian",
    )  # fmt: skip
    write = room.books.record

    async def meanwhile(batch: Batch) -> Committed | Lost:
        outcome = await write(batch)
        if not any(row.id == "g" for row in room.judge.open_incidents()):
            room.judge.adopt(theirs)
        return outcome

    room.books.record = meanwhile  # type: ignore[method-assign]  # the books of this one room, slower
    await room.rounds(3, breaker())
    assert {row.id for row in await room.open()} >= {"g"}


@pytest.mark.proves("P3")
async def test_a_lane_on_which_everything_hangs_is_one_alert_of_the_lane() -> None:
    """The jobs on its seats are its effects, also one of another lane that lives on them; it ends with them."""
    edges = edges_of(
        jobs={"measure": (), "harvest": (), "learn": ("measure",)},
        breakers={ANN: ["sandbox here"]},
        lanes={"measure": "reading", "harvest": "reading", "learn": "thinking"},
    )
    room = Room(edges=edges)

    def numbers(still: float) -> list[Sample]:
        jobs = [sample("job_stuck_seconds", still, job=name) for name in ("measure", "harvest", "learn")]
        return [*jobs, sample("lane_stuck_seconds", still, lane="reading")]

    await room.rounds(20, *numbers(50))
    assert {row.part for row in await room.open()} == {"lane:reading", "job:measure", "job:harvest", "job:learn"}
    assert {row.title for row in room.ear.heard} == {"Nothing moves in the lane reading"}
    await room.rounds(20, *numbers(0)[:2], numbers(50)[2], numbers(0)[3])  # the last of them ends later
    await room.rounds(30, *numbers(0))
    assert await room.open() == []
    assert set(room.ear.told()) == {"Nothing moves in the lane reading", "Over: Nothing moves in the lane reading"}


@pytest.mark.proves("P1", "P3")
async def test_a_lane_held_by_work_that_waits_for_a_host_is_an_effect_of_its_breaker() -> None:
    """So is a job on it; the lane is not to blame for what a host does."""
    edges = edges_of(jobs={"measure": ()}, breakers={ANN: ["sandbox here"]}, lanes={"measure": "reading"})
    room = Room(edges=edges)
    stands = [sample("job_stuck_seconds", 50, job="measure"), sample("lane_stuck_seconds", 50, lane="reading")]
    await room.rounds(12, breaker(name="sandbox here"), *stands)
    assert [row.part for row in await room.open() if not row.root] == ["breaker:sandbox here"]
    assert len(set(room.ear.told(Told.OPENED))) == 1
