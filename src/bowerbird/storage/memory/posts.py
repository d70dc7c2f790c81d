"""The posts: claims and lists."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from bowerbird.core.account import Limited, Quota
from bowerbird.core.lifecycle import FINAL, State
from bowerbird.core.lists import Found, Order, Place, Queue, Wanted
from bowerbird.core.post import Post
from bowerbird.storage.checks import GIVEN_UP, checked_limit
from bowerbird.storage.leases import claim_fact, leased
from bowerbird.storage.memory.books import MemoryBooks
from bowerbird.storage.memory.handle import Handle, verb
from bowerbird.storage.memory.ledger import take
from bowerbird.storage.memory.recorder import write_facts
from bowerbird.storage.paging import Candidate, page, place_of
from bowerbird.storage.quotas import NEVER


class MemoryPosts(Handle):
    """Claims are compare-and-set, and a lost race is ordinary."""

    @verb
    def due_accounts(self, *, now: int, limit: int = 100) -> list[str]:
        """Accounts with a claimable post and no hold, longest due first."""
        firsts = [
            (min((p.due for p in _claimable(self.books, a, now=now)), default=None), a) for a in self.books.shelf.queues
        ]
        waiting = sorted((due, account_id) for due, account_id in firsts if due is not None)
        return [account_id for _, account_id in waiting[: checked_limit(limit)]]

    @verb
    def claim_post(
        self, account_id: str, *, now: int, owner: str, until: int, quotas: Sequence[Quota]
    ) -> Post | Limited | None:
        """Take the most due claimable post of this account.

        1. Find it. 2. Reserve what it and, for a head, its later parts need. 3. SENDING, with its fact.
        """
        post = next(_claimable(self.books, account_id, now=now), None)
        if post is None:
            return None
        if refusal := take(self.books, _subjects(self.books, post), quotas, now=now, at=NEVER):
            return refusal
        claimed = leased(post, now=now, owner=owner, until=until)
        self.books.shelf.put(claimed)
        write_facts(self.books, claim_fact(claimed, now=now))
        self.books.mark += 1
        return claimed

    @verb
    def claim_doubt(self, *, now: int, push_until: int) -> Post | None:
        """Take the UNSURE post whose `not_before` passed longest ago, and push it."""
        doubts = [post for post in self.books.shelf.in_state(State.UNSURE) if post.not_before <= now]
        if not doubts:
            return None
        oldest = min(doubts, key=lambda post: (post.not_before, post.id))
        return _push(self.books, oldest.changed(not_before=push_until))

    @verb
    def lapsed_posts(self, *, now: int, heard_after: int, limit: int = 50) -> list[Post]:
        """SENDING posts whose attempt is over, or whose owner was not heard after `heard_after`."""
        alive = {owner.id for owner in self.books.owners.values() if owner.heard_at > heard_after}
        sending = self.books.shelf.in_state(State.SENDING)
        lapsed = [post for post in sending if post.attempt_until <= now or post.owner not in alive]
        return sorted(lapsed, key=lambda post: (post.attempt_until, post.id))[: checked_limit(limit)]

    @verb
    def late_posts(self, *, now: int, limit: int = 50) -> list[Post]:
        """QUEUED posts past `expires_at`, and PROPOSED posts past `due` and `not_before`."""
        missed = [post for post in self.books.shelf.in_state(State.QUEUED) if post.expires_at <= now]
        proposed = self.books.shelf.in_state(State.PROPOSED)
        expired = [post for post in proposed if post.due <= now and post.not_before <= now]
        return _by_due(missed + expired)[: checked_limit(limit)]

    @verb
    def orphaned_posts(self, *, limit: int = 50) -> list[Post]:
        """QUEUED or PROPOSED parts of threads whose previous part came to rest without being PUBLISHED."""
        broken = FINAL - {State.PUBLISHED}
        waiting = self.books.shelf.in_state(State.QUEUED, State.PROPOSED)
        pairs = ((post, self.books.shelf.previous(post)) for post in waiting)
        return _by_due(post for post, head in pairs if head and head.state in broken)[: checked_limit(limit)]

    @verb
    def claim_look(self, *, now: int, push_until: int, limit: int = 25) -> list[Post]:
        """Take PUBLISHED posts of the account that waits longest, and push their `look_at`."""
        looks, shelf = self.books.shelf.looks, self.books.shelf
        if not looks or looks[0][0] > now:
            return []
        _, account_id, _ = looks[0]
        waiting = looks[: bisect_left(looks, (now + 1,))]
        passed = [post_id for _, of_account, post_id in waiting if of_account == account_id]
        chosen = [shelf.by_id[post_id] for post_id in passed[: checked_limit(limit)]]
        return [_push(self.books, post.changed(look_at=push_until)) for post in chosen]

    @verb
    def coming_looks(self, *, limit: int = 50) -> list[Post]:
        """PUBLISHED posts that are to be measured again, the soonest look first."""
        shelf = self.books.shelf
        return [shelf.by_id[post_id] for _, _, post_id in shelf.looks[: checked_limit(limit)]]

    @verb
    def post(self, post_id: str) -> Post | None:
        """One post by its id."""
        return self.books.shelf.by_id.get(post_id)

    @verb
    def thread(self, thread_id: str) -> list[Post]:
        """All parts of a thread, in order."""
        return self.books.shelf.of_thread(thread_id)

    @verb
    def threads(self, thread_ids: Collection[str]) -> Mapping[str, list[Post]]:
        """All parts of each of these threads, in order; a thread nobody knows is left out."""
        return {thread_id: parts for thread_id in thread_ids if (parts := self.books.shelf.of_thread(thread_id))}

    @verb
    def find_posts(
        self,
        wanted: Wanted,
        *,
        order: Order = Order.DUE,
        newest_first: bool = True,
        after: Place | None = None,
        limit: int = 50,
    ) -> Found:
        """One page of the posts that are wanted, from where the page before it ended."""
        candidates = sorted(_candidates(self.books, wanted, order), key=place_of, reverse=newest_first)
        if after is not None:
            here = (after.at, after.id)
            past = (c for c in candidates if (place_of(c) < here if newest_first else place_of(c) > here))
            candidates = list(past)
        ids, on = page(candidates, wanted.words, checked_limit(limit))
        return Found(tuple(self.books.shelf.by_id[post_id] for post_id in ids), on)

    @verb
    def posts(
        self,
        *,
        states: Sequence[State] = (),
        account_id: str = "",
        before: int | None = None,
        limit: int = 50,
        newest_first: bool = True,
    ) -> list[Post]:
        """Posts by due time; `before` bounds `due` in either order."""
        shelf, most = self.books.shelf, checked_limit(limit)
        if account_id and newest_first:  # the account's own index has them in this order
            mine = (shelf.by_id[post_id] for _, post_id in reversed(shelf.accounts.get(account_id, [])))
            wanted = (p for p in mine if (not states or p.state in states) and (before is None or p.due < before))
            return list(islice(wanted, most))
        found = shelf.in_state(*dict.fromkeys(states or State))
        wanted = (p for p in found if account_id in {"", p.account_id} and (before is None or p.due < before))
        return _by_due(wanted, newest_first=newest_first)[:most]

    @verb
    def said(self, account_id: str, *, limit: int = 500) -> list[Post]:
        """The newest posts of this account, by due time, that are not REJECTED or DROPPED."""
        places = reversed(self.books.shelf.accounts.get(account_id, []))
        found = (self.books.shelf.by_id[post_id] for _, post_id in places)
        said = (post for post in found if post.state not in GIVEN_UP)
        return [post for post, _ in zip(said, range(checked_limit(limit)), strict=False)]

    @verb
    def said_elsewhere(self, text_hash: str, *, account_id: str) -> bool:
        """True if another account has, or will have, said exactly this."""
        found = (self.books.shelf.by_id[post_id] for post_id in self.books.shelf.hashes.get(text_hash, ()))
        return any(post.account_id != account_id and post.state not in GIVEN_UP for post in found)

    @verb
    def count_posts(self) -> Mapping[tuple[str, State], int]:
        """How many posts each account has in each state; a state without posts is left out."""
        return {place: n for place, n in self.books.shelf.tallies.items() if n}

    @verb
    def queues(self) -> Mapping[str, Queue]:
        """How far the QUEUED posts of each account reach; an account without any is left out."""
        waiting = {
            account_id: sorted((due, post_id) for due, _, _, post_id in line)
            for account_id, line in self.books.shelf.queues.items()
            if line
        }
        return {account_id: Queue(line[0][1], line[0][0], line[-1][0]) for account_id, line in waiting.items()}


def _candidates(books: MemoryBooks, wanted: Wanted, order: Order) -> Iterator[Candidate]:
    for post in books.shelf.in_state(*dict.fromkeys(wanted.states or State)):
        at: int | None = getattr(post, order)
        if at is None or wanted.account_id not in {"", post.account_id} or wanted.kind not in {None, post.kind}:
            continue
        yield at, post.id, post.payload.text


def _claimable(books: MemoryBooks, account_id: str, *, now: int) -> Iterator[Post]:
    """The claimable posts of one account, most due first; its answers after them, however long they have waited."""
    if any(h.account_id == account_id and (h.until is None or h.until > now) for h in books.holds.values()):
        return
    answers = []
    for due, is_reply, _, post_id in books.shelf.queues.get(account_id, ()):
        if due > now:
            break
        post = books.shelf.by_id[post_id]
        if post.withdrawn or not post.not_before <= now < post.expires_at or not _is_next(books, post):
            continue
        if is_reply:
            answers.append(post)
        else:
            yield post
    yield from answers


def _is_next(books: MemoryBooks, post: Post) -> bool:
    previous = books.shelf.previous(post)
    return post.part == 0 or (previous is not None and previous.state is State.PUBLISHED)


def _subjects(books: MemoryBooks, post: Post) -> list[str]:
    """Whose quota this claim takes: a head's claim takes it for every part that is still to be sent."""
    if post.part or post.parts == 1:
        return [post.id]
    waiting = {State.QUEUED, State.PROPOSED}
    return [part.id for part in books.shelf.of_thread(post.id) if part.state in waiting]


def _push(books: MemoryBooks, post: Post) -> Post:
    books.shelf.put(post)
    books.mark += 1
    return post


def _by_due(posts: Iterable[Post], *, newest_first: bool = False) -> list[Post]:
    return sorted(posts, key=lambda post: (post.due, post.id), reverse=newest_first)
