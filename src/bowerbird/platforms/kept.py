"""An account's secrets as an adapter asks for them: what the books cannot give is a remedy, never a surprise."""

from __future__ import annotations

from bowerbird.core.books import Secrets
from bowerbird.core.errors import BadInput, SignedOut, StorageError, Unreachable


async def load(secrets: Secrets, account_id: str, name: str) -> str | None:
    """Return a secret, or None if there is none.

    Raises:
        Unreachable: the books cannot be read just now; nothing was asked of the platform.
        SignedOut: the books were locked with another key, so a person has to sign in again.
    """
    try:
        return await secrets.load_secret(account_id, name)
    except StorageError as error:
        raise Unreachable(f"the {name} could not be read from the books: {error}", reason="storage") from error
    except BadInput as error:
        raise SignedOut(f"the {name} in the books cannot be opened: {error}", reason="secrets") from error


async def save(secrets: Secrets, account_id: str, name: str, value: str) -> bool:
    """Keep a secret and tell whether it was kept; one that was not costs a sign-in after the next start."""
    try:
        await secrets.save_secret(account_id, name, value)
    except (StorageError, BadInput):
        return False
    return True
