"""The sandbox adapter where its platform cannot follow: keys that are forgotten, answers that make no sense, books."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from bowerbird.clock import VirtualClock
from bowerbird.core.errors import BadInput, RateLimited, SignedOut, StorageTimeout, Unconfirmed, Unreachable
from bowerbird.core.ports import Absent, Found, Unknown
from bowerbird.core.post import Post, RemoteRef
from bowerbird.platforms.sandbox import Sandbox
from bowerbird.sandbox.app import create_app
from bowerbird.sandbox.journal import MemoryJournal
from bowerbird.sandbox.people import signups
from bowerbird.sandbox.world import World
from tests.contracts.stages import Drawer
from tests.platforms.bluesky.made import frozen, post

FINCH = "sandbox:finch"


@pytest.fixture
def clock() -> VirtualClock:
    """Time, which the test moves."""
    return VirtualClock()


@pytest.fixture
async def finch(clock: VirtualClock) -> AsyncIterator[Sandbox]:
    """An account that is keyed for an hour, on a network sixty times faster: for a minute."""
    world = await World.open(MemoryJournal(), now=clock.now, accounts=signups("finch:hour"))
    transport = httpx.ASGITransport(create_app(world, sleep=clock.sleep))
    adapter = on(transport, clock)
    await adapter.whoami()
    yield adapter
    await adapter.close()


def on(transport: httpx.AsyncBaseTransport, clock: VirtualClock) -> Sandbox:
    """The finch's adapter over this transport."""
    drawer = Drawer({f"{FINCH}/password": "finch-pass"})
    http = httpx.AsyncClient(transport=transport)
    return Sandbox(FINCH, "http://sandbox", "finch", drawer, clock, http, keyed="hour", keyed_for_s=60)


def answering(clock: VirtualClock, text: str, status: int = 200) -> Sandbox:
    """An adapter whose network says the same to everything but a sign-in."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/sessions":
            return httpx.Response(200, json={"token": "token"})
        return httpx.Response(status, text=text)

    return on(httpx.MockTransport(answer), clock)


async def made(adapter: Sandbox, clock: VirtualClock) -> Post:
    """A frozen post, claimed now."""
    return replace(await frozen(adapter, post("Hello.")), created_at=clock.now(), first_claim_at=clock.now())


async def test_whoami_tells_how_long_the_account_is_keyed(finch: Sandbox) -> None:
    """An hour of the network is a minute of ours."""
    assert (finch.keyed, finch.capabilities.dedup_s) == ("hour", 60.0)


async def test_a_forgotten_key_does_not_make_a_post_absent(finch: Sandbox, clock: VirtualClock) -> None:
    """While the key is remembered a look asks for it; afterwards the timeline is read."""
    sent = await made(finch, clock)
    ref = await finch.publish(sent)
    for _ in range(3):
        assert await finch.resolve(sent) == Found(ref=ref)
        await clock.sleep(50)


async def test_a_key_the_platform_forgot_early_does_not_make_a_post_absent(finch: Sandbox, clock: VirtualClock) -> None:
    """Clocks differ: we still trust the key, they no longer know it, and the timeline has the post."""
    sent = await made(finch, clock)
    ref = await finch.publish(sent)
    finch.keyed_for_s = 600.0
    await clock.sleep(120)
    assert await finch.resolve(sent) == Found(ref=ref)


async def test_the_same_words_of_long_ago_are_another_post(finch: Sandbox, clock: VirtualClock) -> None:
    """A look goes back to the first attempt, and a minute further."""
    await finch.publish(await made(finch, clock))
    await clock.sleep(3_600)
    assert await finch.resolve(await made(finch, clock)) == Absent()


@pytest.mark.parametrize("text", ["", "<html>", "[]", "{}", '"yes"', '{"id": 1}'])
async def test_an_answer_that_makes_no_sense_leaves_a_doubt_after_a_write(clock: VirtualClock, text: str) -> None:
    """A success that cannot be read may have been one; a read that cannot be read did no harm."""
    adapter = answering(clock, text)
    sent = await made(adapter, clock)
    with pytest.raises(Unconfirmed):
        await adapter.publish(sent)
    for read in (adapter.whoami(), adapter.mentions(0), adapter.search("x"), adapter.counts([RemoteRef(id="1")])):
        with pytest.raises(Unreachable) as unreachable:
            await read
        assert unreachable.value.reason == "bad_answer"
    assert isinstance(await adapter.resolve(sent), Unknown)


async def test_books_that_cannot_be_read_are_a_remedy_and_not_a_surprise(finch: Sandbox, clock: VirtualClock) -> None:
    """Busy books mean later, another key means that a person signs in, and a look stays a look."""

    class Shut(Drawer):
        """A drawer that does not open."""

        error: Exception = StorageTimeout("busy")

        async def load_secret(self, account_id: str, name: str) -> str | None:
            """Raise."""
            raise self.error

    sent = await made(finch, clock)
    finch.secrets, finch._token = Shut(), None
    with pytest.raises(Unreachable):
        await finch.publish(sent)
    assert isinstance(await finch.resolve(sent), Unknown)
    finch.secrets.error = BadInput("another key")
    with pytest.raises(SignedOut):
        await finch.publish(sent)


async def test_a_session_that_cannot_be_kept_is_used_all_the_same(finch: Sandbox, clock: VirtualClock) -> None:
    """It costs a sign-in after the next start, and no post."""

    class Full(Drawer):
        """A drawer that takes nothing."""

        async def save_secret(self, account_id: str, name: str, value: str) -> None:
            """Raise."""
            raise StorageTimeout("busy")

    finch.secrets, finch._token = Full({f"{FINCH}/password": "finch-pass"}), None
    assert (await finch.publish(await made(finch, clock))).id


async def test_counts_are_asked_for_a_hundred_at_a_time(finch: Sandbox, clock: VirtualClock) -> None:
    """The network takes no more in one request."""
    ref = await finch.publish(await made(finch, clock))
    strangers = [replace(ref, id=str(n)) for n in range(1, 251)]
    assert len(await finch.counts([ref, *strangers])) == 251


async def test_nothing_shows_the_token(finch: Sandbox) -> None:
    """Neither the adapter's repr nor its drawer's."""
    assert finch._token
    assert finch._token not in repr(finch)


async def test_a_refused_send_names_the_limit_and_a_refused_read_does_not(clock: VirtualClock) -> None:
    """What the network says about posts can be learned; of reads it says something else."""
    world = await World.open(MemoryJournal(), now=clock.now, accounts=signups("finch:none"))
    adapter = on(httpx.ASGITransport(create_app(world, sleep=clock.sleep)), clock)
    await world.configure("finch", {"posts": 1, "reads": 1, "posts_window_s": 1800.0})
    await adapter.publish(await made(adapter, clock))
    with pytest.raises(RateLimited) as limited:
        await adapter.publish(await made(adapter, clock))
    assert (limited.value.limit, limited.value.window_s, limited.value.unit) == (1, 1800, "posts")

    await adapter.own_posts()
    with pytest.raises(RateLimited) as unread:
        await adapter.own_posts()
    assert (unread.value.limit, unread.value.window_s) == (None, None)
