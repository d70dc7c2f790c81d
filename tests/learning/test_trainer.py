"""From readings to advice, exactly once."""

import subprocess
import sys
from dataclasses import replace

import pytest

from bowerbird.clock import SeededChance, VirtualClock
from bowerbird.core.account import Account
from bowerbird.core.books import Batch
from bowerbird.core.findings import Counts, Reading
from bowerbird.core.lifecycle import State
from bowerbird.core.post import Choice, Kind, Payload, Post
from bowerbird.learning.trainer import Trainer
from bowerbird.storage.memory import MemoryBooks, MemoryStorage

WREN, ROBIN = "sandbox:wren", "bluesky:robin"
DAY_S = 86_400.0
CHOICE = Choice(topic="asyncio", angle="how", tone="plain", format="tip", slot="09:30")


class Room:
    """A trainer with its books and two accounts, one of them a rehearsal."""

    def __init__(self) -> None:
        self.disk = MemoryBooks()
        self.restart()

    def restart(self) -> None:
        """A new process on the same books, with the same seed."""
        self.books = MemoryStorage(self.disk)
        self.trainer = Trainer(self.books, VirtualClock(), SeededChance(7))

    async def accounts(self) -> None:
        """Both accounts."""
        wren = Account(id=WREN, platform="sandbox", handle="wren", rehearsal=True)
        robin = Account(id=ROBIN, platform="bluesky", handle="robin")
        await self.books.record(Batch(accounts=(wren, robin)))

    async def post(self, name: str, account_id: str = WREN, **changes: object) -> None:
        """A published post."""
        post = Post(
            id=name, account_id=account_id, key=name, thread_id=name, payload=Payload(text=name), choice=CHOICE,
            state=State.PUBLISHED, since=0, created_at=0, due=0, expires_at=1, published_at=0,
        )  # fmt: skip
        await self.books.record(Batch(new_posts=(replace(post, **changes),)))  # type: ignore[arg-type]

    async def read(
        self, name: str, *rungs: int, account_id: str = WREN, views: int | None = 400, likes: int = 9
    ) -> None:
        """Readings of a post at these rungs."""
        made = [
            Reading(
                post_id=name, account_id=account_id, rung=rung, age_s=(1 + 6 * rung) * DAY_S, observed_at=0,
                counts=Counts(impressions=views, likes=likes), rehearsal=account_id == WREN, followers=100,
            )
            for rung in rungs
        ]  # fmt: skip
        await self.books.record(Batch(readings=tuple(made)))

    async def kinds(self) -> list[str]:
        """All facts so far."""
        return [fact.kind for fact in await self.books.facts()]


@pytest.fixture
async def room() -> Room:
    """A room with its accounts."""
    room = Room()
    await room.accounts()
    return room


async def test_readings_become_a_version_and_advice(room: Room) -> None:
    """Two posts are learned from; model, advice, cursor and facts are there together."""
    for name in ("a", "b"):
        await room.post(name)
        await room.read(name, 0)
    assert not await room.trainer.learn_once()
    model, advice = await room.books.champion(WREN), await room.books.advice(WREN)
    assert model is not None
    assert advice is not None
    assert (model.n, model.cursor, advice.n, advice.version) == (2, 2, 2, model.version)
    assert advice.target == "engagement per impression"
    assert {"topic=asyncio", "slot=09:30", "topic=asyncio&tone=plain"} <= set(advice.levels)
    assert {len(draw) for draw in advice.draws} == {len(advice.levels)}
    assert await room.kinds() == ["learned", "advised"]
    assert await room.books.cursor(f"learning:{WREN}") == 2


async def test_nothing_new_changes_nothing(room: Room) -> None:
    """A run without new readings writes nothing."""
    await room.post("a")
    await room.read("a", 0)
    await room.trainer.learn_once()
    mark = await room.books.change_mark()
    assert not await room.trainer.learn_once()
    assert await room.books.change_mark() == mark


async def test_a_later_reading_is_learned_once_and_is_no_second_post(room: Room) -> None:
    """Versions follow one another; two readings of one post are one post."""
    await room.post("a")
    await room.read("a", 0)
    await room.trainer.learn_once()
    first = await room.books.champion(WREN)
    await room.read("a", 1, likes=30)
    await room.trainer.learn_once()
    second, advice = await room.books.champion(WREN), await room.books.advice(WREN)
    assert first is not None
    assert second is not None
    assert advice is not None
    assert (second.parent, second.n, advice.n) == (first.version, 2, 1)
    assert len(await room.books.models(WREN)) == 2


