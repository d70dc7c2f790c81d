"""Addresses for machines: is this process alive, is the engine ready, and every number there is.

`/livez` and `/readyz` say no more than the names of parts, so they need no door. Numbers carry account names: they
are for those on this machine, and for whoever brings the dashboard's password as a bearer token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bowerbird.core.books import Journal
from bowerbird.core.gauge import Snapshot
from bowerbird.core.post import SECOND_US
from bowerbird.core.work import Owner
from bowerbird.dashboard.layers import SILENCE_S
from bowerbird.dashboard.metrics import CONTENT_TYPE, SAMPLES, exposition, own_samples, unpacked
from bowerbird.dashboard.middleware import loopback

PARTS = "parts"
"""The name of the snapshot in which the engine says how its parts are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether the engine is ready, in one word, and what is missing: part by part, a sentence each."""

    state: str
    missing: dict[str, str]

    @property
    def ok(self) -> bool:
        """True if nothing critical is missing."""
        return self.state == "ready"


def readiness(snapshot: Snapshot | None, owners: list[Owner], *, now: int) -> Readiness:
    """Judge from what the engine last said, and from whether it is still heard."""
    heard_at = max((owner.heard_at for owner in owners if owner.role == "engine"), default=0)
    if now - heard_at > SILENCE_S * SECOND_US:
        return Readiness(state="silent", missing={"engine": "the engine is not heard"})
    if snapshot is None:
        return Readiness(state="starting", missing={"engine": "the engine has not said how its parts are"})
    missing = {row["name"]: row["sentence"] for row in snapshot.data["parts"] if row["light"] in ("red", "amber")}
    return Readiness(state=str(snapshot.data["state"]), missing=missing)


async def livez(request: Request) -> Response:
    """Say that this process answers."""
    return PlainTextResponse("alive\n")


async def readyz(request: Request) -> Response:
    """Say whether the engine is ready (200) or what is missing (503)."""
    face = request.app.state.face
    books: Journal = face.books
    found = readiness(await books.snapshot(PARTS), await books.owners(), now=face.clock.now())
    body: dict[str, Any] = {"ready": found.ok, "state": found.state, "missing": found.missing}
    return JSONResponse(body, 200 if found.ok else 503)


async def metrics(request: Request) -> Response:
    """Every number, for Prometheus."""
    face = request.app.state.face
    if not (_from_here(request) or _brings_the_password(request)):
        return PlainTextResponse("These numbers are for this machine; from elsewhere bring the password.\n", 401)
    now = face.clock.now()
    engine = unpacked(await face.books.snapshot(SAMPLES), now=now)
    own = own_samples(await face.books.owners(), face.requests, now=now)
    return Response(exposition([*own, *engine]), media_type=CONTENT_TYPE)


def _from_here(request: Request) -> bool:
    return request.client is not None and loopback(request.client.host)


def _brings_the_password(request: Request) -> bool:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and bool(request.app.state.face.doors.fits(token))
