"""Every address of the face, and who may use it.

A page is read with GET and changes nothing. What changes something is a POST with the session's form token,
becomes a row in `commands`, is executed by the engine, and its answer is read from there onto the page one came from.
"""

from __future__ import annotations

import mimetypes
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bowerbird.core.books import Batch
from bowerbird.core.errors import StorageError
from bowerbird.core.health import Light
from bowerbird.core.ports import Chance, Clock
from bowerbird.core.story import span
from bowerbird.core.work import Command
from bowerbird.dashboard import pages, probes, watch
from bowerbird.dashboard.doors import AGE_S, COOKIE, Doors
from bowerbird.dashboard.drawing import templates
from bowerbird.dashboard.middleware import HEADERS, Counted, Guarded
from bowerbird.dashboard.pages import Books, SettingRow

HERE = Path(__file__).parent
ANSWER_S = 3.0
"""How long a button waits for the engine's answer before the page says that it was written down."""
VERBS = (
    *("approve", "reject", "edit", "withdraw", "settle", "pause", "resume", "post", "retry", "reslot", "retract"),
    *("breaker_open", "breaker_close", "breaker_probe", "alerts_test", "silence", "run"),
)
"""What the buttons may ask for."""
FORM_MAX = 20_000
"""Longest value of a form's field, in characters."""
FIELDS_MAX = 100
"""Most fields of a form: a thread of forty parts."""
HTTP_404 = 404

PATH = re.compile(r"/|(/[A-Za-z0-9_.~-]+)+")
"""A path of ours: nothing in it can lead elsewhere."""

Page = Callable[[Books, Clock], Awaitable[dict[str, Any]]]


