"""What the face does itself when a button is pressed, instead of writing it down for an engine.

These are the few buttons that carry a secret, or must work while no engine runs. The row in `commands` is written all
the same, already answered and without the secret, so the audit log and the page's answer are as for any other. Where
an engine needs the secret it finds it in the safe; a row never holds one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from bowerbird.core.ports import Clock
from bowerbird.dashboard import household
from bowerbird.dashboard.asked import Books

Deed = Callable[[Books, Clock, Mapping[str, str], str], Awaitable[str]]
"""Does it with the form's fields, for the person of this name; returns the answer, or raises BadInput with why not."""

SECRET = frozenset({"password"})
"""Fields of a form that are never written down, whichever button they come with."""


async def _person_add(books: Books, clock: Clock, form: Mapping[str, str], by: str) -> str:
    return await household.add(
        books, name=form.get("name", "").strip(), role=form.get("role", ""), password=form.get("password", ""), by=by,
        now=clock.now(),
    )  # fmt: skip


async def _person_remove(books: Books, clock: Clock, form: Mapping[str, str], by: str) -> str:
    return await household.remove(books, name=form.get("name", ""), by=by, now=clock.now())


SEALED = frozenset({"introduce"})
"""Verbs that the engine does with a password: it finds it in the books' safe, under the command's own id."""


async def seal(books: Books, command_id: str, form: Mapping[str, str]) -> None:
    """Put the password of a form into the safe, encrypted, for the engine to take; an empty one is none."""
    if form.get("password"):
        await books.save_secret(command_id, "password", form["password"])


DEEDS: dict[str, Deed] = {"person_add": _person_add, "person_remove": _person_remove}
"""Each verb that the face does itself; all of them stand in `roles.VERBS`, too."""
