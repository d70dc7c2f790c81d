"""What holds for every request: our name, a bounded body, and headers on every answer."""

import pytest

from bowerbird.dashboard.middleware import BODY_MAX, HEADERS, Guarded

from .house import House


async def nobody(*_: object) -> None:
    """An application that answers nothing."""


@pytest.mark.parametrize(
    ("host", "named", "ours"),
    [
        ("127.0.0.1", "127.0.0.1:8420", True),
        ("127.0.0.1", "localhost:8420", True),
        ("127.0.0.1", "LOCALHOST", True),
        ("127.0.0.1", "bird.localhost", True),
        ("127.0.0.1", "[::1]:8420", True),
        ("127.0.0.1", "127.8.8.8", True),
        ("127.0.0.1", "", False),
        ("127.0.0.1", "evil.example", False),
        ("127.0.0.1", "localhost.evil.example", False),
        ("127.0.0.1", "127.0.0.1.evil.example", False),
        ("127.0.0.1", "192.168.1.9", False),
        ("192.168.1.9", "192.168.1.9:8420", True),
        ("192.168.1.9", "192.168.1.8", False),
        ("bird.lan", "Bird.LAN:80", True),
        ("bird.lan", "evil.example", False),
        ("0.0.0.0", "192.168.1.9:8420", True),
        ("0.0.0.0", "[fe80::1]:8420", True),
        ("::", "10.0.0.1", True),
        ("0.0.0.0", "evil.example", False),
    ],
)
def test_a_page_answers_to_our_names_alone(host: str, named: str, ours: bool) -> None:
    """Loopback names and the host that is set; in numbers too where that is every address of the machine."""
    assert Guarded(nobody, host).is_ours(named) is ours


@pytest.mark.parametrize("path", ["/", "/login", "/livez", "/static/style.css", "/api/overview"])
async def test_another_name_for_this_machine_reads_nothing(home: House, path: str) -> None:
    """DNS rebinding: a signed-in browser is led here under the name of another site."""
    answer = await home.browser.get(path, headers={"host": "evil.example"})
    assert answer.status_code == 421
    assert "wren" not in answer.text


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 200), ("/login", 200), ("/nowhere", 404), ("/livez", 200), ("/static/style.css", 200),
     ("/static/nothing.css", 404), ("/posts/none", 404), ("/api/overview", 200), ("/commands", 405)],
)  # fmt: skip
async def test_every_answer_carries_the_headers(home: House, path: str, status: int) -> None:
    """Pages, files, data and errors."""
    answer = await home.browser.get(path)
    assert answer.status_code == status
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert answer.headers["cache-control"] == ("no-cache" if path.startswith("/static/") else "no-store")


async def test_an_answer_that_broke_carries_the_headers_and_no_reason(home: House) -> None:
    """What broke is for the log: a page never shows a traceback."""

    def breaks(verb: str) -> None:
        raise RuntimeError("s3cret internals")

    home.books.books.trouble = breaks
    answer = await home.browser.get("/")
    assert answer.status_code == 500
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "s3cret" not in answer.text


def test_no_inline_script_or_style_is_allowed() -> None:
    """Nothing is unsafe, nothing comes from elsewhere, and nobody may frame us."""
    policy = HEADERS["content-security-policy"]
    assert "unsafe" not in policy
    assert "*" not in policy
    assert policy.startswith("default-src 'none';")
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("path", ["/login", "/commands"])
async def test_a_body_has_a_limit(home: House, path: str) -> None:
    """Signed in or not: what is longer than any form of ours is refused while it arrives."""
    answer = await home.browser.post(path, data={"password": "x" * BODY_MAX})
    assert answer.status_code == 413
