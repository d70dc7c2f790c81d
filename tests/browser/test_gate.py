"""The gate in a real browser, on a site of our own making whose button does what a test needs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
import pytest_asyncio

from bowerbird.browsers.pool import Pool
from bowerbird.core.errors import SignedOut, Unconfirmed, Unreachable
from bowerbird.core.post import Post
from bowerbird.platforms.web.driver import WebDriver
from bowerbird.platforms.web.session import PROBE_S
from bowerbird.platforms.web.sites import CODES, Site
from tests.contracts.stages import CLOCK, Drawer
from tests.platforms.bluesky.made import frozen, post

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

SITE = Site(
    name="made-up",
    text_box=("textarea",),
    send=("button",),
    toast_link=("p.toast a",),
    signed_in=("b.me",),
    signed_out=("a.login",),
    empty=("p.empty",),
    write_path="/write",
    codes=CODES,
)
PAGE = "<b class=me>us</b><textarea></textarea><button onclick='{}'>Post</button>"
ONCE = 'fetch("/write", {method: "POST"})'
MADE = {"data": {"create_tweet": {"tweet_results": {"result": {"__typename": "Tweet", "rest_id": "17"}}}}}


@dataclass
class Made:
    """The site: what its button does, what it answers to a write, and what arrived."""

    url: str = ""
    press: str = ONCE
    status: int = 200
    answer: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    composer: int = 200
    arrived: list[str] = field(default_factory=list)


@contextmanager
def serving(made: Made) -> Iterator[Made]:
    """Serve it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.reply(made.composer if self.path == "/compose" else 200, PAGE.format(made.press), "text/html")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            made.arrived.append(self.path)
            self.reply(made.status, json.dumps(made.answer), "application/json", made.headers)

        def reply(self, status: int, text: str, kind: str, more: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {"content-type": kind, "content-length": str(len(text)), **(more or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def made() -> Iterator[Made]:
    """A site that does nothing wrong yet."""
    with serving(Made()) as site:
        yield site


@pytest_asyncio.fixture(loop_scope="module")
async def driver(made: Made, seat: Pool) -> AsyncIterator[WebDriver]:
    """A driver of an account there, with short steps."""
    driver = WebDriver("made:us", made.url, "us", SITE, seat, Drawer(), CLOCK, step_s=2.0)
    yield driver
    await seat.forget("made:us")


async def ready(driver: WebDriver) -> Post:
    """A post that waits to be sent."""
    return await frozen(driver, post("Words."))


async def test_a_write_by_a_way_that_nobody_told_us_of_leaves_a_doubt(driver: WebDriver, made: Made) -> None:
    """It arrived; "it did not leave" would send it a second time."""
    made.press = ONCE.replace("/write", "/write-long")
    with pytest.raises(Unconfirmed):
        await driver.publish(await ready(driver))
    assert made.arrived == ["/write-long"]


async def test_a_button_that_sends_nothing_sent_nothing(driver: WebDriver, made: Made) -> None:
    """That is certain, and it may be tried again."""
    made.press = 'fetch("/compose")'
    with pytest.raises(Unreachable):
        await driver.publish(await ready(driver))
    assert made.arrived == []


async def test_a_script_that_tries_again_by_itself_is_stopped(driver: WebDriver, made: Made) -> None:
    """The first answer is a failure; whatever the page sends after it goes nowhere."""
    again = f"for (let n = 0; n < 40; n++) setTimeout(() => {ONCE}, n * 50)"
    made.press, made.status = f"{ONCE}.then(() => {{ {again} }})", 503
    with pytest.raises(Unconfirmed):
        await driver.publish(await ready(driver))
    await CLOCK.sleep(1.0)
    assert made.arrived == ["/write"]


async def test_a_lock_is_left_alone_until_a_person_signed_in_anew(driver: WebDriver, made: Made) -> None:
    """One write, and no second: pages go on knowing us, and whoever believes them loses the account."""
    made.answer = {"errors": [{"code": 226}], "data": {}}
    with pytest.raises(SignedOut) as locked:
        await driver.publish(await ready(driver))
    assert locked.value.reason == "locked"
    assert made.arrived == ["/write"]
    driver.session._probed_s = CLOCK.monotonic() - 2 * PROBE_S
    with pytest.raises(SignedOut) as still:
        await driver.whoami()
    assert still.value.reason == "locked"
    await driver.secrets.save_secret("made:us", "web_state", json.dumps({"cookies": []}))
    assert (await driver.whoami()).handle == "us"


async def test_an_answer_that_names_the_post_is_believed(driver: WebDriver, made: Made) -> None:
    """Beside an error and a place that is none."""
    made.answer = {**MADE, "errors": [{"code": 344}]}
    assert (await driver.publish(await ready(driver))).id == "17"
    made.headers = {"location": "http://[broken"}
    assert (await driver.publish(await ready(driver))).id == "17"


@pytest.mark.parametrize("status", [400, 404, 408, 410])
async def test_a_composer_that_does_not_open_is_no_judgement_on_a_post(
    driver: WebDriver, made: Made, status: int
) -> None:
    """The site is being worked on; the post waits."""
    made.composer = status
    with pytest.raises(Unreachable):
        await driver.publish(await ready(driver))
    assert made.arrived == []
