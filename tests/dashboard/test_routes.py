"""Every address: who may use it, what a form must prove, and where an answer leads."""

import re
from typing import Any

import pytest
from starlette.routing import Route

from bowerbird.core.lifecycle import State
from bowerbird.dashboard.answers import local
from bowerbird.dashboard.doors import COOKIE, TRIES_MAX, WINDOW_S
from bowerbird.dashboard.roles import VERBS

from .house import PASSWORD, House, Page, a_post

OPEN = {"/livez", "/readyz", "/metrics", "/login"}
"""What anybody may see; files too."""


def addresses(house: House) -> list[tuple[str, str]]:
    """Every method and path of the application's own table that needs a session."""
    routes = [route for route in house.app.routes if isinstance(route, Route) and route.path not in OPEN]
    return [(m, re.sub(r"{\w+}", "p1", r.path)) for r in routes for m in sorted(r.methods or ())]


async def test_nothing_is_shown_or_done_without_a_session(house: House) -> None:
    """Every route of the table leads a stranger to the door, and not one word of the books leaves."""
    await house.put(a_post(text="A private draft."))
    assert len(addresses(house)) > 12
    for method, path in addresses(house):
        answer = await house.browser.request(method, path, data={"verb": "pause"} if method == "POST" else None)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={path}")
        assert "draft" not in answer.text
    assert await house.books.commands() == []


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("token", [None, "", "made-up", "foreign", "session"])
async def test_a_form_that_is_not_ours_does_nothing(home: House, verb: str, token: str | None) -> None:
    """No token, nonsense, another session's, and the cookie itself in its place."""
    other = home.doors.known(home.doors.sign_in(PASSWORD))
    assert other is not None
    foreign = home.doors.form_token(other.session)
    value = {"foreign": foreign, "session": home.browser.cookies[COOKIE]}.get(token or "", token)
    fields = {"verb": verb, "post_id": "p1", "account_id": "sandbox:wren", "text": "My own words."}
    answer = await home.browser.post("/commands", data=fields | ({} if value is None else {"token": value}))
    assert answer.status_code == 403
    assert "My own words." in answer.text  # nothing typed is lost
    assert (await home.books.commands(), await home.books.holds(now=home.clock.now())) == ([], [])


async def test_signing_out_needs_our_form_too_and_then_ends_the_session(home: House) -> None:
    """Another site cannot sign anybody out; afterwards the old cookie opens nothing."""
    cookie = home.browser.cookies[COOKIE]
    assert (await home.browser.post("/logout", data={"token": "x"})).status_code == 403
    assert (await home.browser.post("/logout", data={"token": await home.token()})).headers["location"] == "/login"
    home.browser.cookies.set(COOKIE, cookie)
    assert (await home.browser.get("/accounts")).status_code == 303


