"""Post and read through a web site, as a person would: one page, one form, one press of a button.

A site takes no key, so what is certain comes from two places: the gate, which lets the one request that writes
out once and remembers what was said to it, and the own profile, which shows what arrived.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from bowerbird.core import errors
from bowerbird.core.findings import Counts, Seen
from bowerbird.core.ports import Absent, Capabilities, Found, Gone, Identity, Look, Unknown
from bowerbird.core.post import SECOND_US, Post, RemoteRef
from bowerbird.core.text import graphemes
from bowerbird.platforms.web.gate import Gate
from bowerbird.platforms.web.pages import Pages
from bowerbird.platforms.web.reading import Article

if TYPE_CHECKING:
    from playwright.async_api import Page

LOOK_BACK_US = 60 * SECOND_US
"""How much earlier than our first attempt a look still accepts a post: clocks differ."""
PAGES_MAX = 5
"""Pages of a profile that one look turns."""
UNTOLD = "the profile shows neither posts nor that there are none"
"""Why a page of the profile says nothing."""


class WebDriver(Pages):
    """One account on one site; made as `Pages` is."""

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
        return len(graphemes(text))

    async def whoami(self) -> Identity:
        """Who is signed in; followers are not read here."""
        async with self._page() as page:
            await self._go(page, self.site.home)
            return Identity(id=self.handle, handle=self.handle)

    # --- a post's life ---------------------------------------------------------------------------------------

    async def prepare(self, post: Post) -> str:
        """Freeze the words and the place; a site takes nothing else from us yet."""
        if post.payload.media:
            raise errors.Refused("this site's composer takes no pictures from us", reason="no_media")
        if self.length(post.payload.text) > self.site.text_max:
            raise errors.Refused(f"this site takes {self.site.text_max} letters", reason="too_long")
        reply_to = post.payload.reply_to.parent.id if post.payload.reply_to else None
        return json.dumps({"text": post.payload.text, "reply_to": reply_to}, ensure_ascii=False, sort_keys=True)

    async def publish(self, post: Post) -> RemoteRef:
        """Fill the composer, press the button once, and read the proof off the page.

        1. Open the composer; type the frozen words; press.  (Until here nothing was sent: `Unreachable`.)
        2. Refused, limited or signed out: the answer to the write says so, and nothing was accepted.
        3. A session that ended in the meantime is renewed, and the words are typed once more.
        4. The toast links to the new post. Without that proof it is `Unconfirmed`, whatever the page says.
        """
        if not post.wire:
            raise errors.Unreachable("the post has not been prepared", reason="not_prepared")
        gate = self._gate()
        try:
            async with self._page() as page:
                try:
                    await self._send(page, gate, json.loads(post.wire))
                except errors.SignedOut:
                    if gate.status is None:
                        raise
                    gate = self._gate()
                    await self._send(page, gate, json.loads(post.wire))
                proof = page.locator(", ".join(self.site.toast_link)).first
                return self._ref(urlsplit(str(await proof.get_attribute("href", timeout=self._step_ms))).path)
        except errors.Unreachable as error:
            if gate.may_have_arrived:
                raise errors.Unconfirmed(str(error), reason=error.reason) from error
            raise

    def _gate(self) -> Gate:
        return Gate(self.url + self.site.write_path, timeout_s=self.step_s)

    async def _send(self, page: Page, gate: Gate, wire: Mapping[str, Any]) -> None:
        parent = wire["reply_to"]
        await self._go(page, self.site.reply.format(id=parent) if parent else self.site.composer)
        if parent and parent not in [row.id for row in await self._articles(page)]:
            # The composer would open all the same, and our answer to somebody would stand alone.
            raise errors.Refused("the post to be answered is gone", reason="target_gone")
        box, button = await self._rungs(page, self.site.text_box, self.site.send)
        await page.fill(box, wire["text"], timeout=self._step_ms)
        async with gate.across(page):
            await page.click(button, timeout=self._step_ms)
        gate.judge(self.site.sign_in[0] if self.site.sign_in else "", self.clock.now())

    async def resolve(self, post: Post) -> Look:
        """Look through the own profile, as far back as our first attempt.

        Not found counts only if every page was positively read: signed in, with posts or the words that say
        that there are none. A page that cannot be trusted is `Unknown`, never `Absent`.
        """
        if post.wire is None:
            return Absent()
        try:
            async with self._page() as page:
                return await self._search_profile(page, post, json.loads(post.wire) if post.wire else _words(post))
        except errors.PlatformError as error:
            return Unknown(why=str(error))

    async def _search_profile(self, page: Page, post: Post, wire: Mapping[str, Any]) -> Look:
        earliest = (post.first_claim_at or post.created_at) - LOOK_BACK_US
        where: str | None = self.site.profile.format(handle=self.handle)
        twins: list[Article] = []
        for _ in range(PAGES_MAX):
            own = await self._own_page(page, str(where))
            if own is None:
                return Unknown(why=UNTOLD)
            twins += [row for row in own if row.at >= earliest and _same(row.text, wire["text"])]
            where = await self._older(page)
            if not own or own[-1].at < earliest or where is None:
                if twins and post.part > 0 and not post.wire:  # lost in a restore, with what it follows
                    return Found(ref=self._ref(twins[0].path))
                return await self._pick(page, twins, wire["reply_to"])
        return Unknown(why="the profile is longer than a look may read")

    async def _own_page(self, page: Page, where: str) -> list[Article] | None:
        """Our posts on this page of the profile; None if it shows neither posts nor that there are none."""
        await self._go(page, where)
        own = [row for row in await self._articles(page) if self._ours(row)]
        return own if own or await self._matches(page, self.site.empty) else None

    async def _older(self, page: Page) -> str | None:
        """Where the next page of this list is; None on the last."""
        older = page.locator(self.site.older).first
        return await older.get_attribute("href", timeout=self._step_ms) if await older.count() else None

    async def _pick(self, page: Page, twins: Sequence[Article], parent: str | None) -> Look:
        """Tell which of our posts with these words stands in the right place: "Thanks!" may answer two people."""
        doubt = False
        for twin in twins:
            await self._go(page, twin.path)
            ids = [row.id for row in await self._articles(page)]
            above = ids[ids.index(twin.id) - 1] if twin.id in ids[1:] else None
            if above == parent:
                return Found(ref=self._ref(twin.path))
            doubt = doubt or above is None
        return Unknown(why="a post with these words does not show what it answers") if doubt else Absent()

    async def delete(self, ref: RemoteRef) -> None:
        """A site description has no steps for it yet."""
        raise errors.Refused("posts are taken back on the site itself", reason="not_supported")

    # --- what came of it -------------------------------------------------------------------------------------

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
            if not rows and not await self._matches(page, self.site.empty):
                raise errors.Unreachable("the page shows neither mentions nor that there are none", reason="changed")
        return [self._seen(row, "mention") for row in reversed(rows) if row.at > after and not self._ours(row)]

    async def search(self, query: str, limit: int = 25) -> list[Seen] | Unknown:
        """Search the site; an empty page that does not say that it is empty is `Unknown`."""
        async with self._page() as page:
            await self._go(page, self.site.search.format(query=quote(query)))
            rows = await self._articles(page)
            if not rows and not await self._matches(page, self.site.empty):
                return Unknown(why="the search page shows neither results nor that there are none")
        return [self._seen(row, "search") for row in rows if not self._ours(row)][:limit]

    async def own_posts(self, limit: int = 50) -> list[Seen] | Unknown:
        """Read our own profile, newest first, at most 5 pages; one that cannot be trusted is `Unknown`."""
        where: str | None = self.site.profile.format(handle=self.handle)
        found: list[Article] = []
        try:
            async with self._page() as page:
                for _ in range(PAGES_MAX):
                    own = await self._own_page(page, str(where))
                    if own is None:
                        return Unknown(why=UNTOLD)
                    found, where = found + own, await self._older(page)
                    if not own or where is None or len(found) >= limit:
                        break
        except errors.SignedOut as error:
            return Unknown(why=str(error))
        return [self._seen(row, "own") for row in found[:limit]]

    async def close(self) -> None:
        """Nothing of our own is open: the seat belongs to whoever lent it."""

    def _ours(self, row: Article) -> bool:
        return row.author.lower() == self.handle.lower()

    def _ref(self, path: str) -> RemoteRef:
        return RemoteRef(id=path.rstrip("/").rsplit("/", 1)[-1], url=self.url + path)

    def _seen(self, row: Article, kind: str) -> Seen:
        return Seen(
            ref=self._ref(row.path), author=row.author, text=row.text, posted_at=row.at, kind=kind, counts=row.counts
        )


def _same(shown: str, sent: str) -> bool:
    """Compare words as a page may lay them out: runs of white space are one space."""
    return " ".join(shown.split()) == " ".join(sent.split())


def _words(post: Post) -> dict[str, Any]:
    """What must have been sent, where a restore of the books lost the message itself."""
    to = post.payload.reply_to
    return {"text": post.payload.text, "reply_to": to.parent.id if to else None}
