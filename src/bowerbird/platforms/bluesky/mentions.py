"""Who spoke to us: from the notifications, and from the threads under our own recent posts.

Both, because notifications of replies were seen missing while the replies stood in the thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from bowerbird.core.findings import Seen
from bowerbird.platforms.bluesky.targets import Read
from bowerbird.platforms.bluesky.views import ADDRESSED, View, instant, seen

PAGES_MAX = 10
PAGE = 100
"""Notifications are read back to the instant asked for, at most 10 pages of 100."""
OWN_POSTS_MAX = 30
"""How many of our newest posts are looked at for replies; only those that have any are opened."""
SEEN_MAX = 100


async def addressed(read: Read, did: str, after: int) -> list[Seen]:
    """Return who mentioned, answered or quoted us after this instant, oldest first, each once, at most 100."""
    found = {one.ref.id: one for one in await _replies(read, did, after)}
    found |= {one.ref.id: one for one in await _notified(read, after)}
    return sorted(found.values(), key=lambda one: (one.posted_at, one.ref.id))[:SEEN_MAX]


async def _notified(read: Read, after: int) -> list[Seen]:
    found: list[Seen] = []
    params: dict[str, Any] = {"limit": PAGE}
    for _ in range(PAGES_MAX):
        answer = await read("app.bsky.notification.listNotifications", params)
        page = answer["notifications"]
        found += [
            seen(one, one["reason"])
            for one in page
            if one.get("reason") in ADDRESSED and instant(one["indexedAt"]) > after
        ]
        cursor = answer.get("cursor")
        if not cursor or not page or instant(page[-1]["indexedAt"]) <= after:
            break
        params = {"limit": PAGE, "cursor": cursor}
    return found


async def _replies(read: Read, did: str, after: int) -> list[Seen]:
    feed = await read("app.bsky.feed.getAuthorFeed", {"actor": did, "limit": OWN_POSTS_MAX})
    found: list[Seen] = []
    for post in _answered(feed["feed"], did):
        thread = await read("app.bsky.feed.getPostThread", {"uri": post["uri"], "depth": 1, "parentHeight": 0})
        found += [
            seen(reply, "reply")
            for reply in _direct(thread.get("thread") or {})
            if reply["author"]["did"] != did and instant(reply["indexedAt"]) > after
        ]
    return found


def _answered(feed: Iterable[View], did: str) -> Iterator[View]:
    """Our own posts that have replies; the feed carries what we reposted too."""
    for entry in feed:
        post = entry.get("post") or {}
        if (post.get("author") or {}).get("did") == did and post.get("replyCount"):
            yield post


def _direct(thread: View) -> Iterator[View]:
    """The replies that can be seen: blocked and deleted ones stand in the thread without a post."""
    for reply in thread.get("replies") or ():
        if "post" in reply:
            yield reply["post"]
