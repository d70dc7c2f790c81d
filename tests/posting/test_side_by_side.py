"""Several accounts, some of them sick: none keeps the others."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

import pytest

from bowerbird.core.books import Batch
from bowerbird.core.errors import StorageTimeout, Unconfirmed
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Found, Look, Unknown
from bowerbird.core.post import Post, RemoteRef
from bowerbird.posting.together import in_turns

from .room import ACCOUNT, Room, Told, post, raising

WAGTAIL = replace(ACCOUNT, id="sandbox:wagtail", handle="wagtail")


async def two_accounts() -> tuple[Room, Told]:
    """Each has one post that is due; the platform of the second is returned too."""
    room, second = Room(), Told()
    await room.put(post(1))
    await room.books.record(Batch(accounts=(WAGTAIL,), new_posts=(post(2, account_id=WAGTAIL.id),)))
    room.publisher.platforms = {ACCOUNT.id: room.platform, WAGTAIL.id: second}
    return room, second


async def test_an_account_that_hangs_does_not_keep_the_others() -> None:
    """Accounts are posted for at the same time, one post each."""
    room, _ = await two_accounts()
    stuck = asyncio.Event()

    async def hang(sent: Post) -> RemoteRef:
        await stuck.wait()
        return RemoteRef(id="late")

    room.platform.publish = hang  # type: ignore[method-assign,assignment]
    running = asyncio.create_task(room.publisher.publish_once())
    for _ in range(100):
        await asyncio.sleep(0)

    assert ((await room.get("p1")).state, (await room.get("p2")).state) == (State.SENDING, State.PUBLISHED)
    stuck.set()
    assert await running
    assert (await room.get("p1")).state is State.PUBLISHED


async def test_an_account_that_fails_does_not_end_the_attempts_of_the_others() -> None:
    """The failure comes out of the job when every attempt has been written down."""
    room, second = await two_accounts()

    async def fail(claimed: Post) -> str:
        raise StorageTimeout("slow")

    room.platform.prepare = fail  # type: ignore[method-assign,assignment]
    with pytest.raises(StorageTimeout):
        await room.publisher.publish_once()

    assert (len(second.sent), (await room.get("p2")).state) == (1, State.PUBLISHED)


async def test_a_cancellation_from_inside_an_adapter_does_not_end_the_job() -> None:
    """It comes out as an ordinary error, and the post in flight is left for a look."""
    room, _ = await two_accounts()

    async def cancelled(sent: Post) -> RemoteRef:
        raise asyncio.CancelledError

    room.platform.publish = cancelled  # type: ignore[method-assign,assignment]
    with pytest.raises(RuntimeError, match="from inside"):
        await room.publisher.publish_once()

    assert ((await room.get("p1")).state, (await room.get("p2")).state) == (State.SENDING, State.PUBLISHED)


async def test_an_account_without_an_adapter_is_left_where_it_is() -> None:
    """Its post stays in the queue; the other account's goes."""
    room, second = await two_accounts()
    room.publisher.platforms = {WAGTAIL.id: second}

    assert await room.publisher.publish_once()

    assert ((await room.get("p1")).state, (await room.get("p2")).state) == (State.QUEUED, State.PUBLISHED)


async def test_an_adapter_that_went_away_between_message_and_sending_sent_nothing() -> None:
    """An account that is just being connected anew costs a wait, not a doubt."""
    room = Room()
    await room.put(post())
    platforms = {ACCOUNT.id: room.platform}
    room.publisher.platforms = platforms
    original = room.platform.prepare

    async def prepare(claimed: Post) -> str:
        platforms.clear()
        return await original(claimed)

    room.platform.prepare = prepare  # type: ignore[method-assign,assignment]
    await room.publisher.publish_once()

    assert ((await room.get()).state, (await room.get()).reason) == (State.QUEUED, "no_adapter")


@pytest.mark.proves("4.4")
async def test_a_platform_that_hangs_keeps_no_doubt_of_another() -> None:
    """Three doubts behind a platform that never answers; the fourth is settled at once."""
    room, second = await two_accounts()
    room.platform.fate = second.fate = raising(Unconfirmed())
    room.reconciler.platforms = room.publisher.platforms
    await room.books.record(Batch(new_posts=(post(3), post(4))))
    for _ in range(3):
        await room.publisher.publish_once()
    stuck = asyncio.Event()

    async def hang(looked: Post) -> Look:
        await stuck.wait()
        return Unknown(why="slow")

    room.platform.resolve = hang  # type: ignore[method-assign,assignment]
    second.look = lambda looked: Found(ref=RemoteRef(id="there"))
    running = asyncio.create_task(room.reconciler.settle_once())
    for _ in range(100):
        await asyncio.sleep(0)

    assert [(await room.get(f"p{n}")).state for n in (1, 3, 4)] == [State.UNSURE] * 3
    assert (await room.get("p2")).state is State.PUBLISHED
    stuck.set()
    assert await running


@pytest.mark.proves("P1", "P3")
async def test_an_account_that_hangs_does_not_keep_what_others_have_due_later() -> None:
    """The round of the slow one is not over, and the other account posts what became due meanwhile."""
    room, second = await two_accounts()
    stuck = asyncio.Event()

    async def hang(sent: Post) -> RemoteRef:
        await stuck.wait()
        return RemoteRef(id="late")

    room.platform.publish = hang  # type: ignore[method-assign,assignment]
    room.publisher.look_s = 0.01
    running = asyncio.create_task(room.publisher.publish_once())
    await asyncio.sleep(0.02)
    await room.books.record(Batch(new_posts=(post(3, account_id=WAGTAIL.id),)))
    await asyncio.sleep(0.1)

    assert ((await room.get("p1")).state, (await room.get("p3")).state) == (State.SENDING, State.PUBLISHED)
    stuck.set()
    assert await running
    assert len(second.sent) == 2


async def test_a_round_that_is_cancelled_leaves_nothing_running() -> None:
    """Who was begun while another was slow ends with the round too."""
    ended = []

    async def hang(name: str) -> bool:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(name)
        return True

    async def more(at_work: AbstractSet[str]) -> dict[str, Coroutine[Any, Any, bool]]:
        return {name: hang(name) for name in ("robin", "wren")[: len(at_work) + 1] if name not in at_work}

    running = asyncio.create_task(in_turns(more, look_s=0.01))
    await asyncio.sleep(0.1)
    running.cancel()
    await asyncio.wait([running])

    assert (running.cancelled(), sorted(ended)) == (True, ["robin", "wren"])
