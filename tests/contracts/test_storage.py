"""What every engine promises about writing and claiming; lists and ledgers stand in the files beside this one."""

import asyncio
from dataclasses import replace

import pytest

from bowerbird.core.account import HoldKind, Limited
from bowerbird.core.books import Batch, Change, Committed, Lost, Settle, Storage
from bowerbird.core.errors import BadInput
from bowerbird.core.lifecycle import Event, State
from bowerbird.core.post import SECOND_US, Card, Choice, Media, Payload, Post, RemoteRef
from bowerbird.core.work import Owner
from tests.contracts.books import (
    FINCH,
    NOW,
    WREN,
    a_fact,
    a_hold,
    a_post,
    a_quota,
    a_reply,
    a_thread,
    claim,
    publish,
    shelve,
    step,
    write,
)

MINUTE = 60 * SECOND_US


# --- writing ---------------------------------------------------------------------------------------------------


async def test_a_post_comes_back_as_it_was_written(books: Storage, guest: Storage) -> None:
    """Every field of a post survives the books, read through another handle."""
    media = Media(path="media/a.png", mime="image/png", alt="A bower.", sha256="ab" * 32)
    card = Card(url="https://example.org", title="A page", description="About bowers.")
    payload = Payload(text="Ünïcode and 🐦", media=(media,), card=card, lang="de")
    choice = Choice(topic="asyncio", slot="09:30", propensity=0.25, because="It did well.")
    post = a_post(payload=payload, choice=choice, remote=RemoteRef(id="r"), wire="{}", look_at=NOW, approved_at=3)
    await shelve(books, post)
    assert await guest.post("p1") == post


async def test_a_reply_keeps_whom_it_answers(books: Storage) -> None:
    """The post answered is part of the payload, and comes back whole."""
    reply = a_reply("r1")
    await shelve(books, reply)
    assert await books.post("r1") == reply


async def test_a_late_writer_loses(books: Storage, guest: Storage) -> None:
    """Two handles read the same row; the second to write it learns that it was too late."""
    await shelve(books, a_post())
    post = await guest.post("p1")
    assert post is not None
    await step(books, post, Event.WITHDRAWN)
    late = Change(post, post.after(Event.MISSED, now=NOW))
    assert await guest.record(Batch(changes=(late,))) == Lost("post p1")
    assert (await guest.post("p1")).seq == post.seq + 1  # type: ignore[union-attr]


async def test_a_lost_batch_leaves_no_trace(books: Storage) -> None:
    """If one change is late, the fact and the new post beside it are not written either."""
    post = a_post()
    await shelve(books, post)
    late = replace(post, seq=7)
    batch = Batch(changes=(Change(late, late.changed(reason="x")),), new_posts=(a_post("p2"),), facts=(a_fact(),))
    assert isinstance(await books.record(batch), Lost)
    assert await books.post("p2") is None
    assert await books.facts() == []


async def test_a_change_of_an_unknown_post_is_lost(books: Storage) -> None:
    """A row that does not exist cannot be the row that was read."""
    post = a_post()
    assert await books.record(Batch(changes=(Change(post, post.changed(reason="x")),))) == Lost("post p1")


async def test_one_post_may_take_two_steps_in_one_batch(books: Storage) -> None:
    """The second step starts from the first, and both are written."""
    post = a_post(state=State.PROPOSED)
    await shelve(books, post)
    approved = post.after(Event.APPROVED, now=NOW)
    missed = approved.after(Event.MISSED, now=NOW)
    await write(books, changes=(Change(post, approved), Change(approved, missed)))
    assert (await books.post("p1")) == missed


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(a_post("p1", key="other"), id="same id"),
        pytest.param(a_post("p2", key="key-p1"), id="same key"),
        pytest.param(a_post("p3", thread_id="p1"), id="same part"),
    ],
)
async def test_a_new_post_that_collides_is_lost(books: Storage, guest: Storage, second: Post) -> None:
    """Ids, keys and parts of threads are unique, and the answer names what was taken."""
    await shelve(books, a_post())
    answer = await guest.record(Batch(new_posts=(second,), facts=(a_fact(),)))
    assert isinstance(answer, Lost)
    assert answer.what
    assert await guest.facts() == []


async def test_two_accounts_may_use_the_same_key(books: Storage) -> None:
    """Keys are unique per account, not in the world."""
    await shelve(books, a_post("p1", key="k"), a_post("p2", key="k", account_id=FINCH))
    assert (await books.post("p2")).account_id == FINCH  # type: ignore[union-attr]