async def test_the_right_password_leads_on_to_where_one_wanted_to_go(house: House) -> None:
    """The cookie is out of scripts' reach and is never sent along from another site."""
    answer = await house.browser.post("/login", data={"password": PASSWORD, "next": "/approvals"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/approvals")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/" in cookie


async def test_a_wrong_password_forgets_neither_the_name_nor_the_way(house: House) -> None:
    """The form that comes back leads where the first one did."""
    data = {"name": "ann", "password": "wrong", "next": "/approvals"}
    page = Page(await house.browser.post("/login", data=data))
    fields = {field["name"]: field.get("value", "") for field in page.all("input")}
    assert fields == {"name": "ann", "password": "", "next": "/approvals"}


async def test_ten_wrong_passwords_shut_the_door_even_to_the_right_one(house: House) -> None:
    """After the window the right one works again."""
    for _ in range(TRIES_MAX):
        assert (await house.browser.post("/login", data={"password": "wrong"})).status_code == 401
    shut = await house.browser.post("/login", data={"password": PASSWORD})
    assert (shut.status_code, "Try again in 5 min" in shut.text) == (429, True)
    house.pass_s(WINDOW_S + 1)
    assert (await house.browser.post("/login", data={"password": PASSWORD})).status_code == 303


@pytest.mark.parametrize("password", ["", "ÿ" * 50, "\x00", "a" * 15_000])
async def test_a_strange_password_is_only_wrong(house: House, password: str) -> None:
    """Nothing that can be typed breaks the door."""
    assert (await house.browser.post("/login", data={"password": password})).status_code == 401
    broken = await house.browser.post(
        "/login", content=b"password=%ff%fe&x=%zz", headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert broken.status_code == 401


ELSEWHERE = [
    "//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "/%0d%0aX: y",
    "javascript:alert(1)", "/ok?next=//evil.example", "/a//b", "", " /", "/\n/evil.example", "/@evil.example",
]  # fmt: skip


@pytest.mark.parametrize("onward", ELSEWHERE)
async def test_nobody_is_led_elsewhere(house: House, onward: str) -> None:
    """Whatever a link to us says, the door leads to a path of ours."""
    for answer in (
        await house.browser.post("/login", params={"next": onward}, data={"password": PASSWORD}),
        await house.browser.post("/login", data={"password": PASSWORD, "next": onward}),
    ):
        assert answer.headers["location"] == "/"
    house.browser.cookies.set(COOKIE, house.doors.sign_in(PASSWORD) or "")
    await house.put()
    data = {"token": await house.token(), "verb": "pause", "next": onward}
    assert (await house.browser.post("/commands", data=data)).headers["location"].startswith("/?did=")


def test_paths_of_ours_are_kept() -> None:
    """The test above would pass if everything led to the first page."""
    assert [local(path) for path in ("/", "/approvals", "/posts/abc-1_2")] == ["/", "/approvals", "/posts/abc-1_2"]


async def test_a_button_is_a_row_and_its_answer_is_read_from_there(home: House) -> None:
    """The words in the address are no words of ours, so nobody can put words into our mouth."""
    page = await home.press("pause", onward="/accounts", account_id="sandbox:wren")
    [command] = await home.books.commands()
    assert (command.verb, command.by, command.ok) == ("pause", "owner", True)
    assert command.answer in page.words
    assert page.answer.url.params["did"] == command.id
    forged = await home.get("/accounts?did=You+won&said=You+won&bad=1")
    assert "You won" not in forged.words


async def test_an_answer_that_is_late_is_promised_and_then_told(home: House) -> None:
    """A stopped engine keeps nobody waiting; the page tells the answer once there is one."""
    await home.engine_stops()
    before = home.clock.now()
    page = await home.press("pause", onward="/accounts", account_id="sandbox:wren")
    assert "Written down" in page.words
    assert home.clock.now() == before
    await home.desk.obey_once()
    assert "Paused sandbox:wren" in (await home.get(page.answer.url.raw_path.decode())).words


async def test_a_hung_engine_is_waited_for_three_seconds_at_most(home: House) -> None:
    """It beats, but it does not answer."""
    home.works(None)
    before = home.clock.monotonic()
    assert "Written down" in (await home.press("pause")).words
    assert home.clock.monotonic() - before <= 3.2


async def test_a_button_that_does_not_exist_is_refused(home: House) -> None:
    """Also one that the command line has: what the page may ask for is a list."""
    for verb in ("restore", "backup", "", "<script>"):
        page = await home.press(verb)
        assert (page.status, await home.books.commands()) == (400, [])


async def test_other_addresses_and_methods_get_a_page_of_ours(home: House) -> None:
    """Not found, and not allowed."""
    assert "There is nothing here" in (await home.get("/nowhere")).words
    assert "There is nothing here" in (await home.get("/posts/none")).words
    assert (await home.browser.post("/approvals")).status_code == 405


async def test_books_that_do_not_answer_are_said_so(home: House) -> None:
    """503, so that a monitor knows, and a sentence, so that a person does."""
    from bowerbird.core.errors import StorageTimeout

    def trouble(verb: str) -> None:
        raise StorageTimeout

    home.books.books.trouble = trouble
    page = Page(await home.browser.get("/"))
    assert (page.status, "The books do not answer" in page.words) == (503, True)


async def test_the_overview_is_also_data(home: House) -> None:
    """One light, ten layers, and the instant."""
    found: dict[str, Any] = (await home.browser.get("/api/overview")).json()
    assert (found["light"], len(found["layers"]), found["at"]) == ("amber", 10, home.clock.now())


async def test_line_breaks_are_stored_as_they_are_shown(home: House) -> None:
    """A browser sends two characters for each; unchanged words stay unchanged."""
    await home.put(a_post(text="One.\nTwo."))
    await home.press("approve", post_id="p1", version="1", text="One.\r\nTwo.")
    post = await home.books.post("p1")
    assert post is not None
    assert (post.state, post.version, post.payload.text) == (State.QUEUED, 1, "One.\nTwo.")
