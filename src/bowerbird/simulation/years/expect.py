"""What each trouble must be told as, within how long after it bit; and what it may be told as besides.

A trouble that never bit (the host was down while nobody had anything to ask it) needs no alert, so the clock of D
starts when it has bitten as often as it takes to be noticed: `bites` times in a row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bowerbird.jobs.piece import LET_GO_S
from bowerbird.jobs.table import JOBS, Job
from bowerbird.simulation.years.troubles import JOBS_HIT, MONITORS_HIT, Trouble


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected of the alerts.

    Args:
        rules: one of these has to be told, on this trouble's parts.
        after_bites: how often it has to bite before it counts; 0: it is told from its beginning.
        spread_s: within so many seconds.
        within_s: how soon after that the message has been delivered, seconds; it has to last as long.
        may: rules that may be told besides, as effects that were seen before their cause.
    """

    rules: frozenset[str]
    after_bites: int
    within_s: float
    spread_s: float = 120.0
    may: frozenset[str] = frozenset()


def _row(rules: str, after_bites: int, within_s: float, may: str = "", spread_s: float = 120.0) -> Expected:
    return Expected(frozenset(rules.split()), after_bites, within_s, spread_s, frozenset(may.split()))


_EFFECTS = (
    "PostOverdue ReadingOverdue DoubtOld JobFailing JobOverdue JobStuck LaneStuck JobBlocked "
    "PostingBurn PostingBurnSlow Parked"
)
_BLIND = f"{_EFFECTS} MonitorDied QueueCoverLow LimitUnread LimitsUnread"
EXPECTED: dict[str, Expected] = {
    "down": _row("BreakerOpen PartDown", 10, 20.0, _EFFECTS),
    "slow": _row("BreakerOpen PartDown", 20, 20.0, f"{_EFFECTS} StuckSending"),
    "broken": _row("BreakerOpen PartDown", 10, 20.0, _EFFECTS),
    "books_busy": _row("StorageDown PartDown", 0, 15.0, _BLIND),
    "books_full": _row("StorageDown PartDown", 0, 15.0, _BLIND),
    "revoked": _row("AccountHeld", 1, 30.0, f"{_EFFECTS} PartDown BreakerOpen"),
    "writer_down": _row("WriterDown", 3, 30.0, "QueueCoverLow JobFailing JobBlocked", 3_600.0),
    "browser_down": _row("BrowserDown PartDown BreakerOpen", 3, 30.0, _EFFECTS),
    "job_raises": _row("JobFailing", 3, 60.0, f"{_EFFECTS} QueueCoverLow StuckSending", 3_600.0),
    "job_hangs": _row(
        "JobFailing JobOverdue JobStuck LaneStuck",
        3,
        400.0,
        f"{_EFFECTS} QueueCoverLow StuckSending PostsWait",
        3_600.0,
    ),
    "timer_dropped": _row("JobOverdue", 1, 400.0, f"{_EFFECTS} QueueCoverLow StuckSending"),
    "monitor_dies": _row("MonitorDied MonitorSilent", 0, 20.0),
    "frozen": _row("LoopBlocked", 0, 10.0, f"{_EFFECTS} MonitorDied MonitorSilent StuckSending PostsWait BreakerOpen"),
    "wall_steps": _row(
        "ClockStepped", 0, 10.0, f"{_EFFECTS} QueueCoverLow BreakerOpen ApprovalsRunningOut AccountHeld"
    ),
    "channel_down": _row("ChannelDown MessageWaits", 3, 60.0, "", 600.0),
    "phantom": _row("TruthGap", 1, 1_400.0, "DoubtOld"),
    "foreign": _row("ForeignWriter", 0, 1_300.0),
}
"""The troubles of which somebody has to be told."""

QUIETLY: dict[str, frozenset[str]] = {
    "busy": frozenset(f"{_EFFECTS} BreakerOpen PartDown".split()),
    "halved": frozenset(f"{_EFFECTS} QueueCoverLow".split()),
    "lost": frozenset(f"{_EFFECTS} BreakerOpen PartDown".split()),
    "dropped": frozenset(f"{_EFFECTS} BreakerOpen PartDown TruthGap".split()),
    "crash": frozenset(f"{_EFFECTS} MonitorDied PartDown LoopBlocked".split()),
    "suspended": frozenset(f"{_EFFECTS} LoopBlocked QueueCoverLow JobOverdue".split()),
}
"""Troubles that heal without anybody being told; what may be told of them all the same."""

NEVER_ALARMS = frozenset({"NobodyTold", "TargetsLow", "ReserveLow", "LearningStale"})
"""Rules about what nobody did wrong; they are written down, or stand on a page."""


def expected(trouble: Trouble) -> Expected | None:
    """What has to be told of this trouble, or None; a run of a job that is tried three times fails once in three."""
    row = EXPECTED.get(trouble.kind)
    if row is None or trouble.kind not in {"job_raises", "job_hangs"}:
        return row
    job = job_hit(trouble)
    tries = 1 if job.critical else job.tries
    within_s = 60.0 + (job.timeout_s + LET_GO_S if trouble.kind == "job_hangs" else 0.0)
    return replace(row, after_bites=row.after_bites * tries, within_s=within_s)


def speechless(trouble: Trouble) -> bool:
    """True if it takes those who tell with it, so that the time to tell begins when they are back.

    An engine that stands still runs no line of its code, and of the monitors two do the telling.
    """
    return trouble.kind == "frozen" or (trouble.kind == "monitor_dies" and monitor_hit(trouble) in {"alerts", "outbox"})


def monitor_hit(trouble: Trouble) -> str:
    """The monitor that dies."""
    return MONITORS_HIT[int(trouble.start_s) % len(MONITORS_HIT)]


def job_hit(trouble: Trouble) -> Job:
    """The job that fails, hangs or is not rung."""
    name = JOBS_HIT[int(trouble.start_s) % len(JOBS_HIT)]
    return next(job for job in JOBS if job.name == name)


def allowed(kind: str) -> frozenset[str]:
    """Every rule that a trouble of this kind may be told as."""
    row = EXPECTED.get(kind)
    return row.rules | row.may if row else QUIETLY[kind]
