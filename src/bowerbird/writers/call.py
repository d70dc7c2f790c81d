"""One call to an OpenAI-compatible address: bytes go out, a completion comes back, or `Failed` says what happened.

Every failure tells three things: a sentence without the key, whether the call may be billed all the same, and how
long whoever answered is to be left alone. Who did not answer says nothing about that: when to ask again is found out
by the breaker.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from bowerbird.core.post import SECOND_US
from bowerbird.resilience import failpoints
from bowerbird.resilience.deadline import within
from bowerbird.resilience.trip import Says, Trip

BODY_MAX = 1_000_000
"""Bytes of an answer; more is cut off and refused."""
REST_KEY_S = 3_600.0
"""Rest after a refused key, which only a person can mend."""
REST_REFUSED_S = 60.0
"""Rest after a question that was refused: the next one is made in the same way."""
REST_USELESS_S = 120.0
"""Rest after an answer of which nothing can be made, for it may be billed."""
RETRY_AFTER_MAX_S = 86_400.0
OLD_NAME, NEW_NAME = "max_tokens", "max_completion_tokens"
"""What addresses call the limit of an answer: nearly all know the old name, OpenAI's newer models only the new."""


class Failed(Exception):
    """A call without a usable answer: the sentence, whether it may be billed, and how long to rest.

    `rest_s` is None if nobody answered; `busy` if the address itself asked to wait.
    """

    def __init__(self, why: str, *, billed: bool, rest_s: float | None = None, busy: bool = False) -> None:
        super().__init__(why)
        self.billed = billed
        self.rest_s = rest_s
        self.busy = busy


class NewName(Failed):
    """The address wants the limit under its newer name; nothing was written."""

    def __init__(self) -> None:
        super().__init__(f"it wants {NEW_NAME}", billed=False, rest_s=REST_REFUSED_S)


def trip(timeout_s: float) -> Trip:
    """When the breaker of an address opens whose calls may take `timeout_s` seconds.

    * After three calls in a row that nobody answered, and after one that waited its whole time in vain: the next post
      does not wait for it again.
    * After one, if nothing was answered since it closed: then the call was the proof that its free probe is not.
    """
    return Trip(window_calls=3, window_s=math.inf, calls_min=1, failed_max=1.0, slow_s=0.99 * timeout_s, slow_max=0.3)


def says(outcome: object) -> Says:
    """Tell what an outcome says about the address: only one that did not answer is down."""
    match outcome:
        case Failed(rest_s=None):
            return Says.DOWN
        case Failed():
            return Says.UP
        case Exception():
            return Says.NOTHING
        case _:
            return Says.UP


async def greet(client: httpx.AsyncClient, url: str, *, key: str, timeout_s: float) -> None:
    """Ask for the list of models, which every address gives away: it costs no token, and wakes no model.

    Any answer will do but one that says it is out of order: whether it also writes is seen at the next post.

    Raises:
        Failed: it did not answer within `timeout_s`, or is out of order.
    """
    headers = {"authorization": f"Bearer {key}"} if key else {}
    try:
        async with (
            asyncio.timeout(timeout_s),
            client.stream("GET", f"{url.rstrip('/')}/models", headers=headers, follow_redirects=False) as response,
        ):
            status = response.status_code
    except TimeoutError:
        raise Failed(f"it did not answer within {timeout_s:g} s", billed=False) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Failed(f"it could not be reached ({type(error).__name__})", billed=False) from None
    if status >= 500:
        raise Failed(f"it is out of order ({status})", billed=False)


async def complete(
    client: httpx.AsyncClient, url: str, *, key: str, body: bytes, timeout_s: float, now: int
) -> tuple[str, Mapping[str, Any]]:
    """Send a question and return the answer's text and usage; everything else is `Failed`.

    `url` is given without ``/chat/completions``; `timeout_s` bounds the whole call; `now` is in microseconds.
    """
    headers = {"content-type": "application/json", "accept": "application/json"}
    if key:
        headers["authorization"] = f"Bearer {key}"
    try:
        if await failpoints.reach("writer.call"):
            raise Failed("it could not be reached", billed=False)
        async with (
            within(timeout_s),
            client.stream(
                "POST", f"{url.rstrip('/')}/chat/completions", content=body, headers=headers, follow_redirects=False
            ) as response,
        ):
            if response.status_code == 400 and NEW_NAME.encode() in await _bounded(response):
                raise NewName
            if response.status_code != 200:
                raise _refusal(response.status_code, response.headers, now)
            answer = await _bounded(response)
    except (TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout):
        raise Failed(f"it did not answer within {timeout_s:g} s", billed=True) from None
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol):
        raise Failed("it could not be reached", billed=False) from None
    except (httpx.HTTPError, httpx.InvalidURL, failpoints.Broken) as error:
        raise Failed(f"the connection broke ({type(error).__name__})", billed=True) from None
    return _content(answer)


async def _bounded(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > BODY_MAX:
            raise Failed(f"its answer is longer than {BODY_MAX:,} bytes", billed=True, rest_s=REST_USELESS_S)
    return bytes(body)


def _refusal(status: int, headers: Mapping[str, str], now: int) -> Failed:
    """Say what a status other than 200 means, and for how long to leave the provider alone."""
    wait_s = retry_after_s(headers, now=now)
    if status == 429:
        return Failed("it asks us to wait", billed=False, rest_s=wait_s or 60.0, busy=True)
    if status in {401, 403}:
        return Failed(f"it refused the key ({status}); check it", billed=False, rest_s=REST_KEY_S)
    if status >= 500:
        return Failed(f"it is out of order ({status})", billed=status != 503, rest_s=wait_s, busy=wait_s is not None)
    why = f"it refused the question ({status}); check address and model"
    return Failed(why, billed=False, rest_s=REST_REFUSED_S)


def retry_after_s(headers: Mapping[str, str], *, now: int) -> float | None:
    """Return the seconds that ``Retry-After`` asks for (a number or an HTTP date), at most a day; None if nothing."""
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - now / SECOND_US
        except (ValueError, OverflowError):
            return None
    return min(max(seconds, 0.0), RETRY_AFTER_MAX_S) if math.isfinite(seconds) else None


def _content(body: bytes) -> tuple[str, Mapping[str, Any]]:
    """Return the text and the usage of a completion."""
    try:
        whole = json.loads(body)
        text = whole["choices"][0]["message"]["content"]
        usage = whole.get("usage")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise Failed("its answer is not a chat completion", billed=True, rest_s=REST_USELESS_S) from None
    if not isinstance(text, str):
        raise Failed("its answer has no text", billed=True, rest_s=REST_USELESS_S)
    return text, usage if isinstance(usage, dict) else {}
