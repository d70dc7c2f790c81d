"""The page "Break me": buttons that break a running rehearsal, beside both books and the incidents that come of it.

It is served by the process that runs the rehearsal, on loopback, with the headers and the rules about names that the
dashboard has. Whoever presses a button must have read the page: each form carries a token made at the start, and a
request that comes from another page is turned away.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bowerbird.core.errors import StorageError
from bowerbird.core.incident import Incident, Severity
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US
from bowerbird.core.story import span
from bowerbird.dashboard.middleware import Guarded
from bowerbird.drills.books import Comparison, compared
from bowerbird.drills.buttons import BUTTONS, Hand

HERE = Path(__file__).parent
DASHBOARD = HERE.parent / "dashboard"
"""Whose style this page wears."""
INCIDENTS_MAX = 12
"""Incidents on the page, the newest first."""
FRESH_S = 0.9
"""So old may be what the page shows, seconds, however many look at it."""
SILENCE_S = 10.0
"""An engine not heard for so long is said to be silent, seconds."""


@dataclass
class BreakMe:
    """The page.

    Args:
        dashboard: the dashboard's address, or empty.
    """

    hand: Hand
    books: Any
    clock: Clock
    dashboard: str = ""
    token: str = field(default_factory=lambda: secrets.token_urlsafe(16), repr=False)
    _said: str = ""
    _seen: dict[str, Any] = field(default_factory=dict)
    _seen_at: float = -10.0

    def app(self) -> Guarded:
        """The application, behind the dashboard's rules for every request."""
        routes = [
            Route("/", self.page),
            Route("/now", self.now),
            Route("/press", self.press, methods=["POST"]),
            Mount("/static", StaticFiles(directory=HERE / "static", check_dir=False)),
            Mount("/style", StaticFiles(directory=DASHBOARD / "static", check_dir=False)),
        ]
        return Guarded(Starlette(routes=routes), host="127.0.0.1")

    async def page(self, request: Request) -> Response:
        """The whole page."""
        return self._draw("breakme.html", await self._look())

    async def now(self, request: Request) -> Response:
        """The part of the page that changes, for its script."""
        return self._draw("breakme_now.html", await self._look())

    async def press(self, request: Request) -> Response:
        """Press a button: 403 unless the form is ours."""
        form = await request.form()
        ours = secrets.compare_digest(str(form.get("token", "")), self.token)
        if not ours or request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return PlainTextResponse("Press the button on the page itself.\n", 403)
        try:
            self._said = await self.hand.press(str(form.get("button", "")))
        except KeyError:
            return PlainTextResponse("There is no such button.\n", 404)
        self._seen_at = -10.0
        return RedirectResponse("/", 303)

    def _draw(self, name: str, seen: dict[str, Any]) -> HTMLResponse:
        buttons = [(button, self.hand.left_s(button.name)) for button in BUTTONS]
        given = {"token": self.token, "buttons": buttons, "said": self._said, "dashboard": self.dashboard, **seen}
        return HTMLResponse(_templates().get_template(name).render(**given))

    async def _look(self) -> dict[str, Any]:
        """Read both books, at most once a second."""
        if self.clock.monotonic() - self._seen_at >= FRESH_S:
            self._seen_at = self.clock.monotonic()
            self._seen = await self._read()
        return self._seen

    async def _read(self) -> dict[str, Any]:
        try:
            both: Comparison | None = await compared(self.hand.network, self.books)
            rows = await self.books.incidents(limit=50)
            owners = await self.books.owners()
        except (StorageError, OSError) as error:
            return {**self._seen, "trouble": str(error)}
        heard = max((owner.heard_at for owner in owners if owner.role == "engine"), default=0)
        silent_s = (self.clock.now() - heard) / SECOND_US
        roots = [row for row in rows if not row.root and row.severity is not Severity.INFO][:INCIDENTS_MAX]
        effects = {root.id: [row for row in rows if row.root == root.id] for root in roots}
        return {
            "both": both, "trouble": "", "network": self.hand.network.url,
            "engine": "" if silent_s < SILENCE_S else f"silent for {span(silent_s)}",
            "incidents": [_row(root, effects[root.id], self.clock.now()) for root in roots],
        }  # fmt: skip


def _row(root: Incident, effects: list[Incident], now: int) -> dict[str, Any]:
    lasted_s = ((root.closed_at or now) - (root.since or root.opened_at)) / SECOND_US
    return {
        "title": root.title, "why": root.why, "part": root.part, "open": root.closed_at is None,
        "light": "amber" if root.severity is Severity.WARNING else "red", "healed_by": root.healed_by,
        "lasted": span(max(0.0, lasted_s)), "effects": [effect.title for effect in effects],
    }  # fmt: skip


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip


@asynccontextmanager
async def served(page: BreakMe, listener: socket.socket) -> AsyncIterator[str]:
    """Serve the page on this port for as long as the block lasts; gives its address."""
    server = uvicorn.Server(
        uvicorn.Config(
            page.app(), access_log=False, log_level="critical", lifespan="off", ws="none", server_header=False,
            timeout_graceful_shutdown=1,
        )
    )  # fmt: skip
    # Signals are for the rehearsal, which ends this server when it ends.
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]  # called with no argument
    serving = asyncio.create_task(server.serve(sockets=[listener]), name="break me")
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        await page.hand.calm()
        server.should_exit = True
        await serving
        listener.close()
