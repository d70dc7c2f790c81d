"""Tell systemd that the service is ready, alive, and how it is; without systemd, tell nobody.

The protocol is a datagram to the socket that ``NOTIFY_SOCKET`` names (sd_notify(3)). Only the standard library.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Systemd:
    """The service manager, if there is one.

    Args:
        environment: holds ``NOTIFY_SOCKET`` and, where it wants to hear us, ``WATCHDOG_USEC``.
    """

    environment: Mapping[str, str]
    _ready: bool = False
    _status: str = ""
    _patted: float = field(default=float("-inf"))

    def look(self, now: float, *, ready: bool, status: str) -> None:
        """Say what is new: ready once, the status when it changes, and that we live, twice in its patience.

        Args:
            now: monotonic seconds.
        """
        words = []
        if ready and not self._ready:
            self._ready = True
            words.append("READY=1")
        if status != self._status:
            self._status = status
            words.append(f"STATUS={status}")
        patience_s = int(self.environment.get("WATCHDOG_USEC", "0")) / 1_000_000
        if patience_s and now - self._patted >= patience_s / 2:
            self._patted = now
            words.append("WATCHDOG=1")
        if words:
            self.say("\n".join(words))

    def say(self, words: str) -> None:
        """Send words of the protocol; a service manager that does not listen is no trouble of ours."""
        place = self.environment.get("NOTIFY_SOCKET", "")
        if not place:
            return
        address = "\0" + place[1:] if place.startswith("@") else place
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
                out.sendto(words.encode(), address)
        except OSError:
            return
