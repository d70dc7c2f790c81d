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
    context: typer.Context,
    seeds: int = typer.Option(200, min=1, max=1_000_000, help="How many worlds."),
    first: int = typer.Option(0, min=0, help="The first seed."),
    seed: int | None = typer.Option(None, min=0, help="One world only, the one with this seed."),
    years: float = typer.Option(
        0.0, min=0.0, max=100.0, help="Live so many years with the whole engine, dealt out over the seeds; 0: days."
    ),
    schedules: int = typer.Option(
        0, min=0, max=10_000_000, help="Instead: so many random schedules before the seats of the browsers."
    ),
    story: bool = typer.Option(False, "--story", help="With --seed: tell what happened, line by line."),
    keep: bool = typer.Option(False, "--keep", help="With --seed: keep it for the dashboard, which draws it."),
    jobs: int = typer.Option(2, min=1, max=64, help="Processes."),
    as_json: bool = typer.Option(False, "--json", help="Print the report as one JSON object at the end."),
) -> None:
    """Judge the real rooms over many simulated worlds: faults at every port, crashes at every await."""
    if schedules:
        _simulate_schedules(schedules, first, seed, jobs=jobs, as_json=as_json)
        return
    if keep:
        _keep(context.obj, seed, years, seeds, as_json=as_json)
        return
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


def _keep(place: Place, seed: int | None, years: float, seeds: int, *, as_json: bool) -> None:
    """Live one world, keep it in the data folder, and say what came of it.

    Raises:
        BadInput: no seed was named, or the folder cannot be written.
    """
    from bowerbird.app.replays import Replays
    from bowerbird.clock import SystemClock
    from bowerbird.core.errors import BadInput

    if seed is None:
        raise BadInput("--keep keeps one world; name it with --seed")
    now = SystemClock().now()
    if years:
        from bowerbird.simulation.years.replay import kept

        name, replay = f"seed-{seed}-of-{seeds}-in-{years:g}-years", kept(seed, years, seeds, made_at=now)
    else:
        from bowerbird.simulation.replay import kept as kept_day

        name, replay = f"seed-{seed}", kept_day(seed, made_at=now)
    file = Replays(place.settings().folder).keep(name, replay)
    told = {"seed": seed, "steps": len(replay.steps), "violations": len(replay.broken), "file": str(file)}
    lines = [f"VIOLATION {words}" for words in replay.broken]
    lines += [f"{len(replay.steps)} steps kept as {file}; the dashboard draws them at /replay/{name}."]
    say(json.dumps(told | {"ok": not replay.broken}) if as_json else "\n".join(lines))
    if replay.broken:
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


def _simulate_schedules(schedules: int, first: int, seed: int | None, *, jobs: int, as_json: bool) -> None:
    """Hold the line before the browsers against its bound; with a seed, only the schedule that has it."""
    from bowerbird.simulation.schedules import run_schedules

    report = run_schedules(schedules, first, jobs) if seed is None else run_schedules(1, seed, 1)
    say(report.as_json() if as_json else report.as_text())
    if not report.ok:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(demo)
    app.command()(simulate)
