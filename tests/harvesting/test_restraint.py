"""Answers that repeat themselves are spam, however kindly meant: we would rather be silent."""

import pytest

from bowerbird.core.account import Mode
from bowerbird.core.findings import TargetState
from bowerbird.core.post import SECOND_US, RemoteRef
from bowerbird.harvesting.restraint import COURTESIES_MAX, PER_CONVERSATION_MAX, REPEAT_S
from tests.harvesting.rooms import QUESTION, Room

PRAISE = "@wren this was a lovely one"


@pytest.fixture
def room() -> Room:
    """A room whose writer knows nothing."""
    return Room()


async def test_thanks_are_said_a_few_times_a_day_and_each_time_in_other_words(room: Room) -> None:
    """Many people praise us: a few are thanked, the others are left to a person, and no words come twice."""
    await room.account(Mode.AUTO)
    for n in range(COURTESIES_MAX + 3):
        room.says(f"m{n}", PRAISE, author=f"fan{n}")
    await room.harvest_once()
    texts = [reply.payload.text for reply in await room.replies()]
    assert len(texts) == len(set(texts)) == COURTESIES_MAX
    left = await room.target(f"m{COURTESIES_MAX + 2}")
    assert left.state is TargetState.DISMISSED
    assert left.because == "We have nothing new to say; a like of yours may do."


async def test_the_same_answer_is_not_given_to_two_people(room: Room) -> None:
    """A writer that only knows one answer gives it once a week; the next one who asks hears something else."""
    room.pen.texts = ["asyncio.gather runs both and waits for both."]
    await room.account(Mode.AUTO)
    for name in ("ann", "bob"):
        room.says(name, QUESTION, author=name)
    await room.harvest_once()
    assert len({reply.payload.text for reply in await room.replies()}) == 2
    await room.clock.sleep(REPEAT_S + 60)
    room.says("cat", QUESTION, author="cat")
    await room.harvest_once()
    assert (await room.replies())[-1].payload.text == room.pen.texts[0]


async def test_a_thread_does_not_fill_with_our_answers(room: Room) -> None:
    """Below one post of ours a few are answered a day, whoever asks."""
    await room.account(Mode.AUTO)
    room.pen.texts = [f"Answer number {n}, and nothing like the others." for n in range(9)]
    for n in range(PER_CONVERSATION_MAX + 2):
        room.says(f"m{n}", QUESTION, author=f"ann{n}", root=RemoteRef(id="ours"), kind="reply")
    room.says("elsewhere", QUESTION, author="zoe")
    await room.harvest_once()
    places = [reply.payload.reply_to.root.id for reply in await room.replies() if reply.payload.reply_to]
    assert places.count("ours") == PER_CONVERSATION_MAX
    assert places.count("elsewhere") == 1


async def test_a_new_day_is_a_new_day(room: Room) -> None:
    """Whoever was answered often enough yesterday is answered again today."""
    await room.account(Mode.AUTO)
    for day in range(2):
        for n in range(COURTESIES_MAX + 1):
            room.says(f"d{day}m{n}", PRAISE, author=f"fan{n}", posted_at=room.clock.now() - SECOND_US)
        await room.harvest_once()
        assert len(await room.replies()) == min(COURTESIES_MAX * (day + 1), 6)
        await room.clock.sleep(86_500)
