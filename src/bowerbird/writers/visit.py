"""One visit to a site: a GET to the very address that was looked at, bounded, and saying who we are.

1. A name is resolved once. All that it leads to has to be public, and it is there that we connect: who resolves a name
   twice, once to judge and once to connect, can be told two things. TLS and the Host header still bear the name.
2. What lies in this network is visited only if whoever sent us named such a place in so many words: no site leads in.
3. A redirect is told and not followed. The bytes, the silence and the whole time are bounded.

Where the environment names a proxy, it is the proxy that resolves and connects; the name is looked at all the same.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urljoin
from urllib.request import getproxies, proxy_bypass

from bowerbird.clock import SystemClock
from bowerbird.writers.rows import BankUnreadable

if TYPE_CHECKING:
    import httpx

AGENT = "bowerbird (reads a bank for its owner)"
"""Who we say we are."""
SILENT_S = 15.0
"""How long a server may be silent, seconds."""
WHOLE_S = 60.0
"""How long one answer may take altogether, seconds: a server that sends a byte now and then is never silent."""
ADDRESSES_MAX = 4
"""So many of a name's addresses are tried, one after the other, until one is reached."""


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


def visit(
    url: str, *, named: str, size_max: int, marks: Mapping[str, str] | None = None, whole_s: float | None = None,
    cut: bool = False,
) -> Fetched:  # fmt: skip
    """Return what an address answers, wherever it says that it has moved. Blocks.

    Args:
        named: the host that whoever sent us wrote down; see rule 2.
        marks: of the answer that is known. whole_s: how long it may take, else `WHOLE_S`.
        cut: what is longer than `size_max` bytes is cut there, and no error.

    Raises:
        BankUnreadable: it leads into this network, is not reached, is too large, or takes too long.
    """
    import httpx

    try:
        asked = httpx.URL(url)
        addresses = addresses_of(asked.host, named)
        for left, address in reversed(list(enumerate(reversed(addresses)))):
            try:
                return _get(asked, address, size_max, marks or {}, WHOLE_S if whole_s is None else whole_s, cut=cut)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if not left:
                    raise
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise BankUnreadable(f"the page could not be fetched ({type(error).__name__})") from error
    raise AssertionError("the last address returns or raises")


def addresses_of(host: str, named: str) -> list[str]:
    """Return where a host may be reached, best first: the host itself if it lies in this network and that was meant.

    Raises:
        BankUnreadable: nobody knows it, or it leads into this network and that was not meant.
    """
    if _inner(host) and _inner(named):
        return [host]
    try:
        found = list(dict.fromkeys(str(row[4][0]) for row in socket.getaddrinfo(host, None)))
    except OSError as error:
        raise BankUnreadable(f"the page could not be fetched: nobody knows the name {host}") from error
    if inner := [address for address in found if _inner(address)]:
        raise BankUnreadable(f"{host} leads into this network ({inner[0]}); write that address itself if it is meant")
    return found[:ADDRESSES_MAX]


def _inner(host: str) -> bool:
    """Whether it is an address of this machine or its network, or a name that only this network knows."""
    try:
        return not ipaddress.ip_address(host.partition("%")[0]).is_global
    except ValueError:
        return host == "localhost" or "." not in host


def _get(
    asked: httpx.URL, address: str, size_max: int, marks: Mapping[str, str], whole_s: float, *, cut: bool
) -> Fetched:
    """Ask at this address; see rule 1."""
    import httpx

    proxied = not {asked.scheme, "all"}.isdisjoint(getproxies()) and not proxy_bypass(asked.host)
    to = asked if proxied else asked.copy_with(host=address)
    says = {"host": asked.netloc.decode("ascii"), "user-agent": AGENT, **marks}
    name = {"sni_hostname": asked.raw_host.decode("ascii")} if to != asked else {}
    with (
        httpx.Client(transport=None if proxied else httpx.HTTPTransport()) as client,
        client.stream("GET", to, timeout=min(SILENT_S, whole_s), headers=says, extensions=name) as answer,
    ):
        if answer.has_redirect_location:
            return Fetched(answer.status_code, moved=urljoin(str(asked), answer.headers["location"]))
        body = _body(answer, size_max, whole_s, cut=cut)
        pairs = (("if-none-match", "etag"), ("if-modified-since", "last-modified"))
        kept = {ask: answer.headers[told] for ask, told in pairs if told in answer.headers}
        kind = answer.headers.get("content-type", "")
        return Fetched(answer.status_code, body, kept, url=str(asked), kind=kind)


def _body(answer: httpx.Response, size_max: int, whole_s: float, *, cut: bool) -> bytes:
    body, clock = b"", SystemClock()
    ends_s = clock.monotonic() + whole_s
    for piece in answer.iter_bytes():
        body += piece
        if clock.monotonic() > ends_s:
            raise BankUnreadable(f"the page took longer than {whole_s:g} s; try later")
        if len(body) > size_max:
            if cut:
                break
            raise BankUnreadable(f"the page is larger than {size_max // 1_000_000} MB")
    return body[:size_max]
