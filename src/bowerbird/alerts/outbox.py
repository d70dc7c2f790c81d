"""Messages on their way: each is a row before it is sent, is sent at least once, and reaches somebody.

* A message that failed is tried again after 1, 2, 4 … seconds, at most 5 minutes, for a day.
* Each channel has one message at a time, and none waits for another: one that hangs delays its own messages alone,
  and after `TRY_S` it has failed.
* What the first channel has not taken within `second_s` goes to the next one as well, with the same title.
* While the books refuse, messages are carried in memory and sent from there; what became of them is written
  down when the books are back.
* Between sending and writing that down, a crash sends once more: at least once, never not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from bowerbird.alerts.notifiers import Channel, Notifier, Tests, Undelivered, remember_tested, send, tested
from bowerbird.core.books import Alarms, Batch
from bowerbird.core.errors import StorageError
from bowerbird.core.facts import Fact
from bowerbird.core.gauge import Sample
from bowerbird.core.incident import Delivery, Told
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US

CLAIM_S = 15.0
"""A message that is being sent is nobody else's for so long; longer than one delivery may take."""
TRY_S = 12.0
"""No channel is waited for longer than this, seconds: a little more than it gives itself (`notifiers.SEND_S`)."""
PATIENCE_S = 0.5
"""A delivery that takes longer than this goes on by itself while the next message is looked for, seconds."""
AGAIN_S = 1.0
"""The wait after the first failure, in seconds; it doubles."""
AGAIN_MAX_S = 300.0
"""Longest wait between two tries, in seconds."""
GIVE_UP_S = 86_400.0
"""After so long nobody tries a message any more, in seconds."""
DOWN_AFTER = 3
"""Failures in a row after which a channel counts as down."""
LOOK_S = 2.0
"""How often an idle outbox looks how old its messages are, in seconds."""
SENT_MAX = 1_000
"""Sent messages that are remembered while the books cannot be told."""


class Books(Alarms, Tests, Protocol):
    """What is asked of the books here."""


