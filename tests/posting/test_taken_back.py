"""Taking a post back while it is on its way: the row changes under the worker, and nothing it learned is lost."""

from __future__ import annotations

from typing import ClassVar

import pytest

from bowerbird.core import errors
from bowerbird.core.account import HoldKind
from bowerbird.core.books import Kept
from bowerbird.core.errors import StorageBusy
from bowerbird.core.keeping import Receipt
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US, Post, RemoteRef
from bowerbird.core.work import Owner
from bowerbird.posting.approvals import withdraw
from bowerbird.posting.proof import confirm_late
from bowerbird.storage.memory import MemoryStorage

from .room import START, Room, post, thread

NEVER_LEFT = [errors.RateLimited(retry_at=START + 60 * SECOND_US), errors.Unreachable(), errors.SignedOut()]


def taken_back_by_then(room: Room, error: Exception | None = None) -> None:
    """A platform on which a person takes the post back while it is being sent; it then fails, or answers."""

    async def publish(sent: Post) -> RemoteRef:
        await withdraw(room.books, sent.id, by="ann", now=room.clock.now())
        if error is not None:
            raise error
        return RemoteRef(id="there")

    room.platform.publish = publish  # type: ignore[method-assign,assignment]


@pytest.mark.parametrize("error", NEVER_LEFT)
async def test_what_was_taken_back_and_never_left_ends_at_once(error: Exception) -> None:
    """Nobody waits for the lease to end or for the post to be late: it was not sent, and it will not be."""
    room = Room()
    await room.put(post())
    taken_back_by_then(room, error)

    await room.publisher.publish_once()

    assert ((await room.get()).state, (await room.get()).reason) == (State.DROPPED, "withdrawn")
    assert (await room.kinds())[-1] == "withdrawn"
    assert await room.used() == 0


@pytest.mark.parametrize(("error", "kind"), [(NEVER_LEFT[0], HoldKind.LIMITED), (NEVER_LEFT[2], HoldKind.SIGNED_OUT)])
async def test_what_holds_the_account_is_not_lost_with_the_race(error: Exception, kind: HoldKind) -> None:
    """The platform spoke about the account, whatever became of the post."""
    room = Room()
    await room.put(post())
    taken_back_by_then(room, error)

    await room.publisher.publish_once()

    assert [hold.kind for hold in await room.books.holds(now=room.clock.now())] == [kind]


async def test_what_holds_the_account_survives_an_attempt_that_was_given_up() -> None:
    """A worker that was taken for dead still knows that the account is signed out."""
    room = Room()
    await room.put(post())

    async def publish(sent: Post) -> RemoteRef:
        room.clock.pass_s(61)
        await room.reconciler.settle_once()
        raise errors.SignedOut

    room.platform.publish = publish  # type: ignore[method-assign,assignment]
    await room.publisher.publish_once()

    assert (await room.get()).state is State.UNSURE
    assert [hold.kind for hold in await room.books.holds(now=room.clock.now())] == [HoldKind.SIGNED_OUT]


async def test_a_refusal_is_known_although_it_was_taken_back() -> None:
    """What the platform said is final, and is not forgotten for a look."""
    room = Room()
    await room.put(post())
    taken_back_by_then(room, errors.Refused(reason="too_long"))

    await room.publisher.publish_once()

    assert ((await room.get()).state, (await room.get()).reason) == (State.REJECTED, "too_long")


async def test_a_proof_beats_the_wish_to_take_it_back() -> None:
    """It is there; the books say so."""
    room = Room()
    await room.put(post())
    taken_back_by_then(room)

    await room.publisher.publish_once()

    assert (await room.get()).state is State.PUBLISHED


