"""Commands that run and keep the engine: run, doctor, settings, backup, restore, models."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

if TYPE_CHECKING:
    from bowerbird.core.account import Account
    from bowerbird.settings import Settings
    from bowerbird.storage.sqlite import SqliteStorage

T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """Where the books and the settings are, as given on the command line."""

    data: str | None
    file: str | None

    def settings(self, **overrides: Any) -> Settings:
        """Read the settings."""
        from bowerbird.settings import load

        return load(Path(self.file) if self.file else None, data__folder=self.data, **overrides)

    def argv(self) -> list[str]:
        """The same place for another process."""
        options = [("--data", self.data), ("--settings", self.file)]
        return [part for flag, value in options if value for part in (flag, str(value))]


def visit(place: Place, ask: Callable[[SqliteStorage], Awaitable[T]]) -> T:
    """Open the books as a guest, ask one thing, and close them."""
    import asyncio

    from bowerbird.app.books import open_books
    from bowerbird.clock import SystemClock

    settings = place.settings()

    async def go() -> T:
        storage = await open_books(settings, SystemClock(), engine=False)
        try:
            return await ask(storage)
        finally:
            await storage.close()

    return asyncio.run(go())


def say(line: str = "") -> None:
    """Print one line."""
    typer.echo(line)


def progress(line: str) -> None:
    """Say to a person at a terminal what takes a while; scripts and logs are spared it."""
    if sys.stderr.isatty():
        typer.echo(line, err=True)


def children(place: Place, *, face: bool = True) -> list[dict[str, Any]]:
    """What the guardian keeps alive, and the file in which the heart of the engine beats."""
    from bowerbird.startup.heart import HEART

    command = [sys.executable, "-m", "bowerbird", *place.argv(), "worker"]
    engine = {"name": "engine", "argv": [*command, "engine"], "heart": HEART}
    return [engine, {"name": "face", "argv": [*command, "face"]}] if face else [engine]


def guardian_environment(settings: Settings) -> dict[str, str]:
    """What the guardian has to know, as environment variables: it reads no settings, and arguments are public."""
    from bowerbird.settings import BY_NAME

    names = ("guardian.silence_s", "guardian.webhook", "guardian.mail", "ping.url", "ping.every_s")
    return {BY_NAME[name].variable: str(settings[name]) for name in names if settings[name]}


def guardian_argv(place: Place, folder: Path, *, face: bool = True) -> list[str]:
    """Write down engine and face and return the command of the guardian that keeps them."""
    from bowerbird.app.network import guarded
    from bowerbird.settings import make_folder

    return guarded(children(place, face=face), make_folder(folder) / "guardian.json")


def run(
    context: typer.Context, face: bool = typer.Option(True, help="Also serve the dashboard; --no-face does not.")
) -> None:
    """Run the engine and its dashboard, day and night, until stopped.

    A small guardian process keeps both alive. Accounts are added with `bowerbird connect`.
    """
    place: Place = context.obj
    settings = place.settings()
    argv = guardian_argv(place, settings.folder, face=face)
    if face:
        _introduce_face(settings)
    _introduce_accounts(place, settings)
    say("Press Ctrl-C to stop.")
    sys.stdout.flush()
    os.environ |= guardian_environment(settings)
    os.execv(argv[0], argv)  # noqa: S606 - this process becomes the guardian, which is much smaller


def _introduce_accounts(place: Place, settings: Settings) -> None:
    """Say how to connect an account where there is none; books that cannot be opened just now are the engine's care."""
    from bowerbird.core.errors import StorageFull, StorageTimeout

    try:
        known = visit(place, lambda books: _known_to_run(settings, books))
    except (StorageFull, StorageTimeout) as error:
        say(f"The books cannot be opened yet ({error}); the engine goes on trying.")
        return
    if not known:
        say("No account is connected yet, so nothing will be posted. The page Start here leads you, or in a terminal:")
        say("    bowerbird connect bluesky your.handle     (then `bowerbird accounts` says what is missing)")


async def _known_to_run(settings: Settings, books: SqliteStorage) -> list[Account]:
    """The accounts; BadInput if one is real and nobody would be told that something broke."""
    from bowerbird.alerts.notifiers import may_run

    accounts = await books.accounts()
    await may_run(settings["alerts.channels"], books, accounts)
    return accounts


