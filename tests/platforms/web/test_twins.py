"""When words on a page are those that were sent."""

from __future__ import annotations

import pytest

from bowerbird.platforms.web.twins import nearly, same

CODE = "Use asyncio.run(main()) once. https://docs.python.org/3/library/asyncio.html"


@pytest.mark.parametrize(
    "shown",
    [
        CODE,
        CODE.replace(" ", "\n  "),
        CODE.replace("asyncio.run", "http://asyncio.run"),
        CODE.removesuffix("https://docs.python.org/3/library/asyncio.html") + "docs.python.org/3/library/asyncio.html/",
    ],
)
def test_a_site_may_lay_words_out_anew(shown: str) -> None:
    """White space, and what it makes of addresses, whether they are any or not."""
    assert same(shown, CODE)


def test_other_words_are_others() -> None:
    """Also where only a letter is missing."""
    assert not same(CODE[:-1], CODE)
    assert not nearly(CODE[:-1], CODE)


def test_a_shortened_link_leaves_a_doubt() -> None:
    """It may be the same, and nobody can see it."""
    cut = CODE.replace("https://docs.python.org/3/library/asyncio.html", "docs.python.org/3/libr\u2026")
    assert not same(cut, CODE)
    assert nearly(cut, CODE)
    assert not nearly(cut, "Something else. https://docs.python.org/3/library/asyncio.html")
