"""The web door: real pages, for browsers and for drivers of browsers.

Everything works without scripts: a form is posted, the answer is 303 to a page that shows a toast with a link to
the new post. The one script there is asks the site's own API for what the page shows, and throws the answer away: it
is there because the pages of X ask theirs. As on X, a search without a session answers 200 and finds nothing, and a
post whose author is signed out leads to `/login`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bowerbird.sandbox import api, asking, graphql, judging, media
from bowerbird.sandbox.cards import Card, Marks, card, hue, rounded
from bowerbird.sandbox.denied import Denied
from bowerbird.sandbox.faults import Kind, On
from bowerbird.sandbox.media import Pictures
from bowerbird.sandbox.people import Account, Draft, Picture, Post
from bowerbird.sandbox.world import SESSION_S, TEXT_MAX, World

PAGE_POSTS = 40
HERE = Path(__file__).parent

_pages = Environment(
    loader=PackageLoader("bowerbird.sandbox"),
    autoescape=True,
    undefined=StrictUndefined,
    auto_reload=False,
    cache_size=-1,
    trim_blocks=True,
    lstrip_blocks=True,
)
_pages.filters["rounded"] = rounded
# Read now, so that no page reads a file while requests wait.
for _name in _pages.list_templates(extensions=["html"]):
    _pages.get_template(_name)
_style = (HERE / "templates" / "style.css").read_text()
_script = "fetch(document.currentScript.dataset.ask).catch(() => null);\n"
_draw = "setTimeout(() => document.body.append(document.querySelector('template').content), 400);\n"
_traps = {
    Kind.LOOP: "setTimeout(() => { for (;;) {} }, 20);\n",
    Kind.LEAK: "const kept = []; setInterval(() => kept.push(new Uint8Array(2e7).fill(1)), 100);\n",
}
"""What a page does to the browser that shows it: run for ever, or take 200 MB a second, in buffers that lie outside of
the heap of its scripts, so that no cap of that holds it."""


def routes() -> list[Route]:
    """Return the routes of the pages; the profile's comes last because it fits anything."""
    return [
        Route("/", root),
        Route("/static/style.css", style),
        Route("/static/ask.js", script),
        Route("/static/draw.js", draw),
        Route("/static/{trap}.js", trap),
        Route("/media/{digest}", picture),
        Route("/login", login_page, methods=["GET"]),
        Route("/login", log_in, methods=["POST"]),
        Route("/logout", log_out, methods=["POST"]),
        Route("/home", home),
        Route("/compose", composer, methods=["GET"]),
        Route("/compose/post", composer, methods=["GET"]),
        Route("/intent/post", composer, methods=["GET"]),
        Route("/compose/picture", attach, methods=["POST"]),
        Route("/compose", compose, methods=["POST"]),
        Route("/search", search),
        Route("/notifications", notifications),
        Route("/notifications/mentions", notifications),
        Route("/faults", faults_page, methods=["GET"]),
        Route("/faults", arm, methods=["POST"]),
        Route("/{handle}/status/{post_id}", status),
        Route("/{handle}", profile),
        Route("/{handle}/with_replies", profile),
    ]


async def root(request: Request) -> Response:
    """Lead to the timeline."""
    return RedirectResponse("/home", 303)


async def style(request: Request) -> Response:
    """Return the style sheet."""
    return Response(_style, media_type="text/css", headers={"cache-control": "max-age=300"})


async def script(request: Request) -> Response:
    """Return the one script, which asks the site's own API for what the page shows, as the pages of X do."""
    return Response(_script, media_type="text/javascript", headers={"cache-control": "max-age=300"})


async def draw(request: Request) -> Response:
    """Return the script that draws a page of variant v6."""
    return Response(_draw, media_type="text/javascript", headers={"cache-control": "max-age=300"})


async def trap(request: Request) -> Response:
    """Return a script that does harm."""
    code = _traps.get(request.path_params["trap"])
    if code is None:
        raise Denied(404, "not_found")
    return Response(code, media_type="text/javascript")


