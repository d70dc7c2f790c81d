"""Open pages follow the books: one watcher for all of them, and Server-Sent Events to each.

1. The watcher asks for the change mark five times a second. Nothing else is read while nothing changes.
2. What changed is news if a fact was written or the engine's light is another one; else it is a beat, a run or a
   snapshot. News are drawn at once, the rest at the snapshots' rhythm, and after `LATE_S` in any case, for sentences
   such as "silent for 9 s" change by time alone.
3. Each page that is open is drawn once for everybody of one role, with a placeholder where each session's form token
   goes; it is sent only if it says something else than before. Relative times do not count: the browser tells those.
4. Drawing may take `SHARE_MAX` of a core in the long run, and `BURST_S` of it at once, so that news are seen at once
   where few pages are open. However many are, and however fast facts come, whichever was drawn longest ago comes
   first. That an incident opened or closed, or that the engine's light is another one, waits for no turn.
5. Every viewer hears a beat at least every `BEAT_S`; one who hears none says that the page may be old.

While the books do not answer nobody hears anything. A stream ends when its session does.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bowerbird.core.errors import StorageError
from bowerbird.core.people import Role
from bowerbird.dashboard.asked import Asked
from bowerbird.dashboard.doors import Visitor
from bowerbird.dashboard.face import Face
from bowerbird.dashboard.routes import Leaf, found

LOOK_S = 0.2
"""How often the change mark is asked for, in seconds."""
LIGHT_S = 0.5
"""How often the engine's light is looked at, for a silent engine writes nothing."""
FLOOR_S = 0.25
"""A page is drawn at most this often."""
QUIET_S = 1.0
"""How often a page is drawn while only beats, runs and snapshots are written."""
LATE_S = 3.0
"""A page is drawn at least this often."""
SHARE_MAX = 0.035
"""How much of a core drawing may take, for all open pages together."""
URGENT = ("incident_opened", "incident_closed")
"""Facts that are drawn at once, for somebody may be told of them just now."""
BURST_S = 0.5
"""So much drawing may have been saved up, in seconds of a core."""
BEAT_S = 2.0
"""A viewer hears something at least this often."""
OPEN_MAX = 100
"""Most viewers at one time; each holds a connection."""

MAIN = re.compile(r"<title>.*?</title>|<main.*</main>", re.DOTALL)
MARK = re.compile(r"(<main[^>]*) data-live")
TIMES = re.compile(r"(<time[^>]* data-at[^>]*>)[^<]*")
DRAWN = re.compile(r"(<main[^>]*) data-now=\"\d+\"")
LOG = logging.getLogger(__name__)


@dataclass(eq=False)
class Viewer:
    """One open page in one browser, and whether there is something for it."""

    bell: asyncio.Event = field(default_factory=asyncio.Event)
    gone: bool = False


@dataclass(eq=False)
class Open:
    """A page that somebody has open: what to draw, for whom, and how it was drawn last.

    Args:
        print_: what it says, in short; a viewer whose page says so already is sent nothing.
        news: something happened since it was drawn.
        stirred: something was written since. urgent: what happened waits for no turn.
    """

    leaf: Leaf
    asked: Asked
    viewers: set[Viewer] = field(default_factory=set)
    html: str = ""
    print_: str = ""
    news: bool = True
    stirred: bool = True
    urgent: bool = False
    drawn_at: float = 0.0


