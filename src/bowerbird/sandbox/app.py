"""The application: both doors, put together."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bowerbird.clock import SystemClock
from bowerbird.sandbox import api, judging
from bowerbird.sandbox.denied import Denied
from bowerbird.sandbox.faults import Faults
from bowerbird.sandbox.wire import Sleep, Wire, refuse_json
from bowerbird.sandbox.world import World


class Network(Starlette):
    """The network's application, with the wire around it. Make it with `create_app`."""

    def __init__(self, world: World, *, folder: Path | None, sleep: Sleep) -> None:
        handlers = {Denied: denied}
        super().__init__(routes=[*api.routes(), *judging.routes()], exception_handlers=handlers)  # type: ignore[arg-type]
        self.state.world = world
        self.state.faults = Faults(world.now)
        self.state.folder = folder
        self._wire = Wire(super().__call__, world, self.state.faults, sleep=sleep, refuse=refuse_json)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request through the wire."""
        scope["app"] = self
        await self._wire(scope, receive, send)


def create_app(world: World, *, folder: Path | None = None, sleep: Sleep | None = None) -> Network:
    """Return the network over a world; pictures are kept in `folder`, or only checked without one."""
    return Network(world, folder=folder, sleep=sleep or SystemClock().sleep)


async def denied(request: Request, problem: Denied) -> Response:
    """Answer a refusal."""
    return refuse_json(request, problem.status, problem.code, problem.headers)
