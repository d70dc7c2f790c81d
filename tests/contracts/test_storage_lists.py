"""What every engine promises about reading: posts, findings, facts, runs, commands, owners and cursors."""

import asyncio
from dataclasses import replace

import pytest

from bowerbird.core.account import Account, HoldKind, Mode
from bowerbird.core.books import Batch, Lost, Old, Storage
from bowerbird.core.errors import StorageError
from bowerbird.core.findings import Advice, Counts, Model, Reading, Seen, Target, TargetState
from bowerbird.core.incident import Silence
from bowerbird.core.keeping import Words
from bowerbird.core.lifecycle import State
from bowerbird.core.lists import Place
from bowerbird.core.ports import Brief
from bowerbird.core.post import SECOND_US, Choice, Payload, RemoteRef
from bowerbird.core.work import Command, Outcome, Owner, Run
from tests.contracts.books import (
    FINCH,
    NOW,
    WREN,
    a_delivery,
    a_fact,
    a_hold,
    a_post,
    a_quota,
    a_thread,
    an_incident,
    claim,
    shelve,
    write,
)

# --- posts -----------------------------------------------------------------------------------------------------


async def test_a_thread_is_read_in_order(books: Storage) -> None:
    """All parts, from the head on; an unknown thread is empty."""
    head, *rest = a_thread("t")
    await shelve(books, *reversed(rest), head)
    assert [post.id for post in await books.thread("t")] == ["t", "t.1", "t.2"]
    assert await books.thread("no") == []


async def test_posts_are_listed_by_due_time(books: Storage) -> None:
    """Newest first or oldest first, bounded by `before` and the limit."""
    await shelve(books, *(a_post(f"p{n}", due=NOW + n) for n in range(5)))
    assert [post.id for post in await books.posts(limit=2)] == ["p4", "p3"]
    assert [post.id for post in await books.posts(before=NOW + 3, limit=2)] == ["p2", "p1"]
    assert [post.id for post in await books.posts(newest_first=False, before=NOW + 2)] == ["p0", "p1"]
    assert await books.posts(limit=0) == []


async def test_posts_are_listed_by_account_and_state(books: Storage) -> None:
    """Every combination of the filters, merged in one order."""
    await shelve(books, a_post("a", due=NOW), a_post("b", due=NOW + 1, state=State.PUBLISHED))
    await shelve(books, a_post("c", due=NOW + 2, state=State.PROPOSED), a_post("d", due=NOW + 3, account_id=FINCH))
    both = (State.QUEUED, State.PUBLISHED)
    assert [post.id for post in await books.posts(states=both)] == ["d", "b", "a"]
    assert [post.id for post in await books.posts(states=both, account_id=WREN)] == ["b", "a"]
    assert [post.id for post in await books.posts(account_id=FINCH)] == ["d"]
    assert [post.id for post in await books.posts(states=both, limit=2, newest_first=False)] == ["a", "b"]


async def test_said_leaves_out_what_was_given_up(books: Storage) -> None:
    """The newest by due time, of this account, said or still to be said."""
    await shelve(books, a_post("a", due=NOW), a_post("b", due=NOW + 1, state=State.PUBLISHED))
    await shelve(books, a_post("c", state=State.REJECTED), a_post("d", state=State.DROPPED))
    await shelve(books, a_post("e", account_id=FINCH))
    assert [post.id for post in await books.said(WREN)] == ["b", "a"]
    assert [post.id for post in await books.said(WREN, limit=1)] == ["b"]


async def test_the_same_words_elsewhere_are_noticed(books: Storage) -> None:
    """Case and white space do not make another text; one's own posts and given-up ones do not count."""
    words = Payload(text="Use  A `deque`.")
    await shelve(books, a_post("a", payload=words), a_post("b", payload=Payload(text="gone"), state=State.DROPPED))
    hashed = Payload(text="use a `DEQUE`.").text_hash
    assert await books.said_elsewhere(hashed, account_id=FINCH)
    assert not await books.said_elsewhere(hashed, account_id=WREN)
    assert not await books.said_elsewhere(Payload(text="gone").text_hash, account_id=FINCH)


