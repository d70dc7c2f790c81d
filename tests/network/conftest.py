"""The network runs once per session; a machine that cannot have it skips, and says why."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.network.rig import Mode, Rig, missing, running


@pytest.fixture(scope="session")
def network() -> Iterator[Rig]:
    """The full network: a PDS and an AppView that sees what is posted there."""
    why = missing(Mode.FULL)
    if why:
        pytest.skip(why)
    with running(Mode.FULL) as rig:
        yield rig


@pytest.fixture(scope="session")
def pds(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """A PDS: the full network's own where that can run, else one that stands alone."""
    if missing(Mode.FULL) is None:
        yield request.getfixturevalue("network")
        return
    why = missing(Mode.PDS)
    if why:
        pytest.skip(why)
    with running(Mode.PDS) as rig:
        yield rig
