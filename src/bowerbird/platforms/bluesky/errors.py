"""Which error of Bluesky means which remedy: by its name, never by its status alone.

Bluesky answers 400 to an expired session, to a text that is too long and to a record that is not there, so
only the name tells them apart. What has no row here is `Unconfirmed` on a write (it may have happened) and
`Unreachable` on a read. Names: the lexicons of com.atproto, and what Bluesky's own PDS was seen to answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from bowerbird.core.errors import PlatformError, RateLimited, Refused, SignedOut, Unconfirmed, Unreachable
from bowerbird.core.post import SECOND_US
from bowerbird.platforms.waits import policy

WAIT_DEFAULT_S = 60
"""How long to wait where a rate limit names no end, seconds."""
WAIT_MAX_S = 24 * 3600
"""The longest wait that is believed, seconds; Bluesky's longest window is a day."""
QUOTE_MAX = 200
"""How much of the server's own sentence is passed on, characters."""


class TokenRefused(SignedOut):
    """The server does not take this token; a renewal may mend it.

    Args:
        expired: the server says that its time is over, rather than that it makes no sense.
    """

    reason_default = "token_refused"

    def __init__(self, message: str = "", *, expired: bool) -> None:
        super().__init__(message)
        self.expired = expired


@dataclass(frozen=True, slots=True)
class Rule:
    """What a name means: the kind of error, its reason code, and a sentence for a person."""

    kind: type[PlatformError]
    reason: str
    sentence: str


LOCKED = "Bluesky has locked the account."
ASLEEP = "The account is deactivated; wake it in Bluesky's settings."
REJECTED = "Bluesky does not accept this content."

RULES: Mapping[str, Rule] = {
    "ExpiredToken": Rule(TokenRefused, "expired", "The session has expired."),
    "InvalidToken": Rule(TokenRefused, "token", "Bluesky does not know this session."),
    "AuthMissing": Rule(TokenRefused, "token", "Bluesky misses the session."),
    "AuthenticationRequired": Rule(SignedOut, "password", "Bluesky refuses the handle or the app password."),
    "AuthFactorTokenRequired": Rule(
        SignedOut,
        "second_factor",
        "The account asks for a second factor: use an app password instead of the real one.",
    ),
    "AccountTakedown": Rule(SignedOut, "locked", LOCKED),
    "AccountSuspended": Rule(SignedOut, "locked", LOCKED),
    "RepoTakendown": Rule(SignedOut, "locked", LOCKED),
    "RepoSuspended": Rule(SignedOut, "locked", LOCKED),
    "AccountDeactivated": Rule(SignedOut, "deactivated", ASLEEP),
    "RepoDeactivated": Rule(SignedOut, "deactivated", ASLEEP),
    "InvalidRequest": Rule(Refused, "invalid", REJECTED),
    "InvalidRecord": Rule(Refused, "invalid", REJECTED),
    "InvalidMimeType": Rule(Refused, "media", "Bluesky does not accept this kind of picture."),
    "BlobTooLarge": Rule(Refused, "media", "The picture is too large for Bluesky."),
    "PayloadTooLarge": Rule(Refused, "media", "The picture is too large for Bluesky."),
    "BlobNotFound": Rule(Refused, "blob_gone", "Bluesky has forgotten the picture uploaded for this post."),
    "RecordNotFound": Rule(Refused, "not_found", "There is no such post."),
    "NotFound": Rule(Refused, "not_found", "There is no such post."),
    "HandleNotFound": Rule(Refused, "not_found", "There is no such account."),
    "BlockedActor": Rule(Refused, "not_permitted", "The author has blocked us, or we the author."),
    "BlockedByActor": Rule(Refused, "not_permitted", "The author has blocked us."),
    # Create-only: something else stands under our key, so neither "sent" nor "not sent" is known.
    "InvalidSwap": Rule(Unconfirmed, "key_taken", "Another post stands under this post's key."),
}


def judged(answer: httpx.Response, *, write: bool, now: int) -> PlatformError:
    """Return the error that an answer other than success means.

    1. A rate limit has its own end.
    2. A name with a row has that row's remedy.
    3. Everything else, 5xx included: a write may have happened, a read did no harm.
    """
    name, said = _named(answer)
    if name == "RateLimitExceeded" or answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        limit, window_s = policy(answer.headers) if write else (None, None)
        return RateLimited(
            "Bluesky asks us to wait.", retry_at=_retry_at(answer.headers, now),
            limit=limit, window_s=window_s, unit="points",
        )  # fmt: skip
    rule = RULES.get(name)
    if rule is None:
        kind = Unconfirmed if write else Unreachable
        reason = "server" if answer.is_server_error else "unclassified"
        return kind(f"Bluesky answered {answer.status_code} {name}: {said}".rstrip(": "), reason=reason)
    message = f"{rule.sentence} ({name}: {said})"
    if rule.kind is TokenRefused:
        return TokenRefused(message, expired=rule.reason == "expired")
    return rule.kind(message, reason="too_long" if _is_too_long(name, said) else rule.reason)


def broken(error: httpx.HTTPError, *, write: bool) -> PlatformError:
    """Return what a request without an answer means: only what never left is certain not to have happened."""
    unsent = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
    kind = type(error).__name__
    if isinstance(error, unsent):
        return Unreachable(f"Bluesky could not be reached ({kind}).", reason="connect")
    reason = "timeout" if isinstance(error, httpx.TimeoutException) else "disconnected"
    if write:
        return Unconfirmed(f"The request was sent and no answer came ({kind}).", reason=reason)
    return Unreachable(f"Bluesky did not answer ({kind}).", reason=reason)


def garbled(*, write: bool) -> PlatformError:
    """Return what an answer means that says success but cannot be understood."""
    kind = Unconfirmed if write else Unreachable
    return kind("Bluesky's answer could not be understood.", reason="bad_answer")


def _named(answer: httpx.Response) -> tuple[str, str]:
    """The error's name and sentence; both empty where some proxy answered in Bluesky's place."""
    try:
        body: Any = answer.json()
    except ValueError:
        return "", ""
    if not isinstance(body, dict):
        return "", ""
    said = "".join(letter for letter in str(body.get("message") or "") if letter.isprintable())
    return str(body.get("error") or ""), said[:QUOTE_MAX]


def _is_too_long(name: str, said: str) -> bool:
    return name in {"InvalidRequest", "InvalidRecord"} and "too big" in said


def _retry_at(headers: httpx.Headers, now: int) -> int:
    """The end of a rate limit. `retry-after` first: it is a duration, so our clock may be wrong."""
    for wait in (headers.get("retry-after", ""), headers.get("ratelimit-reset", "")):
        if wait.isdecimal():
            wait_s = int(wait) if wait == headers.get("retry-after") else int(wait) - now // SECOND_US
            return now + min(max(wait_s, 1), WAIT_MAX_S) * SECOND_US
    return now + WAIT_DEFAULT_S * SECOND_US
