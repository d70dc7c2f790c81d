"""The face itself: what every answer works with, and how a page is drawn for somebody."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from starlette.responses import HTMLResponse

from bowerbird.core.health import Health
from bowerbird.core.ports import Chance, Clock
from bowerbird.dashboard.asked import BARE, Asked, Books, Look, SettingRow, Shelf, deaf
from bowerbird.dashboard.doors import Doors, Visitor
from bowerbird.dashboard.drawing import templates
from bowerbird.dashboard.flash import flash
from bowerbird.dashboard.picture import engine
from bowerbird.dashboard.roles import VERBS, refusal
from bowerbird.dashboard.routes import Leaf, menu
from bowerbird.dashboard.workshop import Tell, bare


@dataclass
class Face:
    """What the routes work with.

    Args:
        beside: how it listens to the engine beside the books.
        replays: those that were kept.
        workshop: how it is told of promises and drills.
        cards: the folder of the cards that go with posts; None: there are none.
    """

    books: Books
    clock: Clock
    chance: Chance
    doors: Doors
    settings: list[SettingRow]
    requests: Counter[str] = field(default_factory=Counter)
    beside: Look = deaf
    replays: Shelf = BARE
    workshop: Tell = bare
    cards: Path | None = None

    def asked(self, visitor: Visitor, path: str, params: dict[str, str], query: dict[str, str]) -> Asked:
        """What this visitor asks for."""
        return Asked(
            path=path, params=params, query=query, role=visitor.role, settings=self.settings,
            replays=self.replays, workshop=self.workshop,
        )  # fmt: skip

    async def page(self, leaf: Leaf, asked: Asked, visitor: Visitor, **given: str) -> tuple[str, int]:
        """Read a page and draw it, with how the engine is and what became of the last button; with the status.

        Args:
            given: what the template is given in place of the usual, such as another `token`.
        """
        if not visitor.role.may(leaf.may):
            return self.draw("problem.html", visitor, asked.path, problem=refusal(visitor.role, leaf.may)), 403
        around = await self.around(asked.query.get("did", "")) | given
        found = await leaf.read(self.books, self.clock, await self.heard(asked))
        if found is None:
            return self.draw("missing.html", visitor, asked.path, **around), 404
        return self.draw(leaf.template, visitor, asked.path, asked=asked, **around, **found), 200

    async def heard(self, asked: Asked) -> Asked:
        """The same question, with what is heard beside the books just now."""
        return replace(asked, beside=await self.beside())

    async def engine(self) -> Health:
        """How the engine is."""
        return await engine(self.books, self.clock, await self.beside())

    async def mood(self) -> str:
        """What every open page wants to know at once: how the engine is, and whether it can write the books."""
        beside = await self.beside()
        return f"{(await engine(self.books, self.clock, beside)).light} {beside.trouble}"

    async def around(self, did: str = "") -> dict[str, Any]:
        """What stands on every page: how the engine is, and what became of the button `did`."""
        return {
            "engine": await self.engine(),
            "flash": await flash(self.books, did) if did else None,
        }

    def draw(self, name: str, visitor: Visitor | None = None, here: str = "/", **context: Any) -> str:
        """Draw a template from what is given, without a look at the books."""
        given = {
            "here": here,
            "token": self.doors.form_token(visitor.session) if visitor else "",
            "visitor": visitor,
            "menu": menu(visitor.role) if visitor else (),
            "may": lambda verb: visitor is not None and visitor.role.may(VERBS[verb]),
            "engine": None,
            "flash": None,
            "now": self.clock.now(),
        }
        return templates().get_template(name).render({**given, **context})

    def answer(self, name: str, visitor: Visitor | None = None, *, status: int = 200, **context: Any) -> HTMLResponse:
        """Answer with a page that reads nothing."""
        return HTMLResponse(self.draw(name, visitor, **context), status)
