"""A page of our own drawn as a picture: on a seat of the pool, behind everybody else, and with no way out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bowerbird.core.errors import Refused

if TYPE_CHECKING:
    from bowerbird.browsers.pool import Pool

EASEL = "cards"
"""Whose page it is: no account has this name, for theirs begin with a platform."""
WAIT_S = 4.0
"""How long a drawing waits for a seat, seconds; who waits longer goes without."""
LEASE_S = 8.0
DIFFERENT_MAX = 2_000
"""So many different letters of a page are looked at whether the machine can show them."""
_FITS = "[document.documentElement.scrollWidth <= innerWidth, document.documentElement.scrollHeight <= innerHeight]"

_UNSHOWN = r"""most => {
  const letters = [...new Set(document.body.innerText)].filter(c => /[\p{L}\p{N}\p{P}\p{S}]/u.test(c)).slice(0, most);
  const canvas = document.createElement("canvas"); canvas.width = canvas.height = 48;
  const pen = canvas.getContext("2d", {willReadFrequently: true});
  pen.font = "24px " + getComputedStyle(document.querySelector("pre, blockquote") ?? document.body).fontFamily;
  const look = c => {
    pen.clearRect(0, 0, 48, 48); pen.fillText(c, 8, 32);
    return pen.getImageData(0, 0, 48, 48).data.join();
  };
  const box = look("\u{10FFFE}");
  return letters.filter(c => c > "\u007e" && look(c) === box).join("");
}"""
"""Which letters of a page are drawn as the box that stands for no letter at all, as U+10FFFE always is."""


async def drawn(pool: Pool, html: str, *, width: int, height: int) -> bytes:
    """Return a page as a PNG of exactly so many pixels.

    Raises:
        Refused: the page is larger than the picture (`too_large`), or the machine has no font for all of its letters
            (`no_font`): no other try would be better.
        Unreachable: no seat was free in time, no browser runs, or it was lost, all as `Pool.page` says.
    """
    async with (
        pool.page(EASEL, state=None, wait_s=WAIT_S, op="card", lease_s=LEASE_S) as page,
        asyncio.timeout(LEASE_S),
    ):
        await page.set_viewport_size({"width": width, "height": height})
        await page.set_content(html, wait_until="load", timeout=LEASE_S * 1e3)
        if not all(await page.evaluate(_FITS)):
            raise Refused("what the card shows is larger than the card", reason="too_large")
        if unshown := await page.evaluate(_UNSHOWN, DIFFERENT_MAX):
            raise Refused(f"no font of this machine has the letters {unshown[:20]}; install one", reason="no_font")
        return await page.screenshot(type="png", scale="css", timeout=LEASE_S * 1e3)
