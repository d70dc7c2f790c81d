"""One engine per file: the second is refused by name, and the lock dies with its holder."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bowerbird.core.errors import StorageBusy
from tests.contracts.books import a_fact, write
from tests.storage.conftest import open_books

HOLD = """
import asyncio, sys
from pathlib import Path
from tests.storage.conftest import open_books
async def main():
    await open_books(Path(sys.argv[1]))
    print("held", flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


async def test_the_second_engine_is_refused_and_told_who_holds_the_file(tmp_path: Path) -> None:
    """Its error names the process and since when; a guest is welcome all the same."""
    engine = await open_books(tmp_path)
    with pytest.raises(StorageBusy, match=rf"in use by process {os.getpid()} since \d{{4}}-\d\d-\d\d"):
        await open_books(tmp_path)
    guest = await open_books(tmp_path, engine=False)
    await write(guest, facts=(a_fact(),))
    assert len(await engine.facts()) == 1
    await guest.close()
    await engine.close()
    await (await open_books(tmp_path)).close()


async def test_a_refused_engine_leaves_the_note_of_the_holder(tmp_path: Path) -> None:
    """Asking three times gives the same answer: a refusal writes nothing."""
    engine = await open_books(tmp_path)
    for _ in range(3):
        with pytest.raises(StorageBusy, match=str(os.getpid())):
            await open_books(tmp_path)
    await engine.close()


async def test_the_lock_dies_with_its_process(tmp_path: Path) -> None:
    """The kernel lets go of a killed engine's lock, so the next one starts at once."""
    process = await asyncio.to_thread(_holder, tmp_path)
    with pytest.raises(StorageBusy, match=str(process.pid)):
        await open_books(tmp_path)
    process.send_signal(signal.SIGKILL)
    await asyncio.to_thread(process.wait)
    await (await open_books(tmp_path)).close()


def _holder(folder: Path) -> subprocess.Popen[str]:
    """Another process that holds the books."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as said:
        assert said.readline() == "held\n"
    return process


async def test_engine_and_guests_may_start_on_no_file_at_once(tmp_path: Path) -> None:
    """Whoever comes first makes the file; nobody is refused."""
    opened = await asyncio.gather(*(open_books(tmp_path, engine=n == 0) for n in range(4)))
    for books in opened:
        await write(books, facts=(a_fact(),))
    assert len(await opened[0].facts()) == 4
    for books in opened:
        await books.close()
