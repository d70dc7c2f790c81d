"""What can be measured about Bowerbird itself, as a vocabulary and as values.

`METRICS` is the vocabulary: alerts, `/metrics`, the pages and the documentation read the same names, and a name
that is not in it cannot be sampled. Names follow Prometheus: a unit last, ``_total`` for what only rises.
What was not observed has no sample; it is never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """A gauge goes up and down; a counter only rises."""

    GAUGE = "gauge"
    COUNTER = "counter"


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the vocabulary: what it is, its labels, and the sentence for people."""

    kind: Kind
    says: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One observed value; its labels are exactly those of its metric.

    Raises:
        ValueError: there is no such metric, or it has other labels.
    """

    name: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        labels = tuple(self.labels)
        metric = METRICS.get(self.name)
        if metric is None or (labels != metric.labels and set(labels) != set(metric.labels)):
            raise ValueError(f"no metric {self.name} with labels {sorted(self.labels)}; add it to METRICS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What a process knows of itself in memory, written down every few seconds so that others can read it.

    Args:
        name: ``parts``, ``jobs``, ``samples`` …; the newest replaces the one before.
        at: when it was true, UTC microseconds; who reads it judges its age.
        data: plain JSON values.
    """

    name: str
    at: int
    data: dict[str, Any]


def _gauge(says: str, *labels: str) -> Metric:
    return Metric(Kind.GAUGE, says, labels)


def _counter(says: str, *labels: str) -> Metric:
    return Metric(Kind.COUNTER, says, labels)