async def test_posts_are_counted_by_account_and_state(books: Storage) -> None:
    """A state without posts is left out."""
    await shelve(books, a_post("a"), a_post("b"), a_post("c", account_id=FINCH, state=State.PARKED))
    assert dict(await books.count_posts()) == {(WREN, State.QUEUED): 2, (FINCH, State.PARKED): 1}


# --- findings --------------------------------------------------------------------------------------------------


def _reading(post_id: str = "p1", rung: int = 0, **fields: object) -> Reading:
    given = {"account_id": WREN, "age_s": 60.0, "observed_at": NOW, "counts": Counts(likes=3), "rehearsal": True}
    return Reading(post_id=post_id, rung=rung, **(given | fields))  # type: ignore[arg-type]


async def test_readings_come_in_the_order_of_writing(books: Storage, guest: Storage) -> None:
    """Numbered from 1; what was not observed stays None."""
    await write(books, readings=(_reading(), _reading("p2", account_id=FINCH), _reading(rung=1, followers=9)))
    first, second, third = await guest.readings()
    assert first == replace(_reading(), seq=1)
    assert (first.counts.reposts, first.followers, third.followers) == (None, None, 9)
    assert await guest.readings(post_id="p1") == [first, third]
    assert await guest.readings(account_id=FINCH, after=1) == [second]
    assert await guest.readings(after=1, limit=1) == [second]
    assert await guest.readings(post_id="p1", account_id=WREN, after=1) == [third]


async def test_a_second_reading_of_a_rung_is_left_out(books: Storage) -> None:
    """One reading per post and rung: the first one stays, and the rest of the batch is written."""
    await write(books, readings=(_reading(),))
    await write(books, readings=(_reading(counts=Counts(likes=99)),), facts=(a_fact("measured"),))
    (kept,) = await books.readings()
    assert kept.counts.likes == 3
    assert len(await books.facts()) == 1


def _target(target_id: str, score: float, **fields: object) -> Target:
    seen = Seen(ref=RemoteRef(id=target_id), author="@them", text="Which queue?", posted_at=NOW, kind="mention")
    given = {"account_id": WREN, "seen": seen, "because": "They asked us.", "addressed": True, "found_at": NOW}
    return Target(id=target_id, score=score, **(given | fields))  # type: ignore[arg-type]


async def test_targets_are_listed_best_first(books: Storage, guest: Storage) -> None:
    """By score, filtered by account and state; written whole, so the last word stands."""
    low, high, other = _target("a", 10), _target("b", 90.5), _target("c", 50, account_id=FINCH)
    await write(books, targets=(low, high, other))
    assert await guest.targets() == [high, other, low]
    assert await guest.targets(account_id=WREN, limit=1) == [high]
    drafted = replace(high, state=TargetState.DRAFTED, post_id="p1")
    await write(books, targets=(drafted,))
    assert await guest.target("b") == drafted
    assert await guest.targets(states=(TargetState.OPEN,), account_id=WREN) == [low]
    assert await guest.targets(states=(TargetState.OPEN, TargetState.DRAFTED)) == [drafted, other, low]
    assert await guest.target("no") is None


def _model(version: str, at: int, **fields: object) -> Model:
    given = {"account_id": WREN, "parent": "", "n": 4, "cursor": 9, "state": b"\x00\xff", "scores": {"r2": 0.5}}
    return Model(version=version, created_at=at, **(given | fields))  # type: ignore[arg-type]


async def test_an_account_has_one_champion(books: Storage, guest: Storage) -> None:
    """A new champion dethrones the old one; other accounts keep theirs."""
    await write(books, models=(_model("v1", NOW, champion=True), _model("x", NOW, account_id=FINCH, champion=True)))
    await write(books, models=(_model("v2", NOW + 1, champion=True, parent="v1"),))
    assert await guest.champion(WREN) == _model("v2", NOW + 1, champion=True, parent="v1")
    assert [(m.version, m.champion) for m in await guest.models(WREN)] == [("v2", True), ("v1", False)]
    assert (await guest.champion(FINCH)).version == "x"  # type: ignore[union-attr]
    await write(books, models=(_model("v1", NOW, champion=True),))
    assert (await guest.champion(WREN)).version == "v1"  # type: ignore[union-attr]
    assert await guest.champion("nobody") is None