async def test_taken_back_before_the_message_was_made_nothing_is_sent_and_nothing_is_waited_for() -> None:
    """The flag is seen when the message is committed."""
    room = Room()
    await room.books.beat(Owner(id="boot-1", role="engine", pid=1, started_at=START, heard_at=START))
    await room.put(*thread(2))
    original = room.platform.prepare

    async def prepare(claimed: Post) -> str:
        await withdraw(room.books, claimed.id, by="ann", now=room.clock.now())
        return await original(claimed)

    room.platform.prepare = prepare  # type: ignore[method-assign,assignment]
    await room.publisher.publish_once()
    await room.sweeper.sweep_once()

    assert [(await room.get(name)).state for name in ("p1", "p2")] == [State.DROPPED, State.DROPPED]
    assert (room.platform.sent, await room.used()) == ([], 0)


async def test_a_hiccup_of_the_books_does_not_forget_the_proof() -> None:
    """The storage says for certain that it did not write, so the proof is written again a second later."""
    room = Room()
    await room.put(post())
    hiccups = iter([StorageBusy("locked"), StorageBusy("locked")])

    def trouble(verb: str) -> None:
        if verb == "record" and room.platform.sent and (error := next(hiccups, None)):
            raise error

    room.books.books.trouble = trouble
    await room.publisher.publish_once()

    assert (await room.get()).state is State.PUBLISHED


async def test_books_that_stay_shut_are_told_and_the_look_finds_the_post() -> None:
    """Without a spool, after a few tries, the job fails loudly; the lease ends, and the reconciler looks."""
    from bowerbird.core.ports import Found

    room = Room()
    await room.put(post())
    shut = True

    def trouble(verb: str) -> None:
        if shut and verb == "record" and room.platform.sent:
            raise StorageBusy("locked")

    room.books.books.trouble = trouble
    with pytest.raises(StorageBusy):
        await room.publisher.publish_once()
    shut = False
    room.platform.look = lambda _: Found(ref=RemoteRef(id="there"))
    room.clock.pass_s(61)
    await room.reconciler.settle_once()

    assert ((await room.get()).state, len(room.platform.sent)) == (State.PUBLISHED, 1)


@pytest.mark.proves("3.3", "4.4")
async def test_books_that_stay_shut_get_the_proof_from_the_spool() -> None:
    """The proof is kept as the platform gave it, and publishes the post when it is written: nobody has to look."""

    class Spooling(MemoryStorage):
        """Books with a spool."""

        receipts: ClassVar[list[Receipt]] = []

        async def keep_receipt(self, receipt: Receipt) -> Kept:
            """Keep it."""
            self.receipts.append(receipt)
            return Kept()

    room = Room()
    room.publisher.storage = books = Spooling(room.books.books)
    await room.put(post())

    def trouble(verb: str) -> None:
        if verb == "record" and room.platform.sent:
            raise StorageBusy("locked")

    room.books.books.trouble = trouble
    assert await room.publisher.publish_once()
    room.books.books.trouble = None
    (kept,) = books.receipts
    await confirm_late(room.books, kept.attempt, kept.ref, now=kept.at, look_at=kept.look_at, by="spool")

    published = await room.get()
    assert (published.state, published.remote, published.look_at) == (State.PUBLISHED, kept.ref, kept.look_at)
    assert published.wire == room.platform.sent[0][1]


async def test_a_message_that_fails_in_an_unforeseen_way_was_not_sent_either() -> None:
    """Making a message shows nothing to anybody; the post waits and is told, and the job goes on."""
    room = Room()
    room.platform.making = KeyError("picture")
    await room.put(post())

    await room.publisher.publish_once()

    waiting = await room.get()
    assert (waiting.state, waiting.reason, waiting.not_before > room.clock.now()) == (State.QUEUED, "unforeseen", True)


async def test_a_platform_that_asks_us_to_wait_for_years_is_asked_again_tomorrow() -> None:
    """No hold without an end that somebody lives to see."""
    room = Room()
    await room.put(post())

    async def publish(sent: Post) -> RemoteRef:
        raise errors.RateLimited(retry_at=2**61)

    room.platform.publish = publish  # type: ignore[method-assign,assignment]
    await room.publisher.publish_once()

    (hold,) = await room.books.holds(now=room.clock.now())
    assert hold.until is not None
    assert hold.until - room.clock.now() <= 86_400 * SECOND_US
