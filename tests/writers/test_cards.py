"""Cards as pages: what is shown is whole and escaped, what cannot be read on a phone is none, nothing is loaded."""

from __future__ import annotations

import html
import re

import pytest

from bowerbird.core.ports import Sketch
from bowerbird.writers.cards import ALT_MAX, HEIGHTS, LETTERS, WIDTH, Sheet, coloured, sheet
from bowerbird.writers.claims import bundled_bank

CLAIMS = bundled_bank().claims


def a_sheet(**fields: str) -> Sheet:
    """A card that there is."""
    found = sheet(Sketch(**({"text": "A claim."} | fields)), by="wren", quotes=True)
    assert isinstance(found, Sheet)
    return found


def bare(text: str) -> str:
    """HTML without its marks."""
    return html.unescape(re.sub(r"<[^<>]*>", "", text))


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_the_code_of_every_tip_is_shown_whole_or_not_at_all(claim: object) -> None:
    """Colouring changes no letter, the description has every line, and the size is within its bounds."""
    code, output = (str(getattr(claim, name)) for name in ("code", "output"))
    assert bare(coloured(code)) == code
    found = sheet(Sketch(text="A claim.", code=code, output=output), by="wren")
    if isinstance(found, Sheet):
        assert code in found.alt
        assert output in found.alt
        assert found.width == WIDTH
        assert HEIGHTS[0] <= found.height <= HEIGHTS[1]


def test_most_tips_fit_on_a_card() -> None:
    """At least nine of ten: the letters may be as small as a phone still shows well."""
    found = [sheet(Sketch(text=c.text, code=c.code, output=c.output), by="wren") for c in CLAIMS]
    assert sum(isinstance(each, Sheet) for each in found) >= 0.9 * len(CLAIMS)


@pytest.mark.parametrize("code", ["x" * 81, "x\n" * 60], ids=["too wide", "too high"])
def test_code_that_a_phone_cannot_show_is_no_card(code: str) -> None:
    """It is said why; nothing is cut or wrapped."""
    assert "too large" in str(sheet(Sketch(text="A claim.", code=code), by="wren"))


def test_a_hostile_text_is_text() -> None:
    """Whatever stands in code, words or name: no element of it is one, and the policy lets nothing in."""
    evil = "</pre><script>alert(1)</script><img src=//evil.example>"
    for page in (a_sheet(code=evil), a_sheet(text=evil), a_sheet(code="x = 1", output=evil)):
        assert "<script" not in page.html
        assert "<img" not in page.html
        assert "default-src 'none'" in page.html
    named = sheet(Sketch(text="", code="x = 1"), by="<script>")
    assert isinstance(named, Sheet)
    assert "<script" not in named.html


def test_a_description_has_a_limit_and_says_so() -> None:
    """It ends with a whole line, and says that there is more."""
    page = a_sheet(code="\n".join(["total = total + 1  # again"] * 12), output="\n".join(["a line of output"] * 3))
    assert len(page.alt) <= ALT_MAX
    lines = "\n".join(["value = some_function(of_this, and_that, number)"] * 22)
    long = a_sheet(code=lines)
    assert len(long.alt) <= ALT_MAX
    assert long.alt.endswith("(The rest stands in the picture.)")


def test_wide_code_has_smaller_letters_than_narrow() -> None:
    """As large as the widest line allows."""
    narrow, wide = (re.search(r"pre \{ font: (\d+)px", a_sheet(code="x" * n).html) for n in (10, 60))
    assert narrow
    assert wide
    assert LETTERS[0] <= int(wide[1]) < int(narrow[1]) == LETTERS[1]


def test_words_are_a_card_only_where_that_is_wanted() -> None:
    """By default a claim without code is none, and no sentence says that something failed."""
    assert sheet(Sketch(text="A claim."), by="wren") == ""
    assert "A claim." in a_sheet().alt


@pytest.mark.parametrize("code", ["def (", "'open", "$ ls -l | wc", "\tif x:\n  y"])
def test_what_is_not_python_is_shown_as_it_is(code: str) -> None:
    """Colours are for those who can be read; nothing else is."""
    assert bare(coloured(code)) == code
