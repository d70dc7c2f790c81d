"""A message is sent at least once, by whichever channel works, and its address is nobody's business."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bowerbird.alerts import notifiers
from bowerbird.alerts.notifiers import (
    Channel,
    Undelivered,
    channels_of,
    may_run,
    none_wanted,
    remember_tested,
    send,
)
from bowerbird.alerts.outbox import Outbox, trial, try_channel
from bowerbird.clock import VirtualClock, run_virtual
from bowerbird.core.account import Account
from bowerbird.core.books import Batch, Committed, Lost
from bowerbird.core.errors import BadInput
from bowerbird.core.incident import Delivery, Told
from bowerbird.storage.memory import MemoryBooks, MemoryStorage
from tests.alerts.room import MAIL, PHONE, Books, Room, breaker, down

BROWSER = "The breaker browser is open"
OLD_IMPORT = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
"""Apprise still looks for a module that Python 3.13 drops."""
TEST = trial(PHONE, name="t", now=0)


async def test_a_message_that_failed_is_tried_again_with_growing_waits() -> None:
    """After 1, 2, 4 … seconds; when the channel is back it arrives once."""
    room = Room()
    room.ear.deaf = {"phone", "mail"}
    await room.rounds(60, breaker())
    (row,) = [row for row in await room.books.deliveries() if row.told is Told.OPENED and "browser" in row.title]
    assert 5 <= row.attempts <= 7
    assert row.error == "it answered 503"
    room.ear.deaf = set()
    await room.rounds(70, breaker())
    assert room.ear.told(Told.OPENED).count(BROWSER) == 1


async def test_the_second_channel_gets_what_the_first_did_not_take() -> None:
    """After two minutes the same title goes to the next channel; the first goes on trying."""
    room = Room()
    room.ear.deaf = {"phone"}
    await room.rounds(115, breaker())
    assert BROWSER not in room.ear.told()
    await room.rounds(160, breaker())
    (heard,) = [row for row in room.ear.heard if row.title == BROWSER]
    assert (heard.channel, heard.told) == ("mail", Told.OPENED)
    assert "phone has not taken this message" in heard.body


async def test_a_channel_that_fails_is_an_incident_told_by_the_other() -> None:
    """After three failures in a row, without waiting for the two minutes; and it ends when it works again."""
    room = Room()
    room.ear.deaf = {"phone"}
    for _ in range(20):
        await room.round(breaker(), *room.outbox.samples())
    (heard,) = room.ear.heard
    assert (heard.channel, heard.title) == ("mail", "The channel phone takes no messages")
    room.ear.deaf = set()
    for _ in range(60):
        await room.round(breaker(), *room.outbox.samples())
    assert "Over: The channel phone takes no messages" in room.ear.told()


async def test_the_only_channel_is_not_asked_to_tell_of_its_own_death() -> None:
    """It stands on the page; nothing is sent into a dead channel about itself."""
    room = Room()
    room.channels = (PHONE,)
    room.start()
    room.ear.deaf = {"phone"}
    for _ in range(20):
        await room.round(breaker(), *room.outbox.samples())
    assert "ChannelDown" in {row.rule for row in await room.open()}
    assert {row.title for row in await room.books.deliveries()} == {BROWSER}


async def test_over_never_comes_before_opened() -> None:
    """A breaker that closes while the phone is dead: when the phone is back, both come, in their order."""
    room = Room()
    room.ear.deaf = {"phone", "mail"}
    await room.rounds(30, breaker())
    await room.rounds(30, breaker(0))
    room.ear.deaf = set()
    await room.rounds(200, breaker(0))
    assert [title for title in room.ear.told() if "browser" in title] == [BROWSER, f"Over: {BROWSER}"]


async def test_nobody_tries_a_message_for_more_than_a_day() -> None:
    """It is given up, and stays in the books with its error."""
    room = Room()
    room.ear.deaf = {"phone", "mail"}
    await room.rounds(10, breaker())
    for _ in range(30):
        room.clock.advance(3600)
        await room.rounds(3, breaker())
    rows = [row for row in await room.books.deliveries() if row.told is Told.OPENED]
    assert rows
    assert all(row.gave_up and row.error for row in rows)


async def test_a_crash_between_sending_and_writing_sends_once_more() -> None:
    """At least once: what nobody wrote down is sent again by the next start, when the claim has run out."""
    room = Room()
    await room.round(breaker(), deliver=False)
    await room.round(breaker(), deliver=False)
    room.books.refusing = True  # the process dies here, as far as the books can tell
    await room.outbox.deliver_once()
    assert room.ear.told() == [BROWSER]
    room.books.refusing = False
    room.start()
    await room.rounds(20, breaker())
    assert room.ear.told() == [BROWSER, BROWSER]


async def test_books_that_refuse_after_sending_do_not_make_it_two() -> None:
    """While the process lives, it remembers what it sent and only writes it down later."""
    room = Room()
    await room.round(breaker(), deliver=False)
    await room.round(breaker(), deliver=False)
    room.books.refusing = True
    await room.outbox.deliver_once()
    room.books.refusing = False
    await room.rounds(30, breaker())
    assert room.ear.told() == [BROWSER]
    assert all(row.sent_at is not None for row in await room.books.deliveries())


async def test_without_books_the_second_channel_works_too() -> None:
    """What is carried in memory is escalated like any other message."""
    room = Room()
    room.ear.deaf = {"phone"}
    room.books.refusing = room.books.deaf = True
    await room.rounds(300, down())
    assert room.ear.told() == ["The books cannot be written"]
    room.books.refusing = room.books.deaf = False
    room.ear.deaf = set()
    await room.rounds(300, down())
    rows = await room.books.deliveries()
    assert {row.channel for row in rows if row.sent_at is not None} == {"phone", "mail"}


async def test_a_channel_that_hangs_does_not_hold_the_judge_up() -> None:
    """The judge only writes rows; a delivery that never returns blocks the outbox at most."""
    room = Room()

    async def hang(channel: Channel, delivery: Delivery) -> None:
        await asyncio.Event().wait()

    room.outbox.notify = hang
    await room.round(breaker(), deliver=False)
    stuck = asyncio.create_task(room.outbox.deliver_once())
    await asyncio.sleep(0)
    for _ in range(5):
        await room.round(breaker(), breaker(name="other"), deliver=False)
    assert len(await room.open()) == 2
    stuck.cancel()


def waiting(now: int, *rows: tuple[str, Channel]) -> Batch:
    """Messages that wait since `now`, by their ids."""
    return Batch(deliveries=tuple(trial(channel, name=name, now=now) for name, channel in rows))


class Hanging:
    """Channels of which the phone never answers; notes what the others took and when, in seconds."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock, self.heard, self.rung = clock, list[tuple[str, float]](), 0

    async def __call__(self, channel: Channel, delivery: Delivery) -> None:
        """Note it, or never come back."""
        if channel is PHONE:
            self.rung += 1
            await asyncio.Event().wait()
        self.heard.append((delivery.id, self.clock.monotonic()))


