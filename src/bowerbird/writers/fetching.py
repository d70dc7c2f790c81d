"""A public page fetched as its site wishes, and from nowhere that its owner did not mean.

1. Who we are is said, by the name that robots.txt calls us; no browser's.
2. robots.txt is asked first, each time, wherever it has moved to: refused (4xx) is allowed; broken (5xx), silent or
   moved more than `HOPS_MAX` times is not.
3. A redirect of the page is followed on the same host alone; one that leads elsewhere is told, for its address to be
   written down.
4. An address of this machine or its network is read only where the settings name it in so many words; a public name
   that leads there is refused, and we connect to the very address that was looked at (`visit`).
5. Everything is bounded: the bytes, the redirects, how long a server may be silent, and how long it may take.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from bowerbird.writers import robots
from bowerbird.writers.rows import BankUnreadable
from bowerbird.writers.visit import Fetched, visit

HOPS_MAX = 5
SERVER_BROKEN, REFUSED, NOT_MODIFIED = 500, 400, 304


def fetch(url: str, *, size_max: int, marks: Mapping[str, str] | None = None) -> Fetched:
    """Return what an address answers; status 304 where nothing is new. Blocks.

    Raises:
        BankUnreadable: robots.txt forbids it, it leads elsewhere, the server is not reached, refuses, or sends too
            much; with what to do.
    """
    host = urlsplit(url).hostname or ""
    for _ in range(HOPS_MAX + 1):
        _permitted(url)
        found = visit(url, named=host, size_max=size_max, marks=marks)
        if not found.moved:
            break
        url = found.moved
        if urlsplit(url).hostname != host or urlsplit(url).scheme not in {"http", "https"}:
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
    try:
        found = _rules(f"{parts.scheme}://{parts.netloc}/robots.txt", parts.hostname or "")
    except BankUnreadable as error:
        raise BankUnreadable(
            f"robots.txt of {parts.hostname} could not be read, so nothing else is: {error}"
        ) from error
    if found.status >= SERVER_BROKEN:
        raise BankUnreadable(f"robots.txt of {parts.hostname} answered {found.status}, so nothing is read; try later")
    return found.body.decode(errors="replace") if found.status < REFUSED else ""


def _rules(url: str, host: str) -> Fetched:
    """Follow it to other hosts as well (RFC 9309, 2.3.1.2); one that leads on and on is not taken for none."""
    for _ in range(HOPS_MAX + 1):
        found = visit(url, named=host, size_max=robots.SIZE_MAX, cut=True)
        if not found.moved:
            return found
        url = found.moved
    raise BankUnreadable(f"it leads on more than {HOPS_MAX} times")


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
