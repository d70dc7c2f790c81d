"""Every address of the face, and who may use it.

A page is read with GET and changes nothing. What changes something is a POST with the session's form token,
becomes a row in `commands`, is executed by the engine, and its answer is shown on the page one came from.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bowerbird.core.ports import Batch, Chance, Clock
from bowerbird.core.post import SECOND_US
from bowerbird.core.story import clock_time, span
from bowerbird.core.work import Command
from bowerbird.dashboard import pages
from bowerbird.dashboard.doors import AGE_S, COOKIE, Doors
from bowerbird.dashboard.pages import Books, SettingRow

HERE = Path(__file__).parent
ANSWER_S = 3.0
"""How long a button waits for the engine's answer before the page says that it was written down."""
VERBS = ("approve", "reject", "edit", "withdraw", "settle", "pause", "resume", "post", "retry")
"""What the buttons may ask for."""
FORM_MAX = 20_000
"""Longest value of a form's field, in characters."""

HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}
"""Sent with every page: no inline script, nobody frames us, nothing is kept by a cache."""

Page = Callable[[Books, Clock], Awaitable[dict[str, Any]]]


@dataclass
class Face:
    """What the routes work with."""

    books: Books
    clock: Clock
    chance: Chance
    doors: Doors
    settings: list[SettingRow]

    def __post_init__(self) -> None:
        self.templates = Environment(
            loader=PackageLoader("bowerbird.dashboard"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
            lstrip_blocks=True, auto_reload=False,
        )  # fmt: skip
        self.templates.filters.update(span=span, iso=iso, clock_time=clock_time, title_of=title_of)
        self.templates.globals.update(ago=pages.ago)
        # Read now, so that no page reads a file while others wait.
        for name in self.templates.list_templates(extensions=["html"]):
            self.templates.get_template(name)

    def page(self, request: Request, name: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """Draw a page for whoever is signed in."""
        session = request.state.session
        html = self.templates.get_template(name).render(
            here=request.url.path,
            said=request.query_params.get("said", "")[:500],
            bad=request.query_params.get("bad") == "1",
            token=self.doors.form_token(session) if session else "",
            session=session,
            **context,
        )
        return HTMLResponse(html, status, headers=HEADERS)


def create_app(face: Face) -> Starlette:
    """Make the application."""
    app = Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/login", login, methods=["GET", "POST"]),
            Route("/logout", logout, methods=["POST"]),
            Route("/", shown("overview.html", pages.overview)),
            Route("/approvals", shown("approvals.html", pages.approvals)),
            Route("/accounts", shown("accounts.html", pages.accounts)),
            Route("/opportunities", shown("opportunities.html", pages.opportunities)),
            Route("/settings", settings),
            Route("/posts/{post_id}", post),
            Route("/mark", mark),
            Route("/api/overview", api_overview),
            Route("/commands", ask, methods=["POST"]),
            Mount("/static", StaticFiles(directory=HERE / "static"), name="static"),
        ],
        middleware=[Middleware(GZipMiddleware, minimum_size=500)],
        exception_handlers={404: not_found},
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
        return face.page(request, template, **await page(face.books, face.clock))

    return known(answer)


async def healthz(request: Request) -> Response:
    """Say that the face is alive; says nothing about the engine."""
    return JSONResponse({"ok": True})


async def login(request: Request) -> Response:
    """Ask for the password, and let in whoever knows it."""
    face: Face = request.app.state.face
    request.state.session = None
    onward = _local(request.query_params.get("next", "/"))
    if request.method == "GET":
        return face.page(request, "login.html", next=onward, problem="")
    shut_s = face.doors.shut_s()
    if shut_s > 0:
        problem = f"Too many wrong passwords. Try again in {span(shut_s)}."
        return face.page(request, "login.html", status=429, next=onward, problem=problem)
    form = await request.form(max_files=0, max_fields=5, max_part_size=FORM_MAX)
    session = face.doors.sign_in(_text(form, "password"))
    if session is None:
        return face.page(request, "login.html", status=401, next=onward, problem="That is not the password.")
    answer = RedirectResponse(_local(_text(form, "next") or onward), 303)
    answer.set_cookie(
        COOKIE, session, max_age=AGE_S, httponly=True, samesite="strict", secure=request.url.scheme == "https"
    )
    return answer


async def _logout(request: Request, face: Face) -> Response:
    form = await request.form(max_files=0, max_fields=5)
    if not face.doors.form_is_ours(request.state.session, _text(form, "token")):
        return face.page(request, "stale.html", status=403)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE)
    return answer


logout = known(_logout)


async def _post(request: Request, face: Face) -> Response:
    found = await pages.trace(face.books, face.clock, request.path_params["post_id"])
    if found is None:
        return face.page(request, "missing.html", status=404)
    return face.page(request, "post.html", **found)


post = known(_post)


async def _settings(request: Request, face: Face) -> Response:
    return face.page(request, "settings.html", rows=face.settings)


settings = known(_settings)


async def _mark(request: Request, face: Face) -> Response:
    """Return a number that rises when anything changes: open pages ask for it and draw themselves anew."""
    return JSONResponse({"mark": await face.books.change_mark()})


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
    form = await request.form(max_files=0, max_fields=20, max_part_size=FORM_MAX)
    if not face.doors.form_is_ours(request.state.session, _text(form, "token")):
        return face.page(request, "stale.html", status=403)
    verb = _text(form, "verb")
    onward = _local(_text(form, "next") or "/")
    if verb not in VERBS:
        return _said(onward, f"There is no button {verb!r}.", bad=True)
    args = {name: _text(form, name) for name in form if name not in ("token", "verb", "next")}
    command = Command(id=face.chance.name("command"), verb=verb, args=args, by="face", asked_at=face.clock.now())
    await face.books.record(Batch(commands=(command,)))
    answer = await _answer(face, command)
    if answer is None:
        return _said(onward, "Written down. The engine does it as soon as it runs.")
    return _said(onward, answer.answer, bad=not answer.ok)


ask = known(_ask)


async def _answer(face: Face, command: Command) -> Command | None:
    until = face.clock.monotonic() + ANSWER_S
    while face.clock.monotonic() < until:
        for found in await face.books.commands(limit=50):
            if found.id == command.id and found.done_at is not None:
                return found
        await face.clock.sleep(0.1)
    return None


async def not_found(request: Request, error: Exception) -> Response:
    """Say that there is nothing at this address."""
    face: Face = request.app.state.face
    request.state.session = face.doors.known(request.cookies.get(COOKIE))
    return face.page(request, "missing.html", status=404)


def _said(onward: str, sentence: str, *, bad: bool = False) -> Response:
    return RedirectResponse(f"{onward}?said={quote(sentence)}{'&bad=1' if bad else ''}", 303)


def _local(path: str) -> str:
    """A path of this site, or the first page: nobody is led elsewhere by a link to us."""
    good = path.startswith("/") and not path.startswith(("//", "/\\")) and "\n" not in path and "\r" not in path
    return path.split("?", maxsplit=1)[0] if good else "/"


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value[:FORM_MAX] if isinstance(value, str) else ""


def iso(at: int | None) -> str:
    """Write an instant for a machine, such as ``2026-11-23T17:05:09+00:00``; empty for None."""
    return "" if at is None else datetime.fromtimestamp(at / SECOND_US, UTC).isoformat(timespec="seconds")


def title_of(text: str) -> str:
    """The first line of a text, shortened for a heading."""
    first = text.strip().split("\n", 1)[0]
    return first if len(first) <= 90 else first[:89].rstrip() + "…"
