"""The JSON door: what an adapter speaks to.

Every answer is an object. A refusal is `{"error": code, "message": sentence}` with the codes of `denied`. Reads
and writes of a signed-in account carry `ratelimit-limit`, `-remaining` and `-reset` (epoch seconds).
Instants are integer UTC microseconds; ids are decimal strings that grow with time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bowerbird.sandbox import asking, media
from bowerbird.sandbox.denied import Denied
from bowerbird.sandbox.faults import Faults, Kind, On
from bowerbird.sandbox.limits import SECOND_US, Window
from bowerbird.sandbox.people import Account, Draft, Keyed, Post
from bowerbird.sandbox.world import KEY_MAX, KEY_S, SESSION_S, TEXT_MAX, World

IDS_MAX = 100
URL_MAX = 2_000
RAW_TEXT_MAX = 20_000
"""Characters of text that are looked at at all; the rest of the check is the world's."""


def routes() -> list[Route]:
    """Return the routes of the API."""
    return [
        Route("/api/health", health),
        Route("/api/sessions", sign_in, methods=["POST"]),
        Route("/api/sessions", sign_out, methods=["DELETE"]),
        Route("/api/me", me),
        Route("/api/posts", create_post, methods=["POST"]),
        Route("/api/posts/counts", counts),
        Route("/api/posts/by-key/{key}", by_key),
        Route("/api/posts/{post_id}", get_post, methods=["GET"]),
        Route("/api/posts/{post_id}", delete_post, methods=["DELETE"]),
        Route("/api/posts/{post_id}/replies", replies),
        Route("/api/accounts/{handle}/posts", timeline),
        Route("/api/mentions", mentions),
        Route("/api/search", search),
    ]


async def health(request: Request) -> Response:
    """Say that the network is up, and how large it is."""
    world = _world(request)
    return JSONResponse({"ok": True, "posts": len(world.order), "speed": world.speed, "now": world.now()})


async def sign_in(request: Request) -> Response:
    """Exchange handle and password for a token."""
    asked = await asking.json_of(request)
    handle = asking.words_of(asked, "handle", most=100)
    password = asking.words_of(asked, "password", most=200)
    stays_s = asking.number_of(asked, "stays_s", most=SESSION_S)
    token, session = await _world(request).sign_in(handle, password, stays_s=SESSION_S if stays_s is None else stays_s)
    return JSONResponse({"token": token, "expires_at": session.expires_at, "handle": session.handle})


async def sign_out(request: Request) -> Response:
    """End the session of this token."""
    await _world(request).sign_out(asking.token_of(request))
    return JSONResponse({"signed_out": True})


async def me(request: Request) -> Response:
    """Describe the signed-in account, its followers, its limits and how long it remembers keys."""
    world, account, headers = _reading(request)
    now = world.now()
    return JSONResponse(
        {
            "handle": account.handle,
            "name": account.name,
            "bio": account.bio,
            "keyed": account.keyed.value,
            "keyed_for_s": KEY_S / world.speed if account.keyed is Keyed.HOUR else None,
            "followers": account.followers(now),
            "posts": sum(1 for post_id in account.posts if not world.posts[post_id].removed),
            "impressions": account.impressions,
            "text_max": TEXT_MAX,
            "speed": world.speed,
            "limits": {"posts": _limit(account.writes, now), "reads": _limit(account.reads, now)},
        },
        headers=headers,
    )


async def create_post(request: Request) -> Response:
    """Accept a post: 201 for a new one, 200 with the same id for a key the account remembers."""
    world, account = _world(request), _account(request)
    asked = await asking.json_of(request)
    pictures = media.pictures_of(asked.get("media"))
    draft = Draft(
        text=asking.words_of(asked, "text", most=RAW_TEXT_MAX),
        reply_to=asking.id_of(asking.words_of(asked, "reply_to", most=19)) or None,
        pictures=[found for found, _ in pictures],
        link=_link(asked.get("link")),
        key=_key(request),
    )
    for found, content in pictures:
        await asyncio.to_thread(media.keep, request.app.state.folder, content, found.sha256)
    post, new = await world.post(account.handle, draft, late_s=late_s(request, account.handle))
    request.state.accepted = True
    row = post_row(world, post, viewer=account)
    return JSONResponse(row, 201 if new else 200, headers=account.writes.headers(world.now()))


async def get_post(request: Request) -> Response:
    """Return one post with its counts; the author sees it before timelines do."""
    world, account, headers = _reading(request)
    post = world.get(asking.id_of(request.path_params["post_id"]))
    if not post.shown(world.now()) and post.account != account.handle:
        raise Denied(404, "not_found")
    return JSONResponse(post_row(world, post, viewer=account), headers=headers)


async def delete_post(request: Request) -> Response:
    """Delete an own post; twice is the same as once."""
    world, account = _world(request), _account(request)
    post_id = asking.id_of(request.path_params["post_id"])
    await world.delete(account.handle, post_id)
    request.state.accepted = True
    return JSONResponse({"id": post_id, "deleted": True}, headers=account.writes.headers(world.now()))


