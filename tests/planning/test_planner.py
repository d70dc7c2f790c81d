"""Keeps hours of posts in the queue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bowerbird.core.account import Hold, HoldKind, Mode
from bowerbird.core.books import Batch, Change
from bowerbird.core.errors import BadInput, WriterBusy
from bowerbird.core.findings import Advice
from bowerbird.core.lifecycle import Event, State
from bowerbird.core.ports import Brief, Draft
from bowerbird.core.post import SECOND_US, expiry
from tests.planning.room import WREN, Pen, Room, draft, fresh

HOUR_US = 3_600 * SECOND_US


async def test_every_slot_of_the_cover_gets_one_post() -> None:
    """Three slots a day and 24 h of cover: three posts, approved by the mode, each with its reason and expiry."""
    room = await Room().open()
    assert await room.planner.plan_once() is False
    posts = await room.posts()
    assert [post.choice.slot for post in posts] == ["09:30", "12:30", "17:30"]
    assert {(post.state, post.approved_by) for post in posts} == {(State.QUEUED, "mode:auto")}
    assert all(post.due > room.clock.now() and post.expires_at == expiry(post.due) for post in posts)
    assert all(post.choice.because and post.choice.propensity for post in posts)
    assert len({post.key for post in posts}) == len({post.thread_id for post in posts}) == 3


async def test_planning_again_changes_nothing() -> None:
    """A full queue is left alone, by a restarted planner too: no post, no fact, no question to the writer."""
    room = await Room().open()
    await room.planner.plan_once()
    mark, asked = await room.books.change_mark(), len(room.pen.briefs)
    await room.planner.plan_once()
    assert (await room.books.change_mark(), len(room.pen.briefs)) == (mark, asked)


async def test_a_slot_that_comes_into_view_is_filled() -> None:
    """Ten hours later one slot more lies within the cover."""
    room = await Room().open()
    await room.planner.plan_once()
    room.clock.advance(10 * 3_600)
    await room.planner.plan_once()
    assert [post.choice.slot for post in await room.posts()] == ["09:30", "12:30", "17:30", "09:30"]


async def test_proposals_hold_their_slots_but_are_no_cover() -> None:
    """In mode ask nothing is ready after planning, and nothing is proposed twice."""
    room = await Room(replace(WREN, mode=Mode.ASK)).open()
    await room.planner.plan_once()
    await room.planner.plan_once()
    posts = await room.posts()
    assert [post.state for post in posts] == [State.PROPOSED] * 3
    assert {post.approved_by for post in posts} == {""}
    (covered,) = await room.facts("covered")
    assert covered.data == {"hours": 9.5, "ready": 0, "proposed": 3, "missing": 0}


async def test_a_slot_that_was_turned_down_is_filled_anew() -> None:
    """A person's no gives the slot back, with other words."""
    room = await Room(replace(WREN, mode=Mode.ASK)).open()
    await room.planner.plan_once()
    first = (await room.posts())[0]
    after = first.after(Event.TURNED_DOWN, now=room.clock.now(), reason="person")
    await room.books.record(Batch(changes=(Change(first, after),)))
    await room.planner.plan_once()
    held = Counter((post.due, post.state) for post in await room.posts())
    assert held[first.due, State.PROPOSED] == held[first.due, State.REJECTED] == 1


@pytest.mark.parametrize(
    ("mode", "writer", "state", "by"),
    [
        (Mode.ASK, "bank", State.PROPOSED, ""),
        (Mode.ASK_NEW, "bank", State.QUEUED, "mode:ask-new"),
        (Mode.ASK_NEW, "openai", State.PROPOSED, ""),
        (Mode.VETO, "openai", State.QUEUED, "mode:veto"),
        (Mode.AUTO, "openai", State.QUEUED, "mode:auto"),
    ],
)
async def test_the_mode_decides_who_approves(mode: Mode, writer: str, state: State, by: str) -> None:
    """Each mode lets go what it says it lets go."""
    room = await Room(
        replace(WREN, mode=mode), say=lambda brief, n: [draft(brief, f"text {n * 7919}", writer=writer)]
    ).open()
    await room.planner.plan_once()
    assert {(post.state, post.approved_by) for post in await room.posts()} == {(state, by)}


