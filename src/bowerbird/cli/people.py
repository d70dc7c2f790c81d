"""The command about people: who may sign in to the dashboard, and what each may do."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

import typer

from bowerbird.cli.operate import say, visit

if TYPE_CHECKING:
    from bowerbird.core.people import Person
    from bowerbird.storage.sqlite import SqliteStorage

ACTIONS = ("list", "add", "remove")


def people(
    context: typer.Context,
    action: str = typer.Argument("list", metavar="ACTION", help="list, add or remove"),
    name: str = typer.Argument("", help="By which they sign in."),
    role: str = typer.Option("viewer", help="owner, editor, approver or viewer."),
    password: str = typer.Option(
        "", envvar="BOWERBIRD_PERSON_PASSWORD", show_envvar=True, help="Asked for if not given; never shown."
    ),
) -> None:
    """Say who may sign in to the dashboard. Everybody else there is the owner, whose password is `face.password`."""
    from bowerbird.clock import SystemClock
    from bowerbird.core.errors import BadInput
    from bowerbird.dashboard import household

    if action not in ACTIONS:
        raise BadInput(f"{action} is none of {', '.join(ACTIONS)}")
    if action == "list":
        _list(visit(context.obj, _everybody))
        return
    if not name:
        raise BadInput(f"say whom: bowerbird people {action} NAME")
    if action == "add" and not password:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    now, by = SystemClock().now(), getpass.getuser()

    async def change(storage: SqliteStorage) -> str:
        if action == "remove":
            return await household.remove(storage, name=name, by=by, now=now)
        return await household.add(storage, name=name, role=role, password=password, by=by, now=now)

    say(visit(context.obj, change))


async def _everybody(storage: SqliteStorage) -> list[Person]:
    return await storage.people()


def _list(found: list[Person]) -> None:
    say("owner  owner  the password is the setting face.password")
    for person in found:
        if person.ended_at is None:
            say(f"{person.name}  {person.role}  added by {person.by or 'nobody knows whom'}")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(people)
