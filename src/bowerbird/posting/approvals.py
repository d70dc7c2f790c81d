"""What a person decides about a post. Each verb covers the whole thread, and is refused in words if it cannot be.

A decision is bound to the version that was shown: pass `version`, and a post that was edited meanwhile is
not approved by accident.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from bowerbird.core.account import Account, Mode
from bowerbird.core.books import Batch, Change, Lost, Settle
from bowerbird.core.errors import BadInput, IllegalStep
from bowerbird.core.facts import Fact
from bowerbird.core.lifecycle import NEXT, Event, State
from bowerbird.core.post import Kind, Post, expiry
from bowerbird.posting.pacing import settles
from bowerbird.posting.publisher import Books

TRIES_MAX = 5
"""How often a decision tries to win its compare-and-set before it asks the person to look again."""


async def approve(
    storage: Books,
    post_id: str,
    *,
    by: str,
    now: int,
    version: int | None = None,
    words: Mapping[int, str] | None = None,
    versions: Mapping[int, int] | None = None,
    key: Callable[[], str] | None = None,
) -> list[Post]:
    """Let a proposed post, and the rest of its thread, go at its time, in these words.

    Args:
        version: of this post, as it was shown; `versions`: of other parts of its thread, by part.
        words: new words by part, which must have passed the gates; a part not named keeps its words.
        key: mints the key of a part whose words change; needed where `words` are given.

    Raises:
        BadInput: no such post, another version was shown, or it is not waiting for approval.
    """

    def step(post: Post) -> Post:
        _same_version(post, version if post.id == post_id else (versions or {}).get(post.part))
        text = (words or {}).get(post.part, post.payload.text)
        if text != post.payload.text and key is not None:
            post = _reworded(post, Event.EDITED, text=text, key=key(), now=now)
        due = min(post.due, now) if post.kind is Kind.REPLY else post.due  # an answer has no slot: it goes at once
        expires_at = post.expires_at if due == post.due else min(post.expires_at, expiry(due))
        return post.after(
            Event.APPROVED, now=now, approved_by=by, approved_at=now, due=due, expires_at=expires_at, not_before=0
        )

    return await _decide(storage, post_id, step, kind="approved", by=by, now=now)


async def turn_down(storage: Books, post_id: str, *, by: str, now: int, reason: str) -> list[Post]:
    """Say no, with the reason, which learning and the writer may read."""
    return await _decide(
        storage,
        post_id,
        lambda post: post.after(Event.TURNED_DOWN, now=now, reason=reason or "turned down"),
        kind="turned_down",
        by=by,
        now=now,
        data={"reason": reason},
    )


async def edit(
    storage: Books,
    account: Account,
    post_id: str,
    *,
    text: str,
    key: str,
    by: str,
    now: int,
    version: int | None = None,
) -> list[Post]:
    """Change the words of one part: a new version with a new key, proposed again where approval is asked.

    The text must have passed the gates; this function only changes the row. A thread that has not begun waits as a
    whole for the new approval: its other parts keep their words and keys, and none of them goes before.
    """
    asks = account.mode in (Mode.ASK, Mode.ASK_NEW)
    begun = await _has_begun(storage, post_id)

    def step(post: Post) -> Post:
        if post.id != post_id:
            waits = asks and not begun and post.state is State.QUEUED
            return post.after(Event.EDITED, now=now, approved_by="") if waits else post
        _same_version(post, version)
        event = Event.EDITED if asks or post.state is State.PROPOSED else Event.REQUEUED
        return _reworded(post, event, text=text, key=key, now=now)

    return await _decide(storage, post_id, step, kind="edited", by=by, now=now)


async def _has_begun(storage: Books, post_id: str) -> bool:
    """Tell whether any part of this post's thread has left the queue."""
    post = await storage.post(post_id)
    thread = await storage.thread(post.thread_id) if post else ()
    return any(part.state not in (State.PROPOSED, State.QUEUED) for part in thread)


