"""The gate through which the one request that writes leaves the browser, once.

Chromium resends a POST by itself when a reused connection closes without an answer
(``HttpNetworkTransaction::ShouldResendRequest``), and a site without keys would then have the post twice. So the
request is stopped as it leaves the page, sent once by our own hands, and its own answer, unfollowed, is given
back to the page. Whatever happens afterwards we know whether it was sent, and what was said to it: a redirect
that fails later is no longer mistaken for the answer to the write.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bowerbird.core import errors
from bowerbird.platforms.waits import policy, retry_at
from bowerbird.platforms.web import answers, signals
from bowerbird.platforms.web.sites import Site

if TYPE_CHECKING:
    from playwright.async_api import APIResponse, Page, Request, Route

LEAVE_S = 1.0
"""How long it may take to leave a page, seconds; measured are 20 ms."""
WAIT_DEFAULT_S = 60
"""How long to wait where a site says 429 and nothing else, seconds."""
HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that write nothing."""
NEVER_LEFT = ("ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH")
"""What the network says when no connection was opened, so that nothing can have arrived."""


@dataclass
class Gate:
    """One passage.

    Args:
        path: the path whose POST is the write, on any host, for sites move; ``*`` stands for any letters but a slash.
        timeout_s: how long the page may take to send it, and the site to answer it, seconds.
        carried: it has left through us. strayed: something else that may write has left beside us.
    """

    path: str
    timeout_s: float
    carried: bool = False
    strayed: bool = False
    status: int | None = None
    location: str = ""
    body: Any = None
    _retry_after: str = ""
    _headers: Mapping[str, str] = field(default_factory=dict)
    _policy: tuple[float | None, float | None] = (None, None)
    _why: str = "not_sent"
    _shut: bool = False
    _passed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def may_have_arrived(self) -> bool:
        """The one question that matters when anything goes wrong."""
        return self.carried or self.strayed

    @asynccontextmanager
    async def across(self, page: Page) -> AsyncIterator[None]:
        """Stand across the page's way out from before the button is pressed until the proof is read.

        Where that ends in an error the gate stays, shut, and the page is left before it goes to waste with its lease: a
        script may try again by itself, and a request that stands at the gate when a page is closed is let go.
        """
        await page.route(self._way, self._carry)
        page.on("request", self._overhear)
        try:
            yield
        except BaseException:
            self._shut = True
            await _leave(page)
            raise
        self._shut = True
        page.remove_listener("request", self._overhear)
        await page.unroute(self._way, self._carry)

    @cached_property
    def _way(self) -> re.Pattern[str]:
        # A pattern, not a function: with a function every request of the page would come through Python.
        return re.compile(r"^https?://[^/]+" + re.escape(self.path).replace(r"\*", "[^/?]*") + r"(\?.*)?$")

    def _overhear(self, request: Request) -> None:
        """Note what may write and goes another way than ours: a site may have a second one that nobody told us of."""
        if request.method not in HARMLESS and not self._way.match(request.url):
            self.strayed = True

    async def passed(self) -> None:
        """Wait until the write was answered, for `timeout_s` at most; `judge` tells what that means."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.timeout_s):
                await self._passed.wait()
        self._shut = True

    async def _carry(self, route: Route) -> None:
        """Send the write once, and give the page what came back."""
        try:
            if route.request.method != "POST":
                await route.continue_()
            elif self._shut or self.carried:
                await route.abort()
            else:
                await self._send(route)
        except Exception as error:  # noqa: BLE001 - raised here it would surface in the next call of any account
            self._why = _first_line(error)
            self._passed.set()

    async def _send(self, route: Route) -> None:
        from playwright.async_api import Error

        self.carried, self._why = True, "no_answer"
        try:
            answer = await route.fetch(max_retries=0, max_redirects=0, timeout=self.timeout_s * 1000)
        except Error as error:
            if any(code in str(error) for code in NEVER_LEFT):
                self.carried, self._shut, self._why = False, True, "connect"
            self._passed.set()
            await route.abort()
            return
        self.status = answer.status
        self.location = _path(answer.headers.get("location", ""))
        self._retry_after = answer.headers.get("retry-after", "")
        self._policy = policy(answer.headers)
        self._headers = answer.headers
        if "json" in answer.headers.get("content-type", ""):
            self.body = await _json(answer)
        self._passed.set()
        await route.fulfill(response=answer)

    def judge(self, site: Site, now: int) -> None:
        """Read the answer to the write; return only if the site says that it took it, or says nothing against it.

        An answer that names the new post has taken it, whatever else it says.

        Args:
            now: UTC microseconds.
        """
        sign_in = site.sign_in[0] if site.sign_in else ""
        if self.status is None:
            if self.carried:
                raise errors.Unconfirmed("the site did not answer", reason=self._why)
            if self.strayed:
                raise errors.Unconfirmed("something left the page by a way that we do not know", reason="strayed")
            raise errors.Unreachable(f"the post did not leave ({self._why})", reason=self._why)
        if answers.created(self.body) is not None:
            return
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


async def _leave(page: Page) -> None:
    """End every script of a page; one that does not let itself be left is closed by whoever lent it."""
    from playwright.async_api import Error

    with contextlib.suppress(Error):
        await page.goto("about:blank", timeout=LEAVE_S * 1000)


async def _json(answer: APIResponse) -> Any:
    try:
        return json.loads(await answer.body())
    except ValueError:
        return None


def _path(location: str) -> str:
    try:
        return urlsplit(location).path
    except ValueError:  # a place that is none
        return ""


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0][:160] or type(error).__name__
