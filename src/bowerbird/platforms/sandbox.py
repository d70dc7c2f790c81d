"""The rehearsal network through its JSON door: the same port as the real platforms, with no credentials to lose.

An account of the sandbox is keyed for ever, for an hour, or not at all, so that one adapter rehearses all
three ways of being sure: by a key that makes a second post impossible, by a key that is forgotten, and by
looking at the own timeline.
"""

from __future__ import annotations

import asyncio
import base64
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bowerbird.core import errors
from bowerbird.core.books import Secrets
from bowerbird.core.findings import Counts, Seen
from bowerbird.core.ports import Absent, Capabilities, Clock, Found, Gone, Identity, Look, Unknown
from bowerbird.core.post import SECOND_US, Media, Post, RemoteRef
from bowerbird.core.text import graphemes
from bowerbird.platforms import kept, pictures
from bowerbird.platforms.waits import policy, retry_at

TIMEOUT_S = 10.0
"""How long one request may take, in seconds."""
LOOK_BACK_US = 60 * SECOND_US
"""How much earlier than our first attempt a look still accepts a post: clocks differ."""
SETTLE_S = 5.0
"""How long an accepted post may take to show. The sandbox shows it at once and decides about a request within
milliseconds, so this is room for a busy machine; `slow` and `late` faults beyond it break the network's promise."""
PAGES_MAX = 20
"""Pages of 50 posts a look reads before it says that it cannot tell."""
OWN_MAX = 100
"""Posts of our own that one request may ask for."""
COUNTS_MAX = 100
"""Posts whose counts one request may ask for."""
WAIT_DEFAULT_S = 5
"""How long to wait where the sandbox says 429 and nothing else, seconds."""