async def test_a_key_is_unique_inside_one_batch(books: Storage) -> None:
    """Two new posts of one batch cannot share a key; neither is written."""
    assert isinstance(await books.record(Batch(new_posts=(a_post("p1", key="k"), a_post("p2", key="k")))), Lost)
    assert await books.post("p1") is None


async def test_an_edit_may_not_take_anothers_key(books: Storage) -> None:
    """A change that would collide is lost like a new row that would."""
    await shelve(books, a_post("p1"), a_post("p2"))
    post = a_post("p2")
    answer = await books.record(Batch(changes=(Change(post, post.after(Event.REQUEUED, now=NOW, key="key-p1")),)))
    assert isinstance(answer, Lost)
    assert (await books.post("p2")).key == "key-p2"  # type: ignore[union-attr]


async def test_nobody_is_answered_twice(books: Storage, guest: Storage) -> None:
    """One reply per account and post of theirs, whoever writes it."""
    await shelve(books, a_reply("r1"))
    assert isinstance(await guest.record(Batch(new_posts=(a_reply("r2"),))), Lost)
    await shelve(guest, a_reply("r3", account_id=FINCH), a_reply("r4", to="at://them/2"))


async def test_a_reply_that_was_given_up_makes_room(books: Storage) -> None:
    """After a dropped reply another may be written; the proof of the first one is still recorded."""
    dropped = await _dropped_reply(books)
    await shelve(books, a_reply("r2"))
    late = await step(books, dropped, Event.CONFIRMED_LATE, remote=RemoteRef(id="at://us/r1"))
    assert late.state is State.PUBLISHED
    assert isinstance(await books.record(Batch(new_posts=(a_reply("r3"),))), Lost)


async def _dropped_reply(books: Storage) -> Post:
    await shelve(books, a_reply("r1"))
    return await step(books, a_reply("r1"), Event.MISSED)


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
async def test_an_empty_text_is_refused(books: Storage, text: str) -> None:
    """Nobody can store a post without words, and the error says which post it is."""
    with pytest.raises(BadInput, match="p1 has no text"):
        await books.record(Batch(new_posts=(a_post(payload=Payload(text=text)),)))
    assert await books.post("p1") is None


async def test_a_change_that_keeps_its_seq_is_a_bug(books: Storage) -> None:
    """Every change raises the seq, or late writers could not be told."""
    post = a_post()
    await shelve(books, post)
    with pytest.raises(ValueError, match="without raising its seq"):
        await books.record(Batch(changes=(Change(post, replace(post, reason="x")),)))


# --- claiming --------------------------------------------------------------------------------------------------


async def test_a_claim_takes_the_lease_and_says_so(books: Storage, guest: Storage) -> None:
    """The post is SENDING, with its attempt, owner and end, and its fact stands in the list."""
    await shelve(books, a_post())
    post = await claim(books)
    assert (post.state, post.attempt, post.owner) == (State.SENDING, 1, "boot-1")
    assert (post.attempt_until, post.first_claim_at, post.seq) == (NOW + MINUTE, NOW, 1)
    assert await guest.post("p1") == post
    (fact,) = await guest.facts(kinds=("claimed",))
    assert (fact.post_id, fact.by, fact.at, fact.data["attempt"]) == ("p1", "boot-1", NOW, 1)


async def test_a_second_claim_keeps_the_instant_of_the_first(books: Storage) -> None:
    """A look never has to search earlier than the first attempt, whatever came after."""
    await shelve(books, a_post())
    await step(books, await claim(books), Event.UNREACHED)
    again = await claim(books, now=NOW + MINUTE)
    assert (again.attempt, again.first_claim_at) == (2, NOW)


async def test_eight_claimers_win_each_post_once(pair: tuple[Storage, Storage]) -> None:
    """Two handles, eight tasks, five posts: every post is claimed by exactly one."""
    await shelve(pair[0], *(a_post(f"p{n}") for n in range(5)))
    answers = await asyncio.gather(*(claim(pair[n % 2], owner=f"boot-{n}") for n in range(8)))
    won = [post.id for post in answers if post is not None]
    assert sorted(won) == ["p0", "p1", "p2", "p3", "p4"]


