"""What can go wrong, and what happens next.

* BowerbirdError
  * IllegalStep            a bug: the lifecycle table has no such step
  * BadInput               a person's file, text or setting cannot be used; says where and how to mend it
  * StorageError           the books could not be read or written
    - StorageTimeout       the deadline passed; the statement was ended and changed nothing
    - StorageBusy          somebody else holds the file; says who
    - StorageFull          the disk is full or read-only; reads go on
  * PlatformError          the platform did not confirm; each kind names its remedy
    - Refused              never send this again
    - RateLimited          not before `retry_at`; a spent budget says the same
    - Unreachable          certain that nothing was written: again, with backoff
    - SignedOut            put the account on hold, renew the session, tell a person
    - Unconfirmed          a write that may have happened: look before anything else
  * WriterError            nobody could write a text
    - WriterBusy           not before `retry_at`
    - WriterSpent          today's budget for words is used up

Every `PlatformError` carries a reason code: a short, stable word that rules, metrics and people can group by.
A read never raises `Unconfirmed`: reading twice does no harm, so a read that times out is `Unreachable`.
"""

from __future__ import annotations


class BowerbirdError(Exception):
    """Something went wrong in Bowerbird."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (self.__doc__ or "").strip())


class IllegalStep(BowerbirdError):
    """The lifecycle table has no such step."""

    def __init__(self, state: str, event: str) -> None:
        super().__init__(f"a {state} post cannot be {event}")


class BadInput(BowerbirdError):
    """What was given cannot be used; the message says where it is wrong and how to mend it."""


class StorageError(BowerbirdError):
    """The books could not be read or written."""


class StorageTimeout(StorageError):
    """The deadline passed; the statement was ended and nothing was changed."""


class StorageBusy(StorageError):
    """Another process holds the books."""


class StorageFull(StorageError):
    """The disk is full or read-only, so nothing can be written."""


class PlatformError(BowerbirdError):
    """The platform did not confirm.

    Args:
        message: a sentence for a person; never a secret, never a raw body.
        reason: the reason code, such as ``too_long`` or ``connect``.
    """

    reason_default = "unclassified"

    def __init__(self, message: str = "", *, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason or self.reason_default


class Refused(PlatformError):
    """The platform will never accept this post."""

    reason_default = "refused"


class RateLimited(PlatformError):
    """The platform, or our own budget, asks us to wait.

    Args:
        retry_at: the first instant at which to try again, UTC microseconds.
        scope: what is limited: ``account``, ``app`` or ``host``.
        limit: how much the platform says it takes within `window_s` (seconds), in `unit`; None where it does not say.
    """

    reason_default = "rate_limited"

    def __init__(
        self,
        message: str = "",
        *,
        retry_at: int,
        scope: str = "account",
        reason: str = "",
        limit: float | None = None,
        window_s: float | None = None,
        unit: str = "posts",
    ) -> None:
        super().__init__(message, reason=reason)
        self.retry_at = retry_at
        self.scope = scope
        self.limit = limit
        self.window_s = window_s
        self.unit = unit


class Unreachable(PlatformError):
    """The platform could not be reached; nothing was written."""

    reason_default = "unreachable"


class SignedOut(PlatformError):
    """The session is no longer valid; a person may be needed."""

    reason_default = "signed_out"


class Unconfirmed(PlatformError):
    """The write was sent, and no answer came back.

    Args:
        remote_id: the id of the post that exists already, where the platform said "duplicate" and named it.
    """

    reason_default = "unconfirmed"

    def __init__(self, message: str = "", *, remote_id: str | None = None, reason: str = "") -> None:
        super().__init__(message, reason=reason)
        self.remote_id = remote_id


class WriterError(BowerbirdError):
    """Nobody could write a text."""


class WriterBusy(WriterError):
    """The writer asks us to wait until `retry_at` (UTC microseconds)."""

    def __init__(self, message: str = "", *, retry_at: int) -> None:
        super().__init__(message)
        self.retry_at = retry_at


class WriterSpent(WriterError):
    """Today's budget for words is used up."""


def table_markdown() -> str:
    """Print the vocabulary; the documentation contains exactly this text."""
    lines = ["| error | is a | what it says |", "|---|---|---|"]
    rest: list[type[BowerbirdError]] = [BowerbirdError]
    while rest:
        kind = rest.pop(0)
        sentence = " ".join((kind.__doc__ or "").split("\n\n")[0].split())
        above = kind.__base__.__name__ if kind.__base__ else ""
        lines.append(f"| `{kind.__name__}` | `{above}` | {sentence} |")
        rest = [below for below in kind.__subclasses__() if below.__module__ == __name__] + rest
    return "\n".join(lines) + "\n"
