"""The pages of a site as one account sees them: leased, opened, signed in to where that is needed, and read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bowerbird.core import errors
from bowerbird.core.books import Secrets
from bowerbird.core.ports import Clock
from bowerbird.platforms import kept
from bowerbird.platforms.waits import retry_at
from bowerbird.platforms.web.gate import WAIT_DEFAULT_S
from bowerbird.platforms.web.reading import ARTICLES, LADDERS, Article, article
from bowerbird.platforms.web.sites import Site

if TYPE_CHECKING:
    from playwright.async_api import Page, Response

    from bowerbird.browsers.seat import Seat

SEAT_S = 20.0
"""How long to wait for the browser, seconds."""


@dataclass
class Pages:
    """One account's way through one site.

    Args:
        url: the site's address.
        seat: the browser; shared with other accounts, closed by its owner.
        step_s: how long one step on a page may take, seconds.
    """

    account_id: str
    url: str
    handle: str
    site: Site
    seat: Seat
    secrets: Secrets
    clock: Clock
    step_s: float = 8.0

    @property
    def _step_ms(self) -> float:
        return self.step_s * 1000

    @asynccontextmanager
    async def _page(self) -> AsyncIterator[Page]:
        """Lease the page; what the browser raises during the lease is `Unreachable`."""
        state = await kept.load(self.secrets, self.account_id, "web_state")
        async with self.seat.page(self.account_id, state=state, wait_s=SEAT_S) as page:
            yield page

    async def _go(self, page: Page, path: str, *, missing: bool = False) -> Response | None:
        """Open a page of the site as the account; sign in where the site's description tells how."""
        for attempt in (1, 2):
            answer = await page.goto(self.url + path, wait_until="domcontentloaded", timeout=self._step_ms)
            self._readable(answer, missing=missing)
            if await self._matches(page, self.site.signed_in):
                return answer
            if attempt == 1:
                await self._sign_in(page)
        raise errors.SignedOut("the site does not know this session", reason="session_expired")

    def _readable(self, answer: Response | None, *, missing: bool) -> None:
        status = answer.status if answer else 0
        if status == 429:
            asked = answer.headers.get("retry-after") if answer else None
            wait_until = retry_at(self.clock.now(), asked, default_s=WAIT_DEFAULT_S)
            raise errors.RateLimited("the site asks us to wait", retry_at=wait_until)
        if status >= 500:
            raise errors.Unreachable(f"the site failed with {status}", reason=f"http_{status}")
        if status >= 400 and status not in (401, 403) and not (missing and status in (404, 410)):
            raise errors.Refused(f"the page answered {status}", reason=f"http_{status}")

    async def _sign_in(self, page: Page) -> None:
        """Sign in with the kept password, on a page that says that nobody is signed in."""
        if not await self._matches(page, self.site.signed_out):
            raise errors.Unreachable("the page does not show whether we are signed in", reason="changed")
        password = await kept.load(self.secrets, self.account_id, "password")
        if self.site.sign_in is None or password is None:
            raise errors.SignedOut("only a person can sign in to this site", reason="no_password")
        path, handle_box, password_box, button = self.site.sign_in
        await page.goto(self.url + path, wait_until="domcontentloaded", timeout=self._step_ms)
        await page.fill(handle_box, self.handle, timeout=self._step_ms)
        await page.fill(password_box, password, timeout=self._step_ms)
        async with page.expect_navigation(wait_until="domcontentloaded", timeout=self._step_ms) as going:
            await page.click(button, timeout=self._step_ms)
        answer = await going.value
        if answer.status not in (401, 403):
            self._readable(answer, missing=False)
        if not await self._matches(page, self.site.signed_in):
            raise errors.SignedOut("the site does not accept handle and password", reason="wrong_password")
        state = await self.seat.state(self.account_id)
        if state:
            await kept.save(self.secrets, self.account_id, "web_state", state)

    async def _articles(self, page: Page) -> list[Article]:
        async with asyncio.timeout(self.step_s):
            rows = await page.evaluate(ARTICLES)
        return [found for row in rows if (found := article(row)) is not None]

    async def _rungs(self, page: Page, *ladders: Sequence[str]) -> list[str]:
        """Return the first selector of each ladder that matches; what is not there yet is waited for."""
        found = await self._look(page, ladders)
        if None in found:
            for ladder in ladders:
                await page.locator(", ".join(ladder)).first.wait_for(state="attached", timeout=self._step_ms)
            found = await self._look(page, ladders)
        return [str(rung) for rung in found]

    async def _matches(self, page: Page, ladder: Sequence[str]) -> bool:
        return (await self._look(page, [ladder]))[0] is not None

    async def _look(self, page: Page, ladders: Sequence[Sequence[str]]) -> list[str | None]:
        """Ask the page once for all ladders: each call costs a way to the browser and back."""
        async with asyncio.timeout(self.step_s):
            return list(await page.evaluate(LADDERS, [list(ladder) for ladder in ladders]))
