"""One account that can be reached by two ways, such as a site's pages and its API.

A post that nobody has frozen yet goes by the first way that is open. From then on it never changes: its message
carries the way's name, and every send and every look goes there, because only there is it certain what a look means.
A message without a name belongs to the first way, whose messages are stored as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from bowerbird.core.errors import Refused, Unreachable
from bowerbird.core.facts import Fact
from bowerbird.core.findings import Counts, Seen
from bowerbird.core.ports import Capabilities, Clock, Gone, Identity, Look, Unknown
from bowerbird.core.post import Post, RemoteRef
from bowerbird.platforms.guarded import Guarded

MARK = "driver: "
"""How the message of a way that is not the first begins; the way's name and a line break follow."""


@dataclass
class Drivers:
    """The ways to one account, the account's own first.

    Args:
        ways: by the driver's name; the first is the account's own.
        tell: gets the fact that a post goes by another way.
    """

    account_id: str
    ways: Mapping[str, Guarded]
    clock: Clock
    tell: Callable[[Fact], None]

    @property
    def first(self) -> Guarded:
        """The account's own way."""
        return next(iter(self.ways.values()))

    @property
    def name(self) -> str:
        """The first way's name: the account's platform."""
        return self.first.name

    @property
    def capabilities(self) -> Capabilities:
        """What the first way can do, with the more careful promise of all."""
        return _together(tuple(way.capabilities for way in self.ways.values()))

    def length(self, text: str) -> int:
        """The length of a text in the platform's own unit."""
        return self.first.length(text)

    def refusal(self) -> str:
        """Say why nothing would be let through just now; empty while one way is open."""
        return "" if not self._open().refusal() else self.first.refusal()

    def _open(self) -> Guarded:
        """The first way that is open; the account's own where none is."""
        return next((way for way in self.ways.values() if not way.refusal()), self.first)

    # --- a post's life -------------------------------------------------------------------------------------------

    async def prepare(self, post: Post) -> str:
        """Make the exact message for the first way that is open, and write the way's name into it.

        What another way cannot say is not refused for that: it waits for the account's own.
        """
        way = self._open()
        if way is self.first:
            return await way.prepare(post)
        name = next(name for name, one in self.ways.items() if one is way)
        why = self.first.refusal()
        try:
            wire = await way.prepare(post)
        except Refused as error:
            raise Unreachable(f"{why}; and {name} cannot send it: {error}", reason="no_driver") from error
        data = {"driver": name, "instead_of": self.first.name, "why": why}
        self.tell(
            Fact(
                kind="driver_chosen", at=self.clock.now(), by="drivers", account_id=self.account_id, post_id=post.id,
                data=data,
            )
        )  # fmt: skip
        return f"{MARK}{name}\n{wire}"

    async def publish(self, post: Post) -> RemoteRef:
        """Send it by the way that it was frozen for, and by no other."""
        way, bare = self._frozen(post)
        return await way.publish(bare)

    async def resolve(self, post: Post) -> Look:
        """Look through the way that it was frozen for."""
        try:
            way, bare = self._frozen(post)
        except Unreachable as error:
            return Unknown(why=str(error))
        return await way.resolve(bare)

    def _frozen(self, post: Post) -> tuple[Guarded, Post]:
        """Return the way of a frozen post, and the post as that way knows it."""
        if not (post.wire or "").startswith(MARK):
            return self.first, post
        name, _, wire = (post.wire or "").removeprefix(MARK).partition("\n")
        if name not in self.ways:
            raise Unreachable(f"the message was made for {name}, which is not connected any more", reason="no_driver")
        return self.ways[name], replace(post, wire=wire)

    # --- reads, and what belongs to no message ---------------------------------------------------------------------

    async def whoami(self) -> Identity:
        """Who we are there."""
        return await self._open().whoami()

    async def delete(self, ref: RemoteRef) -> None:
        """Take a post back."""
        await self._open().delete(ref)

    async def counts(self, refs: Sequence[RemoteRef]) -> Mapping[str, Counts | Gone]:
        """The numbers of these posts; every way sees the same account, so ids are the same in all."""
        return await self._open().counts(refs)

    async def mentions(self, after: int) -> list[Seen]:
        """Those who addressed us."""
        return await self._open().mentions(after)

    async def search(self, query: str, limit: int = 25) -> list[Seen] | Unknown:
        """Public posts on this subject."""
        return await self._open().search(query, limit)

    async def own_posts(self, limit: int = 50) -> list[Seen] | Unknown:
        """The newest posts on our own timeline."""
        return await self._open().own_posts(limit)

    async def close(self) -> None:
        """Let go of every way."""
        for way in self.ways.values():
            await way.close()


@lru_cache(maxsize=64)
def _together(every: tuple[Capabilities, ...]) -> Capabilities:
    return replace(
        every[0],
        dedup_s=min(one.dedup_s for one in every),
        settle_s=max(one.settle_s for one in every),
        browser=any(one.browser for one in every),
    )
