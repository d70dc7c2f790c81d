"""The stages on which every adapter plays the same suite: an adapter, the platform's own truth, and its faults.

A stage belongs to one test and to one account that nobody else uses. What it does to the platform goes through
the platform's own doors (the sandbox's faults, the answers of the PDS in memory), never through our code.
"""

from __future__ import annotations

import asyncio
import socket
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

import httpx

from bowerbird.browsers.pool import Pool
from bowerbird.clock import SystemClock
from bowerbird.core.ports import Platform
from bowerbird.core.post import RemoteRef
from bowerbird.platforms.bluesky import Bluesky
from bowerbird.platforms.bluesky.adapter import CANARY
from bowerbird.platforms.bluesky.records import iso
from bowerbird.platforms.bluesky.session import StoredSession
from bowerbird.platforms.sandbox import Sandbox
from bowerbird.platforms.web.driver import WebDriver
from bowerbird.platforms.web.sites import SANDBOX
from tests.perch import STRANGER, Perch
from tests.platforms.bluesky.fake_pds import DID, HANDLE, URL, FakePds, error

CLOCK = SystemClock()


class Trouble(StrEnum):
    """What goes wrong with the next request."""

    LIMITED = "429"
    BROKEN = "500"
    DROP_BEFORE = "drop_before"
    DROP_ANSWER = "drop_answer"
    SLOW = "slow"


@dataclass
class Drawer:
    """Secrets in memory."""

    kept: dict[str, str] = field(default_factory=dict, repr=False)

    async def load_secret(self, account_id: str, name: str) -> str | None:
        """Return what was kept under this name."""
        return self.kept.get(f"{account_id}/{name}")

    async def save_secret(self, account_id: str, name: str, value: str) -> None:
        """Keep it."""
        self.kept[f"{account_id}/{name}"] = value


class Said(NamedTuple):
    """A post as the platform keeps it: its words, and the id of what it answers."""

    text: str
    parent: str | None


class Stage(ABC):
    """One adapter on its platform.

    `kind` tells how the account is keyed, `can_delete` whether posts can be taken back through the adapter,
    `late_s` how long after a slow send was cut off it may still arrive, seconds.
    """

    kind = "none"
    can_delete = True
    stranger = STRANGER
    late_s = 0.0
    platform: Platform

    @abstractmethod
    async def posts(self) -> list[Said]:
        """Our posts that stand on the platform, oldest first."""

    async def said(self) -> list[str]:
        """Their words."""
        return [one.text for one in await self.posts()]

    @abstractmethod
    async def trouble(self, what: Trouble, *, on: str = "write") -> None:
        """Let this happen to our next write, or to our next read of each sort."""

    async def half_way(self) -> None:
        """Wait until a send that has begun is under way."""
        await asyncio.sleep(0)

    @abstractmethod
    def nowhere(self) -> Platform:
        """The same account's adapter, where no server is running."""

    @abstractmethod
    async def revoke(self) -> None:
        """End our session; handle and password still open another."""

    @abstractmethod
    async def lock_out(self) -> None:
        """End our session, and let the kept password be wrong."""

    @abstractmethod
    async def remove(self, ref: RemoteRef) -> None:
        """Let the platform take our post away."""

    @abstractmethod
    async def address_us(self, text: str) -> str:
        """Let somebody speak to us; return the text as it was said."""

    @abstractmethod
    async def speak(self, text: str) -> RemoteRef:
        """Let somebody say something that a search for its words finds."""

    async def settle(self, ref: RemoteRef) -> None:
        """Wait until the public numbers of our post can be read."""
        await asyncio.sleep(0)

    async def close(self) -> None:
        """Leave the stage."""
        await self.platform.close()


# --- the sandbox -----------------------------------------------------------------------------------------------


class PerchStage(Stage):
    """The rehearsal network, whichever door we come through."""

    late_s = 1.5

    def __init__(self, perch: Perch, kind: str) -> None:
        self.kind, self.perch, self.handle = kind, perch, perch.account(kind)
        self.id = f"perch:{self.handle}"
        self.drawer = Drawer({f"{self.id}/password": f"{self.handle}-pass"})

    async def posts(self) -> list[Said]:
        """Read the journal."""
        return [Said(row["text"], row["parent"]) for row in await self.perch.posts(self.handle)]

    async def trouble(self, what: Trouble, *, on: str = "write") -> None:
        """Arm a fault for this account."""
        await self.perch.arm(what, on=on, account=self.handle, delay_s=1 if what is Trouble.SLOW else 30)

    async def half_way(self) -> None:
        """Long enough for the request to be on its way, shorter than its fault."""
        await asyncio.sleep(0.6)

    async def revoke(self) -> None:
        """Revoke every session of the account."""
        await self.perch.arm("session_revoked", account=self.handle)

    async def lock_out(self) -> None:
        """Revoke, and spoil the password that was kept."""
        await self.revoke()
        await self.drawer.save_secret(self.id, "password", "no longer")

    async def remove(self, ref: RemoteRef) -> None:
        """Remove the post as the network would."""
        await self.perch.arm("remove_post", post=ref.id)

    async def address_us(self, text: str) -> str:
        """Let the stranger name us."""
        said = f"@{self.handle} {text}"
        await self.perch.speak(said)
        return said

    async def speak(self, text: str) -> RemoteRef:
        """Let the stranger post."""
        return RemoteRef(id=await self.perch.speak(text))


