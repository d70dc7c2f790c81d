"""Read posts out of the answers of a site's own API: the first rung, and the only one that is exact.

Posts are found by ``__typename`` and never by their path, because paths move: in the recordings of 2023 a person's
handle stands under ``legacy``, in those of 2026 under ``core``. Whatever the page itself asked for is read here; we
ask for nothing ourselves. Pure functions over JSON.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from bowerbird.core.findings import Counts
from bowerbird.core.post import SECOND_US
from bowerbird.platforms.web.article import Article

STRATEGY = "answer"
EPOCH_MS = 1_288_834_974_657
"""Where the clock inside X's ids begins, milliseconds (twitter-archive/snowflake)."""
NODES_MAX = 200_000
"""Values of one answer that are looked at; recordings of 40 posts have 15,000."""
INSIDE = ("quoted_status_result", "retweeted_status_result")
"""Where another post stands inside a post."""


def articles(answer: Any) -> list[Article]:
    """Return the posts of an answer in its order, each once; advertisements are none, a repost is the original."""
    found: dict[str, Article] = {}
    for node in tweets(answer):
        read = article(node)
        if read is not None:
            found.setdefault(read.id, read)
    return list(found.values())


def tweets(answer: Any) -> Iterator[Mapping[str, Any]]:
    """Walk an answer and return what is a post, without those that stand inside one."""
    rest: list[Any] = [answer]
    for _ in range(NODES_MAX):
        if not rest:
            return
        node = rest.pop()
        if isinstance(node, list):
            rest.extend(reversed(node))
        elif isinstance(node, dict):
            if node.get("promotedMetadata") or node.get("promoted_metadata"):
                continue
            if (post := _unwrapped(node)) is not None:
                yield post
            else:
                rest.extend(reversed(node.values()))