async def by_key(request: Request) -> Response:
    """Return the own post made with a key: 404 `not_found` when there is none, or not yet to be seen."""
    world, account, headers = _reading(request)
    if account.keyed is Keyed.NONE:
        raise Denied(404, "not_keyed")
    post = world.by_key(account, request.path_params["key"][:KEY_MAX], world.now())
    if post is None or (not post.shown(world.now()) and not post.removed):
        raise Denied(404, "not_found")
    if post.removed:
        raise Denied(404, "gone")
    return JSONResponse(post_row(world, post, viewer=account), headers=headers)


async def counts(request: Request) -> Response:
    """Return the counts of up to 100 posts; a post that is not there is `{"gone": true}`."""
    world, _, headers = _reading(request)
    ids = [asking.id_of(part) for part in request.query_params.get("ids", "").split(",") if part]
    if len(ids) > IDS_MAX:
        raise Denied(400, "bad_request", detail=f"ask for at most {IDS_MAX} ids at once.")
    found = {post_id: _counts(world, post_id) for post_id in ids}
    return JSONResponse({"counts": found, "at": world.now()}, headers=headers)


async def timeline(request: Request) -> Response:
    """Return an account's posts and replies, newest first."""
    world, account, headers = _reading(request)
    handle = request.path_params["handle"].lower()
    if handle not in world.accounts:
        raise Denied(404, "not_found")
    posts = world.timeline(
        handle,
        since=asking.id_of(request.query_params.get("since_id")),
        before=asking.id_of(request.query_params.get("before_id")),
        limit=asking.limit_of(request),
    )
    return _listed(world, posts, account, headers)


async def mentions(request: Request) -> Response:
    """Return mentions of the account and answers to its posts, oldest first; pass `cursor` on as `after`."""
    world, account, headers = _reading(request)
    after = asking.id_of(request.query_params.get("after"))
    posts = world.mentions(account.handle, after=after, limit=asking.limit_of(request, default=50))
    return _listed(world, posts, account, headers, cursor=posts[-1].id if posts else after)


async def search(request: Request) -> Response:
    """Return the newest posts with every word of `q`."""
    world, account, headers = _reading(request)
    query = request.query_params.get("q", "")[:200]
    since = asking.id_of(request.query_params.get("since_id"))
    return _listed(world, world.search(query, since=since, limit=asking.limit_of(request)), account, headers)


async def replies(request: Request) -> Response:
    """Return the answers to a post, oldest first."""
    world, account, headers = _reading(request)
    post_id = asking.id_of(request.path_params["post_id"])
    return _listed(world, world.answers(post_id, limit=asking.limit_of(request, default=50)), account, headers)


def post_row(world: World, post: Post, *, viewer: Account | None) -> dict[str, Any]:
    """Return a post as clients see it; the key only to its author, and only where keys mean something."""
    row: dict[str, Any] = {
        "id": post.id,
        "account": post.account,
        "name": world.accounts[post.account].name,
        "text": post.text,
        "reply_to": post.parent,
        "reply_to_account": world.posts[post.parent].account if post.parent in world.posts else None,
        "at": post.at,
        "created_at": datetime.fromtimestamp(post.at / SECOND_US, UTC).isoformat(timespec="milliseconds"),
        "path": f"/{post.account}/status/{post.id}",
        "media": [{"alt": p.alt, "mime": p.mime, "path": f"/media/{p.sha256}"} for p in post.pictures],
        "link": post.link,
        "counts": world.counts(post),
    }
    if viewer is not None and viewer.handle == post.account and viewer.keyed is not Keyed.NONE:
        row["key"] = post.key
    return row


def late_s(request: Request, handle: str) -> float:
    """Return for how many seconds a `late` fault hides the post now being accepted."""
    faults: Faults = request.app.state.faults
    fault = faults.take(Kind.LATE, On.WRITE, handle)
    return fault.delay_s if fault else 0.0


def _listed(world: World, posts: Sequence[Post], viewer: Account, headers: dict[str, str], **more: str) -> Response:
    rows = [post_row(world, post, viewer=viewer) for post in posts]
    return JSONResponse({"posts": rows, **more}, headers=headers)


def _counts(world: World, post_id: str) -> dict[str, Any]:
    post = world.posts.get(post_id)
    return {"gone": True} if post is None or post.removed else dict(world.counts(post))


def _reading(request: Request) -> tuple[World, Account, dict[str, str]]:
    world, account = _world(request), _account(request)
    now = world.now()
    if account.reads.remaining(now) == 0:
        raise world.too_often(account.reads, now)
    account.reads.note(now)
    return world, account, account.reads.headers(now)


def _world(request: Request) -> World:
    world: World = request.app.state.world
    return world


def _account(request: Request) -> Account:
    return _world(request).signed_in(asking.token_of(request))


def _key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= KEY_MAX:
        raise Denied(400, "bad_request", detail=f"a key has 1 to {KEY_MAX} characters.")
    return key


def _link(value: Any) -> dict[str, str] | None:
    if value is None:
        return None
    asked = {"url": value} if isinstance(value, str) else value
    if not isinstance(asked, dict) or not str(asked.get("url", "")).startswith(("http://", "https://")):
        raise Denied(400, "bad_request", detail="link must be an address, or an object with a url.")
    return {name: asking.words_of(asked, name, most=URL_MAX) for name in ("url", "title", "description")}


def _limit(window: Window, now: int) -> dict[str, float]:
    return {
        "limit": window.limit,
        "window_s": window.window_s,
        "remaining": window.remaining(now),
        "reset_at": window.reset_at(now),
    }
