"""Whether a post may be answered, asked just before answering.

Bluesky accepts a reply to a deleted post, to another version of it, and to an author who has blocked us: it
answers 200 and nobody ever sees the reply. So we look ourselves.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from bowerbird.core.errors import Refused
from bowerbird.core.post import RemoteRef, ReplyTo
from bowerbird.platforms.bluesky.records import COLLECTION
from bowerbird.platforms.bluesky.views import split_uri

Read = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]
"""A signed read: method and parameters in, answer out."""


async def check_target(read: Read, did: str, reply_to: ReplyTo) -> None:
    """Raise `Refused` if the parent or the root is gone or changed, or may not be answered by us.

    1. Our own posts are asked for at our own repository: the public view may not know them yet.
    2. Everybody else's are looked up as the public sees them, together, with our own rights on them.
    """
    wanted = {ref.id: ref for ref in (reply_to.root, reply_to.parent)}
    ours = [ref for ref in wanted.values() if split_uri(ref.id)[0] == did]
    others = [ref for ref in wanted.values() if split_uri(ref.id)[0] != did]
    for ref in ours:
        _same(ref, await _own_cid(read, ref))
    if others:
        answer = await read("app.bsky.feed.getPosts", {"uris": [ref.id for ref in others]})
        views = {view["uri"]: view for view in answer["posts"]}
        for ref in others:
            view = views.get(ref.id) or {}
            _same(ref, str(view.get("cid") or ""))
            _permitted(view)


async def _own_cid(read: Read, ref: RemoteRef) -> str:
    did, rkey = split_uri(ref.id)
    try:
        answer = await read("com.atproto.repo.getRecord", {"repo": did, "collection": COLLECTION, "rkey": rkey})
    except Refused as error:
        if error.reason == "not_found":
            return ""
        raise
    return str(answer.get("cid") or "")


def _same(ref: RemoteRef, cid: str) -> None:
    if not cid:
        raise Refused(f"The post to be answered is gone ({ref.id}).", reason="target_gone")
    if ref.cid != cid:
        raise Refused(f"The post to be answered has changed since ({ref.id}).", reason="target_gone")


def _permitted(view: dict[str, Any]) -> None:
    mine = view.get("viewer") or {}
    author = (view.get("author") or {}).get("viewer") or {}
    if mine.get("replyDisabled"):
        raise Refused("The author allows no replies from us here.", reason="not_permitted")
    if author.get("blockedBy") or author.get("blocking") or author.get("blockingByList"):
        raise Refused("The author has blocked us, or we the author.", reason="not_permitted")