@dataclass
class Outbox:
    """Sends what waits.

    Args:
        channels: in the order in which they are tried.
        notify: sends one message; the real one unless a test says otherwise.
        second_s: so long the first channel may fail before the next one is asked too, seconds.
    """

    books: Books
    channels: Sequence[Channel]
    clock: Clock
    notify: Notifier = send
    second_s: float = 300.0
    _failures: dict[str, int] = field(default_factory=dict)
    _carried: dict[str, Delivery] = field(default_factory=dict)
    _under_way: set[str] = field(default_factory=set)
    _at_work: dict[str, asyncio.Task[bool]] = field(default_factory=dict)
    _sent: dict[str, Delivery] = field(default_factory=dict)
    _told: dict[str, int] = field(default_factory=dict)
    _oldest: dict[str, int] = field(default_factory=dict)
    _tested: tuple[str, ...] | None = None
    _looked_s: float = float("-inf")

    async def deliver_once(self) -> bool:
        """Deliver one message.

        1. See which channels have done their work; what one died of is raised.
        2. Take what is carried in memory first, else the message that has been due longest, from the books; none for
           a channel that is still at work.
        3. Send it, unless an older one about the same incident still waits for the same channel.
        4. Record: sent, or due again later; after a day nobody tries any more.
        5. Still unsent after `second_s`: the next channel gets it too.
        6. What takes longer than `PATIENCE_S` goes on by itself.

        Return True if the caller should come back at once.
        """
        for channel in [name for name, task in self._at_work.items() if task.done()]:
            self._ended(channel)
        carried = self._next_carried()
        if carried is not None:
            self._under_way.add(carried.id)
            return await self._begin(carried.channel, self._send_carried(carried))
        try:
            claimed = await self._claim()
        except StorageError:
            return False  # the books say so themselves; what must be told now is carried
        return claimed is not None and await self._begin(claimed.channel, self._send_claimed(claimed))

    async def _begin(self, channel: str, work: Coroutine[Any, Any, bool]) -> bool:
        """Set a channel to work and wait for it a moment; True if there may be more to do."""
        task = self._at_work[channel] = asyncio.create_task(work, name=f"channel {channel}")
        await asyncio.wait({task}, timeout=PATIENCE_S)
        return self._ended(channel) if task.done() else True

    def _ended(self, channel: str) -> bool:
        """What a channel's work came to; one that was ended from inside comes back when its claim has run out."""
        task = self._at_work.pop(channel)
        return task.cancelled() or task.result()

    async def _claim(self) -> Delivery | None:
        now = self.clock.now()
        until = now + int(CLAIM_S * SECOND_US)
        claimed = await self.books.claim_delivery(now=now, until=until, but=tuple(self._at_work))
        if claimed is None:
            await self._look_around()
        return claimed

    async def _send_carried(self, carried: Delivery) -> bool:
        try:
            self._carried[carried.id] = await self._try(carried)
        finally:
            self._under_way.discard(carried.id)
        self._escalate_carried(carried.id)
        return True

    async def _send_claimed(self, claimed: Delivery) -> bool:
        try:
            if await self._older_waits(claimed):
                due_at = self.clock.now() + 2 * SECOND_US
                await self.books.record(Batch(deliveries=(replace(claimed, due_at=due_at),)))
                return True
            after = self._sent.pop(claimed.id, None) or await self._try(claimed)
            await self._record(after)
        except StorageError:
            return False  # what was sent is remembered, and written when its claim has run out
        return True

    async def _record(self, after: Delivery) -> None:
        """Write down what became of a message, with its fact and, if it is time, its second copy."""
        if after.sent_at is not None:
            self._sent[after.id] = after
            while len(self._sent) > SENT_MAX:
                self._sent.pop(next(iter(self._sent)))
        second = self._second(after)
        known = {row.id for row in await self.books.deliveries(incident_id=after.incident_id)} if second else set()
        rows = (after,) if second is None or second.id in known else (after, second)
        await self.books.record(Batch(deliveries=rows, facts=(_fact(after, self.clock.now()),)))
        self._sent.pop(after.id, None)
        if after.sent_at is not None and after.told is Told.TEST:
            await self._remember_tested(after.channel)

    async def _try(self, delivery: Delivery) -> Delivery:
        """Send it and say what became of it."""
        channel = next((one for one in self.channels if one.name == delivery.channel), None)
        error = "no channel of this name is in the settings"
        if channel is not None:
            error = ""
            try:
                async with asyncio.timeout(TRY_S):
                    await self.notify(channel, delivery)
            except Undelivered as refusal:
                error = str(refusal)
            except TimeoutError:
                error = f"no answer within {TRY_S:g} s"
            except Exception as failure:  # noqa: BLE001 - a channel's own defect is a failed delivery, told as such
                error = f"it failed ({type(failure).__name__})"  # never its words: they may name the address
        now = self.clock.now()
        attempts = delivery.attempts + 1
        if not error:
            self._failures[delivery.channel] = 0
            if delivery.incident_id:
                self._told.setdefault(delivery.incident_id, now)
            return replace(delivery, attempts=attempts, error="", sent_at=now)
        self._failures[delivery.channel] = self._failures.get(delivery.channel, 0) + 1
        wait_s = min(AGAIN_MAX_S, AGAIN_S * 2.0 ** min(attempts - 1, 20))
        gave_up = channel is None or now - delivery.made_at >= GIVE_UP_S * SECOND_US
        due_at = now + int(wait_s * SECOND_US)
        return replace(delivery, attempts=attempts, error=error, due_at=due_at, gave_up=gave_up)

    async def _older_waits(self, delivery: Delivery) -> bool:
        """True if the channel has not had an older message about this incident yet: "over" never comes first."""
        if not delivery.incident_id:
            return False
        rows = await self.books.deliveries(incident_id=delivery.incident_id, waiting=True)
        return any(row.channel == delivery.channel and row.made_at < delivery.made_at for row in rows)

    # --- the second channel ------------------------------------------------------------------------------------

    def _second(self, delivery: Delivery) -> Delivery | None:
        """The same message for the next channel, if this one has failed for long enough."""
        waited_s = (self.clock.now() - delivery.made_at) / SECOND_US
        names = [channel.name for channel in self.channels]
        given_up = delivery.channel not in names
        if delivery.sent_at is not None or delivery.told is Told.TEST or (waited_s < self.second_s and not given_up):
            return None
        place = -1 if given_up else names.index(delivery.channel)
        if place + 1 >= len(names):
            return None
        body = f"{delivery.body}\n(Second channel: {delivery.channel} has not taken this message.)"
        return replace(
            delivery,
            id=f"{delivery.id.split('/')[0]}/{names[place + 1]}",
            channel=names[place + 1],
            body=body,
            due_at=self.clock.now(),
            made_at=self.clock.now(),
            attempts=0,
            error="",
            gave_up=False,
        )

    def _escalate_carried(self, delivery_id: str) -> None:
        second = self._second(self._carried[delivery_id])
        if second is not None:
            self._carried.setdefault(second.id, second)

    # --- while the books refuse --------------------------------------------------------------------------------

    def carry(self, deliveries: Sequence[Delivery]) -> None:
        """Take messages that the books would not, and send them from memory."""
        for delivery in deliveries:
            self._carried.setdefault(delivery.id, delivery)

    def put_down(self) -> list[Delivery]:
        """Give back what is carried, as it is now, so that it can be written; what is under way stays."""
        given = [row for row in self._carried.values() if row.id not in self._under_way]
        self._carried = {row.id: row for row in self._carried.values() if row.id in self._under_way}
        return given

    def _next_carried(self) -> Delivery | None:
        now = self.clock.now()
        waiting = [row for row in self._carried.values() if row.sent_at is None and not row.gave_up]
        oldest: dict[tuple[str, str], Delivery] = {}
        for row in sorted(waiting, key=lambda row: row.made_at):
            oldest.setdefault((row.incident_id, row.channel), row)
        ready = (row for row in oldest.values() if row.due_at <= now and row.channel not in self._at_work)
        return min(ready, key=lambda row: row.due_at, default=None)

    # --- what others ask ---------------------------------------------------------------------------------------

    def told(self) -> dict[str, int]:
        """When each incident's first message left (microseconds), since this process started."""
        return self._told

    def channel_for(self, part: str) -> str:
        """The channel that a message about this part goes to first; empty if there is none.

        It is the first that is not down, and never the one that the message is about.
        """
        names = [channel.name for channel in self.channels if part != f"channel:{channel.name}"]
        well = [name for name in names if self._failures.get(name, 0) < DOWN_AFTER]
        return next(iter([*well, *names]), "")

    def samples(self) -> list[Sample]:
        """The numbers of the channels."""
        now = self.clock.now()
        rows = [
            Sample(name="bowerbird_channel_failures_in_a_row", value=count, labels={"channel": name})
            for name, count in self._failures.items()
        ]
        rows += [
            Sample(
                name="bowerbird_outbox_oldest_seconds",
                value=max(0.0, (now - self._oldest.get(channel.name, now)) / SECOND_US),
                labels={"channel": channel.name},
            )
            for channel in self.channels
        ]
        if self._tested is not None:
            rows.append(Sample(name="bowerbird_alert_channels", value=len(self._tested)))
        return rows

    async def _look_around(self) -> None:
        """Learn which channels took a test, also by another process, and how old the oldest message is."""
        if self.clock.monotonic() - self._looked_s < LOOK_S:
            return
        self._looked_s = self.clock.monotonic()
        self._tested = await tested(self.books, tuple(self.channels))
        waiting = await self.books.deliveries(waiting=True)
        self._oldest = {}
        for row in waiting:
            self._oldest[row.channel] = min(row.made_at, self._oldest.get(row.channel, row.made_at))

    async def _remember_tested(self, name: str) -> None:
        channel = next(one for one in self.channels if one.name == name)
        await remember_tested(self.books, channel, now=self.clock.now())


