"""What a page asks for besides is had as its site wishes, and through the one door that knows where a name may lead."""

import pytest

from bowerbird.app.sources import DELAY_MAX_S, Parts
from bowerbird.browsers.reading import Part
from bowerbird.clock import SystemClock
from tests.writers.test_fetching import Answers, site

ANSWERS: Answers = {
    "/more.js": (200, {"content-type": "text/javascript"}, b"more()"),
    "/secret/x.js": (200, {}, b"x"),
    "/moved": (302, {"location": "/more.js"}, b""),
}


async def test_a_part_is_had_where_robots_allows_it_and_it_has_not_moved() -> None:
    """With its status and its kind; what is forbidden is not asked for, and what has moved is not followed."""
    with site(ANSWERS) as (url, asked):
        parts = Parts("127.0.0.1", "User-agent: *\nDisallow: /secret", SystemClock())
        assert await parts(f"{url}/more.js") == Part(200, b"more()", "text/javascript")
        assert await parts(f"{url}/secret/x.js") is None
        assert await parts(f"{url}/moved") is None
        assert await parts(f"{url}/none") == Part(404, b"", "")
    assert [path for path, *_ in asked] == ["/more.js", "/moved", "/none"]


@pytest.mark.parametrize("elsewhere", ["http://127.0.0.1:9/x", "http://no-such-name.invalid/x"])
async def test_a_part_that_is_not_reached_is_done_without(elsewhere: str) -> None:
    """The page is read as it stands; nothing is raised into the browser."""
    assert await Parts("127.0.0.1", "", SystemClock())(elsewhere) is None


async def test_a_page_of_a_public_site_gets_nothing_from_this_network() -> None:
    """Though its name led elsewhere a moment ago: each part is had where it was looked at, as the page was."""
    with site(ANSWERS) as (url, asked):
        assert await Parts("feeds.example.org", "", SystemClock())(f"{url}/more.js") is None
    assert asked == []


class Patient(SystemClock):
    """A clock on which time passes by sleeping alone."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        """Seconds slept."""
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        """Let them pass."""
        self.now_s += seconds


async def test_a_site_that_asks_for_time_gets_it() -> None:
    """After the page, and after each part; where it asks for none nobody waits."""
    with site(ANSWERS) as (url, _):
        for rules, waited_s in (("User-agent: *\nCrawl-delay: 1.5", [1.5, 3.0]), ("", [0.0, 0.0])):
            clock = Patient()
            parts = Parts("127.0.0.1", rules, clock)
            assert [await parts(f"{url}/more.js") is not None and clock.now_s for _ in range(2)] == waited_s


async def test_a_site_that_asks_for_much_time_is_asked_for_the_page_alone() -> None:
    """Its scripts would hold a browser for minutes."""
    with site(ANSWERS) as (url, asked):
        assert await Parts("127.0.0.1", f"User-agent: *\nCrawl-delay: {DELAY_MAX_S + 1}", Patient())(f"{url}/a") is None
    assert asked == []
