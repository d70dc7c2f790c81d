"""Random buttons: a real browser presses those of "Break me" for a while, and then both books must agree.

1. The program with a browser account and one without, and the page "Break me" for it.
2. A browser of our own opens the page and presses one button after another, which one and how long between drawn
   from a seed.
3. Everything that lasts is taken back; once nothing is in doubt any more, both books are compared.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from bowerbird.browsers import chromium
from bowerbird.browsers.pool import Pool
from bowerbird.clock import SeededChance, SystemClock
from bowerbird.core.errors import BowerbirdError
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US, Post
from bowerbird.drills import ground
from bowerbird.drills.books import Comparison, compared
from bowerbird.drills.breakme import BreakMe, served
from bowerbird.drills.buttons import BUTTONS, Hand
from bowerbird.drills.plan import read_plan
from bowerbird.drills.stage import Stage, staged

CALM_S = 120.0
"""How long the books may take to agree once nothing is broken any more, seconds."""
PAUSE_S = (0.5, 6.0)
"""The shortest and the longest time between two buttons, seconds."""
LEASE_S = 30.0
KILLS_MAX = 3
"""So often in ten minutes the engine is killed: the guardian starts it again three times, and then it stays down."""
KILLS_WINDOW_S = 600.0


@dataclass
class Finger:
    """Decides what is pressed next.

    A guardian that was told to give up has kept its promise, and nothing could be shown after it; so the engine is
    killed, or frozen for so long that it is replaced, no more often than it is started again.
    """

    rng: Random
    clock: Clock
    _deadly: tuple[float, ...] = ()

    def choose(self) -> str:
        """The name of the next button."""
        now = self.clock.monotonic()
        self._deadly = tuple(at for at in self._deadly if now - at < KILLS_WINDOW_S)
        names = [button.name for button in BUTTONS]
        if len(self._deadly) >= KILLS_MAX - 1:
            names = [name for name in names if name not in ("kill_engine", "freeze")]
        chosen = self.rng.choice(names)
        if chosen in ("kill_engine", "freeze"):
            self._deadly = (*self._deadly, now)
        return chosen


async def chaos(
    for_s: float, *, tell: Callable[[str], None], seed: int = 1, keep: Path | None = None
) -> dict[str, Any]:
    """Press buttons for `for_s` seconds and report; `ok` means that both books agree, 0 lost and 0 doubled."""
    clock = SystemClock()
    folder = keep or Path(tempfile.mkdtemp(prefix="bowerbird-chaos-"))
    plan = read_plan()
    try:
        async with staged(plan, plan.programs["browser"], folder / "program", clock) as stage:
            hand = Hand(stage.breaking, stage.network, clock)
            listener = ground.listen()
            async with served(BreakMe(hand, stage.books, clock), listener) as address:
                tell(f"Break me: {address}")
                await _press(address, hand, for_s, Finger(SeededChance(seed).stream("chaos"), clock), clock, tell)
            return await _report(stage, hand, for_s, seed)
    finally:
        if keep is None:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _press(
    address: str, hand: Hand, for_s: float, finger: Finger, clock: Clock, tell: Callable[[str], None]
) -> None:
    seat = Pool(clock, path=chromium.find(), arguments=chromium.flags())
    end = clock.monotonic() + for_s
    try:
        async with seat.page("visitor", state=None, wait_s=LEASE_S, lease_s=for_s + LEASE_S) as page:
            await page.goto(address)
            while clock.monotonic() < end:
                name = finger.choose()
                tell(f"{max(0.0, end - clock.monotonic()):6.1f} s left  {name}")
                await page.locator(f'button[value="{name}"]').click()
                await clock.sleep(finger.rng.uniform(*PAUSE_S))
    finally:
        await seat.close()


async def _report(stage: Stage, hand: Hand, for_s: float, seed: int) -> dict[str, Any]:
    """Wait until the books agree, and say how they stand."""
    began = stage.clock.monotonic()
    looks: list[Comparison] = []

    async def agree() -> bool:
        try:
            looks.append(await compared(stage.network, stage.books))
            return looks[-1].agree and await stage.heard_s() < 10
        except BowerbirdError:
            return False  # the books may just be busy; the next look decides

    calm = await stage.until(agree, within_s=CALM_S)
    # The look that agreed, not a later one: the engine goes on, and the next post may be leaving just then.
    both = looks[-1] if looks else await compared(stage.network, stage.books)
    incidents = [row for row in await stage.books.incidents(limit=500) if not row.root]
    pressed = sum(hand.pressed.values())
    return {
        "for_s": for_s,
        "seed": seed,
        "pressed": pressed,
        "buttons": dict(sorted(hand.pressed.items())),
        "accepted": both.accepted,
        "known": both.known,
        "lost": len(both.lost),
        "doubled": both.doubled,
        "in_doubt": both.in_doubt,
        "doubts": [_doubt(post, stage.clock.now()) for post in both.doubtful],
        "incidents": len(incidents),
        "agreed_after_s": round(stage.clock.monotonic() - began, 1),
        "ok": calm and both.agree and both.accepted > 0 and pressed > 0,
    }


def _doubt(post: Post, now: int) -> dict[str, Any]:
    """Which one, and for how long: one that just left is under way, one that is old was forgotten."""
    return {"id": post.id, "state": post.state.value, "for_s": round((now - post.since) / SECOND_US, 1)}
