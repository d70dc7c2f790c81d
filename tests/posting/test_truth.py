"""The account's timeline against our books, both ways."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bowerbird.core import errors
from bowerbird.core.account import Hold, HoldKind
from bowerbird.core.books import Batch, Change
from bowerbird.core.facts import Fact
from bowerbird.core.findings import Seen
from bowerbird.core.lifecycle import Event, State
from bowerbird.core.ports import Absent, Found, Unknown
from bowerbird.core.post import Post, RemoteRef
from bowerbird.posting.matching import TAKEN_BACK
from bowerbird.posting.pacing import audit_every_s, settles
from bowerbird.posting.truth import Audit

from .room import ACCOUNT, START, Room, Told, post, raising, shown

WORDS = "Words of post 1."


async def published(room: Room, *numbers: int) -> None:
    """Publish these posts, and show them on the timeline."""
    await room.put(*(post(number) for number in numbers))
    for _ in numbers:
        await room.publisher.publish_once()
    assert isinstance(room.platform.timeline, list)
    room.platform.timeline = [
        shown(f"r-p{n}", f"Words of post {n}.", at=room.clock.now()) for n in sorted(numbers, reverse=True)
    ]


@pytest.mark.proves("4.5", "X10")
async def test_where_timeline_and_books_agree_both_gaps_are_zero_and_it_is_told_once() -> None:
    """Seen, and nothing to say about it."""
    room = Room()
    await published(room, 1, 2)

    assert await room.audited(3) == {"seen_seconds": 0, "foreign_posts": 0, "missing_posts": 0}
    assert len(await room.books.facts(kinds=("audited",))) == 1


@pytest.mark.proves("4.5")
@pytest.mark.parametrize("blind", [Unknown(why="a login wall"), errors.Unreachable(), errors.RateLimited(retry_at=0)])
async def test_who_cannot_see_reports_no_number(blind: Unknown | errors.PlatformError) -> None:
    """Neither 0 nor the number of the last look: only for how long nothing was seen."""
    room = Room()
    await published(room, 1)
    await room.audited()

    async def own_posts(limit: int = 50) -> list[Seen] | Unknown:
        if isinstance(blind, Unknown):
            return blind
        raise blind

    room.platform.own_posts = own_posts  # type: ignore[method-assign]

    assert await room.audited(2) == {"seen_seconds": 60}


async def test_an_account_that_is_signed_out_is_not_asked() -> None:
    """Each question would try the password again, and platforms lock accounts for that."""
    room = Room()
    await published(room, 1)
    hold = Hold(account_id=ACCOUNT.id, kind=HoldKind.SIGNED_OUT, since=START)
    await room.books.record(Batch(holds=(hold,)))
    room.platform.timeline = [shown("foreign", "Not ours.", at=START)]

    assert list(await room.audited()) == ["seen_seconds"]


@pytest.mark.proves("5.4")
@pytest.mark.parametrize("verb", ["own_posts", "counts"])
async def test_a_session_that_ended_is_noticed_by_the_look_and_holds_the_account_once(verb: str) -> None:
    """Nobody waits for the next post: the first question that is refused sets the hold, and tells it once."""
    room = Room()
    await published(room, 1)
    room.platform.timeline = []
    room.clock.pass_s(600)
    setattr(room.platform, verb, raising(errors.SignedOut("the session has ended")))

    await room.audited(3)

    holds = await room.books.holds(now=room.clock.now())
    assert [(hold.kind, hold.why) for hold in holds] == [(HoldKind.SIGNED_OUT, "the session has ended")]
    assert len(await room.books.facts(kinds=("hold_set",))) == 1


@pytest.mark.proves("4.5")
async def test_a_foreign_post_is_told_once_also_after_a_restart_and_counts_for_a_day() -> None:
    """Somebody else writes on the account; a new engine reads what was told already."""
    room = Room()
    await published(room, 1)
    assert isinstance(room.platform.timeline, list)
    room.platform.timeline.insert(0, shown("foreign", "Buy blue things!", at=room.clock.now()))

    assert (await room.audited(3))["foreign_posts"] == 1
    room.audit = Audit(room.books, room.audit.platforms, room.clock)
    assert (await room.audited())["foreign_posts"] == 1

    facts = await room.books.facts(kinds=("foreign_post",))
    assert [fact.data["remote_id"] for fact in facts] == ["foreign"]
    room.clock.pass_s(86_400)
    assert (await room.audited())["foreign_posts"] == 0


@pytest.mark.proves("4.5")
@pytest.mark.parametrize("at", [1, 2, 3, 4])
async def test_a_post_that_is_confirmed_while_the_books_are_read_is_not_foreign(at: int) -> None:
    """Before whichever reading of the posts its answer comes in: it is ours, under way or published."""
    room = Room()
    await room.put(post(1))
    claimed = await room.books.claim_post(ACCOUNT.id, now=START, owner="boot-1", until=START + 10**9, quotas=())
    assert isinstance(claimed, Post)
    sending = claimed.changed(wire="w")
    await room.books.record(Batch(changes=(Change(claimed, sending),)))
    sending = await room.get()
    room.platform.timeline = [shown("r-p1", WORDS, at=room.clock.now())]
    reads, plain = 0, room.books.posts

    async def posts(**asked: Any) -> list[Post]:
        nonlocal reads
        reads += 1
        if reads == at:
            there = {"remote": RemoteRef(id="r-p1"), "published_at": START}
            confirmed = sending.after(Event.CONFIRMED, now=START, **there)
            await room.books.record(Batch(changes=(Change(sending, confirmed),)))
        return await plain(**asked)

    room.books.posts = posts  # type: ignore[method-assign]  # somebody writes between two readings

    assert (await room.audited())["foreign_posts"] == 0


async def test_what_was_posted_before_the_account_was_connected_is_not_foreign() -> None:
    """The owner's own years of posts."""
    room = Room(replace(ACCOUNT, created_at=START - 1))
    await room.put()
    room.platform.timeline = [shown("old", "From before.", at=START - 2)]

    assert (await room.audited())["foreign_posts"] == 0


