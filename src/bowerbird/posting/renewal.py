"""Bring signed-out accounts back: ask the platform who we are, and lift the hold when it knows us again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from bowerbird.core.account import Hold, HoldKind
from bowerbird.core.books import Batch
from bowerbird.core.errors import PlatformError
from bowerbird.core.facts import Fact
from bowerbird.core.ports import Clock, Platform
from bowerbird.posting.publisher import Books
from bowerbird.posting.together import together

ASK_S = 20.0
"""How long one question may take, in seconds."""


@dataclass
class Renewal:
    """Lifts the hold of accounts whose session works again.

    Args:
        ask_s: how long one question may take, seconds.
    """

    storage: Books
    platforms: Mapping[str, Platform]
    clock: Clock
    by: str = "renewal"
    ask_s: float = ASK_S

    async def renew_once(self) -> bool:
        """Ask for all signed-out accounts at once who we are; an answer lifts its hold.

        The adapters renew a session themselves where they can, so an answer means that posting will work.
        Return False: the next try is the next run.
        """
        holds = await self.storage.holds(now=self.clock.now())
        await together(
            self._renew(hold) for hold in holds
            if hold.kind is HoldKind.SIGNED_OUT and hold.account_id in self.platforms
        )  # fmt: skip
        return False

    async def _renew(self, hold: Hold) -> None:
        if await self._known(hold):
            fact = Fact(
                kind="hold_lifted", at=self.clock.now(), by=self.by, account_id=hold.account_id,
                data={"hold": hold.kind},
            )  # fmt: skip
            await self.storage.record(Batch(lifted=((hold.account_id, hold.kind),), facts=(fact,)))

    async def _known(self, hold: Hold) -> bool:
        try:
            async with asyncio.timeout(self.ask_s):
                await self.platforms[hold.account_id].whoami()
        except (PlatformError, TimeoutError):
            return False  # the hold stays, with the reason it was set for
        return True