async def picture(request: Request) -> Response:
    """Return the bytes of a picture."""
    digest, folder = request.path_params["digest"], request.app.state.folder
    known = len(digest) == 64 and digest.isalnum() and folder is not None
    if not known or not await asyncio.to_thread((folder / digest).exists):
        raise Denied(404, "not_found")
    waiting: Pictures = request.app.state.pictures
    shown = (p.mime for post in _world(request).posts.values() for p in post.pictures if p.sha256 == digest)
    mime = next(shown, "") or waiting.mime(digest) or "application/octet-stream"
    return FileResponse(folder / digest, media_type=mime)


# Signing in


async def login_page(request: Request) -> Response:
    """Ask for handle and password."""
    return _page(request, "login.html", title="Sign in", problem="", next=_next(request.query_params.get("next")))


async def log_in(request: Request) -> Response:
    """Sign in and go where the person wanted to."""
    form = await asking.form_of(request)
    try:
        token, _ = await _world(request).sign_in(form.get("handle", "")[:100], form.get("password", "")[:200])
    except Denied as problem:
        wanted = _next(form.get("next"))
        return _page(request, "login.html", 401, title="Sign in", problem=problem.sentence, next=wanted)
    answer = RedirectResponse(_next(form.get("next")), 303)
    answer.set_cookie(asking.COOKIE, token, max_age=int(SESSION_S), httponly=True, samesite="lax")
    return answer


async def log_out(request: Request) -> Response:
    """End the session."""
    await _world(request).sign_out(asking.token_of(request))
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(asking.COOKIE)
    return answer


# Writing


async def composer(request: Request) -> Response:
    """Show the composer, for a post or for an answer (`reply_to`)."""
    asked = request.query_params
    if _viewer(request) is None:
        return _to_login(request)
    return _composer(request, text="", parent=asking.id_of(asked.get("reply_to") or asked.get("in_reply_to")))


async def compose(request: Request) -> Response:
    """Accept a post from the composer; pages send no keys, so nothing keeps a second one out."""
    viewer = _viewer(request)
    if viewer is None:
        return _to_login(request)
    form = await asking.form_of(request)
    # Browsers send a line break as two characters; a reader sees one.
    text = form.get("text", "").replace("\r\n", "\n")
    parent = asking.id_of(form.get("reply_to"))
    pictures = request.app.state.pictures.of(viewer.handle, form.get("pictures", ""))
    draft = Draft(text=text, reply_to=parent or None, pictures=pictures)
    try:
        post, _ = await _world(request).post(viewer.handle, draft, late_s=api.late_s(request, viewer.handle))
    except Denied as problem:
        return _composer(request, text=text, parent=parent, pictures=pictures, problem=problem)
    request.state.accepted = True
    return RedirectResponse(_after(_world(request), post), 303)


async def attach(request: Request) -> Response:
    """Take a picture into the composer; nobody sees it before the post is sent, and alone it is nothing."""
    viewer = _viewer(request)
    if viewer is None:
        return _to_login(request)
    form = await asking.parts_of(request)
    parent = asking.id_of(form.words.get("reply_to"))
    waiting: Pictures = request.app.state.pictures
    pictures = waiting.of(viewer.handle, form.words.get("pictures", ""))
    try:
        found = media.picture(form.words.get("alt", ""), form.content)
        if len(pictures) >= media.PICTURES_MAX:
            raise Denied(422, "media_bad")
    except Denied as problem:
        return _composer(request, text="", parent=parent, pictures=pictures, problem=problem)
    await asyncio.to_thread(media.keep, request.app.state.folder, form.content, found.sha256)
    waiting.add(viewer.handle, found)
    return _composer(request, text="", parent=parent, pictures=[*pictures, found])


def _composer(
    request: Request, *, text: str, parent: str, pictures: Sequence[Picture] = (), problem: Denied | None = None
) -> Response:
    world = _world(request)
    answered = world.posts.get(parent)
    shown = card(world, answered) if answered and not answered.removed else None
    gone = bool(parent) and shown is None
    return _page(
        request,
        "compose.html",
        problem.status if problem else 200,
        title="Compose",
        text=text,
        parent=shown,
        gone=gone,
        pictures=pictures,
        toast=problem.sentence if problem else "",
        headers=problem.headers if problem else None,
    )


