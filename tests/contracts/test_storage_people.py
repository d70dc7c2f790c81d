"""What every engine promises about the people who may sign in."""

from dataclasses import replace

import pytest

from bowerbird.core.books import Batch, Storage
from bowerbird.core.people import Person, Role
from tests.contracts.books import NOW, write

ANN = Person(name="ann", role=Role.EDITOR, password="scrypt$4$8$1$c2FsdA==$aGFzaA==", made_at=NOW, by="owner")


async def test_people_come_back_as_they_were_written(books: Storage, guest: Storage) -> None:
    """By name, whatever they are called; the same for whoever else has the books open."""
    bob = replace(ANN, name="Bøb O'Brien", role=Role.VIEWER, by="")
    await write(books, people=(ANN, bob))
    assert await guest.people() == [bob, ANN]


async def test_a_person_is_replaced_whole_and_stays_when_removed(books: Storage) -> None:
    """Another role and password in the same row; an end is an instant, so that the log still knows the name."""
    await write(books, people=(ANN,))
    changed = replace(ANN, role=Role.APPROVER, password="another", ended_at=NOW + 5)
    await write(books, people=(changed,))
    assert await books.people() == [changed]


async def test_a_person_is_in_no_spool(books: Storage) -> None:
    """Only what cannot be had again is kept while the books cannot be written."""
    with pytest.raises(ValueError, match="people"):
        await books.keep(Batch(people=(ANN,)))


def test_the_hash_is_in_no_repr() -> None:
    """Not even in a traceback that prints locals."""
    assert ANN.password not in repr(ANN)
    assert ANN.password not in repr(Batch(people=(ANN,)))
