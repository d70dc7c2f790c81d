"""Two ways to one account: a post goes by the first that is open, and once frozen it never changes its way."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from bowerbird.clock import SeededChance, VirtualClock
from bowerbird.core.errors import Refused, Unreachable
from bowerbird.core.facts import Fact
from bowerbird.core.ports import Capabilities, Found, Unknown
from bowerbird.core.post import Post, RemoteRef
from bowerbird.platforms.drivers import MARK, Drivers
from bowerbird.platforms.guarded import Guarded
from bowerbird.resilience.breakers import Breakers
from tests.posting.room import Told
from tests.posting.room import post as a_post
from tests.resilience.lab import Diary


@dataclass
class Way(Told):
    """One way, which remembers what it was asked to look for."""

    browser: bool = False
    looked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.look = self.seen

    def seen(self, post: Post) -> Found:
        """Find it, and note the message by which."""
        self.looked.append(post.wire or "")
        return Found(ref=RemoteRef(id=f"{self.name}-{post.id}"))

    @property
    def capabilities(self) -> Capabilities:
        """A browser is slower to show what it sent."""
        return Capabilities(
            dedup_s=0.0 if self.browser else 3600.0, settle_s=30.0 if self.browser else 5.0,
            text_max=280 if self.browser else 300, browser=self.browser,
        )  # fmt: skip


class Crossroads:
    """An account that is reached through the site's pages, and through its API."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.registry = Breakers(self.clock, SeededChance(1), Diary().write)
        self.web, self.api = Way(name="sandbox-web", browser=True), Way(name="sandbox")
        self.facts: list[Fact] = []
        self.both = self.drivers(self.web, self.api)

    def drivers(self, *ways: Way) -> Drivers:
        """The account by these ways."""
        guarded = {way.name: Guarded("a:wren", way, self.registry.add(way.name, way.whoami)) for way in ways}
        return Drivers("a:wren", guarded, self.clock, self.facts.append)

    def close_off(self, way: Way) -> None:
        """Open a way's breaker."""
        self.registry[way.name].open(f"{way.name} is down", by="me")

    async def frozen(self) -> Post:
        """A post whose message is made."""
        post = a_post()
        return replace(post, wire=await self.both.prepare(post))


async def test_a_post_goes_by_the_accounts_own_way() -> None:
    """And its message is stored as it is, so that messages from before there were two belong to it."""
    roads = Crossroads()
    post = await roads.frozen()
    assert post.wire == await roads.web.prepare(a_post())
    await roads.both.publish(post)
    assert (len(roads.web.sent), len(roads.api.sent)) == (1, 0)
    assert roads.facts == []


@pytest.mark.proves("4.2")
async def test_a_post_that_nobody_tried_to_send_goes_by_the_other_way() -> None:
    """It says so, in a fact with the reason."""
    roads = Crossroads()
    roads.close_off(roads.web)
    assert roads.both.refusal() == ""
    post = await roads.frozen()
    await roads.both.publish(post)
    assert (post.wire or "").startswith(f"{MARK}sandbox\n")
    assert (len(roads.web.sent), len(roads.api.sent)) == (0, 1)
    assert not roads.api.sent[0][1].startswith(MARK)
    (fact,) = roads.facts
    assert (fact.kind, fact.post_id, fact.data["driver"], fact.data["instead_of"]) == (
        "driver_chosen", post.id, "sandbox", "sandbox-web",
    )  # fmt: skip
    assert "sandbox-web is down" in fact.data["why"]


@pytest.mark.proves("4.2")
@pytest.mark.parametrize("first", [True, False])
async def test_a_frozen_post_never_changes_its_way(first: bool) -> None:
    """Whatever opens and closes afterwards: it is held, and the other way never hears of it."""
    roads = Crossroads()
    own, other = (roads.web, roads.api) if first else (roads.api, roads.web)
    if not first:
        roads.close_off(roads.web)
    post = await roads.frozen()
    roads.registry["sandbox-web"].close("", by="me")
    roads.close_off(own)

    with pytest.raises(Unreachable, match=f"{own.name} is down"):
        await roads.both.publish(post)
    look = await roads.both.resolve(post)
    assert isinstance(look, Unknown)
    assert f"{own.name} is down" in look.why
    assert (other.sent, other.looked) == ([], [])

    roads.registry[own.name].close("", by="me")
    look = await roads.both.resolve(post)
    assert isinstance(look, Found)
    assert look.ref.id.startswith(f"{own.name}-")
    assert other.looked == []
    assert not own.looked[0].startswith(MARK)


async def test_a_message_from_a_way_that_was_taken_away_is_kept() -> None:
    """Nothing is sent by another way, and nobody claims to have looked."""
    roads = Crossroads()
    roads.close_off(roads.web)
    post = await roads.frozen()
    alone = roads.drivers(roads.web)
    roads.registry["sandbox-web"].close("", by="me")
    with pytest.raises(Unreachable, match="made for sandbox, which is not connected any more"):
        await alone.publish(post)
    assert isinstance(await alone.resolve(post), Unknown)
    assert (roads.web.sent, roads.web.looked) == ([], [])


async def test_what_the_other_way_cannot_send_waits_for_the_own() -> None:
    """It is not refused for ever because a browser was down."""
    roads = Crossroads()
    roads.close_off(roads.web)
    roads.api.making = Refused("no pictures here")
    with pytest.raises(Unreachable, match=r"sandbox-web is down.*sandbox cannot send it: no pictures here"):
        await roads.both.prepare(a_post())
    assert roads.facts == []


@pytest.mark.proves("4.2")
async def test_with_no_way_open_the_own_way_is_named() -> None:
    """It is the root."""
    roads = Crossroads()
    roads.close_off(roads.web)
    roads.close_off(roads.api)
    assert "the breaker sandbox-web is open: sandbox-web is down" in roads.both.refusal()
    with pytest.raises(Unreachable, match="sandbox-web is open"):
        await roads.both.prepare(a_post())


async def test_reads_go_by_the_way_that_is_open() -> None:
    """Both see the same account."""
    roads = Crossroads()
    roads.close_off(roads.web)
    roads.api.timeline = Unknown(why="asked the api")
    assert (await roads.both.whoami()).handle == "wren"
    assert await roads.both.own_posts() == Unknown(why="asked the api")
    assert await roads.both.counts([]) == {}
    assert await roads.both.mentions(0) == []
    assert await roads.both.search("python") == []
    await roads.both.delete(RemoteRef(id="1"))
    await roads.both.close()


def test_the_more_careful_promise_counts() -> None:
    """Whichever way a post went, a look waits long enough."""
    can = Crossroads().both.capabilities
    assert (can.dedup_s, can.settle_s, can.browser, can.text_max) == (0.0, 30.0, True, 280)
    assert Crossroads().both.name == "sandbox-web"
    assert Crossroads().both.length("four") == 4
