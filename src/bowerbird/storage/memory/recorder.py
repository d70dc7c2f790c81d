"""Writing: all of a batch, or nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from bowerbird.core.books import Batch, Committed, Kept, Lost
from bowerbird.core.errors import StorageError
from bowerbird.core.facts import Fact
from bowerbird.core.findings import Model
from bowerbird.core.incident import Incident
from bowerbird.core.keeping import Receipt
from bowerbird.core.post import Post
from bowerbird.storage.checks import GIVEN_UP, check, check_kept
from bowerbird.storage.memory.books import MemoryBooks, put_run, reply_parent
from bowerbird.storage.memory.handle import Handle, verb
from bowerbird.storage.memory.ledger import rest, settle


class MemoryRecorder(Handle):
    """The one way to write, apart from the claims."""

    @verb
    def record(self, batch: Batch) -> Committed | Lost:
        """Write all of it or nothing; see the port."""
        check(batch)
        posts: dict[str, Post] = {}
        for change in batch.changes:
            lost = _lost_race(self.books, posts, change.before) or _collision(self.books, posts, change.after)
            if lost:
                return Lost(lost)
            posts[change.after.id] = change.after
        for post in batch.new_posts:
            lost = f"post {post.id}" if _known(self.books, posts, post.id) else _collision(self.books, posts, post)
            if lost:
                return Lost(lost)
            posts[post.id] = post
        for run in batch.runs:
            if self.books.slots.get((run.job, run.scope, run.slot_at), run.id) != run.id:
                return Lost(f"run {run.id}")
        if rival := _second_incident(self.books, batch.incidents):
            return Lost(f"incident {rival}")
        return _write(self.books, batch, posts)

    async def keep(self, batch: Batch) -> Committed | Lost | Kept:
        """Record what may be kept; it is `storage.spool` that keeps it when this cannot be done."""
        check_kept(batch)
        return await self.record(batch)

    async def replay_once(self) -> bool:
        """Nothing waits, for these books have no spool."""
        return False

    async def keep_receipt(self, receipt: Receipt) -> Kept:
        """There is no spool here."""
        raise StorageError(f"the proof of post {receipt.attempt.id} cannot be kept: these books have no spool")


ALIKE = frozenset({str, int, bool, type(None)})
"""Values that come back from JSON as they were."""


def plain(data: dict[str, Any]) -> dict[str, Any]:
    """A copy in plain JSON values, as a database would give it back; `TypeError` for anything else."""
    if all(type(value) in ALIKE and type(name) is str for name, value in data.items()):
        return dict(data)
    copied: dict[str, Any] = json.loads(json.dumps(data))
    return copied


def write_facts(books: MemoryBooks, *facts: Fact) -> int:
    """Append facts and return the newest one's seq, 0 if there were none."""
    for fact in facts:
        stored = replace(fact, seq=len(books.facts) + 1, data=plain(fact.data))
        books.facts.append(stored)
        books.facts_of_kind[fact.kind].append(stored)
        if fact.post_id:
            books.facts_of_post[fact.post_id].append(stored)
    return len(books.facts) if facts else 0


def _known(books: MemoryBooks, posts: dict[str, Post], post_id: str) -> Post | None:
    return posts.get(post_id) or books.shelf.by_id.get(post_id)


def _lost_race(books: MemoryBooks, posts: dict[str, Post], before: Post) -> str:
    known = _known(books, posts, before.id)
    return "" if known is not None and known.seq == before.seq else f"post {before.id}"


def _collision(books: MemoryBooks, posts: dict[str, Post], post: Post) -> str:
    """Name what this post would collide with: another's key, part, or answer to the same remote post."""
    others = {books.shelf.by_key.get((post.account_id, post.key)), books.shelf.threads[post.thread_id].get(post.part)}
    places = ((post.account_id, post.key), (post.thread_id, post.part))
    others |= {p.id for p in posts.values() if places[0] == (p.account_id, p.key) or places[1] == (p.thread_id, p.part)}
    if others - {None, post.id}:
        return f"key {post.key}"
    parent = reply_parent(post)
    if parent and post.state not in GIVEN_UP and not _known(books, posts, post.id):
        place = (post.account_id, parent)
        rivals = {post_id: books.shelf.by_id[post_id] for post_id in books.shelf.replies.get(place, ())}
        rivals |= {p.id: p for p in posts.values() if (p.account_id, reply_parent(p)) == place}
        if any(rival.state not in GIVEN_UP for rival in rivals.values()):
            return f"reply to {parent}"
    return ""


