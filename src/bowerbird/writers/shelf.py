"""Find a bank by what a person calls it: the bundled one, a file or folder, or the address of a feed.

A feed is fetched when the bank is opened, and its bytes are kept beside the books: while the feed's server is
down, the last copy speaks. The kept copy is only replaced by one in which at least one claim could be read.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from bowerbird.writers.claims import Bank, BankUnreadable, bundled_bank, parse_feed, read_bank
from bowerbird.writers.fetching import NOT_MODIFIED, fetch

BUNDLED = "python_tips"
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
    """Fetch a feed, keep it, and read it; one that is silent, unchanged or empty leaves the word to what was kept."""
    copy = keep / f"feed-{hashlib.sha256(url.encode()).hexdigest()[:16]}.xml" if keep else None
    kept = copy is not None and copy.exists()
    try:
        found = fetch(url, size_max=SIZE_MAX, marks=_marks(copy) if kept and copy else {})
        bank = parse_feed(copy.read_bytes() if copy and found.status == NOT_MODIFIED else found.body)
    except BankUnreadable:
        if copy is None or not kept:
            raise
        return parse_feed(copy.read_bytes())
    if copy is None or found.status == NOT_MODIFIED:
        return bank
    if not bank.claims:
        return parse_feed(copy.read_bytes()) if kept else bank
    _put(_beside(copy), b"{}")  # so that new words never stand beside old marks
    _put(copy, found.body)
    _put(_beside(copy), json.dumps(dict(found.marks)).encode())
    return bank


def _beside(copy: Path) -> Path:
    return copy.with_suffix(".json")


def _marks(copy: Path) -> dict[str, str]:
    """What to ask with, so that only news are sent."""
    try:
        marks = json.loads(_beside(copy).read_bytes())
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in marks.items()} if isinstance(marks, dict) else {}


def _put(file: Path, body: bytes) -> None:
    fresh = file.with_suffix(f"{file.suffix}.new")
    fresh.write_bytes(body)
    fresh.replace(file)
