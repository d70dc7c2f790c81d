"""The pages of a site as one account sees them: leased, opened, signed in to where that is needed, and read."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bowerbird.core import errors
from bowerbird.core.books import Secrets
from bowerbird.core.facts import Fact
from bowerbird.core.findings import Sighting
from bowerbird.core.ports import Clock
from bowerbird.platforms import kept
from bowerbird.platforms.waits import retry_at
from bowerbird.platforms.web import signals
from bowerbird.platforms.web.gate import WAIT_DEFAULT_S
from bowerbird.platforms.web.ladder import View, climb
from bowerbird.platforms.web.listening import Answer, Ear
from bowerbird.platforms.web.quarantine import Case, Quarantine
from bowerbird.platforms.web.reading import LADDERS, ROWS
from bowerbird.platforms.web.session import Session, cookies_end, digest
from bowerbird.platforms.web.sites import Site

if TYPE_CHECKING:
    from playwright.async_api import Page, Response

    from bowerbird.browsers.pool import Pool

SEAT_S = 20.0
"""How long to wait for the browser, seconds."""
ANSWER_S = 1.5
"""How long to wait for the answer of the site's own API once a page is open, seconds."""
DEAF_S, DEAF_PAGES = 0.1, 3
"""Where so many pages in a row gave none, or drew nothing, the next are waited for no longer than this, seconds."""
COMPARE_EVERY = 20
"""Every so many lists are read by every rung, to hold them against each other; pages of one post always are."""
SAVE_EVERY_S = 60.0
"""Cookies are saved after a write, at most this often, seconds."""
PICTURE_S = 2.0
"""How long a picture of a page may take, seconds."""
UNUSABLE = "no browser takes what is kept of this session; sign in anew"
"""Only this account waits for that."""
DRAWN_S = 3.0
"""How long a page that a script draws may take to show the first thing that we know, seconds."""
COMPOSER = "composer"
"""The role of a page that shows the post which is answered."""
ARTICLE = "article"
"""What a post is on a page."""
BLUR = "body, dialog, [popover] { filter: blur(10px) } input, textarea { visibility: hidden }"
"""What keeps other people's words and ours out of that picture: it is blurred, and so is what lies above the body."""


