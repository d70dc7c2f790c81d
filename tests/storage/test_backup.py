"""A backup is whole, and a restore says nothing twice."""

import asyncio
from pathlib import Path

import pytest

from bowerbird.core.account import Learned
from bowerbird.core.books import Batch
from bowerbird.core.breaker import BreakerState, Position
from bowerbird.core.errors import BadInput, StorageBusy, StorageError, StorageFull
from bowerbird.core.gauge import Snapshot
from bowerbird.core.keeping import Words
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Brief
from bowerbird.core.post import SECOND_US, Choice, Post
from bowerbird.core.work import Command, Owner
from bowerbird.resilience import failpoints
from bowerbird.resilience.failpoints import Failpoints
from bowerbird.storage.backup import BackedUp, Restored, backup, restore
from bowerbird.storage.sqlite import SqliteStorage
from tests.contracts.books import (
    NOW,
    WREN,
    a_delivery,
    a_fact,
    a_post,
    a_quota,
    a_thread,
    an_incident,
    claim,
    publish,
    shelve,
    write,
)
from tests.storage.conftest import open_books
from tests.storage.test_spooled import opened

HOUR = 3600 * SECOND_US
DAY = 24 * HOUR


async def back_up(folder: Path, name: str = "copy.db", *, key_file: Path | None = None) -> BackedUp:
    """Back up the folder's books at NOW."""
    return await asyncio.to_thread(backup, folder / "books.db", folder / name, now=NOW, key_file=key_file)


async def start_again(folder: Path, name: str = "copy.db", *, now: int = NOW + DAY) -> Restored:
    """Restore the folder's books a day later."""
    return await asyncio.to_thread(restore, folder / name, folder / "books.db", now=now)


async def a_day_later(folder: Path, *posts: Post) -> SqliteStorage:
    """Books with these posts, backed up at NOW, restored a day later, and opened again."""
    books = await open_books(folder)
    await shelve(books, *posts)
    await back_up(folder)
    await books.close()
    await start_again(folder)
    return await open_books(folder)


async def test_a_backup_is_taken_while_the_engine_works(tmp_path: Path) -> None:
    """Every batch is in it whole or not at all, and the engine is not held up."""
    books = await open_books(tmp_path)

    async def work() -> None:
        for n in range(60):
            await write(books, new_posts=(a_post(f"p{n}"),), facts=(a_fact(post_id=f"p{n}"),))

    _, made = await asyncio.gather(work(), back_up(tmp_path))
    await books.close()
    assert made.size == (tmp_path / "copy.db").stat().st_size
    (tmp_path / "other").mkdir()
    await asyncio.to_thread(restore, tmp_path / "copy.db", tmp_path / "other" / "books.db", now=NOW)
    copy = await open_books(tmp_path / "other")
    facts = [fact.post_id for fact in await copy.facts(kinds=("planned",))]
    assert sorted(facts) == sorted(post.id for post in await copy.posts(limit=1000))
    await copy.close()


async def test_a_backup_overwrites_nothing(tmp_path: Path) -> None:
    """Neither a file nor an older backup, and it says so."""
    await (await open_books(tmp_path)).close()
    (tmp_path / "copy.db").write_text("precious")
    with pytest.raises(BadInput, match="exists already"):
        await back_up(tmp_path)
    assert (tmp_path / "copy.db").read_text() == "precious"


async def test_a_backup_is_one_file_for_its_owner_alone(tmp_path: Path) -> None:
    """No log beside it, no draft left over, and the key only where it is asked for."""
    books = await open_books(tmp_path)
    await books.save_secret(WREN, "password", "open sesame")
    await books.close()
    (tmp_path / "out").mkdir()
    await back_up(tmp_path, "out/plain.db")
    made = await back_up(tmp_path, "out/full.db", key_file=tmp_path / "secrets.key")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["full.db", "full.db.key", "plain.db"]
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "out").iterdir()} == {0o600}
    assert made.key_file == tmp_path / "out" / "full.db.key"
    assert made.key_file.read_bytes() == (tmp_path / "secrets.key").read_bytes()


async def test_the_key_comes_back_with_the_books(tmp_path: Path) -> None:
    """The backup's key opens the backup's secrets; another key that is in its place is set aside."""
    (tmp_path / "new").mkdir()
    books = await open_books(tmp_path)
    await books.save_secret(WREN, "password", "open sesame")
    await books.close()
    await back_up(tmp_path, key_file=tmp_path / "secrets.key")
    (tmp_path / "new" / "secrets.key").write_text("another key")
    into, key = tmp_path / "new" / "books.db", tmp_path / "new" / "secrets.key"
    await asyncio.to_thread(restore, tmp_path / "copy.db", into, now=NOW, key_file=key)
    again = await open_books(tmp_path / "new")
    assert await again.load_secret(WREN, "password") == "open sesame"
    await again.close()
    (aside,) = (tmp_path / "new").glob("secrets.key.before-*")
    assert aside.read_text() == "another key"