async def test_advice_is_the_newest(books: Storage, guest: Storage) -> None:
    """Draws and intervals survive the books as numbers."""
    old = Advice(account_id=WREN, version="v1", made_at=NOW, n=3, needed=30, target="likes")
    new = replace(old, version="v2", levels=("topic=a", "topic=b"), draws=((0.1, 0.2), (0.3, -1.5)), means=(0.2, -0.65))
    await write(books, advice=(old,))
    await write(books, advice=(new,))
    assert await guest.advice(WREN) == new
    assert await guest.advice(FINCH) is None


# --- accounts and holds ----------------------------------------------------------------------------------------


async def test_accounts_come_back_as_they_were_written(books: Storage, guest: Storage) -> None:
    """Listed by id, replaced whole."""
    wren = Account(id=WREN, platform="bluesky", handle="wren", mode=Mode.VETO, slots=("07:00",), searches=("python",))
    finch = Account(id=FINCH, platform="bluesky", handle="finch", every_s=2.5, rehearsal=True, followers=7)
    await write(books, accounts=(wren, finch))
    assert await guest.accounts() == [finch, wren]
    await write(books, accounts=(replace(wren, labelled=True, operator="Ada"),))
    assert await guest.account(WREN) == replace(wren, labelled=True, operator="Ada")
    assert await guest.account("nobody") is None


async def test_holds_are_one_per_account_and_kind(books: Storage) -> None:
    """A second hold of the same kind replaces the first; lifting what is not there is not an error."""
    await write(books, holds=(a_hold(), a_hold(HoldKind.BUDGET, until=NOW + 5)))
    await write(books, holds=(a_hold(why="Once more."),), lifted=((FINCH, HoldKind.PAUSED),))
    assert await books.holds(now=NOW) == [a_hold(HoldKind.BUDGET, until=NOW + 5), a_hold(why="Once more.")]
    await write(books, holds=(a_hold(),), lifted=((WREN, HoldKind.PAUSED), (WREN, HoldKind.BUDGET)))
    assert [hold.kind for hold in await books.holds(now=NOW)] == [HoldKind.PAUSED]


async def test_a_secret_round_trip(books: Storage, guest: Storage) -> None:
    """Saved, replaced and read back; unknown is None; empty is refused and the old one stays."""
    await books.save_secret(WREN, "session", "s3cret")
    await books.save_secret(WREN, "session", "s3cret-2")
    assert await guest.load_secret(WREN, "session") == "s3cret-2"
    assert await guest.load_secret(WREN, "password") is None
    with pytest.raises(ValueError, match="empty"):
        await books.save_secret(WREN, "session", "")
    assert await guest.load_secret(WREN, "session") == "s3cret-2"


async def test_secrets_are_forgotten_by_whose_they_are(books: Storage, guest: Storage) -> None:
    """All of one name, none of another; forgetting what is not there is no error."""
    for name in ("session", "password"):
        await books.save_secret(WREN, name, "s3cret")
        await books.save_secret(FINCH, name, "s3cret")
    await guest.forget_secrets(WREN)
    await guest.forget_secrets(WREN)
    assert [await books.load_secret(WREN, name) for name in ("session", "password")] == [None, None]
    assert await books.load_secret(FINCH, "session") == "s3cret"


# --- the journal -----------------------------------------------------------------------------------------------


