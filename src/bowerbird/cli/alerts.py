"""Commands about what is wrong and who is told: incidents, alerts."""

from __future__ import annotations

import getpass
import json
from typing import TYPE_CHECKING, Any

import typer

from bowerbird.cli.operate import Place, say, visit

if TYPE_CHECKING:
    from bowerbird.core.incident import Incident
    from bowerbird.storage.sqlite import SqliteStorage

ACTIONS = ("test", "silence", "rules")


def incidents(
    context: typer.Context,
    closed: bool = typer.Option(False, "--all", help="Also those that are over."),
    limit: int = typer.Option(50, min=1, max=1000, help="How many at most."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """List what is wrong, each root with what it caused."""

    async def ask(storage: SqliteStorage) -> list[Incident]:
        return await storage.incidents(open_only=not closed, limit=limit)

    found = visit(context.obj, ask)
    if as_json:
        say(json.dumps({"incidents": [_row(incident) for incident in found]}))
        return
    for root in [incident for incident in found if not incident.root]:
        _show(root, [incident for incident in found if incident.root == root.id])
    if not found:
        say("Nothing is wrong, as far as this program can see.")


def _show(root: Incident, effects: list[Incident]) -> None:
    from bowerbird.core.story import clock_time

    end = f", over since {clock_time(root.closed_at)}: {root.healed_by}" if root.closed_at else ""
    say(f"{clock_time(root.opened_at)}  {root.severity:<8}  {root.title}{end}")
    say(f"    {root.why}")
    say(f"    {root.fix}")
    for effect in effects:
        say(f"    because of it: {effect.title}")


def _row(incident: Incident) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(incident)


def alerts(
    context: typer.Context,
    action: str = typer.Argument(metavar="ACTION", help="test, silence or rules"),
    channel: str = typer.Option("", help="test: only the channel of this name."),
    rule: str = typer.Option("", help="silence: only this rule, such as BreakerOpen."),
    part: str = typer.Option("", help="silence: only this part, such as breaker:browser."),
    account: str = typer.Option("", help="silence: only this account."),
    hours: float = typer.Option(4.0, help="silence: for how long; at most 720."),
    why: str = typer.Option("", help="silence: the reason, for whoever asks later."),
    prometheus: bool = typer.Option(False, help="rules: print them for Prometheus."),
) -> None:
    """Test the channels, silence what is known, or list the rules."""
    from bowerbird.core.errors import BadInput

    place: Place = context.obj
    if action == "test":
        _test(place, channel)
    elif action == "silence":
        _silence(place, rule, part, account, hours, why)
    elif action == "rules":
        _rules(prometheus=prometheus)
    else:
        raise BadInput(f"there is no action {action!r}; there are {', '.join(ACTIONS)}")


def _test(place: Place, only: str) -> None:
    """Send a test by every channel, remember which took it, and exit with 1 if one did not."""
    from bowerbird.alerts.notifiers import channels_of
    from bowerbird.alerts.outbox import try_channel
    from bowerbird.clock import SystemChance, SystemClock
    from bowerbird.core.errors import BadInput

    channels = [one for one in channels_of(place.settings()["alerts.channels"]) if only in ("", one.name)]
    if not channels:
        named = f"there is no channel {only!r}" if only else "no channel is named"
        raise BadInput(f"{named}; name one under [alerts.channels] in the settings, such as phone = 'tgram://…'")

    async def ask(storage: SqliteStorage) -> list[tuple[str, str]]:
        clock, chance = SystemClock(), SystemChance()
        return [
            (one.name, (await try_channel(storage, one, clock, name=chance.name("test"))).error) for one in channels
        ]

    answers = visit(place, ask)
    for name, error in answers:
        say(f"{'ok  ' if not error else 'MEND'}  {name}: {error or 'it took the test message'}")
    if any(error for _, error in answers):
        raise typer.Exit(1)


def _silence(place: Place, rule: str, part: str, account: str, hours: float, why: str) -> None:
    """Write a silence with an end; what it fits is not sent until then."""
    from bowerbird.alerts.rules import BY_NAME
    from bowerbird.alerts.telling import hush
    from bowerbird.clock import SystemChance, SystemClock
    from bowerbird.core.errors import BadInput
    from bowerbird.core.story import clock_time

    if rule and rule not in BY_NAME:
        raise BadInput(f"there is no rule {rule!r}; `bowerbird alerts rules` lists them")
    batch = hush(
        id_=SystemChance().name("silence"),
        rule=rule,
        part=part,
        scope=account,
        now=SystemClock().now(),
        hours=hours,
        why=why,
        by=getpass.getuser(),
    )
    visit(place, lambda storage: storage.record(batch))
    about = ", ".join(word for word in (rule, part, account) if word) or "everything"
    say(f"Nothing is sent about {about} until {clock_time(batch.silences[0].until)}.")


def _rules(*, prometheus: bool) -> None:
    """Print the table of rules, for people or for Prometheus."""
    from bowerbird.alerts.prometheus import rules_yaml
    from bowerbird.alerts.rules import RULES, condition

    if prometheus:
        say(rules_yaml().rstrip())
        return
    for rule in RULES:
        say(f"{rule.name:<20} {rule.severity:<8} {' and '.join(condition(test) for test in (rule.test, *rule.also))}")
        say(f"    {rule.title}. {rule.fix}")


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(incidents)
    app.command()(alerts)
