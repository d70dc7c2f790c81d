"""Cards beside posts: laid out by the writers, drawn by the pool of browsers, kept in the data folder.

1. The page of a card decides its file's name, so the same card is drawn once and is there without a browser later.
2. A card is never worth waiting for: where no seat is free at once, or no browser runs, the post goes without it, and
   for a while nobody asks again.
3. A picture that nobody asked for in `KEEP_S` goes: every post that carried it has gone, or will not.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from bowerbird.browsers.easel import drawn
from bowerbird.browsers.pool import Pool
from bowerbird.core.errors import BadInput, Refused, Unreachable
from bowerbird.core.ports import Clock, Sketch
from bowerbird.core.post import CARDS, SECOND_US, Media
from bowerbird.writers.cards import Sheet, sheet

WHICH = ("none", "code", "all")
"""What `writer.cards` may be."""
DRAW_S = 10.0
"""How long a drawing may take altogether, seconds."""
SPARE_S = 60.0
"""So long after one that failed no other is begun, seconds."""
BYTES_MAX = 976_000
"""Of a picture: the least that any of the platforms takes."""
KEEP_S = 60 * 86_400.0
SWEEP_S = 86_400.0


@dataclass
class Cards:
    """Draws cards.

    Args:
        folder: the data folder.
        which: ``code``: where there is code; ``all``: a claim without code as well.
    """

    folder: Path
    pool: Pool
    clock: Clock
    which: str = "code"
    _not_before: float = field(default=-1.0, init=False)
    _swept: float | None = field(default=None, init=False)

    async def draw(self, sketch: Sketch, *, by: str) -> Media | str:
        """Return a picture that lies in the data folder, else in a sentence why there is none; see `core.ports.Cards`.

        It takes `DRAW_S` at most, and raises nothing.
        """
        page = sheet(sketch, by=by, quotes=self.which == "all")
        if isinstance(page, str):
            return page
        name = f"{CARDS}/{hashlib.sha256(page.html.encode()).hexdigest()[:32]}.png"
        try:
            content = await asyncio.to_thread(self._known, name) or await self._drawn(page, name)
        except Refused as error:
            return str(error)
        except (Unreachable, TimeoutError, OSError) as error:
            self._not_before = self.clock.monotonic() + SPARE_S
            return str(error) or f"no card was drawn within {DRAW_S:g} s"
        if not content:
            return "no card could be drawn a moment ago"
        return Media(path=name, mime="image/png", alt=page.alt, sha256=hashlib.sha256(content).hexdigest())

    async def _drawn(self, page: Sheet, name: str) -> bytes:
        if self.clock.monotonic() < self._not_before:
            return b""
        async with asyncio.timeout(DRAW_S):
            content = await drawn(self.pool, page.html, width=page.width, height=page.height)
        if len(content) > BYTES_MAX:
            raise Refused(f"the picture has {len(content):,} bytes, and {BYTES_MAX:,} fit", reason="too_large")
        await asyncio.to_thread(self._keep, name, content)
        return content

    def _known(self, name: str) -> bytes:
        """Read one that was drawn before; asked for again, it is as good as new."""
        now = self.clock.now() / SECOND_US
        try:
            content = (self.folder / name).read_bytes()
            os.utime(self.folder / name, (now, now))
        except OSError:
            return b""
        return content

    def _keep(self, name: str, content: bytes) -> None:
        """Write it so that it is there whole or not at all; now and then clear away what nobody needs any more."""
        file = self.folder / name
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = file.with_suffix(".new")
        with beside.open("wb") as draft:
            draft.write(content)
            draft.flush()
            os.fsync(draft.fileno())
        beside.replace(file)
        mono = self.clock.monotonic()
        if self._swept is None or mono - self._swept > SWEEP_S:
            self._swept = mono
            self._sweep()

    def _sweep(self) -> None:
        oldest = self.clock.now() / SECOND_US - KEEP_S
        for file in (self.folder / CARDS).iterdir():
            if file.stat().st_mtime < oldest:
                file.unlink(missing_ok=True)


def which_cards(asked: str) -> str:
    """Return what `writer.cards` says.

    Raises:
        BadInput: it says something that it cannot.
    """
    if asked not in WHICH:
        raise BadInput(f"writer.cards is {asked!r}; it must be one of {', '.join(WHICH)}")
    return asked
