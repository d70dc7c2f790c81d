"""How each request is answered.

A page is read with GET and changes nothing. What changes something is a POST with the session's form token,
becomes a row in `commands`, is executed by the engine, and its answer is read from there onto the page one came from.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from urllib.parse import quote, urlsplit

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response

from bowerbird.core.books import Batch
from bowerbird.core.errors import BadInput
from bowerbird.core.health import Light
from bowerbird.core.people import NAME_MAX, OWNER
from bowerbird.core.story import span
from bowerbird.core.work import Command
from bowerbird.dashboard.deeds import DEEDS, SEALED, SECRET, seal
from bowerbird.dashboard.doors import AGE_S, COOKIE, Visitor
from bowerbird.dashboard.face import Face
from bowerbird.dashboard.live import OPEN_MAX, Live, Stream
from bowerbird.dashboard.middleware import HEADERS
from bowerbird.dashboard.pages import overview
from bowerbird.dashboard.roles import VERBS, refusal
from bowerbird.dashboard.routes import Leaf, found

ANSWER_S = 3.0
"""How long a button waits for the engine's answer before the page says that it was written down."""
FORM_MAX = 20_000
"""Longest value of a form's field, in characters."""
FIELDS_MAX = 100
"""Most fields of a form: a thread of forty parts."""
ADDRESS_MAX = 2_000
"""Longest address of a page that can be followed, in characters."""
HTTP_404 = 404

PATH = re.compile(r"/|(/[A-Za-z0-9_.~:-]+)+")
"""A path of ours: nothing in it can lead elsewhere."""

Handler = Callable[[Request], Awaitable[Response]]


def known(handler: Callable[[Request, Face, Visitor], Awaitable[Response]]) -> Handler:
    """Let a handler be used only by somebody who is signed in; others are led to the door."""

    async def answer(request: Request) -> Response:
        face: Face = request.app.state.face
        visitor = await visitor_of(request)
        if visitor is None:
            return RedirectResponse(f"/login?next={quote(request.url.path)}", 303)
        return await handler(request, face, visitor)

    return answer


async def visitor_of(request: Request) -> Visitor | None:
    """Return who is signed in, by the people there are now."""
    face: Face = request.app.state.face
    face.doors.meet(await face.books.people())
    return face.doors.known(request.cookies.get(COOKIE))


def shown(leaf: Leaf) -> Handler:
    """Return the handler of a page."""

    async def answer(request: Request, face: Face, visitor: Visitor) -> Response:
        asked = face.asked(visitor, request.url.path, request.path_params, dict(request.query_params))
        live: Live = request.app.state.live
        html, status = await face.page(leaf, asked, visitor, token=live.place)
        return HTMLResponse(live.signed(html, visitor), status)

    return known(answer)


async def login(request: Request) -> Response:
    """Ask for name and password, and let in whoever knows them."""
    face: Face = request.app.state.face
    onward = local(request.query_params.get("next", "/"))
    if request.method != "POST":
        return face.answer("login.html", next=onward, problem="", person=OWNER)
    form = await request.form(max_files=0, max_fields=5, max_part_size=FORM_MAX)
    onward = local(_text(form, "next") or onward)
    name = _text(form, "name").strip()[:NAME_MAX] or OWNER
    shut_s = face.doors.shut_s(name)
    if shut_s > 0:
        problem = f"Too many wrong passwords. Try again in {span(shut_s)}."
        return face.answer("login.html", status=429, next=onward, problem=problem, person=name)
    face.doors.meet(await face.books.people())
    # Outside the loop, for a hash takes long on purpose.
    session = await asyncio.to_thread(face.doors.sign_in, _text(form, "password"), name)
    if session is None:
        return face.answer("login.html", status=401, next=onward, problem="That is not the password.", person=name)
    answer = RedirectResponse(onward, 303)
    answer.set_cookie(
        COOKIE, session, max_age=AGE_S, httponly=True, samesite="strict", secure=request.url.scheme == "https"
    )
    return answer


async def _logout(request: Request, face: Face, visitor: Visitor) -> Response:
    form = await request.form(max_files=0, max_fields=5)
    if not face.doors.form_is_ours(visitor.session, _text(form, "token")):
        return face.answer("stale.html", visitor, status=403, kept=[])
    face.doors.sign_out(visitor.session)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


logout = known(_logout)


