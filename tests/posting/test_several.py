"""Several posts or accounts with one press: each is answered for, and nothing chosen is never everything."""

from dataclasses import replace

import pytest

from bowerbird.core.account import Hold, HoldKind
from bowerbird.core.books import Batch
from bowerbird.core.errors import BadInput
from bowerbird.core.lifecycle import State
from bowerbird.posting.several import SEVERAL_MAX

from .room import ACCOUNT, post
from .room import thread as parts_of
from .test_verbs import Desk, a_desk

ROBIN = replace(ACCOUNT, id="sandbox:robin", handle="robin")


async def two_accounts() -> Desk:
    """A desk over two accounts."""
    desk = await a_desk()
    await desk.room.books.record(Batch(accounts=(ROBIN,)))
    return desk


async def test_a_day_is_approved_as_it_was_shown_with_its_threads() -> None:
    """Each thread on its own, in one command."""
    desk = await a_desk(*parts_of(3), post(9))
    answer = await desk.ask("approve_all", **{"shown.1": "p1 1 1 1", "shown.2": "p9 1"})
    assert answer == "2 approved; each goes at its time."
    assert {(await desk.room.books.post(name)).state for name in ("p1", "p2", "p3", "p9")} == {State.QUEUED}  # type: ignore[union-attr]


async def test_one_that_changed_meanwhile_stays_and_the_others_go() -> None:
    """Nobody approves words that were not shown, and the answer names them."""
    desk = await a_desk(post(1), post(2))
    await desk.ask("edit", post_id="p2", text="A later bird.", version=1)
    with pytest.raises(BadInput, match=r"1 approved.*“A later bird\.”, for this post was changed: you saw version 1"):
        await desk.ask("approve_all", **{"shown.1": "p1 1", "shown.2": "p2 1"})
    assert [(await desk.room.get(name)).state for name in ("p1", "p2")] == [State.QUEUED, State.PROPOSED]


@pytest.mark.parametrize(
    "args", [{}, {"shown.1": ""}, {"shown.1": "p1 one"}, {f"shown.{n}": "p1 1" for n in range(SEVERAL_MAX + 1)}]
)
async def test_a_day_without_posts_or_with_nonsense_is_refused_in_words(args: dict[str, str]) -> None:
    """Nothing is approved by accident."""
    desk = await a_desk()
    with pytest.raises(BadInput, match=r"no post was named|must be a number|at most 80 posts"):
        await desk.ask("approve_all", **args)
    assert (await desk.room.get()).state is State.PROPOSED


async def test_accounts_are_paused_together_with_an_answer_for_each() -> None:
    """What was paused before keeps its own reason; what nobody knows is said so."""
    desk = await two_accounts()
    await desk.ask("pause", account_id=ROBIN.id, why="moulting")
    ticked = {"account_id.1": ACCOUNT.id, "account_id.2": ROBIN.id, "account_id.3": "sandbox:none"}
    answer = await desk.ask("pause", chosen="1", why="holidays", **ticked)
    assert answer == (
        "Paused sandbox:wren; nothing is sent until you resume. sandbox:robin was paused already. "
        "There is no account 'sandbox:none'."
    )
    held = await desk.room.books.holds(now=desk.room.clock.now())
    assert {hold.account_id: hold.why for hold in held} == {ACCOUNT.id: "holidays", ROBIN.id: "moulting"}


async def test_accounts_are_resumed_together_and_the_reason_is_kept() -> None:
    """With the name of whoever did it; what only its cause can lift stays, and is told."""
    desk = await two_accounts()
    await desk.ask("pause", account_id=ACCOUNT.id)
    await desk.room.books.record(Batch(holds=(Hold(account_id=ROBIN.id, kind=HoldKind.CLOCK, since=0, why="leapt"),)))
    answer = await desk.ask("resume", why="back", **{"account_id.1": ACCOUNT.id, "account_id.2": ROBIN.id})
    assert answer == "Resumed sandbox:wren. sandbox:robin is still held (clock): leapt."
    [fact] = await desk.room.books.newest_facts(kinds=("hold_lifted",), limit=1)
    assert (fact.account_id, fact.data["why"], fact.data["person"]) == (ACCOUNT.id, "back", "ann")


@pytest.mark.parametrize("verb", ["pause", "resume"])
async def test_nothing_ticked_is_never_everything(verb: str) -> None:
    """The button of a page names a choice; the command line without a name means all."""
    desk = await two_accounts()
    for args, told in ({"chosen": "1"}, "no account was chosen"), ({"account_id.1": "x:y"}, "no account 'x:y'"):
        with pytest.raises(BadInput, match=told):
            await desk.ask(verb, **args)
    assert await desk.room.books.holds(now=desk.room.clock.now()) == []
