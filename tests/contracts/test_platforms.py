"""What every adapter promises, on each of them: nothing twice, nothing lost, and no answer that is not certain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from bowerbird.browsers import chromium
from bowerbird.browsers.pool import Pool
from bowerbird.core.errors import RateLimited, Refused, SignedOut, Unconfirmed, Unreachable
from bowerbird.core.findings import Counts
from bowerbird.core.ports import Absent, Found, Gone, Platform, Unknown
from bowerbird.core.post import RemoteRef
from tests.contracts.network_stage import NetworkStage
from tests.contracts.stages import CLOCK, ApiStage, FakePdsStage, Said, Stage, Trouble, WebStage
from tests.network.rig import Mode, Rig, missing, running
from tests.perch import Perch, running_perch
from tests.platforms.bluesky.made import frozen, post, published, reply_to

pytestmark = pytest.mark.asyncio(loop_scope="module")

STAGES = [
    "sandbox-forever",
    "sandbox-hour",
    "sandbox-none",
    pytest.param("sandbox-web", marks=pytest.mark.browser),
    "bluesky",
    pytest.param("bluesky-network", marks=pytest.mark.network),
]
WORDS = "A small thing about Python."

READS: dict[str, Callable[[Platform, RemoteRef], Awaitable[Any]]] = {
    "counts": lambda platform, ref: platform.counts([ref]),
    "mentions": lambda platform, ref: platform.mentions(0),
    "own_posts": lambda platform, ref: platform.own_posts(),
    "search": lambda platform, ref: platform.search("bowers"),
    "whoami": lambda platform, ref: platform.whoami(),
}


@pytest.fixture(scope="module")
def perch() -> Iterator[Perch]:
    """One sandbox process for the suite."""
    with running_perch() as running:
        yield running


@pytest.fixture(scope="module")
def a_browser() -> Pool | None:
    """A seat whose browser starts when it is first needed; None where there is no Chromium."""
    return Pool(CLOCK, path=chromium.find(), arguments=chromium.flags()) if chromium.available() else None


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def seat(a_browser: Pool | None) -> AsyncIterator[Pool | None]:
    """One browser for the suite."""
    yield a_browser
    if a_browser is not None:
        await a_browser.close()


@pytest.fixture(scope="module")
def network() -> Iterator[Rig]:
    """Bluesky's own server software; a machine that cannot have it skips, and says why."""
    if why := missing(Mode.FULL):
        pytest.skip(why)
    with running(Mode.FULL) as rig:
        yield rig


@pytest_asyncio.fixture(params=STAGES, loop_scope="module")
async def stage(request: pytest.FixtureRequest, perch: Perch, seat: Pool | None) -> AsyncIterator[Stage]:
    """An adapter on a platform, with an account to itself."""
    if request.param == "bluesky-network":
        stage: Stage = await NetworkStage.on(request.getfixturevalue("network"))
    else:
        stage = staged(request.param, perch, seat)
    yield stage
    await stage.close()


def staged(name: str, perch: Perch, seat: Pool | None) -> Stage:
    """Set the stage; a machine without a browser skips, and says so."""
    if name == "bluesky":
        return FakePdsStage()
    if name != "sandbox-web":
        return ApiStage(perch, name.removeprefix("sandbox-"))
    if seat is None:
        pytest.skip("There is no Chromium on this machine; tools/chromium.sh installs one.")
    return WebStage(perch, seat)


# --- sending ---------------------------------------------------------------------------------------------------


async def test_a_post_arrives_and_its_place_is_known(stage: Stage) -> None:
    """What `publish` returns is what a look finds and what can be counted."""
    made = await frozen(stage.platform, post(WORDS))
    ref = await stage.platform.publish(made)
    await stage.settle(ref)
    assert await stage.said() == [WORDS]
    look = await stage.platform.resolve(made)
    assert isinstance(look, Found)
    assert (look.ref.id, look.ref.url) == (ref.id, ref.url)
    assert list(await stage.platform.counts([ref])) == [ref.id]


async def test_a_key_is_good_for_one_post(stage: Stage) -> None:
    """With keys a second send changes nothing; without, a look finds the first, so nobody sends again."""
    made = await frozen(stage.platform, post(WORDS))
    ref = await stage.platform.publish(made)
    if stage.platform.capabilities.dedup_s:
        assert await stage.platform.publish(made) == ref
    look = await stage.platform.resolve(made)
    assert isinstance(look, Found)
    assert look.ref.id == ref.id
    assert await stage.said() == [WORDS]