async def deliver_for(outbox: Outbox, clock: VirtualClock, seconds: float) -> None:
    """Look into the outbox every half second."""
    end = clock.monotonic() + seconds
    while clock.monotonic() < end:
        while await outbox.deliver_once():
            pass
        await clock.sleep(0.5)


def test_a_channel_that_hangs_delays_no_message_of_another() -> None:
    """Three wait for the phone that hangs, and behind them two for the mail: those arrive within seconds."""

    async def main(clock: VirtualClock) -> None:
        books, began = MemoryStorage(), clock.monotonic()
        ear = Hanging(clock)
        outbox = Outbox(books, (PHONE, MAIL), clock, notify=ear)
        await books.record(waiting(clock.now(), ("a", PHONE), ("b", PHONE), ("c", PHONE), ("y", MAIL), ("z", MAIL)))
        await deliver_for(outbox, clock, 5)
        assert [name for name, _ in ear.heard] == ["y", "z"]
        assert max(at for _, at in ear.heard) - began < 2
        assert ear.rung == 1  # one at a time; the others wait in the books

    run_virtual(main)


def test_a_channel_that_hangs_delays_no_message_that_is_carried_for_another() -> None:
    """Nor while the books refuse."""

    async def main(clock: VirtualClock) -> None:
        books, ear = Books(MemoryBooks()), Hanging(clock)
        outbox = Outbox(books, (PHONE, MAIL), clock, notify=ear)
        books.refusing = True
        outbox.carry(waiting(clock.now(), ("a", PHONE), ("b", PHONE), ("z", MAIL)).deliveries)
        await deliver_for(outbox, clock, 5)
        assert [name for name, _ in ear.heard] == ["z"]
        assert [row.id for row in outbox.put_down()] == ["b", "z"]  # the one under way stays with the channel

    run_virtual(main)


