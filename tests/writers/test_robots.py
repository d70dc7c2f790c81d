"""robots.txt: the longest rule that fits holds, and a hostile file is no error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bowerbird.writers.robots import allowed, delay_s

SITE = """
User-agent: *
Disallow: /

User-agent: other
User-agent: Bowerbird
Disallow: /private
Allow: /private/feed.xml
Disallow: /*.php$
Disallow:   # says nothing
"""


@pytest.mark.parametrize(
    ("path", "may"),
    [
        ("/", True), ("/private", False), ("/private/a", False), ("/private/feed.xml", True), ("/a.php", False),
        ("/a.php?b", True), ("/%70rivate", False), ("/robots.txt", True),
    ],
)  # fmt: skip
def test_the_group_that_names_us_holds_and_in_it_the_longest_rule(path: str, may: bool) -> None:
    """As the RFC's examples have it."""
    assert allowed(SITE, path) is may


def test_without_a_group_of_ours_that_for_everybody_holds() -> None:
    """And without any, all is allowed."""
    assert not allowed("User-agent: *\nDisallow: /", "/a")
    assert allowed("User-agent: other\nDisallow: /", "/a")
    assert allowed("User-agent: *\nDisallow: /a\nAllow: /a", "/a")


@given(st.text(max_size=400), st.text(max_size=40))
def test_any_text_is_an_answer(text: str, path: str) -> None:
    """Whatever a server sends."""
    assert allowed(text, f"/{path}") in {True, False}


@given(st.text(alphabet="abc/", max_size=12))
def test_who_forbids_everything_to_us_is_obeyed(path: str) -> None:
    """On every path but its own."""
    assert not allowed("user-agent: bowerbird\ndisallow: /", f"/{path}")


@pytest.mark.parametrize(
    ("said", "asked_s"),
    [("Crawl-delay: 1.5", 1.5), ("Crawl-delay: -3", 0), ("Crawl-delay: nan", 0), ("Crawl-delay: 0", 0)],
)
def test_a_site_may_ask_for_time_between_two_requests(said: str, asked_s: float) -> None:
    """By our name or by everybody's; what is no time is none."""
    assert delay_s(f"User-agent: *\n{said}\nDisallow: /no") == asked_s
    assert delay_s(f"User-agent: bowerbird\n{said}\n\nUser-agent: *\nCrawl-delay: 9") == asked_s
