"""Open pages follow the books: what is drawn, when, for whom, and how little of it."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from urllib.parse import quote

import pytest

from bowerbird.core.errors import StorageTimeout
from bowerbird.core.facts import Fact
from bowerbird.core.people import Role
from bowerbird.dashboard.doors import COOKIE, Visitor
from bowerbird.dashboard.live import BURST_S, FLOOR_S, LATE_S, SHARE_MAX, Live, Viewer

from .house import START, WREN, House, a_post
from .test_roles import a_person, signed_in


class Guest:
    """Somebody with a page open, read event by event while the watcher is moved by hand."""

    def __init__(self, house: House, live: Live, path: str = "/", had: str = "") -> None:
        cookie = house.browser.cookies[COOKIE]
        visitor = house.doors.known(cookie)
        assert visitor is not None
        self.visitor: Visitor = visitor
        self.live, self.viewer = live, Viewer()
        self.events: AsyncGenerator[str] = live.follow(path, visitor, cookie, self.viewer, had)

    async def hears(self, *, look: bool = True) -> tuple[str, dict[str, str]]:
        """Let the watcher look once, and return the next event with its data."""
        if look:
            await self.live.look_once()
        self.viewer.bell.set()
        words = await anext(self.events)
        name, data = words.strip().split("\n")
        return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


class Still(Live):
    """Its watcher looks only when the test says so."""

    def _start(self) -> None:
        """Nothing looks by itself."""


async def enters(house: House, path: str = "/", live: Live | None = None) -> Guest:
    """Open a page and hear that one may try again after a second."""
    guest = Guest(house, Still(house.face) if live is None else live, path)
    assert await anext(guest.events) == "retry: 1000\n\n"
    return guest


def a_fact(**fields: object) -> Fact:
    """News."""
    return Fact(kind="job_failed", at=START, by="test", data=fields)


async def test_a_page_is_the_same_one_under_its_address_as_a_browser_writes_it(home: House) -> None:
    """A link to an account writes its colon as %3A, and so does the browser when it asks for what is new."""
    _, told = await (await enters(home, f"/accounts/{quote(WREN.id)}")).hears()
    assert "There is nothing here" not in told["html"]
    assert f"<h1>{WREN.handle}" in told["html"]


async def test_the_first_event_is_the_page_and_then_only_what_says_something_new(home: House) -> None:
    """What stands between `<main>` and its end, and the title; a beat while nothing changes."""
    guest = await enters(home, "/approvals")
    name, data = await guest.hears()
    assert (name, "Nothing waits for you" in data["html"]) == ("page", True)
    assert data["html"].startswith("<title>")
    assert data["html"].endswith("</main>")
    assert (await guest.hears())[0] == "beat"
    await home.put(a_post(text="Fresh."), facts=(a_fact(),))
    home.pass_s(FLOOR_S)
    name, data = await guest.hears()
    assert (name, "Fresh." in data["html"]) == ("page", True)


async def test_what_a_page_says_already_is_not_sent_to_it(home: House) -> None:
    """Neither when it is opened, nor when it is drawn later and only the instant of the drawing is another."""
    await home.put(a_post(text="Known."))
    page = await home.get("/approvals")
    had = next(main["data-live"] for main in page.all("main"))
    home.pass_s(1)
    live = Still(home.face)
    live.place = home.app.state.live.place
    guest = Guest(home, live, "/approvals", had)
    assert await anext(guest.events) == "retry: 1000\n\n"
    assert (await guest.hears())[0] == "beat"
    await home.put(facts=(a_fact(),))
    home.pass_s(FLOOR_S)
    assert (await guest.hears())[0] == "beat"
    await home.put(a_post("p2", text="Fresh."), facts=(a_fact(),))
    home.pass_s(FLOOR_S)
    name, data = await guest.hears()
    assert (name, "Fresh." in data["html"]) == ("page", True)
    assert f'data-live="{had}"' not in data["html"]


async def test_news_wait_for_the_floor_and_the_rest_for_its_rhythm(home: House) -> None:
    """A beat of the engine is no news; time alone draws a page, too."""
    guest = await enters(home, "/approvals")
    await guest.hears()
    (page,) = guest.live._open.values()
    drawn = page.drawn_at
    await home.put(a_post(text="Quietly."))
    home.pass_s(FLOOR_S)
    assert (await guest.hears())[0] == "beat"
    home.pass_s(1)
    assert (await guest.hears())[0] == "page"
    home.pass_s(LATE_S)
    await guest.hears()
    assert page.drawn_at - drawn == pytest.approx(FLOOR_S + 1 + LATE_S)


async def test_drawing_takes_its_share_and_no_more(home: House) -> None:
    """However fast facts come: what cost too much is saved up first, at `SHARE_MAX` of the time that passes."""
    guest = await enters(home, "/approvals")
    await guest.hears()
    (page,) = guest.live._open.values()
    guest.live._credit_s = -0.5
    for _ in range(4):
        await home.put(facts=(a_fact(),))
        home.pass_s(0.5 / SHARE_MAX / 5)
        await home.engine_runs()
        await guest.live.look_once()
        assert page.news
    home.pass_s(0.5 / SHARE_MAX / 5 + 0.01)
    await home.engine_runs()
    await guest.live.look_once()
    assert not page.news


async def test_what_may_be_saved_up_for_drawing_is_bounded(home: House) -> None:
    """A quiet night does not pay for a busy minute."""
    guest = await enters(home, "/approvals")
    home.pass_s(36_000)
    await guest.live.look_once()
    assert guest.live._credit_s == pytest.approx(BURST_S)


@pytest.mark.parametrize("kind", ["incident_opened", "incident_closed"])
async def test_what_somebody_is_told_of_just_now_waits_for_no_turn(home: House, kind: str) -> None:
    """However dear the pages are that are open, and however many facts came before."""
    guest = await enters(home, "/approvals")
    await guest.hears()
    (page,) = guest.live._open.values()
    guest.live._credit_s = -0.5
    await home.put(facts=(a_fact(),))
    home.pass_s(FLOOR_S + 0.01)
    await guest.live.look_once()
    assert page.news
    await home.put(facts=(replace(a_fact(), kind=kind), a_fact()))
    await guest.live.look_once()
    assert not page.news


async def test_a_silent_engine_is_news(home: House) -> None:
    """It writes nothing; the watcher finds out by the time."""
    guest = await enters(home)
    await guest.hears()
    home.pass_s(4.5)
    name, data = await guest.hears()
    assert (name, "Engine: Silent for" in data["html"]) == ("page", True)


async def test_everybody_of_a_role_shares_a_drawing_with_a_token_of_their_own(home: House) -> None:
    """Their forms work, and nobody else's token is in them; a viewer's page has no buttons."""
    await home.put(a_post())
    live = Still(home.face)
    one = await enters(home, "/approvals", live)
    two = await enters(home.signed_in(), "/approvals", live)
    pages = [(await one.hears())[1]["html"], (await two.hears(look=False))[1]["html"]]
    assert len(live._open) == 1
    for guest, html, other in ((one, pages[0], pages[1]), (two, pages[1], pages[0])):
        token = html.split('name="token" value="', 1)[1].split('"', 1)[0]
        assert home.doors.form_is_ours(guest.visitor.session, token)
        assert token not in other
        assert live.place not in html
    viewer = await enters(await signed_in(home, Role.VIEWER), "/approvals", live)
    assert "<form" not in (await viewer.hears())[1]["html"]
    assert len(live._open) == 2


async def test_a_page_that_may_not_be_seen_is_not_sent(house: House) -> None:
    """By role, as when it is opened."""
    guest = await enters(await signed_in(house, Role.VIEWER), "/people")
    assert "only an owner may do it" in (await guest.hears())[1]["html"]


async def test_a_stream_ends_with_its_session(home: House) -> None:
    """Signed out, or the person removed: the browser is told to leave."""
    guest = await enters(home)
    await guest.hears()
    home.doors.sign_out(guest.visitor.session)
    assert (await guest.hears())[0] == "left"
    house = await signed_in(home, Role.EDITOR)
    other = await enters(house)
    await other.hears()
    await house.put(people=(a_person(Role.EDITOR, ended_at=START),))
    house.pass_s(1)
    assert (await other.hears())[0] == "left"


async def test_while_the_books_do_not_answer_nobody_hears_anything(home: House) -> None:
    """So the page says that it may be old; afterwards it goes on."""
    guest = await enters(home)
    await guest.hears()

    def trouble(verb: str) -> None:
        raise StorageTimeout

    home.books.books.trouble = trouble
    await guest.live.look_once()
    assert not guest.live.well
    home.books.books.trouble = None
    assert (await guest.hears())[0] == "beat"


async def test_a_page_nobody_looks_at_any_more_is_forgotten(home: House) -> None:
    """And the watcher with it."""
    guest = await enters(home)
    await guest.hears()
    async with aclosing(guest.events):
        assert len(guest.live) == 1
    assert len(guest.live) == 0
    await guest.live.look_once()
    assert guest.live._open == {}


async def test_a_page_that_is_none_cannot_be_followed(home: House) -> None:
    """Nor can a file or what only takes forms."""
    for address in ("/nowhere", "https://evil.example/nowhere", "/static/live.js", "/commands"):
        assert (await home.browser.get("/live", params={"page": address})).status_code == 404
