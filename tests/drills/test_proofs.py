"""What a promise rests on is found by reading, and how it stands by what ran here."""

import ast
from pathlib import Path

import pytest

from bowerbird.drills.catalogue import BY_ID
from bowerbird.drills.proofs import (
    NOT_RUN,
    Result,
    here,
    judged,
    marked,
    proofs,
    remember,
    results,
    summary,
)
from bowerbird.drills.proofs import (
    tests_by_id as found_in,
)

MARKED = """
import pytest
pytestmark = pytest.mark.proves("1.1")

@pytest.mark.proves("2.1", "2.G3")
async def test_a() -> None: ...

@pytest.mark.proves("3.1")
class TestB:
    @pytest.mark.parametrize("x", [1])
    def test_c(self) -> None: ...

def helper() -> None: ...
"""
GAP, FAILURE = BY_ID["2.G3"], BY_ID["4.5"]
GOOD, BAD = Result(ok=True, at=2_000_000), Result(ok=False, at=1_000_000)


def test_marks_of_a_file_a_class_and_a_test_add_up() -> None:
    """A helper proves nothing."""
    assert dict(marked(ast.parse(MARKED))) == {"test_a": {"1.1", "2.1", "2.G3"}, "TestB::test_c": {"1.1", "3.1"}}


def test_tests_are_found_by_reading_the_files(tmp_path: Path) -> None:
    """By their place in the checkout, without importing them."""
    (tmp_path / "tests" / "jobs").mkdir(parents=True)
    (tmp_path / "tests" / "jobs" / "test_x.py").write_text(MARKED)
    assert found_in(tmp_path / "tests")["2.1"] == ["tests/jobs/test_x.py::test_a"]


def test_a_fresh_clone_has_every_row_and_no_result(tmp_path: Path) -> None:
    """Nothing is absent, and nothing is said to hold that never ran."""
    found = summary(proofs(tmp_path))
    assert (found["total"], found["open"], found["proved"], found["failed"]) == (106, 106, 0, 0)
    assert {row["last"] for row in found["rows"]} == {NOT_RUN}


def test_a_gap_is_proved_by_a_test_that_held() -> None:
    """It needs no drill."""
    proof = judged(GAP, ["t"], [], {"t": GOOD}, {})
    assert (proof.state, proof.last) == ("proved", "1970-01-01T00:00Z")


def test_a_failure_is_proved_by_a_test_and_a_drill() -> None:
    """A test alone leaves it open, and a drill that did not run here does too."""
    assert judged(FAILURE, ["t"], ["d"], {"t": GOOD}, {"4.5": GOOD}).state == "proved"
    assert judged(FAILURE, ["t"], [], {"t": GOOD}, {}).why == "no drill yet"
    assert judged(FAILURE, [], ["d"], {}, {"4.5": GOOD}).why == "no test yet"
    assert judged(FAILURE, ["t"], ["d"], {"t": GOOD}, {}).why == f"its drill was {NOT_RUN}"


@pytest.mark.parametrize(("ran", "drilled"), [({"t": BAD}, {"4.5": GOOD}), ({"t": GOOD}, {"4.5": BAD})])
def test_one_bad_result_is_a_failure(ran: dict[str, Result], drilled: dict[str, Result]) -> None:
    """Whether it is of the test or of the drill."""
    assert judged(FAILURE, ["t"], ["d"], ran, drilled).state == "failed"


def test_results_are_kept_until_the_same_test_runs_again(tmp_path: Path) -> None:
    """A run of one test does not forget the others."""
    file = tmp_path / ".proofs" / "tests.json"
    remember(file, {"a": GOOD, "b": GOOD})
    remember(file, {"b": BAD})
    assert results(file) == {"a": GOOD, "b": BAD}


def test_this_checkout_marks_only_promises_that_exist() -> None:
    """A mark with a slip of the pen would prove nothing, silently."""
    assert set(found_in(here() / "tests")) - set(BY_ID) == set()