def _reworded(post: Post, event: Event, *, text: str, key: str, now: int) -> Post:
    """Return the next version: other words, another key, and nothing left of the message made from the old ones."""
    payload = replace(post.payload, text=text)
    return post.after(event, now=now, payload=payload, key=key, version=post.version + 1, wire=None, approved_by="")


async def withdraw(storage: Books, post_id: str, *, by: str, now: int, reason: str = "withdrawn") -> list[Post]:
    """Take a post back. While it is being sent or in doubt only a flag is set: if it did not arrive, it ends there."""

    def step(post: Post) -> Post:
        if post.state in (State.SENDING, State.UNSURE):
            return post.changed(withdrawn=True)
        return post.after(Event.WITHDRAWN, now=now, reason=reason)

    return await _decide(storage, post_id, step, kind="withdrawn", by=by, now=now, data={"reason": reason})


async def settle_by_person(storage: Books, post_id: str, *, verdict: str, by: str, now: int) -> list[Post]:
    """Say what became of a parked post: ``there``, ``send`` (not there: send it) or ``leave`` (not there: drop it)."""
    events = {"there": Event.SEEN, "send": Event.UNSEEN, "leave": Event.ABANDONED}
    if verdict not in events:
        raise BadInput(f"{verdict!r} is no verdict; say one of {', '.join(events)}")

    def step(post: Post) -> Post:
        if post.id != post_id:
            return post
        late = verdict == "send" and now >= post.expires_at
        event = Event.ABANDONED if late else events[verdict]
        seen = {"published_at": now} if event is Event.SEEN else {}
        return post.after(
            event, now=now, reason=f"a person said: {verdict}", absences=0, not_before=now, withdrawn=False, **seen
        )

    return await _decide(storage, post_id, step, kind="settled_by_person", by=by, now=now, data={"verdict": verdict})


async def _decide(
    storage: Books,
    post_id: str,
    step: Callable[[Post], Post],
    *,
    kind: str,
    by: str,
    now: int,
    data: dict[str, str] | None = None,
) -> list[Post]:
    """Take a step for the post and every part of its thread that can take it; the post itself must.

    1. Read the thread.  2. Take the steps.  3. Record them together; if somebody was quicker, start again.
    """
    for _ in range(TRIES_MAX):
        post = await storage.post(post_id)
        if post is None:
            raise BadInput(f"there is no post {post_id}")
        thread = await storage.thread(post.thread_id) if post.parts > 1 else [post]
        changes = tuple(_steps(thread, post_id, step))
        facts = tuple(
            Fact(kind=told, at=now, by=by, account_id=c.after.account_id, post_id=c.after.id,
                 data={**(data or {}), "version": c.after.version, "key": c.after.key})
            for c in changes for told in _told(c, kind)
        )  # fmt: skip
        settled: tuple[Settle, ...] = sum((settles(c.after, (), now=now) for c in changes if _moved(c)), ())
        if not isinstance(await storage.record(Batch(changes=changes, facts=facts, settles=settled)), Lost):
            return [change.after for change in changes]
    raise BadInput("the post keeps changing just now; look again in a moment")


def _steps(thread: list[Post], post_id: str, step: Callable[[Post], Post]) -> list[Change]:
    changes = []
    for post in thread:
        try:
            after = step(post)
        except IllegalStep as error:
            if post.id == post_id:
                allowed = ", ".join(NEXT[post.state]) or "nothing, it is at rest"
                raise BadInput(f"{error}; what can happen to it: {allowed}") from error
            continue  # another part of the thread is already past this
        if after is not post:
            changes.append(Change(post, after))
    return changes


def _told(change: Change, kind: str) -> Iterator[str]:
    """The kinds of fact that a decision leaves behind: other words are told before whatever was decided about them."""
    if change.after.key != change.before.key and kind != "edited":
        yield "edited"
    yield kind


def _moved(change: Change) -> bool:
    return change.before.state is not change.after.state


def _same_version(post: Post, version: int | None) -> None:
    if version is not None and post.version != version:
        what = f"part {post.part + 1}" if post.parts > 1 else "this post"
        raise BadInput(f"{what} was changed: you saw version {version}, it is version {post.version} now; look again")