def _after(world: World, post: Post) -> str:
    parent = world.posts.get(post.parent) if post.parent else None
    return f"{_path(parent) if parent else '/home'}?sent={post.id}"


# Looking


async def home(request: Request) -> Response:
    """Show everybody's newest posts."""
    if _viewer(request) is None:
        return _to_login(request)
    before = asking.id_of(request.query_params.get("before"))
    posts = _world(request).home(before=before, limit=PAGE_POSTS)
    return _listing(request, "home.html", posts, title="Home", ask=graphql.place("HomeTimeline", before=before))


async def profile(request: Request) -> Response:
    """Show somebody's posts, newest first, a page at a time."""
    world = _world(request)
    owner = world.accounts.get(request.path_params["handle"].lower())
    if owner is None:
        raise Denied(404, "not_found")
    before = asking.id_of(request.query_params.get("before"))
    posts = world.timeline(owner.handle, before=before, limit=PAGE_POSTS)
    title = f"{owner.name} (@{owner.handle})"
    followers = owner.followers(world.now())
    ask = graphql.place("UserTweetsAndReplies", handle=owner.handle, before=before)
    return _listing(
        request, "profile.html", posts, title=title, owner=owner, followers=followers, hue=hue(owner.handle), ask=ask
    )


async def status(request: Request) -> Response:
    """Show one post with its answers; its author sees it before timelines do."""
    world, viewer = _world(request), _viewer(request)
    post = world.get(asking.id_of(request.path_params["post_id"]))
    mine = viewer is not None and viewer.handle == post.account
    if post.account != request.path_params["handle"].lower() or not (mine or post.shown(world.now())):
        raise Denied(404, "not_found")
    parent = world.posts.get(post.parent) if post.parent else None
    above = card(world, parent) if parent and not parent.removed else None
    answers = world.answers(post.id, limit=PAGE_POSTS)
    ask = graphql.place("TweetDetail", id=post.id)
    return _listing(request, "status.html", answers, title="Post", focus=card(world, post), above=above, ask=ask)


async def search(request: Request) -> Response:
    """Search; without a session nothing is found, and nothing says why."""
    query = request.query_params.get("q", "")[:200]
    knows = _viewer(request) and not _fault(request, Kind.EMPTY)
    posts = _world(request).search(query, limit=PAGE_POSTS) if knows else []
    ask = graphql.place("SearchTimeline", q=query)
    return _listing(request, "search.html", posts, title="Search", query=query, ask=ask)


async def notifications(request: Request) -> Response:
    """Show what others said to the viewer, newest first."""
    viewer = _viewer(request)
    if viewer is None:
        return _to_login(request)
    before = asking.id_of(request.query_params.get("before"))
    posts = _world(request).mentions(viewer.handle, before=before, newest_first=True, limit=PAGE_POSTS)
    ask = graphql.place("NotificationsTimeline", before=before)
    return _listing(request, "notifications.html", posts, title="Notifications", ask=ask)


# Faults


async def faults_page(request: Request) -> Response:
    """Show what is armed, buttons to arm more, and what the journal says."""
    world = _world(request)
    ours = [account.handle for account in world.accounts.values() if account.ours]
    recent = [card(world, post) for handle in ours for post in world.timeline(handle, limit=3)]
    return _page(
        request,
        "faults.html",
        title="Faults",
        armed=request.app.state.faults.rows(),
        answers=world.speaks,
        shapes=graphql.SHAPES,
        kinds=list(Kind),
        targets=list(On),
        handles=ours,
        truth={handle: judging.account_truth(world, handle) for handle in ours},
        variants=judging.VARIANTS,
        recent=sorted(recent, key=lambda shown: int(shown.post.id), reverse=True),
        problem=request.query_params.get("problem", "")[:200],
    )


