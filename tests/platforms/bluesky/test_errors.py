"""Errors by name: each has its remedy, and what is unknown is never taken for harmless."""

from __future__ import annotations

import httpx
import pytest

from bowerbird.core.errors import (
    PlatformError,
    RateLimited,
    Refused,
    SignedOut,
    Unconfirmed,
    Unreachable,
)
from bowerbird.platforms.bluesky.errors import RULES, WAIT_DEFAULT_S, WAIT_MAX_S, broken, judged
from tests.platforms.bluesky.fake_pds import error

NOW = 1_800_000_000_000_000

NAMED = [
    ("ExpiredToken", 400, SignedOut, "token_refused"),
    ("InvalidToken", 400, SignedOut, "token_refused"),
    ("AuthMissing", 401, SignedOut, "token_refused"),
    ("AuthenticationRequired", 401, SignedOut, "password"),
    ("AuthFactorTokenRequired", 401, SignedOut, "second_factor"),
    ("AccountTakedown", 401, SignedOut, "locked"),
    ("AccountSuspended", 400, SignedOut, "locked"),
    ("RepoTakendown", 400, SignedOut, "locked"),
    ("RepoSuspended", 400, SignedOut, "locked"),
    ("AccountDeactivated", 401, SignedOut, "deactivated"),
    ("RepoDeactivated", 400, SignedOut, "deactivated"),
    ("InvalidRequest", 400, Refused, "invalid"),
    ("InvalidRecord", 400, Refused, "invalid"),
    ("InvalidMimeType", 400, Refused, "media"),
    ("BlobTooLarge", 400, Refused, "media"),
    ("PayloadTooLarge", 413, Refused, "media"),
    ("BlobNotFound", 400, Refused, "blob_gone"),
    ("RecordNotFound", 400, Refused, "not_found"),
    ("NotFound", 400, Refused, "not_found"),
    ("HandleNotFound", 400, Refused, "not_found"),
    ("BlockedActor", 400, Refused, "not_permitted"),
    ("BlockedByActor", 400, Refused, "not_permitted"),
    ("InvalidSwap", 400, Unconfirmed, "key_taken"),
]


def test_every_rule_has_its_row_in_this_test() -> None:
    """A new name cannot be added without saying here what it must mean."""
    assert {name for name, *_ in NAMED} == set(RULES)


@pytest.mark.parametrize(("name", "status", "kind", "reason"), NAMED)
def test_a_name_has_its_remedy(name: str, status: int, kind: type[PlatformError], reason: str) -> None:
    """The name decides, also on a write."""
    judgement = judged(error(name, status), write=True, now=NOW)
    assert isinstance(judgement, kind)
    assert judgement.reason == reason


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 418])
def test_an_unknown_name_is_unconfirmed_on_a_write_and_unreachable_on_a_read(status: int) -> None:
    """A name nobody foresaw is never a licence to send again, nor a reason to drop a post."""
    assert isinstance(judged(error("SomethingNew", status), write=True, now=NOW), Unconfirmed)
    assert isinstance(judged(error("SomethingNew", status), write=False, now=NOW), Unreachable)


@pytest.mark.parametrize("answer", [error("InternalServerError", 500), httpx.Response(502, html="<h1>Bad</h1>")])
def test_a_server_error_is_unconfirmed_on_a_write(answer: httpx.Response) -> None:
    """CreateRecord answers 500 to a key that exists: "5xx, so again" would loop for ever."""
    judgement = judged(answer, write=True, now=NOW)
    assert isinstance(judgement, Unconfirmed)
    assert judgement.reason == "server"
    assert isinstance(judged(answer, write=False, now=NOW), Unreachable)


@pytest.mark.parametrize("message", ["grapheme too big (maximum 300, got 301)", "string too big (maximum 3000)"])
def test_too_long_has_a_reason_of_its_own(message: str) -> None:
    """The writer can mend a text that is too long; other refusals need a person."""
    assert judged(error("InvalidRequest", message=message), write=True, now=NOW).reason == "too_long"


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"retry_after": "289"}, 289),
        ({"ratelimit_reset": str(NOW // 1_000_000 + 120)}, 120),
        ({"retry_after": "289", "ratelimit_reset": str(NOW // 1_000_000 + 120)}, 289),
        ({"ratelimit_reset": "5"}, 1),
        ({"retry_after": "999999999"}, WAIT_MAX_S),
        ({"retry_after": "Wed, 21 Oct 2026 07:28:00 GMT"}, WAIT_DEFAULT_S),
        ({}, WAIT_DEFAULT_S),
    ],
)
def test_a_rate_limit_names_its_end(headers: dict[str, str], wait_s: int) -> None:
    """The duration is believed before the instant, and neither beyond reason."""
    judgement = judged(error("RateLimitExceeded", 429, **headers), write=True, now=NOW)
    assert isinstance(judgement, RateLimited)
    assert judgement.retry_at == NOW + wait_s * 1_000_000


def test_a_rate_limit_on_a_write_names_what_bluesky_takes_in_points() -> None:
    """A read's limit says nothing about posts."""
    answer = error("RateLimitExceeded", 429, ratelimit_policy="5000;w=3600")
    write, read = judged(answer, write=True, now=NOW), judged(answer, write=False, now=NOW)
    assert isinstance(write, RateLimited)
    assert isinstance(read, RateLimited)
    assert (write.limit, write.window_s, write.unit) == (5000, 3600, "points")
    assert (read.limit, read.window_s) == (None, None)


def test_a_rate_limit_in_front_of_the_server_has_no_name() -> None:
    """A proxy's own 429 is a rate limit too: nothing was let through."""
    assert isinstance(judged(httpx.Response(429), write=True, now=NOW), RateLimited)


@pytest.mark.parametrize(
    "kind", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol]
)
def test_what_never_left_is_unreachable(kind: type[httpx.HTTPError]) -> None:
    """Only where no byte of the request left is it certain that nothing was written."""
    assert isinstance(broken(kind("refused"), write=True), Unreachable)


@pytest.mark.parametrize(
    "kind",
    [
        httpx.ReadTimeout,
        httpx.WriteTimeout,
        httpx.ReadError,
        httpx.WriteError,
        httpx.RemoteProtocolError,
        httpx.DecodingError,
    ],
)
def test_what_may_have_left_is_unconfirmed_on_a_write_only(kind: type[httpx.HTTPError]) -> None:
    """A lost answer to a write may hide a post; a lost answer to a read hides nothing."""
    assert isinstance(broken(kind("lost"), write=True), Unconfirmed)
    assert isinstance(broken(kind("lost"), write=False), Unreachable)


def test_the_servers_own_sentence_is_cut_and_cleaned() -> None:
    """What the server says is shown to people, so it is short and has no control characters."""
    said = str(judged(error("InvalidRequest", message="bad\x1b[31m\n" + "x" * 999), write=True, now=NOW))
    assert "\x1b" not in said
    assert len(said) < 300
