"""Post and read through a web site, as a person would: one page, one form, one press of a button.

A site takes no key, so what is certain comes from two places: the gate, which lets the one request that writes
out once and remembers what was said to it, and the own profile, which shows what arrived.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from bowerbird.core import errors
from bowerbird.core.findings import Counts, Seen
from bowerbird.core.ports import Absent, Capabilities, Found, Gone, Identity, Look, Unknown
from bowerbird.core.post import SECOND_US, Media, Post, RemoteRef
from bowerbird.core.text import graphemes, weight
from bowerbird.platforms import pictures
from bowerbird.platforms.web import answers
from bowerbird.platforms.web.article import Article
from bowerbird.platforms.web.gate import Gate
from bowerbird.platforms.web.pages import COMPOSER, Pages
from bowerbird.platforms.web.reading import HREF
from bowerbird.platforms.web.twins import nearly, same

if TYPE_CHECKING:
    from playwright.async_api import FilePayload, Page

    from bowerbird.platforms.web.ladder import View

LOOK_BACK_US = 60 * SECOND_US
"""How much earlier than our first attempt a look still accepts a post: clocks differ."""
PAGES_MAX = 5
"""Pages of a profile that one look turns."""
CANARY_S = 5.0
"""A search that found something proves for so long that searching works, seconds: for the next one of the same run,
and for no later one, for a site may sign us out at any moment without a word."""
MENTIONS_PAGES, MENTIONS_MAX = 25, 100
"""Pages of mentions that are turned to reach those already heard, and how many are told at once, the oldest first."""
NO_PICTURE = frozenset({400, 413, 415, 422})
"""What a site answers to a picture that it will never take."""
UNTOLD = "the profile shows neither posts nor that there are none"
"""Why a page of the profile says nothing."""


@dataclass
class WebDriver(Pages):
    """One account on one site; made as `Pages` is."""

    _found_s: float = float("-inf")

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
            media_max=self.site.media_max,
            browser=True,
        )

    def length(self, text: str) -> int:
        """Graphemes, as people count them, or what the site itself counts."""
        return weight(text) if self.site.weighed else len(graphemes(text))

    async def whoami(self) -> Identity:
        """Who is signed in; followers are not read here."""
        async with self._page("whoami") as page:
            await self._go(page, self.site.home)
            return Identity(id=self.handle, handle=self.handle)

    # --- a post's life ---------------------------------------------------------------------------------------

    async def prepare(self, post: Post) -> str:
        """Freeze the words, the place and which pictures; the site takes nothing from us yet."""
        media = post.payload.media
        if len(media) > self.site.media_max:
            raise errors.Refused(
                f"this site's composer takes {self.site.media_max} pictures from us", reason="no_media"
            )
        if self.length(post.payload.text) > self.site.text_max:
            raise errors.Refused(f"this site takes {self.site.text_max} letters", reason="too_long")
        reply_to = post.payload.reply_to.parent.id if post.payload.reply_to else None
        wire: dict[str, Any] = {"text": post.payload.text, "reply_to": reply_to}
        if media:
            await self._contents(media)
            wire["media"] = [asdict(one) for one in media]
        return json.dumps(wire, ensure_ascii=False, sort_keys=True)

    async def _contents(self, media: Sequence[Media]) -> list[bytes]:
        """Read the pictures, which must be those that were approved."""
        return [await asyncio.to_thread(pictures.content, self.folder, one) for one in media]

    async def publish(self, post: Post) -> RemoteRef:
        """Fill the composer, press the button once, and read the proof off the page.

        1. Open the composer; type the frozen words; press.  (Until here nothing was sent: `Unreachable`.)
        2. Refused, limited or signed out: the answer to the write says so, and nothing was accepted.
        3. A session that ended in the meantime is renewed, and the words are typed once more, on another page. A
           locked one is left alone: whoever tries again loses the account.
        4. The site's answer names the new post, or a toast links to it. Without that proof it is `Unconfirmed`,
           whatever the page says.
        """
        if not post.wire:
            raise errors.Unreachable("the post has not been prepared", reason="not_prepared")
        first = self._gate()
        try:
            return await self._publish(post, first)
        except errors.SignedOut as error:
            if first.status is None or error.reason == "locked":
                raise
        return await self._publish(post, self._gate())

    async def _publish(self, post: Post, gate: Gate) -> RemoteRef:
        try:
            async with self._page("reply" if post.payload.reply_to else "publish") as page:
                ref = await self._send(page, gate, json.loads(str(post.wire)))
                await self._after_write()
                return ref
        except errors.Unreachable as error:
            if gate.may_have_arrived:
                raise errors.Unconfirmed(str(error), reason=error.reason) from error
            raise

    async def _send(self, page: Page, gate: Gate, wire: Mapping[str, Any]) -> RemoteRef:
        if wire["reply_to"] is None:
            await self._go(page, self.site.composer)
        else:
            await self._answer(page, wire["reply_to"])
        await self._attach(page, wire.get("media", ()))
        box, button = await self._rungs(page, self.site.text_box, self.site.send)
        await page.fill(box, wire["text"], timeout=self._step_ms)
        async with gate.across(page):
            await page.click(button, timeout=self._step_ms)
            await gate.passed()
            self._judge(gate)
            return await self._proof(page, gate)

    async def _answer(self, page: Page, parent: str) -> None:
        """Open the composer below the post that is answered, and see that it stands there.

        Without it the composer would open all the same, and our answer to somebody would stand alone.
        """
        view = await self._view(page, self.site.reply.format(id=parent), COMPOSER)
        if view is not None and parent in [row.id for row in view.articles]:
            return
        if await self._matches(page, self.site.gone):
            raise errors.Refused("the post to be answered is gone", reason="target_gone")
        raise errors.Unreachable("the composer does not show the post to be answered", reason="changed")

    def _judge(self, gate: Gate) -> None:
        try:
            gate.judge(self.site, self.clock.now())
        except errors.SignedOut as error:
            if error.reason == "locked":
                raise self._turned_away(error, sealed=True) from error
            self.session.bad(self.clock.now(), str(error))
            raise

    async def _proof(self, page: Page, gate: Gate) -> RemoteRef:
        made = answers.created(gate.body)
        if made is not None:
            return self._ref(f"/{self.handle}/status/{made}")
        toast = page.locator(", ".join(self.site.toast_link)).first
        return self._ref(urlsplit(str(await toast.get_attribute("href", timeout=self._step_ms))).path)

    def _gate(self) -> Gate:
        return Gate(self.site.write_path, timeout_s=self.step_s)

    async def _attach(self, page: Page, media: Sequence[Mapping[str, str]]) -> None:
        """Give the composer its pictures, each with its description, and see that it has them; nobody else does."""
        if not media or self.site.pictures is None:
            return
        field, description, button, taken = self.site.pictures
        contents = await self._contents([Media(**one) for one in media])
        for place, (one, content) in enumerate(zip(media, contents, strict=True)):
            file: FilePayload = {"name": f"picture{place}", "mimeType": one["mime"], "buffer": content}
            await page.set_input_files(field, file, timeout=self._step_ms)
            await page.fill(description, one["alt"], timeout=self._step_ms)
            async with page.expect_navigation(wait_until="domcontentloaded", timeout=self._step_ms) as going:
                await page.click(button, timeout=self._step_ms)
            answer = await going.value
            if answer.status in NO_PICTURE:
                raise errors.Refused(f"the site does not take the picture ({answer.status})", reason="picture")
            self._readable(answer, missing=False)
            await page.locator(taken).nth(place).wait_for(state="attached", timeout=self._step_ms)

    async def resolve(self, post: Post) -> Look:
        """Look through the own profile, as far back as our first attempt.

        Not found counts only if every page was positively read: signed in, with every post on it understood or the
        words that say that there are none, and as far back as our first attempt or to what the site calls the end.
        A page that cannot be trusted is `Unknown`, never `Absent`.
        """
        if post.wire is None:
            return Absent()
        try:
            async with self._page("resolve") as page:
                return await self._search_profile(page, post, json.loads(post.wire) if post.wire else _words(post))
        except errors.PlatformError as error:
            return Unknown(why=str(error))

    async def _search_profile(self, page: Page, post: Post, wire: Mapping[str, Any]) -> Look:
        earliest = (post.first_claim_at or post.created_at) - LOOK_BACK_US
        own, why = await self._profile_since(page, earliest)
        twins = [row for row in own if same(row.text, wire["text"])]
        if twins and post.part > 0 and not post.wire:  # lost in a restore, with what it follows
            return Found(ref=self._ref(twins[0].path))
        look = await self._pick(page, twins, wire["reply_to"])
        if not isinstance(look, Absent):
            return look
        if any(nearly(row.text, wire["text"]) for row in own):
            return Unknown(why="a post with nearly these words is there, shown shortened")
        return Unknown(why=why) if why else look

    async def _profile_since(self, page: Page, earliest: int) -> tuple[list[Article], str]:
        """Our posts on the profile since this instant, and why they may not be all of them; empty where they are."""
        where: str | None = self.site.profile.format(handle=self.handle)
        found: list[Article] = []
        for _ in range(PAGES_MAX):
            own = await self._own_page(page, str(where))
            if own is None:
                return found, UNTOLD
            found += [row for row in own if row.at >= earliest]
            where = await self._older(page)
            if (own and own[-1].at < earliest) or (where is None and await self._ends(page)):
                return found, ""
            if where is None:
                return found, "the profile does not show where it ends"
        return found, "the profile is longer than a look may read"

    async def _own_page(self, page: Page, where: str) -> list[Article] | None:
        """Our posts on this page of the profile; None if it shows neither posts nor that there are none.

        A post that cannot be read may be the one that is looked for.
        """
        view = await self._view(page, where, "profile")
        own = [row for row in view.articles if self._ours(row)] if view else []
        if view is None or view.unread:
            return None
        return own if own or await self._matches(page, self.site.empty) else None

    async def _older(self, page: Page) -> str | None:
        """Where the next page of this list is; None where no link leads there."""
        async with asyncio.timeout(self.step_s):
            href = await page.evaluate(HREF, list(self.site.older))
        return None if href is None else str(href)

    async def _ends(self, page: Page) -> bool:
        """Whether a list says that this is all of it."""
        return await self._matches(page, (*self.site.end, *self.site.empty))

    async def _pick(self, page: Page, twins: Sequence[Article], parent: str | None) -> Look:
        """Tell which of our posts with these words stands in the right place: "Thanks!" may answer two people."""
        doubt = False
        for twin in twins:
            view = await self._view(page, twin.path, "post")
            ids = [row.id for row in view.articles] if view else []
            if twin.id not in ids:
                doubt = True
                continue
            place = ids.index(twin.id)
            above = ids[place - 1] if place else None
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
        async with self._page("counts") as page:
            for ref in refs:
                view = await self._view(page, urlsplit(ref.url).path, "post", missing=True)
                if view is None:
                    found[ref.id] = Gone()
                    continue
                found.update({row.id: row.counts for row in view.articles if row.id == ref.id})
        return found

    async def mentions(self, after: int) -> list[Seen]:
        """Those who addressed us, oldest first; of more than 25 pages of them the newest, where a site turns pages."""
        async with self._page("mentions") as page:
            rows = await self._mentions(page, after)
        heard = sorted((row for row in rows if row.at > after and not self._ours(row)), key=lambda row: row.at)
        return [self._seen(row, "mention") for row in heard[:MENTIONS_MAX]]

    async def _mentions(self, page: Page, after: int) -> list[Article]:
        """Turn the pages, newest first, until one reaches back to what was heard already."""
        where: str | None = self.site.notifications
        found: dict[str, Article] = {}
        for _ in range(MENTIONS_PAGES):
            view = await self._view(page, str(where), "mentions")
            rows = list(view.articles) if view else []
            if not rows and not await self._says_empty(page, view):
                raise errors.Unreachable("the page shows neither mentions nor that there are none", reason="changed")
            found |= {row.id: row for row in rows}
            where = await self._older(page)
            if where is None or not rows or rows[-1].at <= after:
                break
        return list(found.values())

    async def search(self, query: str, limit: int = 25) -> list[Seen] | Unknown:
        """Search the site; nothing found counts only if the page says so and search finds anything at all.

        A site that has quietly signed us out answers 200 with an empty page, which looks like a quiet day.
        """
        async with self._page("search") as page:
            rows = await self._search(page, query)
            if rows is None:
                return Unknown(why="the search page shows neither results nor that there are none")
            if not rows and not await self._finds_anything(page):
                return Unknown(why="search finds nothing at all just now, not even what is always there")
        return [self._seen(row, "search") for row in rows if not self._ours(row)][:limit]

    async def _search(self, page: Page, query: str) -> list[Article] | None:
        view = await self._view(page, self.site.search.format(query=quote(query)), "search")
        rows = list(view.articles) if view else []
        if rows:
            self._found_s = self.clock.monotonic()
        return rows if rows or await self._says_empty(page, view) else None

    async def _finds_anything(self, page: Page) -> bool:
        """Whether search has found something lately; if not, ask for what it has always found."""
        if not self.site.canary or self.clock.monotonic() - self._found_s < CANARY_S:
            return True
        return bool(await self._search(page, self.site.canary))

    async def _says_empty(self, page: Page, view: View | None) -> bool:
        """Whether a page without posts really has none: it says so, or the site's own answer is an empty list."""
        return (view is not None and view.none) or await self._matches(page, self.site.empty)

    async def own_posts(self, limit: int = 50) -> list[Seen] | Unknown:
        """Read our own profile, newest first, at most 5 pages; one that cannot be trusted is `Unknown`."""
        where: str | None = self.site.profile.format(handle=self.handle)
        found: list[Article] = []
        try:
            async with self._page("own_posts") as page:
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


def _words(post: Post) -> dict[str, Any]:
    """What must have been sent, where a restore of the books lost the message itself."""
    to = post.payload.reply_to
    return {"text": post.payload.text, "reply_to": to.parent.id if to else None}
