"""What every engine promises about long lists: pages without gaps or repeats, numbers that are always right."""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bowerbird.core.books import Batch, Change, Storage
from bowerbird.core.findings import Advice, Counts, Reading
from bowerbird.core.lifecycle import NEXT, Event, State
from bowerbird.core.lists import LOOKED_MAX, Found, Order, Place, Queue, Wanted
from bowerbird.core.post import Kind, Payload, Post
from bowerbird.core.work import Command, Run
from bowerbird.storage.memory import MemoryStorage
from bowerbird.storage.paging import page
from tests.contracts.books import FINCH, NOW, WREN, a_fact, a_post, a_reply, a_thread, an_incident, shelve, write
from tests.contracts.conftest import sqlite_opener


def _ids(found: Found) -> list[str]:
    return [post.id for post in found.posts]


async def _pages(books: Storage, wanted: Wanted, **how: Any) -> list[str]:
    """Every post of a list, read page by page."""
    ids: list[str] = []
    found = await books.find_posts(wanted, limit=2, **how)
    while found.after is not None:
        ids += _ids(found)
        found = await books.find_posts(wanted, limit=2, after=found.after, **how)
    return ids + _ids(found)


async def test_pages_neither_repeat_nor_leave_out_a_post(books: Storage) -> None:
    """Also where many are due at the same instant, in several states, and in either direction."""
    states = [State.QUEUED, State.PUBLISHED, State.PROPOSED]
    await shelve(books, *(a_post(f"p{n}", due=NOW + n // 4, state=states[n % 3]) for n in range(9)))
    newest = [f"p{n}" for n in range(8, -1, -1)]
    assert await _pages(books, Wanted()) == newest
    assert await _pages(books, Wanted(), newest_first=False) == newest[::-1]
    assert await _pages(books, Wanted(states=(State.QUEUED,))) == ["p6", "p3", "p0"]


async def test_a_list_is_narrowed_by_all_that_is_asked(books: Storage) -> None:
    """By account, state, kind and words, whatever their case, and by all of them at once."""
    await shelve(books, a_post("a", due=NOW + 1), a_post("b", account_id=FINCH), a_reply("c", state=State.PARKED))
    assert await _pages(books, Wanted(account_id=WREN)) == ["a", "c"]
    assert await _pages(books, Wanted(kind=Kind.REPLY)) == ["c"]
    assert await _pages(books, Wanted(kind=Kind.POST)) == ["a", "b"]
    assert await _pages(books, Wanted(words="ANSWER CALLED c")) == ["c"]
    everything = Wanted(account_id=WREN, states=(State.PARKED,), kind=Kind.REPLY, words="answer")
    assert await _pages(books, everything) == ["c"]
    assert await _pages(books, Wanted(words="nobody said this")) == []


async def test_posts_are_listed_by_their_publication(books: Storage) -> None:
    """What was never published is left out; an answer is found among the answers."""
    await shelve(books, a_post("late", state=State.PUBLISHED, published_at=NOW + 9, due=NOW))
    await shelve(books, a_post("early", state=State.REMOVED, published_at=NOW + 1, due=NOW + 5), a_post("never"))
    await shelve(books, a_reply("answer", state=State.PUBLISHED, published_at=NOW + 3))
    assert await _pages(books, Wanted(), order=Order.PUBLISHED) == ["late", "answer", "early"]
    assert await _pages(books, Wanted(kind=Kind.REPLY), order=Order.PUBLISHED) == ["answer"]
    assert await _pages(books, Wanted(account_id=WREN), order=Order.PUBLISHED, newest_first=False) == [
        *("early", "answer", "late"),
    ]


async def test_a_page_that_is_just_full_is_the_last(books: Storage) -> None:
    """Nobody is sent on to an empty page; a page of nothing leads nowhere."""
    await shelve(books, a_post("a"), a_post("b"))
    assert (await books.find_posts(Wanted(), limit=2)).after is None
    assert (await books.find_posts(Wanted(), limit=1)).after == Place(NOW, "b")
    assert await books.find_posts(Wanted(), limit=0) == Found(())


def test_a_search_ends_and_says_where_it_goes_on() -> None:
    """A page looks through so many posts and no more, however few it found."""
    many = ((LOOKED_MAX + 5 - n, f"p{n}", "needle" if n == LOOKED_MAX else "hay") for n in range(LOOKED_MAX + 5))
    assert page(many, "needle", 50) == ([], Place(6, f"p{LOOKED_MAX - 1}"))
    assert page([(1, "p", "A Needle")], "needle", 50) == (["p"], None)


async def test_the_newest_readings_of_many_posts_come_at_once(books: Storage) -> None:
    """One each; a post without any is left out."""
    counts = Counts(likes=1)
    readings = [
        Reading(post_id=post_id, account_id=WREN, rung=rung, age_s=60.0 * rung, observed_at=NOW + rung, counts=counts)
        for rung in range(3)
        for post_id in ("a", "b")
    ]
    await write(books, readings=tuple(readings))
    found = await books.latest_readings(["a", "b", "c"])
    assert {post_id: reading.rung for post_id, reading in found.items()} == {"a": 2, "b": 2}
    assert found["a"] == (await books.readings(post_id="a"))[-1]
    assert await books.latest_readings([]) == {}


async def test_threads_come_at_once(books: Storage) -> None:
    """Each in order; an unknown one is left out."""
    await shelve(books, *reversed(a_thread("t", 2)), a_post("alone"))
    found = await books.threads(["t", "alone", "no"])
    assert {name: [post.id for post in parts] for name, parts in found.items()} == {
        "t": ["t", "t.1"],
        "alone": ["alone"],
    }


async def test_queues_say_how_far_they_reach(books: Storage) -> None:
    """The next post and the last due time, of what is approved and nothing else."""
    await shelve(books, a_post("b", due=NOW + 2), a_post("a", due=NOW + 1), a_post("c", due=NOW + 9))
    await shelve(
        books, a_post("d", due=NOW + 50, state=State.PROPOSED), a_post("e", account_id=FINCH, state=State.PARKED)
    )
    assert await books.queues() == {WREN: Queue("a", NOW + 1, NOW + 9)}


async def test_runs_are_paged_and_the_newest_of_many_jobs_come_at_once(books: Storage) -> None:
    """Newest first, before a place; so many of each job."""
    runs = [Run(id=f"r{n}", job=("plan", "post")[n % 2], slot_at=n, started_at=NOW + n // 2) for n in range(6)]
    await write(books, runs=tuple(runs))
    assert [run.id for run in await books.runs(before=Place(NOW + 1, "r3"), limit=2)] == ["r2", "r1"]
    assert [run.id for run in await books.runs(job="plan", before=Place(NOW + 2, "r4"))] == ["r2", "r0"]
    found = await books.latest_runs(["plan", "post", "never"], each=2)
    assert {job: [run.id for run in each] for job, each in found.items()} == {
        "plan": ["r4", "r2"],
        "post": ["r5", "r3"],
    }
    assert {job: newest.id for job, (newest,) in (await books.latest_runs()).items()} == {"plan": "r4", "post": "r5"}


async def test_facts_commands_and_incidents_are_paged(books: Storage) -> None:
    """Each from where the page before it ended."""
    await write(books, facts=tuple(a_fact(post_id=f"p{n}") for n in range(4)))
    newest = await books.newest_facts(limit=2)
    assert [fact.post_id for fact in await books.newest_facts(before=newest[-1].seq)] == ["p1", "p0"]
    assert [fact.post_id for fact in await books.newest_facts(kinds=["planned"], before=2)] == ["p0"]
    commands = [Command(id=f"c{n}", verb="pause", by="ada", asked_at=NOW + n) for n in range(3)]
    await write(books, commands=tuple(commands))
    assert await books.commands(before=Place(NOW + 2, "c2")) == [commands[1], commands[0]]
    assert await books.command("c1") == commands[1]
    assert await books.command("none") is None
    await write(books, incidents=tuple(an_incident(f"i{n}", part=f"job:{n}", opened_at=NOW + n) for n in range(3)))
    assert [one.id for one in await books.incidents(before=Place(NOW + 2, "i2"))] == ["i1", "i0"]
    assert [one.id for one in await books.incidents(open_only=True, before=Place(NOW + 1, "i1"))] == ["i0"]


async def test_all_advice_comes_at_once(books: Storage) -> None:
    """The newest of each account."""
    known = [
        Advice(account_id=account_id, version="v1", made_at=NOW, n=1, needed=9, target="likes")
        for account_id in (WREN, FINCH)
    ]
    await write(books, advice=tuple(known))
    assert await books.advice_given() == {advice.account_id: advice for advice in known}


# --- tallies ---------------------------------------------------------------------------------------------------

_moves = st.lists(st.tuples(st.sampled_from("nsxe"), st.integers(0, 9), st.integers(0, 9)), max_size=25)


def _batch(move: tuple[str, int, int], known: list[Post], n: int) -> Batch:
    """New posts, a step, a stale step that loses, or an edit: some are written, some are not."""
    kind, which, how = move
    if kind == "n" or not known:
        account_id = (WREN, FINCH)[which % 2]
        state = (State.QUEUED, State.PROPOSED, State.PUBLISHED)[how % 3]
        collides = a_post(f"q{n}", key="key-p0", account_id=account_id)
        posts = (a_post(f"p{n}", account_id=account_id, state=state), *((collides,) if how == 0 else ()))
        return Batch(new_posts=posts)
    post = known[which % len(known)]
    if kind == "e" or not NEXT[post.state]:
        text = Payload(text=f"Another, {n}.")
        return Batch(changes=(Change(post, post.changed(payload=text, key=f"again-{n}", version=post.version + 1)),))
    events: list[Event] = sorted(NEXT[post.state])
    after = post.after(events[how % len(events)], now=NOW + n)
    stale = Change(post.changed(), after.changed()) if kind == "x" else Change(post, after)
    return Batch(changes=(stale,))


async def _recounted(books: Storage) -> Counter[tuple[str, State]]:
    return Counter((post.account_id, post.state) for post in await books.posts(limit=1000))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(moves=_moves)
async def test_tallies_are_always_what_a_recount_finds(moves: list[tuple[str, int, int]]) -> None:
    """Whatever is written, lost or undone, in memory and in SQLite: the kept numbers are the counted ones."""
    with TemporaryDirectory() as folder:
        engines: list[Storage] = [MemoryStorage(), await sqlite_opener(Path(folder), inline=True)()]
        for n, move in enumerate(moves):
            for books in engines:
                await books.record(_batch(move, await books.posts(limit=1000), n))
        for books in engines:
            assert dict(await books.count_posts()) == await _recounted(books)
        assert await engines[0].count_posts() == await engines[1].count_posts()
        await engines[1].close()


@pytest.mark.parametrize("words", ["", "wren"])
async def test_memory_and_sqlite_page_alike(tmp_path: Path, words: str) -> None:
    """Every filter, order and direction, page by page: no answer differs."""
    memory, sqlite = MemoryStorage(), await sqlite_opener(tmp_path)()
    for books in (memory, sqlite):
        for n in range(24):
            how: dict[str, Any] = {"due": NOW + n % 5, "account_id": (WREN, FINCH)[n % 2]}
            how |= {"state": list(State)[n % 9], "published_at": NOW + n % 7 if n % 3 else None}
            text = Payload(text=f"A wren, {n}." if n % 4 else "A finch.")
            made = a_reply(f"p{n}", to=f"at://{n}", **how) if n % 5 == 0 else a_post(f"p{n}", payload=text, **how)
            await shelve(books, made)
    wants = [Wanted(account_id=a, kind=k, words=words) for a in ("", WREN) for k in (None, *Kind)]
    for wanted in [*wants, Wanted(states=(State.QUEUED, State.REMOVED), words=words)]:
        for how in ({"order": o, "newest_first": first} for o in Order for first in (True, False)):
            assert await _pages(memory, wanted, **how) == await _pages(sqlite, wanted, **how)
    await sqlite.close()
