"""The whole loop on Bluesky's own server software, with the commands that an owner types."""

from __future__ import annotations

import asyncio
import json
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bowerbird.app.connections import connect
from bowerbird.browsers.pool import Pool
from bowerbird.clock import SystemChance, SystemClock
from bowerbird.core.facts import Fact
from bowerbird.core.findings import Advice, Reading
from bowerbird.core.lifecycle import State
from bowerbird.core.post import Kind, Post
from bowerbird.planning.proposals import propose
from bowerbird.platforms.bluesky import Bluesky
from tests.network.owner import Owner, Said, records, until
from tests.network.rig import Rig
from tests.platforms.bluesky.made import KeptSession, picture, post, published
from tests.proxy import Fault, Proxy

pytestmark = pytest.mark.network
ANY_FACETS = ("app.bsky.richtext.facet#link", "app.bsky.richtext.facet#tag")


# --- the first five minutes -----------------------------------------------------------------------------------


async def test_connecting_shows_who_you_are(pds: Rig, tmp_path: Path) -> None:
    """Two fields, and the answer names the account as the network knows it."""
    owner = await Owner.at(pds, tmp_path)
    said = await owner.connect()
    assert said.code == 0, said.err
    assert owner.person.handle in said.out
    assert owner.person.did in said.out
    assert "bowerbird attest" in said.out
    assert owner.person.password not in said.out + said.err


async def test_a_wrong_password_is_a_sentence_and_stores_nothing(pds: Rig, tmp_path: Path) -> None:
    """No account, no secret, no traceback: the owner reads that it is the password."""
    owner = await Owner.at(pds, tmp_path)
    said = await owner.connect(password="not-my-password")
    assert said.code == 1
    assert said.err.startswith("bowerbird: ")
    assert "password" in said.err
    assert "Traceback" not in said.err
    assert await owner.accounts() == []
    async with owner.books() as books:
        assert await books.load_secret(owner.account_id, "password") is None


async def test_a_server_that_is_not_there_is_a_sentence(pds: Rig, tmp_path: Path) -> None:
    """Whoever mistypes the address reads that nobody answers there."""
    async with Proxy.to(pds.pds) as proxy:
        nowhere = proxy.url
    owner = await Owner.at(pds, tmp_path, url=nowhere)
    said = await owner.connect()
    assert said.code == 1
    assert said.err.startswith("bowerbird: ")
    assert len(said.err.splitlines()) == 1


async def test_nothing_is_sent_before_the_account_is_attested(pds: Rig, tmp_path: Path) -> None:
    """Posts are planned and wait; `bowerbird accounts` says for what."""
    owner = await Owner.at(pds, tmp_path)
    await owner.connect()
    async with owner.engine():
        now = SystemClock().now
        await until(owner.posts, lambda posts: any(one.due < now() for one in posts))
        await SystemClock().sleep(1.0)
    assert await records(pds, owner.person) == []
    assert "unattested" in (await owner.type("accounts")).out
    assert "attest" in (await owner.type("accounts")).out


# --- a life ----------------------------------------------------------------------------------------------------


@dataclass
class Life:
    """What one run of the engine left behind."""

    owner: Owner
    records: list[dict[str, Any]]
    posts: list[Post]
    readings: list[Reading]
    facts: list[Fact]
    advice: Advice
    story: Said
    told: dict[str, Any]
    question: str
    liked: str

    @property
    def published(self) -> list[Post]:
        """The posts that stand on the network."""
        return [one for one in self.posts if one.state is State.PUBLISHED]


@pytest.fixture(scope="module")
def life(network: Rig, tmp_path_factory: pytest.TempPathFactory) -> Life:
    """One engine runs, until a post was liked and measured, a mention was answered, and something was learned."""
    return asyncio.run(live(network, tmp_path_factory.mktemp("life")))


