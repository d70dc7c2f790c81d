"""Do what a person asked for: every button is a row, executed once and answered with a sentence."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from bowerbird.core.books import Batch, Journal, Recorder
from bowerbird.core.facts import Fact
from bowerbird.core.ports import Clock
from bowerbird.core.work import Command
from bowerbird.jobs.piece import carry_out


class Books(Recorder, Journal, Protocol):
    """What the desk needs of the storage."""


Verb = Callable[[Command], Awaitable[str]]
"""Executes a command and returns what happened, in a sentence; raises `BowerbirdError` with the remedy."""


VERB_S = 20.0
"""How long one command may take, in seconds."""


ABOUT = ("breaker", "job", "lane", "incident", "silence", "drill", "name")
"""Arguments that say what a command is about, where that is neither a post nor an account."""


def answered(command: Command, *, now: int, ok: bool, answer: str) -> Batch:
    """A command with its answer, and the fact of it: who asked for what, about what, and why."""
    about = next((str(command.args[name]) for name in ABOUT if command.args.get(name)), "")
    why = str(command.args.get("why", ""))
    data = {"verb": command.verb, "by": command.by, "ok": ok, "answer": answer, "about": about, "why": why}
    fact = Fact(
        kind="commanded", at=now, by="desk", data={name: value for name, value in data.items() if value != ""},
        post_id=str(command.args.get("post_id", "")), account_id=str(command.args.get("account_id", "")),
    )  # fmt: skip
    return Batch(commands=(replace(command, done_at=now, ok=ok, answer=answer),), facts=(fact,))


@dataclass
class Desk:
    """Executes commands, one at a time, in the order in which they were asked.

    Args:
        verb_s: how long one command may take, seconds.
    """

    storage: Books
    clock: Clock
    owner: str
    verbs: Mapping[str, Verb]
    verb_s: float = VERB_S
    _owed: Batch | None = field(default=None, repr=False)

    async def obey_once(self) -> bool:
        """Execute one command.

        1. Record the answer of the last one, if the books could not be written then.
        2. Take the oldest that nobody has taken.
        3. Execute it; what cannot be done is answered in words, not retried: a person is looking.
        4. Record the answer with a fact; one that is cut off meanwhile is owed an answer all the same.

        Return True if the caller should come back at once.
        """
        if self._owed is not None:
            return await self._answer(self._owed)
        command = await self.storage.claim_command(now=self.clock.now(), owner=self.owner)
        if command is None:
            return False
        try:
            ok, answer = await self._execute(command)
        except asyncio.CancelledError:
            self._owed = self._batch(command, ok=False, answer="it was cut off; look whether it was done")
            raise
        return await self._answer(self._batch(command, ok=ok, answer=answer))

    def _batch(self, command: Command, *, ok: bool, answer: str) -> Batch:
        return answered(command, now=self.clock.now(), ok=ok, answer=answer)

    async def _answer(self, batch: Batch) -> bool:
        self._owed = batch
        await self.storage.record(batch)
        self._owed = None
        return True

    async def _execute(self, command: Command) -> tuple[bool, str]:
        verb = self.verbs.get(command.verb)
        if verb is None:
            return False, f"there is no command {command.verb!r}; known are {', '.join(sorted(self.verbs))}"
        ended = await carry_out(partial(verb, command), timeout_s=self.verb_s, name=f"verb {command.verb}")
        if not ended.error:
            return True, ended.answer or ""
        if ended.cut_off:
            return False, f"it took longer than {self.verb_s:g} s and was given up; look whether it was done"
        return False, str(ended.failure) if ended.foreseen else ended.error
