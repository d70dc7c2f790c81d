"""The adapter on a PDS in memory: what is sent, what is believed, and what is never said."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from bowerbird.clock import VirtualClock
from bowerbird.core.errors import RateLimited, Refused, SignedOut, Unconfirmed, Unreachable
from bowerbird.core.findings import Counts
from bowerbird.core.ports import Absent, Found, Gone, Platform, Unknown
from bowerbird.core.post import Card, RemoteRef
from bowerbird.platforms.bluesky import Bluesky
from bowerbird.platforms.bluesky.adapter import CANARY, CHECK_AGAIN_S
from tests.platforms.bluesky.fake_pds import DID, HANDLE, PASSWORD, URL, FakePds, cid_of, error, uri_of
from tests.platforms.bluesky.made import KeptSession, frozen, picture, post, published, reply_to

PUT = "com.atproto.repo.putRecord"
GET = "com.atproto.repo.getRecord"
NOON = 1_795_435_200_000_000
"""2026-11-23 12:00 UTC, when the fake's public view has indexed everything."""


def shown_as(pds: FakePds, rkey: str = "3theirs", **view: Any) -> RemoteRef:
    """Somebody else's post in the public view."""
    made = pds.show(rkey, **view)
    return RemoteRef(id=made["uri"], cid=made["cid"])


# --- prepare ---------------------------------------------------------------------------------------------------


def test_the_adapter_fits_the_socket(wren: Bluesky) -> None:
    """It has every method of the port."""
    plug: Platform = wren
    assert (plug.name, plug.capabilities.text_max, plug.capabilities.bytes_max) == ("bluesky", 300, 3000)


async def test_the_wire_is_sent_letter_for_letter(wren: Bluesky, pds: FakePds) -> None:
    """Two sends are the same bytes, and the wire stands in them untouched."""
    made = await frozen(wren, post("Grüße 🐦"))
    await wren.publish(made)
    await wren.publish(made)
    assert pds.sent[0] == pds.sent[1]
    assert (made.wire or "").encode() in pds.sent[0]
    assert json.loads(pds.sent[0])["swapRecord"] is None


async def test_the_instant_of_creation_is_fixed_when_the_wire_is_made(wren: Bluesky, clock: VirtualClock) -> None:
    """A retry an hour later sends the same record, so it is the same post."""
    made = await frozen(wren, post())
    clock.advance(3600)
    first = await wren.publish(made)
    clock.advance(3600)
    assert await wren.publish(made) == first


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x" * 301, "too_long"),
        ("👩🏽‍❤️‍👩🏻" * 108, "too_long"),  # 108 letters, 3,024 bytes
        ("", "empty"),
        (" \n\t", "empty"),
        ("half a letter \ud800", "invalid"),
    ],
)
async def test_what_bluesky_should_not_get_is_refused_here(wren: Bluesky, pds: FakePds, text: str, reason: str) -> None:
    """Bluesky would accept an empty post; and nothing is asked of it in vain."""
    with pytest.raises(Refused) as refused:
        await wren.prepare(post(text))
    assert refused.value.reason == reason
    assert pds.calls == []


async def test_a_picture_and_a_card_do_not_go_together(wren: Bluesky, tmp_path: Path) -> None:
    """Bluesky has room for one; dropping the other silently would be a lie."""
    card = Card(url="https://a.org", title="A")
    with pytest.raises(Refused):
        await wren.prepare(post(media=(picture(tmp_path),), card=card))


async def test_another_picture_under_the_same_name_is_noticed(wren: Bluesky, tmp_path: Path) -> None:
    """What was approved is what is sent."""
    media = picture(tmp_path)
    (tmp_path / media.path).write_bytes(b"another")
    with pytest.raises(Refused, match="approved"):
        await wren.prepare(post(media=(media,)))
    (tmp_path / media.path).unlink()
    with pytest.raises(Refused, match="cannot be read"):
        await wren.prepare(post(media=(media,)))


@pytest.mark.parametrize("method", ["com.atproto.repo.uploadBlob", "com.atproto.identity.resolveHandle"])
async def test_making_the_message_is_never_unconfirmed(
    wren: Bluesky, pds: FakePds, tmp_path: Path, method: str
) -> None:
    """Nobody can see an upload, so a lost answer is no doubt: try again."""
    pds.fail(method, httpx.ReadTimeout("late"))
    with pytest.raises(Unreachable):
        await wren.prepare(post("@finch.test", media=(picture(tmp_path),)))


# --- publish, resolve, delete ----------------------------------------------------------------------------------


