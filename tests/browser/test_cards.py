"""Cards in a real browser: the size that was laid out, no way out to a network, and none that is larger than itself."""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path

import pytest

from bowerbird.app.cards import BYTES_MAX, Cards
from bowerbird.browsers.easel import drawn
from bowerbird.browsers.pool import Pool
from bowerbird.core.errors import Refused
from bowerbird.core.ports import Sketch
from bowerbird.core.post import Media
from bowerbird.writers.cards import Sheet, sheet
from bowerbird.writers.claims import Claim, bundled_bank
from tests.contracts.stages import CLOCK

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


def size(content: bytes) -> tuple[int, int]:
    """Width and height of a PNG."""
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", content[16:24])
    return width, height


async def test_cards_have_the_size_that_was_laid_out(seat: Pool) -> None:
    """The widest, the highest and a short tip of the bank, and a long quote: none is larger than its card."""
    bank = await asyncio.to_thread(bundled_bank)
    claims = [c for c in bank.claims if c.code and isinstance(_laid(_sketch(c)), Sheet)]
    widest = max(claims, key=lambda c: max(map(len, c.code.splitlines())))
    highest = max(claims, key=lambda c: len(c.code.splitlines()) + len(c.output.splitlines()))
    sketches = [_sketch(c) for c in (widest, highest, claims[0])]
    for sketch in [*sketches, Sketch(text="Whatever fits into a post fits here. " * 8)]:
        page = _laid(sketch)
        assert isinstance(page, Sheet)
        content = await drawn(seat, page.html, width=page.width, height=page.height)
        assert size(content) == (page.width, page.height)
        assert len(content) < BYTES_MAX


def _sketch(claim: Claim) -> Sketch:
    return Sketch(text=claim.text, code=claim.code, output=claim.output)


def _laid(sketch: Sketch) -> Sheet | str:
    return sheet(sketch, by="wren", quotes=True)


async def test_a_page_that_is_larger_than_its_card_is_none(seat: Pool) -> None:
    """Nothing is cut off in silence."""
    with pytest.raises(Refused) as told:
        await drawn(seat, "<div style='width:2000px'>wide</div>", width=500, height=500)
    assert told.value.reason == "too_large"


@pytest.mark.parametrize("quoted", [True, False])
async def test_letters_that_the_machine_cannot_show_are_named(seat: Pool, quoted: bool) -> None:
    """U+13000 is an Egyptian bird that few machines have: a row of empty boxes is no card."""
    page = _laid(Sketch(text="A bird: 𓀀", code="" if quoted else "print('𓀀 é')"))
    assert isinstance(page, Sheet)
    with pytest.raises(Refused, match="has the letters 𓀀; install") as told:
        await drawn(seat, page.html, width=page.width, height=page.height)
    assert told.value.reason == "no_font"


async def test_a_card_is_drawn_into_the_folder_and_the_same_twice(seat: Pool, tmp_path: Path) -> None:
    """Through the pool, and byte for byte again in another folder."""
    sketch = Sketch(text="A claim.", code="import math\nprint(math.tau)", output="6.283185307179586")
    found = [await Cards(tmp_path / name, seat, CLOCK).draw(sketch, by="wren") for name in ("one", "two")]
    one, two = found
    assert isinstance(one, Media), one
    assert isinstance(two, Media), two
    assert one == two
    assert size((tmp_path / "one" / one.path).read_bytes())[0] == 1080