@dataclass
class Face:
    """What the routes work with."""

    books: Books
    clock: Clock
    chance: Chance
    doors: Doors
    settings: list[SettingRow]
    requests: Counter[str] = field(default_factory=Counter)

    def draw(self, request: Request, name: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """Draw a page from what is given, without a look at the books."""
        session = getattr(request.state, "session", None)
        given = {
            "here": request.url.path,
            "token": self.doors.form_token(session) if session else "",
            "session": session,
            "engine": None,
            "flash": None,
            "now": self.clock.now(),
        }
        return HTMLResponse(templates().get_template(name).render(**{**given, **context}), status)

    async def page(self, request: Request, name: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """Draw a page for whoever is signed in, with how the engine is and what became of the last button."""
        engine = await pages.engine(self.books, self.clock)
        did = request.query_params.get("did", "")
        flash = await pages.flash(self.books, did) if did else None
        return self.draw(request, name, status=status, engine=engine, flash=flash, **context)


def create_app(face: Face, *, host: str = "127.0.0.1") -> Starlette:
    """Make the application, which answers to the loopback names and to `host`; reads files, so not inside a loop."""
    templates()
    mimetypes.init()
    app = Starlette(
        routes=[
            Route("/livez", probes.livez),
            Route("/readyz", probes.readyz),
            Route("/metrics", probes.metrics),
            Route("/login", login, methods=["GET", "POST"]),
            Route("/logout", logout, methods=["POST"]),
            Route("/", shown("overview.html", pages.overview)),
            Route("/approvals", shown("approvals.html", pages.approvals)),
            Route("/accounts", shown("accounts.html", pages.accounts)),
            Route("/opportunities", shown("opportunities.html", pages.opportunities)),
            Route("/incidents", shown("incidents.html", watch.incidents)),
            Route("/incidents/{incident_id}", incident),
            Route("/jobs", shown("jobs.html", watch.jobs)),
            Route("/engine", shown("engine.html", watch.engine_room)),
            Route("/settings", settings),
            Route("/posts/{post_id}", post),
            Route("/mark", mark),
            Route("/api/overview", api_overview),
            Route("/commands", ask, methods=["POST"]),
            Mount("/static", StaticFiles(directory=HERE / "static"), name="static"),
        ],
        middleware=[
            Middleware(Counted, requests=face.requests),
            Middleware(Guarded, host=host),
            Middleware(GZipMiddleware, minimum_size=500),
        ],
        exception_handlers={HTTPException: refused, StorageError: unread, Exception: broken},
    )
    app.state.face = face
    return app


def known(handler: Callable[[Request, Face], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Let a handler be used only by somebody who is signed in; others are led to the door."""

    async def answer(request: Request) -> Response:
        face: Face = request.app.state.face
        request.state.session = face.doors.known(request.cookies.get(COOKIE))
        if request.state.session is None:
            return RedirectResponse(f"/login?next={quote(request.url.path)}", 303)
        return await handler(request, face)

    return answer


def shown(template: str, page: Page) -> Callable[[Request], Awaitable[Response]]:
    """Return the handler of a page that only reads."""

    async def answer(request: Request, face: Face) -> Response:
        return await face.page(request, template, **await page(face.books, face.clock))

    return known(answer)


async def login(request: Request) -> Response:
    """Ask for the password, and let in whoever knows it."""
    face: Face = request.app.state.face
    request.state.session = None
    onward = local(request.query_params.get("next", "/"))
    if request.method != "POST":
        return face.draw(request, "login.html", next=onward, problem="")
    shut_s = face.doors.shut_s()
    if shut_s > 0:
        problem = f"Too many wrong passwords. Try again in {span(shut_s)}."
        return face.draw(request, "login.html", status=429, next=onward, problem=problem)
    form = await request.form(max_files=0, max_fields=5, max_part_size=FORM_MAX)
    session = face.doors.sign_in(_text(form, "password"))
    if session is None:
        return face.draw(request, "login.html", status=401, next=onward, problem="That is not the password.")
    answer = RedirectResponse(local(_text(form, "next") or onward), 303)
    answer.set_cookie(
        COOKIE, session, max_age=AGE_S, httponly=True, samesite="strict", secure=request.url.scheme == "https"
    )
    return answer


async def _logout(request: Request, face: Face) -> Response:
    form = await request.form(max_files=0, max_fields=5)
    if not face.doors.form_is_ours(request.state.session, _text(form, "token")):
        return face.draw(request, "stale.html", status=403, kept=[])
    face.doors.sign_out(request.state.session)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


logout = known(_logout)


async def _post(request: Request, face: Face) -> Response:
    found = await pages.trace(face.books, face.clock, request.path_params["post_id"])
    if found is None:
        return await face.page(request, "missing.html", status=404)
    return await face.page(request, "post.html", **found)


post = known(_post)


async def _incident(request: Request, face: Face) -> Response:
    found = await watch.incident(face.books, face.clock, request.path_params["incident_id"])
    if found is None:
        return await face.page(request, "missing.html", status=404)
    return await face.page(request, "incident.html", **found)


incident = known(_incident)


async def _settings(request: Request, face: Face) -> Response:
    return await face.page(request, "settings.html", rows=pages.without_credentials(face.settings))


settings = known(_settings)


async def _mark(request: Request, face: Face) -> Response:
    """Return a number that rises when anything changes, how the engine is, and what time it is here.

    Open pages ask for it each second and draw themselves anew when either of the first two is another one.
    """
    light = (await pages.engine(face.books, face.clock)).light
    return JSONResponse({"mark": await face.books.change_mark(), "engine": light, "now": face.clock.now()})


mark = known(_mark)


async def _api_overview(request: Request, face: Face) -> Response:
    found = await pages.overview(face.books, face.clock)
    layers = [{"part": h.part, "light": h.light, "sentence": h.sentence, "since": h.since} for h in found["layers"]]
    light = found["light"]
    return JSONResponse({"light": light.light, "sentence": light.sentence, "layers": layers, "at": found["now"]})


api_overview = known(_api_overview)


async def _ask(request: Request, face: Face) -> Response:
    """Write a button down as a command, and wait a moment for the engine's answer.

    1. The form must be ours, and the verb known.
    2. The command is a row; the engine takes it within half a second.
    3. Its answer is shown. Without one the page says that it is written down and will be done.
    """
    form = await request.form(max_files=0, max_fields=FIELDS_MAX, max_part_size=FORM_MAX)
    if not face.doors.form_is_ours(request.state.session, _text(form, "token")):
        kept = [_text(form, name) for name in form if name.startswith("text")]
        return face.draw(request, "stale.html", status=403, kept=kept)
    verb = _text(form, "verb")
    if verb not in VERBS:
        return await face.page(request, "problem.html", status=400, problem="There is no such button.")
    args = {name: _text(form, name) for name in form if name not in ("token", "verb", "next")}
    command = Command(id=face.chance.name("command"), verb=verb, args=args, by="face", asked_at=face.clock.now())
    await face.books.record(Batch(commands=(command,)))
    await _wait_for(face, command)
    return RedirectResponse(f"{local(_text(form, 'next') or '/')}?did={command.id}", 303)


ask = known(_ask)


async def _wait_for(face: Face, command: Command) -> None:
    """Wait a moment for the engine's answer, unless there is no engine to wait for."""
    if (await pages.engine(face.books, face.clock)).light is Light.RED:
        return
    until = face.clock.monotonic() + ANSWER_S
    while face.clock.monotonic() < until:
        for found in await face.books.commands(limit=pages.COMMANDS_MAX):
            if found.id == command.id and found.done_at is not None:
                return
        await face.clock.sleep(0.1)


async def refused(request: Request, error: Exception) -> Response:
    """Say what is wrong with a request: no such page, the wrong method, too large a form."""
    face: Face = request.app.state.face
    request.state.session = face.doors.known(request.cookies.get(COOKIE))
    status = error.status_code if isinstance(error, HTTPException) else 400
    if status == HTTP_404:
        return face.draw(request, "missing.html", status=status)
    words = error.detail if isinstance(error, HTTPException) else "That was not understood."
    return face.draw(request, "problem.html", status=status, problem=words)


async def unread(request: Request, error: Exception) -> Response:
    """Say that the books did not answer; the page tries again by itself."""
    face: Face = request.app.state.face
    return face.draw(request, "problem.html", status=503, problem=f"The books do not answer: {error}")


async def broken(request: Request, error: Exception) -> Response:
    """Say that something of ours broke; what it was is in the log and nowhere else."""
    return PlainTextResponse("Something broke in Bowerbird's dashboard. The log says what.", 500, headers=HEADERS)


def local(path: str) -> str:
    """A path of this site, or the first page: nobody is led elsewhere by a link to us."""
    return path if PATH.fullmatch(path) else "/"


def _text(form: FormData, name: str) -> str:
    """A field's value with the line breaks as they are stored; a browser sends its own kind."""
    value = form.get(name, "")
    return value[:FORM_MAX].replace("\r\n", "\n") if isinstance(value, str) else ""