async def test_eight_sends_at_once_are_one_post(wren: Bluesky, pds: FakePds) -> None:
    """All hear of the same one."""
    made = await frozen(wren, post())
    assert len(set(await asyncio.gather(*(wren.publish(made) for _ in range(8))))) == 1
    assert len(pds.records) == 1


@pytest.mark.parametrize("lost", [httpx.ReadTimeout("late"), httpx.ReadError("cut"), error("InternalServerError", 500)])
async def test_a_lost_answer_is_unconfirmed_and_a_look_finds_the_post(
    wren: Bluesky, pds: FakePds, lost: httpx.Response | httpx.HTTPError
) -> None:
    """It arrived, and the next look says so."""
    made = await frozen(wren, post())
    pds.fail(PUT, lost, done=True)
    with pytest.raises(Unconfirmed):
        await wren.publish(made)
    look = await wren.resolve(made)
    assert isinstance(look, Found)
    assert look.ref == await wren.publish(made)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"uri": 7, "cid": "x"}'])
async def test_a_success_that_says_nothing_is_unconfirmed(wren: Bluesky, pds: FakePds, body: bytes) -> None:
    """200 with an answer that cannot be understood is no proof."""
    made = await frozen(wren, post())
    pds.fail(PUT, httpx.Response(200, content=body))
    with pytest.raises(Unconfirmed):
        await wren.publish(made)


async def test_an_expired_session_is_renewed_and_the_post_goes_out(wren: Bluesky, pds: FakePds) -> None:
    """400 ExpiredToken is no refusal of the content."""
    made = await frozen(wren, post())
    await wren.whoami()
    pds.expire()
    await wren.publish(made)
    assert len(pds.records) == 1


async def test_a_rate_limit_names_its_end(wren: Bluesky, pds: FakePds, clock: VirtualClock) -> None:
    """The account rests until then."""
    made = await frozen(wren, post())
    pds.fail(PUT, error("RateLimitExceeded", 429, retry_after="10"))
    with pytest.raises(RateLimited) as limited:
        await wren.publish(made)
    assert limited.value.retry_at == clock.now() + 10_000_000


async def test_a_server_that_trickles_is_not_waited_for(kept: KeptSession) -> None:
    """Each byte resets the limit on silence, so the whole exchange has a limit of its own."""

    class Trickle(httpx.AsyncByteStream):
        """One byte at a time, for ever."""

        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                await asyncio.sleep(0.01)
                yield b" "

    pds = FakePds()
    async with pds.client() as http:
        wren = Bluesky(URL, HANDLE, PASSWORD, kept, VirtualClock(), http, timeout_s=0.1)
        made = await frozen(wren, post())
        await wren.whoami()
        pds.fail(PUT, httpx.Response(200, stream=Trickle()))
        with pytest.raises(Unconfirmed):
            await wren.publish(made)


async def test_a_post_without_a_wire_is_not_sent(wren: Bluesky, pds: FakePds) -> None:
    """What was not frozen must not leave."""
    with pytest.raises(Unreachable):
        await wren.publish(post())
    assert pds.sent == []


async def test_pictures_that_were_swept_away_are_uploaded_again(wren: Bluesky, pds: FakePds, tmp_path: Path) -> None:
    """The frozen record names them by their bytes, so it is good again."""
    made = await frozen(wren, post(media=(picture(tmp_path),)))
    pds.blobs.clear()
    await wren.publish(made)
    assert pds.how_often("uploadBlob") == 2


async def test_a_look_before_anything_was_sent_finds_nothing(wren: Bluesky) -> None:
    """Absent is said only by a repository that could look."""
    assert await wren.resolve(await frozen(wren, post())) == Absent()


@pytest.mark.parametrize(
    "answer",
    [
        error("InternalServerError", 500),
        httpx.ConnectError("down"),
        error("SomethingNew"),
        error("RateLimitExceeded", 429),
        error("RepoTakendown"),
        httpx.Response(200, json={}),
        httpx.Response(200, json={"uri": 1, "cid": 2, "value": []}),
    ],
)
async def test_a_look_that_cannot_see_is_unknown_and_never_raises(
    wren: Bluesky, pds: FakePds, answer: httpx.Response | httpx.HTTPError
) -> None:
    """Only "there is no such record" is an absence."""
    made = await frozen(wren, post())
    pds.fail(GET, answer)
    assert isinstance(await wren.resolve(made), Unknown)


async def test_deleting_twice_is_no_error(wren: Bluesky, pds: FakePds) -> None:
    """Gone is gone."""
    ref = await published(wren, post())
    await wren.delete(ref)
    await wren.delete(ref)
    assert pds.records == {}


# --- replies ---------------------------------------------------------------------------------------------------


