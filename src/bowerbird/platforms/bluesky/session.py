"""Who we are on Bluesky: signing in, and one renewal however many ask for it.

Rules, each paid for by somebody else's incident:

* A session is kept, encrypted by the storage, so a restart never signs in: Bluesky allows 300 a day.
* Fifty callers with an expired token make one renewal; a cancelled caller does not cancel it for the others.
* A token that the server merely dislikes is renewed at most every `FLOOR_S`; an expired one at once.
* A passing fault (no network, 5xx, no answer) is never a dead session: the last good one stays.
* What is kept is whole or is not kept: no answer, however odd, can blank a token.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from bowerbird.core.books import Secrets
from bowerbird.core.errors import BadInput, Refused, SignedOut, StorageError, Unreachable
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US
from bowerbird.platforms.bluesky.errors import garbled
from bowerbird.platforms.bluesky.xrpc import Xrpc

FLOOR_S = 600.0
"""Shortest time between two renewals that no expiry asked for, and between two sign-ins, seconds."""


class Sessions(Protocol):
    """Where one account's session is kept, as an opaque text."""

    async def load(self) -> str | None:
        """The text kept last, or None."""

    async def save(self, text: str) -> None:
        """Keep it instead of the old one, in one step."""


@dataclass(frozen=True, slots=True)
class StoredSession:
    """One account's session in the books."""

    secrets: Secrets
    account_id: str
    name: str = "session"

    async def load(self) -> str | None:
        """The session kept last, or None."""
        return await self.secrets.load_secret(self.account_id, self.name)

    async def save(self, text: str) -> None:
        """Keep it encrypted."""
        await self.secrets.save_secret(self.account_id, self.name, text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """A session: whose it is, where it holds, and its two tokens, which are never shown.

    `server` and `login` are what it was opened with: tokens are not carried to another server or person.
    """

    server: str
    login: str
    did: str
    handle: str
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    renewed_at: int

    def __post_init__(self) -> None:
        """A session with an empty part is none."""
        if not all((self.did, self.access, self.refresh)):
            raise ValueError("a session needs a DID and both tokens")

    @classmethod
    def parse(cls, text: str | None) -> Tokens | None:
        """Read a kept session; None if there is none or it is damaged."""
        try:
            return cls(**json.loads(text or ""))
        except (ValueError, TypeError):
            return None


class Session:
    """The session of one account, opened when first needed.

    Args:
        xrpc: the server.
        login: handle, DID or mail address.
        password: an app password; empty if there is none any more.
        sessions: where the session is kept.
    """

    def __init__(self, xrpc: Xrpc, login: str, password: str, sessions: Sessions, clock: Clock) -> None:
        self._xrpc = xrpc
        self._login = login
        self._password = password
        self._sessions = sessions
        self._clock = clock
        self._tokens: Tokens | None = None
        self._unsaved = False
        self._work: asyncio.Task[Tokens] | None = None
        self._signed_in_at: float | None = None
        self._refusal: SignedOut | None = None

    def __repr__(self) -> str:
        """Never shows a secret."""
        return f"<Session of {self._login}>"

    async def tokens(self) -> Tokens:
        """Return the session: the one in use, the kept one, or a new one. Raises `PlatformError`s."""
        if self._tokens is None:
            return await self._once(self._open)
        if self._unsaved:
            await self._save(self._tokens)
        return self._tokens

    async def renew(self, stale: Tokens, *, expired: bool) -> Tokens:
        """Return a session newer than `stale`, renewing it only if nobody has done so already."""
        if self._tokens is not None and self._tokens.access != stale.access:
            return self._tokens
        return await self._once(lambda: self._renew(stale, expired=expired))

    async def _once(self, work: Callable[[], Coroutine[Any, Any, Tokens]]) -> Tokens:
        """Join the work that is going on, or begin it. It outlives callers that are cancelled."""
        if self._work is None or self._work.done():
            self._work = asyncio.get_running_loop().create_task(work())
            self._work.add_done_callback(_witnessed)
        return await asyncio.shield(self._work)

    async def _open(self) -> Tokens:
        """Take the kept session if it is ours; sign in only if there is none."""
        try:
            kept = Tokens.parse(await self._sessions.load())
        except StorageError as error:
            # Not "no session": signing in now would throw a good one away and spend one of the day's 300.
            raise Unreachable(f"The kept session could not be read: {error}", reason="storage") from error
        except BadInput as error:  # another key than the one it was locked with: only a person has that
            raise SignedOut(f"The kept session cannot be opened: {error}", reason="secrets") from error
        if kept and (kept.server, kept.login) == (self._xrpc.base_url, self._login):
            self._tokens = kept
            return kept
        return await self._sign_in()

    async def _renew(self, stale: Tokens, *, expired: bool) -> Tokens:
        """Renew with the refresh token; if that is dead, sign in anew."""
        if expired or self._clock.now() - stale.renewed_at >= FLOOR_S * SECOND_US:
            try:
                answer = await self._xrpc.procedure(
                    "com.atproto.server.refreshSession", token=stale.refresh, write=False
                )
            except SignedOut as error:
                if error.reason in {"locked", "deactivated"}:
                    raise
            except Refused:
                pass
            else:
                return await self._keep(answer)
        return await self._sign_in()

    async def _sign_in(self) -> Tokens:
        """Open a new session, at most every `FLOOR_S`: Bluesky locks out who asks 30 times in 5 minutes."""
        if not self._password:
            raise SignedOut(f"There is no app password for {self._login}.", reason="no_password")
        now = self._clock.monotonic()
        if self._signed_in_at is not None and now - self._signed_in_at < FLOOR_S:
            raise self._refusal or SignedOut("Bluesky does not take the session it gave us.", reason="token")
        credentials = {"identifier": self._login, "password": self._password}
        try:
            answer = await self._xrpc.procedure("com.atproto.server.createSession", credentials, write=False)
        except SignedOut as error:
            self._signed_in_at, self._refusal = now, error
            raise
        except Refused as error:
            self._signed_in_at, self._refusal = now, SignedOut(str(error), reason="password")
            raise self._refusal from error
        self._signed_in_at, self._refusal = now, None
        return await self._keep(answer)

    async def _keep(self, answer: dict[str, Any]) -> Tokens:
        try:
            tokens = Tokens(
                server=self._xrpc.base_url,
                login=self._login,
                did=str(answer.get("did") or ""),
                handle=str(answer.get("handle") or self._login),
                access=str(answer.get("accessJwt") or ""),
                refresh=str(answer.get("refreshJwt") or ""),
                renewed_at=self._clock.now(),
            )
        except ValueError as error:
            raise garbled(write=False) from error
        self._tokens = tokens
        await self._save(tokens)
        return tokens

    async def _save(self, tokens: Tokens) -> None:
        """Keep the session. If the books are closed just now we go on, and try again at the next call."""
        try:
            await self._sessions.save(json.dumps(asdict(tokens)))
        except (StorageError, BadInput):
            self._unsaved = True
        else:
            self._unsaved = False


def _witnessed(work: asyncio.Task[Tokens]) -> None:
    """Look at the outcome, so that a failure whose callers have all gone is not reported as forgotten."""
    if not work.cancelled():
        work.exception()
