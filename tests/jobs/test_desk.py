"""The desk: a button is done once and answered in words."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

import pytest

from bowerbird.clock import VirtualClock, run_virtual
from bowerbird.core.books import Batch
from bowerbird.core.errors import BadInput, StorageBusy
from bowerbird.core.work import Command
from bowerbird.jobs.desk import Desk, Verb
from bowerbird.storage.memory import MemoryBooks, MemoryStorage


async def greet(command: Command) -> str:
    """Greet whoever is named."""
    return f"Hello {command.args['name']}."


async def refuse(command: Command) -> str:
    """Say how to mend it."""
    raise BadInput("there is no post p9; `bowerbird posts` lists them")


async def stumble(command: Command) -> str:
    """Do what nobody foresaw."""
    raise KeyError("shelf")


VERBS: Mapping[str, Verb] = {"greet": greet, "refuse": refuse, "stumble": stumble}


class Office:
    """A desk and the books it works on."""

    def __init__(self) -> None:
        self.clock, self.books = VirtualClock(), MemoryStorage(MemoryBooks())
        self.desk = Desk(self.books, self.clock, "boot-1", VERBS)

    async def ask(self, verb: str, number: int = 1, **args: str) -> None:
        """Press a button."""
        asked = Command(id=f"c{number}", verb=verb, args=args, by="ann", asked_at=self.clock.now() + number)
        await self.books.record(Batch(commands=(asked,)))

    async def answers(self) -> list[tuple[str, bool | None, str]]:
        """What was answered, oldest command first."""
        return [(c.verb, c.ok, c.answer) for c in reversed(await self.books.commands())]


async def test_commands_are_done_in_the_order_in_which_they_were_asked() -> None:
    """Each once; then there is nothing to do."""
    office = Office()
    await office.ask("greet", 1, name="Bea")
    await office.ask("greet", 2, name="Cem")

    assert [await office.desk.obey_once() for _ in range(3)] == [True, True, False]

    assert await office.answers() == [("greet", True, "Hello Bea."), ("greet", True, "Hello Cem.")]


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        ("refuse", "there is no post p9; `bowerbird posts` lists them"),
        ("stumble", "unforeseen KeyError: 'shelf'"),
        ("fly", "there is no command 'fly'; known are greet, refuse, stumble"),
    ],
)
async def test_what_cannot_be_done_is_answered_and_not_tried_again(verb: str, words: str) -> None:
    """A person is looking: they get the sentence, once."""
    office = Office()
    await office.ask(verb)

    assert await office.desk.obey_once()

    assert await office.answers() == [(verb, False, words)]
    assert not await office.desk.obey_once()


async def test_an_answer_comes_with_its_fact() -> None:
    """The trace of a post tells who pressed what."""
    office = Office()
    await office.ask("greet", name="Bea", post_id="p1", account_id="sandbox:wren")

    await office.desk.obey_once()

    fact = (await office.books.facts(kinds=["commanded"]))[0]
    assert (fact.post_id, fact.account_id, fact.data["by"], fact.data["ok"]) == ("p1", "sandbox:wren", "ann", True)


async def test_an_answer_that_could_not_be_written_is_written_when_the_books_open_again() -> None:
    """The button was done once, and is not done again: only its answer waits."""
    office = Office()
    await office.ask("greet", name="Bob")
    shut = True

    def trouble(verb: str) -> None:
        if shut and verb == "record":
            raise StorageBusy("locked")

    office.books.books.trouble = trouble
    with pytest.raises(StorageBusy):
        await office.desk.obey_once()
    shut = False

    assert await office.desk.obey_once()

    assert await office.answers() == [("greet", True, "Hello Bob.")]


async def test_a_button_that_takes_too_long_is_answered_too() -> None:
    """Somebody waits, and the next button has its turn."""
    office = Office()

    async def hang(command: Command) -> str:
        await asyncio.sleep(3600)
        return ""

    office.desk.verbs = {"hang": hang}
    office.desk.verb_s = 0.01
    await office.ask("hang")

    assert await office.desk.obey_once()

    ((_, ok, answer),) = await office.answers()
    assert (ok, "0.01 s" in answer) == (False, True)


async def test_a_button_that_the_runner_cuts_off_is_answered_the_next_time() -> None:
    """Whoever pressed it is not left without a word because the whole piece was cut off meanwhile."""
    office = Office()

    async def hang(command: Command) -> str:
        await asyncio.Event().wait()
        return ""

    office.desk.verbs = {"hang": hang}
    await office.ask("hang")
    piece = asyncio.create_task(office.desk.obey_once())
    await asyncio.sleep(0.01)
    piece.cancel()
    with pytest.raises(asyncio.CancelledError):
        await piece

    assert await office.desk.obey_once()

    assert await office.answers() == [("hang", False, "it was cut off; look whether it was done")]
    assert not await office.desk.obey_once()


def test_a_button_that_swallows_its_cancellation_does_not_keep_the_next_one_waiting() -> None:
    """A verb that will not end is given up, and answered."""

    async def story(clock: VirtualClock) -> None:
        office = Office()

        async def cling(command: Command) -> str:
            for _ in range(2):  # the test's own end is the third
                with suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()
            await asyncio.Event().wait()
            return ""

        office.desk.clock, office.desk.verbs = clock, {"cling": cling, "greet": greet}
        await office.ask("cling", 1)
        await office.ask("greet", 2, name="Bea")
        assert await office.desk.obey_once()
        assert clock.monotonic() < 30
        assert await office.desk.obey_once()
        assert [ok for _, ok, _ in await office.answers()] == [False, True]

    run_virtual(story)
