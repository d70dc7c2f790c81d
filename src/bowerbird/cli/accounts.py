"""Commands about accounts: connect, login, attest, accounts, pause, resume, bank."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bowerbird.cli.operate import progress, say, visit
from bowerbird.cli.posts import command

if TYPE_CHECKING:
    from bowerbird.core.ports import Identity
    from bowerbird.settings import Settings
    from bowerbird.storage.sqlite import SqliteStorage


def connect(
    context: typer.Context,
    platform: str = typer.Argument(help="bluesky, sandbox, sandbox-web, or x, which is off: see its risk."),
    handle: str = typer.Argument(help="The account's handle."),
    url: str = typer.Option("", help="The server's address (Bluesky: https://bsky.social)."),
    password: str = typer.Option(
        "", envvar="BOWERBIRD_PASSWORD", help="Asked for; never shown. Where only a person signs in, there is none."
    ),
    mode: str = typer.Option("", help="How posts are approved: ask, ask-new, veto or auto."),
    file: str = typer.Option("", "--import", help="A storage state, where there is no display to sign in on."),
) -> None:
    """Connect an account: two fields, and you see who you are before anything is sent."""
    from bowerbird.app.accounts import URLS, account_from, introduce
    from bowerbird.app.login import session_for
    from bowerbird.clock import SystemClock
    from bowerbird.core.account import in_browser
    from bowerbird.core.errors import BadInput

    settings = context.obj.settings(account__mode=mode or None)
    if platform.startswith("sandbox") and not url:
        raise BadInput("say where the sandbox is, such as --url http://127.0.0.1:8421 (`bowerbird demo` runs one)")
    account = account_from(
        settings, platform=platform, handle=handle, url=url or URLS.get(platform, ""), now=SystemClock().now()
    )

    by_hand = in_browser(platform) and not account.rehearsal
    if not by_hand and not password:
        password = typer.prompt("App password", hide_input=True)
    progress(f"Asking {account.url} who you are ...")

    async def ask(storage: SqliteStorage) -> Identity:
        state = await session_for(settings, account, Path(file) if file else None) if by_hand else ""
        return await introduce(settings, storage, account, password, state=state)

    who = visit(context.obj, ask)
    followers = "" if who.followers is None else f", {who.followers} followers"
    say(f"This is you: {who.handle} ({who.id}{followers}). Connected as {account.id}; approval: {account.mode}.")
    if not account.rehearsal:
        say("Before the first post, say that the account is labelled as automated, and who runs it:")
        say(f'    bowerbird attest {account.id} --operator "your name"')


def login(
    context: typer.Context,
    account: str = typer.Argument(help="The account's id."),
    file: str = typer.Option("", "--import", help="A storage state, where there is no display to sign in on."),
) -> None:
    """Sign an account in by hand, in a window of a browser; no password is asked for or stored."""
    from bowerbird.app.login import keep_session, session_for
    from bowerbird.core.errors import BadInput

    settings = context.obj.settings()

    async def ask(storage: SqliteStorage) -> Any:
        known = await storage.account(account)
        if known is None:
            raise BadInput(f"there is no account {account}; `bowerbird accounts` lists them")
        progress(f"Sign in on {known.url} in the window that opens; it closes by itself.")
        await keep_session(storage, known, await session_for(settings, known, Path(file) if file else None))

    visit(context.obj, ask)
    say(f"{account} is signed in. A running engine takes it up within half a minute.")


def attest(
    context: typer.Context,
    account: str = typer.Argument(help="The account's id."),
    operator: str = typer.Option(..., help="Who runs it, as its profile says."),
) -> None:
    """Attest that the account's profile says that it is automated, and names who runs it."""
    command(context.obj, "attest", account_id=account, operator=operator)


def accounts(context: typer.Context) -> None:
    """List accounts, with what holds them back."""
    from bowerbird.clock import SystemClock

    async def ask(storage: SqliteStorage) -> tuple[Any, Any]:
        return await storage.accounts(), await storage.holds(now=SystemClock().now())

    found, holds = visit(context.obj, ask)
    for row in found:
        held = "; ".join(f"{hold.kind}: {hold.why}" for hold in holds if hold.account_id == row.id)
        say(f"{row.id}  approval {row.mode}  {held or 'nothing holds it back'}")
    if not found:
        say("No accounts yet. Connect one with `bowerbird connect bluesky HANDLE`, or look at `bowerbird demo`.")


def pause(
    context: typer.Context,
    account: str = typer.Argument("", help="The account's id; empty: all."),
    why: str = typer.Option("", help="The reason, kept with the hold."),
) -> None:
    """Send nothing for an account, or for all, until resumed. Survives restarts."""
    command(context.obj, "pause", account_id=account, why=why)


def resume(context: typer.Context, account: str = typer.Argument("", help="The account's id; empty: all.")) -> None:
    """Lift every hold of an account, or of all."""
    command(context.obj, "resume", account_id=account)


def bank(
    context: typer.Context,
    file: str = typer.Argument("python_tips", help="A YAML, Markdown or CSV file, a feed, a page, or python_tips."),
    to: str = typer.Option("", "--to", help="Read a public page into this Markdown file, for you to look over."),
) -> None:
    """Read a claim bank and report its rows: the good ones by topic, the bad ones by row.

    With --to, a public page is read as its robots.txt allows, by a browser, into a bank that you look over first.
    """
    from collections import Counter

    from bowerbird.writers.shelf import find_bank

    if to:
        _read_page(context.obj.settings(), file, Path(to))
        file = to
    found = find_bank(file)
    for topic, number in sorted(Counter(claim.topic for claim in found.claims).items()):
        say(f"{number:5d}  {topic}")
    say(f"{len(found.claims):5d}  claims can be used")
    for bad in found.bad_rows:
        say(str(bad))
    if to:
        say(f"Look {to} over, take out what you cannot stand for, and then name it: `writer.bank = {to!r}`.")
    if found.bad_rows:
        raise typer.Exit(1)


def _read_page(settings: Settings, url: str, file: Path) -> None:
    """Write what a page says as a bank; a file that is there stays as it is."""
    import asyncio

    from bowerbird.app.connections import seat_of
    from bowerbird.app.sources import bank_of
    from bowerbird.core.errors import BadInput

    if not url.startswith(("http://", "https://")):
        raise BadInput(f"{url} is no address; --to is for pages, and a file is named as it is")
    if file.suffix not in {".md", ".markdown"} or file.exists():
        raise BadInput(f"{file} must be a new file that ends in .md")

    async def read() -> str:
        pool = seat_of(settings)
        try:
            return await bank_of(url, pool)
        finally:
            await pool.close()

    progress(f"Reading {url} ...")
    file.write_text(asyncio.run(read()), encoding="utf-8")


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for each in (connect, login, attest, accounts, pause, resume, bank):
        app.command()(each)
