"""The adapters of accounts: one that cannot be made just now is made later, and keeps no other."""

from __future__ import annotations

import pytest

from bowerbird.app.connections import Connections
from bowerbird.clock import VirtualClock
from bowerbird.core.account import Account
from bowerbird.core.books import Batch
from bowerbird.core.errors import BadInput, StorageTimeout
from bowerbird.core.ports import Platform
from bowerbird.storage.memory import MemoryBooks, MemoryStorage

from .posting.room import Told


class Workbench(Connections):
    """Makes adapters that need nothing but the account's password."""

    async def _adapter(self, account: Account) -> Platform:
        await self.storage.load_secret(account.id, "password")
        if account.platform != "sandbox":
            raise BadInput(f"there is no platform {account.platform!r}")
        return Told()


async def two_accounts() -> tuple[Connections, MemoryStorage]:
    """One on a platform that nobody knows, and one on the sandbox."""
    books = MemoryStorage(MemoryBooks())
    strange = Account(id="a:strange", platform="carrier-pigeon", handle="strange")
    wren = Account(id="sandbox:wren", platform="sandbox", handle="wren")
    await books.record(Batch(accounts=(strange, wren)))
    return Workbench(books, VirtualClock(), {}, None), books  # type: ignore[arg-type]


async def test_an_account_that_cannot_be_connected_keeps_no_other() -> None:
    """It is told once."""
    connections, books = await two_accounts()

    await connections.attach()
    await connections.attach()

    assert list(connections) == ["sandbox:wren"]
    assert [fact.account_id for fact in await books.facts(kinds=["degraded"])] == ["a:strange"]


async def test_books_that_hiccup_leave_no_account_without_its_adapter() -> None:
    """What could not be read a moment ago is read at the next look."""
    connections, books = await two_accounts()

    def trouble(verb: str) -> None:
        if verb == "load_secret":
            raise StorageTimeout("slow")

    books.books.trouble = trouble
    with pytest.raises(StorageTimeout):
        await connections.attach()
    books.books.trouble = None

    await connections.attach()

    assert list(connections) == ["sandbox:wren"]
