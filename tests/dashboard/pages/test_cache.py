"""The page of the cache: there is none yet, and no number says otherwise."""

import re

from tests.dashboard.house import House


async def test_it_says_that_nothing_is_cached_and_what_is_done_without(home: House) -> None:
    """What will stand there has its place."""
    words = (await home.get("/cache")).words
    assert "Nothing is cached yet; every page reads the books." in words
    assert "Hit rate not measured yet Connections not measured yet Stale answers not measured yet" in words
    assert "Every page and every job reads the books themselves." in words


async def test_no_number_is_made_up(home: House) -> None:
    """Not even a 0."""
    html = (await home.get("/cache")).html
    panels = re.sub(r"<[^>]*>", " ", html[html.index('id="coming"') : html.index("</main>")])
    assert re.findall(r"\d", panels) == []