async def arm(request: Request) -> Response:
    """Arm or clear from the page."""
    form: dict[str, Any] = {name: value for name, value in (await asking.form_of(request)).items() if value}
    if form.get("kind") == "clear":
        request.app.state.faults.clear()
        return RedirectResponse("/faults", 303)
    try:
        await judging.make_trouble(_world(request), request.app.state.faults, form)
    except Denied as problem:
        return RedirectResponse(f"/faults?problem={quote(problem.sentence)}", 303)
    return RedirectResponse("/faults", 303)


# Pages


def error_page(request: Request, status: int, sentence: str, headers: Mapping[str, str]) -> Response:
    """Return a refusal as a page."""
    return _page(request, "error.html", status, title="Oops", sentence=sentence, headers=headers)


def recorded(cards: Sequence[Card], variant: str) -> str:
    """Return a page with posts that are not of this world, such as recordings, in the markup of ours.

    Args:
        variant: the shape of the page, as `judging.VARIANTS` has them.
    """
    # A template's macros are attributes of its module, which no type knows.
    timeline = _pages.get_template("parts.html").module.timeline  # type: ignore[attr-defined]
    body = timeline(cards, Marks(variant), "Timeline: Recorded")
    return f'<!doctype html><html lang="en"><body><main role="main">{body}</main></body></html>'


def _listing(request: Request, name: str, posts: Sequence[Post], **values: Any) -> Response:
    viewer, world = _viewer(request), _world(request)
    if viewer is not None:
        now = world.now()
        if viewer.reads.remaining(now) == 0:
            raise world.too_often(viewer.reads, now)
        viewer.reads.note(now)
    older = posts[-1].id if len(posts) == PAGE_POSTS else ""
    return _page(request, name, cards=[card(world, post) for post in posts], older=older, **values)


def _page(
    request: Request, name: str, status: int = 200, *, headers: Mapping[str, str] | None = None, **values: Any
) -> Response:
    world, viewer = _world(request), _viewer(request)
    values.setdefault("toast", "")
    values.setdefault("ask", "")
    html = _pages.get_template(name).render(
        tid=Marks(world.variant),
        variant=world.variant,
        trap=next((kind for kind in _traps if _fault(request, kind)), ""),
        viewer=viewer,
        viewer_hue=hue(viewer.handle) if viewer else 0,
        sent=_sent(request, world, viewer),
        here=request.url.path,
        text_max=TEXT_MAX,
        **values,
    )
    return HTMLResponse(_later(html) if world.variant == "v6" else html, status, headers=headers)


def _later(html: str) -> str:
    """The same page, but drawn by a script some time after it came, as most sites are."""
    head, _, rest = html.partition("<body>")
    body, _, tail = rest.rpartition("</body>")
    return f'{head}<body><template>{body}</template><script src="/static/draw.js"></script></body>{tail}'


def _fault(request: Request, kind: Kind) -> bool:
    """Whether this fault is armed for whoever reads this page; it is counted."""
    viewer, faults = _viewer(request), request.app.state.faults
    return viewer is not None and faults.take(kind, On.READ, viewer.handle) is not None


def _sent(request: Request, world: World, viewer: Account | None) -> Card | None:
    """Return the post just sent, for the toast; only its author is told."""
    post = world.posts.get(request.query_params.get("sent", ""))
    mine = post is not None and viewer is not None and post.account == viewer.handle
    return card(world, post) if post is not None and mine and not post.removed else None


def _to_login(request: Request) -> Response:
    wanted = request.url.path if request.method == "GET" else "/compose"
    return RedirectResponse(f"/login?next={quote(wanted)}", 303)


def _next(wanted: str | None) -> str:
    """Return where to go after signing in: only to a page of this site."""
    return wanted if wanted and wanted.startswith("/") and not wanted.startswith(("//", "/\\")) else "/home"


def _viewer(request: Request) -> Account | None:
    try:
        return _world(request).signed_in(asking.token_of(request))
    except Denied:
        return None


def _path(post: Post) -> str:
    return f"/{post.account}/status/{post.id}"


def _world(request: Request) -> World:
    world: World = request.app.state.world
    return world
