"""`bowerbird people`: who may sign in, from the command line."""

import pytest

from tests.cli.test_bad_input import Run, bowerbird

__all__ = ["bowerbird"]


def test_people_are_added_listed_and_removed(bowerbird: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The password comes by the environment here, and is said nowhere."""
    monkeypatch.setenv("BOWERBIRD_PERSON_PASSWORD", "open the bower")
    assert bowerbird("people", "add", "ann", "--role", "approver") == (0, "ann may sign in as approver.\n")
    code, told = bowerbird("people")
    assert (code, "ann  approver" in told, "owner  owner" in told) == (0, True, True)
    assert "open the bower" not in told
    assert bowerbird("people", "remove", "ann") == (0, "ann may sign in no more.\n")
    assert "ann" not in bowerbird("people")[1].replace("another", "")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("people", "dance"), "dance is none of list, add, remove"),
        (("people", "add"), "say whom"),
        (("people", "remove", "eve"), "nobody is called eve"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(bowerbird: Run, words: tuple[str, ...], told: str) -> None:
    """Exit 1, no traceback."""
    code, said = bowerbird(*words)
    assert (code, told in said, "Traceback" in said) == (1, True, False)