def _introduce_face(settings: Settings) -> None:
    """Say where the dashboard will be and where its password is; a free port is chosen here, to be said."""
    host, port = settings["face.host"], settings["face.port"]
    if port == 0:
        with socket.socket() as probe:
            probe.bind((host, 0))
            port = probe.getsockname()[1]
        os.environ["BOWERBIRD_FACE_PORT"] = str(port)
    say(f"The dashboard is at http://{host}:{port}")
    if not settings["face.password"]:
        say(f"Its password is in {settings.folder / 'face.password'}")


def doctor(
    context: typer.Context,
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
    fix: bool = typer.Option(False, "--fix", help="Mend first what can be mended safely, and say what was done."),
) -> None:
    """Check everything that must be in order, and say how to mend what is not."""
    from bowerbird.clock import SystemClock
    from bowerbird.startup.checks import check_all, mend_all

    found = context.obj.settings()
    done = mend_all(found.folder) if fix else []
    findings = check_all(found, now=SystemClock().now(), tested=_tested(context.obj, found))
    if as_json:
        report = {"ok": all(f.ok for f in findings), "done": done, "findings": [f.row() for f in findings]}
        say(json.dumps(report))
    else:
        for sentence in done:
            say(f"done  {sentence}")
        for finding in findings:
            say(finding.line())
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _tested(place: Place, settings: Settings) -> tuple[str, ...] | None:
    """The alert channels that took a test; None where there are no books that could be asked."""
    from bowerbird.alerts.notifiers import channels_of, tested
    from bowerbird.app.books import books_path
    from bowerbird.core.errors import BowerbirdError

    if not settings["alerts.channels"] or not books_path(settings).exists():
        return None
    try:
        return visit(place, lambda books: tested(books, channels_of(settings["alerts.channels"])))
    except BowerbirdError:
        return None  # the doctor looks at what is broken, and must not break of it


def settings(context: typer.Context) -> None:
    """Show every setting: its value, where it came from, and why it exists."""
    from bowerbird.settings import KNOBS

    found = context.obj.settings()
    for knob in KNOBS:
        say(f"{knob.name} = {found.shown(knob.name)}  ({found.sources[knob.name]})")
        say(f"    {knob.why} Environment: {knob.variable}")


def backup(context: typer.Context, file: str = typer.Argument(help="Where to write the copy.")) -> None:
    """Copy the books while the engine runs; the key file beside them is copied too."""
    from bowerbird.app.books import KEY, books_path
    from bowerbird.clock import SystemClock
    from bowerbird.startup.watchers import BACKUP
    from bowerbird.storage.backup import backup as copy

    found = context.obj.settings()
    copy(books_path(found), Path(file), now=SystemClock().now(), key_file=found.folder / KEY)
    note = found.folder / BACKUP
    note.write_text(json.dumps({"at": SystemClock().now(), "file": str(Path(file).absolute())}), encoding="utf-8")
    say(f"Copied to {file}. Keep the key file beside it: without it the sessions in the copy cannot be read.")


def restore(context: typer.Context, file: str = typer.Argument(help="The copy to restore.")) -> None:
    """Put a backup in the place of the books. Everything due since then is looked for before it is sent."""
    from bowerbird.app.books import KEY, books_path
    from bowerbird.clock import SystemClock
    from bowerbird.settings import make_folder
    from bowerbird.storage.backup import restore as put_back

    found = context.obj.settings()
    make_folder(found.folder)
    put_back(Path(file), books_path(found), key_file=found.folder / KEY, now=SystemClock().now())
    say("Restored. The old books were kept beside the new ones; posts due since the backup are settled by looking.")


def models(context: typer.Context, account: str = typer.Argument("", help="An account's id; empty: all.")) -> None:
    """List the versions of the learner, the one in use first."""
    from bowerbird.core.story import clock_time

    async def ask(storage: SqliteStorage) -> list[tuple[str, list[Any]]]:
        ids = [account] if account else [row.id for row in await storage.accounts()]
        return [(name, await storage.models(name)) for name in ids]

    found = visit(context.obj, ask)
    if not found:
        say("No accounts yet, so nothing has been learned. `bowerbird connect` adds one.")
    for name, versions in found:
        say(f"{name}: {len(versions) or 'no'} versions")
        for model in versions:
            mark = "in use" if model.champion else "kept"
            say(f"  {model.version[:12]}  {clock_time(model.created_at)}  from {model.n} readings  {mark}")


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(run)
    for command in (doctor, settings, backup, restore, models):
        app.command()(command)
