"""Look at the account's own timeline, and compare it with the books, both ways.

The ancestor had 92 posts live that its database did not know, and its first audit said "none", because the audit's
own look had failed. So: what stands there and is not in the books is the proof of an attempt that was given up, a
second copy, or somebody else's; what the books call published and the timeline does not show is looked for once
more; and who cannot see says that, and no number. One of ours that vanished counts as missing for a day, whoever
noticed it first: a platform that said yes and did not mean it must not be put right in silence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bowerbird.core.account import Account, HoldKind
from bowerbird.core.books import Batch, Change, Lost
from bowerbird.core.errors import PlatformError, SignedOut
from bowerbird.core.facts import Fact
from bowerbird.core.findings import Seen
from bowerbird.core.gauge import Sample
from bowerbird.core.holding import signed_out
from bowerbird.core.lifecycle import Event, State
from bowerbird.core.ports import Absent, Clock, Found, Gone, Platform, Unknown
from bowerbird.core.post import SECOND_US, Post
from bowerbird.posting.matching import MAY_STAND, attempts_of, compare, twin_of, vanished
from bowerbird.posting.pacing import ALONE, Shared, audit_every_s
from bowerbird.posting.proof import confirm_late
from bowerbird.posting.publisher import Books
from bowerbird.posting.together import together

LOOK_S = 25.0
"""How long one look at a timeline may take, seconds."""
SHOWN_MAX = 50
"""Posts of a timeline that one look reads."""
BOOKED_MAX = 300
"""Posts of the books that they are compared with: several times as many."""
EARLY_S = 86_400.0
"""What left while the wall clock was ahead is due only later, once it was set right: by so much at most, seconds."""
DEEP_MAX = 100
"""The same while there are strangers down to the last one shown: there may be more behind it."""
STRANGERS_MAX = 25
"""Strangers looked into at one time; the rest the next time."""
GONE_MAX = 25
"""Posts that are not shown, and looked for once more, at one time."""
AT_ONCE_MAX = 4
"""Accounts looked at at the same time."""
FOREIGN_S = 86_400.0
"""For so long a foreign post counts after it was first seen, seconds: by then somebody knows, or never will."""
MISSING_S = 86_400.0
"""The same for one of ours, after it was seen to be gone."""
TOLD = ("foreign_post", "duplicate_seen")
TOLD_MAX = 500


@dataclass
class View:
    """What is known of one account's timeline since the engine started.

    Args:
        due_at, seen_at: on the monotonic clock, seconds; `seen_at` starts with the first look.
        clear: the last look saw.
        told: when each remote id was told as foreign (0: as a second copy), microseconds.
        deep: there may be strangers behind the last one shown.
        foreign: those foreign ones that stand there now; `missing`: our posts that are gone at the first look.
        vanished: since when each of ours is known to be gone that we did not take back, by post id.
    """

    due_at: float
    seen_at: float
    clear: bool = False
    deep: bool = False
    told: dict[str, int] | None = None
    foreign: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    vanished: Mapping[str, int] = field(default_factory=dict)
    verdict: tuple[Any, ...] = ()


@dataclass
class Audit:
    """Compares timelines with the books.

    Args:
        platforms: the adapter of each account, by account id.
        every_s: an account is looked at at most this often, seconds.
        share: of the reads that a platform allows, which looking may take.
        first_look_s: how long after a late proof the first reading is due, seconds.
    """

    storage: Books
    platforms: Mapping[str, Platform]
    clock: Clock
    every_s: float = 20.0
    share: float = 0.1
    first_look_s: float = 60.0
    shared: Shared = ALONE
    by: str = "audit"
    _views: dict[str, View] = field(default_factory=dict)

    async def audit_once(self) -> bool:
        """Look at the timelines that are due, a few at the same time, so that one that hangs keeps no other.

        1. Read the timeline; one that cannot be seen says nothing about any post.
        2. What stands there and is not published in the books: the proof of an attempt (then it is published), a
           second copy, or a foreign post, each told once.
        3. What the books call published and the timeline does not show is asked for by its id. Gone twice in a row,
           it is removed, and counts as missing for a day, unless we took it back ourselves.

        Return True if others are due already.
        """
        accounts = {account.id: account for account in await self.storage.accounts() if account.id in self.platforms}
        held = {h.account_id for h in await self.storage.holds(now=self.clock.now()) if h.kind is HoldKind.SIGNED_OUT}
        self._views = {name: view for name, view in self._views.items() if name in accounts}
        due = [account for account in accounts.values() if self._view(account.id).due_at <= self.clock.monotonic()]
        due.sort(key=lambda account: self._view(account.id).due_at)
        for account in due[:AT_ONCE_MAX]:
            every_s = audit_every_s(account, accounts.values(), self.share, least_s=self.every_s)
            self._view(account.id).due_at = self.clock.monotonic() + every_s
        await together(self._audit(account, resting=account.id in held) for account in due[:AT_ONCE_MAX])
        return len(due) > AT_ONCE_MAX

    def _view(self, account_id: str) -> View:
        now = self.clock.monotonic()
        return self._views.setdefault(account_id, View(due_at=now, seen_at=now))

    async def _audit(self, account: Account, *, resting: bool) -> None:
        view, began_at = self._view(account.id), self.clock.now()
        shown = Unknown(why="it is signed out") if resting else await self._timeline(account.id, view)
        view.clear = not isinstance(shown, Unknown)
        if isinstance(shown, Unknown):
            view.vanished = vanished(await self._posts(account.id, State.REMOVED), ())
            view.foreign = self._fresh(view, view.foreign)
            await self._tell(account, view, (False,), {"seen": None, "why": shown.why})
            return
        view.seen_at = self.clock.monotonic()
        settle_s = self.platforms[account.id].capabilities.settle_s
        standing = await self._posts(account.id, State.PUBLISHED)  # first: what is removed just now is in both
        removed = await self._posts(account.id, State.REMOVED)
        view.vanished, stand = vanished(removed, shown), [*standing, *removed]
        settled_at = began_at - int(settle_s * SECOND_US)
        gap = compare(shown, stand, whole=len(shown) < _depth(view), settled_at=settled_at)
        view.deep = bool(gap.strangers) and gap.strangers[-1] == shown[-1]
        proved = await self._strangers(account, view, gap.strangers, stand)
        await self._unshown(account, view, gap.unshown)
        counts = {"proved": proved, "foreign": len(view.foreign), "missing": self._missing(view)}
        await self._tell(account, view, (True, *counts.values()), {"seen": len(shown), **counts})

    async def _timeline(self, account_id: str, view: View) -> list[Seen] | Unknown:
        try:
            async with asyncio.timeout(LOOK_S):
                return await self.platforms[account_id].own_posts(_depth(view))
        except TimeoutError:
            return Unknown(why=f"no answer within {LOOK_S:g} s")
        except SignedOut as error:
            await self.storage.record(signed_out(account_id, error, at=self.clock.now(), by=self.by))
            return Unknown(why=str(error))
        except PlatformError as error:
            return Unknown(why=str(error))

    async def _posts(self, account_id: str, *states: State) -> list[Post]:
        return await self.storage.posts(
            states=states, account_id=account_id, before=self.clock.now() + int(EARLY_S * SECOND_US), limit=BOOKED_MAX
        )

    # --- on the timeline, and not in the books -----------------------------------------------------------------

    async def _strangers(self, account: Account, view: View, found: Sequence[Seen], stand: Sequence[Post]) -> int:
        """Explain what is not in the books; return how many of them were proofs."""
        told = await self._told(account.id, view)
        new = [one for one in found if one.ref.id not in told and one.posted_at >= account.created_at]
        tried = await self._posts(account.id, *MAY_STAND) if new else []
        # Read last, so that what was confirmed since the books were read is in one of the two.
        stands = await self._posts(account.id, State.PUBLISHED) if new else []
        known = {post.remote.id for post in stands if post.remote}
        new = [one for one in new if one.ref.id not in known]
        proofs = [await self._explain(account, told, one, tried, stand) for one in new[:STRANGERS_MAX]]
        view.foreign = self._fresh(view, (one.ref.id for one in found))
        return sum(proofs)

    async def _explain(
        self, account: Account, told: dict[str, int], seen: Seen, tried: Sequence[Post], stand: Sequence[Post]
    ) -> bool:
        """Say what a stranger is; True if it is the proof of an attempt that was given up.

        What is being sent just now, what was sent so lately that a look may be behind the timeline, and what cannot be
        told, is no stranger yet.
        """
        for post in attempts_of(seen, tried):
            if post.state is State.SENDING:
                return False
            look = await self.platforms[account.id].resolve(post)
            if isinstance(look, Unknown) or (isinstance(look, Absent) and self._unsettled(post)):
                return False
            if isinstance(look, Found) and look.ref.id == seen.ref.id:
                now = self.clock.now()
                look_at = now + int(self.first_look_s * SECOND_US)
                await confirm_late(
                    self.storage, post, look.ref, now=now, look_at=look_at, by=self.by, shared=self.shared
                )
                return True
        twin = twin_of(seen, stand)
        kind = "duplicate_seen" if twin else "foreign_post"
        data: dict[str, Any] = {"remote_id": seen.ref.id, "url": seen.ref.url, "posted_at": seen.posted_at}
        data |= {"known_id": twin.remote.id} if twin and twin.remote else {}
        await self.storage.record(Batch(facts=(self._fact(kind, account.id, data, twin.id if twin else ""),)))
        told[seen.ref.id] = 0 if twin else self.clock.now()
        return False

    def _unsettled(self, post: Post) -> bool:
        """Whether a doubt is too young for a look to prove anything."""
        settle_us = int(self.platforms[post.account_id].capabilities.settle_s * SECOND_US)
        return post.state is State.UNSURE and self.clock.now() < post.attempt_until + settle_us

    def _fresh(self, view: View, ids: Iterable[str]) -> frozenset[str]:
        """Those of these that were told as foreign not too long ago."""
        edge, told = self.clock.now() - int(FOREIGN_S * SECOND_US), view.told or {}
        return frozenset(one for one in ids if told.get(one, 0) > edge)

    async def _told(self, account_id: str, view: View) -> dict[str, int]:
        """The remote ids that were told before, also by an engine that is no more, with when they were foreign."""
        if view.told is None:
            facts = await self.storage.newest_facts(kinds=TOLD, account_id=account_id, limit=TOLD_MAX)
            foreign = {str(f.data.get("remote_id")): f.at if f.kind == "foreign_post" else 0 for f in facts}
            view.told = foreign
        return view.told

    # --- in the books, and not on the timeline -----------------------------------------------------------------

    async def _unshown(self, account: Account, view: View, posts: Sequence[Post]) -> None:
        """Ask for each by its id; what is gone now and was gone before is removed."""
        gone = await self._gone(account.id, posts[:GONE_MAX])
        if gone is None:
            return  # nobody knows more than before
        twice = [post for post in gone if post.id in view.missing]
        for post in twice:
            after = post.after(Event.GONE, now=self.clock.now(), reason="gone", look_at=None)
            fact = self._fact("gone", account.id, {"seen_by": "audit"}, post.id)
            # Lost is ordinary: measuring saw it too, or a person took it back.
            if not isinstance(await self.storage.record(Batch(changes=(Change(post, after),), facts=(fact,))), Lost):
                view.vanished = {**view.vanished, post.id: after.since}
        view.missing = frozenset(post.id for post in gone) - {post.id for post in twice}

    async def _gone(self, account_id: str, posts: Sequence[Post]) -> list[Post] | None:
        """Those of these posts that are not there; None if nobody could say."""
        refs = [post.remote for post in posts if post.remote]
        if not refs:
            return []
        try:
            async with asyncio.timeout(LOOK_S):
                answers = await self.platforms[account_id].counts(refs)
        except SignedOut as error:
            await self.storage.record(signed_out(account_id, error, at=self.clock.now(), by=self.by))
            return None
        except (PlatformError, TimeoutError):
            return None
        return [post for post in posts if post.remote and isinstance(answers.get(post.remote.id), Gone)]

    def _missing(self, view: View) -> int:
        """How many are gone: those that the last look missed, and those that vanished within a day."""
        edge = self.clock.now() - int(MISSING_S * SECOND_US)
        return len(view.missing | {post_id for post_id, at in view.vanished.items() if at > edge})

    # --- telling ---------------------------------------------------------------------------------------------------

    async def _tell(self, account: Account, view: View, verdict: tuple[Any, ...], data: dict[str, Any]) -> None:
        """Tell what came out, unless it is what came out the last time."""
        if verdict != view.verdict:
            view.verdict = verdict
            await self.storage.record(Batch(facts=(self._fact("audited", account.id, data),)))

    def _fact(self, kind: str, account_id: str, data: dict[str, Any], post_id: str = "") -> Fact:
        return Fact(kind=kind, at=self.clock.now(), by=self.by, account_id=account_id, post_id=post_id, data=data)

    def samples(self) -> list[Sample]:
        """How long ago each timeline was seen; that there is no gap only where the last look saw.

        What is known to have vanished, or to be foreign, is told also by who cannot see just now: that nobody looks
        ends nothing.
        """
        now, found = self.clock.monotonic(), []
        for account_id, view in self._views.items():
            labels = {"account": account_id}
            found.append(Sample(name="bowerbird_truth_seen_seconds", value=now - view.seen_at, labels=labels))
            if view.foreign or view.clear:
                found.append(Sample(name="bowerbird_truth_foreign_posts", value=len(view.foreign), labels=labels))
            if (missing := self._missing(view)) or view.clear:
                found.append(Sample(name="bowerbird_truth_missing_posts", value=missing, labels=labels))
        return found


def _depth(view: View) -> int:
    return DEEP_MAX if view.deep else SHOWN_MAX
