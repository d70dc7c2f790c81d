"""Books with a spool: broken for a while on purpose, and afterwards everything is there once, in order."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bowerbird.clock import SystemClock
from bowerbird.core.account import Quota
from bowerbird.core.books import Batch, Change, Committed, Kept, Storage
from bowerbird.core.errors import BowerbirdError, StorageError, StorageFull
from bowerbird.core.findings import Counts, Reading
from bowerbird.core.keeping import Receipt, Words
from bowerbird.core.lifecycle import Event, State
from bowerbird.core.ports import Brief
from bowerbird.core.post import SECOND_US, Choice, RemoteRef
from bowerbird.posting.proof import confirm_late
from bowerbird.resilience import failpoints
from bowerbird.resilience.failpoints import Failpoints
from bowerbird.storage.aside import set_aside
from bowerbird.storage.memory import MemoryStorage
from bowerbird.storage.parcels import packed, unpacked
from bowerbird.storage.spool import Spool
from bowerbird.storage.spooled import SpooledStorage
from tests.contracts.books import (
    NOW,
    WREN,
    a_delivery,
    a_fact,
    a_post,
    a_quota,
    a_reply,
    an_incident,
    claim,
    shelve,
    write,
)

WORDS = Words(
    id="words:1",
    writer="model",
    brief=Brief(id="b1", account_id=WREN, wants=Choice(topic="paths"), text_max=300, avoid_claims=frozenset({"c1"})),
    text='{"posts": []}',
    cost=0.002,
    spent=0.002,
    at=NOW,
)

KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from bowerbird.core.books import Batch
from tests.contracts.books import a_fact
from tests.storage.test_spooled import broken, opened, kept_fact
async def main():
    books = await opened(Path(sys.argv[1]))
    broken()
    for n in range(5):
        await kept_fact(books, n)
    broken(False)
    record = books.record
    async def dying(batch):
        answer = await record(batch)
        if batch.cursors.get("spool") == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        return answer
    books.record = dying
    await books.replay_once()
asyncio.run(main())
"""

FULL_DISK = """
import asyncio, subprocess, sys
from pathlib import Path
from bowerbird.core.books import Batch, Kept
from tests.contracts.books import a_fact
from tests.storage.test_spooled import numbers, opened
place = Path(sys.argv[1])
if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", place], capture_output=True).returncode:
    print("cannot mount")
    sys.exit()
def fill():
    try:
        (place / "filler").write_bytes(bytes(20_000_000))
    except OSError:
        pass
async def main():
    books = await opened(place)
    await asyncio.to_thread(fill)
    kept = [await books.keep(Batch(facts=(a_fact(data={"n": n, "text": "x" * 4000}),))) for n in range(300)]
    assert kept[-1] == Kept()
    health = {sample.name: sample.value for sample in await books.samples()}
    assert health["bowerbird_storage_up"] == 0 and health["bowerbird_storage_free_bytes"] < 100_000, health
    await books.replay_once()
    await books.close()
    books = await opened(place)
    assert len(await numbers(books)) < 300
    (place / "filler").unlink()
    while await books.replay_once():
        pass
    assert await numbers(books) == list(range(300))
    await books.close()
    print("kept", sum(answer == Kept() for answer in kept))
try:
    asyncio.run(main())
finally:
    subprocess.run(["umount", "-l", place], check=True)
"""


async def apply(storage: Storage, receipt: Receipt) -> None:
    """As the composition root does."""
    await confirm_late(storage, receipt.attempt, receipt.ref, now=receipt.at, look_at=receipt.look_at, by="spool")


async def opened(folder: Path, **fields: Any) -> SpooledStorage:
    """Books with a spool, with real files and real threads."""
    given: dict[str, Any] = {
        "apply": apply,
        "clock": SystemClock(),
        "key_file": folder / "secrets.key",
        "deadline_s": 0.5,
    } | fields
    return await SpooledStorage.with_spool(folder / "books.db", folder / "spool", **given)


def broken(really: bool = True) -> None:
    """From now on the books cannot be written, as on a full disk; or no longer."""
    failpoints.armed = Failpoints("storage.write=raise") if really else None


@pytest.fixture(autouse=True)
def mended() -> Iterator[None]:
    """Whatever a test broke works again after it."""
    yield
    broken(False)


