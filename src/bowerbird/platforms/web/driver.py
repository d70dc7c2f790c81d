"""Post and read through a web site, as a person would: one page, one form, one press of a button.

The one request that writes goes through our own hands exactly once. Chromium resends a POST by itself when a
reused connection closes without an answer (``HttpNetworkTransaction::ShouldResendRequest``), and a site
without keys would then have the post twice. So the request is taken from the browser as it leaves, sent once,
and what came back is given to the page; and whatever happens, we know whether it was sent at all.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import regex

from bowerbird.core import errors
from bowerbird.core.findings import Counts, Seen
from bowerbird.core.ports import Absent, Capabilities, Clock, Found, Gone, Identity, Look, Secrets, Unknown
from bowerbird.core.post import SECOND_US, Post, RemoteRef
from bowerbird.platforms.web.reading import ARTICLES, Article, article
from bowerbird.platforms.web.sites import Site

if TYPE_CHECKING:
    from playwright.async_api import Page, Response, Route

    from bowerbird.browsers.seat import Seat

STEP_S = 8.0
"""How long one step on a page may take, seconds."""
SEAT_S = 20.0
"""How long to wait for the browser, seconds."""
LOOK_BACK_US = 60 * SECOND_US
"""How much earlier than our first attempt a look still accepts a post: clocks differ."""
PAGES_MAX = 5
"""Pages of a profile that one look turns."""


@dataclass
class Written:
    """What became of the one request that writes: not sent, sent without an answer, or answered."""

    sent: bool = False
    status: int | None = None
    path: str = ""
    retry_after_s: float | None = None
    refused: bool = False


@dataclass
class WebDriver:
    """One account on one site.

    Args:
        url: the site's address.
        seat: the browser; shared with other accounts, closed by its owner.
    """

    account_id: str
    url: str
    handle: str
    site: Site
    seat: Seat
    secrets: Secrets
    clock: Clock

    @property
    def name(self) -> str:
        """The site's name."""
        return self.site.name

    @property
    def capabilities(self) -> Capabilities:
        """A site takes no key: we look before anything goes again."""
        return Capabilities(
            dedup_s=0.0,
            settle_s=self.site.settle_s,
            text_max=self.site.text_max,
            bytes_max=3_000,
            shows_impressions=True,
            browser=True,
        )

    def length(self, text: str) -> int:
        """Graphemes, as people count them."""
        return len(regex.findall(r"\X", text))

    async def whoami(self) -> Identity:
        """Who is signed in; followers are not read here."""
        async with self._page() as page:
            await self._go(page, self.site.home)
            return Identity(id=self.handle, handle=self.handle)

    async def prepare(self, post: Post) -> str:
        """Freeze the words and the place; a site takes nothing else from us yet."""
        if post.payload.media:
            raise errors.Refused("this site's composer takes no pictures from us", reason="no_media")
        reply_to = post.payload.reply_to.parent.id if post.payload.reply_to else None
        return json.dumps({"text": post.payload.text, "reply_to": reply_to}, ensure_ascii=False, sort_keys=True)

    async def publish(self, post: Post) -> RemoteRef:
        """Fill the composer, press the button once, and read the proof off the page.

        1. Open the composer; type the frozen words.  (Until here nothing was sent: `Unreachable`.)
        2. Press the button; the request passes through our hands.
        3. Refused, limited or signed out: the answer says so, and nothing was accepted.
        4. The toast links to the new post. Without that proof it is `Unconfirmed`, whatever the page says.
        """
        wire = json.loads(post.wire or "{}")
        written = Written()
        async with self._page(written) as page:
            where = self.site.reply.format(id=wire["reply_to"]) if wire["reply_to"] else self.site.composer
            await self._go(page, where)
            box = await self._first(page, self.site.text_box)
            await box.fill(wire["text"], timeout=STEP_S * 1000)
            button = await self._first(page, self.site.send)
            async with self._write_once(page, written):
                await button.click(timeout=STEP_S * 1000)
                await page.wait_for_load_state("domcontentloaded", timeout=STEP_S * 1000)
            self._check(written)
            link = await self._first(page, self.site.toast_link)
            path = urlsplit(str(await link.get_attribute("href", timeout=STEP_S * 1000))).path
        return self._ref(path)

    @asynccontextmanager
    async def _write_once(self, page: Page, written: Written) -> AsyncIterator[None]:
        def writes(url: str) -> bool:
            return urlsplit(url).path == self.site.write_path

        async def carry(route: Route) -> None:
            if route.request.method != "POST" or written.sent:
                await (route.abort() if written.sent else route.continue_())
                return
            await _carry(route, written)

        await page.route(writes, carry)
        try:
            yield
        finally:
            await page.unroute(writes, carry)

    def _check(self, written: Written) -> None:
        """Read the answer to the write."""
        if not written.sent:
            raise errors.Unreachable("the button sent nothing", reason="not_sent")
        if written.refused:
            raise errors.Unreachable("the site cannot be reached", reason="connect")
        if written.status is None:
            raise errors.Unconfirmed("the site did not answer", reason="no_answer")
        if written.status == 429:
            retry_at = self.clock.now() + int((written.retry_after_s or 60.0) * SECOND_US)
            raise errors.RateLimited("the site asks us to wait", retry_at=retry_at)
        if written.status in (401, 403) or (self.site.sign_in and written.path == self.site.sign_in[0]):
            raise errors.SignedOut("the site does not know this session", reason="session_expired")
        if 400 <= written.status < 500:
            raise errors.Refused(f"the site refused with {written.status}", reason=f"http_{written.status}")
        if written.status >= 500:
            raise errors.Unconfirmed(f"the site failed with {written.status}", reason=f"http_{written.status}")

    async def resolve(self, post: Post) -> Look:
        """Look through the own profile, as far back as our first attempt.

        Not found counts only if every page was positively read: signed in, with posts or the words that say
        that there are none. A page that cannot be trusted is `Unknown`, never `Absent`.
        """
        wire = json.loads(post.wire or "{}")
        earliest = (post.first_claim_at or post.created_at) - LOOK_BACK_US
        try:
            async with self._page() as page:
                return await self._search_profile(page, wire["text"], earliest)
        except errors.PlatformError as error:
            return Unknown(why=str(error))

    async def _search_profile(self, page: Page, text: str, earliest: int) -> Look:
        where = self.site.profile.format(handle=self.handle)
        for _ in range(PAGES_MAX):
            await self._go(page, where)
            own = [row for row in await self._articles(page) if row.author == self.handle]
            for row in own:
                if row.at >= earliest and _same(row.text, text):
                    return Found(ref=self._ref(row.path))
            if not own and not await self._matches(page, self.site.empty):
                return Unknown(why="the profile shows neither posts nor that there are none")
            older = page.locator('a[rel="next"]')
            if not own or own[-1].at < earliest or await older.count() == 0:
                return Absent()
            where = str(await older.first.get_attribute("href", timeout=STEP_S * 1000))
        return Unknown(why="the profile is longer than a look may read")

    async def delete(self, ref: RemoteRef) -> None:
        """A site description has no steps for it yet."""
        raise errors.Refused("posts are taken back on the site itself", reason="not_supported")

    async def counts(self, refs: Sequence[RemoteRef]) -> Mapping[str, Counts | Gone]:
        """Read each post's own page; one that is not there any more is `Gone`."""
        found: dict[str, Counts | Gone] = {}
        async with self._page() as page:
            for ref in refs:
                answer = await self._go(page, urlsplit(ref.url).path, missing=True)
                if answer is not None and answer.status in (404, 410):
                    found[ref.id] = Gone()
                    continue
                rows = [row for row in await self._articles(page) if row.id == ref.id]
                found.update({row.id: row.counts for row in rows})
        return found

    async def mentions(self, after: int) -> list[Seen]:
        """Those who addressed us, oldest first."""
        async with self._page() as page:
            await self._go(page, self.site.notifications)
            rows = await self._articles(page)
        return [self._seen(row, "mention") for row in reversed(rows) if row.at > after and row.author != self.handle]

    async def search(self, query: str, limit: int = 25) -> list[Seen] | Unknown:
        """Search the site; an empty page that does not say that it is empty is `Unknown`."""
        async with self._page() as page:
            await self._go(page, self.site.search.format(query=quote(query)))
            rows = await self._articles(page)
            if not rows and not await self._matches(page, self.site.empty):
                return Unknown(why="the search page shows neither results nor that there are none")
        return [self._seen(row, "search") for row in rows if row.author != self.handle][:limit]

    async def close(self) -> None:
        """Nothing of our own is open: the seat belongs to whoever lent it."""

    # --- pages -----------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _page(self, written: Written | None = None) -> AsyncIterator[Page]:
        """Lease the page; what the browser raises becomes a remedy, by whether the write had left."""
        from playwright.async_api import Error

        state = await self.secrets.load_secret(self.account_id, "web_state")
        try:
            async with self.seat.page(self.account_id, state=state, wait_s=SEAT_S) as page:
                yield page
        except (Error, TimeoutError) as error:
            kind = errors.Unconfirmed if written is not None and written.sent else errors.Unreachable
            raise kind(f"the page failed: {str(error).splitlines()[0][:160]}", reason="page") from error

    async def _go(self, page: Page, path: str, *, missing: bool = False) -> Response | None:
        """Open a page of the site as the account; sign in where the site's description tells how."""
        for attempt in (1, 2):
            answer = await page.goto(self.url + path, wait_until="domcontentloaded", timeout=STEP_S * 1000)
            self._readable(answer, missing=missing)
            if await self._matches(page, self.site.signed_in):
                return answer
            if attempt == 1:
                await self._sign_in(page)
        raise errors.SignedOut("the site does not know this session", reason="session_expired")

    def _readable(self, answer: Response | None, *, missing: bool) -> None:
        status = answer.status if answer else 0
        if status == 429:
            wait_s = float((answer.headers if answer else {}).get("retry-after", "60"))
            raise errors.RateLimited("the site asks us to wait", retry_at=self.clock.now() + int(wait_s * SECOND_US))
        if status >= 500:
            raise errors.Unreachable(f"the site failed with {status}", reason=f"http_{status}")
        if status >= 400 and status not in (401, 403) and not (missing and status in (404, 410)):
            raise errors.Refused(f"the page answered {status}", reason=f"http_{status}")

    async def _sign_in(self, page: Page) -> None:
        password = await self.secrets.load_secret(self.account_id, "password")
        if self.site.sign_in is None or password is None:
            raise errors.SignedOut("only a person can sign in to this site", reason="session_expired")
        path, handle_box, password_box, button = self.site.sign_in
        await page.goto(self.url + path, wait_until="domcontentloaded", timeout=STEP_S * 1000)
        await page.fill(handle_box, self.handle, timeout=STEP_S * 1000)
        await page.fill(password_box, password, timeout=STEP_S * 1000)
        await page.click(button, timeout=STEP_S * 1000)
        await page.wait_for_load_state("domcontentloaded", timeout=STEP_S * 1000)
        if not await self._matches(page, self.site.signed_in):
            raise errors.SignedOut("the site does not accept handle and password", reason="wrong_password")
        state = await self.seat.state(self.account_id)
        if state:
            await self.secrets.save_secret(self.account_id, "web_state", state)

    async def _articles(self, page: Page) -> list[Article]:
        async with asyncio.timeout(STEP_S):
            rows = await page.evaluate(ARTICLES)
        return [found for row in rows if (found := article(row)) is not None]

    async def _matches(self, page: Page, ladder: Sequence[str]) -> bool:
        async with asyncio.timeout(STEP_S):
            return bool(await page.locator(", ".join(ladder)).count())

    async def _first(self, page: Page, ladder: Sequence[str]) -> Any:
        """Return the locator of the first rung that matches; wait for any of them to appear."""
        await page.locator(", ".join(ladder)).first.wait_for(state="attached", timeout=STEP_S * 1000)
        for selector in ladder:
            found = page.locator(selector)
            if await found.count():
                return found.first
        return page.locator(ladder[-1]).first

    def _ref(self, path: str) -> RemoteRef:
        return RemoteRef(id=path.rstrip("/").rsplit("/", 1)[-1], url=self.url + path)

    def _seen(self, row: Article, kind: str) -> Seen:
        return Seen(
            ref=self._ref(row.path), author=row.author, text=row.text, posted_at=row.at, kind=kind, counts=row.counts
        )


async def _carry(route: Route, written: Written) -> None:
    """Send the write once, and give the page what came back."""
    from playwright.async_api import Error

    written.sent = True
    try:
        answer = await route.fetch(max_retries=0, timeout=STEP_S * 1000)
    except Error as error:
        written.refused = "ECONNREFUSED" in str(error)
        await route.abort()
        return
    written.status, written.path = answer.status, urlsplit(answer.url).path
    wait = answer.headers.get("retry-after", "")
    written.retry_after_s = float(wait) if wait.isdigit() else None
    await route.fulfill(response=answer)


def _same(shown: str, sent: str) -> bool:
    """Compare words as a page may lay them out: runs of white space are one space."""
    return " ".join(shown.split()) == " ".join(sent.split())