@pytest.mark.parametrize(
    "post",
    [
        pytest.param(a_post(due=NOW + 1), id="not due"),
        pytest.param(a_post(expires_at=NOW), id="expired"),
        pytest.param(a_post(not_before=NOW + 1), id="backing off"),
        pytest.param(a_post(withdrawn=True), id="withdrawn"),
        pytest.param(a_post(state=State.PROPOSED), id="not approved"),
        pytest.param(a_post(state=State.UNSURE), id="unsure"),
        pytest.param(a_post(account_id=FINCH), id="another account"),
    ],
)
async def test_what_is_not_claimable_is_left_alone(books: Storage, post: Post) -> None:
    """Nothing goes before its time, after it, without approval, or for somebody else."""
    await shelve(books, post)
    assert await claim(books) is None
    assert await books.post("p1") == post


async def test_the_most_due_post_goes_first(books: Storage) -> None:
    """By due time; an answer waits for every post that is due."""
    await shelve(books, a_post("late", due=NOW - 1), a_reply("reply", due=NOW - 5), a_post("first", due=NOW - 5))
    assert [(await claim(books)).id for _ in range(3)] == ["first", "late", "reply"]


async def test_stale_answers_do_not_keep_posts_of_the_plan(books: Storage) -> None:
    """Forty-three answers that have waited for an hour stand behind six posts that have just become due."""
    long_ago, later = NOW - 60 * MINUTE, NOW + MINUTE
    answers = [a_reply(f"r{n}", to=f"at://them/{n}", due=long_ago + n, expires_at=later) for n in range(43)]
    await shelve(books, *answers, *(a_post(f"p{n}", due=NOW) for n in range(6)))
    assert [(await claim(books)).id[0] for _ in range(8)] == [*"pppppp", *"rr"]


async def test_a_thread_goes_part_by_part(books: Storage) -> None:
    """Part n is claimable only when part n-1 is published."""
    await shelve(books, *a_thread("t"))
    head = await claim(books)
    assert head.id == "t"
    assert await claim(books) is None
    await publish(books, head)
    assert (await claim(books)).id == "t.1"
    assert await claim(books) is None


async def test_a_held_account_claims_nothing(books: Storage, guest: Storage) -> None:
    """A hold stops the claim until it is lifted; other accounts go on."""
    await shelve(books, a_post("p1"), a_post("p2", account_id=FINCH))
    await write(guest, holds=(a_hold(),))
    assert await claim(books) is None
    assert await books.due_accounts(now=NOW) == [FINCH]
    await write(guest, lifted=((WREN, HoldKind.PAUSED),))
    assert (await claim(books)).id == "p1"


async def test_a_hold_with_an_end_ends_by_itself(books: Storage) -> None:
    """`until` is the first instant at which the hold is no longer in force."""
    await shelve(books, a_post())
    await write(books, holds=(a_hold(HoldKind.LIMITED, until=NOW + 10),))
    assert await claim(books, now=NOW + 9) is None
    assert [hold.kind for hold in await books.holds(now=NOW + 9)] == [HoldKind.LIMITED]
    assert await books.holds(now=NOW + 10) == []
    assert (await claim(books, now=NOW + 10)).id == "p1"


async def test_accounts_are_due_longest_first(books: Storage) -> None:
    """Only accounts with something claimable, and the one that waits longest in front."""
    await shelve(books, a_post("p1", due=NOW - 1), a_post("p2", account_id=FINCH, due=NOW - 2))
    await shelve(books, a_post("p3", account_id="bluesky:rook", due=NOW + 1))
    assert await books.due_accounts(now=NOW) == [FINCH, WREN]
    assert await books.due_accounts(now=NOW, limit=1) == [FINCH]


async def test_a_waiting_part_does_not_make_its_account_due(books: Storage) -> None:
    """A thread whose head is on the wire has nothing to claim."""
    await shelve(books, *a_thread("t"))
    await claim(books)
    assert await books.due_accounts(now=NOW) == []


# --- doubts, lapses and looks ----------------------------------------------------------------------------------


async def test_a_doubt_is_taken_by_one_looker(pair: tuple[Storage, Storage]) -> None:
    """The oldest doubt first; taking it pushes it away from everybody else."""
    await shelve(pair[0], *(a_post(f"p{n}", state=State.UNSURE, not_before=NOW - n) for n in range(3)))
    taken = await asyncio.gather(*(pair[n % 2].claim_doubt(now=NOW, push_until=NOW + MINUTE) for n in range(5)))
    assert sorted(post.id for post in taken if post is not None) == ["p0", "p1", "p2"]
    assert all(post.not_before == NOW + MINUTE and post.seq == 1 for post in taken if post is not None)