class Live:
    """What is open, and the one watcher over it."""

    def __init__(self, face: Face) -> None:
        self._face = face
        self._open: dict[tuple[str, Role], Open] = {}
        self._task: asyncio.Task[None] | None = None
        self.place = face.chance.name("token")
        self._mark, self._fact, self._light, self._looked_at = -1, -1, "", 0.0
        self._credit_s, self._earned_at = BURST_S, face.clock.monotonic()
        self.well = True
        self.stopping: Callable[[], bool] = lambda: False

    def __len__(self) -> int:
        return sum(len(page.viewers) for page in self._open.values())

    def signed(self, html: str, visitor: Visitor, print_: str = "") -> str:
        """Fill in a page that was drawn with `place` for its visitor, and note on it what it says, in short."""
        noted = MARK.sub(rf'\1 data-live="{print_ or print_of(html)}"', html, count=1)
        return noted.replace(self.place, self._face.doors.form_token(visitor.session))

    async def follow(
        self, address: str, visitor: Visitor, cookie: str, viewer: Viewer, had: str = ""
    ) -> AsyncGenerator[str]:
        """Yield the events for one viewer of a page, until they leave, are signed out, or the face stops.

        Args:
            had: what the page says that they have (`print_of`), so that it is not sent again.
        """
        page = self._opened(address, visitor)
        if page is None:
            return
        page.viewers.add(viewer)
        try:
            self._start()
            yield "retry: 1000\n\n"
            while not viewer.gone and not self.stopping():
                if self._face.doors.known(cookie) != visitor:
                    yield _event("left", "")
                    return
                if page.print_ not in {"", had}:
                    had = page.print_
                    yield self._told(page, visitor)
                elif self.well:
                    yield _event("beat", {"now": self._face.clock.now()})
                viewer.bell.clear()
                await _rung(viewer.bell, BEAT_S)
        finally:
            page.viewers.discard(viewer)

    def _opened(self, address: str, visitor: Visitor) -> Open | None:
        """The page at this address as this role sees it, or None if there is no such page."""
        parts = urlsplit(address)
        path = unquote(parts.path)  # as the server does for who comes in by the door
        match = found(path)
        if match is None:
            return None
        leaf, params = match
        asked = self._face.asked(visitor, path, params, dict(parse_qsl(parts.query)))
        return self._open.setdefault((address, visitor.role), Open(leaf, asked))

    def _told(self, page: Open, visitor: Visitor) -> str:
        html = self.signed(page.html, visitor, page.print_)
        return _event("page", {"now": self._face.clock.now(), "html": html})

    # --- the watcher -------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch(), name="live pages")

    async def _watch(self) -> None:
        """Look as long as anybody does."""
        while self._open and not self.stopping():
            await self.look_once()
            await self._face.clock.sleep(LOOK_S)
        for viewer in self._viewers():
            viewer.bell.set()

    async def look_once(self) -> None:
        """See what was written, and draw what is due; while the books do not answer, nothing."""
        for key in [key for key, page in self._open.items() if not page.viewers]:
            del self._open[key]
        try:
            await self._notice()
            self._earn()
            for page in sorted(self._open.values(), key=lambda page: page.drawn_at):
                if self._due(page):
                    await self._draw(page)
            self.well = True
        except StorageError:
            self.well = False

    async def _notice(self) -> None:
        """Mark every page as behind if something was written, or if the engine's mood changed."""
        books, clock = self._face.books, self._face.clock
        mark, news, urgent = await books.change_mark(), False, False
        if stirred := mark != self._mark:
            self._mark = mark
            newest = await books.newest_facts(limit=1)
            fact = (newest[0].seq or 0) if newest else 0
            if news := fact != self._fact:
                loud = await books.newest_facts(kinds=URGENT, limit=1)
                urgent = bool(loud) and (loud[0].seq or 0) > self._fact
            self._fact = fact
        if clock.monotonic() - self._looked_at >= LIGHT_S:
            self._looked_at = clock.monotonic()
            self._face.doors.meet(await books.people())
            light = await self._face.mood()
            changed, known, self._light = light != self._light, self._light != "", light
            news, urgent = news or changed, urgent or (changed and known)
        for page in self._open.values():
            page.news, page.stirred = page.news or news, page.stirred or stirred
            page.urgent = page.urgent or urgent

    def _earn(self) -> None:
        """Save up what drawing may take since the last look."""
        now = self._face.clock.monotonic()
        self._credit_s = min(BURST_S, self._credit_s + (now - self._earned_at) * SHARE_MAX)
        self._earned_at = now

    def _due(self, page: Open) -> bool:
        if not page.print_:
            return True
        waited_s = self._face.clock.monotonic() - page.drawn_at
        if page.urgent:
            return waited_s >= FLOOR_S
        wait_s = FLOOR_S if page.news else QUIET_S if page.stirred else LATE_S
        return waited_s >= wait_s and self._credit_s > 0

    async def _draw(self, page: Open) -> None:
        """Draw a page, and ring for its viewers if it says something new."""
        began = self._face.clock.monotonic()
        page.news = page.stirred = page.urgent = False
        nobody = Visitor("", page.asked.role, "")
        try:
            whole, _ = await self._face.page(page.leaf, page.asked, nobody, token=self.place)
        except StorageError:
            page.news = page.urgent = True
            raise
        except Exception:
            LOG.exception("the page %s cannot be drawn", page.asked.path)
            self._let_go(page)
            return
        page.drawn_at = self._face.clock.monotonic()
        self._credit_s -= page.drawn_at - began
        print_ = print_of(whole)
        if print_ != page.print_:
            page.html, page.print_ = "".join(MAIN.findall(whole)), print_
            for viewer in page.viewers:
                viewer.bell.set()

    def _let_go(self, page: Open) -> None:
        for viewer in page.viewers:
            viewer.gone = True
            viewer.bell.set()

    def _viewers(self) -> list[Viewer]:
        return [viewer for page in self._open.values() for viewer in page.viewers]


class Stream(Response):
    """The answer that goes on: events until the viewer leaves."""

    media_type = "text/event-stream"

    def __init__(self, live: Live, address: str, visitor: Visitor, cookie: str, had: str = "") -> None:
        super().__init__()
        del self.headers["content-length"]
        self._viewer = Viewer()
        self._events = live.follow(address, visitor, cookie, self._viewer, had)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events as they come; a viewer who leaves is noticed at once."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        leaving = asyncio.create_task(self._wait_for_leave(receive), name="a viewer leaves")
        try:
            async with aclosing(self._events) as events:
                async for words in events:
                    await send({"type": "http.response.body", "body": words.encode(), "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            leaving.cancel()

    async def _wait_for_leave(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._viewer.gone = True
        self._viewer.bell.set()


def print_of(html: str) -> str:
    """What a page says, in short: neither relative times, which the browser tells, nor when it was drawn count."""
    said = DRAWN.sub(r"\1", TIMES.sub(r"\1", "".join(MAIN.findall(html))))
    return hashlib.blake2b(said.encode(), digest_size=16).hexdigest()


async def _rung(bell: asyncio.Event, within_s: float) -> None:
    try:
        async with asyncio.timeout(within_s):
            await bell.wait()
    except TimeoutError:
        return


def _event(name: str, data: object) -> str:
    """One event; its data is JSON, so that no line break in it can end the event."""
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