async def test_a_rule_that_asks_for_a_person_outranks_the_mode() -> None:
    """A provider that names a stranger is proposed even in mode auto."""
    room = await Room(
        say=lambda brief, n: [draft(brief, f"{n * 7919} thanks @crow.example.com", writer="openai")]
    ).open()
    await room.planner.plan_once()
    assert {post.state for post in await room.posts()} == {State.PROPOSED}


def hostile(brief: Brief, n: int) -> Sequence[Draft]:
    """Empty, over-long, invisible, repeated, then a good one and a spare."""
    texts = ["", "a" * 301, "\u200b", "wren wren wren", f"good {n * 7919}", f"spare {n * 6271}"]
    return [draft(brief, text) for text in texts]


async def test_the_funnel_adds_up() -> None:
    """Candidates are the gated, the kept and the spare; each gated one has its code."""
    room = await Room(say=hostile).open()
    await room.planner.plan_once()
    wrote = [fact.data for fact in await room.facts("wrote")]
    gated = await room.facts("gated")
    assert all(w["candidates"] == w["gated"] + w["kept"] + w["spare"] for w in wrote)
    assert sum(w["gated"] for w in wrote) == len(gated)
    assert sum(w["kept"] for w in wrote) == len(await room.posts()) == 3
    assert Counter(fact.data["code"] for fact in gated) >= Counter({"empty": 6, "too_long": 3})


async def test_the_same_words_are_not_said_twice() -> None:
    """A writer that repeats itself fills one slot; the page is told what is missing and why."""
    room = await Room(say=lambda brief, n: [draft(brief, "Only this.")]).open()
    await room.planner.plan_once()
    assert len(await room.posts()) == 1
    covered = (await room.facts("covered"))[-1].data
    assert (covered["missing"], covered["ready"]) == (2, 1)
    assert "nothing new to say" in covered["why"]


async def test_two_accounts_never_say_the_same() -> None:
    """The platforms forbid identical text across accounts, so the second account's copy is gated."""
    room = await Room(WREN, replace(WREN, id="sandbox:lark"), say=lambda brief, n: [draft(brief, "Only this.")]).open()
    await room.planner.plan_once()
    assert len(await room.posts()) == 1
    assert "forbidden" in {fact.data["code"] for fact in await room.facts("gated")}


async def test_a_thread_is_several_posts_due_together() -> None:
    """Parts share thread, time and choice, are numbered, and have keys of their own."""
    say = lambda brief, n: [draft(brief, f"one {n * 7919}", f"two {n * 6271}")]  # noqa: E731
    room = await Room(replace(WREN, slots=("09:30",)), say=say).open()
    await room.planner.plan_once()
    head, tail = await room.posts()
    assert (head.part, tail.part, head.parts, tail.parts) == (0, 1, 2, 2)
    assert head.id == head.thread_id == tail.thread_id
    assert (head.due, head.choice) == (tail.due, tail.choice)
    assert head.key < tail.key


async def test_a_run_is_bounded_and_asks_to_come_back() -> None:
    """Twenty slots at ten a run: two runs, the first of which says that there is more."""
    room = await Room(replace(WREN, every_s=60, cover_h=1 / 3)).open()
    assert await room.planner.plan_once() is True
    assert len(await room.posts()) == 10
    assert await room.planner.plan_once() is False
    posts = await room.posts()
    assert len({post.due for post in posts}) == len(posts) == 20


async def test_a_writer_that_cannot_write_is_told_once() -> None:
    """One fact says why the queue is not filled; the second run adds none, and recovery fills the queue."""
    room = await Room(fails=WriterBusy("openai asks us to wait", retry_at=1)).open()
    assert await room.planner.plan_once() is False
    await room.planner.plan_once()
    (covered,) = await room.facts("covered")
    assert (covered.data["missing"], covered.data["why"]) == (3, "openai asks us to wait")
    room.pen.fails = None
    await room.planner.plan_once()
    assert len(await room.posts()) == 3


async def test_a_fall_is_told_in_the_reason_and_as_a_fact() -> None:
    """Where the bank took over, the post says for whom, and so do the facts."""
    say = lambda brief, n: [replace(d, fell_back=("openai: out of order (500)",)) for d in fresh(brief, n)]  # noqa: E731
    room = await Room(replace(WREN, slots=("09:30",)), say=say).open()
    await room.planner.plan_once()
    (post,) = await room.posts()
    assert post.choice.because.endswith("openai: out of order (500), so bank wrote it.")
    assert [fact.data["why"] for fact in await room.facts("fell_back")] == ["openai: out of order (500)"]