@dataclass
class Sandbox:
    """One account's door to the sandbox.

    Args:
        url: the address of the sandbox.
        keyed: ``forever``, ``hour`` or ``none``; the most careful until `whoami` has asked.
        keyed_for_s: how long an ``hour`` account really remembers (the sandbox may live faster).
        settle_s: how long an accepted post may take to show.
        http: the connection pool; closed with the adapter.
        folder: where the pictures of payloads are.
    """

    account_id: str
    url: str
    handle: str
    secrets: Secrets
    clock: Clock
    http: httpx.AsyncClient
    keyed: str = "none"
    keyed_for_s: float = 0.0
    settle_s: float = SETTLE_S
    folder: Path = Path()
    name: str = "sandbox"
    _token: str | None = field(default=None, repr=False)
    _signing_in: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    @property
    def capabilities(self) -> Capabilities:
        """What this account can do."""
        dedup_s = {"forever": math.inf, "hour": self.keyed_for_s}.get(self.keyed, 0.0)
        return Capabilities(
            dedup_s=dedup_s, settle_s=self.settle_s, text_max=300, bytes_max=3_000, shows_impressions=True, media_max=4
        )

    def length(self, text: str) -> int:
        """Graphemes, as people count them."""
        return len(graphemes(text))

    async def whoami(self) -> Identity:
        """Who we are there; the answer also tells for how long the account remembers keys."""
        row = await self._ask("GET", "/api/me")
        with _understood():
            self.keyed, self.keyed_for_s = str(row["keyed"]), float(row.get("keyed_for_s") or 0.0)
            return Identity(id=row["handle"], handle=row["handle"], followers=row.get("followers"))

    async def prepare(self, post: Post) -> str:
        """Write the body of the request; pictures go in whole, so nothing has to be uploaded first."""
        body: dict[str, Any] = {"text": post.payload.text}
        if post.payload.reply_to:
            body["reply_to"] = post.payload.reply_to.parent.id
        if post.payload.card:
            body["link"] = asdict(post.payload.card)
        if post.payload.media:
            body["media"] = await asyncio.to_thread(self._pictures, post.payload.media)
        return json.dumps(body, ensure_ascii=False, sort_keys=True)

    def _pictures(self, media: Sequence[Media]) -> list[dict[str, str]]:
        contents = ((one.alt, pictures.content(self.folder, one)) for one in media)
        return [{"alt": alt, "bytes_b64": base64.b64encode(content).decode()} for alt, content in contents]

    async def publish(self, post: Post) -> RemoteRef:
        """Send the frozen body under the post's key."""
        if not post.wire:
            raise errors.Unreachable("the post has not been prepared", reason="not_prepared")
        row = await self._ask("POST", "/api/posts", body=post.wire, headers={"idempotency-key": post.key})
        with _understood(write=True):
            return self._ref(row)

    async def resolve(self, post: Post) -> Look:
        """Look by key where keys are remembered; where they may be forgotten, through the own timeline as well."""
        if post.wire is None:
            return Absent()
        try:
            with _understood():
                look = await self._by_key(post) if self._remembers(post) else Absent()
                if isinstance(look, Found) or self.keyed == "forever":
                    return look
                return await self._by_timeline(post, json.loads(post.wire) if post.wire else _words(post))
        except errors.PlatformError as error:
            return Unknown(why=str(error))

    def _remembers(self, post: Post) -> bool:
        age_s = (self.clock.now() - (post.first_claim_at or post.created_at)) / SECOND_US
        return age_s < self.capabilities.dedup_s

    async def _by_key(self, post: Post) -> Look:
        row = await self._ask("GET", f"/api/posts/by-key/{post.key}", missing=True)
        return Found(ref=self._ref(row)) if row else Absent()

    async def _by_timeline(self, post: Post, sent: Mapping[str, Any]) -> Look:
        earliest = (post.first_claim_at or post.created_at) - LOOK_BACK_US
        before = ""
        for _ in range(PAGES_MAX):
            page = await self._ask("GET", f"/api/accounts/{self.handle}/posts?limit=50{before}")
            for row in page["posts"]:
                if row["at"] < earliest:
                    return Absent()
                # Of a later part whose message was lost in a restore, nobody knows what it follows.
                follows = row["reply_to"] == sent.get("reply_to") or (post.part > 0 and not post.wire)
                if row["text"] == sent["text"] and follows:
                    return Found(ref=self._ref(row))
            if len(page["posts"]) < 50:
                return Absent()
            before = f"&before_id={page['posts'][-1]['id']}"
        return Unknown(why="the timeline is longer than a look may read")

    async def delete(self, ref: RemoteRef) -> None:
        """Take a post back; twice is the same as once."""
        await self._ask("DELETE", f"/api/posts/{ref.id}")

    async def counts(self, refs: Sequence[RemoteRef]) -> Mapping[str, Counts | Gone]:
        """The numbers of these posts, 100 at a time."""
        found: dict[str, Counts | Gone] = {}
        for start in range(0, len(refs), COUNTS_MAX):
            ids = ",".join(ref.id for ref in refs[start : start + COUNTS_MAX])
            answer = await self._ask("GET", f"/api/posts/counts?ids={ids}")
            with _understood():
                rows = answer["counts"].items()
                found |= {post_id: Gone() if row.get("gone") else self._counts(row) for post_id, row in rows}
        return found

    async def mentions(self, after: int) -> list[Seen]:
        """Those who addressed us after this instant, oldest first."""
        # Ids there are instants, so an instant serves as the cursor; without one the oldest fifty come again.
        answer = await self._ask("GET", f"/api/mentions?limit=50&after={max(after, 0)}")
        with _understood():
            rows = [row for row in answer["posts"] if row["at"] > after]
            return [self._seen(row, "reply" if row["reply_to"] else "mention") for row in rows]

    async def search(self, query: str, limit: int = 25) -> list[Seen] | Unknown:
        """Public posts with these words, newest first; the API proves an empty answer by being signed in."""
        answer = await self._ask("GET", "/api/search", params={"q": query, "limit": str(limit)})
        with _understood():
            return [self._seen(row, "search") for row in answer["posts"] if row["account"] != self.handle.lower()]

    async def own_posts(self, limit: int = 50) -> list[Seen] | Unknown:
        """Our own timeline, newest first, at most 100."""
        most = min(limit, OWN_MAX)
        try:
            answer = await self._ask("GET", f"/api/accounts/{self.handle}/posts?limit={most}")
        except errors.SignedOut as error:
            return Unknown(why=str(error))
        with _understood():
            return [self._seen(row, "own") for row in answer["posts"][:most]]

    async def close(self) -> None:
        """Let go of the connections."""
        await self.http.aclose()

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        missing: bool = False,
    ) -> dict[str, Any]:
        """Ask once, and once more after signing in anew; a 404 is an empty answer where `missing` allows it."""
        for fresh in (False, True):
            token = await self._session(fresh=fresh)
            answer = await self._send(
                method, path, body, {"authorization": f"Bearer {token}", **(headers or {})}, params
            )
            if answer.status_code != 401:
                return self._read(answer, write=method != "GET", missing=missing)
        raise errors.SignedOut("the sandbox does not know this session", reason="session_expired")

    async def _send(
        self, method: str, path: str, body: str | None, headers: Mapping[str, str], params: Mapping[str, str] | None
    ) -> httpx.Response:
        sent = {"content-type": "application/json"} if body is not None else {}
        try:
            return await self.http.request(
                method, self.url + path, content=body, headers={**headers, **sent}, params=params, timeout=TIMEOUT_S
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
            raise errors.Unreachable("the sandbox cannot be reached", reason="connect") from error
        except httpx.HTTPError as error:
            if method == "GET":
                raise errors.Unreachable("the sandbox did not answer", reason="read") from error
            raise errors.Unconfirmed("the sandbox did not answer", reason=type(error).__name__) from error

    def _read(self, answer: httpx.Response, *, write: bool, missing: bool) -> dict[str, Any]:
        if answer.is_success:
            with _understood(write=write):
                return dict(answer.json())
        code = self._code(answer)
        if answer.status_code == 429:
            asked = answer.headers.get("retry-after")
            wait_until = retry_at(self.clock.now(), asked, default_s=WAIT_DEFAULT_S)
            limit, window_s = policy(answer.headers) if write else (None, None)
            raise errors.RateLimited("the sandbox asks us to wait", retry_at=wait_until, limit=limit, window_s=window_s)
        if answer.status_code >= 500:
            kind = errors.Unconfirmed if write else errors.Unreachable
            raise kind(f"the sandbox failed with {answer.status_code}", reason=code)
        if missing and answer.status_code == 404:
            return {}
        raise errors.Refused(f"the sandbox refused: {code}", reason=code)

    @staticmethod
    def _code(answer: httpx.Response) -> str:
        try:
            return str(answer.json()["error"])
        except (ValueError, KeyError, TypeError):
            return f"http_{answer.status_code}"

    async def _session(self, *, fresh: bool) -> str:
        """Return a token: the one in memory, the one kept, or a new one; many callers sign in once."""
        stale = self._token
        async with self._signing_in:
            if self._token is None and not fresh:
                self._token = await kept.load(self.secrets, self.account_id, "session")
            if self._token is None or (fresh and self._token == stale):
                self._token = await self._sign_in()
            return self._token

    async def _sign_in(self) -> str:
        password = await kept.load(self.secrets, self.account_id, "password")
        if password is None:
            raise errors.SignedOut("no password is stored for this account", reason="no_password")
        body = json.dumps({"handle": self.handle, "password": password})
        try:
            answer = await self._send("POST", "/api/sessions", body, {}, None)
        except errors.Unconfirmed as error:
            raise errors.Unreachable(str(error), reason=error.reason) from error  # signing in twice does no harm
        if answer.status_code == 401:
            raise errors.SignedOut("the sandbox does not accept handle and password", reason="wrong_password")
        try:
            with _understood():
                token = str(self._read(answer, write=False, missing=False)["token"])
        except errors.Refused as error:
            raise errors.SignedOut(str(error), reason=error.reason) from error
        await kept.save(self.secrets, self.account_id, "session", token)
        return token

    def _ref(self, row: Mapping[str, Any]) -> RemoteRef:
        return RemoteRef(id=row["id"], url=self.url + row["path"])

    def _seen(self, row: Mapping[str, Any], kind: str) -> Seen:
        return Seen(
            ref=self._ref(row), author=row["account"], text=row["text"], posted_at=row["at"], kind=kind,
            counts=self._counts(row.get("counts") or {}),
        )  # fmt: skip

    @staticmethod
    def _counts(row: Mapping[str, Any]) -> Counts:
        names = ("impressions", "likes", "reposts", "replies", "quotes")
        return Counts(**{name: row.get(name) for name in names}, source="api")


@contextmanager
def _understood(*, write: bool = False) -> Iterator[None]:
    """Tell of an answer that says success and makes no sense: after a write the post may well be there."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        kind = errors.Unconfirmed if write else errors.Unreachable
        raise kind("the answer of the sandbox could not be understood", reason="bad_answer") from error


def _words(post: Post) -> dict[str, Any]:
    """What must have been sent, where a restore of the books lost the message itself."""
    to = post.payload.reply_to
    return {"text": post.payload.text, "reply_to": to.parent.id if to else None}
