"""The application: both doors, put together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from bowerbird.clock import SystemClock
from bowerbird.core.errors import StorageFull
from bowerbird.sandbox import api, graphql, judging, site
from bowerbird.sandbox.denied import SENTENCES, Denied
from bowerbird.sandbox.faults import Faults
from bowerbird.sandbox.media import Pictures
from bowerbird.sandbox.wire import Sleep, Wire
from bowerbird.sandbox.world import World


class Network(Starlette):
    """The network's application, with the wire around it. Make it with `create_app`."""

    def __init__(self, world: World, *, folder: Path | None, sleep: Sleep) -> None:
        handlers = {Denied: denied, StorageFull: full}
        routes = [*api.routes(), *judging.routes(), *graphql.routes(), *site.routes()]
        # Starlette's type asks for handlers of any exception; each of ours takes the one it is registered for.
        super().__init__(routes=routes, exception_handlers=handlers)  # type: ignore[arg-type]
        self.state.world = world
        self.state.faults = Faults(world.now)
        self.state.folder = folder
        self.state.pictures = Pictures()
        self._wire = Wire(super().__call__, world, self.state.faults, sleep=sleep, refuse=refuse)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request through the wire."""
        scope["app"] = self
        await self._wire(scope, receive, send)


def create_app(world: World, *, folder: Path | None = None, sleep: Sleep | None = None) -> Network:
    """Return the network over a world; pictures are kept in `folder`, or only checked without one."""
    return Network(world, folder=folder, sleep=sleep or SystemClock().sleep)


async def denied(request: Request, problem: Denied) -> Response:
    """Answer a refusal."""
    return refuse(request, problem.status, problem.code, problem.headers, problem.sentence)


async def full(request: Request, problem: StorageFull) -> Response:
    """Answer that nothing more can be kept; the request was not accepted."""
    return refuse(request, 507, "world_full", {}, str(problem))


def refuse(request: Request, status: int, code: str, headers: Mapping[str, str], sentence: str = "") -> Response:
    """Say no: as JSON to a client, as a page to a browser."""
    said = sentence or SENTENCES.get(code, "Something went wrong. Try reloading.")
    if request.url.path.startswith(("/api/", "/i/api/")):
        return JSONResponse({"error": code, "message": said}, status, headers=headers)
    return site.error_page(request, status, said, headers)
