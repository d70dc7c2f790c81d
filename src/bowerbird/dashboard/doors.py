"""Who may come in: people with names and passwords, a signed session, and a token on every form.

* The owner's password is the setting `face.password`, or the one that was made at the first start; other people are in
  the books, their passwords hashed (`passwords`).
* The session is a signed cookie with an age; it holds a name, a random id and a stamp of the password it was made
  with. It ends when it is old, when its person is removed or gets another password, or when they sign out: that last
  holds also for whoever copied the cookie, as long as this process lives.
* A form carries a token signed for that session, so another site cannot press our buttons.
* Wrong passwords are counted by name and over all: after `TRIES_MAX` for a name, or `TRIES_ALL_MAX` for all, in
  `WINDOW_S` the door stays shut for the rest of the window. A try is counted before it is looked at, so many at once
  gain nothing.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer

from bowerbird.core.people import OWNER, Person, Role
from bowerbird.core.ports import Chance, Clock
from bowerbird.core.post import SECOND_US
from bowerbird.dashboard.passwords import NOBODY, fits

COOKIE = "bowerbird_session"
AGE_S = 7 * 86_400
"""How long a session lasts, in seconds."""
TRIES_MAX = 10
"""Wrong passwords allowed for one name in `WINDOW_S` seconds."""
TRIES_ALL_MAX = 50
"""Wrong passwords allowed over all names in `WINDOW_S` seconds, from anywhere: this page is for a few people."""
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


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in: their name, what they may do, and the random name of their session."""

    name: str
    role: Role
    session: str


@dataclass
class Doors:
    """Decides who is signed in.

    Args:
        password: the owner's.
        people: everybody else who may come in, by name; kept up to date by `meet`.
    """

    password: str = field(repr=False)
    clock: Clock
    chance: Chance
    people: Mapping[str, Person] = field(default_factory=dict)
    _tries: deque[tuple[float, str]] = field(default_factory=deque, repr=False)
    _ended: deque[str] = field(default_factory=partial(deque, maxlen=ENDED_MAX), repr=False)

    def __post_init__(self) -> None:
        # Derived from the password, so that sessions outlive a restart and end when the password is changed.
        secret = hashlib.sha256(b"bowerbird face sessions" + self.password.encode()).hexdigest()
        signing: dict[str, Any] = {"signer": ClockSigner, "signer_kwargs": {"clock": self.clock}}
        self._sessions = URLSafeTimedSerializer(secret, salt="session", **signing)
        self._forms = URLSafeTimedSerializer(secret, salt="form", **signing)

    def meet(self, people: Iterable[Person]) -> None:
        """Learn who may come in; the owner is always among them, and nobody in the books can take that name."""
        self.people = {one.name: one for one in people if one.ended_at is None and one.name != OWNER}

    def shut_s(self, name: str = OWNER) -> float:
        """Seconds for which no password of this name is looked at; 0 while the door is open."""
        now = self.clock.monotonic()
        while self._tries and now - self._tries[0][0] > WINDOW_S:
            self._tries.popleft()
        mine = [at for at, tried in self._tries if tried == name]
        waits = [mine[0]] if len(mine) >= TRIES_MAX else []
        waits += [self._tries[0][0]] if len(self._tries) >= TRIES_ALL_MAX else []
        return max((WINDOW_S - (now - at) for at in waits), default=0.0)

    def sign_in(self, password: str, name: str = OWNER) -> str | None:
        """Return a session for the right password of this person, else None."""
        if not self.fits(password, name):
            return None
        return str(self._sessions.dumps([name, self.chance.name("session"), self._stamp(name)]))

    def fits(self, password: str, name: str = OWNER) -> bool:
        """Tell whether the password is this person's; wrong ones are counted, and while the door is shut none is.

        Hashing takes some 0.2 s of a processor for everybody but the owner: call it outside the loop.
        """
        if self.shut_s(name):
            return False
        self._tries.append((self.clock.monotonic(), name))
        if name == OWNER:
            right = hmac.compare_digest(password.encode(errors="replace"), self.password.encode())
        else:
            person = self.people.get(name)
            right = fits(password, person.password if person else NOBODY) and person is not None
        if right:
            self._tries = deque(each for each in self._tries if each[1] != name)
        return right

    def known(self, cookie: str | None) -> Visitor | None:
        """Return who this is, if the cookie is ours, fresh and not signed out, and the person is still the same."""
        found = self._loaded(self._sessions, cookie)
        if not isinstance(found, list):
            return None
        name, session, stamp = found
        role = Role.OWNER if name == OWNER else self.people[name].role if name in self.people else None
        if role is None or session in self._ended or stamp != self._stamp(name):
            return None
        return Visitor(name, role, session)

    def sign_out(self, session: str) -> None:
        """End a session, also for whoever copied its cookie."""
        self._ended.append(session)

    def form_token(self, session: str) -> str:
        """Return a token for the forms of this session."""
        return str(self._forms.dumps(session))

    def form_is_ours(self, session: str, token: str) -> bool:
        """Tell whether a form was made for this session."""
        return bool(self._loaded(self._forms, token) == session)

    def _stamp(self, name: str) -> str:
        kept = self.people[name].password if name in self.people else ""
        return hashlib.sha256(kept.encode()).hexdigest()[:16]

    def _loaded(self, serializer: URLSafeTimedSerializer, value: str | None) -> Any:
        """What was signed, if it is ours and made within `AGE_S` of now, before or after: a wall clock that is set
        back must not turn everybody out just when they want to look.
        """
        if not value:
            return None
        try:
            found, made_at = serializer.loads(value, return_timestamp=True)
            return found if abs(self.clock.now() / SECOND_US - made_at.timestamp()) <= AGE_S else None
        except (BadData, UnicodeEncodeError):  # the second: half a character, which no cookie of ours holds
            return None
