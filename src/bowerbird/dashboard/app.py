"""The application: every address, from the table of pages and a few of its own, and what holds for all of them."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bowerbird.core.errors import StorageError
from bowerbird.dashboard import answers, drawn, probes
from bowerbird.dashboard.drawing import templates
from bowerbird.dashboard.face import Face
from bowerbird.dashboard.live import Live
from bowerbird.dashboard.middleware import Counted, Guarded
from bowerbird.dashboard.routes import LEAVES

HERE = Path(__file__).parent


def create_app(face: Face, *, host: str = "127.0.0.1") -> Starlette:
    """Make the application, which answers to the loopback names and to `host`; reads files, so not inside a loop."""
    templates()
    mimetypes.init()
    app = Starlette(
        routes=[
            Route("/livez", probes.livez),
            Route("/readyz", probes.readyz),
            Route("/metrics", probes.metrics),
            Route("/login", answers.login, methods=["GET", "POST"]),
            Route("/logout", answers.logout, methods=["POST"]),
            *(Route(leaf.path, answers.shown(leaf)) for leaf in LEAVES),
            Route("/live", answers.follow),
            Route("/api/overview", answers.api_overview),
            Route("/commands", answers.ask, methods=["POST"]),
            Route(drawn.PATH, drawn.card),
            Mount("/static", StaticFiles(directory=HERE / "static"), name="static"),
        ],
        middleware=[
            Middleware(Counted, requests=face.requests),
            Middleware(Guarded, host=host),
            Middleware(GZipMiddleware, minimum_size=500),
        ],
        exception_handlers={HTTPException: answers.refused, StorageError: answers.unread, Exception: answers.broken},
    )
    app.state.face, app.state.live = face, Live(face)
    return app
