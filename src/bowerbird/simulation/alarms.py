"""When a worker with nothing to do should look again.

A real engine asks every few seconds; a simulated day would be spent on asking. So the workers sleep until the
next instant at which anything can have become due, and never longer than `IDLE_MAX_S`.
"""

from __future__ import annotations

from collections.abc import Iterable

from bowerbird.core.account import Hold, HoldKind
from bowerbird.core.lifecycle import FINAL, State
from bowerbird.core.post import SECOND_US, Post

IDLE_MAX_S = 7_200.0
"""Longest sleep, seconds."""
SILENCE_S = 11.0
"""After this long without a word from its owner, a post that is being sent is worth a look (seconds)."""
SOON_S = 5.0
"""What is too late or orphaned already is swept this soon, seconds."""
AGAIN_S = 60.0
"""How soon a lease or a doubt is looked at again that should have been settled by now, seconds."""
RENEW_S = 300.0
"""How often a signed-out session is tried again, seconds."""

_WAITING = frozenset({State.PROPOSED, State.QUEUED})


def publish_at(posts: Iterable[Post], holds: Iterable[Hold], *, now: int) -> int:
    """The next instant at which a post can become claimable."""
    instants = [max(post.due, post.not_before) for post in posts if post.state in _WAITING]
    return _next([*instants, *(hold.until for hold in holds if hold.until)], now=now)


def settle_at(posts: Iterable[Post], holds: Iterable[Hold], *, now: int) -> int:
    """The next instant at which a lease can lapse or a doubt can be looked at."""
    instants = []
    for post in posts:
        if post.state is State.SENDING:
            lapses = [post.attempt_until + 1, post.since + int(SILENCE_S * SECOND_US)]
            # Past both: nothing is settled while the wall is not trusted, so ask again.
            instants += lapses if max(lapses) > now else [now + int(AGAIN_S * SECOND_US)]
        elif post.state is State.UNSURE:
            instants.append(post.not_before if post.not_before > now else now + int(AGAIN_S * SECOND_US))
    return _next(instants, now=now)


def sweep_at(posts: Iterable[Post], holds: Iterable[Hold], *, now: int) -> int:
    """The next instant at which something is too late, orphaned, or a session worth trying again."""
    ended = {(post.thread_id, post.part) for post in posts if post.state in FINAL - {State.PUBLISHED}}
    instants = [now + int(RENEW_S * SECOND_US) for hold in holds if hold.kind is HoldKind.SIGNED_OUT]
    soon = now + int(SOON_S * SECOND_US)
    for post in posts:
        if post.state in _WAITING:
            late_at = post.due + 1 if post.state is State.PROPOSED else post.expires_at + 1
            orphan = (post.thread_id, post.part - 1) in ended
            instants.append(soon if orphan else max(late_at, soon))
    return _next(instants, now=now)


def _next(instants: Iterable[int], *, now: int) -> int:
    idle_until = now + int(IDLE_MAX_S * SECOND_US)
    return min((at for at in instants if now < at < idle_until), default=idle_until)
