"""The record of a post, made once. Its text is the post's wire, and is sent letter for letter each time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bowerbird.core.errors import Refused
from bowerbird.core.post import SECOND_US, Media, Payload, RemoteRef
from bowerbird.core.text import graphemes
from bowerbird.platforms.bluesky.facets import facets

COLLECTION = "app.bsky.feed.post"
GRAPHEMES_MAX = 300
BYTES_MAX = 3_000
IMAGES_MAX = 4
"""Limits of the lexicons app.bsky.feed.post and app.bsky.embed.images (as of @atproto/pds in dev-env 0.6.7)."""


def length(text: str) -> int:
    """Count graphemes: what a person takes for one letter, such as a family of emojis, counts once."""
    return len(graphemes(text))


def check(payload: Payload) -> None:
    """Raise `Refused` for what Bluesky would not take, or would take and should not (it accepts empty posts)."""
    try:
        size = len(payload.text.encode())
    except UnicodeEncodeError as error:
        raise Refused("The text contains half a letter (a lone surrogate).", reason="invalid") from error
    is_long = length(payload.text)
    if is_long > GRAPHEMES_MAX or size > BYTES_MAX:
        raise Refused(
            f"The text has {is_long} letters and {size} bytes; Bluesky takes {GRAPHEMES_MAX} and {BYTES_MAX}.",
            reason="too_long",
        )
    if not payload.text.strip() and not payload.media:
        raise Refused("There is nothing to post.", reason="empty")
    if len(payload.media) > IMAGES_MAX:
        raise Refused(f"Bluesky takes {IMAGES_MAX} pictures at most.", reason="media")
    if payload.media and payload.card:
        raise Refused("A post carries pictures or a link card, not both.", reason="media")


def record(
    payload: Payload, *, created_at: int, dids: Mapping[str, str], blobs: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Make the record.

    Args:
        created_at: the instant it will carry for ever, UTC microseconds.
        dids: the DID of each handle that is mentioned and exists.
        blobs: what the server answered for each picture, in order.
    """
    made: dict[str, Any] = {"$type": COLLECTION, "text": payload.text, "createdAt": iso(created_at)}
    if payload.lang:
        made["langs"] = [payload.lang]
    if found := facets(payload.text, dids):
        made["facets"] = found
    if embed := _embed(payload, blobs):
        made["embed"] = embed
    if payload.reply_to:
        made["reply"] = {"root": _ref(payload.reply_to.root), "parent": _ref(payload.reply_to.parent)}
    return made


def put_body(did: str, rkey: str, wire: str) -> bytes:
    """Return the request that puts `wire`, untouched, under the key.

    ``swapRecord: null`` means "only if nothing else is there": the same record again changes nothing, and
    another one is refused rather than silently overwritten.
    """
    head = json.dumps({"repo": did, "collection": COLLECTION, "rkey": rkey, "swapRecord": None})
    return f'{head[:-1]}, "record": {wire}}}'.encode()


def iso(at: int) -> str:
    """Write an instant (UTC microseconds) the way the lexicons ask for."""
    moment = datetime.fromtimestamp(at // SECOND_US, UTC).replace(microsecond=at % SECOND_US)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _ref(ref: RemoteRef) -> dict[str, str]:
    return {"uri": ref.id, "cid": ref.cid}


def _embed(payload: Payload, blobs: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    if payload.media:
        images = [_image(media, blob) for media, blob in zip(payload.media, blobs, strict=True)]
        return {"$type": "app.bsky.embed.images", "images": images}
    if payload.card:
        card = {
            "uri": payload.card.url,
            "title": payload.card.title,
            "description": payload.card.description,
        }
        return {"$type": "app.bsky.embed.external", "external": card}
    return None


def _image(media: Media, blob: Mapping[str, Any]) -> dict[str, Any]:
    return {"alt": media.alt, "image": blob}
