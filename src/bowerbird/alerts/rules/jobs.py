"""The jobs and the seats they compete for."""

from __future__ import annotations

from bowerbird.alerts.rules.rule import Rule, Test
from bowerbird.core.incident import Severity

JOBS: tuple[Rule, ...] = (
    Rule(
        name="LanePaused",
        test=Test(metric="bowerbird_lane_paused"),
        severity=Severity.WARNING,
        part="lane:{lane}",
        title="The lane {lane} is paused",
        why="A person paused it, so nothing new is begun in it; what comes too late meanwhile is not told besides.",
        fix="Let it go on by its button on the page Jobs; else it does when the time of its pause is over.",
        heals="it goes on",
        serves=("2.4",),
    ),
    Rule(
        name="LaneStuck",
        test=Test(metric="bowerbird_lane_stuck_seconds"),
        for_s=2,
        part="lane:{lane}",
        title="Nothing moves in the lane {lane}",
        why="Every seat has been held for {value} s by work that stands still, or others wait for one too long.",
        fix="What stands still is cut off and tried again; posting has seats of its own. The page Jobs shows which.",
        heals="its work moves again",
        serves=("2.4", "P3"),
        within_s=60,
    ),
    Rule(
        name="JobStuck",
        test=Test(metric="bowerbird_job_stuck_seconds"),
        for_s=6,  # so that the lane, if all of it stands still, is seen first
        part="job:{job}",
        title="The job {job} stands still",
        why="For {value} s its work has given no sign of life.",
        fix="It is cut off and tried again; the others go on. If it goes on, restart the engine: that is always safe.",
        heals="its work moves again",
        serves=("2.4", "P3"),
        within_s=60,
    ),
    Rule(
        name="JobFailing",
        test=Test(metric="bowerbird_job_failures_in_a_row", bound=2),
        part="job:{job}",
        title="The job {job} fails",
        why="It failed {value} times in a row.",
        fix="It is tried again with growing waits; its last error stands on the page Jobs.",
        heals="it ran well again",
        serves=("2.1", "2.G3", "P2"),
        within_s=60,
    ),
    Rule(
        name="JobOverdue",
        test=Test(metric="bowerbird_job_overdue_seconds"),
        part="job:{job}",
        title="The job {job} is overdue",
        why="It should have run {value} s ago.",
        fix="It runs as soon as it can; if nothing else is red, restart the engine: that is safe at any time.",
        heals="it ran again",
        serves=("2.2", "3.4", "P2"),
    ),
    Rule(
        name="JobBlocked",
        test=Test(metric="bowerbird_job_blocked"),
        for_s=5,
        severity=Severity.WARNING,
        part="job:{job}",
        needs="job:{by}",
        title="The job {job} waits for {by}",
        why="It lives on the results of {by}, and those are too old.",
        fix="Nothing here: it goes on by itself when {by} has run.",
        heals="it has fresh results to work on again",
        serves=("2.3", "2.G4", "10.1"),
    ),
    Rule(
        name="PostsWait",
        test=Test(metric="bowerbird_lane_wait_seconds", bound=5, where={"lane": "posting"}),
        part="lane:posting",
        title="Due posts wait for a seat",
        why="The last one waited {value} s.",
        fix="Nothing to do if it was once; else this machine is too small for so many accounts.",
        heals="posts find a seat at once again",
        serves=("2.4", "P3"),
        within_s=60,
    ),
)
