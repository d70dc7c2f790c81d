"""An account that said who it is and is no account yet: a person looks at it, and says yes or no."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from bowerbird.core.gauge import Snapshot
from bowerbird.core.ports import Identity

NEWCOMER = "newcomer"
"""The name of the snapshot, and of its secrets while it waits; there is one at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """Whom a platform says that the given handle and password belong to.

    Args:
        platform, login, url: what was given: the adapter's name, the handle, the server's address.
        id, handle, name, followers: what the platform says; name is empty and followers None where it says nothing.
        by: who typed it. secrets: the names of what was opened, never what is in it.
    """

    platform: str
    login: str
    url: str
    id: str
    handle: str
    name: str = ""
    followers: int | None = None
    by: str = ""
    secrets: tuple[str, ...] = ()

    @property
    def who(self) -> Identity:
        """As the platform said it."""
        return Identity(id=self.id, handle=self.handle, followers=self.followers, name=self.name)

    def kept(self, *, now: int) -> Snapshot:
        """It, to be written down."""
        return Snapshot(name=NEWCOMER, at=now, data={**asdict(self), "secrets": list(self.secrets)})


def nobody(*, now: int) -> Snapshot:
    """That nobody waits, to be written down."""
    return Snapshot(name=NEWCOMER, at=now, data={})


def newcomer_of(snapshot: Snapshot | None) -> Newcomer | None:
    """Who waits, if anybody does."""
    if snapshot is None or not snapshot.data:
        return None
    return Newcomer(**{**snapshot.data, "secrets": tuple(snapshot.data["secrets"])})
