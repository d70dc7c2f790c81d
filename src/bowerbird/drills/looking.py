"""A person in front of the overview while something breaks: a real browser has it open, signed in as its owner.

What is asked of the page is what a person wants of it: that the layer that broke turns red, or amber where it works
with less, with a sentence about this very thing, within `SEEN_MAX_S` of the moment at which somebody was told; and
that it is as before once all is well. A page that says itself that it may be old tells nothing.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bowerbird.browsers import chromium
from bowerbird.browsers.onlooker import Onlooker, browser_of_our_own, onlooking
from bowerbird.core.errors import BowerbirdError
from bowerbird.core.health import Light
from bowerbird.core.ports import Clock
from bowerbird.drills.stage import LOOK_S, UP_S, Stage

SEEN_MAX_S = 2.0
"""So soon after somebody was told the overview must show it, seconds."""
GREEN_MAX_S = 5.0
"""So soon after the last incident was over the overview must be as before, seconds."""
TILES = """() => ({
  old: document.body.classList.contains("cut-off"),
  tiles: Object.fromEntries([...document.querySelectorAll(".tiles > .tile")].map((tile) => [
    tile.querySelector(".name").textContent,
    [tile.className.replace("tile", "").trim(), [...tile.querySelectorAll("p")].at(-1).firstChild.textContent.trim()],
  ])),
})"""
"""Each layer's light and sentence, as they stand on the page."""
SILENT, UNWRITTEN = "Silent for", "The books cannot be written"
DIRECTLY = {"engine": SILENT, "loop": SILENT, "books": UNWRITTEN, "storage": UNWRITTEN, "disk": UNWRITTEN}
"""What the overview says by itself of these parts, before and without any incident, for it sees them directly."""

GOOD = frozenset({Light.GREEN, Light.GREY})


@dataclass(frozen=True, slots=True)
class Tile:
    """A layer as it stood on the page from this moment on (monotonic seconds)."""

    at: float
    layer: str
    light: str
    sentence: str


@dataclass
class Overview:
    """The overview of one drilled program, and what it has said so far.

    Args:
        trouble: why it could not be opened, or empty.
    """

    onlooker: Onlooker
    trouble: str = ""
    _read: list[tuple[float, dict[str, Tile]]] = field(default_factory=list)

    async def open(self, stage: Stage) -> None:
        """Come in as soon as the program answers; what goes wrong is kept in `trouble`."""
        file, port = stage.folder / "face.password", stage.settings["face.port"]
        end = stage.clock.monotonic() + UP_S
        while not self._read_new():
            try:
                password = await asyncio.to_thread(Path.read_text, file, encoding="utf-8")
                await self.onlooker.sign_in(f"http://127.0.0.1:{port}/login", {"Password": password.strip()})
                self.trouble = ""
            except (OSError, BowerbirdError) as error:
                self.trouble = f"the overview could not be opened: {error}"
                if stage.clock.monotonic() >= end:
                    return
            await stage.clock.sleep(LOOK_S * 2)

    def turned(
        self, layers: Collection[str], lights: Collection[str], words: Collection[str], since: float
    ) -> Tile | None:
        """The first of these layers that had one of these lights and a sentence about it, from `since` on."""
        for tile in self._tiles(layers, since):
            if tile.light in lights and any(each in tile.sentence for each in words):
                return tile
        return None

    def light(self, layer: str, at: float) -> str:
        """How a layer stood at a moment; empty before the page was open."""
        return next((tile.light for tile in reversed([*self._tiles((layer,), 0.0)]) if tile.at <= at), "")

    def sentences(self, layers: Collection[str], since: float) -> list[str]:
        """What these layers said from `since` on, to be held against the page: each once, the newest last."""
        said = [f"{tile.layer} {tile.light}: {tile.sentence}" for tile in self._tiles(layers, since)]
        return list(dict.fromkeys(said))[-3:]

    def as_before(self, layer: str, before: str) -> float | None:
        """Since when a layer has been green, or at least as it was before; None while it is not."""
        since = None
        for tile in self._tiles((layer,), 0.0):
            well = tile.light in {*GOOD, before}
            since = (tile.at if since is None else since) if well else None
        return since

    def _tiles(self, layers: Collection[str], since: float) -> Iterator[Tile]:
        """These layers, each time the page said something else; what it said last before `since` still stood then."""
        self._read_new()
        rows = self._read
        first = max((place for place, (at, _) in enumerate(rows) if at <= since), default=0)
        for _, tiles in rows[first:]:
            yield from (tiles[layer] for layer in layers if layer in tiles)

    def _read_new(self) -> bool:
        """Read what was noted since; True once the overview was seen."""
        while self.onlooker.glimpses:
            glimpse = self.onlooker.glimpses.popleft()
            said: dict[str, Any] = json.loads(glimpse.said)
            shown = {} if said["old"] else said["tiles"]
            tiles = {name: Tile(glimpse.at, name, light, words) for name, (light, words) in shown.items()}
            if tiles or self._read:
                self._read.append((glimpse.at, tiles))
        return bool(self._read)


Looking = Callable[[Stage], Any]
"""Opens the overview of a stage, as a context; of it comes an `Overview`, or None where nobody looks."""


@asynccontextmanager
async def looking(clock: Clock) -> AsyncIterator[Looking]:
    """One browser for all stages.

    Raises:
        Unreachable: there is none.
    """
    path = await asyncio.to_thread(chromium.find)
    async with browser_of_our_own(path, chromium.flags()) as browser:

        @asynccontextmanager
        async def before(stage: Stage) -> AsyncIterator[Overview]:
            async with onlooking(browser, clock) as onlooker:
                await onlooker.watch(TILES)
                overview = Overview(onlooker)
                opening = asyncio.create_task(overview.open(stage), name="the overview opens")
                try:
                    yield overview
                finally:
                    opening.cancel()
                    with suppress(asyncio.CancelledError):
                        await opening

        yield before


@asynccontextmanager
async def nobody(stage: Stage) -> AsyncIterator[None]:
    """Nobody looks."""
    yield None
