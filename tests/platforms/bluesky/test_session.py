"""The session: kept, renewed once for all, and never lost to a passing fault."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import httpx
import pytest

from bowerbird.clock import VirtualClock
from bowerbird.core.errors import BadInput, RateLimited, SignedOut, StorageTimeout, Unreachable
from bowerbird.platforms.bluesky import Bluesky, StoredSession
from bowerbird.platforms.bluesky.session import FLOOR_S, Tokens
from tests.platforms.bluesky.fake_pds import HANDLE, PASSWORD, URL, FakePds, error
from tests.platforms.bluesky.made import KeptSession, frozen, post

REFRESH = "com.atproto.server.refreshSession"
SIGN_IN = "com.atproto.server.createSession"


def again(pds: FakePds, clock: VirtualClock, kept: KeptSession, password: str = PASSWORD) -> Bluesky:
    """The adapter after a restart."""
    return Bluesky(URL, HANDLE, password, kept, clock, pds.client())


async def test_fifty_callers_with_an_expired_token_make_one_renewal(wren: Bluesky, pds: FakePds) -> None:
    """One asks, fifty go on."""
    await wren.whoami()
    pds.expire()
    await asyncio.gather(*(wren.whoami() for _ in range(50)))
    assert pds.how_often("refreshSession") == 1
    assert pds.how_often("createSession") == 1


async def test_fifty_first_callers_sign_in_once(wren: Bluesky, pds: FakePds) -> None:
    """Signing in is rationed, so it is shared as well."""
    await asyncio.gather(*(wren.whoami() for _ in range(50)))
    assert pds.how_often("createSession") == 1


async def test_a_cancelled_caller_does_not_cancel_the_renewal_of_the_others(wren: Bluesky, pds: FakePds) -> None:
    """The one who happened to be first may leave; the renewal goes on."""
    await wren.whoami()
    pds.expire()
    first, second = asyncio.create_task(wren.whoami()), asyncio.create_task(wren.whoami())
    for _ in range(3):  # far enough for the request to be on its way
        await asyncio.sleep(0)
    assert pds.how_often("refreshSession") == 1
    first.cancel()
    assert (await second).handle == HANDLE
    assert pds.how_often("refreshSession") == 1


async def test_a_restart_takes_the_kept_session(
    wren: Bluesky, pds: FakePds, clock: VirtualClock, kept: KeptSession
) -> None:
    """Nobody signs in again, and no password is needed."""
    await wren.whoami()
    assert (await again(pds, clock, kept, password="").whoami()).handle == HANDLE
    assert pds.how_often("createSession") == 1


@pytest.mark.parametrize(
    "answer", [error("InternalServerError", 500), httpx.ReadTimeout("late"), httpx.ConnectError("down")]
)
async def test_a_passing_fault_is_never_a_dead_session(
    wren: Bluesky, pds: FakePds, kept: KeptSession, answer: httpx.Response | httpx.HTTPError
) -> None:
    """The renewal fails; the last good session is still kept and is renewed the next time."""
    await wren.whoami()
    before = kept.text
    pds.expire()
    pds.fail(REFRESH, answer)
    with pytest.raises(Unreachable):
        await wren.whoami()
    assert kept.text == before
    assert (await wren.whoami()).handle == HANDLE
    assert pds.how_often("createSession") == 1


@pytest.mark.parametrize("blank", ["did", "accessJwt", "refreshJwt"])
async def test_no_answer_can_blank_a_token(wren: Bluesky, pds: FakePds, kept: KeptSession, blank: str) -> None:
    """A renewal that answers 200 without a token changes nothing."""
    await wren.whoami()
    before = kept.text
    pds.expire()
    answer = {"did": "did:plc:wren", "handle": HANDLE, "accessJwt": "a", "refreshJwt": "r", blank: ""}
    pds.fail(REFRESH, httpx.Response(200, json=answer))
    with pytest.raises(Unreachable):
        await wren.whoami()
    assert kept.text == before


async def test_a_dead_refresh_token_signs_in_with_the_password(
    wren: Bluesky, pds: FakePds, clock: VirtualClock
) -> None:
    """After ninety days the password is asked for again, once."""
    await wren.whoami()
    clock.advance(91 * 86_400)
    pds.expire()
    pds.refresh = ""
    assert (await wren.whoami()).handle == HANDLE
    assert pds.how_often("createSession") == 2


async def test_a_session_that_is_refused_right_after_its_renewal_is_signed_out(wren: Bluesky, pds: FakePds) -> None:
    """A server that refuses what it has just given is not asked for ever."""
    await wren.whoami()
    pds.fail("com.atproto.server.getSession", error("ExpiredToken"), error("ExpiredToken"))
    with pytest.raises(SignedOut):
        await wren.whoami()
    assert pds.how_often("refreshSession") == 1


async def test_a_token_merely_disliked_is_renewed_at_most_every_ten_minutes(
    wren: Bluesky, pds: FakePds, clock: VirtualClock
) -> None:
    """A server that calls every token invalid cannot make us spin."""
    await wren.whoami()
    for _ in range(5):
        pds.expire("InvalidToken")
        with pytest.raises(SignedOut):
            await wren.whoami()
    assert pds.how_often("refreshSession") == 0
    clock.advance(FLOOR_S)
    assert (await wren.whoami()).handle == HANDLE
    assert pds.how_often("refreshSession") == 1


async def test_a_wrong_password_is_tried_once_in_ten_minutes(
    pds: FakePds, clock: VirtualClock, kept: KeptSession
) -> None:
    """Thirty tries in five minutes would lock the account out."""
    wren = again(pds, clock, kept, password="wrong")
    for _ in range(10):
        with pytest.raises(SignedOut) as signed_out:
            await wren.whoami()
        assert signed_out.value.reason == "password"
    assert pds.how_often("createSession") == 1
    clock.advance(FLOOR_S)
    with pytest.raises(SignedOut):
        await wren.whoami()
    assert pds.how_often("createSession") == 2


async def test_a_rationed_sign_in_says_when(wren: Bluesky, pds: FakePds, clock: VirtualClock) -> None:
    """The server's own limit on sign-ins is passed on."""
    pds.fail(SIGN_IN, error("RateLimitExceeded", 429, retry_after="289"))
    with pytest.raises(RateLimited) as limited:
        await wren.whoami()
    assert limited.value.retry_at == clock.now() + 289_000_000


