"""Books with a spool: what cannot be had again is kept while they cannot be written, and written when they can.

* Replay goes in order. A record's batch and the cursor ``spool`` are one transaction, so a crash anywhere in
  between repeats nothing and skips nothing. A proof is written by `Apply`, which may be repeated.
* A record that can never be written is put into a file of its own (``<spool>.aside``), with a fact; those behind
  it go on.
* While a proof waits here, nobody may doubt a post: doubting finds nothing until it is written.
* A newer state of an incident or a message is never replaced by an older one from the spool; a second open
  incident of one fingerprint is written as closed, for there is one already.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, cast

from bowerbird.core.books import Batch, Committed, Kept, Lost, Storage
from bowerbird.core.errors import BowerbirdError, StorageBusy, StorageError, StorageFull
from bowerbird.core.facts import Fact
from bowerbird.core.gauge import Sample
from bowerbird.core.incident import Delivery, Incident
from bowerbird.core.keeping import Receipt, Words
from bowerbird.core.ports import Clock
from bowerbird.core.post import Post
from bowerbird.storage.aside import set_aside
from bowerbird.storage.checks import check_kept
from bowerbird.storage.cipher import Cipher
from bowerbird.storage.parcels import is_proof, packed, unpacked
from bowerbird.storage.spool import Spool
from bowerbird.storage.sqlite import SqliteStorage
from bowerbird.storage.sqlite.desk import Desk
from bowerbird.storage.sqlite.inline import carry_out
from bowerbird.storage.sqlite.lock import EngineLock

Apply = Callable[[Storage, Receipt], Awaitable[None]]
"""Writes a proof into the books; doing it twice changes nothing."""

CURSOR = "spool"
TRIES = 3
"""A record that fails so often while the books can be written is set aside."""
REPLAY_MAX = 50
"""Records written in one piece of work."""
NEARLY_FULL = 0.8
"""From this used share on, the spool says that it fills up."""


class Spooling:
    """What a spool adds to a handle on books, whichever they are: named before the books among its bases."""

    def spool(self, spool: Spool, apply: Apply, clock: Clock, *, inline: bool) -> None:
        """Take this spool; `inline` does its work here and now, without a thread."""
        self._spool, self._apply, self._clock, self._inline = spool, apply, clock, inline
        self._replaying = asyncio.Lock()
        self._told_full = False
        self._tries: dict[int, int] = {}
        self._replayed = 0

    async def complain(self) -> None:
        """Say what is wrong with the spool."""
        if self._spool.torn:
            torn = {"torn_bytes": self._spool.torn, "waiting": self._spool.waiting}
            await self._tell("spooled", torn | {"why": "a process died while it wrote"})
        if not self._spool.reserved:
            plan = "What is kept takes whatever room is left; the room is set aside as soon as there is some."
            why = "there is no room on the disk to set aside"
            await self._tell("degraded", {"part": "spool", "why": why, "plan": plan})

    async def _tell(self, kind: str, data: dict[str, Any]) -> None:
        """Say something about the spool itself; where there is no room to, the samples say it."""
        with suppress(StorageError):
            await self.keep(Batch(facts=(self._fact(kind, data),)))

    # --- keeping -----------------------------------------------------------------------------------------------

    async def keep(self, batch: Batch) -> Committed | Lost | Kept:
        """Record it; if that cannot be, or others wait already, spool it behind them."""
        check_kept(batch)
        facts: tuple[Fact, ...] = ()
        if not self._spool.waiting:
            try:
                return await self._handle.record(batch)
            except StorageError as error:
                facts = (self._fact("spooled", {"why": str(error)}),)
        await self._append(replace(batch, facts=(*facts, *batch.facts)))
        return Kept()

    async def keep_receipt(self, receipt: Receipt) -> Kept:
        """Spool a proof; from now on nobody doubts a post until it is written."""
        await self._append(receipt)
        return Kept()

    async def _append(self, thing: Batch | Receipt) -> None:
        payload = packed(thing)
        await carry_out(lambda: self._spool.append(payload), inline=self._inline)
        if self._spool.used_ratio >= NEARLY_FULL and not self._told_full:
            self._told_full = True
            used = round(self._spool.used_ratio, 3)
            await self._tell("spooled", {"why": "the spool is nearly full", "used": used})

    async def unused_words(self, account_id: str, *, after: int = 0, limit: int = 20) -> list[Words]:
        """Words that were never used, oldest first; those that wait in the spool are written first, or waited for."""
        if self._spool.waiting:
            await self.replay_once()
        return await self._books.unused_words(account_id, after=after, limit=limit)

    # --- nobody doubts what is proved --------------------------------------------------------------------------

    async def claim_doubt(self, *, now: int, push_until: int) -> Post | None:
        """Take a post in doubt, unless a proof waits in the spool."""
        return await self._books.claim_doubt(now=now, push_until=push_until) if await self._proved() else None

    async def lapsed_posts(self, *, now: int, heard_after: int, limit: int = 50) -> list[Post]:
        """Posts whose attempt is over; none while a proof waits in the spool."""
        if not await self._proved():
            return []
        return await self._books.lapsed_posts(now=now, heard_after=heard_after, limit=limit)

    @property
    def _handle(self) -> Storage:
        """This handle as a whole."""
        return cast("Storage", self)

    @property
    def _books(self) -> Storage:
        """The books' own verbs, those of the next base."""
        return cast("Storage", super())

    async def _proved(self) -> bool:
        if self._spool.marked:
            await self.replay_once()
        return not self._spool.marked

    # --- writing it when that can be ---------------------------------------------------------------------------

    async def replay_once(self) -> bool:
        """Write what waits into the books, in order; True if there is more and the books can be written.

        1. The oldest record. 2. Its batch and the cursor in one transaction, or its proof and then the cursor.
        3. What can never be written is set aside. 4. Books that still cannot be written end this round in silence,
        for that is told already. 5. When nothing waits any more, a fact says how much was written.
        """
        async with self._replaying:
            for _ in range(REPLAY_MAX):
                if not self._spool.waiting:
                    return False
                try:
                    await self._write_first()
                except StorageError:
                    return False
            return self._spool.waiting > 0

    async def _write_first(self) -> None:
        """Write the oldest record, or set it aside; `StorageError` if the books cannot be written.

        One that was written and not forgotten, because its replay was cut off just then, is only forgotten.
        """
        record = await carry_out(self._spool.first, inline=self._inline)
        if record is None:
            return
        number, payload = record
        if number > await self._handle.cursor(CURSOR):
            await self._write_or_set_aside(number, payload)
        self._tries.pop(number, None)
        await carry_out(lambda: self._spool.done(number), inline=self._inline)
        self._told_full = self._told_full and self._spool.waiting > 0

    async def _write_or_set_aside(self, number: int, payload: bytes) -> None:
        try:
            if lost := await self._write(number, unpacked(payload)):
                await self._set_aside(number, payload, lost)
        except (StorageFull, StorageBusy):
            raise
        except BowerbirdError as error:
            await self._try_again_or_set_aside(number, payload, error)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, it is set aside and told
            await self._set_aside(number, payload, f"{type(error).__name__}: {error}")

    async def _write(self, number: int, thing: Batch | Receipt) -> str:
        """Write one record; says which row lost where it can never be written."""
        if isinstance(thing, Receipt):
            await self._apply(self._handle, thing)
        batch = Batch() if isinstance(thing, Receipt) else await self._fresh(thing)
        last = (self._fact("replayed", {"records": self._replayed + 1}),) if self._spool.waiting == 1 else ()
        answer = await self._handle.record(replace(batch, facts=(*batch.facts, *last), cursors={CURSOR: number}))
        if isinstance(answer, Lost):
            return answer.what
        self._replayed = 0 if last else self._replayed + 1
        return ""

    async def _fresh(self, batch: Batch) -> Batch:
        """The batch without what the books know better by now."""
        incidents = [fresh for each in batch.incidents if (fresh := await self._fresh_incident(each)) is not None]
        deliveries = [each for each in batch.deliveries if await self._is_news(each)]
        return replace(batch, incidents=tuple(incidents), deliveries=tuple(deliveries))

    async def _fresh_incident(self, incident: Incident) -> Incident | None:
        known = await self._handle.incident(incident.id)
        if known is not None and (known.closed_at is not None or known.seen_at > incident.seen_at):
            return None
        if incident.closed_at is None and known is None:
            others = await self._handle.incidents(open_only=True, limit=1000)
            if any(other.fingerprint == incident.fingerprint for other in others):
                return replace(incident, closed_at=self._clock.now(), healed_by="It was opened a second time.")
        return incident

    async def _is_news(self, delivery: Delivery) -> bool:
        found = await self._handle.deliveries(incident_id=delivery.incident_id, limit=1000)
        known = next((each for each in found if each.id == delivery.id), None)
        return known is None or (known.sent_at is None and not known.gave_up and known.attempts <= delivery.attempts)

    # --- what can never be written -----------------------------------------------------------------------------

    async def _try_again_or_set_aside(self, number: int, payload: bytes, error: BowerbirdError) -> None:
        """Blame the books while they cannot be written at all, and the record once it failed three times besides."""
        await self._handle.record(Batch(cursors={CURSOR: number - 1}))
        self._tries[number] = self._tries.get(number, 0) + 1
        if self._tries[number] < TRIES:
            raise StorageError(f"record {number} of the spool is tried again: {error}") from error
        await self._set_aside(number, payload, str(error))

    async def _set_aside(self, number: int, payload: bytes, why: str) -> None:
        """Move a record into a file of its own, and say so."""
        aside = self._spool.path.with_name(f"{self._spool.path.name}.aside")
        let_go = await carry_out(lambda: set_aside(aside, payload), inline=self._inline)
        data = {"record": number, "why": why[:500], "bytes": len(payload), "file": aside.name}
        data |= {"let_go_bytes": let_go} if let_go else {}
        await self._handle.record(Batch(facts=(self._fact("set_aside", data),), cursors={CURSOR: number}))

    # --- how it is ---------------------------------------------------------------------------------------------

    def spool_samples(self) -> list[Sample]:
        """The health of the spool."""
        waiting, used = float(self._spool.waiting), self._spool.used_ratio
        return [
            Sample(name="bowerbird_spool_records", value=waiting),
            Sample(name="bowerbird_spool_used_bytes", value=float(self._spool.used_bytes)),
            Sample(name="bowerbird_spool_used_ratio", value=used),
        ]

    def _fact(self, kind: str, data: dict[str, Any]) -> Fact:
        return Fact(kind=kind, at=self._clock.now(), by="spool", data=data)


