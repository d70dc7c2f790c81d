"""Whether the work that was due is done, and when that was last proven on a platform: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bowerbird.core.health import Light
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US, Post
from bowerbird.core.story import count, span
from bowerbird.dashboard.layers import Picture, total

LATE_S = 60.0
"""Due work that is not done for so long is red: as long as the slowest promise of an alert about it."""
QUIET_S = 300.0
"""Nothing due for so long is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How it stands with the work that was due.

    Args:
        word: the state in a word.
        proven_at: when a platform last confirmed a post of ours, None if none ever did (microseconds).
        quiet_since: when something was last due, where that is a while ago.
        late_since: when the oldest of what is late was due.
    """

    light: Light
    word: str
    sentence: str
    proven_at: int | None = None
    quiet_since: int | None = None
    late_since: int | None = None


def proof(p: Picture) -> Proof:
    """Judge the due work.

    1. What is due, may be sent, and was not for `LATE_S`, is red: nothing explains it.
    2. What was sent and is not proven yet is amber: somebody looks.
    3. What is due and held back is amber: a person, or a session, is waited for.
    4. Else all is done, and the clock of the last proof says how fresh that is.
    """
    proven_at = max((post.published_at for post in p.published if post.published_at), default=None)
    due = [post for post in p.upcoming if post.state is State.QUEUED and post.due <= p.now]
    held = {hold.account_id for hold in p.holds}
    late = [post for post in due if post.account_id not in held and max(post.due, post.not_before) <= _late(p)]
    if late:
        since = min(post.due for post in late)
        waits = f"{count(len(late), 'post is', 'posts are')} due and not sent, the oldest for {_for(p, since)}."
        return Proof(light=Light.RED, word="late", sentence=waits, proven_at=proven_at, late_since=since)
    doubt = total(p, State.UNSURE) + total(p, State.PARKED)
    if doubt:
        sentence = f"{count(doubt, 'post was', 'posts were')} sent and not proven yet; nothing is sent again before."
        return Proof(light=Light.AMBER, word="in doubt", sentence=sentence, proven_at=proven_at)
    waiting = [post for post in due if post.account_id in held]
    if waiting:
        sentence = f"{count(len(waiting), 'post is', 'posts are')} due and held back: {_names(waiting)}."
        return Proof(light=Light.AMBER, word="held", sentence=sentence, proven_at=proven_at)
    if proven_at is None:
        return Proof(light=Light.GREY, word="nothing yet", sentence="No post has been due yet, and none has gone out.")
    last = max(post.due for post in p.published)
    quiet = p.now - last > QUIET_S * SECOND_US
    sentence = "All work that was due is done."
    return Proof(light=Light.GREEN, word="done", sentence=sentence, proven_at=proven_at,
                 quiet_since=last if quiet else None)  # fmt: skip


def _late(p: Picture) -> int:
    return p.now - int(LATE_S * SECOND_US)


def _for(p: Picture, since: int) -> str:
    return span((p.now - since) / SECOND_US)


def _names(posts: Sequence[Post]) -> str:
    """The accounts of these posts, at most three by name."""
    names = sorted({post.account_id for post in posts})
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
