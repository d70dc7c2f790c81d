"""The Bluesky adapter against Bluesky's own server software."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from bowerbird.clock import SystemClock
from bowerbird.core.errors import RateLimited, Refused, SignedOut, Unconfirmed, Unreachable
from bowerbird.core.findings import Counts
from bowerbird.core.ports import Absent, Found, Gone, Unknown
from bowerbird.core.post import Card, RemoteRef
from bowerbird.platforms.bluesky import Bluesky
from tests.network.rig import JWT_SECRET, Mode, Person, Rig, missing, running
from tests.platforms.bluesky.made import KeptSession, frozen, picture, post, published, reply_to
from tests.proxy import Fault, Proxy

pytestmark = pytest.mark.network

T = TypeVar("T")
SEEN_WITHIN_S = 20.0
ANSWERED_ONCE = Counts(likes=0, reposts=0, replies=1, quotes=0)


class Desk:
    """Opens adapters and closes them at the end."""

    def __init__(self, stack: AsyncExitStack, media_root: Path) -> None:
        self.stack = stack
        self.media_root = media_root

    def sit(self, url: str, person: Person, *, kept: KeptSession | None = None, timeout_s: float = 15.0) -> Bluesky:
        """An adapter for this person at this address."""
        adapter = Bluesky(
            url,
            person.handle,
            person.password,
            kept or KeptSession(),
            SystemClock(),
            media_root=self.media_root,
            timeout_s=timeout_s,
        )
        self.stack.push_async_callback(adapter.close)
        return adapter


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Somebody to open adapters."""
    async with AsyncExitStack() as stack:
        yield Desk(stack, tmp_path)


async def until(look: Callable[[], Awaitable[T]], good: Callable[[T], bool]) -> T:
    """Look again until it is good: the AppView sees what the PDS accepted a moment later."""
    async with asyncio.timeout(SEEN_WITHIN_S):
        while not good(seen := await look()):
            await SystemClock().sleep(0.1)
    return seen


async def records(rig: Rig, person: Person) -> list[dict[str, Any]]:
    """What really stands in somebody's repository."""
    params = {"repo": person.did, "collection": "app.bsky.feed.post", "limit": "100"}
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{rig.pds}/xrpc/com.atproto.repo.listRecords", params=params)
    return list(answer.json()["records"])


# --- posting ---------------------------------------------------------------------------------------------------


async def test_a_post_carries_its_link_and_its_picture(pds: Rig, desk: Desk, tmp_path: Path) -> None:
    """The link is underlined at the right bytes, after an emoji, and the picture has its description."""
    wren = await pds.account("wren")
    text = "🐦 Read https://docs.python.org/3/ today"
    ref = await published(desk.sit(pds.pds, wren), post(text, media=(picture(tmp_path),)))
    (record,) = [one["value"] for one in await records(pds, wren)]
    (facet,) = record["facets"]
    start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
    assert text.encode()[start:end].decode() == facet["features"][0]["uri"] == "https://docs.python.org/3/"
    assert record["embed"]["images"][0]["alt"] == "A bower of blue things."
    assert record["langs"] == ["en"]
    assert ref.id.startswith(f"at://{wren.did}/app.bsky.feed.post/")


async def test_a_link_card_stands_below_the_text(pds: Rig, desk: Desk) -> None:
    """A card arrives with its address, title and description."""
    wren = await pds.account("wren")
    card = Card(url="https://docs.python.org/3/", title="Python", description="The manual")
    await published(desk.sit(pds.pds, wren), post(card=card))
    (record,) = [one["value"] for one in await records(pds, wren)]
    assert record["embed"]["external"] == {"uri": card.url, "title": "Python", "description": "The manual"}


async def test_a_mention_becomes_a_did_and_an_unknown_handle_stays_text(pds: Rig, desk: Desk) -> None:
    """Who exists is linked; who does not is left as it was typed."""
    wren, finch = await pds.account("wren"), await pds.account("finch")
    await published(desk.sit(pds.pds, wren), post(f"Ask @{finch.handle} or @nobody.test about #asyncio"))
    (record,) = [one["value"] for one in await records(pds, wren)]
    features = [facet["features"][0] for facet in record["facets"]]
    assert [feature.get("did") or feature.get("tag") for feature in features] == [finch.did, "asyncio"]


async def test_three_hundred_families_fit_and_one_more_does_not(pds: Rig, desk: Desk) -> None:
    """Our count of letters is Bluesky's own, also where one letter is many code points."""
    wren = desk.sit(pds.pds, await pds.account("wren"))
    flags = "🇩🇪" * 300
    assert wren.length(flags) == 300
    await published(wren, post(flags))
    with pytest.raises(Refused, match="301") as refused:
        await published(wren, post(flags + "!"))
    assert refused.value.reason == "too_long"


