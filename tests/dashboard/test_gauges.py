"""Numbers as pages ask for them: what nobody observed is None."""

import pytest

from bowerbird.core.gauge import Sample
from bowerbird.dashboard.gauges import Gauges, gauges, percent, size
from bowerbird.dashboard.metrics import packed

from .house import START, House

FREE = Sample(name="bowerbird_storage_free_bytes", value=5)
LOG = Sample(name="bowerbird_storage_file_bytes", value=7, labels={"file": "log"})


def test_a_number_is_found_by_name_and_labels() -> None:
    """And is None where nobody said it."""
    known = Gauges([FREE, LOG])
    assert known.one("bowerbird_storage_free_bytes") == 5
    assert known.one("bowerbird_storage_file_bytes", file="log") == 7
    assert known.one("bowerbird_storage_file_bytes", file="books") is None
    assert known.by("bowerbird_storage_file_bytes", "file") == {"log": 7}


async def test_old_numbers_are_none(home: House) -> None:
    """The engine has been silent, so nothing is known."""
    await home.put(snapshots=(packed([FREE], START),))
    assert (await gauges(home.books, now=START)).one(FREE.name) == 5
    home.pass_s(60)
    assert (await gauges(home.books, now=home.clock.now())).samples == []


@pytest.mark.parametrize(
    ("n", "words"),
    [(None, None), (0, "0 B"), (999, "999 B"), (4_230_000, "4.2 MB"), (709_000, "709 kB"), (5e15, "5000 TB")],
)
def test_a_size_is_said_in_its_unit(n: float | None, words: str | None) -> None:
    """With as many digits as anybody needs."""
    assert size(n) == words


@pytest.mark.parametrize(
    ("ratio", "words"), [(None, None), (0, "0 %"), (1, "100 %"), (0.999, "99 %"), (0.001, "1 %"), (0.5, "50 %")]
)
def test_a_share_is_all_or_nothing_only_when_it_is(ratio: float | None, words: str | None) -> None:
    """199 of 200 are not 100 %."""
    assert percent(ratio) == words