async def test_the_oldest_doubt_comes_first(books: Storage) -> None:
    """What became lookable longest ago is looked at first, and nothing before its time."""
    await shelve(books, a_post("a", state=State.UNSURE, not_before=NOW - 1))
    await shelve(books, a_post("b", state=State.UNSURE, not_before=NOW - 2))
    await shelve(books, a_post("c", state=State.UNSURE, not_before=NOW + 1))
    taken = [await books.claim_doubt(now=NOW, push_until=NOW + MINUTE) for _ in range(3)]
    assert [post and post.id for post in taken] == ["b", "a", None]


async def test_a_lease_lapses_with_its_attempt(books: Storage) -> None:
    """An attempt is over at `attempt_until`, however alive its owner is."""
    await shelve(books, a_post())
    await claim(books)
    await books.beat(Owner(id="boot-1", role="engine", pid=1, started_at=NOW, heard_at=NOW + MINUTE))
    assert await books.lapsed_posts(now=NOW + MINUTE - 1, heard_after=NOW) == []
    assert [post.id for post in await books.lapsed_posts(now=NOW + MINUTE, heard_after=NOW)] == ["p1"]


async def test_a_lease_lapses_with_its_owner(books: Storage, guest: Storage) -> None:
    """Silence until `heard_after`, or no sign of life ever, is death."""
    await shelve(books, a_post("p1"), a_post("p2"))
    await claim(books, owner="boot-1")
    await claim(books, owner="never-heard")
    await books.beat(Owner(id="boot-1", role="engine", pid=1, started_at=NOW, heard_at=NOW + 5))
    assert [post.id for post in await guest.lapsed_posts(now=NOW + 9, heard_after=NOW + 4)] == ["p2"]
    lapsed = await guest.lapsed_posts(now=NOW + 9, heard_after=NOW + 5)
    assert [post.id for post in lapsed] == ["p1", "p2"]


async def test_late_posts_are_those_nobody_should_send(books: Storage) -> None:
    """Queued past their expiry, or proposed past their time, unless the wall was set meanwhile."""
    await shelve(books, a_post("missed", expires_at=NOW), a_post("in time"))
    await shelve(books, a_post("spared", state=State.PROPOSED, due=NOW, not_before=NOW + 1))
    await shelve(books, a_post("expired", state=State.PROPOSED, due=NOW))
    await shelve(books, a_post("early", state=State.PROPOSED, due=NOW + 1))
    assert [post.id for post in await books.late_posts(now=NOW)] == ["expired", "missed"]


@pytest.mark.parametrize("event", [Event.WITHDRAWN, Event.MISSED, Event.TURNED_DOWN])
async def test_orphans_are_parts_whose_thread_broke(books: Storage, event: Event) -> None:
    """If part n came to rest unpublished, part n+1 is an orphan, and the parts after it follow in turn."""
    thread = a_thread("t")
    await shelve(books, *thread, *a_thread("whole"))
    assert await books.orphaned_posts() == []
    await step(books, thread[0], event)
    assert [post.id for post in await books.orphaned_posts()] == ["t.1"]


async def test_looks_are_taken_one_account_at_a_time(pair: tuple[Storage, Storage]) -> None:
    """Published posts whose look has come, of the account that waits longest, pushed as they are taken."""
    books, guest = pair
    await shelve(books, *(a_post(f"p{n}", state=State.PUBLISHED, look_at=NOW - n) for n in range(3)))
    await shelve(books, a_post("f", account_id=FINCH, state=State.PUBLISHED, look_at=NOW - 9))
    await shelve(books, a_post("never", state=State.PUBLISHED, look_at=None))
    rounds = [await guest.claim_look(now=NOW, push_until=NOW + MINUTE, limit=2) for _ in range(4)]
    assert [[post.id for post in found] for found in rounds] == [["f"], ["p2", "p1"], ["p0"], []]
    assert rounds[1][0].look_at == NOW + MINUTE
    assert await books.post("p1") == rounds[1][1]


