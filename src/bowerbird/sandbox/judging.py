"""The judges' door: faults armed and cleared, limits changed, the journal and the truth read. No sign-in."""

from __future__ import annotations

from collections import Counter
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bowerbird.sandbox import asking
from bowerbird.sandbox.denied import Denied
from bowerbird.sandbox.faults import COUNT_MAX, FOR_MAX_S, SLOW_MAX_S, Faults, Kind, On
from bowerbird.sandbox.graphql import SHAPES
from bowerbird.sandbox.journal import PAGE_MAX
from bowerbird.sandbox.limits import LIMIT_MAX
from bowerbird.sandbox.world import World

VARIANTS = ("v1", "v2", "v3", "v4", "v5", "v6")
AT_ONCE = ("session_revoked", "remove_post", "variant")


def routes() -> list[Route]:
    """Return the routes of the judges."""
    return [
        Route("/api/faults", armed, methods=["GET"]),
        Route("/api/faults", arm, methods=["POST"]),
        Route("/api/faults", clear, methods=["DELETE"]),
        Route("/api/limits", limit, methods=["POST"]),
        Route("/api/journal", journal),
        Route("/api/truth", truth),
    ]


async def armed(request: Request) -> Response:
    """List the faults armed at the moment and the variant of the pages."""
    world = _world(request)
    return JSONResponse({"faults": _faults(request).rows(), "variant": world.variant, "answers": world.speaks})


async def arm(request: Request) -> Response:
    """Arm a fault, or do at once what needs no waiting."""
    done = await make_trouble(_world(request), _faults(request), await asking.json_of(request))
    return JSONResponse(done, 201)


async def clear(request: Request) -> Response:
    """Disarm all faults."""
    _faults(request).clear()
    return JSONResponse({"faults": []})


async def limit(request: Request) -> Response:
    """Change limits, or whether counts show impressions, of one account or of all of ours."""
    world, asked = _world(request), await asking.json_of(request)
    changes = _limits(asked)
    handles = [_handle(world, asked)] if asked.get("account") else [a.handle for a in world.accounts.values() if a.ours]
    for handle in handles:
        await world.configure(str(handle), changes)
    return JSONResponse({"accounts": handles, **changes})


async def journal(request: Request) -> Response:
    """Return up to 1,000 journal records from number `after` on; ask again with `next` until it stands still."""
    after = int(asking.id_of(request.query_params.get("after")) or 0)
    records = await _world(request).journal.page(after, asking.limit_of(request, default=PAGE_MAX, most=PAGE_MAX))
    return JSONResponse({"records": records, "next": after + len(records)})


async def truth(request: Request) -> Response:
    """Return per account what was accepted, and what was accepted twice."""
    world = _world(request)
    accounts = {a.handle: account_truth(world, a.handle) for a in world.accounts.values() if a.ours}
    total = {name: sum(row[name] for row in accounts.values()) for name in ("accepted", "removed", "duplicates")}
    return JSONResponse({"accounts": accounts, **total, "at": world.now()})


def account_truth(world: World, handle: str) -> dict[str, int]:
    """Count an account's posts.

    `duplicates`: posts beyond the first with the same text under the same parent that still stand. `same_text`
    counts without regard to the parent, `same_key` by the client's key, which is kept for keyless accounts too.
    """
    posts = [world.posts[i] for i in world.accounts[handle].posts]
    standing = [post for post in posts if not post.removed]
    return {
        "accepted": len(posts),
        "removed": len(posts) - len(standing),
        "duplicates": _surplus([(post.text, post.parent) for post in standing]),
        "same_text": _surplus([post.text for post in standing]),
        "same_key": _surplus([post.key for post in standing if post.key]),
    }


async def make_trouble(world: World, faults: Faults, asked: dict[str, Any]) -> dict[str, Any]:
    """Arm or do what the judges ask; `Denied` 400 says what cannot be read."""
    kind = asking.words_of(asked, "kind", most=40)
    handle = _handle(world, asked)
    if kind in AT_ONCE:
        await _at_once(world, kind, handle, asked)
        return {"kind": kind, "done": True}
    if kind not in set(Kind):
        raise Denied(400, "bad_request", detail=f"kind must be one of {', '.join([*Kind, *AT_ONCE])}.")
    on = asking.words_of(asked, "on", most=10) or On.WRITE
    if on not in set(On):
        raise Denied(400, "bad_request", detail=f"on must be one of {', '.join(On)}.")
    count = asking.number_of(asked, "count", most=COUNT_MAX)
    for_s = asking.number_of(asked, "for_s", most=FOR_MAX_S)
    delay_s = asking.number_of(asked, "delay_s", most=SLOW_MAX_S)
    fault = faults.arm(
        Kind(kind),
        on=On(on),
        account=handle,
        count=None if count is None else int(count),
        for_s=for_s,
        delay_s=2.0 if delay_s is None else delay_s,
    )
    return next(row for row in faults.rows() if row["id"] == fault.id)


async def _at_once(world: World, kind: str, handle: str | None, asked: dict[str, Any]) -> None:
    if kind == "session_revoked":
        await world.revoke(handle)
    elif kind == "remove_post":
        await world.remove(asking.id_of(asking.words_of(asked, "post", most=19)), by="platform")
    else:
        variant, answers = asked.get("variant") or world.variant, asked.get("answers") or world.speaks
        if variant not in VARIANTS or answers not in SHAPES:
            known = f"variant must be one of {', '.join(VARIANTS)}, answers one of {', '.join(SHAPES)}."
            raise Denied(400, "bad_request", detail=known)
        await world.show_variant(variant, answers)


def _limits(asked: dict[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for name in ("posts", "reads"):
        most = asking.number_of(asked, name, most=LIMIT_MAX)
        window_s = asking.number_of(asked, f"{name}_window_s", most=FOR_MAX_S)
        changes |= {} if most is None else {name: int(most)}
        changes |= {} if window_s is None else {f"{name}_window_s": window_s}
    if "impressions" in asked:
        changes["impressions"] = bool(asked["impressions"])
    return changes


def _handle(world: World, asked: dict[str, Any]) -> str | None:
    handle = asking.words_of(asked, "account", most=100).lower() or None
    if handle is not None and (handle not in world.accounts or not world.accounts[handle].ours):
        raise Denied(400, "bad_request", detail=f"there is no account {handle}.")
    return handle


def _surplus(things: list[Any]) -> int:
    return sum(count - 1 for count in Counter(things).values())


def _world(request: Request) -> World:
    world: World = request.app.state.world
    return world


def _faults(request: Request) -> Faults:
    faults: Faults = request.app.state.faults
    return faults
