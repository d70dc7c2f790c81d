"""The adapters of accounts: one that cannot be made just now is made later, and keeps no other; and their guards."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from bowerbird.app.connections import Connections
from bowerbird.browsers.pool import Pool
from bowerbird.clock import SeededChance, VirtualClock
from bowerbird.core.account import Account
from bowerbird.core.books import Batch
from bowerbird.core.breaker import BreakerState, Position
from bowerbird.core.errors import BadInput, SignedOut, StorageTimeout, Unreachable
from bowerbird.core.ports import Capabilities, Identity, Platform
from bowerbird.resilience.deadline import required
from bowerbird.settings import Settings
from bowerbird.storage.memory import MemoryBooks, MemoryStorage

from .posting.room import Told

URL = "http://127.0.0.1:8421"


class Door(Told):
    """An adapter that is asked who we are, and can be down."""

    down: Exception | None = None
    asked = 0
    through_browser = False

    @property
    def capabilities(self) -> Capabilities:
        """As told, or through a browser."""
        return replace(super().capabilities, browser=self.through_browser)

    async def whoami(self) -> Identity:
        """Answer, or fail as told; nobody asks without a deadline."""
        required()
        self.asked += 1
        if self.down is not None:
            raise self.down
        return Identity(id="wren", handle="wren")


class Workbench(Connections):
    """Makes adapters that need nothing but the account's password."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.doors: dict[tuple[str, str], Door] = {}

    async def _adapter(self, account: Account, driver: str) -> Platform:
        await self.storage.load_secret(account.id, "password")
        if not driver.startswith("sandbox"):
            raise BadInput(f"there is no platform {driver!r}")
        door = self.doors[account.id, driver] = Door(name=driver)
        door.through_browser = driver == "sandbox-web"
        return door


def bench_of(books: MemoryStorage) -> Workbench:
    """Connections over these books."""
    clock = VirtualClock()
    return Workbench(books, clock, cast("Settings", {}), Pool(clock), SeededChance(1))


def account(handle: str, platform: str = "sandbox", **changes: str) -> Account:
    """An account of this handle."""
    return Account(id=f"{platform}:{handle}", platform=platform, handle=handle, url=URL, **changes)  # type: ignore[arg-type]


async def connected(*accounts: Account) -> tuple[Workbench, MemoryStorage]:
    """These accounts, attached."""
    books = MemoryStorage(MemoryBooks())
    await books.record(Batch(accounts=accounts))
    connections = bench_of(books)
    await connections.attach()
    return connections, books


async def test_an_account_that_cannot_be_connected_keeps_no_other() -> None:
    """It is told once."""
    connections, books = await connected(account("strange", "carrier-pigeon"), account("wren"))

    await connections.attach()

    assert list(connections) == ["sandbox:wren"]
    assert [fact.account_id for fact in await books.facts(kinds=["degraded"])] == ["carrier-pigeon:strange"]


async def test_books_that_hiccup_leave_no_account_without_its_adapter() -> None:
    """What could not be read a moment ago is read at the next look."""
    books = MemoryStorage(MemoryBooks())
    await books.record(Batch(accounts=(account("wren"),)))
    connections = bench_of(books)

    def trouble(verb: str) -> None:
        if verb == "load_secret":
            raise StorageTimeout("slow")

    books.books.trouble = trouble
    with pytest.raises(StorageTimeout):
        await connections.attach()
    books.books.trouble = None

    await connections.attach()

    assert list(connections) == ["sandbox:wren"]


async def test_one_breaker_guards_a_host_and_not_an_account() -> None:
    """Two accounts of one host share it, and the host's own answer about one of them opens nothing."""
    connections, _ = await connected(account("wren"), account("finch"))
    connections.doors["sandbox:finch", "sandbox"].down = SignedOut("suspended")

    for _ in range(20):
        with pytest.raises(SignedOut):
            await connections["sandbox:finch"].whoami()

    assert list(connections.breakers) == ["sandbox 127.0.0.1:8421"]
    assert connections.ready("sandbox:finch") == connections.ready("sandbox:wren") == ""


