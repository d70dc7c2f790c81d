"""The rehearsal beside the engine: it begins, runs on, ends by itself, and leaves nothing that is asked for ever."""

from pathlib import Path
from typing import Any

import pytest

from bowerbird.app.network import Network
from bowerbird.app.rehearsal import COVER_H, ID, LASTS_S, QUIET_S, Rehearsal
from bowerbird.clock import VirtualClock
from bowerbird.core.account import Account, Hold, HoldKind, Mode
from bowerbird.core.books import Batch
from bowerbird.core.errors import BadInput
from bowerbird.core.work import Command
from bowerbird.settings import load
from bowerbird.storage.memory import MemoryStorage

ROW = {"handle": "starling", "password": "starling-pass", "keyed": "forever"}


class Asleep:
    """A process that is there until it is not."""

    def __init__(self) -> None:
        self.code: int | None = None

    def poll(self) -> int | None:
        """Whether it ended."""
        return self.code

    def terminate(self) -> None:
        """End it."""
        self.code = 0


class Stage:
    """A rehearsal whose networks are only noted."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.books, self.rung = VirtualClock(), MemoryStorage(), list[str]()
        self.networks: list[Network] = []
        self.port, self.broken = 8421, False
        settings = load(env={}, data__folder=str(folder))
        self.it = Rehearsal(self.books, self.clock, settings, [ID], self.rung.append, self.start)

    def start(self, folder: Path, **asked: Any) -> Network:
        """Start a network."""
        if self.broken:
            raise BadInput("the rehearsal network did not start")
        network = Network(Asleep(), f"http://127.0.0.1:{self.port}", [ROW])  # type: ignore[arg-type]
        self.networks.append(network)
        return network

    async def press(self, verb: str) -> str:
        """Press a button."""
        return await self.it.table()[verb](Command(id="c", verb=verb, by="ann", asked_at=0))

    @property
    def running(self) -> int:
        """How many networks run."""
        return sum(network.process.poll() is None for network in self.networks)

    async def account(self) -> Account:
        """The account of the rehearsal."""
        found = await self.books.account(ID)
        assert found is not None
        return found


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Nothing runs yet."""
    return Stage(tmp_path)


async def test_it_begins_with_an_account_that_asks(stage: Stage) -> None:
    """Marked as a rehearsal, so that its numbers stay apart; connected and planned for at once."""
    assert "wait for your yes" in await stage.press("rehearse")
    account = await stage.account()
    assert (account.rehearsal, account.mode, account.url) == (True, Mode.ASK, "http://127.0.0.1:8421")
    assert await stage.books.load_secret(ID, "password") == "starling-pass"
    assert (stage.rung, stage.running) == (["connect", "plan"], 1)


async def test_the_network_is_started_again_wherever_it_is_then(stage: Stage) -> None:
    """It died, and its port was taken: the account follows it."""
    await stage.press("rehearse")
    stage.networks[0].process.terminate()
    stage.port = 9999
    await stage.it.look_once()
    assert (stage.running, (await stage.account()).url) == (1, "http://127.0.0.1:9999")
    await stage.it.look_once()
    assert len(stage.networks) == 2


async def test_nothing_runs_that_nobody_asked_for(stage: Stage) -> None:
    """No account, no network; ending what does not run is said so."""
    await stage.it.look_once()
    assert stage.networks == []
    with pytest.raises(BadInput, match="no rehearsal runs"):
        await stage.press("rehearse_end")


async def test_over_means_that_nothing_is_planned_and_numbers_are_still_read(stage: Stage) -> None:
    """The account rests and its network goes on, for posts are measured to the end; then it is not asked any more."""
    await stage.press("rehearse")
    assert "Its posts and their numbers stay" in await stage.press("rehearse_end")
    await stage.it.look_once()
    assert ((await stage.account()).rests, stage.running) == (True, 1)
    stage.clock.advance(QUIET_S + 1)
    for _ in range(2):
        await stage.it.look_once()
    assert ((await stage.account()).url, stage.running) == ("", 0)


async def test_it_ends_by_itself(stage: Stage) -> None:
    """After an hour, with a fact; begun anew it is another hour, and a pause from before is over."""
    await stage.press("rehearse")
    stage.clock.advance(LASTS_S + 1)
    await stage.it.look_once()
    assert (await stage.account()).rests
    (fact,) = await stage.books.facts(kinds=("account_changed",))
    assert (fact.by, fact.account_id) == ("rehearsal", ID)
    await stage.books.record(Batch(holds=(Hold(account_id=ID, kind=HoldKind.PAUSED, since=0),)))
    await stage.press("rehearse")
    await stage.it.look_once()
    assert ((await stage.account()).cover_h, await stage.books.holds(now=0)) == (COVER_H, [])


async def test_a_network_that_does_not_start_is_said_so(stage: Stage) -> None:
    """And no account is written that nobody could post for."""
    stage.broken = True
    with pytest.raises(BadInput, match="did not start"):
        await stage.press("rehearse")
    assert await stage.books.accounts() == []