@pytest.mark.proves("4.5")
@pytest.mark.parametrize("state", [State.UNSURE, State.PARKED, State.QUEUED, State.DROPPED, State.REJECTED])
async def test_a_post_that_stands_there_after_all_is_published(state: State) -> None:
    """Whatever the books concluded about the attempt: the timeline is the proof of it."""
    room = Room()
    room.platform.fate = raising(errors.Unconfirmed())
    await room.put(post(1))
    await room.publisher.publish_once()
    await into(room, state)
    room.platform.timeline = [shown("r-p1", WORDS, at=room.clock.now())]
    room.platform.look = lambda _: Found(ref=RemoteRef(id="r-p1"))

    assert (await room.audited())["foreign_posts"] == 0

    found = await room.get()
    assert (found.state, found.remote and found.remote.id) == (State.PUBLISHED, "r-p1")
    assert (await room.kinds())[-1] == "confirmed_late"
    assert await room.used() == 1


async def into(room: Room, state: State) -> None:
    """Put the post into a state as if something had led there."""
    before = await room.get()
    after = before.changed(state=state, since=room.clock.now())
    settled = settles(after, (), now=room.clock.now())
    await room.books.record(Batch(changes=(Change(before, after),), settles=settled))


async def test_a_post_that_is_being_sent_is_no_stranger() -> None:
    """Its worker is about to write it down."""
    room = Room()
    await room.put(post(1))
    room.platform.fate = raising(errors.Unconfirmed())
    await room.publisher.publish_once()
    await into(room, State.SENDING)
    room.platform.timeline = [shown("r-p1", WORDS, at=room.clock.now())]

    assert (await room.audited())["foreign_posts"] == 0
    assert (await room.get()).state is State.SENDING


async def test_the_same_words_of_somebody_else_are_no_proof() -> None:
    """A look that knows better says absent; then it is foreign, but not before the platform had time to show ours."""
    room = Room()
    room.platform.fate = raising(errors.Unconfirmed())
    await room.put(post(1))
    await room.publisher.publish_once()
    room.platform.look = lambda _: Absent()
    room.platform.timeline = [shown("other", WORDS, at=room.clock.now())]

    assert (await room.audited())["foreign_posts"] == 0
    room.clock.pass_s(120)
    assert (await room.audited())["foreign_posts"] == 1
    assert (await room.get()).state is State.UNSURE