async def test_another_cell_is_tried_when_the_first_leads_nowhere() -> None:
    """A topic without news is left for the other, and what nobody drew has no propensity."""
    room = await Room(replace(WREN, slots=("09:30",)), say=lambda b, n: fresh(b, n) if n == 3 else []).open()
    await room.planner.plan_once()
    assert sorted(brief.wants.topic for brief in room.pen.briefs) == ["", "asyncio", "re"]
    assert len(await room.posts()) == 1


async def test_what_the_writer_filled_instead_has_no_propensity() -> None:
    """The wanted topic was another: learning must not think that this one was drawn."""
    room = await Room(replace(WREN, slots=("09:30",)), say=lambda b, n: [draft(b, "hello", topic="birds")]).open()
    await room.planner.plan_once()
    (post,) = await room.posts()
    assert (post.choice.topic, post.choice.propensity) == ("birds", None)


async def test_claims_said_lately_are_avoided_from_the_same_run_on() -> None:
    """The second brief of one run already avoids the first one's claim, and a new run remembers it."""
    room = await Room().open()
    await room.planner.plan_once()
    assert [sorted(brief.avoid_claims) for brief in room.pen.briefs] == [[], ["c1"], ["c1", "c2"]]
    room.clock.advance(10 * 3_600)
    await room.planner.plan_once()
    assert room.pen.briefs[-1].avoid_claims == {"c1", "c2", "c3"}


async def test_advice_is_followed_and_named() -> None:
    """With all draws for re, re is written, with the model's version and a sentence that says how sure."""
    room = await Room(replace(WREN, slots=("09:30",))).open()
    advice = Advice(
        account_id=WREN.id, version="v7", made_at=0, n=40, needed=30, target="rate",
        levels=("topic=re",), draws=((3.0,),), means=(3.0,),
    )  # fmt: skip
    await room.books.record(Batch(advice=(advice,)))
    await room.planner.plan_once()
    (post,) = await room.posts()
    assert (post.choice.topic, post.choice.model_version) == ("re", "v7")
    assert post.choice.because.startswith("Best in 100% of the cases the learner holds possible after 40 posts")


async def test_paused_and_unconnected_accounts_are_left_alone() -> None:
    """Nothing is written, or paid, for an account that is paused or has no platform."""
    room = await Room(WREN).open()
    hold = Hold(account_id=WREN.id, kind=HoldKind.PAUSED, since=0)
    await room.books.record(Batch(accounts=(replace(WREN, id="sandbox:new"),), holds=(hold,)))
    await room.planner.plan_once()
    assert room.pen.briefs == []


async def test_one_account_may_be_planned_alone() -> None:
    """The scope of the job is an account's id."""
    room = await Room(WREN, replace(WREN, id="sandbox:lark")).open()
    await room.planner.plan_once("sandbox:lark")
    assert {post.account_id for post in await room.posts()} == {"sandbox:lark"}


async def test_the_facts_tell_each_post_s_story() -> None:
    """Planned and approved, each with the post's id, in the same commit as the post."""
    room = await Room(replace(WREN, slots=("09:30",))).open()
    await room.planner.plan_once()
    (post,) = await room.posts()
    story = await room.books.facts(post_id=post.id)
    assert [fact.kind for fact in story] == ["planned", "approved"]
    assert story[0].data["because"] == post.choice.because


async def test_a_wrong_zone_is_bad_input() -> None:
    """The job's failure names the zone and how to write it."""
    room = await Room(replace(WREN, zone="Berlin")).open()
    with pytest.raises(BadInput, match="Europe/Berlin"):
        await room.planner.plan_once()


async def test_an_account_that_cannot_be_planned_keeps_no_other() -> None:
    """What is wrong with the first comes out when the second has its posts."""
    room = await Room(replace(WREN, id="sandbox:ant", zone="Berlin"), WREN).open()
    with pytest.raises(BadInput, match="sandbox:ant"):
        await room.planner.plan_once()
    assert {post.account_id for post in await room.posts()} == {WREN.id}


def test_a_pen_is_a_writer() -> None:
    """The test's writer has cells to choose from."""
    assert [cell.topic for cell in Pen(fresh).cells()] == ["asyncio", "re"]
