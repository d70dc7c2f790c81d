"""What holds for every test: nobody blocks the event loop, and nobody's own settings leak in."""

import os
import traceback
from collections.abc import Iterator

import blockbuster
import hypothesis
import pytest
from blockbuster import BlockBuster, BlockingError

from tests.proving import pytest_collection_modifyitems, pytest_runtest_logreport, pytest_sessionfinish

__all__ = ["pytest_collection_modifyitems", "pytest_runtest_logreport", "pytest_sessionfinish"]

# How long one example takes says how busy the machine is, and no test measures that.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")

# Where the product may block the loop after all, each with its reason; no call named means all of them.
MAY_BLOCK: dict[tuple[str, str], tuple[str, ...]] = {
    # A template is read from disk once, then kept; a page is not worth a thread for it.
    ("jinja2/loaders.py", "get_source"): ("io.BufferedReader.read", "io.TextIOWrapper.read", "os.stat"),
    # Inline books are for the simulation, whose loop serves nobody else meanwhile.
    ("storage/sqlite/inline.py", "at_once"): (),
    # A time zone is read from disk once, then kept: a millisecond, and the virtual loop has no threads.
    ("bowerbird/planning/calendar.py", "zone_of"): ("io.BufferedReader.read", "io.TextIOWrapper.read", "os.stat"),
    # A drill's own file is read by a process that is being drilled, and by no other.
    ("bowerbird/resilience/failpoints.py", "_look"): ("io.BufferedReader.read", "io.TextIOWrapper.read", "os.stat"),
    # To block the loop is what this failpoint is for.
    ("bowerbird/resilience/failpoints.py", "_struck"): ("time.sleep",),
}


class WitnessedBlockingError(BlockingError):
    """A blocking call that is remembered even if the code that made it swallows the error."""

    seen: list[str] = []  # noqa: RUF012  one list for the whole run is the point

    def __init__(self, call: str) -> None:
        """Remembers the name of `call` and the eight innermost frames that led to it."""
        super().__init__(call)
        self.seen.append(f"{call}\n{''.join(traceback.format_stack(limit=8)[:-2])}")


@pytest.fixture(scope="session")
def watched_loop() -> Iterator[list[str]]:
    """Makes every blocking call that product code makes inside a running loop an error."""
    watch = BlockBuster(scanned_modules=["bowerbird"])
    for (file, function), calls in MAY_BLOCK.items():
        for call in calls or tuple(watch.functions):
            watch.functions[call].can_block_in(file, function)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blockbuster.blockbuster, "BlockingError", WitnessedBlockingError)
        watch.activate()
        yield WitnessedBlockingError.seen
        watch.deactivate()


@pytest.fixture(autouse=True)
def blocking_calls(watched_loop: list[str]) -> Iterator[list[str]]:
    """Fails a test in which product code blocked the event loop, also where the error was caught."""
    watched_loop.clear()
    yield watched_loop
    assert not watched_loop, "Blocked the event loop:\n" + "\n".join(watched_loop)


@pytest.fixture(scope="session", autouse=True)
def nobodys_settings() -> None:
    """Forgets the BOWERBIRD_ variables of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("BOWERBIRD_")]:
        del os.environ[name]