def test_a_channel_that_never_answers_has_failed_when_its_time_is_up() -> None:
    """Its messages are tried again like any other, and it counts as down after three of them."""

    async def main(clock: VirtualClock) -> None:
        books, ear = MemoryStorage(), Hanging(clock)
        outbox = Outbox(books, (PHONE, MAIL), clock, notify=ear)
        await books.record(waiting(clock.now(), ("a", PHONE)))
        await deliver_for(outbox, clock, 60)
        (row,) = await books.deliveries()
        assert (row.attempts, row.error) == (4, "no answer within 12 s")
        assert outbox.channel_for("storage") == "mail"

    run_virtual(main)


async def test_what_a_delivery_dies_of_comes_out_at_the_next_look() -> None:
    """A defect is the monitor's to tell; the channel is free again."""
    room = Room()

    async def broken(batch: Batch) -> Committed | Lost:
        raise RuntimeError("a defect")

    await room.books.record(waiting(room.clock.now(), ("a", PHONE)))
    room.books.record = broken  # type: ignore[method-assign]  # books with a defect
    with pytest.raises(RuntimeError, match="a defect"):
        await room.outbox.deliver_once()
    assert await room.outbox.deliver_once() is False


# --- tests and permissions -------------------------------------------------------------------------------------


async def test_a_test_that_arrived_is_remembered_until_the_address_changes() -> None:
    """The name alone proves nothing."""
    room = Room()
    await try_channel(room.books, PHONE, room.clock, name="t", notify=room.ear)
    assert await notifiers.tested(room.books, (PHONE, MAIL)) == ("phone",)
    assert await notifiers.tested(room.books, (Channel("phone", "https://elsewhere.test"),)) == ()


async def test_a_test_that_failed_is_not() -> None:
    """It says why, and stays in the books as given up."""
    room = Room()
    room.ear.deaf = {"phone"}
    row = await try_channel(room.books, PHONE, room.clock, name="t", notify=room.ear)
    assert (row.error, row.gave_up, await notifiers.tested(room.books, (PHONE,))) == ("it answered 503", True, ())


async def test_the_number_of_tested_channels_is_known() -> None:
    """None yet is a number too, once the outbox has looked."""
    room = Room()
    await room.round()
    assert [row.value for row in room.outbox.samples() if row.name == "bowerbird_alert_channels"] == [0]
    await remember_tested(room.books, PHONE, now=0)
    await room.rounds(3)
    assert [row.value for row in room.outbox.samples() if row.name == "bowerbird_alert_channels"] == [1]


REAL = Account(id="bluesky:ann.test", platform="bluesky", handle="ann.test", labelled=True, operator="Ann")


@pytest.mark.parametrize(
    ("addresses", "accounts", "may"),
    [
        ({}, [replace(REAL, rehearsal=True)], True),
        ({}, [], True),
        ({}, [replace(REAL, labelled=False)], True),
        ({}, [REAL], False),
        ({"phone": "https://phone.test"}, [REAL], False),
        ({"none": ""}, [REAL], True),
    ],
)
async def test_a_real_account_needs_a_tested_channel_or_a_plain_none(
    addresses: dict[str, str], accounts: list[Account], may: bool
) -> None:
    """The refusal names both remedies; rehearsals are free, and so is who may not post yet."""
    room = Room()
    if may:
        await may_run(addresses, room.books, accounts)
        return
    with pytest.raises(BadInput, match=r"bowerbird alerts test.*alerts = \"none\""):
        await may_run(addresses, room.books, accounts)
    for channel in channels_of(addresses):
        await remember_tested(room.books, channel, now=0)
        await may_run(addresses, room.books, accounts)