async def test_no_password_and_no_session_asks_a_person(pds: FakePds, clock: VirtualClock, kept: KeptSession) -> None:
    """Nothing is asked of the server."""
    with pytest.raises(SignedOut) as signed_out:
        await again(pds, clock, kept, password="").whoami()
    assert signed_out.value.reason == "no_password"
    assert pds.calls == []


@pytest.mark.parametrize("change", [{"server": "https://elsewhere.test"}, {"login": "finch.test"}, {"access": ""}])
async def test_a_kept_session_of_another_server_or_person_is_not_used(
    wren: Bluesky, pds: FakePds, clock: VirtualClock, kept: KeptSession, change: dict[str, str]
) -> None:
    """Tokens are not carried elsewhere, and a damaged session is none."""
    await wren.whoami()
    kept.text = json.dumps({**json.loads(kept.text or ""), **change})
    await again(pds, clock, kept).whoami()
    assert pds.how_often("createSession") == 2


class ClosedBooks(KeptSession):
    """Books that cannot be read or written just now."""

    closed = True

    async def load(self) -> str | None:
        """Fail, or load."""
        if self.closed:
            raise StorageTimeout
        return await super().load()

    async def save(self, text: str) -> None:
        """Fail, or save."""
        if self.closed:
            raise StorageTimeout
        await super().save(text)


async def test_books_that_cannot_be_read_do_not_mean_that_there_is_no_session(
    pds: FakePds, clock: VirtualClock
) -> None:
    """Signing in then would spend one of the day's few sign-ins, each time."""
    with pytest.raises(Unreachable):
        await again(pds, clock, ClosedBooks()).whoami()
    assert pds.calls == []


async def test_a_session_locked_with_another_key_asks_a_person(pds: FakePds, clock: VirtualClock) -> None:
    """After a restore without the key file nobody signs in behind the owner's back."""

    class AnotherKey(KeptSession):
        """A session that cannot be decrypted."""

        async def load(self) -> str | None:
            """Say that the key does not fit."""
            raise BadInput("the key does not open the stored secrets")

    with pytest.raises(SignedOut) as signed_out:
        await again(pds, clock, AnotherKey()).whoami()
    assert signed_out.value.reason == "secrets"
    assert pds.calls == []


async def test_a_renewal_that_could_not_be_kept_is_kept_later(
    wren: Bluesky, pds: FakePds, clock: VirtualClock, kept: KeptSession
) -> None:
    """We go on with the new tokens, and write them down as soon as the books are open."""
    await wren.whoami()
    books = ClosedBooks(kept.text)
    books.closed = False
    adapter = again(pds, clock, books)
    await adapter.whoami()
    books.closed = True
    pds.expire()
    await adapter.whoami()
    assert books.saves == []
    books.closed = False
    await adapter.whoami()
    assert json.loads(books.text or "")["refresh"] == pds.refresh


async def test_no_secret_is_shown(wren: Bluesky, kept: KeptSession, pds: FakePds) -> None:
    """Neither the session nor an error shows a token or the password."""
    await wren.whoami()
    tokens = Tokens.parse(kept.text)
    assert tokens is not None
    shown = repr(tokens) + repr(wren._session)
    assert not any(secret in shown for secret in (pds.access, pds.refresh, PASSWORD))


async def test_a_locked_account_is_not_signed_in_again(wren: Bluesky, pds: FakePds) -> None:
    """A lock found at the renewal is told; signing in would not open it."""
    made = await frozen(wren, post())
    await wren.whoami()
    pds.expire()
    pds.fail(REFRESH, error("AccountTakedown", 401))
    with pytest.raises(SignedOut) as signed_out:
        await wren.publish(made)
    assert signed_out.value.reason == "locked"
    assert pds.how_often("createSession") == 1


class Safe:
    """Secrets of many accounts, as the books keep them."""

    def __init__(self) -> None:
        self.secrets: dict[tuple[str, str], str] = {}

    async def load_secret(self, account_id: str, name: str) -> str | None:
        """One secret."""
        return self.secrets.get((account_id, name))

    async def save_secret(self, account_id: str, name: str, value: str) -> None:
        """Keep one."""
        self.secrets[account_id, name] = value


async def test_two_accounts_keep_two_sessions_in_the_books() -> None:
    """Each account's session stands under its own name."""
    safe = Safe()
    one, two = StoredSession(safe, "bluesky:wren"), StoredSession(safe, "bluesky:finch")
    await one.save("first")
    await two.save("second")
    assert (await one.load(), await two.load()) == ("first", "second")
    assert await replace(one, name="other").load() is None
