"""Adding and removing people, for the page and for the command line alike.

Nothing here is done by an engine: a password must not wait in a row of `commands` until one runs. The change and its
fact are written together, and what is kept of the password is its hash.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Protocol

from bowerbird.core.books import Batch, People, Recorder
from bowerbird.core.errors import BadInput
from bowerbird.core.facts import Fact
from bowerbird.core.people import NAME_MAX, OWNER, Person, Role
from bowerbird.dashboard.passwords import LEAST, hashed

PEOPLE_MAX = 100
"""Most people who may sign in at one time."""


class Books(People, Recorder, Protocol):
    """What adding somebody reads and writes."""


async def add(books: Books, *, name: str, role: str, password: str, by: str, now: int) -> str:
    """Let somebody sign in, or give them another role and password; return what was done.

    The hash is made in a thread, for it takes some 0.2 s of a processor.

    Raises:
        BadInput: there is no such role, the name or the password cannot be used, or there are too many people.
    """
    known = {one.name: one for one in await books.people()}
    _check(name, role, password)
    old = known.get(name)
    if (old is None or old.ended_at is not None) and sum(p.ended_at is None for p in known.values()) >= PEOPLE_MAX:
        raise BadInput(f"{PEOPLE_MAX} people may sign in already; remove one first")
    person = Person(name=name, role=Role(role), password=await asyncio.to_thread(hashed, password), made_at=now, by=by)
    fact = Fact(kind="person_added", at=now, by=by, data={"name": name, "role": role})
    await books.record(Batch(people=(person,), facts=(fact,)))
    again = "has another password now and is" if old is not None and old.ended_at is None else "may sign in as"
    return f"{name} {again} {role}."


async def remove(books: Books, *, name: str, by: str, now: int) -> str:
    """Let somebody sign in no more; their sessions end at once. Return what was done.

    Raises:
        BadInput: nobody of that name may sign in, or it is the owner.
    """
    if name == OWNER:
        raise BadInput("the owner stays: their password is the setting face.password")
    found = next((one for one in await books.people() if one.name == name and one.ended_at is None), None)
    if found is None:
        raise BadInput(f"nobody is called {name}; `bowerbird people` lists who may sign in")
    fact = Fact(kind="person_removed", at=now, by=by, data={"name": name})
    await books.record(Batch(people=(replace(found, ended_at=now),), facts=(fact,)))
    return f"{name} may sign in no more."


def _check(name: str, role: str, password: str) -> None:
    if role not in list(Role):
        raise BadInput(f"{role or 'an empty word'} is no role; it is one of {', '.join(Role)}")
    if name == OWNER:
        raise BadInput("the name owner is taken: their password is the setting face.password")
    if not name.isprintable() or not name.strip() or name != name.strip() or len(name) > NAME_MAX:
        raise BadInput(f"a name has 1 to {NAME_MAX} characters that can be seen, and no blanks around them")
    if len(password) < LEAST:
        raise BadInput(f"a password has at least {LEAST} characters")
