"""Secrets at rest: encrypted under a key in a file of its own, which only its owner may read."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from bowerbird.core.errors import BadInput, StorageFull

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

OWNER_ONLY = 0o600


class Cipher:
    """Locks and unlocks secrets with Fernet (AES-128-CBC and HMAC-SHA-256, from `cryptography`).

    Args:
        key_file: where the key is; made with mode 0600 when the first secret is stored.
    """

    def __init__(self, key_file: Path) -> None:
        self._key_file = key_file
        self._fernet: Fernet | None = None

    def __repr__(self) -> str:
        return f"Cipher({str(self._key_file)!r})"

    def lock(self, value: str, *, may_make_key: bool) -> bytes:
        """Encrypt a secret; a missing key is only made while no secret depends on it."""
        if self._fernet is None and may_make_key and not self._key_file.exists():
            self._make_key()
        return self._loaded().encrypt(value.encode())

    def unlock(self, token: bytes) -> str:
        """Decrypt a secret; `BadInput` if the key is another one."""
        from cryptography.fernet import InvalidToken

        try:
            return self._loaded().decrypt(token).decode()
        except InvalidToken:
            raise BadInput(
                f"the key in {self._key_file} does not open the stored secrets; "
                "put the right key file back, or sign in again"
            ) from None

    def _loaded(self) -> Fernet:
        if self._fernet is None:
            self._fernet = self._load()
        return self._fernet

    def _load(self) -> Fernet:
        from cryptography.fernet import Fernet

        try:
            mode = stat.S_IMODE(self._key_file.stat().st_mode)
            if mode & 0o077:
                raise BadInput(f"others may read the key file {self._key_file}; run: chmod 600 {self._key_file}")
            return Fernet(self._key_file.read_bytes().strip())
        except OSError as error:
            raise BadInput(
                f"the key file {self._key_file} cannot be read ({error.strerror}); put it back, or sign in again"
            ) from None
        except ValueError:
            raise BadInput(f"{self._key_file} does not hold a key; put the right file back, or sign in again") from None

    def _make_key(self) -> None:
        """Write a new key beside its place, then link it there: nobody ever reads half a key."""
        from cryptography.fernet import Fernet

        draft = self._key_file.with_name(f"{self._key_file.name}.{os.getpid()}")
        try:
            self._key_file.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, OWNER_ONLY)
            with os.fdopen(fd, "wb") as file:
                file.write(Fernet.generate_key())
                file.flush()
                os.fsync(fd)
            _link_once(draft, self._key_file)
        except OSError as error:
            raise StorageFull(f"the key file {self._key_file} cannot be written: {error.strerror}") from error
        finally:
            draft.unlink(missing_ok=True)


def _link_once(draft: Path, place: Path) -> None:
    """Put the draft into its place unless another process was first."""
    try:
        os.link(draft, place)
    except FileExistsError:
        return
