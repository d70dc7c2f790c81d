"""Why a post that is due is not sent yet, in one sentence: pure. The reason that holds it first is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bowerbird.core.account import Hold, Limited
from bowerbird.core.health import Light
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US, Post
from bowerbird.core.story import span
from bowerbird.dashboard.limits import plain
from bowerbird.dashboard.proof import LATE_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What stands around the posts that are due.

    Args:
        holds: of each account. spared: why the host of an account is asked nothing, where its breaker is not closed.
        limited: of each post: the limits into which it does not fit just now.
        threads: the parts of those threads of which a later part is due.
        paused: why the lane in which posts are sent stands still; empty if it does not.
    """

    now: int
    holds: Mapping[str, Sequence[Hold]] = field(default_factory=dict)
    spared: Mapping[str, str] = field(default_factory=dict)
    limited: Mapping[str, Sequence[Limited]] = field(default_factory=dict)
    threads: Mapping[str, Sequence[Post]] = field(default_factory=dict)
    paused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Why it waits: a light with its word, a sentence, and until when, where that is known (microseconds)."""

    light: Light
    word: str
    sentence: str
    until: int | None = None


def why(post: Post, around: Around) -> Wait:
    """Say why a post that is due is not sent yet: the first of `REASONS` that holds it, or that nothing does."""
    found = (reason(post, around) for reason in REASONS)
    return next((wait for wait in found if wait is not None), None) or _nothing(post, around)


def _taken_back(post: Post, around: Around) -> Wait | None:
    return Wait(light=Light.GREY, word="taken back", sentence="It is not sent any more.") if post.withdrawn else None


def _held(post: Post, around: Around) -> Wait | None:
    holds = around.holds.get(post.account_id, ())
    if not holds:
        return None
    said = (holds[0].why or "it did not say why").rstrip(".")
    sentence = f"Its account is held, {holds[0].kind}: {said}."
    return Wait(light=Light.AMBER, word="held", sentence=sentence, until=holds[0].until)


def _paused(post: Post, around: Around) -> Wait | None:
    if not around.paused:
        return None
    return Wait(light=Light.AMBER, word="paused", sentence=f"The {around.paused.rstrip('.')}.")


def _spared(post: Post, around: Around) -> Wait | None:
    said = around.spared.get(post.account_id)
    return Wait(light=Light.AMBER, word="spared", sentence=said) if said else None


def _later(post: Post, around: Around) -> Wait | None:
    if post.not_before <= around.now:
        return None
    said = f": {post.reason.rstrip('.')}" if post.reason else ""
    return Wait(light=Light.AMBER, word="waits", sentence=f"It is tried again later{said}.", until=post.not_before)


def _in_thread(post: Post, around: Around) -> Wait | None:
    before = next((one for one in around.threads.get(post.thread_id, ()) if one.part == post.part - 1), None)
    if before is None or before.state is State.PUBLISHED:
        return None
    light = Light.AMBER if _late(post, around) else Light.GREEN
    return Wait(light=light, word="follows", sentence=f"Part {post.part} of its thread is not out yet.")


def _full(post: Post, around: Around) -> Wait | None:
    """The limit that is full for longest."""
    worst = max(around.limited.get(post.id, ()), key=lambda one: one.retry_at, default=None)
    if worst is None:
        return None
    used, most = plain(worst.used), plain(worst.quota.max)
    sentence = f"A limit is full: {used:,} of {most:,} {worst.quota.unit} within {span(worst.quota.window_s)}."
    return Wait(light=Light.AMBER, word="limit full", sentence=sentence, until=worst.retry_at)


def _nothing(post: Post, around: Around) -> Wait:
    if _late(post, around):
        return Wait(light=Light.RED, word="late", sentence="Nothing holds it, and it was not sent.")
    return Wait(light=Light.GREEN, word="goes now", sentence="Nothing holds it; it is taken at the next look.")


def _late(post: Post, around: Around) -> bool:
    return around.now - max(post.due, post.not_before) > LATE_S * SECOND_US


REASONS = (_taken_back, _held, _paused, _spared, _later, _in_thread, _full)
"""What may hold a post, in the order in which it does."""
