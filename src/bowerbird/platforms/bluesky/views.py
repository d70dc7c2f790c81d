"""What Bluesky shows, as our words: counts, somebody's post, a place. Missing stays None, never 0."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from bowerbird.core.errors import Refused
from bowerbird.core.findings import Counts, Seen
from bowerbird.core.post import SECOND_US, RemoteRef
from bowerbird.platforms.bluesky.errors import garbled
from bowerbird.platforms.bluesky.records import COLLECTION

View = Mapping[str, Any]

ADDRESSED = frozenset({"mention", "reply", "quote"})
"""Reasons of a notification that mean: somebody spoke to us."""


@contextmanager
def understood() -> Iterator[None]:
    """Read an answer inside this: one that lacks what its lexicon promises is `Unreachable`, not a crash."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise garbled(write=False) from error


def split_uri(uri: str) -> tuple[str, str]:
    """Return the repository (a DID) and the record key of a post; raise `Refused` if it is not a post's address."""
    parts = uri.split("/")
    if len(parts) != 5 or parts[0] != "at:" or parts[3] != COLLECTION or not parts[2] or not parts[4]:
        raise Refused(f"{uri!r} is not the address of a post on Bluesky.", reason="target_gone")
    return parts[2], parts[4]


def web_page(uri: str, author: str = "") -> str:
    """Return the page on which a person can see the post."""
    did, rkey = split_uri(uri)
    return f"https://bsky.app/profile/{author or did}/post/{rkey}"


def ref(uri: str, cid: str, author: str = "") -> RemoteRef:
    """Return a post's place."""
    return RemoteRef(id=uri, url=web_page(uri, author), cid=cid)


def counts(view: View) -> Counts:
    """Read a post's numbers; Bluesky shows no impressions."""
    return Counts(
        likes=_number(view, "likeCount"),
        reposts=_number(view, "repostCount"),
        replies=_number(view, "replyCount"),
        quotes=_number(view, "quoteCount"),
    )


def seen(view: View, kind: str) -> Seen:
    """Read somebody's post, from a search, a thread or a notification (each has its record and author)."""
    record = view.get("record") or {}
    author = _author(view)
    root = (record.get("reply") or {}).get("root")
    return Seen(
        ref=ref(view["uri"], view["cid"], author),
        author=author,
        text=str(record.get("text") or ""),
        posted_at=instant(view["indexedAt"]),
        root=RemoteRef(id=root["uri"], cid=root["cid"]) if root else None,
        kind=kind,
        counts=counts(view),
    )


def own(row: View, author: str, *, now: int) -> Seen:
    """Read one of our own records, as the repository lists them; an instant that makes no sense is `now`."""
    record = row.get("value") or {}
    root = (record.get("reply") or {}).get("root")
    try:
        posted_at = instant(str(record.get("createdAt")))
    except ValueError:
        posted_at = now
    return Seen(
        ref=ref(row["uri"], row["cid"]),
        author=author,
        text=str(record.get("text") or ""),
        posted_at=posted_at,
        root=RemoteRef(id=root["uri"], cid=root["cid"]) if root else None,
        kind="own",
    )


def instant(text: str) -> int:
    """Read an instant of Bluesky's as UTC microseconds; without a zone it is UTC."""
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(moment.timestamp()) * SECOND_US + moment.microsecond


def _author(view: View) -> str:
    author = view.get("author") or {}
    handle = str(author.get("handle") or "")
    return str(author.get("did") or "") if handle in {"", "handle.invalid"} else handle


def _number(view: View, name: str) -> int | None:
    value = view.get(name)
    return value if isinstance(value, int) else None