class SpooledStorage(Spooling, SqliteStorage):
    """The engine's handle: `SqliteStorage`, and the spool. Made by `await SpooledStorage.with_spool(...)`."""

    def __init__(self, desk: Desk, cipher: Cipher, lock: EngineLock) -> None:
        SqliteStorage.__init__(self, desk, cipher, lock)
        self._doors: list[Callable[[], None]] = []

    @classmethod
    async def with_spool(
        cls, path: Path, spool: Path, *, apply: Apply, clock: Clock, most: int = 64_000_000, **how: Any
    ) -> Self:
        """Open the books as `open` does, and the spool beside them; `most` is in bytes.

        Raises, besides what `open` does:
            StorageFull: the spool cannot be made or read.
        """
        books = await cls.open(path, clock=clock, **how)
        try:
            await books.attach(spool, apply, clock, most, inline=how.get("inline", False))
        except BaseException:
            await books.close()
            raise
        return books

    async def attach(self, path: Path, apply: Apply, clock: Clock, most: int, *, inline: bool) -> None:
        """Open the spool, and say what is wrong with it."""
        after = await self.cursor(CURSOR)
        spool = await carry_out(lambda: Spool(path, after=after, most=most, marks=is_proof), inline=inline)
        self.spool(spool, apply, clock, inline=inline)
        self._doors.append(spool.close)
        await self.complain()

    async def samples(self) -> list[Sample]:
        """The health of the books and of the spool, without asking the books."""
        return [*await SqliteStorage.samples(self), *self.spool_samples()]

    async def close(self) -> None:
        """Let go of the books and the spool; doing it twice is not an error."""
        await SqliteStorage.close(self)
        for door in self._doors:
            await carry_out(door, inline=self._inline)
