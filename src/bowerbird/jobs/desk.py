"""Do what a person asked for: every button is a row, executed once and answered with a sentence."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from bowerbird.core.books import Batch, Journal, Recorder
from bowerbird.core.errors import BowerbirdError
from bowerbird.core.facts import Fact
from bowerbird.core.ports import Clock
from bowerbird.core.work import Command


class Books(Recorder, Journal, Protocol):
    """What the desk needs of the storage."""


Verb = Callable[[Command], Awaitable[str]]
"""Executes a command and returns what happened, in a sentence; raises `BowerbirdError` with the remedy."""


VERB_S = 20.0
"""How long one command may take, in seconds."""


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
        4. Record the answer with a fact.

        Return True if the caller should come back at once.
        """
        if self._owed is not None:
            return await self._answer(self._owed)
        command = await self.storage.claim_command(now=self.clock.now(), owner=self.owner)
        if command is None:
            return False
        ok, answer = await self._execute(command)
        now = self.clock.now()
        data = {"verb": command.verb, "by": command.by, "ok": ok, "answer": answer}
        fact = Fact(
            kind="commanded", at=now, by="desk", data=data, post_id=str(command.args.get("post_id", "")),
            account_id=str(command.args.get("account_id", "")),
        )  # fmt: skip
        done = replace(command, done_at=now, ok=ok, answer=answer)
        return await self._answer(Batch(commands=(done,), facts=(fact,)))

    async def _answer(self, batch: Batch) -> bool:
        self._owed = batch
        await self.storage.record(batch)
        self._owed = None
        return True

    async def _execute(self, command: Command) -> tuple[bool, str]:
        verb = self.verbs.get(command.verb)
        if verb is None:
            return False, f"there is no command {command.verb!r}; known are {', '.join(sorted(self.verbs))}"
        try:
            async with asyncio.timeout(self.verb_s):
                return True, await verb(command)
        except TimeoutError:
            return False, f"it took longer than {self.verb_s:g} s and was given up; look whether it was done"
        except BowerbirdError as error:
            return False, str(error)
        except Exception as error:  # noqa: BLE001 - somebody waits for an answer, whatever happened
            return False, f"unforeseen {type(error).__name__}: {error}"
