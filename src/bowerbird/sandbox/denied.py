"""What the network says no with: a status, a short code and a sentence."""

from __future__ import annotations

from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {
    "bad_request": "The request could not be read.",
    "empty": "A post needs words.",
    "forbidden": "That belongs to somebody else.",
    "gone": "This post was deleted.",
    "media_bad": "Pictures are PNG, JPEG, GIF or WebP of at most 1 MB, at most four, each with a description.",
    "not_found": "There is nothing here.",
    "not_keyed": "This account's posts are not filed under client keys.",
    "parent_gone": "The post you answer is no longer there.",
    "rate_limited": "You are doing this too often.",
    "session_expired": "Sign in again.",
    "too_large": "The request is too large.",
    "too_long": "A post has at most 300 characters.",
    "world_full": "The network is full; start a new world.",
    "wrong_password": "The handle or the password is wrong.",
}
"""Every code the network knows, and what it says to a person."""


class Denied(Exception):
    """The network refuses a request.

    Args:
        status: the HTTP status.
        code: a key of `SENTENCES`; API clients branch on it.
        headers: sent along, such as ``retry-after``.
        detail: said instead of the code's own sentence.
    """

    def __init__(self, status: int, code: str, *, headers: Mapping[str, str] | None = None, detail: str = "") -> None:
        self.status = status
        self.code = code
        self.headers = dict(headers or {})
        self.sentence = detail or SENTENCES[code]
        super().__init__(self.sentence)
