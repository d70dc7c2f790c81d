"""The journal: what it kept it gives back, and what it could not keep it does not pretend to have."""

import asyncio
import resource
from pathlib import Path

import pytest

from bowerbird.core.errors import BadInput, StorageBusy, StorageFull
from bowerbird.sandbox.journal import FileJournal


async def opened(path: Path) -> FileJournal:
    """Open a journal, off the event loop."""
    return await asyncio.to_thread(FileJournal, path)


async def kept(path: Path) -> FileJournal:
    """Return a journal with three records."""
    journal = await opened(path)
    await journal.replay()
    await journal.append([{"n": 0}, {"n": 1, "text": "zwölf\nZeilen"}])
    await journal.append([{"n": 2}])
    return journal


async def test_what_was_kept_comes_back_in_order(tmp_path: Path) -> None:
    """Line breaks in a text do not break lines."""
    (await kept(tmp_path / "journal.jsonl")).close()
    again = await opened(tmp_path / "journal.jsonl")
    assert [record["n"] for record in await again.replay()] == [0, 1, 2]
    assert again.torn == ""
    again.close()


async def test_a_torn_last_line_is_cut_off_and_told(tmp_path: Path) -> None:
    """What stands before it is kept, and writing goes on behind it."""
    path = tmp_path / "journal.jsonl"
    (await kept(path)).close()
    with path.open("ab") as file:
        file.write(b'{"n": 3, "te')
    again = await opened(path)
    assert len(await again.replay()) == 3
    assert "12 bytes" in again.torn
    await again.append([{"n": 3}])
    assert [record["n"] for record in await again.page(2, 10)] == [2, 3]
    again.close()


async def test_damage_further_up_is_refused(tmp_path: Path) -> None:
    """With the line, because nobody can guess what stood there."""
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b'{"n": 0}\nrubbish\n{"n": 2}\n')
    journal = await opened(path)
    with pytest.raises(BadInput, match="line 2"):
        await journal.replay()
    journal.close()


async def test_two_processes_do_not_share_a_journal(tmp_path: Path) -> None:
    """The second is told who came first; when the first is gone it may."""
    first = await kept(tmp_path / "journal.jsonl")
    with pytest.raises(StorageBusy):
        await opened(tmp_path / "journal.jsonl")
    first.close()
    (await opened(tmp_path / "journal.jsonl")).close()


async def test_a_full_disk_leaves_no_half_line(tmp_path: Path) -> None:
    """The record is refused, and the next one that fits is kept."""
    journal = await kept(tmp_path / "journal.jsonl")
    size = (tmp_path / "journal.jsonl").stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, hard))
    try:
        with pytest.raises(StorageFull):
            await journal.append([{"n": 3, "text": "x" * 100}])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    await journal.append([{"n": 3}])
    assert [record["n"] for record in await journal.page(0, 10)] == [0, 1, 2, 3]
    journal.close()


async def test_pages_have_an_end(tmp_path: Path) -> None:
    """Behind the last record there is nothing."""
    journal = await kept(tmp_path / "journal.jsonl")
    assert [record["n"] for record in await journal.page(1, 1)] == [1]
    assert await journal.page(3, 10) == []
    journal.close()
