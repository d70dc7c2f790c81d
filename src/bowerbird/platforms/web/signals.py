"""What a site's own API says besides its answer: who is signed out, locked, limited, or has said it already.

A status of 200 proves nothing: X answers 200 with errors and no data. The remedies are ours (`core.errors`); which code
is which is data of the site.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bowerbird.core import errors
from bowerbird.core.post import SECOND_US
from bowerbird.platforms.waits import WAIT_MAX_S
from bowerbird.platforms.web import answers
from bowerbird.platforms.web.sites import Signal, Site

WAIT_S = 900
"""How long to wait where a limit does not say when it ends, seconds: X counts in quarters of an hour."""


def trouble(site: Site, body: Any, headers: Mapping[str, str], now: int, *, write: bool) -> errors.PlatformError | None:
    """Return what an answer's error codes mean for us, or None where they say nothing that we know.

    A limit with room left is no limit but a lock (vladkens/twscrape, `queue_client.py`): only a person can open it.

    Args:
        headers: with names in small letters. now: UTC microseconds.
        write: what failed may have happened all the same.
    """
    codes = answers.codes(body)
    found = [site.codes[code] for code in codes if code in site.codes]
    if not found or (not write and _has_data(body)):
        return None
    said = f"the site answers with code {codes[0]}"
    if Signal.LOCKED in found or (Signal.LIMITED in found and _room_left(headers)):
        return errors.SignedOut(
            f"{said}: the account is locked; its owner opens it there, and then signs in here anew", reason="locked"
        )
    doubt = errors.Unconfirmed if write else errors.Unreachable
    match found[0]:
        case Signal.SIGNED_OUT:
            return errors.SignedOut(f"{said}: it does not know this session", reason="session_expired")
        case Signal.LIMITED:
            return errors.RateLimited(f"{said}: it asks us to wait", retry_at=reset(headers, now))
        case Signal.DUPLICATE:
            return doubt(f"{said}: it has this post already", reason="duplicate")
        case Signal.REFUSED if write:
            return errors.Refused(f"{said}: it refuses", reason="refused")
    return doubt(f"{said}: it failed for the moment", reason="transient")


def _has_data(body: Any) -> bool:
    """Whether there is an answer beside the errors: X reports what it left out of a list as errors, too."""
    return isinstance(body, dict) and answers.lists(body)


def _room_left(headers: Mapping[str, str]) -> bool:
    left = headers.get("x-rate-limit-remaining", "")
    return left.isdigit() and int(left) > 0


def reset(headers: Mapping[str, str], now: int) -> int:
    """Return when a limit ends, UTC microseconds: as X's header says, or after a quarter of an hour."""
    said = headers.get("x-rate-limit-reset", "")
    at = int(said) * SECOND_US if said.isascii() and said.isdigit() else now + WAIT_S * SECOND_US
    return min(max(at, now + SECOND_US), now + WAIT_MAX_S * SECOND_US)