async def live(rig: Rig, folder: Path) -> Life:
    """Live through it as an owner would: connect, attest, run, look."""
    owner = await Owner.at(rig, folder)
    await owner.connect()
    await owner.attest()
    await show_a_picture(owner, folder)
    finch = await rig.account("finch")
    friend = Bluesky(rig.pds, finch.handle, finch.password, KeptSession(), SystemClock())
    try:
        async with owner.engine():
            first = (await until(owner.posts, lambda posts: any(one.remote for one in posts)))[-1]
            liked = next(one for one in [first, *await owner.posts()] if one.remote)
            await like(friend, liked)
            mention = await published(friend, post(f"@{owner.person.handle} what does pairwise() do in Python?"))
            await until(lambda: evidence(owner, liked), all)
        story = await owner.type("why", liked.id)
        told = json.loads((await owner.type("why", liked.id, "--json")).out)
        async with owner.books() as books:
            advice = await books.advice(owner.account_id)
            assert advice is not None
            readings = await books.readings(account_id=owner.account_id, limit=500)
            facts = await books.facts(limit=1000)
        stands = await records(rig, owner.person)
        return Life(
            owner, stands, await owner.posts(), readings, facts, advice, story, told, mention.id, liked.id
        )  # fmt: skip
    finally:
        await friend.close()


async def show_a_picture(owner: Owner, folder: Path) -> None:
    """Queue a post with a picture, by code."""
    clock = SystemClock()
    async with owner.books() as books:
        (account,) = await books.accounts()
        seat = Pool(clock)
        platform = await connect(account, secrets=books, clock=clock, seat=seat, settings=await owner.settings())
        try:
            await propose(
                books, platform, account, "A bower, seen from above.", by="test", clock=clock,
                chance=SystemChance(), due=clock.now(), media=(picture(folder),),
            )  # fmt: skip
        finally:
            await platform.close()


async def like(friend: Bluesky, post: Post) -> None:
    """Like a post, as the official app would."""
    assert post.remote
    subject = {"uri": post.remote.id, "cid": post.remote.cid}
    record = {"$type": "app.bsky.feed.like", "subject": subject, "createdAt": "2026-11-23T12:00:00Z"}
    await friend._write(
        "com.atproto.repo.createRecord",
        lambda did: {"repo": did, "collection": "app.bsky.feed.like", "record": record},
    )


async def evidence(owner: Owner, liked: Post) -> tuple[bool, ...]:
    """Whether everything has happened that we wait for."""
    async with owner.books() as books:
        posts = await books.posts(states=(State.PUBLISHED,), limit=500)
        readings = await books.readings(post_id=liked.id)
        advice = await books.advice(owner.account_id)
    learned = advice is not None and advice.n >= 2
    faceted = any("#" in one.payload.text or "https://" in one.payload.text for one in posts)
    liked_read = any((reading.counts.likes or 0) > 0 for reading in readings)
    return (len(posts) >= 5, liked_read, learned, faceted, any(one.kind is Kind.REPLY for one in posts))


def test_what_the_books_say_stands_on_the_network(life: Life) -> None:
    """As many posts as the books call published, each once, with the same words."""
    stands = {one["uri"]: one["value"]["text"] for one in life.records}
    known = {one.remote.id: one.payload.text for one in life.published if one.remote}
    assert len(life.records) == len(stands)
    assert stands == known


def test_links_and_tags_of_real_posts_can_be_clicked(life: Life) -> None:
    """A link or a tag in the words has its facet in the record."""
    with_marks = [
        one["value"] for one in life.records if "https://" in one["value"]["text"] or "#" in one["value"]["text"]
    ]
    kinds = {mark["$type"] for value in with_marks for facet in value.get("facets", []) for mark in facet["features"]}
    assert with_marks
    assert kinds & set(ANY_FACETS)


def test_a_picture_goes_with_its_description(life: Life) -> None:
    """The post that code queued carries its image and the words for who cannot see it."""
    (shown,) = [one["value"]["embed"] for one in life.records if "embed" in one["value"]]
    (image,) = shown["images"]
    assert image["alt"] == "A bower of blue things."
    assert image["image"]["mimeType"] == "image/png"


def test_likes_are_read_and_impressions_stay_unknown(life: Life) -> None:
    """The like of a friend shows up; what Bluesky does not show is never a zero."""
    assert any((reading.counts.likes or 0) > 0 for reading in life.readings)
    assert {reading.counts.impressions for reading in life.readings} == {None}
    assert not any(reading.rehearsal for reading in life.readings)
    measured = [fact.data for fact in life.facts if fact.kind == "measured"]
    assert {data["impressions"] for data in measured} == {None}