class ApiStage(PerchStage):
    """Through the JSON door."""

    def __init__(self, perch: Perch, kind: str) -> None:
        super().__init__(perch, kind)
        self.platform = self.adapter(perch.url)

    def adapter(self, url: str) -> Sandbox:
        """An adapter of the account at this address."""
        return Sandbox(self.id, url, self.handle, self.drawer, CLOCK, httpx.AsyncClient(), keyed=self.kind)

    def nowhere(self) -> Platform:
        """An adapter at a closed port."""
        return self.adapter(dead_address())


class WebStage(PerchStage):
    """Through the pages, in a real browser that all tests share."""

    can_delete = False

    def __init__(self, perch: Perch, seat: Pool) -> None:
        super().__init__(perch, "none")
        self.seat = seat
        self.driver = self.platform = self.adapter(perch.url)

    def adapter(self, url: str) -> WebDriver:
        """A driver of the account at this address."""
        return WebDriver(self.id, url, self.handle, SANDBOX, self.seat, self.drawer, CLOCK)

    def nowhere(self) -> Platform:
        """A driver at a closed port."""
        return self.adapter(dead_address())

    async def close(self) -> None:
        """Give the account's page back, so that pages do not pile up."""
        await super().close()
        await self.seat.forget(self.id)


# --- Bluesky ---------------------------------------------------------------------------------------------------

WRITE = "com.atproto.repo.putRecord"
READS = (
    "com.atproto.repo.getRecord",
    "com.atproto.repo.listRecords",
    "app.bsky.feed.getPosts",
    "app.bsky.feed.searchPosts",
    "app.bsky.feed.getAuthorFeed",
    "com.atproto.server.getSession",
)


class FakePdsStage(Stage):
    """Bluesky, on a PDS in memory."""

    kind = "forever"
    stranger = "finch.test"

    def __init__(self) -> None:
        self.pds = FakePds()
        self.pds.found[CANARY] = [self.pds.show("3canary")]
        self.drawer = Drawer()
        self.http = self.pds.client()
        self.platform = self.adapter(self.http)

    def adapter(self, http: httpx.AsyncClient) -> Bluesky:
        """An adapter that speaks through this client."""
        return Bluesky(URL, HANDLE, self.pds.password, StoredSession(self.drawer, "bluesky:wren"), CLOCK, http)

    def nowhere(self) -> Platform:
        """An adapter whose connections are refused."""

        def refuse(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("connection refused", request=request)

        return self.adapter(httpx.AsyncClient(transport=httpx.MockTransport(refuse)))

    async def posts(self) -> list[Said]:
        """Read the repository."""
        answers = [(record, record.get("reply")) for record in self.pds.records.values()]
        return [Said(record["text"], reply and reply["parent"]["uri"]) for record, reply in answers]

    async def trouble(self, what: Trouble, *, on: str = "write") -> None:
        """Queue a failure for the next call."""
        if what is Trouble.SLOW:
            return  # every answer comes some turns of the loop later
        answers: dict[Trouble, Any] = {
            Trouble.LIMITED: error("RateLimitExceeded", 429, retry_after="30"),
            Trouble.BROKEN: error("InternalServerError", 500),
        }
        answer = answers.get(what, httpx.ReadError("the connection was closed"))
        for method in (WRITE,) if on == "write" else READS:
            self.pds.fail(method, answer, done=what is Trouble.DROP_ANSWER)

    async def revoke(self) -> None:
        """Let the access token expire."""
        self.pds.expire()

    async def lock_out(self) -> None:
        """Take neither token nor password any more."""
        self.pds.expire()
        self.pds.refresh, self.pds.password = "", "changed by the owner"

    async def remove(self, ref: RemoteRef) -> None:
        """Take the record and its view away."""
        self.pds.records.pop(ref.id.rsplit("/", 1)[1])
        self.pds.views.pop(ref.id, None)

    async def settle(self, ref: RemoteRef) -> None:
        """Show the post in the public view."""
        self.pds.show(ref.id.rsplit("/", 1)[1], DID, likeCount=0, repostCount=0, replyCount=0, quoteCount=0)

    async def address_us(self, text: str) -> str:
        """Put a mention into the notifications."""
        said = f"@{HANDLE} {text}"
        record = {"text": said, "createdAt": now_text()}
        self.pds.pages.setdefault("notifications", []).insert(
            0, {**self.pds.show("3spoke", record=record), "reason": "mention", "indexedAt": now_text()}
        )
        return said

    async def speak(self, text: str) -> RemoteRef:
        """Put somebody's post into the public view and its search."""
        view = self.pds.show(f"3said{len(self.pds.views)}", record={"text": text, "createdAt": now_text()})
        self.pds.found[text] = [view]
        return RemoteRef(id=view["uri"], cid=view["cid"])

    async def close(self) -> None:
        """Close the client too."""
        await super().close()
        await self.http.aclose()


def now_text() -> str:
    """This instant as Bluesky writes it."""
    return iso(CLOCK.now())


def dead_address() -> str:
    """An address of this machine at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"
