"""How the guardian tells: by its own webhook and mail, and always by a line in its journal.

Only the standard library. A channel is a thread, so an address that hangs keeps nobody waiting; what it could not
deliver is tried again with growing waits for as long as the trouble lasts. Addresses come from the environment and
are never written anywhere: they may hold a secret.
"""

from __future__ import annotations

import json
import smtplib
import ssl
import threading
import time
import urllib.request
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

WEBHOOK = "BOWERBIRD_GUARDIAN_WEBHOOK"
MAIL = "BOWERBIRD_GUARDIAN_MAIL"
JOURNAL = "guardian.jsonl"
"""The journal in the data folder; `startup.adopt` describes its lines."""
SEND_S = 5.0
"""How long a channel may take for one message, seconds."""
WAIT_MAX_S = 60.0
"""The longest wait between two tries, seconds; the first is one."""
RESOLVE_S = 600.0
"""For so long it is tried to say that a trouble is over, seconds."""
JOURNAL_MAX = 1_000_000
"""A journal longer than this, in bytes, is cut to its newest lines when the guardian starts."""
KEPT_MAX = 200
"""Lines kept for a disk that is full; the oldest go first."""


def wall() -> int:
    """The wall clock, UTC microseconds, for people; nothing is judged by it."""
    return time.time_ns() // 1_000  # noqa: TID251 - the guardian is of the standard library alone


@dataclass
class Trouble:
    """Something the guardian found: an incident of its own.

    Args:
        told: when the first channel took it, UTC microseconds; telling: whether any still tries.
    """

    fingerprint: str
    title: str
    why: str
    fix: str
    severity: str = "critical"
    opened_at: int = field(default_factory=wall)
    seen_at: int = field(default_factory=wall)
    closed_at: int | None = None
    healed_by: str = ""
    told: int | None = None
    telling: bool = False

    def row(self) -> dict[str, Any]:
        """The trouble as JSON values: a line of the journal."""
        return dict(vars(self))

    def message(self) -> dict[str, Any]:
        """What is sent about it: with the names that Bowerbird's own alerts use, and `text` for chats."""
        rule, part, _ = self.fingerprint.split("|")
        over = self.closed_at is not None
        title = f"Over: {self.title}" if over else self.title
        body = f"{self.healed_by}." if over else f"{self.why} {self.fix}"
        told = "resolved" if over else "opened"
        incident = f"guardian-{rule}-{self.opened_at}"
        return {
            "id": f"{incident}-{told}", "incident": incident, "told": told, "fingerprint": self.fingerprint,
            "part": part, "title": title, "body": body, "why": self.why, "fix": self.fix, "severity": self.severity,
            "at": self.closed_at or self.opened_at, "text": f"{title}\n{body}", "by": "guardian",
        }  # fmt: skip


Send = Callable[[dict[str, Any]], None]
"""Delivers a message within `SEND_S` seconds, or raises."""


class Channel(threading.Thread):
    """One way to tell: takes messages one after the other, and tries each until it is delivered or pointless.

    Args:
        send: delivers a message; whatever it raises is tried again.
        done: gets every trouble that needs no more telling, and whether that was delivered.
    """

    def __init__(self, name: str, send: Send, done: SimpleQueue[tuple[Trouble, bool]]) -> None:
        super().__init__(name=name, daemon=True)
        self._send = send
        self._done = done
        self._queue: SimpleQueue[Trouble] = SimpleQueue()
        self._opened: deque[int] = deque(maxlen=KEPT_MAX)
        self.idle = threading.Event()
        self.idle.set()

    def recall(self, trouble: Trouble) -> None:
        """Know that somebody heard of this trouble, before this process was started."""
        self._opened.append(trouble.opened_at)

    def tell(self, trouble: Trouble) -> None:
        """Tell how it stands: that it is there, or, where that was told, that it is over."""
        self.idle.clear()
        self._queue.put(trouble)

    def run(self) -> None:
        """Deliver for ever."""
        while True:
            trouble = self._queue.get()
            over = trouble.closed_at is not None
            if over and trouble.opened_at not in self._opened:
                self._done.put((trouble, False))  # nobody heard that it began
            else:
                delivered = self._deliver(trouble, over=over)
                if delivered and not over:
                    self._opened.append(trouble.opened_at)
                self._done.put((trouble, delivered))
            if self._queue.empty():
                self.idle.set()

    def _deliver(self, trouble: Trouble, *, over: bool) -> bool:
        message, wait_s, tried_s = trouble.message(), 1.0, 0.0
        while True:
            try:
                self._send(message)
            except Exception as error:  # noqa: BLE001 - whatever a network does, the next try may go better
                complain(self.name, error)
            else:
                return True
            if (not over and trouble.closed_at is not None) or (over and tried_s > RESOLVE_S):
                return False
            threading.Event().wait(wait_s)
            tried_s += wait_s
            wait_s = min(WAIT_MAX_S, 2 * wait_s)


complain: Callable[[str, Exception], None] = lambda name, error: None  # noqa: E731 - the guardian puts its voice here


