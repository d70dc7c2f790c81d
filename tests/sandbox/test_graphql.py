"""The API that the pages ask themselves, in X's words and in two shapes, and the composer's pictures."""

from __future__ import annotations

import re

import httpx
import pytest

from bowerbird.platforms.web import answers
from tests.sandbox.test_site import browser as signed_in

browser = signed_in
PNG = b"\x89PNG\r\n\x1a\nand some more"


async def asked_by(browser: httpx.AsyncClient, path: str) -> httpx.Response:
    """What the script of this page would ask."""
    (place,) = re.findall(r'data-ask="([^"]*)"', (await browser.get(path)).text)
    return await browser.get(place.replace("&amp;", "&"))


@pytest.mark.parametrize("shape", ["newer", "older"])
async def test_a_page_and_its_api_say_the_same(browser: httpx.AsyncClient, shape: str) -> None:
    """In the same order, in either shape, on every page that has posts."""
    await browser.post("/api/faults", json={"kind": "variant", "answers": shape})
    for text in ("One & <two>", "Three"):
        await browser.post("/compose", data={"text": text})
    for path in ("/home", "/robin", "/search?q=three", "/robin/with_replies"):
        shown = re.findall(r'href="(/robin/status/\d+)" class="when"', (await browser.get(path)).text)
        read = answers.articles((await asked_by(browser, path)).json())
        assert [one.path for one in read] == shown
        assert shown
    detail = answers.articles((await asked_by(browser, shown[-1])).json())
    assert detail[0].text == "One & <two>"
    assert detail[0].counts.replies == 0
    assert detail[0].counts.impressions is None  # robin's tier hides them


async def test_an_api_that_is_gone_and_a_guest_get_nothing(browser: httpx.AsyncClient) -> None:
    """404 and 401, as JSON; and a guest's page asks nothing at all."""
    place = "/i/api/graphql/anything/HomeTimeline"
    assert (await browser.get("/i/api/graphql/anything/Nothing")).status_code == 404
    await browser.post("/api/faults", json={"kind": "variant", "answers": "none"})
    assert (await browser.get(place)).status_code == 404
    await browser.post("/api/faults", json={"kind": "variant", "answers": "newer"})
    browser.cookies.clear()
    assert (await browser.get(place)).json()["error"] == "session_expired"
    assert "data-ask" not in (await browser.get("/search?q=x")).text


@pytest.mark.parametrize(("asked", "status"), [({"variant": "v9"}, 400), ({"answers": "no"}, 400), ({}, 201)])
async def test_only_shapes_that_exist_can_be_shown(
    browser: httpx.AsyncClient, asked: dict[str, str], status: int
) -> None:
    """Either can be changed without the other."""
    answer = await browser.post("/api/faults", json={"kind": "variant", **asked})
    assert answer.status_code == status


async def test_a_picture_waits_in_the_composer_and_goes_with_the_post(browser: httpx.AsyncClient) -> None:
    """Nobody sees it before; its description goes along."""
    form = {"alt": "A bower.", "pictures": ""}
    page = (await browser.post("/compose/picture", data=form, files={"file": ("a.png", PNG)})).text
    (digest,) = re.findall(r'name="pictures" value="(\w{64})"', page)[:1]
    assert (await browser.get("/api/truth")).json()["accepted"] == 0
    sent = await browser.post("/compose", data={"text": "Look.", "pictures": digest})
    assert sent.status_code == 303
    shown = (await browser.get("/robin")).text
    assert f'src="/media/{digest}" alt="A bower."' in shown


@pytest.mark.parametrize(("alt", "content"), [("", PNG), ("A bower.", b"no picture"), ("A bower.", PNG + b"x" * 10**6)])
async def test_a_picture_that_does_not_fit_is_refused_in_the_composer(
    browser: httpx.AsyncClient, alt: str, content: bytes
) -> None:
    """Without a description, of another sort, or too large."""
    answer = await browser.post("/compose/picture", data={"alt": alt}, files={"file": ("a.png", content)})
    assert answer.status_code == 422


async def test_a_picture_that_does_not_wait_cannot_be_sent(browser: httpx.AsyncClient) -> None:
    """Nor one of somebody else; and a form without a file is none."""
    assert (await browser.post("/compose", data={"text": "Look.", "pictures": "0" * 64})).status_code == 422
    assert (await browser.post("/compose/picture", data={"alt": "x"}, files={"other": b""})).status_code in (400, 422)
    assert (await browser.get("/api/truth")).json()["accepted"] == 0