async def test_a_reply_names_its_parent_and_its_root(wren: Bluesky, pds: FakePds) -> None:
    """Both by address and version."""
    root, parent = shown_as(pds, "3root"), shown_as(pds, "3parent")
    made = await frozen(wren, post("Yes.", reply_to=reply_to(parent, root)))
    reply = json.loads(made.wire or "")["reply"]
    assert reply == {"root": {"uri": root.id, "cid": root.cid}, "parent": {"uri": parent.id, "cid": parent.cid}}


@pytest.mark.parametrize(
    ("view", "reason"),
    [
        ({"cid": "bafyanother"}, "target_gone"),
        ({"viewer": {"replyDisabled": True}}, "not_permitted"),
        ({"author": {"did": "did:plc:finch", "viewer": {"blockedBy": True}}}, "not_permitted"),
        ({"author": {"did": "did:plc:finch", "viewer": {"blocking": "at://x"}}}, "not_permitted"),
    ],
)
async def test_a_target_that_may_not_be_answered_is_refused(
    wren: Bluesky, pds: FakePds, view: dict[str, object], reason: str
) -> None:
    """Bluesky itself would say 200."""
    ref = shown_as(pds)
    pds.views[ref.id] |= view
    with pytest.raises(Refused) as refused:
        await wren.prepare(post(reply_to=reply_to(ref)))
    assert refused.value.reason == reason
    assert pds.sent == []


async def test_our_own_post_is_answered_though_the_public_view_is_late(wren: Bluesky) -> None:
    """A thread's next part asks our own repository."""
    head = await published(wren, post("1/2"))
    await published(wren, post("2/2", reply_to=reply_to(head)))
    await wren.delete(head)
    with pytest.raises(Refused) as refused:
        await wren.prepare(post("3/2", reply_to=reply_to(head)))
    assert refused.value.reason == "target_gone"


async def test_a_reply_frozen_a_while_ago_is_checked_again(wren: Bluesky, pds: FakePds, clock: VirtualClock) -> None:
    """Between a rate limit and its end the target may have gone."""
    ref = shown_as(pds)
    made = await frozen(wren, post(reply_to=reply_to(ref)))
    pds.views.clear()
    clock.advance(CHECK_AGAIN_S)
    with pytest.raises(Refused):
        await wren.publish(made)
    assert pds.sent == []


async def test_a_reply_that_arrived_is_not_refused_when_its_target_goes(
    wren: Bluesky, pds: FakePds, clock: VirtualClock
) -> None:
    """Its answer was lost and the target deleted since: it is published all the same."""
    made = await frozen(wren, post(reply_to=reply_to(shown_as(pds))))
    pds.fail(PUT, httpx.ReadTimeout("late"), done=True)
    with pytest.raises(Unconfirmed):
        await wren.publish(made)
    pds.views.clear()
    clock.advance(CHECK_AGAIN_S)
    assert (await wren.publish(made)).id == uri_of(made.key)


async def test_a_reply_whose_arrival_cannot_be_seen_is_not_refused_either(
    wren: Bluesky, pds: FakePds, clock: VirtualClock
) -> None:
    """The target is gone and our own repository is silent: that is doubt, not a refusal."""
    made = await frozen(wren, post(reply_to=reply_to(shown_as(pds))))
    pds.views.clear()
    pds.fail(GET, error("InternalServerError", 500))
    clock.advance(CHECK_AGAIN_S)
    with pytest.raises(Unconfirmed):
        await wren.publish(made)


@pytest.mark.parametrize("uri", ["", "https://bsky.app/x", "at://did:plc:x/app.bsky.feed.like/1", "at://a/b"])
async def test_a_place_that_is_none_is_refused(wren: Bluesky, uri: str) -> None:
    """A malformed address never reaches the server."""
    with pytest.raises(Refused):
        await wren.prepare(post(reply_to=reply_to(RemoteRef(id=uri, cid="bafy"))))
    with pytest.raises(Refused):
        await wren.delete(RemoteRef(id=uri))


# --- what came of it -------------------------------------------------------------------------------------------


async def test_counts_that_are_not_shown_are_none(wren: Bluesky, pds: FakePds) -> None:
    """Zero is zero, missing is missing, and there are no views on Bluesky."""
    ref = shown_as(pds, likeCount=3, repostCount=0)
    assert await wren.counts([ref]) == {ref.id: Counts(likes=3, reposts=0)}


async def test_counts_are_read_twenty_five_at_a_time(wren: Bluesky, pds: FakePds) -> None:
    """Sixty posts are three calls."""
    refs = [shown_as(pds, f"3k{n}", likeCount=n) for n in range(60)]
    read = await wren.counts(refs)
    assert pds.how_often("getPosts") == 3
    assert read[refs[59].id] == Counts(likes=59)


