"""Sending what is due, whatever goes wrong."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bowerbird.core import errors
from bowerbird.core.account import Account, HoldKind
from bowerbird.core.books import Batch, Change
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US, Media, Post, RemoteRef
from bowerbird.core.story import story
from bowerbird.posting.proof import confirm_late

from .room import ACCOUNT, START, Room, post, raising, thread

OUTCOMES = [
    (errors.Refused(reason="too_long"), State.REJECTED, "refused"),
    (errors.RateLimited(retry_at=START + 60 * SECOND_US), State.QUEUED, "postponed"),
    (errors.Unreachable(reason="connect"), State.QUEUED, "unreached"),
    (errors.SignedOut(), State.QUEUED, "held"),
    (errors.Unconfirmed(), State.UNSURE, "lost_touch"),
    (RuntimeError("nobody foresaw this"), State.UNSURE, "lost_touch"),
    (TimeoutError(), State.UNSURE, "lost_touch"),
]


async def test_a_due_post_is_sent_once_and_its_place_is_known() -> None:
    """The claim, the message and the proof are facts, in this order."""
    room = Room()
    await room.put(post())

    assert await room.publisher.publish_once()
    assert not await room.publisher.publish_once()

    sent = await room.get()
    assert (sent.state, sent.remote, len(room.platform.sent)) == (
        State.PUBLISHED, RemoteRef(id="r-p1", url="https://there/p1"), 1,
    )  # fmt: skip
    assert await room.kinds() == ["claimed", "frozen", "confirmed"]


@pytest.mark.parametrize(("error", "state", "fact"), OUTCOMES)
async def test_each_error_has_its_remedy(error: Exception, state: State, fact: str) -> None:
    """Only proof that nothing was sent puts a post back in the queue."""
    room = Room()
    room.platform.fate = raising(error)
    await room.put(post())

    await room.publisher.publish_once()

    assert (await room.get()).state is state
    assert (await room.kinds())[-1] == fact


@pytest.mark.parametrize(("error", "state", "fact"), OUTCOMES)
async def test_what_did_not_arrive_is_not_counted(error: Exception, state: State, fact: str) -> None:
    """A quota comes back unless the post may have arrived."""
    room = Room()
    room.platform.fate = raising(error)
    await room.put(post())

    await room.publisher.publish_once()

    assert await room.used() == (1 if state is State.UNSURE else 0)


@pytest.mark.parametrize(("path", "state"), [("cards/1.png", State.PUBLISHED), ("mine.png", State.REJECTED)])
async def test_words_go_without_a_card_that_is_gone_but_not_without_a_picture_of_ours(path: str, state: State) -> None:
    """A card was never worth waiting for; what somebody chose to show is. The story says which it was."""
    room = Room()
    room.platform.missing.add(path)
    picture = Media(path=path, mime="image/png", alt="A bower.", sha256="0" * 64)
    await room.put(replace(post(), payload=replace(post().payload, media=(picture,))))

    await room.publisher.publish_once()

    sent = await room.get()
    assert sent.state is state
    assert (sent.payload.media == ()) is (state is State.PUBLISHED)
    told = [line.sentence for line in story(sent, await room.books.facts(post_id="p1"), ())]
    assert any("its picture is gone" in line for line in told) is (state is State.PUBLISHED)


async def test_the_message_is_made_once_and_every_attempt_sends_the_same() -> None:
    """A second attempt sends the bytes that the first one froze."""
    room = Room()
    room.platform.fate = raising(errors.Unreachable())
    await room.put(post())
    await room.publisher.publish_once()
    room.clock.pass_s(60)

    await room.publisher.publish_once()

    assert len(room.platform.sent) == 2
    assert room.platform.sent[0] == room.platform.sent[1]


async def test_a_message_that_cannot_be_made_was_never_sent() -> None:
    """Whatever fails before the message exists is certain to have left nothing behind."""
    room = Room()
    room.platform.making = errors.Unconfirmed("the picture's upload was lost")
    await room.put(post())

    await room.publisher.publish_once()

    assert ((await room.get()).state, room.platform.sent) == (State.QUEUED, [])


async def waits_after(error: errors.Unreachable, attempts: int) -> list[float]:
    """How long a post waits after each of so many attempts that fail, seconds."""
    room = Room()
    room.platform.fate = raising(error)
    await room.put(post(expires_at=START + 10**6 * SECOND_US))
    waits = []
    for _ in range(attempts):
        await room.publisher.publish_once()
        again = (await room.get()).not_before
        waits.append((again - room.clock.now()) / SECOND_US)
        room.clock.at = again
    return waits


async def test_waiting_doubles_with_each_failure() -> None:
    """5, 10, 20 seconds, and never more than ten minutes."""
    assert await waits_after(errors.Unreachable(), 10) == [5, 10, 20, 40, 80, 160, 320, 600, 600, 600]


@pytest.mark.proves("5.2")
async def test_who_was_turned_away_by_busy_browsers_comes_again_soon_each_time() -> None:
    """The platform is well, and a seat may be free any moment."""
    assert await waits_after(errors.Unreachable(reason="browser_busy"), 4) == [5, 5, 5, 5]


async def test_a_rate_limit_holds_the_whole_account() -> None:
    """Its other posts are not sent into the same wall."""
    room = Room()
    room.platform.fate = raising(errors.RateLimited(retry_at=START + 60 * SECOND_US))
    await room.put(post(1), post(2))
    await room.publisher.publish_once()

    assert not await room.publisher.publish_once()
    assert [hold.kind for hold in await room.books.holds(now=room.clock.now())] == [HoldKind.LIMITED]
    room.clock.pass_s(61)
    room.platform.fate = lambda post: RemoteRef(id=post.id)
    assert await room.publisher.publish_once()


async def test_our_own_limit_is_never_exceeded() -> None:
    """Four an hour are four in any hour; the fifth waits until one has left the window."""
    room = Room()
    await room.put(*(post(n, expires_at=START + 9000 * SECOND_US) for n in range(1, 7)))
    while await room.publisher.publish_once():
        room.clock.pass_s(60)
    assert len(room.platform.sent) == 4

    room.clock.at = START + 3601 * SECOND_US
    assert await room.publisher.publish_once()


async def test_a_thread_goes_in_order_and_each_part_hangs_on_the_one_before() -> None:
    """Part n is sent only when part n-1 is there, and answers it."""
    room = Room()
    await room.put(*thread(3))
    while await room.publisher.publish_once():
        pass

    parents = [wire.split("|")[1] for _, wire in room.platform.sent]
    assert parents == ["", "r-p1", "r-p2"]


async def test_a_thread_takes_its_whole_quota_at_its_head() -> None:
    """A thread is never cut in half by a limit."""
    room = Room(replace(ACCOUNT, posts_per_hour_max=4))
    parts = thread(3)
    alone = [post(n, due=START + 1) for n in (8, 9)]
    await room.put(*parts, *alone)
    room.clock.pass_s(1)
    while await room.publisher.publish_once():
        pass

    assert [key for key, _ in room.platform.sent] == ["k1", "k2", "k3", "k8"]


async def test_a_real_account_that_is_not_labelled_sends_nothing() -> None:
    """The rules are asked again at the last moment."""
    account = Account(id="bluesky:wren", platform="bluesky", handle="wren")
    room = Room(account)
    await room.put(replace(post(), account_id=account.id))

    await room.publisher.publish_once()

    assert ((await room.get()).state, room.platform.sent) == (State.DROPPED, [])
    assert (await room.kinds())[-1] == "forbidden"


async def test_a_worker_whose_attempt_was_given_up_still_publishes_what_it_proved() -> None:
    """A late confirmation beats the doubt of those who had not heard of it."""
    room = Room()
    reconciler, books = room.reconciler, room.books

    def fate(sent: Post) -> RemoteRef:
        room.clock.pass_s(70)  # the lease ends while the platform thinks
        return RemoteRef(id="r-late")

    room.platform.fate = fate
    await room.put(post())
    claimed = asyncio.create_task(room.publisher.publish_once())
    await claimed
    # The same again, with the reconciler in between: the books say UNSURE when the proof arrives.
    sent = await room.get()
    assert (sent.state, sent.remote and sent.remote.id) == (State.PUBLISHED, "r-late")
    assert not await reconciler.settle_once()
    assert await books.lapsed_posts(now=room.clock.now(), heard_after=room.clock.now()) == []


async def test_a_second_place_for_one_post_is_told_and_not_hidden() -> None:
    """If two proofs disagree, a second post exists, and a person must see it."""
    room = Room()
    await room.put(post())
    await room.publisher.publish_once()
    attempt = await room.get()

    await confirm_late(room.books, attempt, RemoteRef(id="another"), now=room.clock.now(), look_at=None, by="test")

    assert (await room.kinds())[-1] == "duplicate_seen"
    assert (await room.get()).remote == attempt.remote


async def test_a_proof_of_a_dropped_post_publishes_it() -> None:
    """What is on the platform is published, whatever we had decided meanwhile."""
    room = Room()
    dropped = post(state=State.DROPPED, attempt=1)
    await room.put(dropped)

    await confirm_late(room.books, dropped, RemoteRef(id="there"), now=room.clock.now(), look_at=None, by="test")

    assert (await room.get()).state is State.PUBLISHED
    assert await room.kinds() == ["confirmed_late"]


async def test_a_lost_claim_sends_nothing() -> None:
    """If somebody moved the post between claim and message, the message stays here."""
    room = Room()
    await room.put(post())
    original = room.platform.prepare

    async def steal(claimed: Post) -> str:
        stored = await room.get()
        await room.books.record(Batch(changes=(Change(stored, stored.changed(withdrawn=True)),)))
        return await original(claimed)

    room.platform.prepare = steal  # type: ignore[method-assign,assignment]

    await room.publisher.publish_once()

    assert room.platform.sent == []