@dataclass
class Pages:
    """One account's way through one site.

    Args:
        url: the site's address.
        seat: the browsers; shared with other accounts, closed by its owner.
        step_s: how long one step on a page may take, seconds.
        folder: where the pictures of payloads are.
        quarantine: keeps what could not be read as it should; None keeps nothing.
        note: is told how each page was read. tell: is told what happened to the session.
    """

    account_id: str
    url: str
    handle: str
    site: Site
    seat: Pool
    secrets: Secrets
    clock: Clock
    step_s: float = 8.0
    folder: Path = Path()
    quarantine: Quarantine | None = None
    note: Callable[[Sighting], object] = lambda sighting: None
    tell: Callable[[Fact], object] = lambda fact: None
    session: Session = field(default_factory=Session)
    _recalled: bool = False
    _told: str = ""
    _kept: str = ""
    _seeded: str = ""
    _saved_s: float = float("-inf")
    _keeping: asyncio.Lock = field(default_factory=asyncio.Lock)
    _deaf: int = 0
    _undrawn: int = 0
    _lists: int = 0

    @property
    def _step_ms(self) -> float:
        return self.step_s * 1000

    # --- the session -----------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _page(self, op: str = "page") -> AsyncIterator[Page]:
        """Lease the page for this kind of call; what the browser raises during the lease is `Unreachable`.

        An account that the site has turned away is not taken there again before it is time, or something is new. A
        state that somebody else has saved, a person who signed in, replaces the one the page has, at any time.
        """
        state = await self._shown()
        try:
            async with self.seat.page(self.account_id, state=state, wait_s=SEAT_S, op=op) as page:
                yield page
        except errors.Unreachable as error:
            if error.reason != "bad_state":
                raise
            raise self._turned_away(errors.SignedOut(UNUSABLE, reason="bad_state")) from error
        finally:
            await self._remember()

    async def _shown(self) -> str | None:
        """The state that the site will be shown; SignedOut if it may not be asked now."""
        async with self._keeping:  # else one that was kept meanwhile would look like another person's
            state = await kept.load(self.secrets, self.account_id, "web_state")
            password = await kept.load(self.secrets, self.account_id, "password")
            await self._recall(state)
            self._seeded = digest(state)
            may = self.session.may_ask(digest(state, password), self.clock.monotonic())
        if not may:
            reason = "locked" if self.session.is_locked else "session_expired"
            raise errors.SignedOut(self.session.why or "the site does not know this session", reason=reason)
        return state

    async def _recall(self, state: str | None) -> None:
        """Take up what is kept: once, and whenever somebody else has saved a session meanwhile."""
        if not self._recalled or digest(state) != self._seeded:
            self._kept = await kept.load(self.secrets, self.account_id, "web_session") or ""
            self.session, self._recalled = Session.recalled(self._kept), True
        self.session.cookies_end_at = cookies_end(state, self.site.session)

    async def _remember(self) -> None:
        """Write down what changed about the session, and tell it."""
        now = self.clock.now()
        if (state := str(self.session.state(now))) != self._told:
            if self._told or state not in ("valid", "unknown"):
                data = {"was": self._told or "unknown", "is": state, "why": self.session.why}
                self.tell(
                    Fact(kind="session_changed", at=now, by=self.site.name, account_id=self.account_id, data=data)
                )
            self._told = state
        if (told := self.session.kept()) != self._kept and await kept.save(
            self.secrets, self.account_id, "web_session", told
        ):
            self._kept = told

    async def _save_state(self) -> None:
        """Keep cookies and local storage as they are now, encrypted, in one step."""
        state = await self.seat.state(self.account_id)
        async with self._keeping:
            if state and digest(state) != self._seeded:
                await self._keep_state(state)
        self._saved_s = self.clock.monotonic()

    async def _keep_state(self, state: str) -> None:
        if digest(await kept.load(self.secrets, self.account_id, "web_state")) != self._seeded:
            return  # somebody has signed in meanwhile, and that one counts
        if not await kept.save(self.secrets, self.account_id, "web_state", state):
            return
        password = await kept.load(self.secrets, self.account_id, "password")
        self._seeded = digest(state)
        self.seat.saved(self.account_id, state)
        self.session.shown(digest(state, password))
        self.session.cookies_end_at = cookies_end(state, self.site.session)

    async def _after_write(self) -> None:
        """Save the state now and then; the post is out, so nothing that fails here may say otherwise."""
        if self.clock.monotonic() - self._saved_s >= SAVE_EVERY_S:
            with contextlib.suppress(errors.PlatformError, TimeoutError):
                await self._save_state()

    def _turned_away(self, error: errors.SignedOut, *, sealed: bool = False) -> errors.SignedOut:
        """Note what turned us away; `sealed` if an answer told it that the pages know nothing of."""
        now, why = self.clock.now(), str(error)
        if error.reason == "locked":
            self.session.lock(now, why, sealed=sealed)
        else:
            self.session.end(now, why)
        return error

    # --- opening ---------------------------------------------------------------------------------------------

    async def _go(self, page: Page, path: str, *, missing: bool = False, ear: Ear | None = None) -> Response | None:
        """Open a page of the site as the account; sign in where the site's description tells how."""
        for attempt in (1, 2):
            if ear is not None:
                ear.forget()
            answer = await page.goto(self.url + path, wait_until="domcontentloaded", timeout=self._step_ms)
            self._readable(answer, missing=missing)
            known, locked, unknown = await self._signs(page)
            if locked is not None:
                raise self._turned_away(errors.SignedOut("the site wants the account's owner", reason="locked"))
            if known is not None:
                self.session.good(self.clock.now())
                return answer
            if unknown is None:
                raise errors.Unreachable("the page does not show whether we are signed in", reason="changed")
            if attempt == 1:
                await self._sign_in(page)
        raise self._turned_away(errors.SignedOut("the site does not know this session", reason="session_expired"))

    async def _signs(self, page: Page) -> list[str | None]:
        """What the page says of our session: known, locked, unknown. One that a script draws is waited for."""
        ladders = (self.site.signed_in, self.site.locked, self.site.signed_out)
        found = await self._look(page, ladders)
        if any(found):
            return found
        await self._drawn(page, *ladders)
        return await self._look(page, ladders)

    async def _drawn(self, page: Page, *ladders: Sequence[str]) -> None:
        """Wait until one of these shows, for a moment; whoever looks next sees whether it did."""
        from playwright.async_api import TimeoutError as TooLate

        any_of_them = ", ".join(rung for ladder in ladders for rung in ladder)
        within_s = DRAWN_S if self._undrawn < DEAF_PAGES else DEAF_S
        self._undrawn += 1
        with contextlib.suppress(TooLate):
            await page.locator(any_of_them).first.wait_for(state="attached", timeout=within_s * 1000)
            self._undrawn = 0

    def _readable(self, answer: Response | None, *, missing: bool) -> None:
        """Nothing that a page answers is a judgement on a post of ours: what it refuses is tried again later."""
        status = answer.status if answer else 0
        if status == 429:
            asked = answer.headers.get("retry-after") if answer else None
            wait_until = retry_at(self.clock.now(), asked, default_s=WAIT_DEFAULT_S)
            raise errors.RateLimited("the site asks us to wait", retry_at=wait_until)
        if status >= 500:
            raise errors.Unreachable(f"the site failed with {status}", reason=f"http_{status}")
        if status >= 400 and status not in (401, 403) and not (missing and status in (404, 410)):
            raise errors.Unreachable(f"the page answered {status}", reason=f"http_{status}")

    async def _sign_in(self, page: Page) -> None:
        """Sign in with the kept password, on a page that says that nobody is signed in."""
        password = await kept.load(self.secrets, self.account_id, "password")
        if self.site.sign_in is None or password is None:
            raise self._turned_away(errors.SignedOut("only a person can sign in to this site", reason="no_password"))
        path, handle_box, password_box, button = self.site.sign_in
        await page.goto(self.url + path, wait_until="domcontentloaded", timeout=self._step_ms)
        await page.fill(handle_box, self.handle, timeout=self._step_ms)
        await page.fill(password_box, password, timeout=self._step_ms)
        async with page.expect_navigation(wait_until="domcontentloaded", timeout=self._step_ms) as going:
            await page.click(button, timeout=self._step_ms)
        answer = await going.value
        if answer.status not in (401, 403):
            self._readable(answer, missing=False)
        if (await self._signs(page))[0] is None:
            raise self._turned_away(
                errors.SignedOut("the site does not accept handle and password", reason="wrong_password")
            )
        now = self.clock.now()
        self.session.end(now, "")  # whatever there was before is over, and its age is known
        self.session.begin(now)
        await self._save_state()

    # --- reading ---------------------------------------------------------------------------------------------

    async def _view(self, page: Page, path: str, role: str, *, missing: bool = False) -> View | None:
        """Open a page and read its posts by the best rung that can; None where there is no such page.

        Args:
            role: what the page is for, a key of the site's `operations`.
        """
        ear = Ear(self.site.operations.get(role, ()))
        with ear.at(page):
            answer = await self._go(page, path, missing=missing, ear=ear)
            if answer is not None and answer.status in (404, 410):
                return None
            return await self._read(page, role, await self._heard(ear))

    async def _heard(self, ear: Ear) -> list[Answer]:
        """What the page's own API answered; what it says about us is said here."""
        found = await ear.answers(wait_s=ANSWER_S if self._deaf < DEAF_PAGES else DEAF_S)
        for answer in found:
            error = signals.trouble(self.site, answer.body, answer.headers, self.clock.now(), write=False)
            if isinstance(error, errors.SignedOut):
                raise self._turned_away(error, sealed=True)
            if error is not None:
                raise error
            if answer.status == 429:
                wait_until = signals.reset(answer.headers, self.clock.now())
                raise errors.RateLimited("the site's own API asks us to wait", retry_at=wait_until)
            if answer.status in (401, 403):  # the page knows us and its API does not: not once, but not for ever
                self.session.bad(self.clock.now(), "the site's own API does not know this session")
        good = [answer for answer in found if answer.status == 200]
        self._deaf = 0 if good or not ear.operations else self._deaf + 1
        return good

    async def _read(self, page: Page, role: str, answers: Sequence[Answer]) -> View:
        """Climb the ladder: by the answer alone where it is enough, by every rung where they are compared."""
        heard = [(answer.op, answer.body) for answer in answers]
        about: Mapping[str, Any] = {
            "site": self.site.name, "role": role, "at": self.clock.now(), "expects": role in self.site.operations,
        }  # fmt: skip
        self._lists += role != "post"
        view = climb(heard, None, **about)
        if not view.articles or view.unread or role == "post" or self._lists % COMPARE_EVERY == 0:
            view = climb(heard, await self._rows(page), **about)
        none = view.none or (not view.articles and await self._shows_none(page))
        if not view.articles and not none:
            view = climb(heard, await self._rows(page), **about)  # a script has drawn it meanwhile, or nothing has
        if view.sighting is not None:
            self.note(view.sighting)
        if (view.fell or view.unread) and not none:
            await self._keep(page, view, role, dict(heard))
        return view

    async def _shows_none(self, page: Page) -> bool:
        """Whether a page says that nothing stands there, or not any more; one that a script draws is waited for."""
        said = (*self.site.empty, *self.site.gone)
        if not await self._matches(page, (*said, ARTICLE)):
            await self._drawn(page, said, (ARTICLE,))
        return await self._matches(page, said)

    async def _keep(self, page: Page, view: View, role: str, heard: Mapping[str, Any]) -> None:
        """Keep what this page was, for whoever mends the reader; it may fail, and nothing else fails with it."""
        rung = view.fell[0] if view.fell else "none"
        name = f"{self.site.name} {role} {rung}"
        if self.quarantine is None or not self.quarantine.wants(name, now_s=self.clock.monotonic()):
            return
        from playwright.async_api import Error

        picture, html = b"", ""
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(2 * PICTURE_S):
                html = await page.content()
                picture = await page.screenshot(type="jpeg", quality=40, timeout=PICTURE_S * 1000, style=BLUR)
        why = f"{', '.join(view.fell) or 'no way'} did not read everything; {len(view.articles)} posts were read."
        case = Case(
            name=name, why=why, at=self.clock.now(), page=html, heard=heard, picture=picture, ours=self.handle
        )  # fmt: skip
        if await asyncio.to_thread(self.quarantine.keep, case):
            self.quarantine.kept(name, now_s=self.clock.monotonic())

    async def _rows(self, page: Page) -> list[dict[str, Any]]:
        async with asyncio.timeout(self.step_s):
            return list(await page.evaluate(ROWS))

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