@pytest.mark.proves("4.5")
async def test_a_second_copy_of_a_post_is_told_once() -> None:
    """The same words under another id are no foreign post but a duplicate, with both ids."""
    room = Room()
    await published(room, 1)
    assert isinstance(room.platform.timeline, list)
    room.platform.timeline.insert(0, shown("twin", WORDS, at=room.clock.now()))

    assert (await room.audited(2))["foreign_posts"] == 0
    facts = await room.books.facts(kinds=("duplicate_seen",))
    assert [(f.post_id, f.data["remote_id"], f.data["known_id"]) for f in facts] == [("p1", "twin", "r-p1")]


@pytest.mark.proves("4.5")
async def test_a_post_that_is_not_shown_is_missing_and_removed_when_a_second_look_agrees() -> None:
    """The page of a post that is gone says so; a timeline that is late does not make it gone."""
    room = Room()
    await published(room, 1, 2)
    room.platform.timeline, room.platform.gone = [], {"r-p1"}

    assert (await room.audited())["missing_posts"] == 1
    assert (await room.get("p1")).state is State.PUBLISHED
    assert (await room.audited())["missing_posts"] == 1
    assert ((await room.get("p1")).state, (await room.get("p2")).state) == (State.REMOVED, State.PUBLISHED)


async def seen_gone(room: Room, by: str, reason: str) -> None:
    """Let somebody else notice that the first post is gone, before the timeline was looked at."""
    before = await room.get()
    after = before.after(Event.GONE, now=room.clock.now(), reason=reason, look_at=None)
    fact = Fact(kind="gone", at=room.clock.now(), by=by, account_id=ACCOUNT.id, post_id=before.id)
    await room.books.record(Batch(changes=(Change(before, after),), facts=(fact,)))


@pytest.mark.proves("4.5")
async def test_a_phantom_that_measuring_removed_first_is_missing_for_a_day_also_after_a_restart() -> None:
    """The platform said yes and did not mean it: whoever puts the books right, somebody is told of it."""
    room = Room()
    await published(room, 1)
    room.platform.timeline = []
    await seen_gone(room, "measuring", "gone")

    assert (await room.audited())["missing_posts"] == 1
    room.audit = Audit(room.books, room.audit.platforms, room.clock)
    assert (await room.audited())["missing_posts"] == 1
    room.clock.pass_s(86_400)
    assert (await room.audited())["missing_posts"] == 0


@pytest.mark.proves("4.5")
async def test_what_we_took_back_ourselves_is_not_missing() -> None:
    """Somebody wished it gone."""
    room = Room()
    await published(room, 1)
    room.platform.timeline = []
    await seen_gone(room, "ann", TAKEN_BACK)

    assert (await room.audited())["missing_posts"] == 0


async def test_one_that_is_shown_after_all_is_not_missing() -> None:
    """The timeline is the proof, whatever a page said before."""
    room = Room()
    await published(room, 1)
    await seen_gone(room, "measuring", "gone")

    assert await room.audited() == {"seen_seconds": 0, "foreign_posts": 0, "missing_posts": 0}


async def test_who_cannot_see_goes_on_telling_what_is_known_to_have_vanished() -> None:
    """An alert must not be called over because the next look failed; the number is at least that."""
    room = Room()
    await published(room, 1)
    room.platform.timeline = Unknown(why="a login wall")
    await seen_gone(room, "measuring", "gone")

    shown_now = await room.audited()
    assert (shown_now["missing_posts"], "foreign_posts" in shown_now) == (1, False)


async def test_who_cannot_see_goes_on_telling_what_is_known_to_be_foreign_for_a_day() -> None:
    """A host that is down makes no stranger's post ours; what nobody could look at for a day is not told for ever."""
    room = Room()
    await published(room, 1)
    assert isinstance(room.platform.timeline, list)
    room.platform.timeline.insert(0, shown("foreign", "Buy blue things!", at=room.clock.now()))
    assert (await room.audited())["foreign_posts"] == 1

    room.platform.timeline = Unknown(why="no route to host")
    assert (await room.audited())["foreign_posts"] == 1
    room.clock.pass_s(86_400)
    assert "foreign_posts" not in await room.audited()


