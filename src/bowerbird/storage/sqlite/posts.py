"""The posts: claims and lists."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from heapq import merge
from itertools import islice

from bowerbird.core.account import Limited, Quota
from bowerbird.core.books import Change
from bowerbird.core.lifecycle import State
from bowerbird.core.lists import Found, Order, Place, Queue, Wanted
from bowerbird.core.post import Post
from bowerbird.storage import rows, tallies
from bowerbird.storage import statements as s
from bowerbird.storage.checks import GIVEN_UP, checked_limit
from bowerbird.storage.leases import claim_fact, leased
from bowerbird.storage.paging import page, place_of
from bowerbird.storage.quotas import NEVER
from bowerbird.storage.sqlite.handle import Handle, reading, writing
from bowerbird.storage.sqlite.ledger import take
from bowerbird.storage.sqlite.recorder import write_change, write_facts
from bowerbird.storage.sqlite.tx import Line, Tx

_DUE, _ID = (list(s.POST.selected_columns.keys()).index(name) for name in ("due", "id"))


class SqlitePosts(Handle):
    """Claims are compare-and-set, and a lost race is ordinary."""

    @reading
    def due_accounts(self, tx: Tx, *, now: int, limit: int = 100) -> list[str]:
        """Accounts with a claimable post and no hold, longest due first."""
        return [line[0] for line in tx.all(s.DUE_ACCOUNTS, now=now, limit=checked_limit(limit))]

    @writing
    def claim_post(
        self, tx: Tx, account_id: str, *, now: int, owner: str, until: int, quotas: Sequence[Quota]
    ) -> Post | Limited | None:
        """Take the most due claimable post of this account.

        1. Find it. 2. Reserve what it and, for a head, its later parts need. 3. SENDING, with its fact.
        """
        line = tx.one(s.CLAIMABLE, account_id=account_id, now=now)
        if line is None:
            return None
        post = rows.post_of(line)
        if refusal := take(tx, _subjects(tx, post), quotas, now=now, at=NEVER):
            return refusal
        claimed = leased(post, now=now, owner=owner, until=until)
        write_change(tx, Change(post, claimed))
        write_facts(tx, claim_fact(claimed, now=now))
        return claimed

    @writing
    def claim_doubt(self, tx: Tx, *, now: int, push_until: int) -> Post | None:
        """Take the UNSURE post whose `not_before` passed longest ago, and push it."""
        line = tx.one(s.DOUBT, now=now)
        if line is None:
            return None
        post = rows.post_of(line)
        return _pushed(tx, post, post.changed(not_before=push_until))

    @reading
    def lapsed_posts(self, tx: Tx, *, now: int, heard_after: int, limit: int = 50) -> list[Post]:
        """SENDING posts whose attempt is over, or whose owner was not heard after `heard_after`."""
        lines = tx.all(s.LAPSED, now=now, heard_after=heard_after, limit=checked_limit(limit))
        return [rows.post_of(line) for line in lines]

    @reading
    def late_posts(self, tx: Tx, *, now: int, limit: int = 50) -> list[Post]:
        """QUEUED posts past `expires_at`, and PROPOSED posts past `due` and `not_before`."""
        most = checked_limit(limit)
        late = [line for statement in (s.MISSED, s.EXPIRED) for line in tx.all(statement, now=now, limit=most)]
        return _by_due(late)[:most]

    @reading
    def orphaned_posts(self, tx: Tx, *, limit: int = 50) -> list[Post]:
        """QUEUED or PROPOSED parts of threads whose previous part came to rest without being PUBLISHED."""
        return _by_due(tx.all(s.ORPHANED, limit=checked_limit(limit)))

    @writing
    def claim_look(self, tx: Tx, *, now: int, push_until: int, limit: int = 25) -> list[Post]:
        """Take PUBLISHED posts of the account that waits longest, and push their `look_at`."""
        first = tx.one(s.LOOK_ACCOUNT, now=now)
        if first is None:
            return []
        posts = map(rows.post_of, tx.all(s.LOOKS, account_id=first[0], now=now, limit=checked_limit(limit)))
        return [_pushed(tx, post, post.changed(look_at=push_until)) for post in posts]

    @reading
    def coming_looks(self, tx: Tx, *, limit: int = 50) -> list[Post]:
        """PUBLISHED posts that are to be measured again, the soonest look first."""
        return [rows.post_of(line) for line in tx.all(s.COMING_LOOKS, limit=checked_limit(limit))]

    @reading
    def post(self, tx: Tx, post_id: str) -> Post | None:
        """One post by its id."""
        line = tx.one(s.POST, id=post_id)
        return None if line is None else rows.post_of(line)

    @reading
    def thread(self, tx: Tx, thread_id: str) -> list[Post]:
        """All parts of a thread, in order."""
        return [rows.post_of(line) for line in tx.all(s.THREAD, thread_id=thread_id)]

    @reading
    def threads(self, tx: Tx, thread_ids: Collection[str]) -> Mapping[str, list[Post]]:
        """All parts of each of these threads, in order; a thread nobody knows is left out."""
        found = {thread_id: tx.all(s.THREAD, thread_id=thread_id) for thread_id in thread_ids}
        return {thread_id: [rows.post_of(line) for line in lines] for thread_id, lines in found.items() if lines}

    @reading
    def find_posts(
        self,
        tx: Tx,
        wanted: Wanted,
        *,
        order: Order = Order.DUE,
        newest_first: bool = True,
        after: Place | None = None,
        limit: int = 50,
    ) -> Found:
        """One page of the posts that are wanted: a line per state, merged, read no further than the page reaches."""
        statement = s.find_posts(
            order, wanted.kind, of_account=bool(wanted.account_id), goes_on=after is not None, newest_first=newest_first
        )
        values: dict[str, str | int] = {"account_id": wanted.account_id}
        if after is not None:
            values |= {"after_at": after.at, "after_id": after.id}
        states = dict.fromkeys(wanted.states or State)
        lines = (tx.lines(statement, state=state.value, **values) for state in states)
        candidates = merge(*lines, key=place_of, reverse=newest_first)
        ids, on = page(candidates, wanted.words, checked_limit(limit))
        found = (tx.one(s.POST, id=post_id) for post_id in ids)
        return Found(tuple(rows.post_of(line) for line in found if line is not None), on)

    @reading
    def posts(
        self,
        tx: Tx,
        *,
        states: Sequence[State] = (),
        account_id: str = "",
        before: int | None = None,
        limit: int = 50,
        newest_first: bool = True,
    ) -> list[Post]:
        """Posts by due time; `before` bounds `due` in either order."""
        return _listed(tx, states or tuple(State), account_id, before, limit, newest_first=newest_first)

    @reading
    def said(self, tx: Tx, account_id: str, *, limit: int = 500) -> list[Post]:
        """The newest posts of this account, by due time, that are not REJECTED or DROPPED."""
        said = tuple(state for state in State if state not in GIVEN_UP)
        return _listed(tx, said, account_id, None, limit, newest_first=True)

    @reading
    def said_elsewhere(self, tx: Tx, text_hash: str, *, account_id: str) -> bool:
        """True if another account has, or will have, said exactly this."""
        return tx.one(s.SAID_ELSEWHERE, text_hash=text_hash, account_id=account_id) is not None

    @reading
    def count_posts(self, tx: Tx) -> Mapping[tuple[str, State], int]:
        """How many posts each account has in each state; a state without posts is left out."""
        return {(account_id, State(state)): n for account_id, state, n in tx.all(tallies.TALLIES)}

    @reading
    def queues(self, tx: Tx) -> Mapping[str, Queue]:
        """How far the QUEUED posts of each account reach; an account without any is left out."""
        return {account_id: Queue(*reach) for account_id, *reach in tx.all(tallies.QUEUES)}


def _subjects(tx: Tx, post: Post) -> list[str]:
    """Whose quota this claim takes: a head's claim takes it for every part that is still to be sent."""
    if post.part or post.parts == 1:
        return [post.id]
    waiting = {State.QUEUED, State.PROPOSED}
    parts = map(rows.post_of, tx.all(s.THREAD, thread_id=post.id))
    return [part.id for part in parts if part.state in waiting]


def _pushed(tx: Tx, before: Post, after: Post) -> Post:
    write_change(tx, Change(before, after))
    return after


def _listed(
    tx: Tx, states: Sequence[State], account_id: str, before: int | None, limit: int, *, newest_first: bool
) -> list[Post]:
    """One short list per state, in the order of its index, merged."""
    statement = s.list_posts(of_account=bool(account_id), bounded=before is not None, newest_first=newest_first)
    values = {"account_id": account_id, "before": before, "limit": checked_limit(limit)}
    found = [line for state in dict.fromkeys(states) for line in tx.all(statement, state=state.value, **values)]
    found.sort(key=_place, reverse=newest_first)
    return [rows.post_of(line) for line in islice(found, checked_limit(limit))]


def _place(line: Line) -> tuple[int, str]:
    return line[_DUE], line[_ID]


def _by_due(lines: Iterable[Line]) -> list[Post]:
    return [rows.post_of(line) for line in sorted(lines, key=_place)]
