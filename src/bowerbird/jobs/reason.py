"""The sentence of the heartbeat: what is being done, or why nothing is due, or why it waits.

Only silence is death. An empty sentence means that a critical job is far past its slot and nobody knows why: then the
heart falls silent, and the guardian outside starts the engine again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US
from bowerbird.core.story import clock_time
from bowerbird.jobs.pulse import Pulse
from bowerbird.jobs.table import Job

STUCK_S = 60.0
"""A critical job that is so late, although its timer was started again, is stuck, in seconds."""
LETTERS_MAX = 500


def reason(jobs: Sequence[Job], pulses: Mapping[str, Pulse], clock: Clock, waits: Sequence[str] = ()) -> str:
    """Say in one sentence what the engine is doing, or why nothing is due or why it waits; empty if nobody knows.

    1. A critical job that is stuck: silence. 2. The books fail: degraded. 3. Some job fails. 4. Work. 5. What waits
    for a reason (`waits`: paused, quiet hours ...). 6. Nothing is due until the next slot.
    """
    now = clock.monotonic()
    if any(job.critical and _stuck(job, pulses[job.name], now) for job in jobs):
        return ""
    failing = {job.name: pulses[job.name].error for job in jobs if pulses[job.name].failures}
    shut = [error for error in failing.values() if error.startswith("Storage")]
    if shut:
        return f"degraded: database ({shut[0]})"[:LETTERS_MAX]
    if failing:
        return "; ".join(f"{name} fails ({error})" for name, error in failing.items())[:LETTERS_MAX]
    if busy := [job.name for job in jobs if pulses[job.name].busy is not None]:
        return f"working: {', '.join(busy)}"
    if waits:
        return "; ".join(waits)[:LETTERS_MAX]
    first = min(jobs, key=lambda job: pulses[job.name].next_slot)
    next_at = clock.now() + round(max(0.0, pulses[first.name].next_slot - now) * SECOND_US)
    return f"all caught up; nothing is due until {first.name} looks at {clock_time(next_at)[11:19]}"


def _stuck(job: Job, pulse: Pulse, now: float) -> bool:
    return pulse.overdue_s(job, now) > job.slack_s + STUCK_S