async def test_a_post_is_gone_only_if_our_repository_has_lost_it(wren: Bluesky, pds: FakePds) -> None:
    """A late public view must not turn a live post into a removed one."""
    late, gone = await published(wren, post()), await published(wren, post())
    await wren.delete(gone)
    theirs = RemoteRef(id=uri_of("3theirs", "did:plc:finch"))
    assert await wren.counts([late, gone, theirs]) == {gone.id: Gone()}


async def test_whoami_knows_the_followers_or_says_nothing(wren: Bluesky, pds: FakePds) -> None:
    """Followers come from the public view, which may be away."""
    assert (await wren.whoami()).followers == 7
    pds.fail("app.bsky.actor.getProfile", error("InternalServerError", 500))
    me = await wren.whoami()
    assert (me.id, me.handle, me.followers) == (DID, HANDLE, None)


async def test_mentions_are_read_page_by_page_back_to_the_instant(wren: Bluesky, pds: FakePds) -> None:
    """Likes and follows are passed over; each who spoke to us is heard once, oldest first."""
    kinds = ["like", "mention", "quote", "reply", "follow", "mention"]
    pds.pages["notifications"] = [
        {**pds.show(f"3n{n}"), "reason": kind, "indexedAt": f"2026-11-23T12:00:{59 - n}.500Z"}
        for n, kind in enumerate(kinds)
    ]
    heard = await wren.mentions(NOON)
    assert [one.kind for one in heard] == ["mention", "reply", "quote", "mention"]
    assert heard[0].posted_at == NOON + 54_500_000
    assert len(await wren.mentions(NOON + 57_500_000)) == 1


async def test_a_reply_without_a_notification_is_heard_from_the_thread(wren: Bluesky, pds: FakePds) -> None:
    """It is found under our own post; ours and the blocked ones are passed over."""
    own = await published(wren, post())
    pds.pages["feed"] = [{"post": pds.show("3own", DID, replyCount=3)}, {"post": pds.show("3quiet", DID, replyCount=0)}]
    theirs, ours = pds.show("3reply"), pds.show("3ours", DID)
    pds.pages[uri_of("3own")] = [{"post": theirs}, {"post": ours}, {"blocked": True}]
    pds.pages["notifications"] = [{**theirs, "reason": "reply"}]
    (heard,) = await wren.mentions(NOON - 1)
    assert (heard.kind, heard.author, heard.ref.id) == ("reply", "finch.test", theirs["uri"])
    assert pds.how_often("getPostThread") == 1
    assert own.id in {uri_of(rkey) for rkey in pds.records}


async def test_a_search_is_empty_only_if_search_works(wren: Bluesky, pds: FakePds) -> None:
    """Nothing found by a search that finds nothing at all is unknown."""
    assert isinstance(await wren.search("bowers"), Unknown)
    pds.found[CANARY] = [pds.show("3any")]
    assert await wren.search("bowers") == []
    record = {"text": "On bowers", "reply": {"root": {"uri": uri_of("3r"), "cid": "bafy"}}}
    pds.found["bowers"] = [pds.show("3b", record=record)]
    found = await wren.search("bowers")
    assert isinstance(found, list)
    assert (found[0].text, found[0].root, found[0].ref.cid) == (
        "On bowers",
        RemoteRef(id=uri_of("3r"), cid="bafy"),
        cid_of(record),
    )


@pytest.mark.parametrize(
    "body", [{}, {"posts": [{}], "notifications": [{"reason": "reply"}], "feed": [7]}, {"posts": 3}]
)
async def test_an_answer_without_what_was_promised_is_unreachable(
    wren: Bluesky, pds: FakePds, body: dict[str, object]
) -> None:
    """A changed or broken server is a fault of reading, not a crash of ours."""
    for method in ("feed.getPosts", "feed.searchPosts", "feed.getAuthorFeed", "notification.listNotifications"):
        pds.fail(f"app.bsky.{method}", httpx.Response(200, json=body))
    for read in (wren.counts([RemoteRef(id=uri_of("3x"))]), wren.search("x"), wren.mentions(0)):
        with pytest.raises(Unreachable):
            await read


async def test_a_password_that_no_longer_holds_is_signed_out(wren: Bluesky, pds: FakePds) -> None:
    """Every call says the same, and says why."""
    made = await frozen(wren, post())
    pds.password = "changed"
    with pytest.raises(SignedOut) as signed_out:
        await wren.publish(replace(made))
    assert signed_out.value.reason == "password"