async def test_facts_are_read_by_cursor(books: Storage, guest: Storage) -> None:
    """In the order of committing, those after the cursor, of some kinds, of one post."""
    await write(books, facts=(a_fact(data={"n": 1}), a_fact("approved", post_id="p1"), a_fact("gated")))
    await write(guest, facts=(a_fact(post_id="p1"),), cursors={"alerts": 3})
    everything = await guest.facts()
    assert [fact.seq for fact in everything] == [1, 2, 3, 4]
    assert everything[0] == a_fact(seq=1, data={"n": 1})
    assert [fact.seq for fact in await books.facts(after=await books.cursor("alerts"))] == [4]
    assert [fact.seq for fact in await books.facts(kinds=("planned", "gated"), limit=2)] == [1, 3]
    assert [fact.seq for fact in await books.facts(post_id="p1", after=2)] == [4]
    assert [fact.seq for fact in await books.facts(post_id="p1", kinds=("approved",))] == [2]
    assert await books.cursor("nobody") == 0


async def test_the_newest_facts_come_first(books: Storage) -> None:
    """Of all kinds or some, of all accounts or one."""
    await write(books, facts=(a_fact(), a_fact("gated", account_id=FINCH), a_fact("approved"), a_fact("gated")))
    assert [fact.seq for fact in await books.newest_facts(limit=2)] == [4, 3]
    assert [fact.seq for fact in await books.newest_facts(kinds=("gated", "planned"))] == [4, 2, 1]
    assert [fact.seq for fact in await books.newest_facts(account_id=WREN, kinds=("gated",))] == [4]
    assert [fact.seq for fact in await books.newest_facts(account_id=FINCH)] == [2]


def _run(run_id: str = "r1", **fields: object) -> Run:
    return Run(id=run_id, **({"job": "plan", "slot_at": NOW, "started_at": NOW} | fields))  # type: ignore[arg-type]


