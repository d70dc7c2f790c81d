"""Who addressed us is answered once, within the rules, and nobody else is."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bowerbird.core.account import Account, HoldKind, Mode
from bowerbird.core.books import Batch, Change
from bowerbird.core.errors import PlatformError, RateLimited, SignedOut, StorageError, Unreachable
from bowerbird.core.findings import TargetState
from bowerbird.core.lifecycle import Event, State
from bowerbird.core.policy import opt_out_place
from bowerbird.core.post import SECOND_US, Kind
from bowerbird.harvesting.restraint import PER_AUTHOR_MAX
from bowerbird.harvesting.targets import STALE_S
from bowerbird.posting.approvals import approve
from tests.harvesting.rooms import QUESTION, WREN, Room

ANSWER = "asyncio.gather runs both and waits for both."


def fail_at(name: str) -> Callable[[str], None]:
    """Trouble at one verb of the books."""

    def trouble(verb: str) -> None:
        if verb == name:
            raise StorageError("the disk is gone")

    return trouble


@pytest.fixture
def room() -> Room:
    """A room whose writer knows an answer."""
    room = Room()
    room.pen.texts = [ANSWER]
    return room


async def test_a_mention_becomes_a_proposal_for_a_person(room: Room) -> None:
    """In an account that asks, the answer waits for a yes, until the conversation is stale."""
    await room.account()
    seen = room.says("m1", QUESTION)
    assert not await room.harvest_once()
    (reply,) = await room.replies(State.PROPOSED)
    assert (reply.kind, reply.payload.text) == (Kind.REPLY, ANSWER)
    assert reply.payload.reply_to is not None
    assert (reply.payload.reply_to.parent, reply.payload.reply_to.author) == (seen.ref, "ann")
    assert reply.due == reply.expires_at == seen.posted_at + int(STALE_S * SECOND_US)
    target = await room.target("m1")
    assert (target.state, target.post_id, target.addressed) == (TargetState.DRAFTED, reply.id, True)
    assert await room.kinds() == ["harvested", "targeted", "planned", "wrote"]


@pytest.mark.parametrize("mode", [Mode.AUTO, Mode.VETO])
async def test_an_account_that_does_not_ask_queues_its_answer(room: Room, mode: Mode) -> None:
    """With mode auto it goes at once, with veto after a person had half an hour; either says who let it go."""
    await room.account(mode)
    room.says("m1", QUESTION)
    await room.harvest_once()
    (reply,) = await room.replies(State.QUEUED)
    assert reply.approved_by == f"mode:{mode}"
    assert (reply.due - room.clock.now()) / SECOND_US == (0 if mode is Mode.AUTO else 1_800)


async def test_a_generated_answer_to_x_asks_a_person_in_every_mode(room: Room) -> None:
    """Where the rules want a person for it, the account's mode does not decide."""
    await room.account(Mode.AUTO, platform="x_api", labelled=True, operator="Ann")
    room.pen.name = "gpt"
    room.says("m1", QUESTION)
    await room.harvest_once()
    assert [post.choice.writer for post in await room.replies(State.PROPOSED)] == ["gpt"]


async def test_what_the_rules_forbid_is_not_drafted(room: Room) -> None:
    """An account that nobody attested answers nobody, and the target says why."""
    await room.account(Mode.AUTO, platform="bluesky", rehearsal=False)
    room.says("m1", QUESTION)
    await room.harvest_once()
    assert await room.replies() == []
    target = await room.target("m1")
    assert target.state is TargetState.DISMISSED
    assert target.because


async def test_one_answer_for_each_interaction(room: Room) -> None:
    """Reading the same mention again, also after a restart, changes nothing."""
    await room.account(Mode.AUTO)
    room.says("m1", QUESTION)
    await room.harvest_once()
    before = await room.target("m1")
    for _ in range(3):
        await room.books.record(Batch(cursors={f"mentions:{WREN}": 0}))
        await room.harvest_once()
    assert len(await room.replies()) == 1
    assert await room.target("m1") == before


async def test_an_answer_that_exists_already_is_ordinary(room: Room) -> None:
    """Storage refuses a second answer to the same post; the target is put aside and the run goes on."""
    await room.account(Mode.AUTO)
    room.says("m1", QUESTION)
    await room.harvest_once()
    target = await room.target("m1")
    await room.books.record(Batch(targets=(replace(target, state=TargetState.OPEN, post_id=""),)))
    room.says("m2", "what of pathlib?", author="bob")
    await room.harvest_once()
    assert (await room.target("m1")).state is TargetState.DISMISSED
    assert [post.payload.reply_to.parent.id for post in await room.replies() if post.payload.reply_to] == ["m1", "m2"]


async def test_whoever_says_stop_is_left_alone(room: Room) -> None:
    """What waits for them is withdrawn, and nothing is ever drafted for them again."""
    await room.account()
    room.says("m1", QUESTION)
    await room.harvest_once()
    room.says("m2", "@wren stop", ago_s=30)
    room.says("m3", QUESTION, author="@Ann", ago_s=20)
    room.says("m4", QUESTION, author="bob", ago_s=10)
    await room.harvest_once()
    (first, other) = await room.replies()
    assert (first.state, first.reason) == (State.DROPPED, "they asked us to stop")
    assert other.payload.reply_to is not None
    assert other.payload.reply_to.author == "bob"
    states = await room.states()
    assert [states[name] for name in ("m2", "m3")] == [TargetState.DISMISSED] * 2
    assert await room.books.cursor(opt_out_place(WREN, "ann")) > 0
    assert (await room.kinds()).count("opted_out") == 1


