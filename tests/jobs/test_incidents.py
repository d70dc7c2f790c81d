"""The ancestor's incidents that were about jobs, replayed: each stood still for hours until a person noticed."""

from __future__ import annotations

import pytest

from bowerbird.clock import VirtualClock
from bowerbird.core.errors import Refused
from bowerbird.jobs import graph
from bowerbird.jobs.health import monitors
from bowerbird.jobs.monitors import Supervisor
from bowerbird.jobs.reason import reason
from bowerbird.jobs.table import JOBS
from tests.jobs.yard import Yard, failing, hang, job, looking, play


@pytest.mark.proves("P2", "2.1")
def test_december_12_a_memory_gate_skipped_critical_jobs_for_twelve_hours() -> None:
    """301 + 100 > 400 MB, "skip", every time, and nobody was told.

    Here a gate is not even asked about a critical job; what it holds back is counted, told with the reason, and shown.
    """
    posted: list[float] = []
    asked: list[str] = []

    async def story(clock: VirtualClock) -> None:
        def gate(row: object) -> str:
            asked.append(getattr(row, "name", ""))
            return "301 MB used, 100 MB needed, 400 MB allowed"

        rows = [job("publish", every_s=60.0, lane="posting", critical=True), job("learn", every_s=300.0)]
        yard = Yard(clock, rows, {"publish": looking(clock, posted), "learn": looking(clock, [])}, gate=gate)
        await yard.for_s(12 * 3600, watched=False)
        assert set(asked) == {"learn"}
        told = await yard.told("job_skipped")
        assert sum(fact.data["slots"] for fact in told) == 144
        assert told[0].data["why"] == {"301 MB used, 100 MB needed, 400 MB allowed": 1}

    play(story)
    assert len(posted) == 720


@pytest.mark.proves("2.3")
def test_october_21_one_failed_post_stopped_the_planning() -> None:
    """Planning ran after posting, and did not when that failed: six hours of silence.

    Here publish needs plan and not the other way round: a publish that fails for hours keeps nobody from planning.
    """
    planned: list[float] = []

    async def story(clock: VirtualClock) -> None:
        rows = [row for row in JOBS if row.name in {"plan", "publish"}]
        yard = Yard(clock, rows, {"publish": failing(Refused("cookies expired")), "plan": looking(clock, planned)})
        await yard.for_s(600)
        assert not graph.blocked_by(rows[1], rows, yard.runner.pulses, clock.monotonic())

    play(story)
    assert len(planned) == 10


@pytest.mark.proves("1.3", "2.2")
def test_december_3_the_heartbeat_query_itself_was_broken() -> None:
    """What watched over the jobs failed in silence: nothing was posted for four hours, 0 of 8 of the limit used.

    Here a monitor that fails is a death that is counted and told, the jobs do not depend on it, and the heart's
    sentence comes from memory, not from a query.
    """
    posted: list[float] = []

    async def story(clock: VirtualClock) -> None:
        yard = Yard(clock, [job("publish", every_s=60.0, critical=True)], {"publish": looking(clock, posted)})

        async def broken() -> None:
            raise LookupError("no such column: last_beat")

        timers, _ = monitors(lambda: yard.runner)
        object.__setattr__(timers, "step", broken)
        yard.supervisor = Supervisor([timers], clock, yard.runner.book.keep)
        yard.after(200, lambda: said.append(reason(yard.runner.jobs, yard.runner.pulses, clock)))
        said: list[str] = []
        await yard.for_s(300)
        told = await yard.told("monitor_died")
        assert len(told) >= 10
        assert "no such column" in told[0].data["error"]
        assert told[0].at - yard.clock.now() + 300_000_000 <= 5_000_000
        assert said[0]

    play(story)
    assert len(posted) == 5


@pytest.mark.proves("P1", "2.4")
def test_october_26_one_hung_operation_blocked_the_whole_queue() -> None:
    """One of three contexts was used, for ever. Here what hangs is cut off, and its lane goes on."""
    seen: list[float] = []

    async def story(clock: VirtualClock) -> None:
        rows = [job("hung", every_s=600.0, timeout_s=60), job("next", every_s=30.0)]
        yard = Yard(clock, rows, {"hung": hang, "next": looking(clock, seen)})
        await yard.for_s(580)
        assert yard.runner.pulses["hung"].error == "cut off: it stood still for 45 s"

    play(story)
    assert len(seen) >= 17


@pytest.mark.proves("P2")
def test_january_13_eighty_decisions_a_day_were_allowed_and_none_was_made() -> None:
    """Errors were swallowed between stages. Here whatever comes out of a job is a failed run and a fact with words."""

    async def story(clock: VirtualClock) -> None:
        yard = Yard(clock, [job("plan", critical=True)], {"plan": failing(KeyError("decision"))})
        runs = await yard.for_s(30)
        assert {run.error for run in runs} == {"unforeseen KeyError: 'decision'"}
        (told,) = await yard.told("job_failed")
        assert told.data["error"] == "unforeseen KeyError: 'decision'"

    play(story)