def webhook(address: str) -> Send:
    """A channel's `send`: POST a message as JSON."""

    def send(message: dict[str, Any]) -> None:
        body = json.dumps(message).encode()
        head = {"content-type": "application/json", "user-agent": "bowerbird-guardian"}
        request = urllib.request.Request(address, data=body, headers=head, method="POST")  # noqa: S310 - the owner's
        with urllib.request.urlopen(request, timeout=SEND_S) as answer:  # noqa: S310 - the same address
            answer.read(1)

    return send


def mail(address: str) -> Send:
    """A channel's `send`: mail by ``smtp[s]://user:password@host:port/?from=…&to=…``; `smtp` turns to TLS if it can."""
    place = urlsplit(address)
    asked = {key: values[-1] for key, values in parse_qs(place.query).items()}

    def send(message: dict[str, Any]) -> None:
        letter = EmailMessage()
        letter["Subject"], letter["To"] = message["title"], asked["to"]
        letter["From"] = asked.get("from", asked["to"])
        letter.set_content(message["body"])
        kind = smtplib.SMTP_SSL if place.scheme == "smtps" else smtplib.SMTP
        with kind(place.hostname or "", place.port or 0, timeout=SEND_S) as server:
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
                server.ehlo()
            if place.username:
                server.login(unquote(place.username), unquote(place.password or ""))
            server.send_message(letter)

    return send


class Messenger:
    """Writes troubles into the journal and tells them by every channel.

    Args:
        folder: the data folder.
        addresses: the environment, in which the addresses are.
    """

    def __init__(self, folder: Path, addresses: Mapping[str, str]) -> None:
        self._file = folder / JOURNAL
        self._unwritten: deque[str] = deque(maxlen=KEPT_MAX)
        self._done: SimpleQueue[tuple[Trouble, bool]] = SimpleQueue()
        self._waiting: dict[int, int] = {}
        made = {"webhook": (WEBHOOK, webhook), "mail": (MAIL, mail)}
        ways = {name: make(addresses[key]) for name, (key, make) in made.items() if addresses.get(key)}
        self.channels = [Channel(name, send, self._done) for name, send in ways.items()]
        for channel in self.channels:
            channel.start()
        self._shorten()

    def open(self, trouble: Trouble) -> None:
        """Write down that something is wrong, and tell it."""
        trouble.telling = bool(self.channels)
        self._waiting[trouble.opened_at] = len(self.channels)
        self._write(trouble)
        self._tell(trouble)

    def close(self, trouble: Trouble, healed_by: str) -> None:
        """Write down that it is over, and tell those who heard that it began."""
        trouble.closed_at = trouble.seen_at = wall()
        trouble.healed_by = healed_by
        self._write(trouble)
        self._tell(trouble)

    def left_behind(self) -> list[Trouble]:
        """Return the troubles that an earlier guardian opened and did not live to close."""
        try:
            rows = [json.loads(line) for line in self._file.read_text(encoding="utf-8").splitlines() if line]
        except (OSError, ValueError):
            return []
        newest = {row["opened_at"]: row for row in rows}
        found = [Trouble(**row) for row in newest.values() if row["closed_at"] is None]
        for trouble in found:
            for channel in self.channels if trouble.told else ():
                channel.recall(trouble)
        return found

    def look(self) -> None:
        """Note what the channels have delivered since the last look, and write what the disk would not take."""
        while not self._done.empty():
            trouble, delivered = self._done.get()
            left = self._waiting.get(trouble.opened_at, 0) - 1
            self._waiting[trouble.opened_at] = left
            if delivered and trouble.told is None:
                trouble.told, trouble.telling = wall(), False
                self._write(trouble)
            elif left == 0 and trouble.told is None:
                trouble.telling = False  # given up: whoever reads the journal may tell it
                self._write(trouble)
        if self._unwritten:
            self._flush()

    def finish(self, within_s: float) -> None:
        """Let the channels end what they are at, for so many seconds in all."""
        for channel in self.channels:
            channel.idle.wait(within_s / len(self.channels))
        self.look()

    def _tell(self, trouble: Trouble) -> None:
        for channel in self.channels:
            channel.tell(trouble)

    def _write(self, trouble: Trouble) -> None:
        self._unwritten.append(json.dumps(trouble.row()) + "\n")
        self._flush()

    def _flush(self) -> None:
        try:
            with self._file.open("a", encoding="utf-8") as journal:
                while self._unwritten:
                    journal.write(self._unwritten[0])
                    journal.flush()
                    self._unwritten.popleft()
        except OSError:
            return  # a full disk: kept, and written when there is room

    def _shorten(self) -> None:
        try:
            if self._file.stat().st_size <= JOURNAL_MAX:
                return
            lines = self._file.read_text(encoding="utf-8").splitlines(keepends=True)
            new = self._file.with_name(f"{JOURNAL}.new")
            new.write_text("".join(lines[-KEPT_MAX:]), encoding="utf-8")
            new.replace(self._file)
        except OSError:
            return  # there is none yet, or no room for another: the old one does
