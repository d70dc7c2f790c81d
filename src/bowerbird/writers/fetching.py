"""A public page fetched as its site wishes, and from nowhere that its owner did not mean.

1. Who we are is said, by the name that robots.txt calls us; no browser's.
2. robots.txt is asked first, each time: refused (4xx) is allowed, broken or silent (5xx) is not.
3. A redirect is followed on the same host alone; one that leads elsewhere is told, for its address to be written down.
4. An address of this machine or its network is read only where the settings name it in so many words; a public name
   that leads there is refused.
5. Everything is bounded: the bytes, the redirects, how long a server may be silent, and how long it may take.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from bowerbird.clock import SystemClock
from bowerbird.writers import robots
from bowerbird.writers.rows import BankUnreadable

AGENT = "bowerbird (reads a bank for its owner)"
"""Who we say we are."""
FETCH_S = 15.0
"""How long a server may be silent, seconds."""
WHOLE_S = 60.0
"""How long one answer may take altogether, seconds: a server that sends a byte now and then is never silent."""
HOPS_MAX = 5
SERVER_BROKEN, REFUSED, NOT_MODIFIED = 500, 400, 304


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: its status, its bytes, what to ask with next time, and where it was found.

    Args:
        marks: `If-None-Match`, `If-Modified-Since`. moved: where it leads on to, else empty.
        kind: what its server calls it, such as ``text/html; charset=utf-8``.
    """

    status: int
    body: bytes = b""
    marks: Mapping[str, str] = field(default_factory=dict)
    moved: str = ""
    url: str = ""
    kind: str = ""


def fetch(url: str, *, size_max: int, marks: Mapping[str, str] | None = None) -> Fetched:
    """Return what an address answers; status 304 where nothing is new. Blocks.

    Raises:
        BankUnreadable: robots.txt forbids it, it leads elsewhere, the server is not reached, refuses, or sends too
            much; with what to do.
    """
    origin = urlsplit(url)
    for _ in range(HOPS_MAX + 1):
        _public(url)
        _permitted(url)
        found = _get(url, size_max, marks or {})
        if not found.moved:
            break
        url = found.moved
        if urlsplit(url).hostname != origin.hostname or urlsplit(url).scheme not in {"http", "https"}:
            raise BankUnreadable(f"the address leads on to {url[:200]}; if that is right, write it into writer.bank")
    else:
        raise BankUnreadable(f"the address leads on more than {HOPS_MAX} times; is it right?")
    if found.status >= REFUSED:
        raise BankUnreadable(f"the page answered {found.status}; is its address right?")
    return found


def rules_of(url: str) -> str:
    """Return the robots.txt of an address's site, empty where it has none; see rule 2. Blocks.

    Raises:
        BankUnreadable: it cannot be read, so nothing else of the site may be.
    """
    parts = urlsplit(url)
    site = f"{parts.scheme}://{parts.netloc}"
    try:
        found = _get(f"{site}/robots.txt", robots.SIZE_MAX, {}, cut=True)
        for _ in range(HOPS_MAX):
            if not found.moved or urlsplit(found.moved).hostname != parts.hostname:
                break
            found = _get(found.moved, robots.SIZE_MAX, {}, cut=True)
    except BankUnreadable as error:
        raise BankUnreadable(
            f"robots.txt of {parts.hostname} could not be read, so nothing else is: {error}"
        ) from error
    if found.status >= SERVER_BROKEN:
        raise BankUnreadable(f"robots.txt of {parts.hostname} answered {found.status}, so nothing is read; try later")
    return found.body.decode(errors="replace") if found.status < REFUSED and not found.moved else ""


def within(rules: str, url: str) -> bool:
    """Tell whether a site's robots.txt lets us read an address of it."""
    parts = urlsplit(url)
    return robots.allowed(rules, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def _permitted(url: str) -> None:
    """Ask robots.txt; see rule 2."""
    if not within(rules_of(url), url):
        raise BankUnreadable(
            f"{urlsplit(url).hostname} does not want programs to read this page (its robots.txt); ask its owner, or "
            "save the page yourself and name the file"
        )


def _public(url: str) -> None:
    """See rule 4: what is named in numbers, or by a name that only this network knows, was meant."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or "." not in host or _number(host) is not None:
        return
    try:
        found = {row[4][0] for row in socket.getaddrinfo(host, None)}
    except OSError as error:
        raise BankUnreadable(f"the page could not be fetched: nobody knows the name {host}") from error
    inner = [address for address in found if (number := _number(str(address))) is None or not number.is_global]
    if inner:
        raise BankUnreadable(f"{host} leads into this network ({inner[0]}); write that address itself if it is meant")


def _number(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _get(url: str, size_max: int, marks: Mapping[str, str], *, cut: bool = False) -> Fetched:
    import httpx

    try:
        with httpx.stream("GET", url, timeout=FETCH_S, headers={"user-agent": AGENT, **marks}) as answer:
            if answer.has_redirect_location:
                return Fetched(answer.status_code, moved=urljoin(url, answer.headers["location"]))
            body, clock = b"", SystemClock()
            ends_s = clock.monotonic() + WHOLE_S
            for piece in answer.iter_bytes():
                body += piece
                if clock.monotonic() > ends_s:
                    raise BankUnreadable(f"the page took longer than {WHOLE_S:g} s; try later")
                if len(body) > size_max:
                    if cut:
                        break
                    raise BankUnreadable(f"the page is larger than {size_max // 1_000_000} MB")
            pairs = (("if-none-match", "etag"), ("if-modified-since", "last-modified"))
            kept = {ask: answer.headers[told] for ask, told in pairs if told in answer.headers}
            kind = answer.headers.get("content-type", "")
            return Fetched(answer.status_code, body[:size_max], kept, url=url, kind=kind)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise BankUnreadable(f"the page could not be fetched ({type(error).__name__})") from error