async def test_a_key_is_good_for_one_post_also_at_once(stage: Stage) -> None:
    """Eight sends of the same key side by side are one post, where the platform takes keys."""
    if not stage.platform.capabilities.dedup_s:
        return
    made = await frozen(stage.platform, post(WORDS))
    refs = await asyncio.gather(*(stage.platform.publish(made) for _ in range(8)))
    assert len({ref.id for ref in refs}) == 1
    assert await stage.said() == [WORDS]


async def test_what_was_never_prepared_is_not_sent(stage: Stage) -> None:
    """There is nothing to send yet, or a restore lost it; and a look says so without raising."""
    for wire in (None, ""):
        with pytest.raises(Unreachable):
            await stage.platform.publish(replace(post(WORDS), wire=wire))
    assert isinstance(await stage.platform.resolve(post(WORDS)), Absent)
    assert await stage.said() == []


async def test_a_text_that_is_too_long_is_refused_and_nothing_arrives(stage: Stage) -> None:
    """One letter more than the platform takes; as many as it takes are sent."""
    most = stage.platform.capabilities.text_max
    with pytest.raises(Refused) as refused:
        await published(stage.platform, post("a" * (most + 1)))
    assert refused.value.reason == "too_long"
    assert await stage.said() == []
    await published(stage.platform, post("b" * most))
    assert await stage.said() == ["b" * most]


async def test_white_space_and_signs_arrive_as_they_were_written(stage: Stage) -> None:
    """Indentation, double spaces, empty lines, quotes, angle brackets and emojis; and a look finds them."""
    words = "Tip:\n\n    if a  < b:\n        print('ä & \"ö\"')  # 🐦\n\n<b>&amp;</b>"
    made = await frozen(stage.platform, post(words))
    ref = await stage.platform.publish(made)
    assert await stage.said() == [words]
    look = await stage.platform.resolve(made)
    assert isinstance(look, Found)
    assert look.ref.id == ref.id


# --- signing in ------------------------------------------------------------------------------------------------


async def test_a_session_that_ended_is_renewed_and_the_post_goes_out_once(stage: Stage) -> None:
    """Nobody is asked for a password that is kept."""
    await stage.platform.whoami()
    await stage.revoke()
    await published(stage.platform, post(WORDS))
    assert await stage.said() == [WORDS]


async def test_a_wrong_password_is_signed_out_and_nothing_arrives(stage: Stage) -> None:
    """Neither reading nor writing goes on without a person, and a look does not say "absent"."""
    made = await frozen(stage.platform, post(WORDS))
    await stage.platform.whoami()
    await stage.lock_out()
    for act in (lambda: stage.platform.publish(made), stage.platform.whoami):
        with pytest.raises(SignedOut):
            await act()
    assert isinstance(await stage.platform.resolve(made), Unknown)
    assert await stage.said() == []


# --- what goes wrong while sending -----------------------------------------------------------------------------


async def test_a_rate_limit_names_its_end_and_nothing_arrives(stage: Stage) -> None:
    """We are told when to come back, and afterwards the same post goes out."""
    made = await frozen(stage.platform, post(WORDS))
    await stage.platform.whoami()
    await stage.trouble(Trouble.LIMITED)
    with pytest.raises(RateLimited) as limited:
        await stage.platform.publish(made)
    assert 25e6 < limited.value.retry_at - CLOCK.now() <= 30e6
    assert await stage.said() == []
    await stage.platform.publish(made)
    assert await stage.said() == [WORDS]


async def test_an_answer_that_was_lost_is_unconfirmed_and_a_look_finds_the_post(stage: Stage) -> None:
    """The post is there, once, though nobody told us."""
    made = await frozen(stage.platform, post(WORDS))
    await stage.platform.whoami()
    await stage.trouble(Trouble.DROP_ANSWER)
    with pytest.raises(Unconfirmed):
        await stage.platform.publish(made)
    assert await stage.said() == [WORDS]
    assert isinstance(await stage.platform.resolve(made), Found)


async def test_a_request_that_was_lost_is_not_called_sent_and_a_look_says_absent(stage: Stage) -> None:
    """The connection broke before anything was accepted; then the post goes out, once."""
    made = await frozen(stage.platform, post(WORDS))
    await stage.platform.whoami()
    await stage.trouble(Trouble.DROP_BEFORE)
    with pytest.raises((Unconfirmed, Unreachable)):
        await stage.platform.publish(made)
    assert await stage.platform.resolve(made) == Absent()
    await stage.platform.publish(made)
    assert await stage.said() == [WORDS]


async def test_a_failure_of_the_server_leaves_a_doubt(stage: Stage) -> None:
    """After a 500 the post may or may not be there, so it is `Unconfirmed`."""
    made = await frozen(stage.platform, post(WORDS))
    await stage.platform.whoami()
    await stage.trouble(Trouble.BROKEN)
    with pytest.raises(Unconfirmed):
        await stage.platform.publish(made)
    assert await stage.platform.resolve(made) == Absent()


