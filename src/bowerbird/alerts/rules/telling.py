"""The alerts themselves: whether anybody would hear them."""

from __future__ import annotations

from bowerbird.alerts.rules.rule import Rule, Test
from bowerbird.core.incident import Severity

TELLING: tuple[Rule, ...] = (
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