async def test_what_happened_since_an_instant_is_found(books: Storage) -> None:
    """From the fact before it on; from the beginning if there is none, from the last if all are older."""
    assert await books.fact_before(NOW) == 0
    await write(books, facts=tuple(a_fact("started", at=NOW + n // 2) for n in range(9)))
    assert [await books.fact_before(NOW + n) for n in (-1, 0, 1, 2, 4, 5, 99)] == [0, 0, 2, 4, 8, 9, 9]
    found = await books.facts(after=await books.fact_before(NOW + 3))
    assert [fact.at - NOW for fact in found] == [3, 3, 4]


async def test_commands_are_found_by_person_and_verb(books: Storage, guest: Storage) -> None:
    """Or by both, newest first, page by page."""
    pressed = [
        Command(id=f"c{n}", verb=("pause", "resume")[n % 2], by=("ann", "ben")[n // 3], asked_at=NOW + n)
        for n in range(6)
    ]
    await write(books, commands=tuple(pressed))
    assert [c.id for c in await guest.commands(by="ann")] == ["c2", "c1", "c0"]
    assert [c.id for c in await guest.commands(verb="resume")] == ["c5", "c3", "c1"]
    assert [c.id for c in await guest.commands(by="ben", verb="resume")] == ["c5", "c3"]
    assert [c.id for c in await guest.commands(by="ben", before=Place(NOW + 5, "c5"), limit=1)] == ["c4"]
    assert await guest.commands(by="cem") == []


async def test_a_run_is_claimed_once(pair: tuple[Storage, Storage]) -> None:
    """One run per job, scope and slot, whoever asks."""
    won = await asyncio.gather(*(pair[n % 2].claim_run(_run(f"r{n}")) for n in range(8)))
    assert sum(won) == 1
    assert await pair[0].claim_run(_run("scoped", scope=WREN))
    assert await pair[0].claim_run(_run("next", slot_at=NOW + 1))
    assert len(await pair[1].runs()) == 3


async def test_runs_are_ended_whole_and_listed_newest_first(books: Storage, guest: Storage) -> None:
    """The end replaces the start; another run may not take its slot."""
    await books.claim_run(_run())
    ended = _run(ended_at=NOW + 5, outcome=Outcome.FAILED, error="Try again.", units=2)
    await write(books, runs=(ended, _run("r2", job="measure", started_at=NOW + 1)))
    assert [run.id for run in await guest.runs()] == ["r2", "r1"]
    assert await guest.runs(job="plan") == [ended]
    assert await guest.runs(limit=1) == [_run("r2", job="measure", started_at=NOW + 1)]
    assert isinstance(await guest.record(Batch(runs=(_run("thief"),))), Lost)


async def test_old_runs_are_forgotten_oldest_first(books: Storage, guest: Storage) -> None:
    """A year of quiet runs does not stay in the books; what is young does, and a slot of old is free again."""
    await write(books, runs=tuple(_run(f"r{n}", slot_at=NOW + n, started_at=NOW + n) for n in range(5)))
    assert await books.forget(before=NOW + 3, limit=2) == 2
    assert [run.id for run in await guest.runs()] == ["r4", "r3", "r2"]
    assert await books.forget(before=NOW + 3) == 1
    assert await books.forget(before=NOW + 3) == 0
    assert await guest.claim_run(_run("again"))


async def test_what_is_old_is_forgotten_and_nothing_else(books: Storage, guest: Storage) -> None:
    """Spends that no window counts, old answers, messages that were sent, incidents that are over, and their like."""
    quota = a_quota(9)
    for name in ("old", "young"):
        await books.reserve(name, [quota], now=NOW)
        await books.settle(name, at=NOW + (name == "young"))
    brief = Brief(id="b", account_id=WREN, wants=Choice(), text_max=300)
    words = [Words(id=f"w{n}", writer="m", brief=brief, text="x", at=NOW + n) for n in (0, 1)]
    sent, waits = a_delivery("d1", sent_at=NOW + 9), a_delivery("d2")
    closed, still_open = an_incident("i1", closed_at=NOW), an_incident("i2")
    await write(books, words=tuple(words), deliveries=(sent, waits), incidents=(closed, still_open))
    kinds = (Old.RUNS, Old.SPENDS, Old.WORDS, Old.DELIVERIES, Old.INCIDENTS)
    assert [await books.forget(before=NOW + 1, what=what) for what in kinds] == [0, 1, 1, 1, 1]
    assert [await books.forget(before=NOW + 1, what=what) for what in kinds] == [0] * 5
    assert (await guest.used([quota], now=NOW + 1))[0].used == 1
    assert await guest.unused_words(WREN) == [words[1]]
    assert await guest.deliveries() == [waits]
    assert await guest.incidents() == [still_open]


async def test_buttons_processes_and_silences_that_are_over_are_forgotten(books: Storage, guest: Storage) -> None:
    """Oldest first, and so many at a time; a button that waits for its answer, and what lasts, stays."""
    done = [Command(id=f"c{n}", verb="pause", by="ada", asked_at=NOW + n, done_at=NOW + 9, ok=True) for n in range(4)]
    waits = Command(id="waits", verb="pause", by="ada", asked_at=NOW)
    silences = [Silence(id=f"s{n}", since=NOW, until=NOW + n, by="ada") for n in range(4)]
    await write(books, commands=(*done, waits), silences=tuple(silences))
    for n in range(4):
        await books.beat(Owner(id=f"boot-{n}", role="face", pid=n, started_at=NOW, heard_at=NOW + n))
    kinds = (Old.COMMANDS, Old.OWNERS, Old.SILENCES)
    assert [await books.forget(before=NOW + 3, what=what, limit=2) for what in kinds] == [2, 2, 2]
    assert [await books.forget(before=NOW + 3, what=what) for what in kinds] == [1, 1, 1]
    assert [await books.forget(before=NOW + 3, what=what) for what in kinds] == [0, 0, 0]
    assert [command.id for command in await guest.commands()] == ["c3", "waits"]
    assert [owner.id for owner in await guest.owners()] == ["boot-3"]
    assert await guest.silences(now=NOW - 1) == [silences[3]]
    assert await guest.claim_command(now=NOW, owner="boot-3") == waits


async def test_what_is_reserved_for_a_post_is_never_forgotten(books: Storage) -> None:
    """A post that is under way counts, however long ago it was claimed."""
    await shelve(books, a_post())
    await claim(books, a_quota())
    assert await books.forget(before=NOW + 10**15, what=Old.SPENDS) == 0


async def test_models_are_forgotten_but_the_one_in_use_its_parent_and_the_newest(books: Storage) -> None:
    """A year of lessons does not stay in the books, and a rollback is always possible."""
    lessons = [_model(f"v{n}", NOW + n, champion=n == 3, parent="v1" if n == 3 else "") for n in range(9)]
    await write(books, models=(*lessons, _model("x", NOW, account_id=FINCH)))
    assert await books.forget_models(WREN, keep=2, limit=3) == 3
    assert await books.forget_models(WREN, keep=2) == 2
    assert [model.version for model in await books.models(WREN)] == ["v8", "v7", "v3", "v1"]
    assert await books.forget_models(WREN, keep=2) == await books.forget_models("nobody") == 0
    assert [model.version for model in await books.models(FINCH)] == ["x"]


def _command(command_id: str, at: int = NOW) -> Command:
    return Command(id=command_id, verb="pause", args={"account": WREN}, by="ada", asked_at=at)


async def test_a_command_is_taken_once(pair: tuple[Storage, Storage]) -> None:
    """The oldest first, each by one taker."""
    await write(pair[0], commands=(_command("late", NOW + 1), _command("early")))
    taken = await asyncio.gather(*(pair[n % 2].claim_command(now=NOW + 2, owner=f"boot-{n}") for n in range(4)))
    assert sorted(command.id for command in taken if command is not None) == ["early", "late"]
    assert [command.id for command in await pair[1].commands()] == ["late", "early"]


async def test_a_done_command_is_not_taken(books: Storage) -> None:
    """Done and answered is done; the answer is what everybody reads."""
    command = _command("c")
    await write(books, commands=(command,))
    taken = await books.claim_command(now=NOW, owner="boot-1")
    assert taken == command
    done = replace(command, done_at=NOW + 1, ok=True, answer="Paused.")
    await write(books, commands=(done,))
    assert await books.commands() == [done]
    assert await books.claim_command(now=NOW + 10**9, owner="boot-2") is None


async def test_a_command_outlives_its_taker(books: Storage) -> None:
    """If the taker falls silent for a minute before it answers, somebody else takes the command."""
    await write(books, commands=(_command("c"),))
    await books.claim_command(now=NOW, owner="boot-1")
    await books.beat(Owner(id="boot-1", role="engine", pid=1, started_at=NOW, heard_at=NOW + 30 * SECOND_US))
    assert await books.claim_command(now=NOW + 60 * SECOND_US, owner="boot-2") is None
    again = await books.claim_command(now=NOW + 90 * SECOND_US, owner="boot-2")
    assert again == _command("c")


async def test_owners_are_listed_last_heard_first(books: Storage, guest: Storage) -> None:
    """A beat replaces the one before it."""
    one = Owner(id="boot-1", role="engine", pid=1, started_at=NOW, heard_at=NOW, note="Nothing is due.")
    two = Owner(id="boot-2", role="face", pid=2, started_at=NOW, heard_at=NOW + 1)
    await books.beat(one)
    await guest.beat(two)
    assert await books.owners() == [two, one]
    await books.beat(replace(one, heard_at=NOW + 2))
    assert [owner.id for owner in await guest.owners()] == ["boot-1", "boot-2"]


async def test_the_change_mark_rises_when_anybody_writes(pair: tuple[Storage, Storage]) -> None:
    """A reader that asks twice sees every write, its own too; asking changes nothing."""
    for reader in pair:
        for writer in pair:
            before = await reader.change_mark()
            assert await reader.change_mark() == before
            await write(writer, facts=(a_fact(),))
            assert await reader.change_mark() > before


async def test_closing_twice_is_not_an_error(books: Storage) -> None:
    """The second time there is nothing left to let go of, and closed books say that they are closed."""
    await books.close()
    await books.close()
    with pytest.raises(StorageError):
        await books.accounts()