async def test_what_the_server_finds_too_long_has_the_same_reason(pds: Rig, desk: Desk) -> None:
    """A text that slipped past our own count is refused by name, not taken for a passing fault."""
    wren = desk.sit(pds.pds, await pds.account("wren"))
    made = await frozen(wren, post())
    wire = json.dumps({**json.loads(made.wire or ""), "text": "x" * 301})
    with pytest.raises(Refused) as refused:
        await wren.publish(replace(made, wire=wire))
    assert refused.value.reason == "too_long"


async def test_a_forgotten_picture_is_uploaded_again(pds: Rig, desk: Desk, tmp_path: Path) -> None:
    """A wire whose picture the server no longer has is good again once the same bytes are there."""
    wren, finch = await pds.account("wren"), await pds.account("finch")
    at_finch = await frozen(desk.sit(pds.pds, finch), post(media=(picture(tmp_path),)))
    await desk.sit(pds.pds, wren).publish(at_finch)
    assert len(await records(pds, wren)) == 1


# --- never twice -----------------------------------------------------------------------------------------------


async def test_the_same_key_eight_times_at_once_is_one_post(pds: Rig, desk: Desk) -> None:
    """Eight workers send the same post at the same moment: all hear of the same one."""
    person = await pds.account("wren")
    wren = desk.sit(pds.pds, person)
    made = await frozen(wren, post())
    refs = await asyncio.gather(*(wren.publish(made) for _ in range(8)))
    assert len(set(refs)) == 1
    assert len(await records(pds, person)) == 1


@pytest.mark.parametrize("fault", [Fault.SWALLOW, Fault.CUT])
async def test_a_lost_answer_then_a_retry_is_one_post(pds: Rig, desk: Desk, fault: Fault) -> None:
    """The server did the work and the answer was lost: a look finds it, and sending again changes nothing."""
    person = await pds.account("wren")
    async with Proxy.to(pds.pds) as proxy:
        wren = desk.sit(proxy.url, person, timeout_s=2)
        made = await frozen(wren, post())
        assert await wren.resolve(made) == Absent()
        proxy.fault = fault
        with pytest.raises(Unconfirmed):
            await wren.publish(made)
        proxy.fault = Fault.NONE
        look = await wren.resolve(made)
        again = await wren.publish(made)
    assert look == Found(ref=again)
    assert len(await records(pds, person)) == 1
    assert proxy.answers_lost >= 1


async def test_a_key_is_never_overwritten(pds: Rig, desk: Desk) -> None:
    """Other words under a used key are not sent over the old ones, and a look does not mistake them."""
    person = await pds.account("wren")
    wren = desk.sit(pds.pds, person)
    first = await frozen(wren, post("The first words."))
    await wren.publish(first)
    other = await frozen(wren, replace(post("Other words."), key=first.key))
    with pytest.raises(Unconfirmed) as unconfirmed:
        await wren.publish(other)
    assert unconfirmed.value.reason == "key_taken"
    assert isinstance(await wren.resolve(other), Unknown)
    assert [one["value"]["text"] for one in await records(pds, person)] == ["The first words."]


async def test_a_server_that_is_down_is_unreachable_and_a_look_is_unknown(pds: Rig, desk: Desk) -> None:
    """Nothing was sent, and a look that cannot see does not say "absent"."""
    person, kept = await pds.account("wren"), KeptSession()
    async with Proxy.to(pds.pds) as proxy:
        made = await frozen(desk.sit(proxy.url, person, kept=kept), post())
        await desk.sit(proxy.url, person, kept=kept).whoami()
        await proxy.refuse()
        wren = desk.sit(proxy.url, person, kept=kept)
        with pytest.raises(Unreachable):
            await wren.publish(made)
        assert isinstance(await wren.resolve(made), Unknown)


async def test_a_deleted_post_is_absent_and_deleting_twice_is_no_error(pds: Rig, desk: Desk) -> None:
    """A post taken back is gone from our repository at once."""
    wren = desk.sit(pds.pds, await pds.account("wren"))
    made = await frozen(wren, post())
    ref = await wren.publish(made)
    await wren.delete(ref)
    await wren.delete(ref)
    assert await wren.resolve(made) == Absent()


# --- who we are ------------------------------------------------------------------------------------------------


def expired(kept: KeptSession) -> str:
    """The kept session with an access token whose time is over, signed as the server would have."""
    session = json.loads(kept.text or "")
    head, body, _ = session["access"].split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["exp"] = claims["iat"] - 1
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    digest = hmac.digest(JWT_SECRET.encode(), f"{head}.{body}".encode(), hashlib.sha256)
    signature = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return json.dumps({**session, "access": f"{head}.{body}.{signature}"})