async def kept_fact(books: SpooledStorage, n: int) -> object:
    """Keep a fact with a number."""
    return await books.keep(Batch(facts=(a_fact(data={"n": n}),)))


async def numbers(books: Storage) -> list[int]:
    """The numbers of the facts in the books, in their order."""
    return [fact.data["n"] for fact in await books.facts(kinds=("planned",), limit=1000)]


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[SpooledStorage]:
    """Books that work, until a test breaks them."""
    found = await opened(tmp_path)
    yield found
    await found.close()


def a_receipt(attempt: Any, **fields: Any) -> Receipt:
    """The proof of an attempt."""
    ref = RemoteRef(id=f"at://us/{attempt.id}", url="https://example.org/p", cid="cid")
    return Receipt(
        **({"attempt": attempt, "ref": ref, "at": NOW + SECOND_US, "look_at": NOW + 60 * SECOND_US} | fields)
    )


def a_reading() -> Reading:
    """Three likes after a minute."""
    seen = Counts(likes=3)
    return Reading(post_id="p", account_id=WREN, rung=0, age_s=60.0, observed_at=NOW, counts=seen, rehearsal=True)


# --- keeping and writing later ---------------------------------------------------------------------------------


@pytest.mark.proves("3.3", "8.3")
async def test_what_the_books_refuse_is_kept_and_written_later(books: SpooledStorage) -> None:
    """In the order in which it was kept, once, with a fact at the beginning and one at the end."""
    assert isinstance(await kept_fact(books, 0), Committed)
    broken()
    assert [await kept_fact(books, n) for n in (1, 2, 3)] == [Kept()] * 3
    assert not await books.replay_once()
    assert await numbers(books) == [0]
    broken(False)
    assert not await books.replay_once()
    assert await numbers(books) == [0, 1, 2, 3]
    told = await books.facts(kinds=("spooled", "replayed"))
    assert [(fact.kind, fact.data.get("records")) for fact in told] == [("spooled", None), ("replayed", 3)]
    assert "cannot be written" in told[0].data["why"]
    assert isinstance(await kept_fact(books, 4), Committed)


@pytest.mark.proves("8.3")
async def test_a_reading_is_written_once_however_often_it_was_read(books: SpooledStorage) -> None:
    """The kept one and a later one of the same rung are one reading, and the first stands."""
    first = a_reading()
    broken()
    await books.keep(Batch(readings=(first,)))
    broken(False)
    await books.replay_once()
    await write(books, readings=(replace(first, counts=Counts(likes=9)),))
    assert await books.readings() == [replace(first, seq=1)]


async def test_who_comes_after_others_waits_behind_them(books: SpooledStorage) -> None:
    """While anything waits, nothing that is kept overtakes it."""
    broken()
    await kept_fact(books, 1)
    broken(False)
    assert await kept_fact(books, 2) == Kept()
    await books.replay_once()
    assert await numbers(books) == [1, 2]


@pytest.mark.proves("3.3")
async def test_a_process_that_dies_keeps_what_it_kept(tmp_path: Path) -> None:
    """The next process writes it, and says how much it was."""
    first = await opened(tmp_path)
    broken()
    await kept_fact(first, 1)
    await first.close()
    broken(False)
    second = await opened(tmp_path)
    await second.replay_once()
    assert await numbers(second) == [1]
    await second.close()
    third = await opened(tmp_path)
    assert not await third.replay_once()
    assert await numbers(third) == [1]
    await third.close()


@pytest.mark.proves("3.3", "8.3")
@pytest.mark.parametrize("number", [1, 3, 5])
async def test_a_crash_between_commit_and_wiping_repeats_nothing(tmp_path: Path, number: int) -> None:
    """Killed right after a record was committed: the next process goes on with the one behind it."""
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(number)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, env=os.environ)
    assert done.returncode == -9, done.stderr
    books = await opened(tmp_path)
    while await books.replay_once():
        pass
    assert await numbers(books) == [0, 1, 2, 3, 4]
    await books.close()


