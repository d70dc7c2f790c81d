"""A post as its platform will show it: the words with links, mentions and tags marked, and how much room they leave.

Pure. The face asks no adapter, so the platforms' limits stand here once more; a test compares them with the adapters'.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from bowerbird.core.account import Account
from bowerbird.core.policy import Ruling, judge_post
from bowerbird.core.post import Kind, Post
from bowerbird.core.review import review, well_formed
from bowerbird.core.text import find_spans, graphemes

LIKE_FROM = 0.3
"""From this likeness on a person is told how near it comes to what was said; the gate turns away 0.6 itself."""


@dataclass(frozen=True, slots=True)
class Room:
    """What fits on a platform: graphemes, UTF-8 bytes, and pictures."""

    text: int
    bytes: int
    pictures: int


ROOMS: dict[str, Room] = {
    "bluesky": Room(300, 3_000, 4),
    "sandbox": Room(300, 3_000, 4),
    "sandbox-web": Room(300, 3_000, 4),
    "x": Room(280, 3_000, 0),
}
"""The limits by the adapter's name."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the text: its kind is empty, ``link``, ``mention`` or ``tag``; `href` only of a link."""

    words: str
    kind: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """One part as it will be seen.

    Args:
        post: the part itself.
        letter: stands where the platform shows the picture of the account.
        length: in graphemes; `room`: how many fit, None where nobody knows.
        site: the host that a card names.
        findings: what is wrong with the words as they stand, in sentences.
    """

    post: Post
    letter: str
    pieces: tuple[Piece, ...]
    length: int
    room: int | None
    site: str
    findings: tuple[str, ...]


def preview(post: Post, account: Account | None) -> Preview:
    """Show one part of a post as its platform will."""
    platform = account.platform if account else ""
    card, name = post.payload.card, account.handle if account else post.account_id
    room = ROOMS.get(platform)
    return Preview(
        post=post,
        letter=next((letter.upper() for letter in name if letter.isalnum()), "?"),
        pieces=pieces(post.payload.text),
        length=len(graphemes(post.payload.text)),
        room=room.text if room else None,
        site=urlsplit(card.url).hostname or "" if card and well_formed(card.url) else "",
        findings=tuple(_wrong(post, room)) if room else (),
    )


def pieces(text: str) -> tuple[Piece, ...]:
    """Cut a text where a link, mention or tag begins and ends."""
    found, at = [], 0
    for span in find_spans(text):
        found += [Piece(text[at : span.start])] * (span.start > at)
        href = span.value if span.kind == "link" and well_formed(span.value) else ""
        found.append(Piece(text[span.start : span.end], span.kind, href))
        at = span.end
    return (*found, Piece(text[at:])) if at < len(text) else tuple(found)


def _wrong(post: Post, room: Room) -> list[str]:
    """What the gate would say of these words now; it has passed them once, but limits and pictures may have changed."""
    card = post.payload.card
    found = review(
        [post.payload.text], length=lambda text: len(graphemes(text)), text_max=room.text, bytes_max=room.bytes,
        media=post.payload.media, media_max=room.pictures, card_url=card.url if card else "",
    )  # fmt: skip
    return [rejection.sentence for rejection in found]


def gates_said(post: Post, account: Account | None, told: Mapping[str, object]) -> list[str]:
    """Say what the gates found when the post was planned, and which rule asks for a person.

    Args:
        told: the data of the post's fact `planned`; empty where that is not known.
    """
    likeness, rule = told.get("likeness"), told.get("rule")
    said = []
    if (card := told.get("card")) and card != "drawn":
        said.append(f"It goes without a card: {card}.")
    if isinstance(likeness, float) and likeness >= LIKE_FROM:
        said.append(f"{likeness:.0%} of it was said before.")
    if isinstance(rule, str) and rule:
        said.append(f"A rule leaves it to you: {rule}")
    elif account is not None and not rule and post.kind is Kind.POST and not told:
        verdict = judge_post(account, post)
        if verdict.ruling is Ruling.TO_PERSON:
            said.append(f"A rule leaves it to you: {verdict.rule} ({verdict.source})")
    return said