async def test_the_looks_that_come_are_listed_the_soonest_first(pair: tuple[Storage, Storage]) -> None:
    """Of all accounts, those that are overdue before; a post that is no longer measured, or not published, is not."""
    books, guest = pair
    looks = {"late": NOW - MINUTE, "soon": NOW + MINUTE, "later": NOW + 2 * MINUTE, "never": None}
    await shelve(books, *(a_post(name, state=State.PUBLISHED, look_at=at) for name, at in looks.items()))
    await shelve(books, a_post("waits", state=State.QUEUED))
    assert [post.id for post in await guest.coming_looks()] == ["late", "soon", "later"]
    assert [post.id for post in await guest.coming_looks(limit=1)] == ["late"]


# --- limits ----------------------------------------------------------------------------------------------------


async def test_a_claim_takes_its_quota(books: Storage, guest: Storage) -> None:
    """What is reserved counts at once, for every handle."""
    await shelve(books, a_post())
    await claim(books, a_quota())
    (used,) = await guest.used([a_quota()], now=NOW)
    assert used.used == 1


async def test_a_spent_quota_limits_the_claim(books: Storage) -> None:
    """Nothing is claimed, nothing is reserved, and the answer says when to come back."""
    await shelve(books, *(a_post(f"p{n}") for n in range(3)))
    for n in range(2):
        post = await claim(books, a_quota())
        await write(books, settles=(Settle(post.id, NOW + n * SECOND_US),))
    answer = await claim(books, a_quota(), now=NOW + 5 * SECOND_US)
    assert answer == Limited(quota=a_quota(), used=2, retry_at=NOW + MINUTE)
    assert (await books.post("p2")).state is State.QUEUED  # type: ignore[union-attr]
    assert isinstance(await claim(books, a_quota(), now=NOW + MINUTE - 1), Limited)
    assert (await claim(books, a_quota(), now=NOW + MINUTE)).id == "p2"


async def test_a_full_limit_says_when_there_is_room_again(books: Storage) -> None:
    """Others are left out; one that only posts in flight fill has room a window from now at the latest."""
    await shelve(books, a_post("p1"), a_post("p2"))
    wide, narrow = a_quota(5), a_quota(1)
    assert await books.full([wide, narrow], now=NOW) == []
    post = await claim(books, wide)
    assert await books.full([wide, narrow], now=NOW) == [Limited(quota=narrow, used=1, retry_at=NOW + MINUTE)]
    assert isinstance(post, Post)
    await books.settle(post.id, at=NOW + 3)
    assert await books.full([narrow], now=NOW + 9) == [Limited(quota=narrow, used=1, retry_at=NOW + 3 + MINUTE)]
    assert await books.full([narrow], now=NOW + 3 + MINUTE) == []


async def test_what_is_only_reserved_blocks_for_a_window(books: Storage) -> None:
    """Nobody knows when a post on the wire will count, so the retry is a whole window away."""
    await shelve(books, a_post("p1"), a_post("p2"))
    await claim(books, a_quota(1))
    answer = await claim(books, a_quota(1), now=NOW + 7)
    assert isinstance(answer, Limited)
    assert answer.retry_at == NOW + 7 + MINUTE
    assert isinstance(await claim(books, a_quota(1), now=NOW + 10 * MINUTE), Limited)


async def test_a_refund_gives_the_quota_back(books: Storage) -> None:
    """What certainly did not arrive never counted."""
    await shelve(books, a_post("p1"), a_post("p2", due=NOW + 1))
    post = await claim(books, a_quota(1))
    await write(
        books,
        changes=(Change(post, post.after(Event.UNREACHED, now=NOW, not_before=NOW + MINUTE)),),
        settles=(Settle("p1", NOW, refund=True),),
    )
    assert (await claim(books, a_quota(1), now=NOW + 2)).id == "p2"


async def test_a_retried_post_is_not_counted_twice(books: Storage) -> None:
    """A post that still holds its reservation takes no second one."""
    await shelve(books, a_post())
    await step(books, await claim(books, a_quota(1)), Event.UNREACHED)
    assert (await claim(books, a_quota(1))).attempt == 2
    assert (await books.used([a_quota(1)], now=NOW))[0].used == 1


async def test_a_refunded_part_takes_its_quota_again(books: Storage) -> None:
    """A later part of a thread holds what the head reserved; once that is given back, it must ask again."""
    await shelve(books, *a_thread("t", 2))
    await publish(books, await claim(books, a_quota(2)))
    part = await claim(books, a_quota(2))
    await write(
        books,
        changes=(Change(part, part.after(Event.UNREACHED, now=NOW)),),
        settles=(Settle(part.id, NOW, refund=True),),
    )
    assert isinstance(await claim(books, a_quota(1)), Limited)
    assert (await claim(books, a_quota(2))).id == "t.1"


