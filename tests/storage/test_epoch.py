"""The disk dies, a day-old backup comes back, and the rooms go on: nothing is said twice, nothing is left unsaid."""

import asyncio
from dataclasses import replace
from pathlib import Path

from bowerbird.core.books import Batch
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Absent, Found, Look
from bowerbird.core.post import SECOND_US, Post, RemoteRef
from bowerbird.posting.publisher import Publisher
from bowerbird.posting.reconciler import Reconciler
from bowerbird.storage.backup import backup, restore
from bowerbird.storage.sqlite import SqliteStorage
from tests.posting.room import ACCOUNT, START, Hands, Told, post
from tests.storage.conftest import open_books

HOUR_S = 3600


class Town:
    """A keyless platform that outlives the books: it remembers what arrived, and shows it to who looks."""

    def __init__(self) -> None:
        """Nothing has been said yet."""
        self.said: list[str] = []
        self.clock = Hands()
        self.platform = Told(fate=self.arrive, look=self.look)

    def arrive(self, sent: Post) -> RemoteRef:
        """Take whatever comes: without keys nobody notices a second time."""
        self.said.append(sent.payload.text)
        return RemoteRef(id=f"r{len(self.said)}")

    def look(self, doubt: Post) -> Look:
        """Find it by its words."""
        words = doubt.payload.text
        return Found(ref=RemoteRef(id=f"r{self.said.index(words) + 1}")) if words in self.said else Absent()

    async def work(self, books: SqliteStorage, *, hours: int) -> None:
        """The two rooms of posting at work, a quarter of an hour at a time."""
        platforms = {ACCOUNT.id: self.platform}
        publisher = Publisher(books, platforms, self.clock, "boot")
        reconciler = Reconciler(books, platforms, self.clock, "boot")
        for _ in range(hours * 4):
            while await reconciler.settle_once() or await publisher.publish_once():
                pass
            self.clock.pass_s(HOUR_S / 4)


def _queue() -> tuple[Post, ...]:
    """A post every hour for a day and a half, each of which may be two days late."""
    plain = (replace(post(n), due=START + n * HOUR_S * SECOND_US) for n in range(36))
    return tuple(replace(p, expires_at=p.due + 48 * HOUR_S * SECOND_US) for p in plain)


async def test_a_day_old_backup_doubles_nothing_on_a_keyless_platform(tmp_path: Path) -> None:
    """24 hours are lost from the books, not from the world; in the end all 36 posts are there, once each."""
    town, path, copy = Town(), tmp_path / "books.db", tmp_path / "copy.db"
    books = await open_books(tmp_path)
    account = replace(ACCOUNT, posts_per_day_max=100)
    await books.record(Batch(accounts=(account,), new_posts=_queue()))
    await town.work(books, hours=3)
    await asyncio.to_thread(backup, path, copy, now=town.clock.now())
    await town.work(books, hours=24)
    await books.close()
    assert len(town.said) == 27

    town.said.remove("Words of post 20.")  # and this one, say, never left
    path.unlink()
    await asyncio.to_thread(restore, copy, path, now=town.clock.now())
    again = await open_books(tmp_path)
    await town.work(again, hours=14)
    assert sorted(town.said) == sorted(post.payload.text for post in _queue())
    assert dict(await again.count_posts()) == {(ACCOUNT.id, State.PUBLISHED): 36}
    await again.close()
