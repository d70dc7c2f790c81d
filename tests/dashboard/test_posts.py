"""The list of posts: narrowed, page by page, and true about how many there are."""

import re
from typing import Any

import pytest

from bowerbird.core.lifecycle import State
from bowerbird.core.lists import Place
from bowerbird.core.post import SECOND_US
from bowerbird.dashboard.pages.posts import ROWS, path, place_of, wanted_of

from .house import START, House, a_post, published


async def full(house: House, n: int, **fields: Any) -> House:
    """So many posts, each due a second after the one before."""
    return await house.put(*(a_post(f"p{i}", due=START + i * SECOND_US, **fields) for i in range(n)))


async def test_an_empty_list_says_so(home: House) -> None:
    """And so does one that was narrowed to nothing."""
    assert "No post is like that." in (await home.get("/posts")).html
    await full(home, 1)
    assert "No post is like that." in (await home.get("/posts?state=parked")).html


async def test_the_next_page_begins_where_this_one_ends(home: House) -> None:
    """Every post stands on one page, newest first, and the last page leads nowhere."""
    await full(home, ROWS + 2)
    first = await home.get("/posts?account=sandbox%3Awren")
    onward = re.search(r'href="(/posts[^"]*)" rel="next"', first.html)
    assert onward is not None
    second = await home.get(onward[1].replace("&amp;", "&"))
    shown = [re.findall(r'<tr role="row" data-key="(p\d+)">', page.html) for page in (first, second)]
    assert [len(each) for each in shown] == [ROWS, 2]
    assert shown[0] + shown[1] == [f"p{n}" for n in range(ROWS + 1, -1, -1)]
    assert 'rel="next"' not in second.html
    assert "Back to the first" in second.html


async def test_a_list_is_narrowed_and_counted(home: House) -> None:
    """What the form asks for is what is shown, and how many there are stands beside the heading, if that is known."""
    await full(home, 3)
    await home.put(published(text="A rare bird."))
    page = await home.get("/posts?state=published&by=published_at")
    assert "A rare bird." in page.html
    assert "<small>1</small>" in page.html
    assert "p1" not in (await home.get("/posts?words=RARE")).html
    assert "<small>" not in (await home.get("/posts?words=RARE")).html


async def test_what_the_address_says_wrongly_narrows_nothing(home: House) -> None:
    """An unknown state, kind, order or place is no error."""
    await full(home, 1)
    page = await home.get("/posts?state=nowhere&kind=x&by=y&first=z&after=99999999999999999999-p")
    assert page.status == 200
    assert 'data-key="p0"' in page.html


@pytest.mark.parametrize("word", ["", "p1", "-p1", "x-p1", "٣-p1", "99999999999999999999999-p1"])
def test_a_place_that_means_nothing_is_none(word: str) -> None:
    """The list begins at its beginning."""
    assert place_of(word) is None


def test_a_place_survives_its_address() -> None:
    """An id may hold anything."""
    place = Place(START, "a-b&c d")
    assert place_of("1800000000000000-a-b&c d") == place
    assert path({"words": "a b", "nonsense": "x"}, place) == f"/posts?words=a+b&after={START}-a-b%26c+d"
    assert wanted_of({"state": "queued", "words": " x "}).states == (State.QUEUED,)