async def test_a_post_older_than_what_is_shown_is_not_missed() -> None:
    """A timeline that is longer than a look says nothing of what lies behind."""
    room = Room()
    await published(room, 1)
    room.platform.gone = {"r-p1"}
    later = room.clock.now() + 3_600_000_000
    room.platform.timeline = [shown(f"later-{n}", f"Later {n}.", at=later) for n in range(100)]

    assert (await room.audited(3))["missing_posts"] == 0


async def test_what_was_published_a_moment_ago_need_not_show_yet() -> None:
    """The platform has its settling time."""
    room = Room()
    await room.put(post(1))
    await room.publisher.publish_once()
    room.platform.gone = {"r-p1"}
    await room.audit.audit_once()

    assert (await room.books.count_posts())[ACCOUNT.id, State.PUBLISHED] == 1
    assert [s.value for s in room.audit.samples() if s.name.endswith("missing_posts")] == [0]


def test_looking_takes_its_share_of_the_reads_and_no_more() -> None:
    """One account every 20 s; a thousand on one server in turn, a tenth of its 10 reads a second together."""
    many = [replace(ACCOUNT, id=f"sandbox:{n}") for n in range(1000)]
    elsewhere = [replace(ACCOUNT, id=f"far:{n}", url="http://far") for n in range(1000)]

    assert audit_every_s(ACCOUNT, [ACCOUNT, *elsewhere], 0.1, least_s=20) == 20
    assert audit_every_s(many[0], many, 0.1, least_s=20) == 4000


async def test_an_account_is_looked_at_no_more_often_than_it_may_be() -> None:
    """Between two looks nothing is read."""
    room = Room()
    await room.put()
    looks = 0

    async def own_posts(limit: int = 50) -> list[Seen] | Unknown:
        nonlocal looks
        looks += 1
        return []

    room.platform.own_posts = own_posts  # type: ignore[method-assign]
    for _ in range(60):
        room.clock.pass_s(1)
        await room.audit.audit_once()

    assert looks == 3


async def test_a_timeline_that_hangs_keeps_no_other() -> None:
    """Accounts are looked at at the same time."""
    room, other = Room(), Told(timeline=[shown("foreign", "Not ours.")])
    wagtail = replace(ACCOUNT, id="sandbox:wagtail", handle="wagtail")
    await room.put()
    await room.books.record(Batch(accounts=(wagtail,)))
    room.audit.platforms = {ACCOUNT.id: room.platform, wagtail.id: other}

    async def fail(limit: int = 50) -> list[Seen] | Unknown:
        raise TimeoutError

    room.platform.own_posts = fail  # type: ignore[method-assign]
    await room.audit.audit_once()

    found = {(s.name.rsplit("_", 1)[0][-7:], s.labels["account"]): s.value for s in room.audit.samples()}
    assert found["foreign", wagtail.id] == 1
    assert ("foreign", ACCOUNT.id) not in found


def test_an_attempt_is_known_by_its_key() -> None:
    """A key is the end of an id where the platform takes our keys."""
    from bowerbird.posting.matching import attempts_of

    tried: Post = post(1, first_claim_at=START, wire="{}")
    assert attempts_of(shown(f"at://did/app/{tried.key}", "Other words."), [tried]) == [tried]
    assert attempts_of(shown("at://did/app/another", "Other words."), [tried]) == []


@pytest.mark.parametrize("apart_s", [-3_600, 3_600])
def test_an_attempt_is_known_by_its_words_whatever_our_clock_said(apart_s: int) -> None:
    """The machine's clock stood an hour away from the platform's while it was sent."""
    from bowerbird.posting.matching import attempts_of

    tried: Post = post(1, first_claim_at=START + apart_s * 1_000_000, wire="{}")
    assert attempts_of(shown("17", text=tried.payload.text), [tried]) == [tried]