def _write_words(books: MemoryBooks, batch: Batch) -> None:
    for words in batch.words:
        books.words.setdefault(words.id, words)
        settle(books, words.id, at=words.at, cost=words.spent)
    for words in batch.used:
        books.words[words.id] = words
        books.used.add(words.id)
        settle(books, words.id, at=words.at, cost=words.spent)


def _second_incident(books: MemoryBooks, incidents: Iterable[Incident]) -> str:
    """Name the fingerprint that two open incidents would have if these were written one after the other."""
    fresh: dict[str, Incident] = {}
    for incident in incidents:
        holders = {books.open_incidents.get(incident.fingerprint), *fresh} - {None, incident.id}
        rivals = (fresh.get(other) or books.incidents[other] for other in holders if other is not None)
        if incident.closed_at is None and any(_same_and_open(rival, incident) for rival in rivals):
            return incident.fingerprint
        fresh[incident.id] = incident
    return ""


def _same_and_open(rival: Incident, incident: Incident) -> bool:
    return rival.closed_at is None and rival.fingerprint == incident.fingerprint


def _write(books: MemoryBooks, batch: Batch, posts: dict[str, Post]) -> Committed:
    books.mark += 1
    for post in posts.values():
        books.shelf.put(post)
    for settling in batch.settles:
        settle(books, settling.post_id, at=settling.at, cost=0.0 if settling.refund else None)
    for change in batch.changes:
        rest(books, change)
    _write_findings(books, batch)
    _write_ledger(books, batch)
    _write_words(books, batch)
    _write_alarms(books, batch)
    return Committed(write_facts(books, *batch.facts))


def _write_findings(books: MemoryBooks, batch: Batch) -> None:
    for reading in batch.readings:
        if reading.rung not in books.readings_of_post[reading.post_id]:
            stored = replace(reading, seq=len(books.readings) + 1)
            books.readings.append(stored)
            books.readings_of_post[reading.post_id][reading.rung] = stored
    for target in batch.targets:
        books.targets[target.id] = target
    for model in batch.models:
        _write_model(books, model)
    for advice in batch.advice:
        books.advice[advice.account_id] = advice


def _write_alarms(books: MemoryBooks, batch: Batch) -> None:
    for incident in batch.incidents:
        old = books.incidents.get(incident.id)
        if old is not None and books.open_incidents.get(old.fingerprint) == old.id:
            del books.open_incidents[old.fingerprint]
        books.incidents[incident.id] = incident
        if incident.closed_at is None:
            books.open_incidents[incident.fingerprint] = incident.id
    for delivery in batch.deliveries:
        books.deliveries[delivery.id] = delivery
    for silence in batch.silences:
        books.silences[silence.id] = silence
    for breaker in batch.breakers:
        books.breakers[breaker.name] = breaker
    for snapshot in batch.snapshots:
        books.snapshots[snapshot.name] = replace(snapshot, data=plain(snapshot.data))


def _write_model(books: MemoryBooks, model: Model) -> None:
    if model.champion:
        for place, other in books.models.items():
            if other.champion and other.account_id == model.account_id:
                books.models[place] = replace(other, champion=False)
    books.models[model.account_id, model.version] = replace(model, scores=plain(model.scores))


def _write_ledger(books: MemoryBooks, batch: Batch) -> None:
    for account in batch.accounts:
        books.accounts[account.id] = account
    for place in batch.lifted:
        books.holds.pop(place, None)
    for limit in batch.learned:
        books.learned[limit.key, limit.unit, limit.window_s] = limit
    for person in batch.people:
        books.people[person.name] = person
    for hold in batch.holds:
        books.holds[hold.account_id, hold.kind] = hold
    for run in batch.runs:
        put_run(books, run)
    for command in batch.commands:
        books.commands[command.id] = replace(command, args=plain(command.args))
    books.cursors.update(batch.cursors)
