"""What is forgotten when it is old: the oldest first, and never more than was asked."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import Any

from bowerbird.core.books import Old
from bowerbird.storage.memory.books import MemoryBooks, Spend
from bowerbird.storage.memory.ledger import remove


def _runs(books: MemoryBooks, before: int, limit: int) -> int:
    old = bisect_left(books.runs_by_age, (before,))
    gone = [run_id for _, run_id in books.runs_by_age[: min(old, limit)]]
    del books.runs_by_age[: len(gone)]
    for run_id in gone:
        run = books.runs.pop(run_id)
        books.slots.pop((run.job, run.scope, run.slot_at), None)
    return len(gone)


def _spends(books: MemoryBooks, before: int, limit: int) -> int:
    old: list[Spend] = [spend for ledger in books.spends.values() for spend in ledger if spend.at < before]
    old.sort(key=lambda spend: spend.at)
    for spend in old[:limit]:
        remove(books, spend)
    return len(old[:limit])


def _words(books: MemoryBooks, before: int, limit: int) -> int:
    gone = _oldest(books.words, lambda words: words.at if words.at < before else None, limit)
    for words_id in gone:
        del books.words[words_id]
        books.used.discard(words_id)
    return len(gone)


def _deliveries(books: MemoryBooks, before: int, limit: int) -> int:
    def age(message: Any) -> int | None:
        done = message.sent_at is not None or message.gave_up
        return message.made_at if done and message.made_at < before else None

    return _drop(books.deliveries, age, limit)


def _incidents(books: MemoryBooks, before: int, limit: int) -> int:
    def age(incident: Any) -> int | None:
        closed_at: int | None = incident.closed_at
        return closed_at if closed_at is not None and closed_at < before else None

    return _drop(books.incidents, age, limit)


def _commands(books: MemoryBooks, before: int, limit: int) -> int:
    def age(command: Any) -> int | None:
        asked_at: int = command.asked_at
        return asked_at if command.done_at is not None and asked_at < before else None

    gone = _oldest(books.commands, age, limit)
    for command_id in gone:
        del books.commands[command_id]
        books.takers.pop(command_id, None)
    return len(gone)


def _owners(books: MemoryBooks, before: int, limit: int) -> int:
    return _drop(books.owners, lambda owner: owner.heard_at if owner.heard_at < before else None, limit)


def _silences(books: MemoryBooks, before: int, limit: int) -> int:
    return _drop(books.silences, lambda silence: silence.until if silence.until < before else None, limit)


FORGET: dict[Old, Callable[[MemoryBooks, int, int], int]] = {
    Old.RUNS: _runs,
    Old.SPENDS: _spends,
    Old.WORDS: _words,
    Old.DELIVERIES: _deliveries,
    Old.INCIDENTS: _incidents,
    Old.COMMANDS: _commands,
    Old.OWNERS: _owners,
    Old.SILENCES: _silences,
}
"""How each kind is forgotten: from the books, before an instant, at most so many."""


def forget_models(books: MemoryBooks, account_id: str, keep: int, limit: int) -> int:
    """Forget models but the champion, the one it came from, and the `keep` newest."""
    own = [model for model in books.models.values() if model.account_id == account_id]
    parents = {model.parent for model in own if model.champion}
    unused = [model for model in own if not model.champion and model.version not in parents]
    unused.sort(key=lambda model: (model.created_at, model.version), reverse=True)
    for model in unused[keep:][:limit]:
        del books.models[account_id, model.version]
    return len(unused[keep:][:limit])


def _drop(table: dict[str, Any], age: Callable[[Any], int | None], limit: int) -> int:
    gone = _oldest(table, age, limit)
    for row_id in gone:
        del table[row_id]
    return len(gone)


def _oldest(table: dict[str, Any], age: Callable[[Any], int | None], limit: int) -> list[str]:
    """The ids of the oldest rows that have an age."""
    aged = sorted((at, row_id) for row_id, row in table.items() if (at := age(row)) is not None)
    return [row_id for _, row_id in aged[:limit]]