async def test_accounts_learn_apart(room: Room) -> None:
    """A rehearsal's readings never reach a real account, and a reading that claims otherwise is not used."""
    await room.post("a")
    await room.post("r", ROBIN)
    await room.read("a", 0)
    await room.read("r", 0, account_id=ROBIN, views=None)
    stray = Reading(
        post_id="r", account_id=ROBIN, rung=5, age_s=DAY_S, observed_at=0, counts=Counts(likes=99), rehearsal=True
    )
    await room.books.record(Batch(readings=(stray,)))
    await room.trainer.learn_once()
    wren, robin = await room.books.advice(WREN), await room.books.advice(ROBIN)
    assert wren is not None
    assert robin is not None
    assert (wren.n, robin.n) == (1, 1)
    assert robin.target == "engagement for the number of followers"
    facts = [fact.data for fact in await room.books.facts() if fact.kind == "learned" and fact.account_id == ROBIN]
    assert [(data["learned"], data["unusable"]) for data in facts] == [(1, 1)]


async def test_replies_and_later_parts_teach_nothing(room: Room) -> None:
    """They say nothing about a choice, but the cursor passes them."""
    await room.post("reply", kind=Kind.REPLY)
    await room.post("part", part=1, parts=2, thread_id="thread")
    await room.read("reply", 0)
    await room.read("part", 0)
    await room.trainer.learn_once()
    model = await room.books.champion(WREN)
    assert model is not None
    assert (model.n, model.cursor) == (0, 2)


async def test_a_restart_advises_the_same(room: Room) -> None:
    """Learning on after a restart gives the same version and the same draws as without it."""
    other = Room()
    await other.accounts()
    for one in (room, other):
        for name in ("a", "b"):
            await one.post(name)
        await one.read("a", 0)
        await one.trainer.learn_once()
    other.restart()
    other.trainer.chance.stream("learning").setstate(room.trainer.chance.stream("learning").getstate())
    for one in (room, other):
        await one.read("b", 0, likes=2)
        await one.trainer.learn_once()
    assert await room.books.advice(WREN) == await other.books.advice(WREN)


@pytest.mark.proves("3.2", "10.4")
async def test_a_damaged_version_is_learned_again(room: Room) -> None:
    """The parent takes over at its own cursor within the run, no reading is lost, and a fact says so."""
    for name in ("a", "b"):
        await room.post(name)
        await room.read(name, 0)
        await room.trainer.learn_once()
    champion = await room.books.champion(WREN)
    assert champion is not None
    await room.books.record(Batch(models=(replace(champion, state=b"?"),)))
    await room.read("a", 1)
    await room.trainer.learn_once()
    healed, advice = await room.books.champion(WREN), await room.books.advice(WREN)
    assert healed is not None
    assert advice is not None
    assert (healed.parent, advice.n, healed.n) == (champion.parent, 2, 3)
    (said,) = await room.books.facts(kinds=("degraded",))
    assert said.data["sentence"].endswith(f"; version {champion.parent[:8]} took over.")


@pytest.mark.proves("3.2")
async def test_with_every_version_damaged_the_prior_learns_all_of_it_again(room: Room) -> None:
    """In the same run: two posts are known afterwards, from the readings alone."""
    for name in ("a", "b"):
        await room.post(name)
        await room.read(name, 0)
        await room.trainer.learn_once()
    broken = [replace(model, state=b"?") for model in await room.books.models(WREN, limit=9)]
    await room.books.record(Batch(models=tuple(broken)))
    await room.read("a", 1)
    await room.trainer.learn_once()
    advice = await room.books.advice(WREN)
    assert advice is not None
    assert advice.n == 2
    said = await room.books.facts(kinds=("degraded",))
    assert [fact.data["sentence"].endswith("the prior took over.") for fact in said] == [True, True]


async def test_more_than_a_pass_comes_back_at_once(room: Room) -> None:
    """Five hundred readings at a time, from the cursor on."""
    await room.post("a")
    await room.read("a", *range(501))
    assert await room.trainer.learn_once()
    assert not await room.trainer.learn_once()
    model = await room.books.champion(WREN)
    assert model is not None
    assert model.cursor == 501


def test_a_process_that_never_learns_does_not_carry_the_algebra() -> None:
    """Importing the trainer does not import numpy; only learning does."""
    program = "import sys, bowerbird.learning.trainer; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
