"""One request over the AT Protocol's HTTP, and its answer or one error of our vocabulary. No retries here."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from bowerbird.core.errors import Unreachable
from bowerbird.core.ports import Clock
from bowerbird.platforms.bluesky.errors import broken, garbled, judged
from bowerbird.platforms.trust import trusted

CONNECT_MAX_S = 5.0
"""How long a connection may take to open, seconds."""
WHOLE_FACTOR = 2.0
"""A whole exchange may take this many times the longest silence: a server that trickles is not waited for."""

Params = Mapping[str, str | int | Sequence[str]]


class Xrpc:
    """The server at one address.

    Args:
        base_url: of the PDS, such as ``https://bsky.social``.
        clock: for the instants in rate limits.
        http: a client to use and leave open; without it one is made and closed by `close`.
        timeout_s: how long the server may be silent, seconds; the whole exchange may take twice that.
    """

    def __init__(
        self,
        base_url: str,
        clock: Clock,
        http: httpx.AsyncClient | None = None,
        *,
        timeout_s: float = 15.0,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._clock = clock
        self._http = http or httpx.AsyncClient(verify=trusted())
        self._ours = http is None
        self._whole_s = timeout_s * WHOLE_FACTOR
        self._timeout = httpx.Timeout(timeout_s, connect=min(CONNECT_MAX_S, timeout_s))

    async def query(self, method: str, params: Params, *, token: str = "") -> dict[str, Any]:
        """Read; a failure is never `Unconfirmed`."""
        return await self._answer("GET", method, write=False, token=token, params=params)

    async def procedure(
        self,
        method: str,
        body: Mapping[str, Any] | bytes | None = None,
        *,
        token: str = "",
        mime: str = "application/json",
        write: bool = True,
    ) -> dict[str, Any]:
        """Ask for a change: a mapping is sent as JSON, bytes as they are.

        `write` says whether somebody could see the change, so that a lost answer is `Unconfirmed`.
        """
        sent: dict[str, Any] = {"json": body} if isinstance(body, Mapping) else {"content": body}
        headers = {"content-type": mime} if isinstance(body, bytes) else {}
        return await self._answer("POST", method, write=write, token=token, headers=headers, **sent)

    async def close(self) -> None:
        """Close the connections, if they are ours."""
        if self._ours:
            await self._http.aclose()

    async def _answer(
        self,
        verb: str,
        method: str,
        *,
        write: bool,
        token: str,
        headers: Mapping[str, str] | None = None,
        **sent: Any,
    ) -> dict[str, Any]:
        signed = {**(headers or {}), **({"authorization": f"Bearer {token}"} if token else {})}
        url = f"{self.base_url}/xrpc/{method}"
        try:
            async with asyncio.timeout(self._whole_s):
                answer = await self._http.request(verb, url, headers=signed, timeout=self._timeout, **sent)
        except TimeoutError as error:
            raise broken(httpx.ReadTimeout("the whole exchange took too long"), write=write) from error
        except httpx.InvalidURL as error:
            raise Unreachable(f"{url} is not an address.", reason="address") from error
        except httpx.HTTPError as error:
            raise broken(error, write=write) from error
        if not answer.is_success:
            raise judged(answer, write=write, now=self._clock.now())
        return _parsed(answer, write=write)


def _parsed(answer: httpx.Response, *, write: bool) -> dict[str, Any]:
    if not answer.content:  # some procedures answer with nothing at all
        return {}
    try:
        body = answer.json()
    except ValueError as error:
        raise garbled(write=write) from error
    if not isinstance(body, dict):
        raise garbled(write=write)
    return body
