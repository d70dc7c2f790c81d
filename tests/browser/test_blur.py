"""The picture of a page that is kept shows where things are, and nobody's words."""

from __future__ import annotations

import base64

import pytest

from bowerbird.browsers.pool import Pool
from bowerbird.platforms.web.pages import BLUR

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

WORDS = "<p>Ann Lee, ann@example.org</p>"
DARKEST = """async picture => {
  const image = await createImageBitmap(await (await fetch(picture)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height), paper = canvas.getContext("2d");
  paper.drawImage(image, 0, 0);
  return paper.getImageData(0, 0, image.width, image.height).data.reduce((least, one) => Math.min(least, one), 255);
}"""
"""Letters are black, and blurred ones are a grey cloud."""


@pytest.mark.parametrize(
    "html",
    [
        f"<main>{WORDS}</main>",
        f"<header>{WORDS}</header>",
        f"<div style='position: fixed; bottom: 0'>{WORDS}</div>",
        f"<dialog style='border: 0'>{WORDS}</dialog><script>document.querySelector('dialog').showModal()</script>",
        f"<div popover style='border: 0'>{WORDS}</div><script>document.querySelector('div').showPopover()</script>",
    ],
)
async def test_no_word_of_a_page_can_be_read_on_its_picture(seat: Pool, html: str) -> None:
    """Wherever it stands: in the middle, in the margin, over everything."""
    async with seat.page("blur", state=None, wait_s=10) as page:
        await page.set_content(f"<style>::backdrop {{ background: none }}</style>{html}", timeout=10_000)
        pictures = [await page.screenshot(type="png", style=style, timeout=10_000) for style in ("", BLUR)]
        sharp, blurred = [
            await page.evaluate(DARKEST, f"data:image/png;base64,{base64.b64encode(one).decode()}") for one in pictures
        ]
    assert sharp < 30
    assert blurred > 120