async def test_an_expired_session_is_renewed_once_by_fifty_callers(pds: Rig, desk: Desk) -> None:
    """Fifty posts meet an expired token: one renewal is kept, and all fifty go out."""
    person = await pds.account("wren")
    kept = KeptSession()
    await desk.sit(pds.pds, person, kept=kept).whoami()
    kept.text = expired(kept)
    kept.saves.clear()
    wren = desk.sit(pds.pds, replace(person, password="not needed"), kept=kept)
    made = [await frozen(wren, post(f"Number {n}.")) for n in range(50)]
    await asyncio.gather(*(wren.publish(one) for one in made))
    assert len(kept.saves) == 1
    assert len(await records(pds, person)) == 50


async def test_a_restart_takes_the_kept_session_without_the_password(pds: Rig, desk: Desk) -> None:
    """Signing in is rationed; a restart does not sign in."""
    person = await pds.account("wren")
    kept = KeptSession()
    await desk.sit(pds.pds, person, kept=kept).whoami()
    again = desk.sit(pds.pds, replace(person, password="wrong by now"), kept=kept)
    assert (await again.whoami()).id == person.did
    assert len(kept.saves) == 1


async def test_a_wrong_password_is_signed_out(pds: Rig, desk: Desk) -> None:
    """A person is told that it is the password."""
    person = await pds.account("wren")
    with pytest.raises(SignedOut) as signed_out:
        await desk.sit(pds.pds, replace(person, password="wrong")).whoami()
    assert signed_out.value.reason == "password"


async def test_a_locked_account_is_signed_out_as_locked(pds: Rig, desk: Desk) -> None:
    """Both the running session and a new one say that the account is locked."""
    person = await pds.account("wren")
    wren = desk.sit(pds.pds, person)
    made = await frozen(wren, post())
    await pds.take_down(person)
    for act in (lambda: wren.publish(made), desk.sit(pds.pds, person).whoami):
        with pytest.raises(SignedOut) as signed_out:
            await act()
        assert signed_out.value.reason == "locked"


async def test_the_real_limiter_names_the_moment_to_come_back(desk: Desk) -> None:
    """Too many sign-ins meet Bluesky's own rate limiter, and we are told when it ends."""
    if why := missing(Mode.PDS):
        pytest.skip(why)
    nobody = Person(handle="nobody.test", password="guess", did="")
    login = {"identifier": nobody.handle, "password": nobody.password}
    with running(Mode.PDS, rate_limits=True) as rig:
        async with httpx.AsyncClient() as http:
            url = f"{rig.pds}/xrpc/com.atproto.server.createSession"
            # As many as the real limiter lets through in five minutes.
            await asyncio.gather(*(http.post(url, json=login) for _ in range(30)))
        now = SystemClock().now()
        with pytest.raises(RateLimited) as limited:
            await desk.sit(rig.pds, nobody).whoami()
    assert now < limited.value.retry_at <= now + 301_000_000


# --- what came of it (the AppView) -----------------------------------------------------------------------------


async def visible(adapter: Bluesky, ref: RemoteRef) -> None:
    """Wait until the AppView knows the post."""
    await until(lambda: adapter.counts([ref]), lambda read: isinstance(read.get(ref.id), Counts))


async def told(adapter: Bluesky, ref: RemoteRef, what: Counts | Gone) -> None:
    """Wait until the AppView tells this of the post."""
    await until(lambda: adapter.counts([ref]), lambda read: read.get(ref.id) == what)


async def test_counts_rise_and_a_deleted_post_is_gone(network: Rig, desk: Desk) -> None:
    """A reply is counted; views are unknown, not zero; a deleted post is gone."""
    wren = desk.sit(network.pds, await network.account("wren"))
    finch = desk.sit(network.pds, await network.account("finch"))
    ref, doomed = await published(wren, post()), await published(wren, post())
    await visible(finch, ref)
    await published(finch, post("I agree.", reply_to=reply_to(ref)))
    await wren.delete(doomed)
    # The two writes reach the public view by two repositories, in either order.
    await told(wren, ref, ANSWERED_ONCE)
    await told(wren, doomed, Gone())


async def test_a_post_that_the_public_view_does_not_show_yet_is_not_gone(network: Rig, desk: Desk) -> None:
    """Right after posting, a post is counted or left out; never "gone"."""
    wren = desk.sit(network.pds, await network.account("wren"))
    for _ in range(5):
        ref = await published(wren, post())
        assert not isinstance((await wren.counts([ref])).get(ref.id), Gone)


