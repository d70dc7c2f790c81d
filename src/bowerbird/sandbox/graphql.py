"""The API that the pages themselves ask, in the words of X's: what a page shows, its script asks for once more.

Two shapes are spoken, as recordings of 2023 and of 2026 have them: in the older one a person's handle stands under
``legacy``, in the newer one under ``core``. The third choice is to answer nothing, as a site does that has moved on.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bowerbird.sandbox import asking
from bowerbird.sandbox.denied import Denied
from bowerbird.sandbox.faults import Kind, On
from bowerbird.sandbox.limits import SECOND_US
from bowerbird.sandbox.people import Account, Post
from bowerbird.sandbox.world import World

SHAPES = ("newer", "older", "none")
QUERY_ID = "sandbox0000000000000_A"
"""Stands where X has one that changes with every release."""
PAGE_POSTS = 40


def routes() -> list[Route]:
    """Return the route of every operation."""
    return [Route("/i/api/graphql/{query_id}/{op}", operation)]


def place(op: str, **variables: str) -> str:
    """Return the address at which a page asks for this."""
    return f"/i/api/graphql/{QUERY_ID}/{op}?{urlencode(variables)}"


async def operation(request: Request) -> Response:
    """Answer an operation; 404 for one that is not known, and for all of them while nothing is answered."""
    world: World = request.app.state.world
    give = OPERATIONS.get(request.path_params["op"])
    if give is None or world.speaks == "none":
        raise Denied(404, "not_found")
    viewer = world.signed_in(asking.token_of(request))
    posts = give(world, viewer, request)
    return JSONResponse(timeline(world, posts))


def _home(world: World, viewer: Account, request: Request) -> Sequence[Post]:
    return world.home(before=asking.id_of(request.query_params.get("before")), limit=PAGE_POSTS)


def _profile(world: World, viewer: Account, request: Request) -> Sequence[Post]:
    handle = request.query_params.get("handle", "").lower()
    if handle not in world.accounts:
        raise Denied(404, "not_found")
    return world.timeline(handle, before=asking.id_of(request.query_params.get("before")), limit=PAGE_POSTS)


def _detail(world: World, viewer: Account, request: Request) -> Sequence[Post]:
    post = world.get(asking.id_of(request.query_params.get("id")))
    if post.account != viewer.handle and not post.shown(world.now()):
        raise Denied(404, "not_found")
    above = world.posts.get(post.parent) if post.parent else None
    first = [above] if above is not None and above.shown(world.now()) else []
    return [*first, post, *world.answers(post.id)]


def _search(world: World, viewer: Account, request: Request) -> Sequence[Post]:
    if request.app.state.faults.find(Kind.EMPTY, On.READ, viewer.handle):
        return []
    return world.search(request.query_params.get("q", "")[:200], limit=PAGE_POSTS)


def _mentions(world: World, viewer: Account, request: Request) -> Sequence[Post]:
    before = asking.id_of(request.query_params.get("before"))
    return world.mentions(viewer.handle, before=before, newest_first=True, limit=PAGE_POSTS)


OPERATIONS: Mapping[str, Callable[[World, Account, Request], Sequence[Post]]] = {
    "HomeTimeline": _home,
    "UserTweetsAndReplies": _profile,
    "TweetDetail": _detail,
    "SearchTimeline": _search,
    "NotificationsTimeline": _mentions,
}
"""What can be asked for, under X's names."""


def timeline(world: World, posts: Sequence[Post]) -> dict[str, Any]:
    """Return posts as a timeline of the shape that is spoken now."""
    entries = [
        {
            "entryId": f"tweet-{post.id}",
            "content": {
                "__typename": "TimelineTimelineItem",
                "itemContent": {"__typename": "TimelineTweet", "tweet_results": {"result": tweet(world, post)}},
            },
        }
        for post in posts
    ]
    return {"data": {"timeline": {"instructions": [{"type": "TimelineAddEntries", "entries": entries}]}}}


def tweet(world: World, post: Post) -> dict[str, Any]:
    """Return one post in the shape that is spoken now."""
    counts, author = world.counts(post), world.accounts[post.account]
    at = datetime.fromtimestamp(post.at // SECOND_US, UTC)
    words = {"name": author.name, "screen_name": author.handle}
    views = {"count": str(counts["impressions"]), "state": "EnabledWithCount"} if "impressions" in counts else {}
    return {
        "__typename": "Tweet",
        "rest_id": post.id,
        "core": {
            "user_results": {"result": {"__typename": "User", ("legacy" if world.speaks == "older" else "core"): words}}
        },
        "views": views or {"state": "Enabled"},
        "legacy": {
            "created_at": at.strftime("%a %b %d %H:%M:%S +0000 %Y"),
            "full_text": html.escape(post.text, quote=False),
            "favorite_count": counts["likes"],
            "retweet_count": counts["reposts"],
            "reply_count": counts["replies"],
            "quote_count": counts["quotes"],
            "bookmark_count": 0,
            "id_str": post.id,
            "in_reply_to_status_id_str": post.parent,
            "lang": "en",
        },
    }