async def test_books_without_secrets_need_no_key(tmp_path: Path) -> None:
    """Before the first secret there is no key file, and none is missed."""
    await (await open_books(tmp_path)).close()
    made = await back_up(tmp_path, key_file=tmp_path / "secrets.key")
    assert made.key_file is None
    assert not (tmp_path / "copy.db.key").exists()


async def test_there_must_be_something_to_back_up(tmp_path: Path) -> None:
    """A path without books is named, and nothing is left at the target."""
    with pytest.raises(BadInput, match="no books"):
        await back_up(tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_a_target_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """A folder that does not exist is an error with its name in it."""
    await (await open_books(tmp_path)).close()
    with pytest.raises(StorageFull, match="nowhere"):
        await back_up(tmp_path, "nowhere/copy.db")


@pytest.mark.parametrize(
    ("post", "state"),
    [
        pytest.param(a_post(due=NOW + HOUR), State.UNSURE, id="due since the backup"),
        pytest.param(a_post(state=State.SENDING, attempt=1, owner="b"), State.UNSURE, id="on the wire"),
        pytest.param(a_post(due=NOW + 2 * DAY), State.QUEUED, id="due later"),
        pytest.param(a_post(state=State.PROPOSED, due=NOW + HOUR), State.PROPOSED, id="proposed"),
        pytest.param(a_post(state=State.PUBLISHED), State.PUBLISHED, id="published"),
        pytest.param(a_post(state=State.UNSURE, first_claim_at=NOW), State.UNSURE, id="unsure already"),
    ],
)
async def test_what_may_have_been_sent_meanwhile_is_unsure(tmp_path: Path, post: Post, state: State) -> None:
    """Due since the backup, or on the wire when it was made; everything else stays what it was."""
    books = await a_day_later(tmp_path, post)
    restored = await books.post("p1")
    assert restored is not None
    assert restored.state is state
    assert (restored.seq > post.seq) == (post.state is not state)
    await books.close()


async def test_a_doubt_is_looked_for_from_the_backup_on(tmp_path: Path) -> None:
    """The first attempt cannot lie before the backup; the last one ended before the restore."""
    books = await a_day_later(tmp_path, a_post(due=NOW + HOUR), a_post("p2", due=NOW, first_claim_at=NOW - HOUR))
    first, second = await books.post("p1"), await books.post("p2")
    assert first is not None
    assert second is not None
    assert (first.first_claim_at, first.attempt_until, first.attempt, first.wire) == (NOW, NOW + DAY, 1, "")
    assert second.first_claim_at == NOW - HOUR
    (fact,) = await books.facts(post_id="p1")
    assert (fact.kind, fact.data) == ("lost_touch", {"why": "restored", "was": "queued"})
    assert await books.claim_doubt(now=NOW + DAY, push_until=NOW + 2 * DAY) is not None
    await books.close()


async def test_a_day_old_backup_sends_nothing_again(tmp_path: Path) -> None:
    """Whatever was published after the backup can be claimed by nobody, on any kind of platform."""
    books = await open_books(tmp_path)
    await shelve(books, *(a_post(f"p{n}", due=NOW + n) for n in range(5)), *a_thread("t", due=NOW + 9))
    await back_up(tmp_path)
    sent = 0
    while (post := await claim(books, a_quota(100), now=NOW + 60)) is not None:
        await publish(books, post, now=NOW + 61)
        sent += 1
    await books.close()
    assert sent == 8
    assert (await start_again(tmp_path)).unsure == 8
    again = await open_books(tmp_path)
    assert await claim(again, now=NOW + DAY) is None
    assert await again.due_accounts(now=NOW + DAY) == []
    await again.close()


async def test_a_restore_begins_an_epoch_and_says_so(tmp_path: Path) -> None:
    """The fact names the epoch, the backup's age and the doubts; a second restore begins the next one."""
    books = await a_day_later(tmp_path, a_post())
    (fact,) = await books.facts(kinds=("restored",))
    assert fact.data == {"epoch": 1, "backed_up_at": NOW, "unsure": 1, "backup": "copy.db"}
    await back_up(tmp_path, "second.db")
    await books.close()
    assert (await start_again(tmp_path, "second.db")).epoch == 2


async def test_the_old_books_are_set_aside(tmp_path: Path) -> None:
    """They stand beside the new ones, whole, and can be restored from in their turn."""
    books = await open_books(tmp_path)
    await back_up(tmp_path)
    await write(books, facts=(a_fact(),))
    await books.close()
    first, second = await start_again(tmp_path), await start_again(tmp_path)
    assert first.set_aside is not None
    assert second.set_aside is not None
    assert first.set_aside != second.set_aside
    first.set_aside.replace(tmp_path / "books.db")
    old = await open_books(tmp_path)
    assert len(await old.facts()) == 1
    await old.close()


async def test_nobody_restores_under_a_running_engine(tmp_path: Path) -> None:
    """The engine is named, and its books stay as they are."""
    books = await open_books(tmp_path)
    await back_up(tmp_path)
    with pytest.raises(StorageBusy, match="process"):
        await start_again(tmp_path)
    await write(books, facts=(a_fact(),))
    await books.close()


async def test_nobody_restores_under_an_open_dashboard(tmp_path: Path) -> None:
    """A guest that still has the file open would go on reading the old books; it is asked to stop."""
    await (await open_books(tmp_path)).close()
    await back_up(tmp_path)
    guest = await open_books(tmp_path, engine=False)
    with pytest.raises(StorageBusy, match="another process"):
        await start_again(tmp_path)
    await guest.close()
    await start_again(tmp_path)


async def test_restored_books_write_ahead_like_the_others(tmp_path: Path) -> None:
    """A backup is one file without a log; opened again it has one, so readers do not wait for the writer."""
    books = await a_day_later(tmp_path, a_post())
    assert await books.desk.read(lambda tx: tx.plain("PRAGMA journal_mode")) == [("wal",)]
    await books.close()


@pytest.mark.parametrize("content", ["", "This is a poem, and rather a long one. " * 100])
async def test_a_file_that_is_no_backup_is_refused(tmp_path: Path, content: str) -> None:
    """The books stay in their place, and no draft is left."""
    await (await open_books(tmp_path)).close()
    (tmp_path / "copy.db").write_text(content)
    with pytest.raises((BadInput, StorageError)):
        await start_again(tmp_path)
    await (await open_books(tmp_path)).close()
    assert not list(tmp_path.glob("*.before-*")) + list(tmp_path.glob(".*draft*"))


async def test_a_bare_copy_of_the_file_is_refused(tmp_path: Path) -> None:
    """A file that does not say when it was backed up cannot tell what is in doubt."""
    await (await open_books(tmp_path)).close()
    (tmp_path / "copy.db").write_bytes((tmp_path / "books.db").read_bytes())
    with pytest.raises(BadInput, match="does not say when"):
        await start_again(tmp_path)


async def test_commands_are_not_done_again_after_a_restore(tmp_path: Path) -> None:
    """What was asked before the backup may have been done after it; a person asks again."""
    books = await open_books(tmp_path)
    await write(books, commands=(Command(id="c", verb="post", by="ada", asked_at=NOW),))
    await books.beat(Owner(id="boot-1", role="engine", pid=1, started_at=NOW, heard_at=NOW))
    await back_up(tmp_path)
    await books.close()
    await start_again(tmp_path)
    again = await open_books(tmp_path)
    assert await again.claim_command(now=NOW + DAY, owner="boot-2") is None
    (command,) = await again.commands()
    assert (command.ok, command.done_at) == (False, NOW + DAY)
    assert "ask again" in command.answer
    assert await again.owners() == []
    await again.close()


@pytest.mark.proves("4.G2", "4.G5")
async def test_alarms_breakers_and_learned_limits_come_back(tmp_path: Path) -> None:
    """What was open when the backup was made is open, what was to be told is told, what was learned is known."""
    books = await open_books(tmp_path)
    breaker = BreakerState(name="browser", position=Position.OPEN, since=NOW, next_probe_at=NOW + 9)
    limit = Learned(key=WREN, unit="posts", window_s=3600.0, max=9, at=NOW)
    brief = Brief(id="b", account_id=WREN, wants=Choice(), text_max=300)
    words = Words(id="w", writer="m", brief=brief, text="x", at=NOW)
    jobs = Snapshot(name="jobs", at=NOW, data={})
    await write(books, incidents=(an_incident(),), deliveries=(a_delivery(),), breakers=(breaker,), learned=(limit,))
    await write(books, words=(words,), snapshots=(jobs,))
    await back_up(tmp_path)
    await write(books, incidents=(an_incident(closed_at=NOW),), deliveries=(a_delivery(sent_at=NOW),))
    await books.close()
    await start_again(tmp_path)
    again = await open_books(tmp_path)
    assert await again.incidents(open_only=True) == [an_incident()]
    assert await again.deliveries(waiting=True) == [a_delivery()]
    assert (await again.breakers(), await again.learned()) == ([breaker], [limit])
    assert (await again.unused_words(WREN), await again.snapshot("jobs")) == ([words], jobs)
    await again.close()


async def test_what_waits_in_the_spool_outlives_a_restore(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The books go back to their backup; what the spool still held is written into them, once."""
    books = await opened(tmp_path)
    await back_up(tmp_path)
    monkeypatch.setattr(failpoints, "armed", Failpoints("storage.write=raise"))
    await books.keep(Batch(facts=(a_fact(data={"n": 1}),)))
    monkeypatch.setattr(failpoints, "armed", None)
    await books.close()
    await start_again(tmp_path)
    for _ in range(2):
        again = await opened(tmp_path)
        assert not await again.replay_once()
        assert [fact.data["n"] for fact in await again.facts(kinds=("planned",))] == [1]
        await again.close()
