"""Approvals: what is approved is what is seen, the card included."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bowerbird.core.facts import Fact
from bowerbird.core.post import Media, Post
from tests.dashboard.house import START, WREN, House, a_post

NAME = "0123456789abcdef" * 2 + ".png"
ALT = 'A card with this code:\nprint("<b>")'
PNG = b"\x89PNG\r\n\x1a\n of a card"


def with_card(post: Post) -> Post:
    """The post with a card."""
    media = Media(path=f"cards/{NAME}", mime="image/png", alt=ALT, sha256="aa")
    return replace(post, payload=replace(post.payload, media=(media,)))


async def hung(home: House, folder: Path) -> House:
    """A house in which a card lies."""
    await asyncio.to_thread((folder / NAME).write_bytes, PNG)
    home.face.cards = folder
    return home


@pytest.mark.parametrize("path", ["/approvals", "/posts/p1"])
async def test_a_card_is_shown_as_the_platform_will_with_its_description(home: House, path: str) -> None:
    """The picture itself, its words for those who cannot see it, and the same words for those who can."""
    page = await (await home.put(with_card(a_post()))).get(path)
    (picture,) = page.all("img")
    assert picture["src"] == f"/cards/{NAME}"
    assert picture["alt"] == ALT
    assert 'print("<b>")' in page.words


async def test_the_bytes_are_those_that_will_be_sent_and_are_not_read_twice(home: House, tmp_path: Path) -> None:
    """A browser that has them is told so."""
    home = await hung(home, tmp_path)
    answer = await home.browser.get(f"/cards/{NAME}")
    assert answer.content == PNG
    assert answer.headers["content-type"] == "image/png"
    again = await home.browser.get(f"/cards/{NAME}", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_a_card_is_shown_to_nobody_who_is_not_signed_in(house: House, tmp_path: Path) -> None:
    """It is not published yet."""
    answer = await (await hung(house, tmp_path)).visitor().get(f"/cards/{NAME}")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")


@pytest.mark.parametrize("name", ["..%2Fkey", "key", "a.png", "0" * 32 + ".png", "%2Fetc%2Fpasswd", NAME + "%0A"])
async def test_nothing_else_of_the_folder_is_given_away(home: House, tmp_path: Path, name: str) -> None:
    """Neither what lies beside it, nor a card that is not there."""
    await asyncio.to_thread((tmp_path / "key").write_bytes, b"secret")
    answer = await (await hung(home, tmp_path)).browser.get(f"/cards/{name}")
    assert answer.status_code == 404
    assert b"secret" not in answer.content


async def test_a_post_without_its_card_says_why(home: House) -> None:
    """Nobody has to guess; one that has its card says nothing."""
    await home.put(a_post("p1"), a_post("p2"))
    for post_id, card in (("p1", "no browser could be started"), ("p2", "drawn")):
        told = Fact(kind="planned", at=START, by="planning", account_id=WREN.id, post_id=post_id, data={"card": card})
        await home.put(facts=(told,))
    words = (await home.get("/approvals")).words
    assert words.count("It goes without a card") == 1
    assert "It goes without a card: no browser could be started." in words
    assert "It goes without a card: no browser could be started." in (await home.get("/posts/p1")).words
    assert "A card was drawn for it." in (await home.get("/posts/p2")).words
