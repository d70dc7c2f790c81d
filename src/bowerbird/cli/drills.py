"""Commands that prove: drill and proofs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bowerbird.cli.operate import say
from bowerbird.cli.rehearse import seconds
from bowerbird.core.errors import BadInput
from bowerbird.core.story import count

if TYPE_CHECKING:
    from bowerbird.drills.row import Drill, Verdict
    from bowerbird.drills.runner import Runner


GIVES_WAY = 5
"""How much nicer a drill is to others that is run beside them (nice 1 to 19)."""
IDS = typer.Argument(None, metavar="[IDS]...", help="Rows or layers, such as 4.1, 1 or P; none: all.")


def drill(
    ids: list[str] = IDS,
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object a row, then one for all."),
    html: str = typer.Option("", metavar="FILE", help="Also write a page with a timeline of each row."),
    real: bool = typer.Option(False, "--real", help="Leave periods as they are; it takes hours."),
    chaos: str = typer.Option("", metavar="TIME", help="Instead: press the buttons of Break me at random for so long."),
    keep: str = typer.Option("", metavar="FOLDER", help="Leave books and logs there for a look afterwards."),
    look: bool = typer.Option(False, "--look", help="Also hold what a real browser sees of the overview against it."),
    outcomes: str = typer.Option("", metavar="FILE", help="Also write what came of each way there, as JSON."),
    beside: bool = typer.Option(False, "--beside", help="Give way to what else runs here, and stop with who began it."),
    ways: bool = typer.Option(False, "--list", help="Only list the drills."),
) -> None:
    """Break the real program on purpose; say how soon it was told and how soon it was well again."""
    from bowerbird.drills.plan import read_plan

    if chaos:
        _chaos(seconds(chaos), as_json=as_json, keep=keep)
        return
    drills = _asked(ids or [])
    if ways:
        for each in drills:
            say(f"{each.name:<44} {each.breaks}")
        return
    plan = read_plan(real=real)
    if beside:
        _give_way()
    verdicts = _carried_out(drills, real=real, look=look, keep=keep, parent=os.getppid() if beside else None)
    _remember(verdicts)
    if outcomes:
        rows = [asdict(way) for verdict in verdicts for way in verdict.ways]
        Path(outcomes).write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    if html:
        from bowerbird.drills.page import page

        Path(html).write_text(page(verdicts, plan.scale), encoding="utf-8")
    _print(verdicts, plan.scale, as_json=as_json)


def _asked(ids: list[str]) -> list[Drill]:
    from bowerbird.drills.catalogue import chosen
    from bowerbird.drills.table import DRILLS

    try:
        wanted = set(chosen(ids))
    except KeyError as error:
        raise BadInput(f"there is no row {error.args[0]!r}; rows are 1.1 to 10.5 and P1 to P3") from error
    drills = [each for each in DRILLS if each.id in wanted]
    if not drills:
        raise BadInput(f"no drill is written for {', '.join(ids)} yet; `bowerbird proofs` says which rows are open")
    return drills


def _give_way() -> None:
    """Take what others leave, on a machine that also does something real.

    Raises:
        BadInput: there is no room for a drill.
    """
    from bowerbird.drills.shop import lacks

    if why := lacks():
        raise BadInput(why)
    os.nice(GIVES_WAY)


def _carried_out(drills: list[Drill], *, real: bool, look: bool, keep: str, parent: int | None) -> list[Verdict]:
    """Run them, telling on standard error what happens."""
    import asyncio

    from rich.console import Console

    from bowerbird.clock import SystemClock
    from bowerbird.drills.plan import read_plan
    from bowerbird.drills.report import one_line, scale_sentence
    from bowerbird.drills.runner import Runner

    plan, console, left = read_plan(real=real), Console(stderr=True, highlight=False), len(drills)
    console.print(f"{count(left, 'drill')}, two programs at a time. {scale_sentence(plan.scale)}", soft_wrap=True)
    with console.status("Starting ...") as status:
        runner = Runner(
            plan, SystemClock(),
            say=lambda line: status.update(line) if console.is_terminal else console.print(line, soft_wrap=True),
            done=lambda outcome: console.print(one_line(outcome), soft_wrap=True),
            keep=Path(keep) if keep else None,
            look=look,
        )  # fmt: skip
        return asyncio.run(_to_its_end(runner, drills, parent))


async def _to_its_end(runner: Runner, drills: list[Drill], parent: int | None) -> list[Verdict]:
    """Run them; when told to stop, or when `parent` is gone, end all that was started first, as after Ctrl-C."""
    import asyncio
    import signal

    from bowerbird.startup.orphan import stop_with

    running = asyncio.ensure_future(runner.run(drills))
    watch = asyncio.create_task(stop_with(parent, runner.clock), name="parent")
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    try:
        return await running
    except asyncio.CancelledError:
        raise typer.Exit(130) from None
    finally:
        watch.cancel()


def _remember(verdicts: list[Verdict]) -> None:
    """Write down for `proofs` how each row went, where this is a checkout."""
    from bowerbird.clock import SystemClock
    from bowerbird.drills.proofs import RESULTS, Result, here, remember

    if (here() / "tests").is_dir():
        now = SystemClock().now()
        remember(here() / RESULTS / "drills.json", {each.id: Result(each.ok, now) for each in verdicts})


def _print(verdicts: list[Verdict], scale: Mapping[str, float], *, as_json: bool) -> None:
    from rich.console import Console

    from bowerbird.drills import report

    if as_json:
        say(report.as_json(verdicts, scale))
    else:
        report.show(verdicts, scale, Console(highlight=False))
    if not report.total(verdicts, scale)["ok"]:
        raise typer.Exit(1)


def _chaos(for_s: float, *, as_json: bool, keep: str) -> None:
    import asyncio

    from bowerbird.drills.chaos import chaos

    found = asyncio.run(chaos(for_s, tell=lambda line: typer.echo(line, err=True), keep=Path(keep) if keep else None))
    say(json.dumps(found) if as_json else _sentence(found))
    if not found["ok"]:
        raise typer.Exit(1)


def _sentence(found: dict[str, object]) -> str:
    return "\n".join(f"{name:<12} {value}" for name, value in found.items())


def proofs(
    ids: list[str] = IDS,
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """List every promise with its tests, its drill, its page, and how they last went here."""
    from bowerbird.drills.catalogue import chosen
    from bowerbird.drills.proofs import here, summary
    from bowerbird.drills.proofs import proofs as all_proofs

    try:
        wanted = set(chosen(ids or []))
    except KeyError as error:
        raise BadInput(f"there is no row {error.args[0]!r}") from error
    rows = [row for row in all_proofs(here()) if row.id in wanted]
    found = summary(rows)
    if as_json:
        say(json.dumps(found, ensure_ascii=False))
        return
    for row in rows:
        proof = f"{len(row.tests)} tests, {len(row.drills)} drills"
        say(f"{row.id:<6} {row.state:<7} {proof:<20} {row.page or '-':<15} {row.last:<18} {row.title}")
        if row.why:
            say(f"       {'':<7} {row.why}")
    say(f"\n{found['total']} promises: {found['proved']} proved, {found['open']} open, {found['failed']} failed.")
    if found["not_run"]:
        say(f"{found['not_run']} of the open ones only wait to be run here: `make test` and `bowerbird drill`.")


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(drill)
    app.command()(proofs)
