"""Do what a person asked for: every button is a row, executed once and answered with a sentence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from bowerbird.core.errors import BowerbirdError
from bowerbird.core.facts import Fact
from bowerbird.core.ports import Batch, Clock, Journal, Recorder
from bowerbird.core.work import Command


class Books(Recorder, Journal, Protocol):
    """What the desk needs of the storage."""


Verb = Callable[[Command], Awaitable[str]]
"""Executes a command and returns what happened, in a sentence; raises `BowerbirdError` with the remedy."""


@dataclass
class Desk:
    """Executes commands, one at a time, in the order in which they were asked."""

    storage: Books
    clock: Clock
    owner: str
    verbs: Mapping[str, Verb]

    async def obey_once(self) -> bool:
        """Execute one command.

        1. Take the oldest that nobody has taken.
        2. Execute it; what cannot be done is answered in words, not retried: a person is looking.
        3. Record the answer with a fact.

        Return True if the caller should come back at once.
        """
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
        await self.storage.record(Batch(commands=(done,), facts=(fact,)))
        return True

    async def _execute(self, command: Command) -> tuple[bool, str]:
        verb = self.verbs.get(command.verb)
        if verb is None:
            return False, f"there is no command {command.verb!r}; known are {', '.join(sorted(self.verbs))}"
        try:
            return True, await verb(command)
        except BowerbirdError as error:
            return False, str(error)
        except Exception as error:  # noqa: BLE001 - somebody waits for an answer, whatever happened
            return False, f"unforeseen {type(error).__name__}: {error}"
