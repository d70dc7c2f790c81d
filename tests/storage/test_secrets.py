"""Secrets: unreadable in the files, in a repr and in an error; useless without the key."""

import asyncio
from pathlib import Path

import pytest

from bowerbird.core.errors import BadInput
from bowerbird.storage.cipher import Cipher
from tests.contracts.books import FINCH, WREN
from tests.storage.conftest import open_books

SECRET = "correct-horse-battery-staple"


async def test_a_secret_is_nowhere_in_the_files(tmp_path: Path) -> None:
    """Neither database, log nor key file holds its bytes; the next process reads it back."""
    books = await open_books(tmp_path)
    await books.save_secret(WREN, "password", SECRET)
    assert SECRET not in repr(vars(books)) + repr(books.cipher)
    seen = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert SECRET.encode() not in seen
    await books.close()
    again = await open_books(tmp_path)
    assert await again.load_secret(WREN, "password") == SECRET
    await again.close()


async def test_the_key_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    """The key file appears with the first secret, with mode 0600, and stays the same."""
    books = await open_books(tmp_path)
    assert await books.load_secret(WREN, "password") is None
    assert not (tmp_path / "secrets.key").exists()
    await books.save_secret(WREN, "password", SECRET)
    assert (tmp_path / "secrets.key").stat().st_mode & 0o777 == 0o600
    key = (tmp_path / "secrets.key").read_bytes()
    await books.save_secret(FINCH, "password", SECRET)
    assert (tmp_path / "secrets.key").read_bytes() == key
    await books.close()


async def _error(folder: Path) -> str:
    """What reading a secret says in this folder."""
    books = await open_books(folder)
    with pytest.raises(BadInput) as caught:
        await books.load_secret(WREN, "password")
    with pytest.raises(BadInput):
        await books.save_secret(FINCH, "password", SECRET)
    await books.close()
    assert SECRET not in str(caught.value)
    return str(caught.value)


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """A folder with one secret in it."""
    books = await open_books(tmp_path)
    await books.save_secret(WREN, "password", SECRET)
    await books.close()
    return tmp_path


async def test_a_key_that_others_may_read_is_refused(folder: Path) -> None:
    """The error gives the command that mends it."""
    (folder / "secrets.key").chmod(0o644)
    assert "chmod 600" in await _error(folder)


async def test_a_lost_key_is_not_replaced_in_silence(folder: Path) -> None:
    """While secrets depend on it, no new key is made: the old one may come back."""
    (folder / "secrets.key").unlink()
    assert "put it back, or sign in again" in await _error(folder)
    assert not (folder / "secrets.key").exists()


async def test_a_file_that_is_no_key_is_named(folder: Path) -> None:
    """A key file with something else in it is an error that says so."""
    (folder / "secrets.key").write_text("hello")
    assert "does not hold a key" in await _error(folder)


async def test_another_key_does_not_open_the_secrets(folder: Path) -> None:
    """A key of somebody else's leaves the secret closed, and says what to do."""
    await asyncio.to_thread(Cipher(folder / "other.key").lock, "x", may_make_key=True)
    (folder / "other.key").replace(folder / "secrets.key")
    books = await open_books(folder)
    with pytest.raises(BadInput, match="does not open the stored secrets"):
        await books.load_secret(WREN, "password")
    await books.close()
