"""Read who addressed us, keep it as targets, and answer within the rules; search for what a person may answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bowerbird.clock import mint_tid
from bowerbird.core.account import Account, Mode
from bowerbird.core.books import Batch, Change, Lost
from bowerbird.core.findings import Seen, Target, TargetState
from bowerbird.core.lifecycle import Event, State
from bowerbird.core.policy import MODE, Context, Ruling, Verdict, judge_post, opt_out_place
from bowerbird.core.ports import Chance, Clock, Platform, Writer
from bowerbird.core.post import SECOND_US, Kind, Payload, Post, ReplyTo, expiry
from bowerbird.harvesting.asking import Asker, Books
from bowerbird.harvesting.replier import Replier, Reply
from bowerbird.harvesting.restraint import Restraint, plain
from bowerbird.harvesting.searches import QUERY_EVERY_S, Searches
from bowerbird.harvesting.targets import STALE_S, stale, stops, taken, target, target_id

PAGE = 100
"""Mentions in one answer of a platform, at most."""
OVERLAP_S = 120.0
"""Mentions are asked for again from this long before the last one: platforms list them a little out of order."""
DRAFTS_MAX = 10
"""Answers drafted per account and run."""
VETO_S = 1_800.0
"""How long a person can say no to an answer, where the account's mode is veto, in seconds."""
SAID_MAX = 200
_UNANSWERED = (State.PROPOSED, State.QUEUED)