async def test_where_no_server_runs_nothing_was_sent_and_nothing_is_known(stage: Stage) -> None:
    """`Unreachable` is certain that nothing arrived; a look that cannot see is `Unknown`, never `Absent`."""
    made = await frozen(stage.platform, post(WORDS))
    nowhere = stage.nowhere()
    with pytest.raises(Unreachable):
        await nowhere.publish(made)
    assert isinstance(await nowhere.resolve(made), Unknown)
    await nowhere.close()


async def test_a_send_that_is_cut_off_leaves_the_adapter_usable(stage: Stage) -> None:
    """The deadline may fall at any moment; a later look tells the truth, and the next post goes out."""
    made = await frozen(stage.platform, post(WORDS))
    await stage.platform.whoami()
    await stage.trouble(Trouble.SLOW)
    sending = asyncio.create_task(stage.platform.publish(made))
    await stage.half_way()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await CLOCK.sleep(stage.late_s)
    look = await stage.platform.resolve(made)
    assert isinstance(look, Found if await stage.said() else Absent)
    await published(stage.platform, post("The next one."))
    assert (await stage.said())[-1] == "The next one."


# --- looking ---------------------------------------------------------------------------------------------------


async def test_what_was_never_sent_is_absent(stage: Stage) -> None:
    """On an account with other posts, and on an empty one."""
    made = await frozen(stage.platform, post(WORDS))
    assert await stage.platform.resolve(made) == Absent()
    await published(stage.platform, post("Something else."))
    assert await stage.platform.resolve(made) == Absent()


async def test_a_post_whose_message_a_restore_lost_is_looked_for_by_its_words(stage: Stage) -> None:
    """An empty wire: found if it went out, also as a later part whose place is unknown; else absent."""
    made = post(WORDS)
    ref = await published(stage.platform, made)
    for lost in (replace(made, wire=""), replace(made, wire="", part=1, parts=2)):
        look = await stage.platform.resolve(lost)
        assert isinstance(look, Found)
        assert look.ref.id == ref.id
    assert isinstance(await stage.platform.resolve(replace(post("Never said."), wire="")), Absent)


@pytest.mark.parametrize("trouble", [Trouble.BROKEN, Trouble.LIMITED])
async def test_a_look_that_cannot_see_is_unknown(stage: Stage, trouble: Trouble) -> None:
    """Whether the post is there or not, and it never raises."""
    made = await frozen(stage.platform, post(WORDS))
    await stage.platform.whoami()
    await stage.trouble(trouble, on="read")
    assert isinstance(await stage.platform.resolve(made), Unknown)


@pytest.mark.parametrize("read", READS)
async def test_a_server_that_fails_to_answer_a_read_is_unreachable(stage: Stage, read: str) -> None:
    """Reading twice does no harm, so there is no doubt to settle."""
    ref = await published(stage.platform, post(WORDS))
    await stage.trouble(Trouble.BROKEN, on="read")
    with pytest.raises(Unreachable):
        await READS[read](stage.platform, ref)


@pytest.mark.parametrize("read", READS)
async def test_a_read_that_comes_too_often_names_when_to_come_back(stage: Stage, read: str) -> None:
    """The same for all reads."""
    ref = await published(stage.platform, post(WORDS))
    await stage.trouble(Trouble.LIMITED, on="read")
    with pytest.raises(RateLimited) as limited:
        await READS[read](stage.platform, ref)
    assert limited.value.retry_at > CLOCK.now()


# --- what came of it -------------------------------------------------------------------------------------------


async def test_numbers_are_counted_and_what_is_not_shown_is_none(stage: Stage) -> None:
    """Nobody reacted yet: an observed 0. Impressions are a number only where they are shown at all."""
    ref = await published(stage.platform, post(WORDS))
    await stage.settle(ref)
    counts = (await stage.platform.counts([ref]))[ref.id]
    assert isinstance(counts, Counts)
    assert (counts.likes, counts.reposts, counts.replies) == (0, 0, 0)
    assert (counts.impressions is not None) == stage.platform.capabilities.shows_impressions
    assert await stage.platform.counts([]) == {}


async def test_a_post_that_the_platform_took_away_is_gone(stage: Stage) -> None:
    """Not zero, not missing: gone, beside one that stands."""
    first, second = [await published(stage.platform, post(words)) for words in (WORDS, "Another.")]
    await stage.settle(second)
    await stage.remove(first)
    read = await stage.platform.counts([first, second])
    assert read[first.id] == Gone()
    assert isinstance(read[second.id], Counts)


