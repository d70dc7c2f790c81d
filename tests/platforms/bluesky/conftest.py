"""An adapter on the PDS in memory, under a clock that the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bowerbird.clock import VirtualClock
from bowerbird.platforms.bluesky import Bluesky
from tests.platforms.bluesky.fake_pds import HANDLE, PASSWORD, URL, FakePds
from tests.platforms.bluesky.made import KeptSession


@pytest.fixture
def pds() -> FakePds:
    """The server."""
    return FakePds()


@pytest.fixture
def clock() -> VirtualClock:
    """Time."""
    return VirtualClock()


@pytest.fixture
def kept() -> KeptSession:
    """Where the session is kept."""
    return KeptSession()


@pytest.fixture
async def wren(pds: FakePds, clock: VirtualClock, kept: KeptSession, tmp_path: Path) -> AsyncIterator[Bluesky]:
    """The adapter of one account, with pictures from a folder of the test."""
    async with pds.client() as http:
        yield Bluesky(URL, HANDLE, PASSWORD, kept, clock, http, media_root=tmp_path)
