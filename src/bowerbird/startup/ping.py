"""Call an address outside for as long as all is well, so that somebody notices when this machine dies.

As healthchecks.io and its kin expect it: a GET every minute, and one to ``/fail`` as soon as something is wrong. Only
the standard library, in a thread of its own.
"""

from __future__ import annotations

import threading
import urllib.request
from collections.abc import Mapping
from typing import Any

from bowerbird.startup.messenger import SEND_S, wall

URL = "BOWERBIRD_PING_URL"
EVERY = "BOWERBIRD_PING_EVERY_S"
EVERY_S = 60.0
"""Seconds between two calls, unless the environment says otherwise."""
AGAIN_S = 5.0
"""A call that failed is tried again after so many seconds."""


class Ping(threading.Thread):
    """Calls the address in the environment, if there is one.

    Args:
        ok_at: when a call was answered last, UTC microseconds.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__(name="ping", daemon=True)
        self._url = environment.get(URL, "").rstrip("/")
        self.every_s = float(environment.get(EVERY) or EVERY_S)
        self.ok_at: int | None = None
        self._well: bool | None = None
        self._changed = threading.Event()
        if self._url:
            self.start()

    def say(self, *, well: bool) -> None:
        """Say how it is; a change is passed on at once."""
        if well is not self._well:
            self._well = well
            self._changed.set()

    def row(self) -> dict[str, Any]:
        """How the ping is, as JSON values; never its address."""
        return {"set": bool(self._url), "ok_at": self.ok_at, "every_s": self.every_s}

    def run(self) -> None:
        """Call for ever; while something is wrong only once, for the silence afterwards says the rest."""
        said: bool | None = None
        wait_s: float | None = None
        while True:
            self._changed.wait(wait_s)
            self._changed.clear()
            well = self._well
            if well is None or (not well and said is False):
                wait_s = None
                continue
            done = self._call("" if well else "/fail")
            said = well if done else None
            wait_s = self.every_s if done else min(AGAIN_S, self.every_s)

    def _call(self, path: str) -> bool:
        try:
            with urllib.request.urlopen(self._url + path, timeout=SEND_S):  # noqa: S310 - the owner's own address
                self.ok_at = wall()
                return True
        except (OSError, ValueError):
            return False  # tried again; that its calls stay away is what the other side listens for
