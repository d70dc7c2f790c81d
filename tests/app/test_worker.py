"""A process of a running Bowerbird: told by its words, and started without what only people need."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bowerbird.app.worker import asked
from bowerbird.cli.operate import Place, children


@pytest.mark.parametrize("place", [Place(None, None), Place("/there", None), Place("/there", "/some.toml")])
def test_what_the_guardian_starts_is_understood(place: Place) -> None:
    """The words that are written down for it are the ones that are read."""
    for row in children(place):
        words = row["argv"][row["argv"].index("bowerbird") + 1 :]
        found = asked(words)
        assert found is not None
        assert found[1] == row["name"]
        assert list(found[0].values()) == [each for each in (place.data, place.file) if each]


@pytest.mark.parametrize(
    "line", ["", "run", "worker", "why worker engine", "--data worker engine", "worker engine now"]
)
def test_whatever_a_person_types_is_a_command(line: str) -> None:
    """Also one in which the word happens to stand."""
    assert asked(line.split()) is None


def test_a_worker_reads_no_command_line_library() -> None:
    """It would be a tenth of its start."""
    line = "import sys; import bowerbird.app.worker, bowerbird.app.engine; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True).stdout.split()
    late = {"typer", "pydantic", "apprise", "alembic", "playwright", "numpy", "jinja2", "httpx", "feedparser"}
    assert late.isdisjoint(found)