async def _follow(request: Request, face: Face, visitor: Visitor) -> Response:
    """Send what changes on an open page, as it changes: `page` is its path with what stands behind the path."""
    live: Live = request.app.state.live
    address = request.query_params.get("page", "/")[:ADDRESS_MAX]
    if found(urlsplit(address).path) is None:
        return PlainTextResponse("There is no such page.", 404)
    if len(live) >= OPEN_MAX:
        return PlainTextResponse("Too many pages are open.", 503)
    had = request.query_params.get("had", "")
    return Stream(live, address, visitor, request.cookies.get(COOKIE, ""), had)


follow = known(_follow)


async def _api_overview(request: Request, face: Face, visitor: Visitor) -> Response:
    found = await overview.read(face.books, face.clock, await face.heard(face.asked(visitor, "/", {}, {})))
    layers = [{"part": h.part, "light": h.light, "sentence": h.sentence, "since": h.since} for h in found["layers"]]
    light = found["light"]
    return JSONResponse({"light": light.light, "sentence": light.sentence, "layers": layers, "at": found["now"]})


api_overview = known(_api_overview)


async def _ask(request: Request, face: Face, visitor: Visitor) -> Response:
    """Write a button down as a command, and wait a moment for the engine's answer.

    1. The form must be ours, the verb known, and this person allowed to press it.
    2. The command is a row; the engine takes it within half a second.
    3. Its answer is shown. Without one the page says that it is written down and will be done.
    """
    form = await request.form(max_files=0, max_fields=FIELDS_MAX, max_part_size=FORM_MAX)
    if not face.doors.form_is_ours(visitor.session, _text(form, "token")):
        kept = [_text(form, name) for name in form if name.startswith("text")]
        return face.answer("stale.html", visitor, status=403, kept=kept)
    verb = _text(form, "verb")
    if verb not in VERBS:
        return face.answer("problem.html", visitor, status=400, problem="There is no such button.")
    if not visitor.role.may(VERBS[verb]):
        return face.answer("problem.html", visitor, status=403, problem=refusal(visitor.role, VERBS[verb]))
    given = {name: _text(form, name) for name in form if name not in ("token", "verb", "next")}
    if verb == "approve" and not visitor.role.may(VERBS["edit"]):
        given = {name: value for name, value in given.items() if not name.startswith("text")}  # as it stands, or not
    args = {name: value for name, value in given.items() if name not in SECRET}
    now = face.clock.now()
    command = Command(id=face.chance.name("command"), verb=verb, args=args, by=visitor.name, asked_at=now)
    if verb in DEEDS:
        command = await _done(face, command, given)
    elif verb in SEALED:
        await seal(face.books, command.id, given)
    await face.books.record(Batch(commands=(command,)))
    await _wait_for(face, command)
    return RedirectResponse(f"{local(_text(form, 'next') or '/')}?did={command.id}", 303)


ask = known(_ask)


async def _done(face: Face, command: Command, given: dict[str, str]) -> Command:
    """Do what the face does itself, and return the command with its answer."""
    try:
        answer, ok = await DEEDS[command.verb](face.books, face.clock, given, command.by), True
    except BadInput as error:
        answer, ok = f"{error}.", False
    return replace(command, done_at=face.clock.now(), ok=ok, answer=answer[:1].upper() + answer[1:])


async def _wait_for(face: Face, command: Command) -> None:
    """Wait a moment for the engine's answer, unless it is there or there is no engine to wait for."""
    if command.done_at is not None or (await face.engine()).light is Light.RED:
        return
    until = face.clock.monotonic() + ANSWER_S
    while face.clock.monotonic() < until:
        found = await face.books.command(command.id)
        if found is not None and found.done_at is not None:
            return
        await face.clock.sleep(0.1)


async def refused(request: Request, error: Exception) -> Response:
    """Say what is wrong with a request: no such page, the wrong method, too large a form."""
    face: Face = request.app.state.face
    visitor = face.doors.known(request.cookies.get(COOKIE))
    status = error.status_code if isinstance(error, HTTPException) else 400
    if status == HTTP_404:
        return face.answer("missing.html", visitor, status=status)
    words = error.detail if isinstance(error, HTTPException) else "That was not understood."
    return face.answer("problem.html", visitor, status=status, problem=words)


async def unread(request: Request, error: Exception) -> Response:
    """Say that the books did not answer; the page tries again by itself."""
    face: Face = request.app.state.face
    visitor = face.doors.known(request.cookies.get(COOKIE))
    return face.answer("problem.html", visitor, status=503, problem=f"The books do not answer: {error}")


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