def test_a_mention_is_answered_once_below_itself(life: Life) -> None:
    """The answer hangs under the question, once, and no other reply was made."""
    replies = [one["value"]["reply"] for one in life.records if "reply" in one["value"]]
    ours = {one.remote.id for one in life.published if one.remote and one.part == 0}
    answers = [reply["parent"]["uri"] for reply in replies if reply["parent"]["uri"] == life.question]
    threads = [reply for reply in replies if reply["root"]["uri"] in ours]
    assert answers == [life.question]
    assert len(replies) == len(answers) + len(threads)


def test_what_is_learned_needs_no_impressions(life: Life) -> None:
    """The advice names the number it learns, and it is the one for platforms that show no views."""
    assert life.advice.target == "engagement for the number of followers"
    assert life.advice.version
    assert life.advice.sentence


def test_a_post_tells_its_whole_story(life: Life) -> None:
    """Chosen, written, approved, sent, confirmed, measured, learned: each in its place."""
    assert life.story.code == 0, life.story.err
    chapters = [line["chapter"] for line in life.told["story"]]
    for chapter in ("chosen", "written", "approved", "sent", "confirmed", "measured", "learned"):
        assert chapter in chapters, f"{chapter} is missing in:\n{life.story.out}"
    assert chapters.index("sent") < chapters.index("confirmed") < chapters.index("measured")
    assert chapters[-1] == "learned"
    assert life.told["post"] == life.liked
    assert "impression" not in life.story.out


# --- a hard life -----------------------------------------------------------------------------------------------


async def test_an_engine_killed_while_posting_loses_nothing_and_doubles_nothing(pds: Rig, tmp_path: Path) -> None:
    """Answers are swallowed, the engine is killed while it waits for one, three times; then all is settled."""
    async with Proxy.to(pds.pds) as proxy:
        owner = await Owner.at(pds, tmp_path, url=proxy.url, every_s=1.0)
        await owner.connect()
        await owner.attest()
        for _ in range(3):
            await kill_while_sending(owner, pds, proxy)
        async with owner.engine():
            # A doubt whose first look was swallowed with everything else is looked at again some seconds later.
            await until(owner.posts, settled, within_s=180)
        posts = await owner.posts()
    async with owner.books() as books:
        kinds = [fact.kind for fact in await books.facts(limit=1000)]
    stands = [one["uri"] for one in await records(pds, owner.person)]
    # By the look of whoever settles doubts, or by the timeline, whichever saw it first.
    seen = kinds.count("found") + kinds.count("confirmed_late")
    assert seen >= 3, "what was in doubt was not looked for"
    assert kinds.count("started") == 4
    assert len(stands) == len(set(stands))
    assert sorted(stands) == sorted(one.remote.id for one in posts if one.remote)
    assert len({one["value"]["text"] for one in await records(pds, owner.person)}) == len(stands)
    assert proxy.answers_lost >= 3
    assert proxy.calls["com.atproto.server.createSession"] == 1


def settled(posts: list[Post]) -> bool:
    """Eight are published, and nobody is in doubt about any."""
    published = sum(one.state is State.PUBLISHED for one in posts)
    return published >= 8 and not any(one.state in {State.SENDING, State.UNSURE} for one in posts)


async def kill_while_sending(owner: Owner, rig: Rig, proxy: Proxy) -> None:
    """Run the engine until a post stands on the network that the books do not know of, and kill it."""
    proxy.fault = Fault.NONE

    async def unknown() -> set[str]:
        stands = {one["uri"] for one in await records(rig, owner.person)}
        return stands - {one.remote.id for one in await owner.posts() if one.remote}

    async with owner.engine() as engine:
        before = len(await records(rig, owner.person))
        await until(lambda: records(rig, owner.person), lambda found: len(found) > before)
        proxy.fault = Fault.SWALLOW
        await asyncio.sleep(1.0)  # what was answered before is in the books by now, so what is unknown then is in doubt
        doubted = {one.payload.text for one in await owner.posts() if one.state is State.UNSURE}
        # Of the kill before: its doubt is not a new one, but one that was sent in the last second is.
        settling = {one["uri"] for one in await records(rig, owner.person) if one["value"]["text"] in doubted}
        await until(unknown, lambda found: bool(found - settling))
        engine.send_signal(signal.SIGKILL)
        await engine.wait()
    proxy.fault = Fault.NONE