@dataclass
class Harvester:
    """Harvests for every account, one after the other.

    Args:
        platforms: the adapter of each account, by account id.
        writer: is asked for answers.
        search_every_s: no query is asked twice within this window, in seconds.
    """

    storage: Books
    platforms: Mapping[str, Platform]
    writer: Writer
    clock: Clock
    chance: Chance
    search_every_s: float = QUERY_EVERY_S
    by: str = "harvesting"
    _begun: dict[str, int] = field(default_factory=dict, repr=False)
    _answered: dict[str, int] = field(default_factory=dict, repr=False)
    _ours: frozenset[str] = frozenset()
    _about: frozenset[str] = frozenset()
    _asker: Asker = field(init=False, repr=False)
    _replier: Replier = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._asker = Asker(self.storage, self.clock, self.by)
        self._replier = Replier(self.writer, self.chance.stream("replies"))
        self._searches = Searches(self.storage, self._asker, self.clock, self.search_every_s)

    async def harvest_once(self) -> bool:
        """Harvest every account that this process speaks for, the one that waits longest first.

        1. Settle targets: answered, turned down, or too old.
        2. Read mentions after the cursor; each becomes a target, in one step with the cursor.
        3. Search, for opportunities that a person may take.

        An account whose platform does not answer leaves a fact and does not keep the others; one over which the run
        dies comes last in the next.
        Return True if some account has more mentions than one answer holds.
        """
        more = False
        async for account, platform in self._each(self._begun):
            await self._settle(account)
            if await self._asker.may(account.id):
                more |= await self._read(account, platform)
            await self._searches.search(account, platform, self._topics(account), but=self._ours)
        return more

    async def answer_once(self) -> bool:
        """Draft answers to those who addressed us, as the rules and the account's mode allow, best first.

        Return False: there is no more until somebody is harvested.
        """
        async for account, platform in self._each(self._answered):
            await self._answer(account, platform)
        return False

    async def _each(self, begun: dict[str, int]) -> AsyncIterator[tuple[Account, Platform]]:
        """Every account that this process speaks for, the one that waits longest first."""
        accounts = await self.storage.accounts()
        self._ours = frozenset(plain(account.handle) for account in accounts)
        for account in sorted(accounts, key=lambda account: begun.get(account.id, 0)):
            platform = self.platforms.get(account.id)
            if platform is not None and not account.rests:
                begun[account.id] = self.clock.now()
                yield account, platform

    # --- targets --------------------------------------------------------------------------------------

    async def _settle(self, account: Account) -> None:
        """Bring targets up to date with what became of their answers, and let old ones go."""
        now, changed = self.clock.now(), []
        waiting = (TargetState.OPEN, TargetState.DRAFTED)
        for each in await self.storage.targets(account_id=account.id, states=waiting, limit=1_000):
            state = await self._state(each, now)
            if state is not each.state:
                changed.append(replace(each, state=state))
        if changed:
            await self.storage.record(Batch(targets=tuple(changed)))

    async def _state(self, each: Target, now: int) -> TargetState:
        post = await self.storage.post(each.post_id) if each.post_id else None
        if post is None:
            return TargetState.STALE if stale(each.seen, now) else each.state
        if post.state in {State.PUBLISHED, State.REMOVED}:
            return TargetState.ANSWERED
        if post.state is State.REJECTED:
            return TargetState.DISMISSED
        return TargetState.STALE if post.state is State.DROPPED else each.state

    async def _read(self, account: Account, platform: Platform) -> bool:
        """Read mentions; True if there may be more of them."""
        cursor = await self.storage.cursor(_place(account))
        after = max(0, cursor - int(OVERLAP_S * SECOND_US))
        seen = await self._asker.ask(account.id, "mentions", lambda: platform.mentions(after))
        fresh = await self._unknown(account, seen or [])
        if seen and not fresh and len(seen) >= PAGE:  # the overlap alone fills the page: go on behind it
            seen = await self._asker.ask(account.id, "mentions", lambda: platform.mentions(cursor))
            fresh = await self._unknown(account, seen or [])
        if not fresh:
            return False
        for author in {each.author for each in fresh if stops(each.text)}:
            await self._opt_out(account, author)
        await self._keep(account, fresh, cursor)
        return len(seen or []) >= PAGE

    async def _unknown(self, account: Account, seen: Sequence[Seen]) -> list[Seen]:
        """Those of which there is no target yet, tamed; never ourselves."""
        now = self.clock.now()
        kept = [each for each in (taken(each, now) for each in seen) if each]
        others = {target_id(account.id, each): each for each in kept if plain(each.author) not in self._ours}
        return [each for place, each in others.items() if await self.storage.target(place) is None]

    async def _keep(self, account: Account, fresh: Sequence[Seen], cursor: int) -> None:
        """Store targets and cursor together."""
        now, topics = self.clock.now(), self._topics(account)
        made = []
        for each in fresh:
            new = target(account.id, each, topics, addressed=True, now=now)
            if new.state is TargetState.OPEN and await self._opted_out(account, each.author):
                new = replace(new, state=TargetState.DISMISSED, because="They asked us to stop.")
            made.append(new)
        reached = max(each.posted_at for each in fresh)
        facts = [self._asker.fact("harvested", account.id, what="mentions", found=len(fresh), new=len(made))]
        facts += [
            self._asker.fact("targeted", account.id, target=t.id, score=t.score, because=t.because)
            for t in made
            if t.state is TargetState.OPEN
        ]
        await self.storage.record(
            Batch(targets=tuple(made), facts=tuple(facts), cursors={_place(account): max(cursor, reached)})
        )

    # --- who wants to be left alone -------------------------------------------------------------------

    async def _opt_out(self, account: Account, author: str) -> None:
        """Take back what is still waiting for this author, then remember the wish: a crash in between repeats it."""
        now = self.clock.now()
        for post in await self.storage.posts(states=_UNANSWERED, account_id=account.id, limit=1_000):
            if post.payload.reply_to and _same(post.payload.reply_to.author, author):
                after = post.after(Event.WITHDRAWN, now=now, reason="they asked us to stop")
                fact = self._asker.fact("withdrawn", account.id, post_id=post.id, reason=after.reason)
                await self.storage.record(Batch(changes=(Change(post, after),), facts=(fact,)))
        if not await self._opted_out(account, author):
            fact = self._asker.fact("opted_out", account.id, author=author)
            await self.storage.record(Batch(cursors={opt_out_place(account.id, author): now}, facts=(fact,)))

    async def _opted_out(self, account: Account, author: str) -> bool:
        return await self.storage.cursor(opt_out_place(account.id, author)) > 0

    # --- answers --------------------------------------------------------------------------------------

    async def _answer(self, account: Account, platform: Platform) -> None:
        """Draft answers to open targets who addressed us, best first."""
        waiting = await self.storage.targets(account_id=account.id, states=(TargetState.OPEN,), limit=1_000)
        addressed = [each for each in waiting if each.addressed]
        if not addressed:
            return
        lately = [post for post in await self.storage.said(account.id, limit=SAID_MAX) if post.kind is Kind.REPLY]
        restraint = Restraint.of(lately, now=self.clock.now())
        for each in addressed[:DRAFTS_MAX]:
            enough = restraint.enough(each.seen)
            if enough:
                await self._dismiss(each, enough)
                continue
            post = await self._draft(account, platform, each, restraint)
            if post is not None:
                restraint.count(post)

    async def _draft(self, account: Account, platform: Platform, each: Target, restraint: Restraint) -> Post | None:
        """Write one answer and store it with its target; None if the rules forbid it or somebody was quicker."""
        known = {Context.SUMMONED}
        if await self._opted_out(account, each.seen.author):
            known.add(Context.OPTED_OUT)
        replies = await self._replier.draft(
            each, platform, brief_id=self.chance.name("brief"), avoid=restraint.texts, courtesy=restraint.courteous
        )
        verdict: Verdict | None = None
        for reply in replies:
            post = self._post(account, each, reply)
            same = await self.storage.said_elsewhere(post.payload.text_hash, account_id=account.id)
            verdict = judge_post(account, post, known | ({Context.SAME_TEXT} if same else set()))
            if verdict.ruling is not Ruling.FORBIDDEN:
                return await self._store(self._approved(account, post, verdict), each, reply)
        why = verdict.rule if verdict else "We have nothing new to say; a like of yours may do."
        await self._dismiss(each, why)
        return None

    def _post(self, account: Account, each: Target, reply: Reply) -> Post:
        """The answer as a proposal; it may go until the conversation is stale."""
        now, name = self.clock.now(), self.chance.name("post")
        seen = each.seen
        until = seen.posted_at + int(STALE_S * SECOND_US)
        place = ReplyTo(parent=seen.ref, root=seen.root or seen.ref, author=seen.author, text=seen.text)
        return Post(
            id=name, account_id=account.id, workspace_id=account.workspace_id, kind=Kind.REPLY, thread_id=name,
            key=mint_tid(now, self.chance.stream("tid")), payload=Payload(text=reply.text, reply_to=place),
            choice=reply.choice, state=State.PROPOSED, since=now, created_at=now, due=until, expires_at=until,
        )  # fmt: skip

    def _approved(self, account: Account, post: Post, verdict: Verdict) -> Post:
        """Let the account's mode decide what nobody has to be asked for; a proposal is due when it becomes stale."""
        if not verdict.allowed or account.mode not in {Mode.AUTO, Mode.VETO}:
            return post
        now = self.clock.now()
        due = now if account.mode is Mode.AUTO else now + int(VETO_S * SECOND_US)
        due = min(due, post.expires_at)
        late = min(post.expires_at, expiry(due))  # a queued answer is too late an hour after its time, as any post
        by = f"{MODE}{account.mode}"
        return replace(post, state=State.QUEUED, due=due, expires_at=late, approved_by=by, approved_at=now)

    async def _store(self, post: Post, each: Target, reply: Reply) -> Post | None:
        """Store the answer and its target together. Lost means that this post of theirs has an answer already."""
        facts = [
            self._asker.fact("planned", post.account_id, post_id=post.id, target=each.id, because=post.choice.because)
        ]
        told = {"writer": reply.choice.writer, "cost": reply.cost}
        facts.append(self._asker.fact("wrote", post.account_id, post_id=post.id, **told))
        if post.approved_by:
            facts.append(self._asker.fact("approved", post.account_id, post_id=post.id, by=post.approved_by))
        facts += [self._asker.fact("fell_back", post.account_id, post_id=post.id, sentence=said) for said in reply.told]
        drafted = replace(each, state=TargetState.DRAFTED, post_id=post.id)
        answer = await self.storage.record(
            Batch(new_posts=(post,), targets=(drafted,), facts=tuple(facts), used=reply.words)
        )
        if isinstance(answer, Lost):
            await self._dismiss(each, "This was answered already.")
            return None
        return post

    async def _dismiss(self, each: Target, because: str) -> None:
        gone = replace(each, state=TargetState.DISMISSED, because=because)
        fact = self._asker.fact("gated", each.account_id, target=each.id, reason="reply", sentence=because)
        await self.storage.record(Batch(targets=(gone,), facts=(fact,)))

    def _topics(self, account: Account) -> Collection[str]:
        """What the account is about: the topics of its writer, and what it searches for."""
        if not self._about:
            self._about = frozenset(cell.topic for cell in self.writer.cells() if cell.topic)
        return self._about | set(account.searches)


def _place(account: Account) -> str:
    return f"mentions:{account.id}"


def _same(one: str, other: str) -> bool:
    return plain(one) == plain(other)