def _unwrapped(node: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The post that this node is, out of the wrapper that limits who sees it."""
    kind = node.get("__typename")
    if kind == "Tweet":
        return node
    inner = node.get("tweet")
    return inner if kind == "TweetWithVisibilityResults" and isinstance(inner, dict) else None


def article(node: Mapping[str, Any]) -> Article | None:
    """Make sense of one post in either shape; None where it says too little."""
    legacy = _dict(node, "legacy")
    original = _dict(_dict(legacy, "retweeted_status_result"), "result")
    if original:
        return article(_unwrapped(original) or original)
    post_id, author = node.get("rest_id"), _handle(node)
    at = _instant(str(post_id), legacy.get("created_at"))
    if not post_id or not author or at is None or not isinstance(legacy.get("full_text"), str):
        return None
    return Article(
        id=str(post_id),
        author=author,
        path=f"/{author}/status/{post_id}",
        at=at,
        text=_text(node, legacy),
        counts=counts(node),
        strategy=STRATEGY,
    )


def counts(node: Mapping[str, Any]) -> Counts:
    """Read the numbers of a post; what it does not say is None, and a zero that it says is a zero."""
    legacy = _dict(node, "legacy")
    return Counts(
        likes=_count(legacy.get("favorite_count")),
        reposts=_count(legacy.get("retweet_count")),
        replies=_count(legacy.get("reply_count")),
        quotes=_count(legacy.get("quote_count")),
        impressions=_count(_dict(node, "views").get("count")),
        source=STRATEGY,
    )


def _count(value: Any) -> int | None:
    if isinstance(value, str):  # views are a text in both shapes
        return int(value) if value.isascii() and value.isdigit() else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _handle(node: Mapping[str, Any]) -> str:
    """The author's handle, from where the newer shape has it or the older one."""
    person = _dict(_dict(_dict(node, "core"), "user_results"), "result")
    name = _dict(person, "core").get("screen_name") or _dict(person, "legacy").get("screen_name")
    return name if isinstance(name, str) else ""


def _text(node: Mapping[str, Any], legacy: Mapping[str, Any]) -> str:
    """The words as they were written: long ones whole, short links as the links they stand for, pictures left out."""
    note = _dict(_dict(_dict(node, "note_tweet"), "note_tweet_results"), "result")
    text = note["text"] if isinstance(note.get("text"), str) else str(legacy["full_text"])
    entities = _dict(note, "entity_set") or _dict(legacy, "entities")
    for link in _list(entities, "urls"):
        if isinstance(link.get("url"), str) and isinstance(link.get("expanded_url"), str):
            text = text.replace(link["url"], link["expanded_url"])
    for picture in _list(_dict(legacy, "entities"), "media"):
        if isinstance(picture.get("url"), str):
            text = text.replace(picture["url"], "")
    return html.unescape(text).strip()


def _instant(post_id: str, created_at: Any) -> int | None:
    """When it was said, UTC microseconds: to the second as it says, to the millisecond where its id agrees."""
    try:
        at_s = int(datetime.strptime(str(created_at), "%a %b %d %H:%M:%S %z %Y").timestamp())
    except ValueError:
        return None
    number = int(post_id) if post_id.isascii() and post_id.isdigit() else 0
    for at in (((number >> 22) + EPOCH_MS) * 1_000, number):
        if at // SECOND_US == at_s:
            return at
    return at_s * SECOND_US


def created(answer: Any) -> str | None:
    """Return the id of the post that the answer to a write says it made; None if it says none."""
    data = _dict(answer, "data") if isinstance(answer, dict) else {}
    for made in ("create_tweet", "notetweet_create"):  # the second for a long one
        result = _dict(_dict(_dict(data, made), "tweet_results"), "result")
        if post_id := (_unwrapped(result) or result).get("rest_id"):
            return str(post_id)
    return None


def codes(answer: Any) -> list[int]:
    """Return the error codes of an answer; a status of 200 says nothing about them."""
    rows = _list(answer, "errors") if isinstance(answer, dict) else []
    found = [row.get("code", _dict(row, "extensions").get("code")) for row in rows]
    return [code for code in found if isinstance(code, int)]


def lists(answer: Any) -> bool:
    """Tell whether an answer really holds a list, be it an empty one: ``instructions``, and no missing data."""
    return _instructions(answer) is not None


def says_none(answer: Any) -> bool:
    """Tell whether an answer is a list with nothing on it: no entry but the marks for turning the page.

    An entry that we cannot read is something.
    """
    rows = _instructions(answer)
    if rows is None:
        return False
    entries = [entry for row in rows if isinstance(row, dict) for entry in [row.get("entry"), *_any(row, "entries")]]
    return all(entry is None or _turns_the_page(entry) for entry in entries)


def _turns_the_page(entry: Any) -> bool:
    return isinstance(entry, dict) and str(entry.get("entryId", "")).startswith("cursor-")


def _instructions(answer: Any) -> Sequence[Any] | None:
    """What an answer tells a page to put on its list; None where it holds no list."""
    rest: list[Any] = [answer]
    for _ in range(NODES_MAX):
        if not rest:
            return None
        node = rest.pop()
        if isinstance(node, dict):
            if isinstance(found := node.get("instructions"), list):
                return found
            rest.extend(value for value in node.values() if isinstance(value, dict))
    return None


def unread(answer: Any) -> int:
    """Count what is a post, and what we can make nothing of."""
    return sum(article(node) is None for node in tweets(answer))


def paths(op: str, answer: Any, *, most: int = 2_000) -> frozenset[str]:
    """Return the fingerprint of an answer: every path in it, with ``[]`` for any place in a list.

    Args:
        op: the operation that gave it; each path begins with it.
        most: how many values of each list are looked at, and how many paths are kept.
    """
    found: set[str] = set()
    rest: list[tuple[str, Any]] = [(op, answer)]
    while rest and len(found) < most:
        path, node = rest.pop()
        if isinstance(node, list):
            rest.extend((f"{path}[]", value) for value in node[:most])
            continue
        found.add(path)
        if isinstance(node, dict):
            inside = _unwrapped(node) is not None
            rest.extend((f"{path}.{name}", value) for name, value in node.items() if not (inside and name in INSIDE))
    return frozenset(found)


def _dict(node: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = node.get(name)
    return value if isinstance(value, dict) else {}


def _any(node: Mapping[str, Any], name: str) -> Sequence[Any]:
    value = node.get(name)
    return value if isinstance(value, list) else []


def _list(node: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    value = node.get(name)
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
