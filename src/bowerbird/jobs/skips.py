"""Slots that nobody ran: counted with the reason, and told together, so that no skip is silent and none is a storm."""

from __future__ import annotations

from dataclasses import dataclass

from bowerbird.core.ports import Clock
from bowerbird.jobs.logbook import Logbook
from bowerbird.jobs.pulse import Pulse
from bowerbird.jobs.table import OVERDUE_MIN_S, Job

TOLD_S = 60.0
"""Skipped slots of a job are told together, at most this often."""


@dataclass
class Skips:
    """Counts and tells skipped slots of every job."""

    book: Logbook
    clock: Clock

    def missed(self, job: Job, pulse: Pulse, now: float, why: str, *, but: int = 0) -> int:
        """Count the slots that passed besides the one that is made up, but for those counted before; return all.

        Less than a period, or less than five seconds, is late and not missed.
        """
        late_s = now - pulse.next_slot
        slots = 0 if late_s < max(job.every_s, OVERDUE_MIN_S) else int(late_s // job.every_s)
        if slots > but:
            self.count(job, pulse, why, slots - but)
        return max(slots, but)

    def count(self, job: Job, pulse: Pulse, why: str, slots: int) -> None:
        """Count skipped slots; the first are told at once, the others of a minute together."""
        pulse.skip(why, slots)
        self.tell(job, pulse)

    def tell(self, job: Job, pulse: Pulse) -> None:
        """Tell what was skipped and is not told yet, if the last time is long enough ago."""
        now = self.clock.monotonic()
        if not pulse.untold or (pulse.skips_told is not None and now - pulse.skips_told < TOLD_S):
            return
        slots = pulse.untold.total()
        self.book.note("job_skipped", job, slots=slots, why=dict(pulse.untold), critical=job.critical)
        pulse.untold.clear()
        pulse.skips_told = now
