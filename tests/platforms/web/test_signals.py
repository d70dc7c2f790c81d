"""What error codes of a site's own API mean for an account, for reads and for writes."""

from __future__ import annotations

from typing import Any

import pytest

from bowerbird.core import errors
from bowerbird.core.post import SECOND_US
from bowerbird.platforms.web.signals import WAIT_S, trouble
from bowerbird.platforms.web.sites import X

NOW = 1_000 * SECOND_US


def said(code: int, *, write: bool = False, headers: dict[str, str] | None = None, **more: Any) -> Any:
    """What X's answer with this code comes to."""
    return trouble(X, {"errors": [{"code": code}], **more}, headers or {}, NOW, write=write)


@pytest.mark.parametrize(
    ("code", "write", "kind", "reason"),
    [
        (32, False, errors.SignedOut, "session_expired"),
        (326, False, errors.SignedOut, "locked"),
        (226, True, errors.SignedOut, "locked"),
        (187, True, errors.Unconfirmed, "duplicate"),
        (186, True, errors.Refused, "refused"),
        (186, False, errors.Unreachable, "transient"),
        (131, True, errors.Unconfirmed, "transient"),
        (131, False, errors.Unreachable, "transient"),
    ],
)
def test_each_code_has_its_remedy(code: int, write: bool, kind: type[errors.PlatformError], reason: str) -> None:
    """What is said already is looked for and never sent again; a suspicion is a person's affair."""
    error = said(code, write=write)
    assert type(error) is kind
    assert error.reason == reason


def test_a_limit_says_when_it_ends() -> None:
    """By its header, or after a quarter of an hour."""
    error = said(88, headers={"x-rate-limit-remaining": "0", "x-rate-limit-reset": "1300"})
    assert isinstance(error, errors.RateLimited)
    assert error.retry_at == 1_300 * SECOND_US
    assert said(344).retry_at == NOW + WAIT_S * SECOND_US


def test_a_limit_with_room_left_is_a_lock() -> None:
    """Whoever waited for its end would wait for ever, and then be suspended."""
    error = said(88, headers={"x-rate-limit-remaining": "40"})
    assert isinstance(error, errors.SignedOut)
    assert error.reason == "locked"


def test_errors_beside_a_list_and_unknown_codes_say_nothing() -> None:
    """X reports what it left out of a list; the list itself is there."""
    assert said(131, data={"timeline": {"instructions": []}}) is None
    assert said(999) is None
    assert trouble(X, None, {}, NOW, write=True) is None
