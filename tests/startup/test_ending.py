"""How a process ends: a sentence and a code for what a person can mend, a traceback for what is ours."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from bowerbird.core.errors import BadInput, StorageBusy, StorageFull
from bowerbird.startup.ending import told


def raising(error: BaseException) -> Callable[[], None]:
    """Something that ends so."""

    def act() -> None:
        raise error

    return act


def test_what_went_well_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Zero, and not a word."""
    assert told(lambda: 1) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("error", [BadInput("no such part"), StorageBusy("another engine")])
def test_what_cannot_be_as_it_is_set_up_has_a_code_of_its_own(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    """The guardian knows by it that starting again would change nothing."""
    assert told(raising(error), refused=78) == 78
    assert capsys.readouterr().err == f"bowerbird: {error}\n"


def test_what_may_be_better_next_time_is_no_refusal() -> None:
    """A full disk today is no reason to stay down."""
    assert told(raising(StorageFull("full")), refused=78) == 1


def test_the_system_is_quoted_with_the_place(capsys: pytest.CaptureFixture[str]) -> None:
    """Its own words; without a place only where nothing could be written."""
    assert told(raising(OSError(errno.EACCES, "Permission denied", "/there"))) == 1
    assert told(raising(OSError(errno.ENOSPC, "No space left"))) == 1
    assert capsys.readouterr().err == "bowerbird: /there: Permission denied\nbowerbird: No space left\n"


def test_our_own_defects_are_raised() -> None:
    """With their traceback."""
    with pytest.raises(OSError, match="refused"):
        told(raising(OSError(errno.ECONNREFUSED, "refused")))
    with pytest.raises(KeyError):
        told(raising(KeyError("x")))


def test_an_interrupt_is_no_defect() -> None:
    """As shells say it."""
    assert told(raising(KeyboardInterrupt())) == 130


def test_there_is_no_third_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A refusal, and not an engine by mistake."""
    from bowerbird.app.worker import work

    assert work({"--data": str(tmp_path)}, "typist") == 78
    assert "engine or face" in capsys.readouterr().err
