"""Who writes, who approves, and how long what is there lasts."""

from __future__ import annotations

from bowerbird.alerts.rules.rule import Rule, Test
from bowerbird.core.incident import Severity

CONTENT: tuple[Rule, ...] = (
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
)
