"""The gate through which the one request that writes leaves the browser, once.

Chromium resends a POST by itself when a reused connection closes without an answer
(``HttpNetworkTransaction::ShouldResendRequest``), and a site without keys would then have the post twice. So the
request is stopped as it leaves the page, sent once by our own hands, and its own answer, unfollowed, is given
back to the page. Whatever happens afterwards we know whether it was sent, and what was said to it: a redirect
that fails later is no longer mistaken for the answer to the write.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bowerbird.core import errors
from bowerbird.platforms.waits import policy, retry_at
from bowerbird.platforms.web import signals
from bowerbird.platforms.web.sites import Site

if TYPE_CHECKING:
    from playwright.async_api import APIResponse, Page, Route

WAIT_DEFAULT_S = 60
"""How long to wait where a site says 429 and nothing else, seconds."""
NEVER_LEFT = ("ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH")
"""What the network says when no connection was opened, so that nothing can have arrived."""


@dataclass
class Gate:
    """One passage.

    Args:
        address: the address whose POST is the write, without its query; ``*`` stands for any one part of its path.
        timeout_s: how long the page may take to send it, and the site to answer it, seconds.

    `may_have_arrived` is the one question that matters when anything goes wrong.
    """

    address: str
    timeout_s: float
    may_have_arrived: bool = False
    status: int | None = None
    location: str = ""
    body: Any = None
    _retry_after: str = ""
    _headers: Mapping[str, str] = field(default_factory=dict)
    _policy: tuple[float | None, float | None] = (None, None)
    _why: str = "not_sent"
    _shut: bool = False
    _passed: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def across(self, page: Page) -> AsyncIterator[None]:
        """Stand across the page's way out while the button is pressed; leave when the write was answered.

        A gate that nothing has passed is shut and stays: the page goes to waste, and what it may still send
        goes nowhere.
        """
        # A pattern, not a function: with a function every request of the page would come through Python.
        way = re.compile(re.escape(self.address).replace(r"\*", "[^/?]+") + r"(\?.*)?$")
        await page.route(way, self._carry)
        try:
            yield
            async with asyncio.timeout(self.timeout_s):
                await self._passed.wait()
        except TimeoutError:
            pass  # `judge` tells what that means
        finally:
            self._shut = True
        if self._passed.is_set():
            await page.unroute(way, self._carry)

    async def _carry(self, route: Route) -> None:
        """Send the write once, and give the page what came back."""
        from playwright.async_api import Error

        try:
            if route.request.method != "POST":
                await route.continue_()
            elif self._shut or self.may_have_arrived:
                await route.abort()
            else:
                await self._send(route)
        except Error as error:
            # Raised here it would surface in whatever call of the browser comes next, of any account.
            self._why = _first_line(error)

    async def _send(self, route: Route) -> None:
        from playwright.async_api import Error

        self.may_have_arrived, self._why = True, "no_answer"
        try:
            answer = await route.fetch(max_retries=0, max_redirects=0, timeout=self.timeout_s * 1000)
        except Error as error:
            if any(code in str(error) for code in NEVER_LEFT):
                self.may_have_arrived, self._shut, self._why = False, True, "connect"
            self._passed.set()
            await route.abort()
            return
        self.status = answer.status
        self.location = urlsplit(answer.headers.get("location", "")).path
        self._retry_after = answer.headers.get("retry-after", "")
        self._policy = policy(answer.headers)
        self._headers = answer.headers
        if "json" in answer.headers.get("content-type", ""):
            self.body = await _json(answer)
        self._passed.set()
        await route.fulfill(response=answer)

    def judge(self, site: Site, now: int) -> None:
        """Read the answer to the write; return only if the site says that it took it, or says nothing against it.

        Args:
            now: UTC microseconds.
        """
        sign_in = site.sign_in[0] if site.sign_in else ""
        if self.status is None:
            if self.may_have_arrived:
                raise errors.Unconfirmed("the site did not answer", reason=self._why)
            raise errors.Unreachable(f"the post did not leave ({self._why})", reason=self._why)
        if trouble := signals.trouble(site, self.body, self._headers, now, write=True):
            raise trouble
        if self.status == 429:
            said = "x-rate-limit-reset" in self._headers
            wait_until = (
                signals.reset(self._headers, now)
                if said
                else retry_at(now, self._retry_after, default_s=WAIT_DEFAULT_S)
            )
            limit, window_s = self._policy
            raise errors.RateLimited("the site asks us to wait", retry_at=wait_until, limit=limit, window_s=window_s)
        if self.status in (401, 403) or (sign_in and self.location == sign_in):
            raise errors.SignedOut("the site does not know this session", reason="session_expired")
        if 400 <= self.status < 500:
            raise errors.Refused(f"the site refused with {self.status}", reason=f"http_{self.status}")
        if self.status >= 500:
            raise errors.Unconfirmed(f"the site failed with {self.status}", reason=f"http_{self.status}")


async def _json(answer: APIResponse) -> Any:
    try:
        return json.loads(await answer.body())
    except ValueError:
        return None


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0][:160] or type(error).__name__