def _fact(delivery: Delivery, now: int) -> Fact:
    """What is remembered of one try; the channel's name, never its address."""
    data: dict[str, Any] = {"incident": delivery.incident_id, "told": delivery.told, "channel": delivery.channel}
    if delivery.sent_at is not None:
        return Fact(kind="notified", at=now, by="outbox", data=data)
    data |= {"why": delivery.error, "gave_up": delivery.gave_up}
    return Fact(kind="unnotified", at=now, by="outbox", data=data)


# --- tests of a channel ----------------------------------------------------------------------------------------


def trial(channel: Channel, *, name: str, now: int) -> Delivery:
    """The message that a test of this channel sends; put into the outbox, it goes like any other."""
    return Delivery(
        id=name,
        incident_id="",
        told=Told.TEST,
        channel=channel.name,
        title="Test: Bowerbird can reach you",
        body="If something breaks, you are told here. Nothing is wrong at the moment.",
        due_at=now,
        made_at=now,
    )


async def try_channel(books: Books, channel: Channel, clock: Clock, *, name: str, notify: Notifier = send) -> Delivery:
    """Send a test by this channel now, from wherever we are, and write down what became of it."""
    error = ""
    row = trial(channel, name=name, now=clock.now())
    try:
        await notify(channel, row)
    except Undelivered as refusal:
        error = str(refusal)
    sent_at = None if error else clock.now()
    after = replace(row, attempts=1, error=error, sent_at=sent_at, gave_up=bool(error))
    await books.record(Batch(deliveries=(after,), facts=(_fact(after, clock.now()),)))
    if not error:
        await remember_tested(books, channel, now=clock.now())
    return after
