"""Commands that rehearse: demo and simulate."""

from __future__ import annotations

import json
import re

import typer

from bowerbird.cli.operate import Place, say


def seconds(text: str) -> float:
    """Read a duration such as ``90s``, ``5m`` or ``2h``; a bare number is seconds.

    Raises:
        BadInput: it is none.
    """
    from bowerbird.core.errors import BadInput

    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", text.strip())
    if found is None:
        raise BadInput(f"{text!r} is no duration; write it like 90s, 5m or 2h")
    return float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]]


def demo(
    context: typer.Context,
    for_: str = typer.Option(
        "", "--for", metavar="TIME", help="Stop after this long, such as 90s; empty: keep running."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print what happened as one JSON object at the end."),
    fresh: bool = typer.Option(False, help="Begin a new world instead of finding the last one again."),
) -> None:
    """Rehearse the whole engine on a small social network of its own: no credentials, nothing leaves this machine."""
    from bowerbird.cli.demo import Demo

    place: Place = context.obj
    report = Demo(place, for_s=seconds(for_) if for_ else None, fresh=fresh).run()
    if as_json:
        say(json.dumps(report))
    if not report["ok"]:
        raise typer.Exit(1)


def simulate(
    seeds: int = typer.Option(200, min=1, max=1_000_000, help="How many worlds."),
    first: int = typer.Option(0, min=0, help="The first seed."),
    seed: int | None = typer.Option(None, help="One world only, the one with this seed."),
    years: float = typer.Option(
        0.0, min=0.0, max=100.0, help="Live so many years with the whole engine, dealt out over the seeds; 0: days."
    ),
    story: bool = typer.Option(False, "--story", help="With --seed: tell what happened, line by line."),
    jobs: int = typer.Option(2, min=1, max=64, help="Processes."),
    as_json: bool = typer.Option(False, "--json", help="Print the report as one JSON object at the end."),
) -> None:
    """Judge the real rooms over many simulated worlds: faults at every port, crashes at every await."""
    if years:
        _simulate_years(years, seeds, first, seed, story=story, jobs=jobs, as_json=as_json)
        return
    from bowerbird.simulation.campaign import run_campaign
    from bowerbird.simulation.story import story as tell_world

    if seed is not None and story:
        say(tell_world(seed))
        return
    one = seed is not None
    report = run_campaign(seeds=1 if one else seeds, first=seed if seed is not None else first, jobs=1 if one else jobs)
    say(report.as_json() if as_json else report.as_text())
    if not report.ok:
        raise typer.Exit(1)


def _simulate_years(
    years: float, seeds: int, first: int, seed: int | None, *, story: bool, jobs: int, as_json: bool
) -> None:
    """Live years with the whole engine; with a seed, only the world that it has among so many."""
    from bowerbird.simulation.years import run_years
    from bowerbird.simulation.years import story as tell_world

    if seed is not None and story:
        say(tell_world(seed, years / seeds))
        return
    one = seed is not None
    report = run_years(years / seeds if one else years, 1 if one else seeds, first if seed is None else seed, jobs)
    say(report.as_json() if as_json else report.as_text())
    if not report.ok:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(demo)
    app.command()(simulate)