async def test_a_replay_that_is_cut_off_repeats_nothing(books: SpooledStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelled right after each commit, by a deadline say: what was committed is only forgotten the next time."""
    broken()
    for n in range(4):
        await kept_fact(books, n)
    broken(False)
    record = books.record

    async def cut_off(batch: Batch) -> object:
        await record(batch)
        raise asyncio.CancelledError

    for _ in range(4):
        monkeypatch.setattr(books, "record", cut_off)
        with pytest.raises(asyncio.CancelledError):
            await books.replay_once()
    monkeypatch.setattr(books, "record", record)
    await books.replay_once()
    assert await numbers(books) == [0, 1, 2, 3]
    assert not await books.replay_once()


async def test_books_and_spool_that_both_refuse_say_so(tmp_path: Path) -> None:
    """Neither the books nor the spool: the caller hears it, and what was kept before is still there."""
    books = await opened(tmp_path, most=2_000)
    broken()
    await kept_fact(books, 1)
    with pytest.raises(StorageFull, match="spool"):
        await books.keep(Batch(facts=(a_fact(data={"n": 2, "text": "x" * 2000}),)))
    broken(False)
    await books.replay_once()
    assert await numbers(books) == [1]
    await books.close()


async def test_a_spool_that_fills_up_says_so_before_it_is_full(tmp_path: Path) -> None:
    """One fact at four fifths, and the used share for everybody who watches."""
    books = await opened(tmp_path, most=3_600)
    broken()
    for n in range(18):
        await kept_fact(books, n)
    used = {sample.name: sample.value for sample in await books.samples()}
    assert 0.8 < used["bowerbird_spool_used_ratio"] < 1
    broken(False)
    await books.replay_once()
    told = await books.facts(kinds=("spooled",))
    assert [fact.data["why"] for fact in told][1:] == ["the spool is nearly full"]
    await books.close()


async def test_a_record_that_fills_the_spool_is_kept_without_the_warning(tmp_path: Path) -> None:
    """There is room for the record and none for the word about it: it is kept, and the samples say how full it is."""
    books = await opened(tmp_path, most=1_000)
    broken()
    assert await books.keep(Batch(facts=(a_fact(data={"n": 1, "text": "x" * 500}),))) == Kept()
    assert (await books.samples())[-1].value > 0.8
    await books.close()


async def test_a_torn_tail_is_told(tmp_path: Path) -> None:
    """A process that died while it wrote leaves a fact, so that nobody wonders."""
    first = await opened(tmp_path)
    broken()
    await kept_fact(first, 1)
    await first.close()
    broken(False)
    whole = (tmp_path / "spool").read_bytes().rstrip(b"\0")
    (tmp_path / "spool").write_bytes(whole + whole[:30])
    second = await opened(tmp_path)
    await second.replay_once()
    assert await numbers(second) == [1]
    assert any(fact.data.get("torn_bytes") == 30 for fact in await second.facts(kinds=("spooled",)))
    await second.close()


# --- what can never be written ---------------------------------------------------------------------------------


async def test_what_can_never_be_written_is_set_aside_and_blocks_nobody(tmp_path: Path) -> None:
    """A record nobody understands goes into a file of its own, with a fact, and those behind it go on."""
    spool = Spool(tmp_path / "spool", after=0, most=64_000_000)
    for payload in (b"not JSON", b'{"holds": [{}]}', packed(Batch(facts=(a_fact(data={"n": 3}),)))):
        spool.append(payload)
    spool.close()
    books = await opened(tmp_path)
    await books.replay_once()
    assert await numbers(books) == [3]
    assert [fact.data["record"] for fact in await books.facts(kinds=("set_aside",))] == [1, 2]
    assert (tmp_path / "spool.aside").read_bytes().splitlines() == [b"not JSON", b'{"holds": [{}]}']
    await books.close()


def test_what_is_set_aside_is_bounded(tmp_path: Path) -> None:
    """Two files of so many bytes, the newest lines in them; a line that is larger is kept whole, and for itself."""
    file, older = tmp_path / "spool.aside", tmp_path / "spool.aside.1"
    assert [set_aside(file, b"%04d" % n, most=10) for n in range(7)] == [0, 0, 0, 0, 10, 0, 10]
    assert (older.read_bytes(), file.read_bytes()) == (b"0004\n0005\n", b"0006\n")
    assert set_aside(file, b"x" * 99, most=10) == 10
    assert (older.read_bytes(), file.stat().st_size) == (b"0006\n", 100)


async def test_a_record_that_the_books_will_not_have_is_set_aside_after_three_tries(tmp_path: Path) -> None:
    """A row that breaks a rule of the database: the books can be written, so the record is at fault."""
    bad = packed(Batch(incidents=(an_incident(),))).replace(b'"critical"', b'"criticaL"')
    spool = Spool(tmp_path / "spool", after=0, most=64_000_000)
    spool.append(bad)
    spool.append(packed(Batch(facts=(a_fact(data={"n": 2}),))))
    spool.close()

    async def never(_storage: Storage, _receipt: Receipt) -> None:
        raise BowerbirdError("lost five races")

    books = await opened(tmp_path, apply=never)
    await books.keep_receipt(a_receipt(a_post()))
    for _ in range(3):
        assert not await books.replay_once()
    assert await numbers(books) == [2]
    told = [(fact.data["record"], fact.data["why"]) for fact in await books.facts(kinds=("set_aside",))]
    assert [record for record, _ in told] == [1, 3]
    assert told[1][1] == "lost five races"
    await books.close()


# --- incidents and messages ------------------------------------------------------------------------------------


async def test_an_older_state_never_replaces_a_newer_one(books: SpooledStorage) -> None:
    """The incident was closed and its message sent while both waited in the spool: they stay so."""
    broken()
    await books.keep(Batch(incidents=(an_incident(),), deliveries=(a_delivery(),)))
    broken(False)
    closed, sent = an_incident(closed_at=NOW + 5), a_delivery(sent_at=NOW + 4, attempts=1)
    await write(books, incidents=(closed,), deliveries=(sent,))
    await books.replay_once()
    assert await books.incidents() == [closed]
    assert await books.deliveries() == [sent]


async def test_a_second_open_incident_is_merged(books: SpooledStorage) -> None:
    """Two finders, one of them in the spool: one incident stays open, and no message loses its incident."""
    broken()
    await books.keep(Batch(incidents=(an_incident("kept"),), deliveries=(a_delivery(incident_id="kept"),)))
    broken(False)
    await write(books, incidents=(an_incident("open"),))
    await books.replay_once()
    assert [incident.id for incident in await books.incidents(open_only=True)] == ["open"]
    merged = await books.incident("kept")
    assert merged is not None
    assert merged.healed_by
    assert [delivery.incident_id for delivery in await books.deliveries()] == ["kept"]


# --- proofs ----------------------------------------------------------------------------------------------------


@pytest.mark.proves("3.3", "4.4")
async def test_a_proof_is_written_before_anybody_doubts(books: SpooledStorage) -> None:
    """The books broke between the send and its record: the post is published by its proof, and never looked for."""
    await shelve(books, a_post())
    attempt = await claim(books, a_quota())
    broken()
    assert await books.keep_receipt(a_receipt(attempt)) == Kept()
    assert await books.lapsed_posts(now=NOW + 99 * SECOND_US, heard_after=NOW + 98 * SECOND_US) == []
    broken(False)
    assert await books.lapsed_posts(now=NOW + 99 * SECOND_US, heard_after=NOW + 98 * SECOND_US) == []
    published = await books.post("p1")
    assert published is not None
    assert (published.state, published.published_at) == (State.PUBLISHED, NOW + SECOND_US)
    assert [fact.kind for fact in await books.facts(post_id="p1")] == ["claimed", "confirmed_late"]


@pytest.mark.proves("4.4")
async def test_a_proof_that_is_written_twice_counts_once(tmp_path: Path) -> None:
    """The same proof from two rounds: one post, one fact, and a post in doubt is settled by it without a look."""
    books = await opened(tmp_path)
    await shelve(books, a_post())
    attempt = await claim(books, a_quota())
    doubt = attempt.after(Event.LOST_TOUCH, now=NOW, not_before=NOW)
    await write(books, changes=(Change(attempt, doubt),))
    for _ in range(2):
        await books.keep_receipt(a_receipt(attempt))
    assert await books.claim_doubt(now=NOW + 99 * SECOND_US, push_until=NOW + 100 * SECOND_US) is None
    kinds = [fact.kind for fact in await books.facts(post_id="p1")]
    assert kinds == ["claimed", "confirmed_late"]
    assert not await books.replay_once()
    await books.close()


async def test_doubting_goes_on_when_no_proof_waits(books: SpooledStorage) -> None:
    """Other records in the spool keep nobody from settling."""
    await shelve(books, a_post())
    await claim(books, a_quota())
    broken()
    await kept_fact(books, 1)
    lapsed = await books.lapsed_posts(now=NOW + 99 * SECOND_US, heard_after=NOW + 98 * SECOND_US)
    assert [post.id for post in lapsed] == ["p1"]


# --- words -----------------------------------------------------------------------------------------------------


@pytest.mark.proves("3.3")
async def test_words_are_stored_settled_and_used_once(books: SpooledStorage) -> None:
    """Kept in the spool and written later: they count at their true cost, and wait until they are used."""
    budget = Quota(scope="app", key="writer:model", window_s=86400.0, max=1.0, unit="dollars", cost=0.5)
    await books.reserve(WORDS.id, [budget], now=NOW)
    broken()
    assert await books.keep(Batch(words=(WORDS,))) == Kept()
    broken(False)
    assert await books.unused_words(WREN) == [WORDS]
    assert (await books.used([budget], now=NOW))[0].used == pytest.approx(0.002)
    await write(books, new_posts=(a_post(),), used=(WORDS,))
    await books.keep(Batch(words=(WORDS,)))
    assert await books.unused_words(WREN) == []


async def test_words_used_before_they_were_written_stay_used(books: SpooledStorage) -> None:
    """A post was made of them while they waited in the spool."""
    broken()
    await books.keep(Batch(words=(WORDS,)))
    broken(False)
    await write(books, new_posts=(a_post(),), used=(WORDS,))
    await books.replay_once()
    assert await books.unused_words(WREN) == []


# --- parcels and health ----------------------------------------------------------------------------------------


def test_everything_that_can_be_kept_comes_back_as_it_was() -> None:
    """Through JSON and back: batches and proofs, with every field."""
    batch = Batch(
        facts=(a_fact(data={"a": [1, None]}),),
        readings=(a_reading(),),
        incidents=(an_incident(since=NOW),),
        deliveries=(a_delivery(gave_up=True),),
        words=(WORDS,),
        used=(replace(WORDS, id="words:2", cost=None, spent=None),),
    )
    assert unpacked(packed(batch)) == batch
    for attempt in (a_post(attempt=2, wire="{}"), a_reply("r", workspace_id="agency")):
        assert unpacked(packed(a_receipt(attempt))) == a_receipt(attempt)


@pytest.mark.proves("3.3")
async def test_the_health_of_the_books_is_told_without_them(books: SpooledStorage) -> None:
    """Up, down and up again by the last write, with the free room and what waits."""
    seen = []
    for really in (False, True, False):
        broken(really)
        await kept_fact(books, 1)
        if not really:
            await books.replay_once()
        found = {sample.name: sample.value for sample in await books.samples()}
        seen.append((found["bowerbird_storage_up"], found["bowerbird_spool_records"]))
        assert found["bowerbird_storage_free_bytes"] > 0
        assert found["bowerbird_storage_file_bytes"] > 0
        assert found["bowerbird_storage_write_seconds"] >= 0
    assert seen == [(1, 0), (0, 1), (1, 0)]


async def test_what_nobody_observed_has_no_sample(tmp_path: Path) -> None:
    """Books that were never written say neither up nor down."""
    books = await opened(tmp_path)
    assert "bowerbird_storage_up" not in {sample.name for sample in await books.samples()}
    await books.close()


async def test_books_without_a_spool_cannot_keep_a_proof() -> None:
    """A guest hears that it is not kept."""
    with pytest.raises(StorageError, match="no spool"):
        await MemoryStorage().keep_receipt(a_receipt(a_post()))


async def test_a_write_that_never_ends_is_no_health(books: SpooledStorage) -> None:
    """A disk that does not answer: twice its deadline later the books count as down, without a verdict."""
    answer = threading.Event()
    stuck = asyncio.create_task(books.desk.write(lambda _: answer.wait(5)))
    await asyncio.sleep(1.1)
    health = {sample.name: sample.value for sample in await books.samples()}
    answer.set()
    await stuck
    assert health["bowerbird_storage_up"] == 0
    assert health["bowerbird_storage_write_seconds"] > 1


@pytest.mark.proves("3.3", "8.3")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a disk to fill")
async def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    """Not a byte is free: what is kept goes into the reserve, survives a restart, and is written once there is room."""
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    if "cannot mount" in done.stdout:
        pytest.skip("this machine mounts nothing")
    assert int(done.stdout.split()[-1]) > 200
