"""Keeps hours of posts in the queue.

1. Look at the cover: how far ahead every slot has a post that may go. Proposals do not count as cover, but their
   slots are not filled a second time.
2. Take the free slots up to `cover_h` from now, a few at a time.
3. For each: choose a cell, ask the writer, and pass every candidate through the gate.
4. Have a card drawn for the first that passes, where cards are wanted, one fits and there is time for it; else it
   goes without, and the fact says why.
5. Save it with its slot, its expiry and the reason for its choice, together with its facts, and with the note that
   the words which were paid for it are used.

Every candidate is accounted for: `wrote` counts those that came, and they are the `gated`, the kept and the spare.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from bowerbird.core.account import Account, HoldKind
from bowerbird.core.books import Batch, Committed, Findings, Ledger, Posts, Recorder
from bowerbird.core.errors import BadInput, WriterError
from bowerbird.core.facts import Fact
from bowerbird.core.findings import Advice
from bowerbird.core.gauge import Sample
from bowerbird.core.keeping import Words
from bowerbird.core.lifecycle import LATE_S, State
from bowerbird.core.ports import Brief, Cards, Chance, Clock, Draft, Platform, Writer
from bowerbird.core.post import SECOND_US, Choice, Post
from bowerbird.planning.briefs import choose_cell
from bowerbird.planning.calendar import Slot, next_slots
from bowerbird.planning.gate import Gate, Passed, open_gate
from bowerbird.planning.rows import facts_of, let_go, make_posts
from bowerbird.planning.telling import BY, approval, explained, gated, note, same_cell, wrote

HOUR_US = 3_600 * SECOND_US
TRIES = 3
"""Cells tried for one slot; the last try lets the writer choose."""
FUTURE_MAX = 2_000
"""Posts ahead that are looked at, `PAGE` at a time."""
PAGE = 50
RUN_MAX_S = 45.0
"""No further slot is begun after this long, so that the run ends before its job is cut off."""
CARD_S = 30.0
"""A post that is due sooner than this has no time for a card."""
RESERVE_MAX_H = 720.0
"""The reserve is looked at no further ahead, hours."""
AHEAD = (State.PROPOSED, State.QUEUED, State.SENDING, State.UNSURE, State.PARKED, State.PUBLISHED)
"""States of posts that hold their slot; what was turned down or dropped gives it back."""


class Books(Recorder, Posts, Findings, Ledger, Protocol):
    """What planning needs of the books."""


@dataclass(slots=True)
class Desk:
    """What lies on the table while one account is planned: read once, then kept up to date."""

    account: Account
    gate: Gate
    avoid: set[str]
    advice: Advice | None
    cells: Sequence[Choice]
    why_not: str = ""


@dataclass(slots=True)
class Planner:
    """Plans for all accounts.

    Args:
        storage: the books.
        platforms: by account id; an account without one is not connected and is left alone.
        writer: who writes: a bank, a provider, a ladder of them.
        clock, chance: time and luck.
        slots_max: slots filled per account in one run.
        late_s: how many seconds after its time a post still goes.
        cards: who draws the pictures that go with posts; None: they go without.
    """

    storage: Books
    platforms: Mapping[str, Platform]
    writer: Writer
    clock: Clock
    chance: Chance
    slots_max: int = 10
    late_s: float = LATE_S
    cards: Cards | None = None
    _told: dict[str, tuple[int, str]] = field(default_factory=dict, init=False)
    _reserve_h: dict[str, float] = field(default_factory=dict, init=False)

    async def plan_once(self, account_id: str = "") -> bool:
        """Plan for one account, or for all; return True if there is more to do at once.

        Raises:
            BadInput: an account is set up in a way that cannot be planned; raised when the others had their turn.
        """
        paused = {h.account_id for h in await self.storage.holds(now=self.clock.now()) if h.kind is HoldKind.PAUSED}
        more, wrong = False, None
        for account in await self.storage.accounts():
            platform = self.platforms.get(account.id)
            if platform is not None and account.id not in paused and account_id in {"", account.id}:
                try:
                    more |= await self._plan(account, platform)
                except BadInput as error:
                    wrong = wrong or BadInput(f"{account.id}: {error}")
        if wrong is not None:
            raise wrong
        return more

    async def _plan(self, account: Account, platform: Platform) -> bool:
        """Fill an account's free slots; True if some are left and this run got somewhere."""
        now, began = self.clock.now(), self.clock.monotonic()
        until = now + int(account.cover_h * HOUR_US)
        ahead = await self._ahead(account, now)
        free = next_slots(account, {post.due for post in ahead}, now, until)
        if not free:
            self._told.pop(account.id, None)
            return False
        desk = await self._desk(account, platform)
        self._weigh(desk, now)
        filled = tried = 0
        for slot in free[: self.slots_max]:
            if self.clock.monotonic() - began > RUN_MAX_S:
                break
            tried += 1
            try:
                filled += await self._fill(desk, slot)
            except WriterError as error:
                desk.why_not = str(error)
                break
        await self._tell(desk, await self._ahead(account, now), now, until)
        return filled > 0 and len(free) > tried

    def samples(self) -> list[Sample]:
        """For how many hours the writers can fill every slot of each account without asking anybody."""
        return [
            Sample(name="bowerbird_reserve_hours", value=hours, labels={"account": account_id})
            for account_id, hours in self._reserve_h.items()
        ]

    def _weigh(self, desk: Desk, now: int) -> None:
        """Note how long the reserve lasts: until the last slot for which there is a post, `RESERVE_MAX_H` at most."""
        slots = next_slots(desk.account, (), now, now + int(RESERVE_MAX_H * HOUR_US))
        lasts = slots[: self.writer.reserve(desk.avoid)]
        self._reserve_h[desk.account.id] = (lasts[-1].at - now) / HOUR_US if lasts else 0.0

    async def _ahead(self, account: Account, now: int) -> list[Post]:
        """Return the posts due after `now` that hold their slots, latest first."""
        found: list[Post] = []
        before: int | None = None
        while len(found) < FUTURE_MAX:
            page = await self.storage.posts(states=AHEAD, account_id=account.id, before=before, limit=PAGE)
            found += [post for post in page if post.due > now]
            if len(page) < PAGE or page[-1].due <= now:
                break
            before = page[-1].due
        return found

    async def _desk(self, account: Account, platform: Platform) -> Desk:
        gate = await open_gate(self.storage, account, platform)
        return Desk(
            account=account,
            gate=gate,
            avoid=set(gate.claims),
            advice=await self.storage.advice(account.id),
            cells=self.writer.cells(),
        )

    async def _fill(self, desk: Desk, slot: Slot) -> bool:
        """Find a post for one slot and save it; False if no candidate passed.

        A cell that led nowhere is not tried again; the last try leaves the cell to the writer.
        """
        cells = list(desk.cells)
        for attempt in range(TRIES):
            free = attempt == TRIES - 1 or not cells
            wants = choose_cell([] if free else cells, desk.advice, self.chance.stream("planning"), slot=slot.label)
            cells = [cell for cell in cells if not same_cell(cell, wants)]
            brief = self._brief(desk, wants)
            drafts = await self.writer.draft(brief)
            if await self._save(desk, slot, brief, drafts):
                return True
        desk.why_not = "the writer had nothing new to say that passed the gates"
        return False

    def _brief(self, desk: Desk, wants: Choice) -> Brief:
        can = desk.gate.platform.capabilities
        return Brief(
            id=self.chance.name("brief"),
            account_id=desk.account.id,
            wants=wants,
            text_max=can.text_max,
            bytes_max=can.bytes_max,
            avoid_claims=frozenset(desk.avoid),
        )

    async def _save(self, desk: Desk, slot: Slot, brief: Brief, drafts: Sequence[Draft]) -> bool:
        """Gate every candidate, and commit the first that passes with all the facts."""
        now = self.clock.now()
        facts: list[Fact] = []
        passed: list[tuple[Draft, tuple[Post, ...], Passed]] = []
        for draft in drafts:
            parts = self._proposal(desk, slot, draft, brief.wants, now)
            verdict = await desk.gate.judge(parts)
            if isinstance(verdict, Passed):
                passed.append((draft, let_go(parts, by=approval(desk.account, draft, verdict)), verdict))
            else:
                facts.append(gated(desk.account.id, now, brief, draft, verdict))
        facts += wrote(desk.account.id, now, brief, drafts, passed=len(passed))
        posts: tuple[Post, ...] = ()
        if passed:
            draft, posts, verdict = passed[0]
            posts, card = await self._pictured(desk, draft, posts)
            facts += facts_of(posts, by=BY, gates=verdict.told() | ({"card": card} if card else {}))
        batch = Batch(new_posts=posts, facts=tuple(facts), used=_words(drafts))
        written = await self.storage.record(batch) if facts else None
        if isinstance(written, Committed):
            _remember(desk, posts)
        return bool(posts) and isinstance(written, Committed)

    async def _pictured(self, desk: Desk, draft: Draft, posts: tuple[Post, ...]) -> tuple[tuple[Post, ...], str]:
        """Give the head its card; return what became of that in a word or a sentence, empty if none was wanted."""
        if self.cards is None or draft.sketch is None or not desk.gate.platform.capabilities.media_max:
            return posts, ""
        if posts[0].due - self.clock.now() < CARD_S * SECOND_US:
            return posts, "there was no time for a card"
        card = await self.cards.draw(draft.sketch, by=desk.account.handle)
        if isinstance(card, str):
            return posts, card
        head = replace(posts[0], payload=replace(posts[0].payload, media=(card,)))
        return (head, *posts[1:]), "drawn"

    def _proposal(self, desk: Desk, slot: Slot, draft: Draft, wants: Choice, now: int) -> tuple[Post, ...]:
        choice = explained(draft, wants)
        return make_posts(
            desk.account, draft.texts, due=slot.at, choice=choice, now=now, chance=self.chance, late_s=self.late_s
        )

    async def _tell(self, desk: Desk, ahead: Sequence[Post], now: int, until: int) -> None:
        """Write how many hours are covered, unless nothing changed since it was last written."""
        ready = {post.due for post in ahead if post.state is not State.PROPOSED}
        missing = len(next_slots(desk.account, {post.due for post in ahead}, now, until))
        if self._told.get(desk.account.id) == (missing, desk.why_not):
            return
        self._told[desk.account.id] = (missing, desk.why_not)
        gap = next_slots(desk.account, ready, now, until)
        hours = ((gap[0].at if gap else until) - now) / HOUR_US
        waiting = len({post.due for post in ahead} - ready)
        fact = note(
            "covered", desk.account.id, now, hours=round(hours, 3), ready=len(ready), proposed=waiting, missing=missing
        )
        if desk.why_not:
            fact.data["why"] = desk.why_not
        await self.storage.record(Batch(facts=(fact,)))


def _words(drafts: Sequence[Draft]) -> tuple[Words, ...]:
    """The paid answers of these drafts: whatever was made of them, nobody reads them again."""
    return tuple({words.id: words for draft in drafts for words in draft.words}.values())


def _remember(desk: Desk, posts: Collection[Post]) -> None:
    """Count a post as said at once, so that the next slot gets another."""
    for post in posts:
        desk.gate.said.add(post.payload.text)
        if post.choice.claim_id:
            desk.avoid.add(post.choice.claim_id)
