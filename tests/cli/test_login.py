"""Signing in by hand: a window where there is a display, a file where there is none, and X only at the owner's word."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from bowerbird.app.books import open_books
from bowerbird.app.login import session_for
from bowerbird.clock import SystemClock
from bowerbird.core.account import Account
from bowerbird.core.books import Batch
from bowerbird.core.errors import BadInput
from bowerbird.platforms.web.session import Session
from bowerbird.platforms.web.sites import X
from bowerbird.settings import load
from tests.cli.test_bad_input import Run
from tests.cli.test_bad_input import bowerbird as one_command

bowerbird = one_command

FINCH = Account(id="sandbox-web:finch", platform="sandbox-web", handle="finch", url="http://127.0.0.1:8421")
COOKIE = {"name": "sandbox_session", "value": "s3cret", "domain": "127.0.0.1", "path": "/"}


@pytest.fixture
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_display_the_other_way_is_explained(no_display: None, tmp_path: Path) -> None:
    """With the command for the other computer, and a word about the file."""
    with pytest.raises(BadInput) as refused:
        asyncio.run(session_for(load(None, data__folder=str(tmp_path)), FINCH, None))
    assert "--save-storage" in str(refused.value)
    assert "delete it" in str(refused.value)


def test_x_is_not_signed_in_to_before_its_owner_wrote_the_sentence(no_display: None, tmp_path: Path) -> None:
    """Not with a file either; afterwards only the display is missing."""
    account = Account(id="x:finch", platform="x", handle="finch", url="https://x.com")
    for file in (None, tmp_path / "state.json"):
        with pytest.raises(BadInput, match="switched off"):
            asyncio.run(session_for(load(None, data__folder=str(tmp_path)), account, file))
    with pytest.raises(BadInput, match="no display"):
        asyncio.run(session_for(load(None, data__folder=str(tmp_path), web__x_risk=X.risk), account, None))


def test_an_account_with_a_password_needs_no_window(tmp_path: Path) -> None:
    """It is connected again instead."""
    account = Account(id="bluesky:finch", platform="bluesky", handle="finch")
    with pytest.raises(BadInput, match="connect it again"):
        asyncio.run(session_for(load(None, data__folder=str(tmp_path)), account, None))


def test_a_file_is_imported_and_kept_encrypted(bowerbird: Run, tmp_path: Path) -> None:
    """The books hold the session and when it began; the file's words stand nowhere in them."""
    data = tmp_path / "data"
    settings = load(None, data__folder=str(data))

    async def with_account() -> None:
        books = await open_books(settings, SystemClock(), engine=False)
        await books.record(Batch(accounts=(FINCH,)))
        await books.close()

    async def kept() -> tuple[str | None, str | None]:
        books = await open_books(settings, SystemClock(), engine=False)
        found = [await books.load_secret(FINCH.id, name) for name in ("web_state", "web_session")]
        await books.close()
        return found[0], found[1]

    asyncio.run(with_account())
    file = tmp_path / "state.json"
    file.write_text(json.dumps({"cookies": [COOKIE]}))
    code, said = bowerbird("login", FINCH.id, "--import", str(file))
    assert code == 0, said
    assert "is signed in" in said
    state, session = asyncio.run(kept())
    assert json.loads(state or "")["cookies"][0]["value"] == "s3cret"
    assert Session.recalled(session).born_at is not None
    books_files = [one for one in data.rglob("*") if one.is_file()]
    assert not [one for one in books_files if b"s3cret" in one.read_bytes()]
    code, said = bowerbird("login", "sandbox-web:nobody", "--import", str(file))
    assert code == 1
    assert "there is no account" in said
