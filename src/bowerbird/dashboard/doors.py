"""Who may come in: one password, a signed session, and a token on every form.

* The session is a signed cookie with an age; it holds a random name and nothing else. Signing out ends it here too,
  as long as this process lives.
* A form carries a token signed for that session, so another site cannot press our buttons.
* Wrong passwords are counted: after `TRIES_MAX` in `WINDOW_S` the door stays shut for the rest of the window.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer

from bowerbird.core.ports import Chance, Clock
from bowerbird.core.post import SECOND_US

COOKIE = "bowerbird_session"
AGE_S = 7 * 86_400
"""How long a session lasts, in seconds."""
TRIES_MAX = 10
"""Wrong passwords allowed in `WINDOW_S` seconds, from anywhere: this page is for a few people."""
WINDOW_S = 300.0
ENDED_MAX = 1_000
"""Ended sessions remembered; older ones are forgotten first."""


class ClockSigner(TimestampSigner):
    """Signs with the time of the clock that was handed in."""

    def __init__(self, *args: Any, clock: Clock, **named: Any) -> None:
        super().__init__(*args, **named)
        self._clock = clock

    def get_timestamp(self) -> int:
        """Seconds since 1970, by that clock."""
        return self._clock.now() // SECOND_US


@dataclass
class Doors:
    """Decides who is signed in."""

    password: str = field(repr=False)
    clock: Clock
    chance: Chance
    _wrong: deque[float] = field(default_factory=deque, repr=False)
    _ended: deque[str] = field(default_factory=partial(deque, maxlen=ENDED_MAX), repr=False)

    def __post_init__(self) -> None:
        # Derived from the password, so that sessions outlive a restart and end when the password is changed.
        secret = hashlib.sha256(b"bowerbird face sessions" + self.password.encode()).hexdigest()
        signing: dict[str, Any] = {"signer": ClockSigner, "signer_kwargs": {"clock": self.clock}}
        self._sessions = URLSafeTimedSerializer(secret, salt="session", **signing)
        self._forms = URLSafeTimedSerializer(secret, salt="form", **signing)

    def shut_s(self) -> float:
        """Seconds for which no password is looked at; 0 while the door is open."""
        now = self.clock.monotonic()
        while self._wrong and now - self._wrong[0] > WINDOW_S:
            self._wrong.popleft()
        return WINDOW_S - (now - self._wrong[0]) if len(self._wrong) >= TRIES_MAX else 0.0

    def sign_in(self, password: str) -> str | None:
        """Return a session for the right password, else None; the comparison takes the same time for any."""
        return str(self._sessions.dumps(self.chance.name("session"))) if self.fits(password) else None

    def fits(self, password: str) -> bool:
        """Tell whether the password is right; wrong ones are counted, and while the door is shut none is."""
        if self.shut_s():
            return False
        if hmac.compare_digest(password.encode(errors="replace"), self.password.encode()):
            self._wrong.clear()
            return True
        self._wrong.append(self.clock.monotonic())
        return False

    def known(self, cookie: str | None) -> str | None:
        """Return the session's name if the cookie is ours, fresh and not signed out, else None."""
        session = self._loaded(self._sessions, cookie)
        return None if session in self._ended else session

    def sign_out(self, session: str) -> None:
        """End a session, also for whoever copied its cookie."""
        self._ended.append(session)

    def form_token(self, session: str) -> str:
        """Return a token for the forms of this session."""
        return str(self._forms.dumps(session))

    def form_is_ours(self, session: str, token: str) -> bool:
        """Tell whether a form was made for this session."""
        return self._loaded(self._forms, token) == session

    @staticmethod
    def _loaded(serializer: URLSafeTimedSerializer, value: str | None) -> str | None:
        if not value:
            return None
        try:
            return str(serializer.loads(value, max_age=AGE_S))
        except (BadData, UnicodeEncodeError):  # the second: half a character, which no cookie of ours holds
            return None
