"""A machine that cannot have Prometheus skips these tests, and says why."""

import pytest

from tests.prometheus.rig import missing


@pytest.fixture(autouse=True)
def programs(request: pytest.FixtureRequest) -> None:
    """The programs are here, or the test is skipped by name."""
    why = missing()
    if why and request.node.get_closest_marker("prometheus"):
        pytest.skip(why)
