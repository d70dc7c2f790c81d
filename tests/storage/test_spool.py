"""The spool's file: durable, bounded, never shrinking, and readable after any death."""

import asyncio
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from bowerbird.core.errors import StorageFull
from bowerbird.storage.frames import framed
from bowerbird.storage.spool import RESERVE, Spool

WRITER = """
import sys
from pathlib import Path
from bowerbird.storage.spool import Spool
spool = Spool(Path(sys.argv[1]), after=0, most=64_000_000)
while True:
    number = spool.append(b"x" * (spool.waiting % 7 * 3000 + 1))
    print(number, flush=True)
"""

FULL_DISK = """
import subprocess, sys
from pathlib import Path
from bowerbird.core.errors import StorageFull
from bowerbird.storage.spool import Spool
place = Path(sys.argv[1])
if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", place], capture_output=True).returncode:
    print("cannot mount")
    sys.exit()
try:
    spool = Spool(place / "spool", after=0, most=64_000_000)
    try:
        (place / "filler").write_bytes(bytes(20_000_000))
    except OSError:
        pass
    written = 0
    try:
        while True:
            spool.append(bytes([65 + written % 26]) * 50_000)
            written += 1
    except StorageFull as error:
        print(error)
    assert spool.waiting == written
    spool.close()
    again = Spool(place / "spool", after=0, most=64_000_000)
    assert again.waiting == written and again.every()[-1][:1] == bytes([65 + (written - 1) % 26])
    again.done(written)
    assert again.append(b"after") == written + 1
    again.close()
    late = Spool(place / "late", after=0, most=64_000_000)
    assert not late.reserved
    (place / "filler").unlink()
    late.done(late.append(b"the first"))
    assert late.reserved
    late.close()
    print("written", written * 50_000)
finally:
    subprocess.run(["umount", "-l", place], check=True)
"""


def _open(folder: Path, *, after: int = 0, most: int = 64_000_000) -> Spool:
    return Spool(folder / "spool", after=after, most=most)


def _contents(spool: Spool) -> list[bytes]:
    found = spool.every()
    spool.close()
    return found


def test_what_was_appended_is_there_after_the_process(tmp_path: Path) -> None:
    """In order, with numbers that go on; a record the books have is not there again."""
    spool = _open(tmp_path)
    assert [spool.append(payload) for payload in (b"one", b"two", b"three")] == [1, 2, 3]
    spool.close()
    again = _open(tmp_path, after=1)
    assert again.first() == (2, b"two")
    assert again.append(b"four") == 4
    assert _contents(again) == [b"two", b"three", b"four"]


def test_an_empty_spool_is_wiped_and_its_numbers_go_on(tmp_path: Path) -> None:
    """The file keeps its room; what stood in it is never read again, and no number is given twice."""
    spool = _open(tmp_path)
    spool.append(b"secret words")
    spool.done(1)
    assert (spool.waiting, spool.used_ratio) == (0, 0.0)
    assert b"secret" not in (tmp_path / "spool").read_bytes()
    assert (tmp_path / "spool").stat().st_size >= RESERVE
    assert spool.append(b"next") == 2
    spool.close()
    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o600


def test_numbers_go_on_where_the_books_are_ahead(tmp_path: Path) -> None:
    """A spool that was lost begins behind the cursor, so nothing new is taken for what was written long ago."""
    spool = _open(tmp_path, after=500)
    assert spool.append(b"new") == 501
    spool.close()


def test_a_torn_tail_is_cleared_and_told(tmp_path: Path) -> None:
    """Half a record costs only itself; the next one takes its place."""
    torn = framed(3, b"half a record")[:-4]
    (tmp_path / "spool").write_bytes(framed(1, b"one") + framed(2, b"two") + torn)
    spool = _open(tmp_path)
    assert spool.torn == len(torn)
    assert spool.append(b"three") == 3
    spool.close()
    again = _open(tmp_path)
    assert again.torn == 0
    assert _contents(again) == [b"one", b"two", b"three"]


def test_damage_in_the_middle_is_told(tmp_path: Path) -> None:
    """The records after it are read; how many bytes could not be read is known."""
    damaged = bytearray(framed(2, b"two"))
    damaged[-1] ^= 1
    (tmp_path / "spool").write_bytes(framed(1, b"one") + bytes(damaged) + framed(3, b"three"))
    spool = _open(tmp_path)
    assert spool.torn == len(damaged)
    assert _contents(spool) == [b"one", b"three"]


def test_it_is_bounded(tmp_path: Path) -> None:
    """What does not fit is refused with a sentence, and what was there stays."""
    spool = _open(tmp_path, most=1000)
    spool.append(b"x" * 900)
    assert spool.used_ratio > 0.9
    with pytest.raises(StorageFull, match="full"):
        spool.append(b"y" * 100)
    assert _contents(spool) == [b"x" * 900]


@pytest.mark.proves("3.3", "8.3")
async def test_a_killed_writer_leaves_every_record_it_answered_for(tmp_path: Path) -> None:
    """Six times killed in the middle of appending: what was answered is there, whole, in order, once."""
    chance, answered = random.Random(3), 0
    for _ in range(6):
        answered = max(answered, await asyncio.to_thread(_kill_a_writer, tmp_path / "spool", chance.randint(2, 40)))
        spool = _open(tmp_path)
        sizes = [len(payload) for payload in spool.every()]
        spool.close()
        assert len(sizes) in {answered, answered + 1}
        assert sizes == [n % 7 * 3000 + 1 for n in range(len(sizes))]
        answered = len(sizes)


def _kill_a_writer(path: Path, after: int) -> int:
    """Start a writer, kill it after some answers, and return the last one it gave."""
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as said:
        answers = [said.readline() for _ in range(after)]
        process.kill()
        answers += said.readlines()
    process.wait()
    return max(int(answer) for answer in answers if answer.endswith("\n"))


@pytest.mark.proves("3.3", "8.3")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a disk to fill")
async def test_a_full_disk_does_not_reach_the_spool(tmp_path: Path) -> None:
    """On a disk without a free byte the reserve is written to its end and used again; without one it is taken later."""
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    if "cannot mount" in done.stdout:
        pytest.skip("this machine mounts nothing")
    assert "cannot be written" in done.stdout
    assert int(done.stdout.split()[-1]) > RESERVE * 0.95


def test_a_folder_that_may_not_be_written_is_said(tmp_path: Path) -> None:
    """No spool where there is no folder."""
    with pytest.raises(StorageFull, match="cannot be opened"):
        _open(tmp_path / "nowhere")