async def test_a_head_reserves_for_its_whole_thread(books: Storage) -> None:
    """A thread that cannot be finished is not begun; the later parts reserve nothing more."""
    await shelve(books, *a_thread("t"))
    assert isinstance(await claim(books, a_quota(2)), Limited)
    head = await claim(books, a_quota(3))
    assert (await books.used([a_quota(3)], now=NOW))[0].used == 3
    await publish(books, head)
    assert (await claim(books, a_quota(3))).id == "t.1"
    assert (await books.used([a_quota(3)], now=NOW))[0].used == 3


async def test_the_longest_refusal_is_told(books: Storage) -> None:
    """With several spent quotas the answer is the one that lasts longest; with one spent, nothing is taken."""
    await shelve(books, a_post("p1"), a_post("p2"))
    hour, minute = a_quota(1, 3600.0, key="app"), a_quota(1)
    post = await claim(books, hour, minute)
    await write(books, settles=(Settle(post.id, NOW),))
    answer = await claim(books, minute, hour)
    assert isinstance(answer, Limited)
    assert answer.quota == hour
    free = a_quota(5, key="host")
    await claim(books, free, minute)
    assert (await books.used([free], now=NOW))[0].used == 0


@pytest.mark.parametrize("event", [Event.WITHDRAWN, Event.MISSED])
async def test_a_post_at_rest_holds_no_reservation(books: Storage, event: Event) -> None:
    """A queued part that is dropped gives back what its head had reserved for it, unasked."""
    await shelve(books, *a_thread("t", 2))
    await publish(books, await claim(books, a_quota()))
    part = await books.post("t.1")
    assert part is not None
    await step(books, part, event)
    (used,) = await books.used([a_quota()], now=NOW + 2 * MINUTE)
    assert used.used == 0


async def test_what_came_to_rest_unsettled_counts_from_then(books: Storage) -> None:
    """A published post that nobody settled counts from its last step, and falls out of the window after it."""
    await shelve(books, a_post())
    await publish(books, await claim(books, a_quota()), now=NOW + 5)
    assert (await books.used([a_quota()], now=NOW + 5 + MINUTE - 1))[0].used == 1
    assert (await books.used([a_quota()], now=NOW + 5 + MINUTE))[0].used == 0


async def test_concurrent_claims_stay_within_the_limit(pair: tuple[Storage, Storage]) -> None:
    """Eight claimers on two handles get what the quota allows and not one more."""
    await shelve(pair[0], *(a_post(f"p{n}") for n in range(8)))
    answers = await asyncio.gather(*(claim(pair[n % 2], a_quota(3)) for n in range(8)))
    assert sum(isinstance(answer, Post) for answer in answers) == 3
    assert sum(isinstance(answer, Limited) for answer in answers) == 5


async def test_a_subject_reserves_and_settles_at_its_true_cost(books: Storage, guest: Storage) -> None:
    """A call to a provider reserves what it may cost, and counts what it did cost."""
    dollars = a_quota(1.0, 86_400.0, key="words", unit="dollars", cost=0.6)
    assert await books.reserve("call-1", [dollars], now=NOW) is None
    assert isinstance(await guest.reserve("call-2", [dollars], now=NOW), Limited)
    await books.settle("call-1", at=NOW, cost=0.25)
    assert (await guest.used([dollars], now=NOW))[0].used == 0.25
    assert await guest.reserve("call-2", [dollars], now=NOW) is None
    await guest.settle("call-2", at=NOW, cost=0)
    assert (await books.used([dollars], now=NOW))[0].used == 0.25


async def test_a_call_nobody_settled_is_forgotten_in_the_end(books: Storage) -> None:
    """A process that died during a call costs the budget an hour and a window, not for ever."""
    tokens = a_quota(1, 60.0, key="words", unit="tokens")
    assert await books.reserve("call-1", [tokens], now=NOW) is None
    assert isinstance(await books.reserve("call-2", [tokens], now=NOW + 60 * MINUTE), Limited)
    assert await books.reserve("call-2", [tokens], now=NOW + 61 * MINUTE) is None


async def test_committed_names_the_newest_fact(books: Storage) -> None:
    """Facts are numbered in the order in which they were committed."""
    assert await books.record(Batch()) == Committed(0)
    assert await books.record(Batch(facts=(a_fact(), a_fact("approved")))) == Committed(2)