async def test_a_thread_hangs_together_though_the_public_view_is_late(network: Rig, desk: Desk) -> None:
    """Three parts posted in one breath: each names the one before it and the root."""
    wren = desk.sit(network.pds, await network.account("wren"))
    head = await published(wren, post("1/3"))
    middle = await published(wren, post("2/3", reply_to=reply_to(head)))
    last = await published(wren, post("3/3", reply_to=reply_to(middle, head)))
    for answered in (head, middle):
        await told(wren, answered, ANSWERED_ONCE)
    await visible(wren, last)


async def test_whoever_speaks_to_us_is_heard_once(network: Rig, desk: Desk) -> None:
    """A mention and a reply are heard, each once, oldest first, and not again after their instant."""
    person = await network.account("wren")
    wren = desk.sit(network.pds, person)
    finch = desk.sit(network.pds, await network.account("finch"))
    start = SystemClock().now() - 1_000_000
    ref = await published(wren, post())
    await visible(finch, ref)
    await published(finch, post("I agree.", reply_to=reply_to(ref)))
    await published(finch, post(f"Look at @{person.handle}"))
    heard = await until(lambda: wren.mentions(start), lambda heard: len(heard) >= 2)
    assert sorted(one.kind for one in heard) == ["mention", "reply"]
    assert next(one for one in heard if one.kind == "reply").root == RemoteRef(id=ref.id, cid=ref.cid)
    assert await wren.mentions(heard[-1].posted_at) == []


async def test_a_search_finds_what_was_said(network: Rig, desk: Desk) -> None:
    """Public posts are found by a word; a word nobody used finds nothing, and that is proved."""
    wren = desk.sit(network.pds, await network.account("wren"))
    await published(wren, post("the satinbird collects"))
    found = await until(lambda: wren.search("satinbird"), lambda found: isinstance(found, list) and bool(found))
    assert isinstance(found, list)
    assert found[0].text == "the satinbird collects"
    assert await wren.search("wordthatnobodyused") == []


# --- may it be answered ----------------------------------------------------------------------------------------


async def test_a_reply_to_a_deleted_post_is_refused_before_sending(network: Rig, desk: Desk) -> None:
    """Bluesky would answer 200 and nobody would ever see it; we look first."""
    wren = desk.sit(network.pds, await network.account("wren"))
    person = await network.account("finch")
    finch = desk.sit(network.pds, person)
    ref = await published(wren, post())
    await visible(finch, ref)
    await wren.delete(ref)
    await until(lambda: finch._read("app.bsky.feed.getPosts", {"uris": [ref.id]}), lambda read: not read["posts"])
    with pytest.raises(Refused) as refused:
        await finch.prepare(post("Too late.", reply_to=reply_to(ref)))
    assert refused.value.reason == "target_gone"
    assert await records(network, person) == []


async def test_a_reply_to_who_has_blocked_us_is_refused(network: Rig, desk: Desk) -> None:
    """A blocked account's reply would be accepted and shown to nobody."""
    owner, other = await network.account("wren"), await network.account("finch")
    wren, finch = desk.sit(network.pds, owner), desk.sit(network.pds, other)
    ref = await published(wren, post())
    await visible(finch, ref)
    await put(wren, "app.bsky.graph.block", {"subject": other.did})
    refused = await refusal(finch, ref)
    assert refused.reason in {"not_permitted", "target_gone"}


async def test_a_thread_closed_to_us_is_refused(network: Rig, desk: Desk) -> None:
    """Where the author allows nobody to answer, we do not answer."""
    wren = desk.sit(network.pds, await network.account("wren"))
    finch = desk.sit(network.pds, await network.account("finch"))
    ref = await published(wren, post())
    await visible(finch, ref)
    await put(wren, "app.bsky.feed.threadgate", {"post": ref.id, "allow": []}, rkey=ref.id.rsplit("/", 1)[1])
    refused = await refusal(finch, ref)
    assert refused.reason == "not_permitted"


async def refusal(adapter: Bluesky, ref: RemoteRef) -> Refused:
    """Ask to answer until it is refused: the AppView learns of a block or a closed thread a moment later."""
    async with asyncio.timeout(SEEN_WITHIN_S):
        while True:
            try:
                await adapter.prepare(post("May I?", reply_to=reply_to(ref)))
            except Refused as error:
                return error


async def put(adapter: Bluesky, collection: str, value: dict[str, Any], *, rkey: str | None = None) -> None:
    """Write a record of another kind, as the official app would."""
    tokens = await adapter._session.tokens()
    record = {"$type": collection, "createdAt": "2026-11-23T12:00:00Z", **value}
    body = {"repo": tokens.did, "collection": collection, "record": record}
    await adapter._xrpc.procedure(
        "com.atproto.repo.createRecord", {**body, **({"rkey": rkey} if rkey else {})}, token=tokens.access
    )
