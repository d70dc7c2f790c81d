"""A page read into a bank by a real Chromium: what its site forbids is not asked for, and nothing of it leads away."""

from __future__ import annotations

import asyncio

import pytest

from bowerbird.app.sources import bank_of
from bowerbird.browsers.pool import Pool
from bowerbird.core.errors import BadInput
from bowerbird.writers.claims import parse_bank
from bowerbird.writers.visit import AGENT
from tests.writers.test_fetching import Answers, site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

PAGE = b"""<!doctype html><header><p>A menu that nobody wants to read here at all.</p></header><main>
<h1 id=top>Sorting</h1><p>A sort in this language is stable.</p><pre>sorted(pairs)</pre>
<aside><p>An advertisement that must not come into the bank.</p></aside><div id=more></div>
<script src=/more.js></script><script src=/secret/x.js></script><img src=/picture.png><iframe src=/page></iframe></main>
"""
SCRIPT = b"""const more = document.getElementById("more");
more.innerHTML = "<h2 id=made>Made</h2><p>What a script writes is read, too.</p>";
fetch("ELSEWHERE/beacon").catch(() => {}); fetch("/moved").catch(() => {});"""
HTML = {"content-type": "text/html"}


def answers(elsewhere: str = "http://127.0.0.1:9") -> Answers:
    """A site that forbids a part of itself, and whose page would like to lead away."""
    return {
        "/robots.txt": (200, {}, b"User-agent: bowerbird\nDisallow: /secret"),
        "/page": (200, HTML, PAGE),
        "/secret/page": (200, HTML, PAGE),
        "/more.js": (200, {"content-type": "text/javascript"}, SCRIPT.replace(b"ELSEWHERE", elsewhere.encode())),
        "/moved": (302, {"location": f"{elsewhere}/moved"}, b""),
        "/list": (200, {"content-type": "application/json"}, b"[]"),
        "/empty": (200, HTML, b"<p>Nothing."),
    }


async def test_a_page_is_read_with_what_its_scripts_make_of_it(seat: Pool) -> None:
    """Sentences under headings, with code and places; no menu, no margin."""
    with site(answers()) as (url, _):
        bank = await asyncio.to_thread(lambda text: parse_bank(text, form=".md"), (await read(url, seat)).encode())
    assert [(claim.topic, claim.text) for claim in bank.claims] == [
        ("sorting", "A sort in this language is stable."), ("made", "What a script writes is read, too."),
    ]  # fmt: skip
    assert bank.claims[0].code == "sorted(pairs)"
    assert bank.claims[1].evidence == f"{url}/page#made"


async def test_nothing_is_asked_for_that_robots_forbids_and_nobody_elsewhere(seat: Pool) -> None:
    """Each request bears our own name; no picture, no frame, no other site, also by no detour."""
    with site({}) as (elsewhere, strangers), site(answers(elsewhere)) as (url, asked):
        await read(url, seat)
    assert {path for path, *_ in asked} == {"/robots.txt", "/page", "/more.js", "/moved"}
    assert {agent for _, agent, _ in asked} == {AGENT}
    assert [path for path, *_ in asked].count("/page") == 1
    assert strangers == []


@pytest.mark.parametrize(
    ("path", "says"), [("/secret/page", "robots.txt"), ("/list", "no page"), ("/empty", "nothing on this page")]
)
async def test_a_page_that_gives_no_bank_says_why(seat: Pool, path: str, says: str) -> None:
    """Forbidden, not a page, or without a sentence."""
    with site(answers()) as (url, asked), pytest.raises(BadInput, match=says):
        await bank_of(f"{url}{path}", seat)
    assert path == "/empty" or not [each for each, *_ in asked if each == "/more.js"]


async def test_an_address_with_a_password_is_no_source(seat: Pool) -> None:
    """Every claim names where it stands, and posts carry that; nothing is asked of anybody."""
    with site(answers()) as (url, asked), pytest.raises(BadInput, match="password"):
        await bank_of(url.replace("://", "://ann:secret@") + "/page", seat)
    assert asked == []


async def test_the_page_of_the_pool_is_well_afterwards(seat: Pool) -> None:
    """It reads a second time, and the routes of the first do not stand in its way."""
    with site(answers()) as (url, _):
        assert await read(url, seat) == await read(url, seat)


async def read(url: str, seat: Pool) -> str:
    """Read the page."""
    return await bank_of(f"{url}/page", seat)