async def test_posting_can_ask_before_it_claims() -> None:
    """The sentence names the breaker, why, and when it is tried next."""
    connections, _ = await connected(account("wren"), account("finch"))
    connections.doors["sandbox:finch", "sandbox"].down = Unreachable("the sandbox cannot be reached", reason="connect")

    for _ in range(3):
        with pytest.raises(Unreachable):
            await connections["sandbox:finch"].whoami()

    why = connections.ready("sandbox:wren")
    assert "sandbox 127.0.0.1:8421 is open" in why
    assert "the sandbox cannot be reached" in why
    assert "next probe" in why
    assert "not connected" in connections.ready("sandbox:nobody")


async def test_a_host_is_probed_by_its_accounts_in_turn() -> None:
    """So an account that can answer nothing does not keep the host shut."""
    connections, _ = await connected(account("wren"), account("finch"))
    doors = connections.doors
    doors["sandbox:finch", "sandbox"].down = Unreachable(reason="connect")
    breaker = connections.breakers["sandbox 127.0.0.1:8421"]

    for _ in range(3):
        breaker.open("for the test", by="me")
        breaker.release()
        await breaker.probe_once()

    assert breaker.closed
    assert doors["sandbox:finch", "sandbox"].asked >= 1
    assert doors["sandbox:wren", "sandbox"].asked >= 1


@pytest.mark.proves("4.2")
async def test_an_account_with_another_driver_is_ready_while_the_browser_is_not() -> None:
    """And one without is not, in the browser's name."""
    connections, _ = await connected(
        account("wren", "sandbox-web", other_driver="sandbox"), account("finch", "sandbox-web")
    )
    connections.breakers["browser"].open("it is gone", by="drill")

    assert connections.ready("sandbox-web:wren") == ""
    assert connections.ready("sandbox-web:finch").startswith("the breaker browser is open: it is gone")
    assert connections.breakers_of() == {
        "sandbox-web:wren": ["sandbox-web 127.0.0.1:8421", "sandbox 127.0.0.1:8421", "browser"],
        "sandbox-web:finch": ["sandbox-web 127.0.0.1:8421", "browser"],
    }
    assert connections.breakers.parents() == {"sandbox-web 127.0.0.1:8421": "browser"}
    assert {sample.name: sample.value for sample in connections.samples()}["bowerbird_browser_up"] == 0


async def test_a_breaker_survives_a_restart_and_one_that_nobody_uses_is_closed_in_the_books() -> None:
    """The page shows no open breaker that nothing will ever probe."""
    books = MemoryStorage(MemoryBooks())
    left = [
        BreakerState(name=f"sandbox {host}", position=Position.OPEN, why="down", opens=3, next_probe_at=1)
        for host in ("127.0.0.1:8421", "127.0.0.1:1")
    ]
    await books.record(Batch(accounts=(account("wren"),), breakers=tuple(left)))
    connections = bench_of(books)

    await connections.attach()
    await connections.breakers.write_once()

    written = {state.name: state for state in await books.breakers()}
    assert written["sandbox 127.0.0.1:8421"].position is Position.OPEN
    assert written["sandbox 127.0.0.1:8421"].opens == 3
    assert written["sandbox 127.0.0.1:1"].position is Position.CLOSED


async def test_a_rehearsal_whose_network_is_gone_is_not_asked_any_more() -> None:
    """Its adapter goes and nobody greets it; begun anew it is connected again."""
    wren = account("wren")
    connections, books = await connected(wren)
    await books.record(Batch(accounts=(replace(wren, cover_h=0.0, url=""),)))
    await connections.connect_once()
    assert list(connections) == []
    await books.record(Batch(accounts=(replace(wren, created_at=9),)))
    await connections.connect_once()
    assert list(connections) == [wren.id]
