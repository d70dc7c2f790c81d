"""The generated parts of the docs say what the code says."""

from pathlib import Path

import pytest

from tools.docs import stale

ROOT = Path(__file__).parents[2]


def page(root: Path, function: str) -> Path:
    """Writes a page below `root` with one block drawn by `function` of the lifecycle."""
    file = root / "docs" / "life.md"
    file.parent.mkdir()
    opening = f"<!-- drawn by bowerbird.core.lifecycle:{function} as mermaid -->"
    file.write_text(f"# Life\n\n{opening}\nold words\n<!-- end of drawing -->\n\nAfter it.\n")
    return file


def test_the_docs_are_up_to_date() -> None:
    """After a change of the code, `make docs` has been run."""
    assert list(stale(ROOT)) == []


def test_a_block_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    """What stands between the marks comes from the code; what stands around them is ours."""
    file = page(tmp_path, "diagram")
    fresh = stale(tmp_path)[file]
    assert "old words" not in fresh
    assert "```mermaid\nstateDiagram-v2\n" in fresh
    assert fresh.startswith("# Life\n\n<!-- drawn by")
    assert fresh.endswith("<!-- end of drawing -->\n\nAfter it.\n")
    file.write_text(fresh)
    assert stale(tmp_path) == {}


def test_a_block_that_names_nothing_is_an_error(tmp_path: Path) -> None:
    """A renamed function is noticed, not skipped."""
    page(tmp_path, "no_such_drawing")
    with pytest.raises(AttributeError, match="no_such_drawing"):
        stale(tmp_path)
