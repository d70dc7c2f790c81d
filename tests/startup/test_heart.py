"""The heart: it beats with work or with a reason, and a reason is not silence."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from bowerbird.clock import SystemClock, VirtualClock, run_virtual
from bowerbird.core.errors import StorageFull
from bowerbird.core.work import Owner
from bowerbird.startup.heart import HEART, Heart, HeartFile
from bowerbird.startup.pipe import PIPE, Ear, mouth, speak
from bowerbird.storage.memory import MemoryBooks, MemoryStorage

OWNER = Owner(id="boot", role="engine", pid=7, started_at=0, heard_at=0)


class Beats(list[dict[str, Any]]):
    """A pulse that remembers."""

    async def beat(self, row: dict[str, Any]) -> None:
        """Remember."""
        self.append(row)


class Shut(MemoryStorage):
    """Books that refuse, or worse."""

    error: Exception = StorageFull("the disk is full")

    async def beat(self, owner: Owner) -> None:
        """Refuse."""
        raise self.error


async def test_it_beats_in_the_books_and_in_the_file() -> None:
    """The same sentence in both; the file also says how far the work came."""
    beats, books = Beats(), MemoryStorage(MemoryBooks())
    heart = Heart(books, VirtualClock(), OWNER, lambda: "working: plan", lambda: 41, beats)
    await heart.beat_once()
    await heart.pulse_once()
    assert (await books.owners())[0].note == "working: plan"
    assert beats == [
        {"at": heart.clock.now(), "pid": 7, "owner": "boot", "note": "working: plan", "progress": 41, "state": "up"}
    ]


async def test_without_progress_and_without_a_reason_it_is_silent() -> None:
    """Nobody knows why nothing happens: then it must be found out."""
    beats, books = Beats(), MemoryStorage(MemoryBooks())
    heart = Heart(books, VirtualClock(), OWNER, lambda: "", pulse=beats)
    await heart.beat_once()
    await heart.pulse_once()
    assert (list(beats), await books.owners()) == ([], [])


@pytest.mark.proves("6.3")
async def test_books_that_refuse_are_a_reason() -> None:
    """The file goes on, and says which; when they answer again it says that nothing is wrong."""
    beats, clock = Beats(), SystemClock()
    heart = Heart(Shut(MemoryBooks()), clock, OWNER, lambda: "working", pulse=beats)
    task = asyncio.create_task(heart.beat_for_ever())
    await clock.sleep(0.05)
    await heart.pulse_once()
    task.cancel()
    assert (heart.missed, beats[-1]["note"]) == (1, "the books cannot be written: the disk is full")
    heart.storage = MemoryStorage(MemoryBooks())
    await heart.beat_once()
    assert (heart.missed, heart.trouble) == (0, "")


async def test_a_heart_that_dies_of_anything_else_says_so_aloud() -> None:
    """Whoever runs it must end with it."""
    books = Shut(MemoryBooks())
    books.error = ZeroDivisionError("a defect")
    with pytest.raises(ExceptionGroup) as died:
        await Heart(books, SystemClock(), OWNER, lambda: "working", pulse=Beats()).beat_for_ever()
    assert died.group_contains(ZeroDivisionError)


def test_the_file_is_replaced_whole(tmp_path: Path) -> None:
    """Whoever reads it reads one beat."""
    file = HeartFile(tmp_path / HEART)
    for number in (1, 2):
        file.write({"at": number})
    assert json.loads((tmp_path / HEART).read_text()) == {"at": 2}
    assert [path.name for path in tmp_path.iterdir()] == [HEART]


def test_a_disk_that_takes_no_file_does_not_silence_the_pipe(tmp_path: Path) -> None:
    """Each beat goes into the pipe first; a pipe that is full, or that nobody reads, keeps nothing waiting."""
    ear = Ear()
    with ear.open() as end:
        file = HeartFile(tmp_path / "no folder" / HEART, end)
        for number in (1, 2):
            with pytest.raises(FileNotFoundError):
                file.write({"at": number})
        ear.listen()
        assert (ear.beats, ear.row) == (2, {"at": 2})
        for number in range(5_000):
            speak(end, {"at": number, "note": "x" * 100})
        ear.close()
        speak(end, {"at": 3})


def test_only_a_pipe_is_taken_for_a_pipe(tmp_path: Path) -> None:
    """A variable that an old shell left behind must not write into somebody's file."""
    other = os.open(tmp_path / "file", os.O_CREAT | os.O_RDWR)
    ear = Ear()
    with ear.open() as end:
        assert [mouth({PIPE: text}) for text in ("", "x", "-1", "999999", str(other))] == [None] * 5
        assert mouth({PIPE: str(end)}) == end
    os.close(other)
    ear.close()


def test_on_a_full_disk_the_old_beat_is_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new time is a beat too; the guardian sees that it changed."""
    file, path = HeartFile(tmp_path / HEART), tmp_path / HEART
    file.write({"at": 1})
    before = path.stat().st_mtime_ns

    def full(self: Path, *args: object, **kwargs: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    file.write({"at": 2})
    assert path.stat().st_mtime_ns > before
    assert json.loads(path.read_text()) == {"at": 1}


def test_a_disk_that_refuses_even_that_does_not_end_the_engine() -> None:
    """The guardian hears the silence, and the heart goes on trying: every second."""

    class Refusing(Beats):
        """A disk that refuses everything."""

        async def beat(self, row: dict[str, Any]) -> None:
            """Refuse, but remember what was tried."""
            self.append(row)
            raise OSError(errno.EROFS, "Read-only file system")

    async def live(clock: VirtualClock) -> Refusing:
        disk = Refusing()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2.5):
                await Heart(None, clock, OWNER, lambda: "working", pulse=disk).beat_for_ever()
        return disk

    assert len(run_virtual(live)) == 3
