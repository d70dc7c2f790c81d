"""A post: what is said, for which account, and how far it has come.

Two halves that must not be mixed up:

* `Payload` is what will be said. It is frozen together with the key: another word is another version with
  another key. `wire` is the exact message made from it once, before the first send; every retry and every
  look uses those bytes again.
* `Post` is the row: where this payload is in its life. It changes only through `Post.after`, which asks the
  lifecycle table, and every change raises `seq`, by which storage tells the late writer that it lost.

Instants are UTC microseconds; durations are seconds and end in `_s`.
"""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from bowerbird.core.lifecycle import LATE_S, Event, State, step

SECOND_US = 1_000_000
"""Microseconds in a second."""
CARDS = "cards"
"""The folder of the pictures that we draw ourselves, in the data folder."""
GONE = "picture_gone"
"""Why a platform's adapter refuses a post whose picture is not there."""


class Kind(StrEnum):
    """What a post is for."""

    POST = "post"
    REPLY = "reply"


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """One picture that goes with a post.

    Args:
        path: where the bytes are, relative to the data folder.
        mime: ``image/png`` or ``image/jpeg``.
        alt: the description for people who cannot see it; never empty.
        sha256: the digest of the bytes, so that another picture under the same name is noticed.
    """

    path: str
    mime: str
    alt: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A link shown as a card below the text."""

    url: str
    title: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteRef:
    """A post on a platform: its id there, a page a person can open, and what proves its version (a CID)."""

    id: str
    url: str = ""
    cid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyTo:
    """The post answered, the root of its conversation, and the author who addressed us."""

    parent: RemoteRef
    root: RemoteRef
    author: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What is said. Links, mentions and hashtags stand in the text as a person would type them."""

    text: str
    media: tuple[Media, ...] = ()
    card: Card | None = None
    reply_to: ReplyTo | None = None
    lang: str = "en"

    @property
    def text_hash(self) -> str:
        """The digest of the text as people read it (NFKC, case and white space folded)."""
        folded = " ".join(unicodedata.normalize("NFKC", self.text).casefold().split())
        return hashlib.sha256(folded.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Why this text and not another: the cell the planner chose, and what it came from.

    Args:
        topic, angle, tone, format, hook: the levers that learning turns.
        slot: the local time of day it was planned for, such as ``"09:30"``.
        claim_id: the entry of the bank, or empty where a person or a provider wrote freely.
        writer: who wrote the words: ``bank``, a provider's name, or ``person``.
        because: one sentence for a person.
        model_version: the version of the learner that advised, or empty.
        propensity: how probable this choice was, 0 to 1; None where a person chose.
    """

    topic: str = ""
    angle: str = ""
    tone: str = ""
    format: str = ""
    hook: str = ""
    slot: str = ""
    claim_id: str = ""
    writer: str = "person"
    because: str = ""
    evidence: str = ""
    model_version: str = ""
    propensity: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One post of one account, with all that is needed to go on after a crash.

    Args:
        id: our own id, for ever the same; the key changes with each version.
        key: the idempotency key (a TID), frozen with the payload; the platform's record key on Bluesky.
        thread_id: id of the head of the thread (of the post itself when it stands alone); `part` counts from 0.
        seq: raised by every change; storage writes only over the `seq` it was given.
        since: when it entered its state.
        due, expires_at: when it should go, and when it is too late to go.
        not_before: set by backoff and rate limits; of a proposal, by a step of the wall: it does not expire before.
        first_claim_at: when the first attempt began; a look never has to search earlier than that.
        attempt: sends begun; `absences`: looks that proved an attempt had not arrived.
        owner, attempt_until: the boot id of the worker that holds the lease, and the end of its attempt.
        wire: the exact message, made once from the payload before the first send. None: never made, so never
            sent. Empty: perhaps made, and lost with the books that a restore replaced; looked for by its words.
        reason: code of the last thing that went wrong, or why it came to rest.
        look_at: when it is to be measured next; None when not, or no more.
        approved_by: who or which rule let it go; empty while nobody has.
    """

    id: str
    account_id: str
    workspace_id: str = "home"
    key: str
    version: int = 1
    kind: Kind = Kind.POST
    thread_id: str
    part: int = 0
    parts: int = 1
    payload: Payload
    choice: Choice = field(default_factory=Choice)
    state: State
    since: int
    seq: int = 0
    created_at: int
    due: int
    expires_at: int
    not_before: int = 0
    first_claim_at: int | None = None
    attempt: int = 0
    absences: int = 0
    owner: str = ""
    attempt_until: int = 0
    wire: str | None = None
    withdrawn: bool = False
    reason: str = ""
    approved_by: str = ""
    approved_at: int | None = None
    remote: RemoteRef | None = None
    published_at: int | None = None
    look_at: int | None = None
    looks: int = 0

    def after(self, event: Event, *, now: int, **changes: Any) -> Post:
        """Return the post after this event; raise `IllegalStep` if it cannot happen to it."""
        return self.changed(state=step(self.state, event), since=now, **changes)

    def changed(self, **changes: Any) -> Post:
        """Return the post with fields changed but its state kept; the row's `seq` rises."""
        return replace(self, seq=self.seq + 1, **changes)

    @property
    def token(self) -> str:
        """The fencing token of the present attempt: a late worker's token no longer matches."""
        return f"{self.owner}/{self.attempt}"


def expiry(due: int, *, late_s: float = LATE_S) -> int:
    """Return the instant after which a post due at `due` is too late (microseconds)."""
    return due + int(late_s * SECOND_US)
