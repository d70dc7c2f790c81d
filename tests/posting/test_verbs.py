"""The buttons about posts: what a person sees is what is approved, and other words pass the same gates."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bowerbird.core.account import Account, Mode
from bowerbird.core.errors import BadInput
from bowerbird.core.lifecycle import State
from bowerbird.core.post import Post
from bowerbird.core.work import Command
from bowerbird.posting.verbs import Verbs

from .room import ACCOUNT, Room, post
from .room import thread as parts_of


@dataclass
class Desk:
    """A posting room with its buttons, and a gate that turns away what is empty of birds."""

    room: Room = field(default_factory=Room)
    gated: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        keys = iter(f"key-{n}" for n in range(100))
        self.verbs = Verbs(self.room.books, self.room.clock, None, lambda: next(keys), self.gate)  # type: ignore[arg-type]

    async def gate(self, account: Account, post: Post, text: str) -> None:
        """Say no to words without a bird."""
        self.gated.append(text)
        if "bird" not in text:
            raise BadInput("there is no bird in it")

    async def ask(self, verb: str, **args: Any) -> str:
        """Press a button."""
        command = Command(id="c1", verb=verb, args={"post_id": "p1", **args}, by="ann", asked_at=self.room.clock.now())
        return await self.verbs.table()[verb](command)


async def a_desk(*posts: Post) -> Desk:
    """A desk with these posts, all proposed."""
    desk = Desk()
    await desk.room.put(*(replace(each, state=State.PROPOSED, approved_by="") for each in posts or (post(),)))
    return desk


async def test_approving_unchanged_words_approves_the_version_that_was_shown() -> None:
    """The same words are no new version, and pass no gate a second time."""
    desk = await a_desk()
    words = (await desk.room.get()).payload.text
    assert await desk.ask("approve", version="1", text=words) == "Approved; it goes at its time."
    found = await desk.room.get()
    assert (found.state, found.version, found.approved_by, desk.gated) == (State.QUEUED, 1, "ann", [])


async def test_approving_changed_words_edits_and_approves_in_one_go() -> None:
    """The old words are never approved: the new version has its own key, and both facts are told in order."""
    desk = await a_desk()
    old = await desk.room.get()
    assert await desk.ask("approve", version=1, text="A better bird.") == "Approved in your words; it goes at its time."
    found = await desk.room.get()
    assert (found.payload.text, found.state, found.version) == ("A better bird.", State.QUEUED, 2)
    assert found.key != old.key
    assert await desk.room.kinds() == ["edited", "approved"]


async def test_changed_words_that_fail_the_gate_approve_nothing() -> None:
    """Neither the new words nor the old ones go."""
    desk = await a_desk()
    with pytest.raises(BadInput, match="no bird"):
        await desk.ask("approve", version=1, text="A better fish.")
    found = await desk.room.get()
    assert (found.state, found.version) == (State.PROPOSED, 1)


@pytest.mark.parametrize("text", ["", "My own bird."])
async def test_a_stale_page_approves_nothing(text: str) -> None:
    """Whoever saw version 1 is told that it is version 2 now, with and without words of their own."""
    desk = await a_desk()
    await desk.ask("edit", text="Somebody else's bird.", version=1)
    with pytest.raises(BadInput, match="you saw version 1, it is version 2 now"):
        await desk.ask("approve", version=1, text=text)
    assert (await desk.room.get()).payload.text == "Somebody else's bird."


async def test_a_thread_is_approved_whole_with_the_words_of_any_part() -> None:
    """Only the part that was changed becomes a new version; all of them go."""
    desk = await a_desk(*parts_of(3))
    assert "3 parts" in await desk.ask("approve", version=1, **{"text.1": "A middle bird.", "version.1": 1})
    thread = await desk.room.books.thread("p1")
    assert [(part.state, part.version) for part in thread] == [
        (State.QUEUED, 1), (State.QUEUED, 2), (State.QUEUED, 1)]  # fmt: skip
    assert thread[1].payload.text == "A middle bird."


async def test_a_thread_of_which_another_part_was_changed_is_not_approved() -> None:
    """The version of every part counts, not only that of its head."""
    desk = await a_desk(*parts_of(3))
    await desk.ask("edit", post_id="p3", text="A last bird.", version=1)
    with pytest.raises(BadInput, match="part 3 was changed"):
        await desk.ask("approve", version=1, **{"version.1": 1, "version.2": 1})
    assert {part.state for part in await desk.room.books.thread("p1")} == {State.PROPOSED}


async def test_what_was_decided_meanwhile_is_said_in_words() -> None:
    """Approving what was turned down names the state it is in."""
    desk = await a_desk()
    await desk.ask("reject", reason="dull")
    with pytest.raises(BadInput, match="rejected"):
        await desk.ask("approve", version=1)


@pytest.mark.parametrize(("verb", "args"), [("approve", {"version": "one"}), ("edit", {"text": "  "}), ("settle", {})])
async def test_a_button_without_what_it_needs_says_what(verb: str, args: dict[str, Any]) -> None:
    """A number, words, a verdict: what is missing or wrong is named."""
    desk = await a_desk()
    with pytest.raises(BadInput, match=r"version|text|verdict"):
        await desk.ask(verb, **args)


async def test_pausing_and_resuming_leave_facts_and_no_holds() -> None:
    """The account named is held until it is resumed; resuming twice says so."""
    desk = await a_desk()
    assert "Paused sandbox:wren" in await desk.ask("pause", account_id=ACCOUNT.id, why="holidays")
    holds = await desk.room.books.holds(now=desk.room.clock.now())
    assert [(hold.account_id, hold.why) for hold in holds] == [(ACCOUNT.id, "holidays")]
    assert "Resumed" in await desk.ask("resume", account_id=ACCOUNT.id)
    assert await desk.ask("resume", account_id=ACCOUNT.id) == "Nothing was held."
    assert ACCOUNT.mode is Mode.AUTO


async def test_resuming_does_not_lift_what_a_button_cannot_mend() -> None:
    """An account that nobody attested would lose each post that is due: it stays held, and is told why."""
    from bowerbird.core.account import Hold, HoldKind
    from bowerbird.core.books import Batch

    desk = await a_desk()
    hold = Hold(account_id=ACCOUNT.id, kind=HoldKind.UNATTESTED, since=0, why="attest the label")
    await desk.room.books.record(Batch(holds=(hold,)))

    answer = await desk.ask("resume", account_id=ACCOUNT.id)

    assert answer == f"{ACCOUNT.id} is still held (unattested): attest the label."
    assert await desk.room.books.holds(now=desk.room.clock.now()) == [hold]