async def test_a_robot_is_not_talked_to_for_ever(room: Room) -> None:
    """One author gets a few answers a day; the rest is for a person."""
    await room.account(Mode.AUTO)
    for n in range(PER_AUTHOR_MAX + 2):
        room.says(f"m{n}", f"{QUESTION} {n}")
    await room.harvest_once()
    assert len(await room.replies()) == PER_AUTHOR_MAX
    assert list((await room.states()).values()).count(TargetState.DISMISSED) == 2


@pytest.mark.proves("9.G4")
async def test_an_old_mention_is_not_answered(room: Room) -> None:
    """Six hours later it is stale; so is a target that nobody drafted for in that time."""
    await room.account(Mode.AUTO)
    room.says("old", QUESTION, ago_s=STALE_S + 60)
    await room.harvest_once()
    assert await room.states() == {"old": TargetState.STALE}
    assert await room.replies() == []


async def test_we_do_not_answer_ourselves(room: Room) -> None:
    """Our own posts in the list are passed over."""
    await room.account(Mode.AUTO)
    room.says("m1", QUESTION, author="@Wren")
    await room.harvest_once()
    assert await room.states() == {}


async def test_a_mention_from_the_future_does_not_close_the_door(room: Room) -> None:
    """A date that somebody made up cannot move the cursor past now."""
    await room.account()
    room.says("liar", QUESTION, ago_s=-10 * 365 * 86_400.0)
    await room.harvest_once()
    await room.clock.sleep(60)
    room.says("m2", QUESTION, author="bob", ago_s=1)
    await room.harvest_once()
    assert set(await room.states()) == {"liar", "m2"}


async def test_a_full_page_comes_back_at_once(room: Room) -> None:
    """More than a hundred mentions are read in several runs, each of them once."""
    await room.account()
    for n in range(250):
        room.says(f"m{n}", f"hello {n}", author=f"someone-{n}", ago_s=100 - n / 10)
    assert [await room.harvest_once() for _ in range(3)] == [True, True, False]
    assert len(await room.states()) == 250


@pytest.mark.proves("9.2")
@pytest.mark.parametrize("error", [Unreachable("no route"), RateLimited("wait", retry_at=0), SignedOut("gone")])
async def test_no_answer_is_no_empty_answer(room: Room, error: PlatformError) -> None:
    """A platform that fails leaves a fact with the reason, and the cursor where it was."""
    await room.account()
    room.town.error = error
    assert not await room.harvest_once()
    assert "unharvested" in await room.kinds()
    assert await room.books.cursor(f"mentions:{WREN}") == 0
    holds = {hold.kind for hold in await room.books.holds(now=room.clock.now())}
    assert holds == ({HoldKind.SIGNED_OUT} if isinstance(error, SignedOut) else set())


@pytest.mark.proves("9.2")
async def test_nobody_is_asked_before_the_limit_ends(room: Room) -> None:
    """A rate limit is waited for; then the mentions are read."""
    await room.account()
    room.town.error = RateLimited("wait", retry_at=room.clock.now() + 100 * SECOND_US)
    await room.harvest_once()
    room.town.error = None
    await room.harvest_once()
    assert len(room.town.asked) == 1
    await room.clock.sleep(100)
    await room.harvest_once()
    assert len(room.town.asked) == 2


async def test_a_signed_out_account_is_not_asked(room: Room) -> None:
    """The hold is enough; the platform hears nothing until it is lifted."""
    await room.account(searches=("asyncio",))
    room.town.error = SignedOut("gone")
    await room.harvest_once()
    await room.harvest_once()
    assert (len(room.town.asked), room.town.searched) == (1, [])


@pytest.mark.parametrize(
    ("event", "expected"),
    [(Event.TURNED_DOWN, TargetState.DISMISSED), (Event.EXPIRED, TargetState.STALE)],
)
async def test_a_target_follows_its_answer(room: Room, event: Event, expected: TargetState) -> None:
    """What became of the answer is what became of the target."""
    await room.account()
    room.says("m1", QUESTION)
    await room.harvest_once()
    (reply,) = await room.replies()
    await room.books.record(Batch(changes=(Change(reply, reply.after(event, now=room.clock.now())),)))
    await room.harvest_once()
    assert (await room.target("m1")).state is expected


async def test_a_crash_between_target_and_answer_is_made_good(room: Room) -> None:
    """A target that was stored without an answer gets it in the next run."""
    await room.account()
    room.says("m1", QUESTION)
    room.books.books.trouble = fail_at("said")
    with pytest.raises(StorageError):
        await room.harvest_once()
    assert (await room.target("m1")).state is TargetState.OPEN
    room.books.books.trouble = None
    await room.harvest_once()
    assert len(await room.replies(State.PROPOSED)) == 1


async def test_an_approved_answer_goes_at_once(room: Room) -> None:
    """A person's yes makes it due; the answer does not wait until the conversation is nearly stale."""
    await room.account()
    room.says("m1", QUESTION)
    await room.harvest_once()
    (reply,) = await room.replies()
    (approved,) = await approve(room.books, reply.id, by="person", now=room.clock.now())
    assert approved.due == room.clock.now() < approved.expires_at
    assert await room.books.due_accounts(now=room.clock.now()) == [WREN]


async def test_an_account_that_kills_the_run_does_not_starve_the_others(room: Room) -> None:
    """What nobody foresaw is raised, and the next run begins with the other accounts."""
    await room.account()
    broken = Account(id="sandbox:aaa", platform="sandbox", handle="aaa")
    await room.books.record(Batch(accounts=(broken,)))
    room.harvester.platforms = {**room.harvester.platforms, broken.id: object()}  # type: ignore[dict-item]
    room.says("m1", QUESTION)
    for _ in range(2):
        await room.clock.sleep(1)
        with pytest.raises(AttributeError):
            await room.harvest_once()
    assert set(await room.states()) == {"m1"}
