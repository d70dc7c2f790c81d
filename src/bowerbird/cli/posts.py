"""Commands about posts: why, posts, post, approve, reject, edit, withdraw, retry, reslot, retract, settle."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from bowerbird.cli.operate import Place, say, visit

if TYPE_CHECKING:
    from bowerbird.core.post import Post
    from bowerbird.storage.sqlite import SqliteStorage

POST = typer.Argument(metavar="POST", help="A post's id, or the first letters of it.")


def why(
    context: typer.Context, post: str = POST, as_json: bool = typer.Option(False, "--json", help="Print JSON.")
) -> None:
    """Tell a post's whole story: why it was chosen, what it was written from, what happened, what it brought."""
    from bowerbird.core.story import STATES, clock_time, story

    async def ask(storage: SqliteStorage) -> tuple[Post, Any, Any, Any]:
        found = await find(storage, post)
        facts = await storage.facts(post_id=found.id)
        readings = await storage.readings(post_id=found.id)
        return found, facts, readings, await storage.advice(found.account_id)

    found, facts, readings, advice = visit(context.obj, ask)
    lines = story(found, facts, readings, learned=advice.sentence if advice else "")
    if as_json:
        rows = [{"at": line.at, "chapter": line.chapter, "sentence": line.sentence} for line in lines]
        say(json.dumps({"post": found.id, "state": found.state, "text": found.payload.text, "story": rows}))
        return
    say(f'"{found.payload.text}"')
    say(f"\nThis post {STATES[found.state]}{f' ({found.reason})' if found.reason else ''}. Account: {found.account_id}")
    if found.remote:
        say(found.remote.url or found.remote.id)
    say()
    for line in lines:
        say(f"{clock_time(line.at)}  {line.chapter:<10} {line.sentence}")


def posts(
    context: typer.Context,
    state: str = typer.Option("", help="Only posts in this state, such as proposed or queued."),
    account: str = typer.Option("", help="Only posts of this account."),
    limit: int = typer.Option(20, min=1, max=1000, help="How many at most."),
) -> None:
    """List posts, the latest due first."""
    from bowerbird.core.errors import BadInput
    from bowerbird.core.lifecycle import State
    from bowerbird.core.story import clock_time

    known = {each.value for each in State}
    if state and state not in known:
        raise BadInput(f"there is no state {state!r}; states are {', '.join(sorted(known))}")

    async def ask(storage: SqliteStorage) -> list[Post]:
        return await storage.posts(states=(State(state),) if state else (), account_id=account, limit=limit)

    found = visit(context.obj, ask)
    for row in found:
        words = " ".join(row.payload.text.split())
        say(f"{row.id}  {clock_time(row.due)}  {row.state:<9}  {row.account_id}  {words[:60]}")
    if not found:
        say("No posts yet. The engine plans them while it runs; `bowerbird post` queues your own.")


def post(
    context: typer.Context,
    account: str = typer.Argument(help="The account's id, such as bluesky:wren.example.org."),
    text: str = typer.Argument(help="The words."),
    at: str = typer.Option("", help="When, such as 2026-12-24T18:00 (local time); empty: now."),
) -> None:
    """Queue a post of your own. It passes the same gates as every other."""
    from bowerbird.core.errors import BadInput

    try:
        due = int(datetime.fromisoformat(at).astimezone().timestamp() * 1_000_000) if at else ""
    except (ValueError, OverflowError) as error:
        raise BadInput(f"{at!r} is no time; write it like 2026-12-24T18:00") from error
    command(context.obj, "post", account_id=account, text=text, due=due)


def approve(context: typer.Context, post: str = POST) -> None:
    """Approve a proposed post; it goes at its time."""
    command(context.obj, "approve", post=post)


def reject(context: typer.Context, post: str = POST, reason: str = typer.Option("", help="Why, in words.")) -> None:
    """Turn a post down; the reason is kept."""
    command(context.obj, "reject", post=post, reason=reason)


def edit(context: typer.Context, post: str = POST, text: str = typer.Argument(help="The new words.")) -> None:
    """Change a post's words; where approval is asked, it is asked again."""
    command(context.obj, "edit", post=post, text=text)


def withdraw(context: typer.Context, post: str = POST) -> None:
    """Take a post back before it is sent."""
    command(context.obj, "withdraw", post=post)


def retry(context: typer.Context, post: str = POST) -> None:
    """Queue the words of a post that was not sent once more, as a new post."""
    command(context.obj, "retry", post=post)


def reslot(context: typer.Context, account: str = typer.Argument("", help="Only this account.")) -> None:
    """Give posts that waited past their time the next free slots."""
    command(context.obj, "reslot", account_id=account)


def retract(context: typer.Context, post: str = POST) -> None:
    """Delete a published post from its platform."""
    command(context.obj, "retract", post=post)


def settle(
    context: typer.Context, post: str = POST, verdict: str = typer.Argument(help="there, send or leave")
) -> None:
    """Say whether a parked post is on the platform: there; not there, send it; not there, leave it."""
    command(context.obj, "settle", post=post, verdict=verdict)


async def find(storage: SqliteStorage, prefix: str) -> Post:
    """Find a post by its id or the first letters of it.

    Raises:
        BadInput: none, or more than one.
    """
    from bowerbird.core.errors import BadInput

    exact = await storage.post(prefix)
    if exact is not None:
        return exact
    near = [row for row in await storage.posts(limit=1000) if row.id.startswith(prefix)]
    if len(near) != 1:
        many = f"{len(near)} posts begin with {prefix!r}; write more of it" if near else f"there is no post {prefix!r}"
        raise BadInput(f"{many} (`bowerbird posts` lists them)")
    return near[0]


def command(place: Place, verb: str, *, post: str = "", **args: Any) -> None:
    """Execute a verb here and now, exactly as the engine does for a button, and print the answer."""
    import getpass

    settings = place.settings()

    async def ask(storage: SqliteStorage) -> str:
        from bowerbird.app.verbs import execute

        if post:
            args["post_id"] = (await find(storage, post)).id
        return await execute(settings, storage, verb, args, by=getpass.getuser())

    say(visit(place, ask))


COMMANDS: tuple[Callable[..., Awaitable[None] | None], ...] = (
    why, posts, post, approve, reject, edit, withdraw, retry, reslot, retract, settle,
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for each in COMMANDS:
        app.command()(each)