async def test_a_post_is_taken_back_as_often_as_one_likes(stage: Stage) -> None:
    """The second time is no error; where the adapter cannot do it, it says so and the post stays."""
    made = await frozen(stage.platform, post(WORDS))
    ref = await stage.platform.publish(made)
    if not stage.can_delete:
        with pytest.raises(Refused) as refused:
            await stage.platform.delete(ref)
        assert refused.value.reason == "not_supported"
        assert await stage.said() == [WORDS]
        return
    await stage.platform.delete(ref)
    await stage.platform.delete(ref)
    assert await stage.said() == []
    assert await stage.platform.resolve(made) == Absent()


async def test_what_was_published_stands_on_the_own_timeline(stage: Stage) -> None:
    """Newest first, with its words, its place and its time; and no more of it than was asked for."""
    before = CLOCK.now() - 1_000_000
    refs = [await published(stage.platform, post(words)) for words in (WORDS, "Another.")]
    shown = await stage.platform.own_posts()
    assert isinstance(shown, list)
    assert [(one.ref.id, one.text) for one in shown] == [(refs[1].id, "Another."), (refs[0].id, WORDS)]
    assert all(before <= one.posted_at <= CLOCK.now() + 1_000_000 for one in shown)
    fewer = await stage.platform.own_posts(1)
    assert isinstance(fewer, list)
    assert [one.ref.id for one in fewer] == [refs[1].id]


async def test_an_own_timeline_without_posts_is_empty_and_what_was_taken_away_is_not_on_it(stage: Stage) -> None:
    """Seen and empty is an empty list; a post that is gone is not shown."""
    assert await stage.platform.own_posts() == []
    ref = await published(stage.platform, post(WORDS))
    await stage.settle(ref)
    await stage.remove(ref)
    assert await stage.platform.own_posts() == []


async def test_an_own_timeline_behind_a_wall_is_unknown_and_never_empty(stage: Stage) -> None:
    """Signed out for good: the pages and the API answer, and show nothing that could be believed."""
    await published(stage.platform, post(WORDS))
    await stage.lock_out()
    assert isinstance(await stage.platform.own_posts(), Unknown)


# --- other people ----------------------------------------------------------------------------------------------


async def test_a_reply_stands_below_what_it_answers(stage: Stage) -> None:
    """And the same words to somebody else are another post, which a look does not mistake for this one."""
    one, other = await stage.speak("Which bird collects blue things?"), await stage.speak("And who dances?")
    to_one = await frozen(stage.platform, post("The bowerbird!", reply_to=reply_to(one)))
    to_other = await frozen(stage.platform, post("The bowerbird!", reply_to=reply_to(other)))
    alone = await frozen(stage.platform, post("The bowerbird!"))
    ref = await stage.platform.publish(to_one)
    assert await stage.posts() == [Said("The bowerbird!", one.id)]
    look = await stage.platform.resolve(to_one)
    assert isinstance(look, Found)
    assert look.ref.id == ref.id
    assert await stage.platform.resolve(to_other) == Absent()
    assert await stage.platform.resolve(alone) == Absent()


async def test_a_reply_to_what_is_gone_is_refused_and_does_not_stand_alone(stage: Stage) -> None:
    """Neither while it is made nor when it is sent does it become a post of its own."""
    parent = await published(stage.platform, post(WORDS))
    await stage.settle(parent)
    await stage.remove(parent)
    with pytest.raises(Refused):
        await published(stage.platform, post("Too late.", reply_to=reply_to(parent)))
    assert await stage.said() == []


async def test_whoever_speaks_to_us_is_heard_once(stage: Stage) -> None:
    """With their words and name; asked again after that instant there is nothing new."""
    before = CLOCK.now() - 1_000_000
    said = await stage.address_us("What do you think?")
    heard = [one for one in await stage.platform.mentions(before) if one.author == stage.stranger]
    assert [one.text for one in heard] == [said]
    assert before < heard[0].posted_at <= CLOCK.now()
    assert [one for one in await stage.platform.mentions(heard[0].posted_at) if one.text == said] == []


async def test_a_search_finds_what_others_said(stage: Stage) -> None:
    """By its words, newest first; words that nobody used find nothing, and that is proved."""
    word = f"bower{CLOCK.now()}"
    ref = await stage.speak(word)
    found = await stage.platform.search(word)
    assert isinstance(found, list)
    assert [(one.ref.id, one.author, one.text) for one in found] == [(ref.id, stage.stranger, word)]
    assert await stage.platform.search("wordthatnobodyused") == []


async def test_closing_twice_is_no_error(stage: Stage) -> None:
    """After use, which takes nothing back, and before."""
    await published(stage.platform, post(WORDS))
    nowhere = stage.nowhere()
    for each in (stage.platform, stage.platform, nowhere, nowhere):
        await each.close()
    assert await stage.said() == [WORDS]
