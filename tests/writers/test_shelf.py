"""A bank by what a person calls it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from bowerbird.writers import shelf
from bowerbird.writers.claims import BankUnreadable
from bowerbird.writers.shelf import find_bank

FEED = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>
<item><title>Bowerbirds sort what they gather by colour.</title><link>https://example.org/a</link></item>
<item><title>The satin bowerbird prefers blue.</title><link>https://example.org/b</link></item>
</channel></rss>"""


SAID: dict[str, bytes] = {}
"""What an address says instead of what it said at first."""


@contextmanager
def serving(status: int = 200, body: bytes = FEED) -> Iterator[str]:
    """A server on loopback that says one thing."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404 if self.path == "/robots.txt" else status)
            self.end_headers()
            self.wfile.write(SAID.get(url, body))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    url = f"http://127.0.0.1:{server.server_port}/feed.xml"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_bundled_bank_has_a_name() -> None:
    """Nothing has to be set up to say something true."""
    assert len(find_bank("python_tips").claims) >= 150


def test_a_feed_is_read_from_its_address() -> None:
    """Each entry is a claim with its evidence."""
    with serving() as url:
        claims = find_bank(url).claims
    assert [claim.evidence for claim in claims] == ["https://example.org/a", "https://example.org/b"]


def test_the_last_copy_speaks_while_the_server_is_down(tmp_path: Path) -> None:
    """A feed that was read once does not leave the queue empty."""
    with serving() as url:
        first = find_bank(url, keep=tmp_path)
    assert find_bank(url, keep=tmp_path).claims == first.claims


def test_a_copy_is_not_replaced_by_an_empty_feed(tmp_path: Path) -> None:
    """A server that suddenly says nothing does not take away what we had."""
    with serving() as url:
        first = find_bank(url, keep=tmp_path)
        SAID[url] = b'<?xml version="1.0"?><rss version="2.0"><channel><title>News</title></channel></rss>'
        assert find_bank(url).claims == ()
        assert find_bank(url, keep=tmp_path).claims == first.claims


@pytest.mark.parametrize("status", [404, 500])
def test_a_refusal_is_told_with_its_number(status: int) -> None:
    """A wrong address is a sentence."""
    with serving(status=status) as url, pytest.raises(BankUnreadable, match=f"answered {status}"):
        find_bank(url)


def test_a_server_that_is_not_there_and_an_endless_feed_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither hangs, and neither fills the memory."""
    with pytest.raises(BankUnreadable, match="could not be fetched"):
        find_bank("http://127.0.0.1:9/feed.xml")
    monkeypatch.setattr(shelf, "SIZE_MAX", 100)
    with serving() as url, pytest.raises(BankUnreadable, match="larger than"):
        find_bank(url)
