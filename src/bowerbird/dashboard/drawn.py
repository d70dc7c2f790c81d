"""The cards that go with posts, for those who decide: the very bytes that the platform will be given."""

from __future__ import annotations

import asyncio
import re

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bowerbird.core.post import CARDS
from bowerbird.dashboard.answers import known
from bowerbird.dashboard.doors import Visitor
from bowerbird.dashboard.face import Face

PATH = f"/{CARDS}/{{name}}"
"""Where a card is: the address is its path in the data folder."""
_NAME = re.compile(r"[0-9a-f]{32}\.png")
"""What a card's name looks like; it is made from what stands on it, so it never changes under its name."""


async def _card(request: Request, face: Face, visitor: Visitor) -> Response:
    name = request.path_params["name"]
    if face.cards is None or not _NAME.fullmatch(name):
        return PlainTextResponse("There is no such card.", 404)
    if request.headers.get("if-none-match") == f'"{name}"':
        return Response(status_code=304, headers={"etag": f'"{name}"'})
    try:
        content = await asyncio.to_thread((face.cards / name).read_bytes)
    except OSError:
        return PlainTextResponse("This card is gone.", 404)
    return Response(content, media_type="image/png", headers={"etag": f'"{name}"'})


card = known(_card)