METRICS: dict[str, Metric] = {
    # startup and the process (layer 1)
    "bowerbird_engine_silence_seconds": _gauge("How long the engine has not been heard."),
    "bowerbird_loop_lag_seconds": _gauge("How late the engine's event loop answered, at worst within five seconds."),
    "bowerbird_clock_step_seconds": _gauge("How far the wall clock jumped, while it is not trusted; else 0."),
    "bowerbird_part_up": _gauge("1 if the part works, 0 if it does not.", "part"),
    "bowerbird_sampling_broken": _gauge("1 while a source of numbers cannot be asked: a defect of ours.", "source"),
    "bowerbird_monitor_deaths_total": _counter("How often a monitor died and was started again.", "monitor"),
    "bowerbird_monitor_silence_seconds": _gauge("How long ago a monitor last came round.", "monitor"),
    # jobs (layer 2)
    "bowerbird_job_runs_total": _counter("Runs by how they ended, since the engine started.", "job", "outcome"),
    "bowerbird_job_failures_in_a_row": _gauge("Failed runs since the last good one.", "job"),
    "bowerbird_job_overdue_seconds": _gauge("How far a job is past the time at which it should have run.", "job"),
    "bowerbird_job_revivals_total": _counter("How often a job's timer was lost and started again.", "job"),
    "bowerbird_job_strays": _gauge("Pieces of work that were cut off and would not end.", "job"),
    "bowerbird_job_lateness_seconds": _gauge("How late the last run began.", "job"),
    "bowerbird_job_duration_seconds": _gauge("How long runs take, by quantile of the last hundred.", "job", "quantile"),
    "bowerbird_job_success_ratio": _gauge("Share of the last hundred runs that went well.", "job"),
    "bowerbird_job_blocked": _gauge("1 if it waits for the results of another job.", "job", "by"),
    "bowerbird_job_stuck_seconds": _gauge("How long a job's work has stood still, while it should not; else 0.", "job"),
    "bowerbird_lane_stuck_seconds": _gauge(
        "How long nothing has moved in a lane without a free seat, while it should; else 0.", "lane"
    ),
    "bowerbird_lane_paused": _gauge("1 while a person has paused the lane.", "lane"),
    "bowerbird_lane_wait_seconds": _gauge("How long the last run waited for a seat in its lane.", "lane"),
    # content (layer 3)
    "bowerbird_queue_cover_hours": _gauge("Hours of approved posts ahead.", "account"),
    "bowerbird_queue_floor_hours": _gauge("Below so many hours the queue is too thin.", "account"),
    "bowerbird_queue_short": _gauge(
        "1 while the queue covers less than its floor and no yes is waited for.", "account"
    ),
    "bowerbird_approval_short": _gauge("1 while it covers less than its floor because a yes is waited for.", "account"),
    "bowerbird_queue_posts": _gauge("Posts in each state.", "account", "state"),
    "bowerbird_approval_waits": _gauge("Posts that wait for a person's yes.", "account"),
    "bowerbird_reserve_hours": _gauge("Hours for which the claim bank can fill every slot.", "account"),
    "bowerbird_candidates_total": _counter("Candidates by what became of them.", "account", "outcome", "reason"),
    "bowerbird_writer_failures_in_a_row": _gauge("Failed calls since the last good one.", "writer"),
    "bowerbird_writer_up": _gauge("0 since its breaker opened or three calls failed, until it writes.", "writer"),
    "bowerbird_writer_dollars_total": _counter("Dollars spent on words.", "writer"),
    # posting (layer 4)
    "bowerbird_breaker_open": _gauge("1 while a breaker is not closed.", "breaker"),
    "bowerbird_breaker_age_seconds": _gauge("How long a breaker has been in its position.", "breaker"),
    "bowerbird_attempts_total": _counter("Attempts to send by how they ended.", "account", "outcome", "reason"),
    "bowerbird_post_seconds": _gauge("How long posts take, by stage and quantile.", "stage", "quantile"),
    "bowerbird_post_due_seconds": _gauge("How long the longest waiting claimable post is past its time.", "account"),
    "bowerbird_post_sending_seconds": _gauge("How long the oldest post has been under way.", "account"),
    "bowerbird_post_unsure_seconds": _gauge("How long the oldest post has been in doubt.", "account"),
    "bowerbird_post_parked": _gauge("Posts that only a person can settle.", "account"),
    "bowerbird_limit_used_ratio": _gauge("Used share of a limit.", "scope", "key", "window"),
    "bowerbird_limits_unread": _gauge("1 while limits cannot be read though the books can, so that nothing is sent."),
    "bowerbird_limit_unread": _gauge("1 while a limit cannot be read, so that nothing is sent.", "account"),
    "bowerbird_limit_learned": _gauge("The platform's own limit as far as it was learned.", "scope", "key", "window"),
    "bowerbird_account_held": _gauge("1 while an account is on hold.", "account", "hold"),
    "bowerbird_posting_burn_rate": _gauge("How fast the error budget of posting burns, by window.", "window"),
    "bowerbird_truth_foreign_posts": _gauge("Posts on the account's timeline that are not ours.", "account"),
    "bowerbird_truth_missing_posts": _gauge("Posts of ours that the timeline does not show.", "account"),
    "bowerbird_truth_seen_seconds": _gauge("How long ago the timeline was last seen.", "account"),
    "bowerbird_duplicates_total": _counter("Second remote ids seen for one post.", "account"),
    # browsers (layer 5)
    "bowerbird_browser_up": _gauge("1 if the browser runs or is not needed yet."),
    "bowerbird_browser_in_line": _gauge("Callers that wait for a seat just now."),
    "bowerbird_browser_starts_total": _counter("How often a browser was started."),
    "bowerbird_browser_ends_total": _counter("How often a browser ended without being asked to, by cause.", "cause"),
    "bowerbird_browser_timeouts_total": _counter("How often time ran out, by what was waited for.", "operation"),
    "bowerbird_session_state": _gauge("1 for how the account's session is.", "account", "state"),
    "bowerbird_session_age_seconds": _gauge("How long ago the account's session began.", "account"),
    "bowerbird_session_left_seconds": _gauge("How long the session will live, as measured ages tell.", "account"),
    "bowerbird_browser_seats": _gauge("Seats by how they are: idle, leased, down, unused, standby.", "state"),
    "bowerbird_browser_pages": _gauge("Warm pages, one for each account.", "seat"),
    "bowerbird_browser_leases_total": _counter("Leases that were had.", "class"),
    "bowerbird_browser_leases_lost_total": _counter("Leases whose page was thrown away after them.", "class"),
    "bowerbird_browser_leases_cut_total": _counter("Leases cut off: their page hung, or they lasted too long."),
    "bowerbird_browser_refused_total": _counter("Those who had no turn in time, or were told so at once.", "class"),
    "bowerbird_browser_waiting": _gauge("How many wait for a seat.", "class"),
    "bowerbird_browser_wait_seconds": _gauge(
        "How long a seat is waited for until its page is there, by quantile of the last two hundred.",
        "class",
        "quantile",
    ),
    "bowerbird_browser_wait_longest_seconds": _gauge("How long whoever waits longest has waited."),
    "bowerbird_browser_memory_bytes": _gauge(
        "Proportional memory of a browser, resident of its driver.", "seat", "part"
    ),
    "bowerbird_browser_memory_budget_bytes": _gauge("What all browsers together may take."),
    "bowerbird_browser_memory_used_ratio": _gauge("The most of it that they took in the last ten seconds."),
    "bowerbird_browser_memory_full_seconds": _gauge("When they reach it if they go on growing as they do."),
    "bowerbird_browser_growth_bytes_per_second": _gauge("How fast a browser and its driver grow.", "seat"),
    "bowerbird_browser_cpu_seconds": _gauge("Processor time of the browser that stands there now.", "seat"),
    "bowerbird_browser_lost_total": _counter("Browsers that ended without being asked to."),
    "bowerbird_browser_recycled_total": _counter("Browsers replaced before they had grown too large."),
    "bowerbird_browser_listener_errors_total": _counter("Errors of listeners, which no other page hears of."),
    # the books (layer 6)
    "bowerbird_storage_up": _gauge("1 if the books can be written."),
    "bowerbird_storage_free_bytes": _gauge("Free room on the disk of the books."),
    "bowerbird_storage_file_bytes": _gauge("How large the books are on the disk: the file, and its log.", "file"),
    "bowerbird_storage_write_seconds": _gauge("How long the last heartbeat's write took."),
    "bowerbird_spool_records": _gauge("Records that wait in the spool."),
    "bowerbird_spool_used_ratio": _gauge("Used share of the spool."),
    "bowerbird_spool_used_bytes": _gauge("Used bytes of the spool."),
    "bowerbird_backup_age_seconds": _gauge("How old the newest backup is; absent where none was made."),
    # measuring, harvesting, learning (layers 8 to 10)
    "bowerbird_reading_overdue_seconds": _gauge("How late the most overdue reading is.", "account"),
    "bowerbird_readings_total": _counter("Looks by how they ended.", "account", "outcome"),
    "bowerbird_page_changed": _gauge("Signs that a site's pages have changed under us.", "site"),
    "bowerbird_page_agreement_ratio": _gauge("Share of posts of which two ways of reading say the same.", "site"),
    "bowerbird_page_rung_ratio": _gauge("Share of posts for which each way of reading was needed.", "site", "rung"),
    "bowerbird_harvest_total": _counter("Searches and mentions by how they ended.", "account", "outcome"),
    "bowerbird_targets_fresh": _gauge("Conversations that may be answered.", "account"),
    "bowerbird_model_age_seconds": _gauge("How old the model in use is.", "account"),
    # alerts
    "bowerbird_incidents_open": _gauge("Open incidents that are roots.", "severity"),
    "bowerbird_outbox_oldest_seconds": _gauge("How long the oldest message waits.", "channel"),
    "bowerbird_channel_failures_in_a_row": _gauge("Failed deliveries since the last good one.", "channel"),
    "bowerbird_alert_channels": _gauge("Channels that a test has reached; 0 means nobody is told."),
    "bowerbird_outside_ping_age_seconds": _gauge("How long ago the outside ping was last answered."),
    # the face
    "bowerbird_face_requests_total": _counter("Requests by status class.", "status"),
    "bowerbird_info": _gauge("Always 1; the version is its label.", "version"),
}


def metrics_markdown() -> str:
    """Print the vocabulary; the documentation contains exactly this text."""
    lines = ["| metric | labels | kind | what it says |", "|---|---|---|---|"]
    lines += [
        f"| `{name}` | {', '.join(f'`{label}`' for label in metric.labels) or 'none'} | {metric.kind} | {metric.says} |"
        for name, metric in METRICS.items()
    ]
    return "\n".join(lines) + "\n"
