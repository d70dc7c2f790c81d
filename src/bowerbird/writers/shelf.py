"""Find a bank by what a person calls it: the bundled one, a file or folder, or the address of a feed.

A feed is fetched when the bank is opened, and its bytes are kept beside the books: while the feed's server is
down, the last copy speaks. The kept copy is only replaced by one in which at least one claim could be read.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from bowerbird.writers.claims import Bank, BankUnreadable, bundled_bank, parse_feed, read_bank

BUNDLED = "python_tips"
FETCH_S = 15.0
"""How long a feed's server may be silent, seconds."""
SIZE_MAX = 5_000_000
"""Bytes of a feed; a larger one is refused."""


def find_bank(name: str, *, keep: Path | None = None) -> Bank:
    """Return the bank of this name.

    Args:
        name: ``python_tips``, a path, or an address that begins with http:// or https://.
        keep: the folder for the last copy of a feed; None keeps none.

    Raises:
        BankUnreadable: there is none, it cannot be read, or the feed was never fetched and its server is silent.
    """
    if name == BUNDLED:
        return bundled_bank()
    if name.startswith(("http://", "https://")):
        return _feed(name, keep)
    return read_bank(Path(name).expanduser())


def _feed(url: str, keep: Path | None) -> Bank:
    """Fetch a feed, keep it, and read it; one that is silent or says nothing leaves the word to what was kept."""
    copy = keep / f"feed-{hashlib.sha256(url.encode()).hexdigest()[:16]}.xml" if keep else None
    try:
        body = fetch(url)
        bank = parse_feed(body)
    except BankUnreadable:
        if copy is None or not copy.exists():
            raise
        return parse_feed(copy.read_bytes())
    if copy is None:
        return bank
    if not bank.claims:
        return parse_feed(copy.read_bytes()) if copy.exists() else bank
    fresh = copy.with_suffix(".new")
    fresh.write_bytes(body)
    fresh.replace(copy)
    return bank


def fetch(url: str) -> bytes:
    """Return the bytes at an address, at most `SIZE_MAX`.

    Raises:
        BankUnreadable: the server is not reached, refuses, or sends too much.
    """
    import httpx

    try:
        with httpx.stream("GET", url, timeout=FETCH_S, follow_redirects=True) as answer:
            answer.raise_for_status()
            body = b""
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > SIZE_MAX:
                    raise BankUnreadable(f"the feed is larger than {SIZE_MAX // 1_000_000} MB")
            return body
    except httpx.HTTPStatusError as error:
        raise BankUnreadable(f"the feed answered {error.response.status_code}; is its address right?") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise BankUnreadable(f"the feed could not be fetched ({type(error).__name__})") from error
