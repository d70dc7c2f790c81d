"""What a page asks for besides is had as its site wishes, and through the one door that knows where a name may lead."""

import pytest

from bowerbird.app.sources import Parts
from bowerbird.browsers.reading import Part
from tests.writers.test_fetching import Answers, site

ANSWERS: Answers = {
    "/more.js": (200, {"content-type": "text/javascript"}, b"more()"),
    "/secret/x.js": (200, {}, b"x"),
    "/moved": (302, {"location": "/more.js"}, b""),
}


async def test_a_part_is_had_where_robots_allows_it_and_it_has_not_moved() -> None:
    """With its status and its kind; what is forbidden is not asked for, and what has moved is not followed."""
    with site(ANSWERS) as (url, asked):
        parts = Parts("127.0.0.1", "User-agent: *\nDisallow: /secret")
        assert await parts(f"{url}/more.js") == Part(200, b"more()", "text/javascript")
        assert await parts(f"{url}/secret/x.js") is None
        assert await parts(f"{url}/moved") is None
        assert await parts(f"{url}/none") == Part(404, b"", "")
    assert [path for path, *_ in asked] == ["/more.js", "/moved", "/none"]


@pytest.mark.parametrize("elsewhere", ["http://127.0.0.1:9/x", "http://no-such-name.invalid/x"])
async def test_a_part_that_is_not_reached_is_done_without(elsewhere: str) -> None:
    """The page is read as it stands; nothing is raised into the browser."""
    assert await Parts("127.0.0.1", "")(elsewhere) is None


async def test_a_page_of_a_public_site_gets_nothing_from_this_network() -> None:
    """Though its name led elsewhere a moment ago: each part is had where it was looked at, as the page was."""
    with site(ANSWERS) as (url, asked):
        assert await Parts("feeds.example.org", "")(f"{url}/more.js") is None
    assert asked == []