def test_none_is_a_word_and_no_channel() -> None:
    """Who wants nobody told says so, and it is known."""
    assert (channels_of({"none": ""}), none_wanted({"none": ""}), none_wanted({})) == ((), True, False)


# --- the channels themselves -----------------------------------------------------------------------------------


@asynccontextmanager
async def server(status: str) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that answers everything with one status, and notes what it got."""
    got: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        got.append(await reader.readexactly(length))
        writer.write(f"HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    running = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with running:
        yield f"127.0.0.1:{running.sockets[0].getsockname()[1]}", got


@OLD_IMPORT
@pytest.mark.parametrize("scheme", ["http", "json"])
async def test_a_message_arrives_by_our_webhook_and_by_apprise(scheme: str) -> None:
    """``http://`` is ours, ``json://`` is Apprise's own; both bring title and words."""
    async with server("200 OK") as (place, got):
        await send(Channel("there", f"{scheme}://{place}/hook"), TEST)
    assert len(got) == 1
    assert b"Bowerbird can reach you" in got[0]


@OLD_IMPORT
@pytest.mark.parametrize("scheme", ["http", "json"])
async def test_a_refusal_is_told_without_the_address(
    scheme: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither the error, nor its cause, nor any log line names the token."""
    caplog.set_level(logging.DEBUG, "apprise")
    async with server("503 No") as (place, _):
        with pytest.raises(Undelivered) as caught:
            await send(Channel("there", f"{scheme}://ann:hunter2@{place}/hunter2"), TEST)
    seen = "".join([str(caught.value), repr(caught.value.__cause__), caplog.text, *capfd.readouterr()])
    assert "hunter2" not in seen


@OLD_IMPORT
async def test_an_address_that_nobody_understands_is_an_undelivered_message() -> None:
    """Apprise knows no such service; the words name no address."""
    with pytest.raises(Undelivered, match="its address is wrong"):
        await send(Channel("there", "hunter2://x"), TEST)


def test_an_address_without_a_scheme_is_refused_by_its_channels_name() -> None:
    """Told when the settings are read, not when something burns."""
    with pytest.raises(BadInput, match="'phone' has no scheme") as caught:
        channels_of({"phone": "hunter2"})
    assert "hunter2" not in str(caught.value)


@settings(max_examples=20, deadline=None)
@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789:/@", min_size=12))
def test_an_address_appears_nowhere(secret: str) -> None:
    """Not in a repr, a row, a fact, a number or a snapshot, whatever becomes of the message."""

    async def live(*deaf: str) -> list[Any]:
        room = Room()
        room.channels = (Channel("phone", f"https://?{secret}"), Channel("mail", f"mailto://?{secret}"))
        room.start()
        room.ear.deaf = set(deaf)
        for _ in range(10):
            await room.round(breaker(), *room.outbox.samples())
        await try_channel(room.books, room.channels[0], room.clock, name="t", notify=room.ear)
        rows: list[Any] = [*await room.books.deliveries(), *await room.books.facts(), *await room.books.incidents()]
        snapshot = await room.books.snapshot("channel:phone")
        return [*rows, snapshot, *room.outbox.samples(), room.outbox, room.judge]

    for seen in [*asyncio.run(live()), *asyncio.run(live("phone"))]:
        assert f"?{secret}" not in repr(seen)


async def test_a_message_for_a_channel_that_is_gone_goes_to_another() -> None:
    """Somebody renamed the channel while the message waited."""
    room = Room()
    room.ear.deaf = {"phone", "mail"}
    await room.rounds(5, breaker())
    room.channels = (MAIL,)
    room.start()
    room.ear.deaf = set()
    await room.rounds(70, breaker())
    assert [row.channel for row in room.ear.heard if row.title == BROWSER] == ["mail"]


async def test_an_outbox_that_is_alone_says_what_waits() -> None:
    """The age of the oldest message is a number, by channel."""
    room = Room()
    room.ear.deaf = {"phone", "mail"}
    await room.rounds(30, breaker())
    rows = {row.labels["channel"]: row.value for row in room.outbox.samples() if "oldest" in row.name}
    assert rows["phone"] > 20
    assert rows["mail"] == 0
