"""A face in this process: books in memory, a clock that is moved by hand, and an engine that answers while it waits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx

from bowerbird.clock import SeededChance, VirtualClock
from bowerbird.core.account import Account, Mode
from bowerbird.core.books import Batch
from bowerbird.core.errors import BadInput
from bowerbird.core.facts import Fact
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US, Choice, Payload, Post, RemoteRef, expiry
from bowerbird.core.work import Command, Owner
from bowerbird.dashboard.app import create_app
from bowerbird.dashboard.asked import SettingRow
from bowerbird.dashboard.doors import COOKIE, Doors
from bowerbird.dashboard.face import Face
from bowerbird.jobs.desk import Desk
from bowerbird.posting.verbs import Verbs
from bowerbird.storage.memory import MemoryBooks, MemoryStorage

PASSWORD = "open sesame"
START = 1_800_000_000 * SECOND_US
WREN = Account(id="sandbox:wren", platform="sandbox", handle="wren", rehearsal=True, mode=Mode.ASK, followers=1)
TEXT_MAX = 300


def a_post(post_id: str = "p1", **fields: Any) -> Post:
    """A post of the wren that waits for a yes and is due in an hour."""
    due = fields.get("due", START + 3600 * SECOND_US)
    text = fields.pop("text", f"The words of {post_id}.")
    given: dict[str, Any] = {
        "account_id": WREN.id,
        "key": f"key-{post_id}",
        "thread_id": post_id,
        "payload": Payload(text=text),
        "choice": Choice(writer="bank", because=f"Chosen because of {post_id}."),
        "state": State.PROPOSED,
        "since": START,
        "created_at": START,
        "due": due,
        "expires_at": expiry(due),
    }
    return Post(id=post_id, **(given | fields))


def published(post_id: str = "p9", **fields: Any) -> Post:
    """A post that arrived a minute ago."""
    at = START - 60 * SECOND_US
    place = RemoteRef(id=f"r-{post_id}", url=f"https://there.example/{post_id}")
    given: dict[str, Any] = {"state": State.PUBLISHED, "due": at, "published_at": at, "remote": place}
    return a_post(post_id, **(given | fields))


async def gate(account: Account, post: Post, text: str) -> None:
    """Turn away what is too long, as the real gate does."""
    if len(text) > TEXT_MAX:
        raise BadInput(f"it is {len(text)} characters long; at most {TEXT_MAX} fit")


class Waiting(VirtualClock):
    """A clock under which the engine works whenever the face waits."""

    desk: Desk | None = None

    async def sleep(self, seconds: float) -> None:
        """Let the engine do one thing, then let the time pass."""
        if self.desk is not None:
            await self.desk.obey_once()
        await super().sleep(seconds)


@dataclass
class House:
    """A face, its books, and a browser without a window."""

    settings: list[SettingRow] = field(default_factory=list)
    host: str = "127.0.0.1"
    password: str = PASSWORD
    clock: Clock = field(default_factory=lambda: Waiting(START))

    def __post_init__(self) -> None:
        self.chance, self.books = SeededChance(7), MemoryStorage(MemoryBooks())
        keys = iter(f"new-key-{n}" for n in range(1_000))
        verbs = Verbs(self.books, self.clock, self.chance, lambda: next(keys), gate).table()
        verbs["post"] = self._post
        self.desk = Desk(self.books, self.clock, "boot-1", verbs)
        self.doors = Doors(self.password, self.clock, self.chance)
        self.face = Face(self.books, self.clock, self.chance, self.doors, self.settings)
        self.app = create_app(self.face, host=self.host)
        self.browser = self.visitor()

    def visitor(self, base: str = "http://127.0.0.1:8420") -> httpx.AsyncClient:
        """Somebody with an empty cookie jar."""
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=base)

    async def _post(self, command: Command) -> str:
        account_id, text = str(command.args["account_id"]), str(command.args.get("text", ""))
        post = a_post("own", account_id=account_id, text=text, state=State.QUEUED, choice=Choice(because="By hand."))
        await gate(WREN, post, text)
        await self.books.record(Batch(new_posts=(post,)))
        return "In the queue."

    async def put(self, *posts: Post, **batch: Any) -> House:
        """Write the account, these posts and whatever else into the books."""
        await self.books.record(Batch(**{"accounts": (WREN,), "new_posts": posts, **batch}))
        return self

    async def engine_runs(self) -> House:
        """The engine beats, and answers buttons."""
        now = self.clock.now()
        owner = Owner(id="boot-1", role="engine", pid=1, started_at=now, heard_at=now, note="all caught up")
        await self.books.beat(owner)
        self.works(self.desk)
        return self

    def works(self, desk: Desk | None) -> None:
        """Whether buttons are answered while the face waits."""
        if isinstance(self.clock, Waiting):
            self.clock.desk = desk

    def pass_s(self, seconds: float) -> None:
        """Let time pass, where it is moved by hand."""
        assert isinstance(self.clock, Waiting)
        self.clock.advance(seconds)

    async def engine_stops(self) -> None:
        """The engine says goodbye."""
        self.works(None)
        await self.put(facts=(Fact(kind="stopped", at=self.clock.now(), by="engine"),))

    def signed_in(self) -> House:
        """The browser has a session."""
        session = self.doors.sign_in(self.password)
        assert session is not None
        self.browser.cookies.set(COOKIE, session)
        return self

    async def get(self, path: str = "/") -> Page:
        """Open a page."""
        return Page(await self.browser.get(path))

    async def read(self, path: str) -> str:
        """A page's HTML as the owner gets it."""
        return (await self.signed_in().get(path)).html

    async def token(self) -> str:
        """The token of this session's forms: the one for signing out is on every page."""
        found = re.search(r'name="token" value="([^"]+)"', (await self.browser.get("/accounts")).text)
        assert found is not None
        return found[1]

    async def press(self, verb: str, *, onward: str = "/approvals", **fields: Any) -> Page:
        """Press a button and follow to the page that says what became of it."""
        data = {"token": await self.token(), "verb": verb, "next": onward, **fields}
        return Page(await self.browser.post("/commands", data=data, follow_redirects=True))


class Page(HTMLParser):
    """A page as a browser would understand it: its elements and the words people read."""

    VOID = frozenset({"meta", "link", "input", "img", "br", "hr"})

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        self.answer, self.status, self.html = answer, answer.status_code, answer.text
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Leave an element."""
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note words with the element they stand in."""
        if data.strip():
            self.texts.append((self._open[-1] if self._open else "", data))

    @property
    def words(self) -> str:
        """Everything people read, in one line."""
        return " ".join(" ".join(text.split()) for _, text in self.texts)

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of every element of this kind."""
        return [attributes for name, attributes in self.elements if name == tag]
