"""What a drill sees from outside: a post that did not go out cannot be overlooked."""

from pathlib import Path
from typing import Any, cast

import httpx

from bowerbird.clock import VirtualClock
from bowerbird.core.books import Batch
from bowerbird.core.gauge import Snapshot
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US, Post, RemoteRef
from bowerbird.drills.books import given_up
from bowerbird.drills.layer2 import CROWD, crowd_sent_meanwhile, turned_away
from bowerbird.drills.layer5 import ROBIN, WAITING, WREN, both_went, waiting_went
from bowerbird.drills.network import Network
from bowerbird.drills.outside import Outside
from bowerbird.drills.plan import read_plan
from bowerbird.drills.stage import Stage
from bowerbird.settings import load
from bowerbird.storage.memory import MemoryStorage
from bowerbird.storage.sqlite import SqliteStorage
from tests.contracts.books import NOW, a_post

KIND, SETTINGS = read_plan().programs["crowd"], load(env={})


class Quiet:
    """A network that has accepted these ids."""

    def __init__(self, *accepted: str) -> None:
        self.ids = accepted

    async def accepted(self) -> dict[str, dict[str, Any]]:
        """Each of them."""
        return {each: {} for each in self.ids}


async def a_stage(*posts: Post, accepted: tuple[str, ...] = ()) -> Stage:
    """A stage whose books hold these posts; the blow fell at `NOW`."""
    books, clock = MemoryStorage(), VirtualClock()
    await books.record(Batch(new_posts=posts))
    there, http = cast("Outside", None), cast("httpx.AsyncClient", None)
    network = cast("Network", Quiet(*accepted))
    stage = Stage(Path(), KIND, clock, there, network, SETTINGS, cast("SqliteStorage", books), http)
    stage.memory["struck_at"] = NOW
    return stage


def gone(name: str, account: str, **fields: Any) -> Post:
    """A post that went out just after the blow."""
    done: dict[str, Any] = {"state": State.PUBLISHED, "published_at": NOW + 1, "remote": RemoteRef(id=name)}
    return a_post(name, account_id=account, **(done | fields))


def left(name: str, account: str, state: State, reason: str = "") -> Post:
    """A post that did not."""
    return a_post(name, account_id=account, state=state, reason=reason)


async def test_what_our_books_gave_up_is_lost() -> None:
    """Refused, parked and missed are; withdrawn, waiting and published are not."""
    posts = (
        left("a", WREN, State.REJECTED, "forbidden"),
        left("b", WREN, State.PARKED, "attempts"),
        left("c", WREN, State.DROPPED, "missed"),
        left("d", WREN, State.DROPPED, "withdrawn"),
        left("e", WREN, State.QUEUED),
        gone("f", WREN),
    )
    said = ["a was rejected (forbidden)", "b was parked (attempts)", "c was missed"]
    assert given_up(posts) == said
    assert await (await a_stage(*posts, accepted=("f",))).lost() == said


async def test_one_of_two_that_were_due_is_not_all() -> None:
    """The other was turned down, so it is not well however little is due."""
    whole = [gone(f"r{n}", ROBIN) for n in range(WAITING)]
    assert await waiting_went(await a_stage(*whole))
    assert not await waiting_went(await a_stage(*whole[1:], left("r9", ROBIN, State.REJECTED)))
    assert not await waiting_went(await a_stage(*whole[1:], gone("old", ROBIN, created_at=NOW - 1)))


async def test_both_accounts_have_all_of_theirs_out() -> None:
    """One post of each is not what was due in each; well it was when the later account had its first."""
    whole = [gone(f"{name}{n}", name, published_at=NOW + n + 1) for name in (ROBIN, WREN) for n in range(WAITING)]
    stage = await a_stage(*whole)
    assert await both_went(stage)
    assert stage.well_at is not None
    assert not await both_went(await a_stage(*whole[1:]))
    assert not await both_went(await a_stage(*whole[:-1]))


async def test_a_post_that_waited_for_a_browser_is_held_against_the_program() -> None:
    """All of them are out, and one was under way for six seconds: it did not go at once."""
    whole = [gone(f"r{n}", ROBIN, first_claim_at=NOW) for n in range(CROWD)]
    at_once = await a_stage(*whole)
    at_once.memory["free"] = ROBIN
    assert await crowd_sent_meanwhile(at_once)
    assert at_once.notes == []
    slow = await a_stage(*whole[1:], gone("slow", ROBIN, first_claim_at=NOW, published_at=NOW + 6 * SECOND_US))
    slow.memory["free"] = ROBIN
    assert await crowd_sent_meanwhile(slow)
    assert slow.notes == ["a due post was under way for 6.0 s, so it waited for a browser"]


async def test_what_is_turned_away_is_counted_of_the_background_alone() -> None:
    """A post that waits in vain does not show that the background has taken its seats."""
    stage = await a_stage()
    assert await turned_away(stage) == 0
    rows = [{"class": "post", "refused": 4}, {"class": "metrics", "refused": 2}, {"class": "harvest", "refused": 1}]
    seen = Snapshot(name="browsers", at=NOW, data={"seats": [], "waits": rows})
    await stage.books.record(Batch(snapshots=(seen,)))
    assert await turned_away(stage) == 3
