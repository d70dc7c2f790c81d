"""Whether a version is what was stored can be told without its algebra."""

import hashlib
import subprocess
import sys
import zlib

import pytest

from bowerbird.learning.checksum import STATE_MAX, Damaged, canonical


def a_state(words: bytes) -> tuple[str, bytes]:
    """A version and its state."""
    return hashlib.sha256(words).hexdigest(), zlib.compress(words)


def test_a_whole_state_is_unpacked() -> None:
    """It hashes to its name."""
    assert canonical(*a_state(b"learned")) == b"learned"


@pytest.mark.parametrize("state", [b"", b"junk", a_state(b"other")[1], a_state(bytes(STATE_MAX + 1))[1]])
def test_anything_else_is_damaged(state: bytes) -> None:
    """Also a state that would unpack to more than there is room for."""
    with pytest.raises(Damaged):
        canonical(a_state(b"learned")[0], state)


def test_a_process_that_only_looks_carries_no_algebra() -> None:
    """The page of learning reads versions, and numpy stays at home."""
    code = "import sys, bowerbird.dashboard.pages.learning; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
