"""Pages fetched from a real server: what its robots.txt says, where it leads, and what is new."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bowerbird.writers.claims import BankUnreadable
from bowerbird.writers.fetching import fetch
from bowerbird.writers.shelf import find_bank
from bowerbird.writers.visit import AGENT
from tests.writers.test_shelf import FEED

Answers = dict[str, tuple[int, dict[str, str], bytes]]


@contextmanager
def site(
    answers: Answers, *, tls: ssl.SSLContext | None = None
) -> Iterator[tuple[str, list[tuple[str, str | None, str | None]]]]:
    """A site on loopback, and who asked it for what, with which mark. tls: it speaks no other way."""
    asked: list[tuple[str, str | None, str | None]] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers["user-agent"], self.headers["if-none-match"]))
            status, headers, body = answers.get(self.path, (404, {}, b""))
            if self.headers["if-none-match"] and self.headers["if-none-match"] == headers.get("ETag"):
                status, body = 304, b""
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    with served(Answer, tls=tls) as url:
        yield url, asked


@contextmanager
def served(answer: type[BaseHTTPRequestHandler], *, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The address on loopback of whoever answers so."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), answer)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_page_that_robots_forbids_is_not_asked_for() -> None:
    """The site hears our name once, for its robots.txt; the sentence says what to do instead."""
    answers: Answers = {"/robots.txt": (200, {}, b"User-agent: *\nDisallow: /a"), "/a": (200, {}, b"x")}
    with site(answers) as (url, asked), pytest.raises(BankUnreadable, match="name the file"):
        fetch(f"{url}/a", size_max=100)
    assert asked == [("/robots.txt", AGENT, None)]


@pytest.mark.parametrize(("status", "read"), [(404, True), (403, True), (500, False), (503, False)])
def test_no_robots_is_a_yes_and_a_broken_one_a_no(status: int, read: bool) -> None:
    """As the RFC has it."""
    with site({"/robots.txt": (status, {}, b""), "/a": (200, {}, b"x")}) as (url, _):
        if read:
            assert fetch(f"{url}/a", size_max=100).body == b"x"
        else:
            with pytest.raises(BankUnreadable, match="try later"):
                fetch(f"{url}/a", size_max=100)


def test_rules_that_have_moved_to_another_host_hold() -> None:
    """Five times and as far as they lead: what is said there is said of this site."""
    rules: Answers = {f"/{n}": (301, {"Location": f"/{n + 1}"}, b"") for n in range(1, 4)}
    with site(rules | {"/4": (200, {}, b"User-agent: *\nDisallow: /a")}) as (other, _):
        elsewhere = other.replace("127.0.0.1", "localhost")
        answers: Answers = {"/robots.txt": (301, {"Location": f"{elsewhere}/1"}, b""), "/a": (200, {}, b"x")}
        with site(answers) as (url, asked), pytest.raises(BankUnreadable, match="name the file"):
            fetch(f"{url}/a", size_max=100)
    assert [path for path, *_ in asked] == ["/robots.txt"]


def test_rules_that_lead_on_and_on_are_not_taken_for_none() -> None:
    """The site means to say something, and nobody knows what."""
    answers: Answers = {"/robots.txt": (302, {"Location": "/robots.txt"}, b""), "/a": (200, {}, b"x")}
    with site(answers) as (url, asked), pytest.raises(BankUnreadable, match=r"could not be read.* more than 5 times"):
        fetch(f"{url}/a", size_max=100)
    assert {path for path, *_ in asked} == {"/robots.txt"}


def test_a_way_on_the_same_host_is_followed_and_one_elsewhere_is_told() -> None:
    """Neither another host nor a ring is followed in silence, and each stop is held against robots.txt."""
    answers: Answers = {
        "/a": (302, {"Location": "/b"}, b""), "/b": (200, {}, b"x"), "/ring": (302, {"Location": "/ring"}, b""),
        "/out": (302, {"Location": "http://localhost:9/secret"}, b""), "/shut": (302, {"Location": "/no"}, b""),
        "/no": (200, {}, b"x"), "/robots.txt": (200, {}, b"User-agent: *\nDisallow: /no"),
    }  # fmt: skip
    with site(answers) as (url, _):
        assert fetch(f"{url}/a", size_max=100).body == b"x"
        for path, told in (
            ("out", "leads on to http://localhost:9/secret"),
            ("ring", "more than 5"),
            ("shut", "robots"),
        ):
            with pytest.raises(BankUnreadable, match=told):
                fetch(f"{url}/{path}", size_max=100)


def test_a_public_name_that_leads_into_this_network_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked there."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [(0, 0, 0, "", ("10.0.0.7", 0))])
    with pytest.raises(BankUnreadable, match=r"leads into this network \(10.0.0.7\)"):
        fetch("http://feeds.example.org/a", size_max=100)


def test_what_has_not_changed_is_not_sent_again(tmp_path: Path) -> None:
    """The second time the mark is brought along, and the kept copy speaks."""
    with site({"/feed": (200, {"ETag": '"one"'}, FEED)}) as (url, asked):
        first, second = (find_bank(f"{url}/feed", keep=tmp_path) for _ in range(2))
    assert first == second
    assert [mark for path, _, mark in asked if path == "/feed"] == [None, '"one"']


class Trickle(BaseHTTPRequestHandler):
    """A byte now and then, without end; it has no robots.txt."""

    def do_GET(self) -> None:
        """Answer until nobody listens any more."""
        self.send_response(404 if self.path == "/robots.txt" else 200)
        self.end_headers()
        with suppress(OSError):
            while self.path != "/robots.txt" and not threading.Event().wait(0.05):
                self.wfile.write(b"x")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


def test_a_server_that_trickles_is_left_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is never silent for long, and would never be done."""
    monkeypatch.setattr("bowerbird.writers.visit.WHOLE_S", 0.5)
    with served(Trickle) as url, pytest.raises(BankUnreadable, match="took longer"):
        fetch(f"{url}/a", size_max=100)
