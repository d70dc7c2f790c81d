"""Pictures of posts that have not gone: within the backup, and back in their place after a restore."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bowerbird.core.lifecycle import State
from bowerbird.core.post import Media, Post
from bowerbird.storage.backup import backup, restore
from bowerbird.storage.pictures import AHEAD, BYTES_MAX
from tests.contracts.books import NOW, a_post, shelve
from tests.storage.conftest import open_books


def pictured(folder: Path, post_id: str, path: str, content: bytes = b"\x89PNG", **fields: object) -> Post:
    """A post with a picture that lies in the folder."""
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(content)
    post = a_post(post_id, **fields)
    media = Media(path=path, mime="image/png", alt="A card.", sha256=hashlib.sha256(content).hexdigest())
    return replace(post, payload=replace(post.payload, media=(media,)))


async def carried(folder: Path, *posts: Post) -> Path:
    """A folder of its own into which a backup of these posts was restored."""
    books = await open_books(folder)
    await shelve(books, *posts)
    await asyncio.to_thread(backup, folder / "books.db", folder / "copy.db", now=NOW)
    await books.close()
    other = folder / "other"
    await asyncio.to_thread(restore, folder / "copy.db", other / "books.db", now=NOW)
    return other


@pytest.mark.parametrize("state", AHEAD)
async def test_a_card_of_a_post_that_may_still_go_is_restored(tmp_path: Path, state: State) -> None:
    """Byte for byte, on a machine that has neither the folder nor a browser."""
    post = await asyncio.to_thread(pictured, tmp_path, "p1", "cards/a.png", b"\x89PNG of a card", state=state)
    other = await carried(tmp_path, post)
    assert await asyncio.to_thread((other / "cards/a.png").read_bytes) == b"\x89PNG of a card"


async def test_what_has_gone_is_lost_or_too_large_is_left_out_and_nothing_fails(tmp_path: Path) -> None:
    """The backup is made all the same, and the restored books have no table that books do not have."""

    def there_are() -> list[Post]:
        gone = pictured(tmp_path, "p1", "cards/gone.png", state=State.REMOVED)
        lost, large = (
            pictured(tmp_path, f"p{n}", f"cards/{n}.png", b"x" * (BYTES_MAX + 1), state=State.QUEUED) for n in (2, 3)
        )
        (tmp_path / "cards/2.png").unlink()
        return [gone, lost, large]

    other = await carried(tmp_path, *await asyncio.to_thread(there_are))

    def look() -> tuple[bool, list[object]]:
        with closing(sqlite3.connect(other / "books.db")) as books:
            return (other / "cards").exists(), books.execute(
                "SELECT name FROM sqlite_master WHERE name = 'pictures'"
            ).fetchall()

    assert await asyncio.to_thread(look) == (False, [])


async def test_a_path_that_leads_out_of_the_folder_is_not_written(tmp_path: Path) -> None:
    """Whoever made the backup."""
    post = await asyncio.to_thread(pictured, tmp_path, "p1", "cards/a.png", state=State.QUEUED)
    books = await open_books(tmp_path)
    await shelve(books, post)
    await asyncio.to_thread(backup, tmp_path / "books.db", tmp_path / "copy.db", now=NOW)
    await books.close()

    def bend() -> None:
        with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
            copy.execute("UPDATE pictures SET path = '../evil.png'")
            copy.commit()
        restore(tmp_path / "copy.db", tmp_path / "other" / "books.db", now=NOW)

    await asyncio.to_thread(bend)
    assert not await asyncio.to_thread((tmp_path / "evil.png").exists)
