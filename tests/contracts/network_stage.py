"""The stage on Bluesky's own server software: a real PDS and AppView, and a wire of ours that can be cut."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from bowerbird.core.errors import Refused
from bowerbird.core.findings import Counts
from bowerbird.core.ports import Platform
from bowerbird.core.post import RemoteRef
from bowerbird.platforms.bluesky import Bluesky
from bowerbird.platforms.bluesky.session import StoredSession
from tests.contracts.stages import CLOCK, READS, WRITE, Drawer, Said, Stage, Trouble, dead_address
from tests.network.rig import ADMIN, Person, Rig
from tests.platforms.bluesky.fake_pds import error
from tests.platforms.bluesky.made import post, published

SEEN_WITHIN_S = 30.0
SLOW_S = 1.0


class Wire(httpx.AsyncBaseTransport):
    """The way to the server, on which requests and answers get lost and sessions come of age."""

    def __init__(self) -> None:
        self.way = httpx.AsyncHTTPTransport()
        self.troubles: dict[str, list[Trouble]] = defaultdict(list)
        self.last_token = ""
        self.expired: set[str] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request, unless something happens to it."""
        method = request.url.path.removeprefix("/xrpc/")
        token = request.headers.get("authorization", "")
        if token and token in self.expired:
            return error("ExpiredToken", message="Token has expired")
        if not method.endswith("refreshSession"):
            self.last_token = token or self.last_token
        trouble = self.troubles[method].pop(0) if self.troubles[method] else None
        if trouble is Trouble.LIMITED:
            return error("RateLimitExceeded", 429, retry_after="30")
        if trouble is Trouble.BROKEN:
            return error("InternalServerError", 500)
        if trouble is Trouble.DROP_BEFORE:
            raise httpx.ReadError("the connection was closed", request=request)
        if trouble is Trouble.SLOW:
            await asyncio.sleep(SLOW_S)
        answer = await self.way.handle_async_request(request)
        if method.endswith("refreshSession") and answer.is_success:
            self.expired.clear()  # tokens of the same second are equal
        if trouble is Trouble.DROP_ANSWER:
            await answer.aread()
            raise httpx.ReadError("the connection was closed", request=request)
        return answer

    async def aclose(self) -> None:
        """Close the connections."""
        await self.way.aclose()


class NetworkStage(Stage):
    """One new account on the rig, and a stranger; made by `await NetworkStage.on(rig)`."""

    kind = "forever"
    late_s = SLOW_S + 0.5

    def __init__(self, rig: Rig, us: Person, them: Person) -> None:
        self.rig, self.us, self.stranger = rig, us, them.handle
        self.wire, self.drawer = Wire(), Drawer()
        self.http = httpx.AsyncClient(transport=self.wire)
        self.platform = self.adapter(rig.pds, us, self.http)
        self.other = self.adapter(rig.pds, them, httpx.AsyncClient())
        self.watcher = self.adapter(rig.pds, us, httpx.AsyncClient())

    @classmethod
    async def on(cls, rig: Rig) -> NetworkStage:
        """Open two accounts; let the stranger have said something, so that a search can find anything at all."""
        stage = cls(rig, await rig.account("wren"), await rig.account("finch"))
        await published(stage.other, post("the first words"))
        await until(lambda: stage.watcher._search("the", 1))
        return stage

    def adapter(self, url: str, person: Person, http: httpx.AsyncClient) -> Bluesky:
        """An adapter of this person at this address, with a session of its own."""
        drawer = self.drawer if http is self.http else Drawer()
        return Bluesky(url, person.handle, person.password, StoredSession(drawer, "bluesky:us"), CLOCK, http)

    def nowhere(self) -> Platform:
        """An adapter at a closed port."""
        return self.adapter(dead_address(), self.us, self.http)

    async def posts(self) -> list[Said]:
        """Read the repository, which is public."""
        params = {"repo": self.us.did, "collection": "app.bsky.feed.post", "limit": "100", "reverse": "true"}
        answer = await self._ask("GET", "com.atproto.repo.listRecords", params=params)
        values = [row["value"] for row in answer["records"]]
        return [
            Said(value["text"], (value.get("reply") or {"parent": {"uri": None}})["parent"]["uri"]) for value in values
        ]

    async def trouble(self, what: Trouble, *, on: str = "write") -> None:
        """Let the wire do it to the next request."""
        for method in (WRITE,) if on == "write" else READS:
            self.wire.troubles[method].append(what)

    async def half_way(self) -> None:
        """Long enough for the request to be on its way, shorter than its delay."""
        await asyncio.sleep(SLOW_S / 2)

    async def revoke(self) -> None:
        """Let the access token come of age; the refresh token is good."""
        self.wire.expired.add(self.wire.last_token)

    async def lock_out(self) -> None:
        """Change the password as an administrator, which ends every session."""
        await self.revoke()
        change = {"did": self.us.did, "password": "changed by the owner"}
        await self._ask("POST", "com.atproto.admin.updateAccountPassword", json=change, auth=ADMIN)

    async def remove(self, ref: RemoteRef) -> None:
        """Take the record away behind our back, and wait until nobody sees it."""
        await self.watcher.delete(ref)

        async def is_gone() -> bool:
            return not (await self.other._read("app.bsky.feed.getPosts", {"uris": [ref.id]}))["posts"]

        await until(is_gone)

    async def settle(self, ref: RemoteRef) -> None:
        """Wait for the AppView."""

        async def is_counted() -> bool:
            return isinstance((await self.watcher.counts([ref])).get(ref.id), Counts)

        await until(is_counted)

    async def address_us(self, text: str) -> str:
        """Let the stranger name us, and wait until the AppView has heard it."""
        said = f"@{self.us.handle} {text}"
        await published(self.other, post(said))
        await until(self._is_known)
        await until(lambda: self.watcher.mentions(0))
        return said

    async def _is_known(self) -> bool:
        """Whether the AppView knows our account: it indexes one a moment after the PDS has made it."""
        try:
            await self.watcher._read("app.bsky.actor.getProfile", {"actor": self.us.did})
        except Refused as error:
            if "Profile not found" not in str(error):
                raise
            return False
        return True

    async def speak(self, text: str) -> RemoteRef:
        """Let the stranger post, and wait until the AppView finds it."""
        ref = await published(self.other, post(text))
        await until(lambda: self.watcher._search(text, 1))
        return ref

    async def close(self) -> None:
        """Close every connection."""
        await super().close()
        for adapter in (self.other, self.watcher):
            await adapter._xrpc._http.aclose()
        await self.http.aclose()

    async def _ask(self, verb: str, method: str, **asked: Any) -> dict[str, Any]:
        async with httpx.AsyncClient(timeout=30) as http:
            answer = await http.request(verb, f"{self.rig.pds}/xrpc/{method}", **asked)
        answer.raise_for_status()
        return dict(json.loads(answer.text or "{}"))


async def until(look: Callable[[], Awaitable[object]]) -> None:
    """Look again until there is something: the AppView sees what the PDS accepted a moment later."""
    async with asyncio.timeout(SEEN_WITHIN_S):
        while not await look():  # noqa: ASYNC110 - what we wait for happens in another process
            await asyncio.sleep(0.1)
