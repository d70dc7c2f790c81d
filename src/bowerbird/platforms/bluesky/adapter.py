"""The plug: one Bluesky account as a `Platform`.

A post can exist only once, by construction: it is put under its own key (`putRecord`), and what is put was
frozen before the first try. Sending it again, by anybody, at any time, changes nothing.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from bowerbird.core.errors import PlatformError, Refused, SignedOut, Unconfirmed, Unreachable
from bowerbird.core.findings import Counts, Seen
from bowerbird.core.ports import Absent, Capabilities, Clock, Found, Gone, Identity, Look, Unknown
from bowerbird.core.post import SECOND_US, Media, Post, RemoteRef
from bowerbird.platforms import pictures
from bowerbird.platforms.bluesky import mentions, records, views
from bowerbird.platforms.bluesky.errors import TokenRefused, garbled
from bowerbird.platforms.bluesky.facets import handles
from bowerbird.platforms.bluesky.session import Session, Sessions, Tokens
from bowerbird.platforms.bluesky.targets import check_target
from bowerbird.platforms.bluesky.xrpc import Xrpc

GET_POSTS_MAX = 25
"""Posts that one getPosts may name (its lexicon)."""
SEARCH_MAX = 100
"""Results that one searchPosts may give (its lexicon)."""
OWN_MAX = 100
"""Records that one listRecords may give (its lexicon)."""
CHECK_AGAIN_S = 30.0
"""A reply frozen longer ago than this has its target looked at again before it is sent, seconds."""
CANARY = "the"
"""A search that is never empty where search works at all."""

CAPABILITIES = Capabilities(
    dedup_s=math.inf,
    settle_s=0.0,
    text_max=records.GRAPHEMES_MAX,
    bytes_max=records.BYTES_MAX,
    shows_impressions=False,
    media_max=records.IMAGES_MAX,
)


class Bluesky:
    """One account on Bluesky, or on any other server that speaks its protocol.

    Args:
        base_url: of the server that keeps the account, such as ``https://bsky.social``.
        handle: as the person types it, such as ``wren.bsky.social``.
        password: an app password; it is used only when no kept session is usable.
        sessions: where the session is kept, encrypted.
        http: a client to use and leave open; without it one is made, and closed by `close`.
        media_root: the folder that the paths of pictures are relative to.
        timeout_s: how long the server may be silent, seconds.
    """

    def __init__(
        self,
        base_url: str,
        handle: str,
        password: str,
        sessions: Sessions,
        clock: Clock,
        http: httpx.AsyncClient | None = None,
        *,
        media_root: Path = Path(),
        timeout_s: float = 15.0,
    ) -> None:
        self._clock = clock
        self._media_root = media_root
        self._xrpc = Xrpc(base_url, clock, http, timeout_s=timeout_s)
        self._session = Session(self._xrpc, handle.removeprefix("@"), password, sessions, clock)

    @property
    def name(self) -> str:
        """The adapter's name."""
        return "bluesky"

    @property
    def capabilities(self) -> Capabilities:
        """What Bluesky can do: it keeps our key for ever, and shows no impressions."""
        return CAPABILITIES

    def length(self, text: str) -> int:
        """The length of a text in graphemes."""
        return records.length(text)

    async def close(self) -> None:
        """Close the connections."""
        await self._xrpc.close()

    # --- a post's life ------------------------------------------------------------------------------------

    async def prepare(self, post: Post) -> str:
        """Make the record.

        1. Refuse what Bluesky would refuse, before anything is asked of it.
        2. See that a reply's target is still there and may be answered by us.
        3. Upload the pictures; nobody sees them until a record names them.
        4. Find out who is mentioned; an unknown handle stays plain text.
        5. Fix the instant of creation, and with it the record's identity.

        Raises `Refused`, `Unreachable`, `RateLimited`, `SignedOut`.
        """
        records.check(post.payload)
        if post.payload.reply_to:
            tokens = await self._session.tokens()
            with views.understood():
                await check_target(self._read, tokens.did, post.payload.reply_to)
        blobs = [await self._upload(media) for media in post.payload.media]
        dids = await self._dids(handles(post.payload.text))
        made = records.record(post.payload, created_at=self._clock.now(), dids=dids, blobs=blobs)
        return json.dumps(made, ensure_ascii=False, separators=(",", ":"))

    async def publish(self, post: Post) -> RemoteRef:
        """Put the frozen record under the post's key.

        Raises what `prepare` raises, and `Unconfirmed` where it may have arrived without our knowing.
        """
        if not post.wire:
            raise Unreachable("The post has not been prepared.", reason="not_prepared")
        standing = await self._check_again(post)
        if standing:
            return standing
        try:
            return await self._put(post, post.wire)
        except Refused as error:
            if error.reason != "blob_gone":
                raise
        # Pictures that no record named in time are swept away. Their names are made of their bytes, so
        # uploading them again makes the frozen record good again.
        for media in post.payload.media:
            await self._upload(media)
        return await self._put(post, post.wire)

    async def resolve(self, post: Post) -> Look:
        """Look in our own repository, which knows at once, for a record with this key and these words."""
        try:
            found = await self._own_record(post.key)
            with views.understood():
                return Absent() if found is None else self._recognised(post, found)
        except PlatformError as error:
            return Unknown(why=f"Bluesky could not be asked: {error}")

    async def delete(self, ref: RemoteRef) -> None:
        """Delete the record; one that is gone already is deleted too."""
        _, rkey = views.split_uri(ref.id)
        place = {"collection": records.COLLECTION, "rkey": rkey}
        await self._write("com.atproto.repo.deleteRecord", lambda did: {"repo": did, **place})

    # --- what came of it ----------------------------------------------------------------------------------

    async def whoami(self) -> Identity:
        """Ask the server who we are; followers are None where no public view answers."""
        me = await self._read("com.atproto.server.getSession", {})
        try:
            profile = await self._read("app.bsky.actor.getProfile", {"actor": me.get("did", "")})
        except (Unreachable, Refused):
            profile = {}
        with views.understood():
            name = str(profile.get("displayName") or "")
            return Identity(id=me["did"], handle=me["handle"], followers=profile.get("followersCount"), name=name)

    async def counts(self, refs: Sequence[RemoteRef]) -> Mapping[str, Counts | Gone]:
        """Read the numbers, 25 posts at a time.

        A post that the public view does not show is `Gone` only if our own repository does not have it
        either; if it has, the view is late, and the post is left out.
        """
        read: dict[str, Counts | Gone] = {}
        for start in range(0, len(refs), GET_POSTS_MAX):
            ids = [ref.id for ref in refs[start : start + GET_POSTS_MAX]]
            answer = await self._read("app.bsky.feed.getPosts", {"uris": ids})
            with views.understood():
                shown = {view["uri"]: views.counts(view) for view in answer["posts"]}
            read |= shown
            read |= {uri: Gone() for uri in ids if uri not in shown and await self._is_deleted(uri)}
        return read

    async def mentions(self, after: int) -> list[Seen]:
        """Read who mentioned, answered or quoted us since then, oldest first, at most 100."""
        tokens = await self._session.tokens()
        with views.understood():
            return await mentions.addressed(self._read, tokens.did, after)

    async def search(self, query: str, limit: int = 25) -> list[Seen] | Unknown:
        """Search public posts, newest first; nothing found counts only if search finds anything at all."""
        found = await self._search(query, min(limit, SEARCH_MAX))
        if not found and not await self._search(CANARY, 1):
            return Unknown(why="Bluesky's search finds nothing at all just now.")
        return found

    async def _search(self, query: str, limit: int) -> list[Seen]:
        answer = await self._read("app.bsky.feed.searchPosts", {"q": query, "sort": "latest", "limit": limit})
        with views.understood():
            return [views.seen(view, "search") for view in answer["posts"]]

    async def own_posts(self, limit: int = 50) -> list[Seen] | Unknown:
        """Read our own repository, which knows at once, by key, newest first, at most 100."""
        try:
            tokens = await self._session.tokens()
            place = {"repo": tokens.did, "collection": records.COLLECTION, "limit": min(limit, OWN_MAX)}
            answer = await self._read("com.atproto.repo.listRecords", place)
        except SignedOut as error:
            return Unknown(why=str(error))
        with views.understood():
            return [views.own(row, tokens.did, now=self._clock.now()) for row in answer["records"]]

    # --- steps --------------------------------------------------------------------------------------------

    async def _put(self, post: Post, wire: str) -> RemoteRef:
        answer = await self._write("com.atproto.repo.putRecord", lambda did: records.put_body(did, post.key, wire))
        try:
            return views.ref(answer["uri"], answer["cid"])
        except (KeyError, TypeError, AttributeError, Refused) as error:
            raise garbled(write=True) from error

    async def _check_again(self, post: Post) -> RemoteRef | None:
        """See that a reply frozen a while ago may still be sent; return its place if it already stands."""
        reply_to, made = post.payload.reply_to, json.loads(post.wire or "{}")
        if reply_to is None or "createdAt" not in made:
            return None
        if self._clock.now() - views.instant(made["createdAt"]) < CHECK_AGAIN_S * SECOND_US:
            return None
        tokens = await self._session.tokens()
        try:
            with views.understood():
                await check_target(self._read, tokens.did, reply_to)
        except Refused:
            # "Refused" must never be said of a reply that arrived while its target was still there.
            look = await self.resolve(post)
            if isinstance(look, Found):
                return look.ref
            if isinstance(look, Unknown):
                raise Unconfirmed(look.why, reason="target_gone") from None
            raise
        return None

    def _recognised(self, post: Post, found: Mapping[str, Any]) -> Look:
        made, standing = json.loads(post.wire or "{}"), found.get("value") or {}
        if post.wire == "":  # lost in a restore of the books: the key and the words have to do
            made = {"text": post.payload.text, "createdAt": standing.get("createdAt")}
        if any(made.get(part) != standing.get(part) for part in ("text", "createdAt")):
            return Unknown(why="Another text stands under this post's key.")
        return Found(ref=views.ref(found["uri"], found["cid"]))

    async def _own_record(self, rkey: str) -> dict[str, Any] | None:
        tokens = await self._session.tokens()
        place = {"repo": tokens.did, "collection": records.COLLECTION, "rkey": rkey}
        try:
            return await self._read("com.atproto.repo.getRecord", place)
        except Refused as error:
            if error.reason == "not_found":
                return None
            raise

    async def _is_deleted(self, uri: str) -> bool:
        """True if it was ours and our repository no longer has it; of others' posts we cannot know."""
        did, rkey = views.split_uri(uri)
        tokens = await self._session.tokens()
        return did == tokens.did and await self._own_record(rkey) is None

    async def _upload(self, media: Media) -> dict[str, Any]:
        content = await asyncio.to_thread(pictures.content, self._media_root, media)
        answer = await self._signed(
            lambda tokens: self._xrpc.procedure(
                "com.atproto.repo.uploadBlob", content, token=tokens.access, mime=media.mime, write=False
            )
        )
        blob = answer.get("blob")
        if not isinstance(blob, dict):
            raise garbled(write=False)
        return blob

    async def _dids(self, names: Sequence[str]) -> dict[str, str]:
        dids = {}
        for name in names:
            try:
                answer = await self._read("com.atproto.identity.resolveHandle", {"handle": name})
            except Refused:
                continue
            dids[name] = str(answer.get("did") or "")
        return dids

    async def _read(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        return await self._signed(lambda tokens: self._xrpc.query(method, params, token=tokens.access))

    async def _write(self, method: str, body: Callable[[str], Mapping[str, Any] | bytes]) -> dict[str, Any]:
        """Ask for a change that people can see; `body` is made for our DID."""
        return await self._signed(lambda tokens: self._xrpc.procedure(method, body(tokens.did), token=tokens.access))

    async def _signed(self, send: Callable[[Tokens], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        """Ask with the session; if the token is refused, renew it once and ask once more."""
        tokens = await self._session.tokens()
        try:
            return await send(tokens)
        except TokenRefused as error:
            fresh = await self._session.renew(tokens, expired=error.expired)
            return await send(fresh)
