"""What is wrong when: one table, read by our own judge, by Prometheus, by the pages and by the documentation.

Rule 1: a rule is a level, not an event: it holds while its tests hold. What is only a fact becomes a counter.
Rule 2: the order of the table is from cause to symptom: of two rules about one part, the upper is the root.
Rule 3: the promise (`within_s`) leaves room for a second of sampling, one of judging, the wait for a cause and
        half a second of delivery, so `for_s` is small.
Rule 4: a title has labels but no number in it, so it says the same on every day and on every channel.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bowerbird.core.gauge import METRICS, Kind
from bowerbird.core.incident import Severity

CLEAR_S = 10.0
"""A symptom must have been gone for so long before its incident is over, in seconds."""

Op = Literal[">", "<", "!="]


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """One comparison.

    Args:
        metric: a name of `METRICS`; a counter is judged by how much it rose within `window_s` seconds.
        op, bound: what is compared with what; a bound that is text is another metric with the same labels.
        where: only samples with these labels.
    """

    __test__ = False  # not a test of pytest's

    metric: str
    op: Op = ">"
    bound: float | str = 0.0
    where: Mapping[str, str] = field(default_factory=dict)
    window_s: float = 0.0

    def __post_init__(self) -> None:
        for name in (self.metric, self.bound):
            if isinstance(name, str) and name not in METRICS:
                raise ValueError(f"no metric {name}")
        if (METRICS[self.metric].kind is Kind.COUNTER) != (self.window_s > 0):
            raise ValueError(f"{self.metric}: a counter, and only a counter, is judged over a window")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row.

    Args:
        name: as Prometheus people write it.
        test: what is looked at; its labels are the rule's. `also`: what must hold with the same labels besides.
        for_s: how long it must hold without a break, seconds.
        severity: red, amber or only written down; `sends`: False keeps an amber one on the page.
        part: the node of the dependency graph, made of labels; with the account it is the fingerprint.
        needs: a part which the labels themselves name as the cause, or empty.
        title, why, fix: sentences; labels in braces, and ``{value}`` in `why`.
        heals: what ended it, in words, where no fact says it better.
        serves: the rows of the mission; `within_s`: its promised time until the alert is delivered, None where
            the promise counts in runs or periods.
    """

    name: str
    test: Test
    also: tuple[Test, ...] = ()
    for_s: float = 0.0
    clear_s: float = CLEAR_S
    severity: Severity = Severity.CRITICAL
    sends: bool = True
    part: str
    needs: str = ""
    title: str
    why: str
    fix: str
    heals: str
    serves: tuple[str, ...]
    within_s: float | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of its alerts."""
        return tuple(name for name in METRICS[self.test.metric].labels if name not in self.test.where)

    def part_of(self, labels: Mapping[str, str]) -> str:
        """The node of the graph for these labels."""
        return self.part.format_map(labels)

    def fingerprint_of(self, labels: Mapping[str, str]) -> str:
        """What makes two alerts the same one."""
        return f"{self.name}|{self.part_of(labels)}|{labels.get('account', '')}"


RULES: tuple[Rule, ...] = (
    # --- the ground: disk, books, clock, process -----------------------------------------------------------------
    Rule(
        name="DiskLow",
        test=Test(metric="bowerbird_storage_free_bytes", op="<", bound=64 * 1024.0**2),
        severity=Severity.WARNING,
        part="disk",
        title="The disk of the books is nearly full",
        why="{value} bytes are free; below 64 MiB writing may fail at any moment.",
        fix="Free some room on that disk; nothing is lost meanwhile, what cannot be stored is spooled.",
        heals="there is room on the disk again",
        serves=("3.3", "6.3"),
        within_s=10,
    ),
    Rule(
        name="StorageDown",
        test=Test(metric="bowerbird_storage_up", op="<", bound=1),
        for_s=2,
        part="storage",
        title="The books cannot be written",
        why="Writes have failed for more than 2 seconds.",
        fix="Nothing new is sent; what was paid for is spooled and stored later. Look at the disk and its rights.",
        heals="the books can be written again",
        serves=("3.3", "8.3", "6.3", "P1"),
        within_s=10,
    ),
    Rule(
        name="SpoolFilling",
        test=Test(metric="bowerbird_spool_used_ratio", bound=0.7),
        part="storage",
        title="The spool fills up",
        why="{value} of the spool is used; when it is full, nothing more is begun that could be lost.",
        fix="Make the books writable again; the spool then empties itself.",
        heals="the spool was written into the books",
        serves=("3.3",),
        within_s=10,
    ),
    Rule(
        name="ClockStepped",
        test=Test(metric="bowerbird_clock_step_seconds", op="!=", bound=0),
        part="clock",
        title="The wall clock jumped",
        why="It moved by {value} s against the time that passed; nothing becomes missed until it is steady.",
        fix="Nothing to do if you set the clock; else look at the machine's time service.",
        heals="the wall clock is steady again",
        serves=("2.2",),
        within_s=5,
    ),
    Rule(
        name="EngineSilent",
        test=Test(metric="bowerbird_engine_silence_seconds", bound=10),
        part="engine",
        title="The engine is silent",
        why="It has not been heard for {value} s.",
        fix="The guardian starts it again, at most three times in ten minutes.",
        heals="the engine is heard again",
        serves=("2.2", "P2"),
        within_s=15,
    ),
    Rule(
        name="LoopBlocked",
        test=Test(metric="bowerbird_loop_lag_seconds", bound=2),
        part="loop",
        title="The engine's event loop stood still",
        why="It answered {value} s late; nothing could run meanwhile.",
        fix="Nothing to do if it was once; else `bowerbird doctor` tells how busy this machine is.",
        heals="the loop answers in time again",
        serves=("2.2",),
        within_s=5,
    ),
    Rule(
        name="PartDown",
        test=Test(metric="bowerbird_part_up", op="<", bound=1),
        for_s=2,
        part="{part}",
        title="{part} does not work",
        why="Its own check has failed for more than 2 seconds.",
        fix="It is tried again with growing waits; what does not need it goes on. `bowerbird doctor` says more.",
        heals="its check succeeds again",
        serves=("1.1", "1.2", "1.G1", "1.G2", "1.G3"),
        within_s=10,
    ),
    Rule(
        name="BrowserDown",
        test=Test(metric="bowerbird_browser_up", op="<", bound=1),
        for_s=2,
        part="browser",
        title="The browser does not run",
        why="It has not answered for more than 2 seconds.",
        fix="It is started again; accounts that do not need it go on.",
        heals="the browser runs again",
        serves=("1.1", "5.5"),
        within_s=10,
    ),
    Rule(
        name="SamplingBroken",
        test=Test(metric="bowerbird_sampling_broken"),
        severity=Severity.WARNING,
        part="monitor:alerts",
        title="A number that is watched cannot be read",
        why="The source {source} fails, so nothing that it would show is noticed.",
        fix="This is a defect of Bowerbird's; restart the engine, and report it with the name of the source.",
        heals="the number can be read again",
        serves=("1.3",),
        within_s=5,
    ),
    Rule(
        name="MonitorDied",
        test=Test(metric="bowerbird_monitor_deaths_total", window_s=60),
        severity=Severity.WARNING,
        part="monitor:{monitor}",
        title="The monitor {monitor} died",
        why="It died within the last minute and was started again.",
        fix="Nothing to do if it was once; if it goes on, please report it with the log.",
        heals="it was started again and stayed alive",
        serves=("1.3",),
        within_s=5,
    ),
    Rule(
        name="MonitorSilent",
        test=Test(metric="bowerbird_monitor_silence_seconds", bound=30),
        part="monitor:{monitor}",
        title="The monitor {monitor} does not come round",
        why="It was last heard {value} s ago.",
        fix="`bowerbird doctor` says what the engine waits for; a restart is safe at any time.",
        heals="it comes round again",
        serves=("1.3",),
    ),
    # --- jobs ----------------------------------------------------------------------------------------------------
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
    # --- content -------------------------------------------------------------------------------------------------
    Rule(
        name="WriterDown",
        test=Test(metric="bowerbird_writer_up", op="<", bound=1),
        severity=Severity.WARNING,
        part="writer:{writer}",
        title="The writer {writer} does not answer",
        why="Its breaker opened, or three calls in a row failed; the next writer on the ladder took over.",
        fix="Look at its address, key and budget; until then the claim bank fills every slot.",
        heals="it wrote again",
        serves=("3.1", "3.G2"),
        within_s=30,
    ),
    Rule(
        name="ApprovalsRunningOut",
        test=Test(metric="bowerbird_approval_waits"),
        also=(Test(metric="bowerbird_queue_cover_hours", op="<", bound="bowerbird_queue_floor_hours"),),
        for_s=5,
        severity=Severity.WARNING,
        part="approval:{account}",
        title="{account} runs out of approved posts",
        why="{value} posts wait for your yes, and the approved ones do not last.",
        fix="Approve some on the page Queue, or with `bowerbird approve`.",
        heals="enough posts are approved",
        serves=("3.4", "3.G4"),
    ),
    Rule(
        name="QueueCoverLow",
        test=Test(metric="bowerbird_queue_cover_hours", op="<", bound="bowerbird_queue_floor_hours"),
        for_s=20,
        part="queue:{account}",
        title="The queue of {account} is nearly empty",
        why="It covers {value} hours, less than its floor.",
        fix="The plan is run at once; if it stays empty, the bank has no new claims or nobody can write.",
        heals="there are enough posts again",
        serves=("3.4", "3.G4", "P2"),
    ),
    Rule(
        name="ReserveLow",
        test=Test(metric="bowerbird_reserve_hours", op="<", bound="bowerbird_queue_floor_hours"),
        for_s=60,
        severity=Severity.INFO,
        part="reserve:{account}",
        title="The reserve of {account} is thin",
        why="The claim bank can fill {value} hours by itself.",
        fix="Add claims to the bank; they are used only once.",
        heals="the bank has enough claims again",
        serves=("3.1",),
    ),
    # --- posting -------------------------------------------------------------------------------------------------
    Rule(
        name="BreakerOpen",
        test=Test(metric="bowerbird_breaker_open"),
        part="breaker:{breaker}",
        title="The breaker {breaker} is open",
        why="Too many calls failed or were slow, so calls are spared.",
        fix="It probes by itself and closes when a probe succeeds; the page Breakers shows the next one.",
        heals="its own probe succeeded",
        serves=("4.1", "4.2", "4.G2", "5.1", "P1"),
        within_s=5,
    ),
    Rule(
        name="AccountHeld",
        test=Test(metric="bowerbird_account_held", where={"hold": "signed out"}),
        part="session:{account}",
        title="{account} is signed out",
        why="The platform no longer accepts its session; only this account waits.",
        fix="`bowerbird connect` signs it in again; its posts wait in the queue.",
        heals="the session works again",
        serves=("5.4", "9.3"),
        within_s=30,
    ),
    Rule(
        name="LimitUnread",
        test=Test(metric="bowerbird_limit_unread"),
        part="limit:{account}",
        title="A limit of {account} cannot be read",
        why="What cannot be read means no, so nothing is sent.",
        fix="It is read again at each attempt; if the books are well, look at the log.",
        heals="the limit can be read again",
        serves=("4.3",),
        within_s=5,
    ),
    Rule(
        name="StuckSending",
        test=Test(metric="bowerbird_post_sending_seconds", bound=84),
        part="post:{account}",
        title="A post of {account} has been under way too long",
        why="For {value} s nobody could say whether it arrived.",
        fix="Its lease ends by itself, and then the platform is asked.",
        heals="its outcome is known",
        serves=("4.4", "P1"),
        within_s=90,
    ),
    Rule(
        name="DoubtOld",
        test=Test(metric="bowerbird_post_unsure_seconds", bound=50),
        severity=Severity.WARNING,
        part="post:{account}",
        title="A post of {account} may or may not have arrived",
        why="It has been in doubt for {value} s; it is not sent again before we have looked.",
        fix="The platform is asked again and again; after a day a person is.",
        heals="we looked, and know",
        serves=("4.5",),
        within_s=60,
    ),
    Rule(
        name="Parked",
        test=Test(metric="bowerbird_post_parked"),
        severity=Severity.WARNING,
        part="post:{account}",
        title="A post of {account} needs you",
        why="{value} posts wait for somebody to say whether they are on the platform.",
        fix="Look at the account, then say so on the page of the post, or with `bowerbird settle`.",
        heals="a person said whether it is there",
        serves=("4.5",),
        within_s=60,
    ),
    Rule(
        name="PostOverdue",
        test=Test(metric="bowerbird_post_due_seconds", bound=45),
        part="posting:{account}",
        title="A post of {account} is due and not sent",
        why="It has waited {value} s past its time.",
        fix="It goes as soon as it can, until it is too late to matter; then it is dropped and told.",
        heals="it was sent, or is no longer due",
        serves=("4.1", "4.2", "P1", "P2", "P3"),
        within_s=60,
    ),
    Rule(
        name="PostingBurn",
        test=Test(metric="bowerbird_posting_burn_rate", bound=14.4, where={"window": "1h"}),
        also=(Test(metric="bowerbird_posting_burn_rate", bound=14.4, where={"window": "5m"}),),
        for_s=10,
        part="posting",
        title="Posting fails too often",
        why="At {value} times the allowed rate the month's allowance is gone in two days.",
        fix="The reasons stand on the page Posts; nothing is sent twice meanwhile.",
        heals="posts arrive again",
        serves=("4.G1",),
    ),
    Rule(
        name="PostingBurnSlow",
        test=Test(metric="bowerbird_posting_burn_rate", bound=6, where={"window": "6h"}),
        also=(Test(metric="bowerbird_posting_burn_rate", bound=6, where={"window": "30m"}),),
        for_s=10,
        severity=Severity.WARNING,
        part="posting",
        title="Posting fails more often than it may",
        why="At {value} times the allowed rate the month's allowance is gone in five days.",
        fix="The reasons stand on the page Posts.",
        heals="posts arrive again",
        serves=("4.G1",),
    ),
    Rule(
        name="DuplicateSeen",
        test=Test(metric="bowerbird_duplicates_total", window_s=300),
        part="truth:{account}",
        title="A post of {account} is there twice",
        why="A second id appeared for one post within the last five minutes.",
        fix="Delete one of the two; the page of the post names both.",
        heals="no further one appeared for five minutes",
        serves=("4.5",),
        within_s=60,
    ),
    Rule(
        name="ForeignWriter",
        test=Test(metric="bowerbird_truth_foreign_posts"),
        severity=Severity.WARNING,
        part="truth:{account}",
        title="Somebody else writes on {account}",
        why="{value} posts on its timeline are not ours.",
        fix="Nothing to do if it was you; else change the account's password.",
        heals="no foreign post is in sight",
        serves=("4.5",),
        within_s=60,
    ),
    Rule(
        name="TruthGap",
        test=Test(metric="bowerbird_truth_missing_posts"),
        part="truth:{account}",
        title="Posts of {account} are missing from its timeline",
        why="{value} posts that we published are not to be seen.",
        fix="They may have been removed; the page of the account lists them.",
        heals="timeline and books agree",
        serves=("4.5",),
        within_s=60,
    ),
    # --- measuring, harvesting, learning -------------------------------------------------------------------------
    Rule(
        name="ReadingOverdue",
        test=Test(metric="bowerbird_reading_overdue_seconds", bound=550),
        for_s=30,  # after a night of sleep everything is overdue for a moment
        severity=Severity.WARNING,
        part="measuring:{account}",
        title="The numbers of {account} are not read",
        why="The most overdue reading is {value} s late.",
        fix="Readings are tried again by themselves; missing ones stay missing and are never guessed.",
        heals="its numbers are read again",
        serves=("8.1", "8.2"),
        within_s=600,
    ),
    Rule(
        name="TargetsLow",
        test=Test(metric="bowerbird_targets_fresh", op="<", bound=1),
        for_s=120,
        severity=Severity.INFO,
        part="targets:{account}",
        title="{account} has nobody to answer",
        why="No fresh conversation was found for two minutes.",
        fix="Searches are widened; more of them can be added to the account.",
        heals="conversations were found",
        serves=("9.4",),
    ),
    Rule(
        name="LearningStale",
        test=Test(metric="bowerbird_model_age_seconds", bound=7 * 86_400.0),
        for_s=60,
        severity=Severity.INFO,
        part="learning:{account}",
        title="Nothing was learned for {account} in a week",
        why="The model in use is {value} s old.",
        fix="The last good version stays in use; without new readings there is nothing to learn.",
        heals="a new version was learned",
        serves=("3.2",),
    ),
    # --- the alerts themselves -----------------------------------------------------------------------------------
    Rule(
        name="ChannelDown",
        test=Test(metric="bowerbird_channel_failures_in_a_row", bound=2),
        part="channel:{channel}",
        title="The channel {channel} takes no messages",
        why="{value} deliveries in a row failed.",
        fix="Look at its address in the settings, then `bowerbird alerts test`; messages are kept for a day.",
        heals="it took a message",
        serves=("P2",),
        within_s=60,
    ),
    Rule(
        name="MessageWaits",
        test=Test(metric="bowerbird_outbox_oldest_seconds", bound=300),
        part="channel:{channel}",
        title="A message for {channel} has waited too long",
        why="The oldest has waited {value} s.",
        fix="Look at the channel's address in the settings, then `bowerbird alerts test`.",
        heals="no message waits",
        serves=("P2",),
    ),
    Rule(
        name="NobodyTold",
        test=Test(metric="bowerbird_alert_channels", op="<", bound=1),
        severity=Severity.WARNING,
        sends=False,
        part="alerts",
        title="If something breaks, nobody is told",
        why="No channel has taken a test message.",
        fix="Name a channel under [alerts.channels] in the settings, then `bowerbird alerts test`.",
        heals="a test message arrived",
        serves=("P2",),
    ),
    Rule(
        name="OutsidePingLost",
        test=Test(metric="bowerbird_outside_ping_age_seconds", bound=900),
        severity=Severity.WARNING,
        part="channel:outside ping",
        title="The outside ping is not answered",
        why="It was last answered {value} s ago; if this machine died now, nobody would be told.",
        fix="Look at the address of the outside ping, and at this machine's network.",
        heals="the ping was answered",
        serves=("P2",),
    ),
)
"""Every rule there is, causes above their symptoms."""

BY_NAME = {rule.name: rule for rule in RULES}
RANK = {rule.name: rank for rank, rule in enumerate(RULES)}
"""The place in the table: of two rules about one part, the lower number is the root."""


def label_names(template: str) -> list[str]:
    """The labels that a part or a sentence names, in order; ``{value}`` is one of them."""
    return re.findall(r"{(\w+)}", template)


def condition(test: Test) -> str:
    """One comparison in words a person and Prometheus both read."""
    where = ",".join(f'{name}="{value}"' for name, value in test.where.items())
    subject = test.metric + (f"{{{where}}}" if where else "")
    if test.window_s:
        subject = f"rise of {subject} in {test.window_s:g} s"
    bound = test.bound if isinstance(test.bound, str) else f"{test.bound:g}"
    return f"{subject} {test.op} {bound}"


def rules_markdown() -> str:
    """Print the table; the documentation contains exactly this text."""
    lines = ["| rule | when | for | severity | part | what it says | what to do | serves |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    for rule in RULES:
        when = " and ".join(f"`{condition(test)}`" for test in (rule.test, *rule.also))
        told = rule.severity if rule.sends else f"{rule.severity}, page only"
        lines.append(
            f"| {rule.name} | {when} | {rule.for_s:g} s | {told} | `{rule.part}` | {rule.title}. {rule.why} "
            f"| {rule.fix} | {', '.join(rule.serves)} |"
        )
    return "\n".join(lines) + "\n"
