"""People: how they are added and removed, how they come in, and that no password is kept anywhere."""

import pytest

from bowerbird.clock import SeededChance, VirtualClock
from bowerbird.core.errors import BadInput
from bowerbird.core.people import Role
from bowerbird.dashboard import household
from bowerbird.dashboard.doors import TRIES_ALL_MAX, TRIES_MAX, Doors
from bowerbird.dashboard.passwords import NOBODY, fits, hashed

from .house import START, House
from .test_roles import HASH, WORDS, a_person

ANN = {"name": "ann", "role": "approver", "password": "open the bower"}


@pytest.fixture
def doors() -> Doors:
    """Doors that know an editor."""
    made = Doors("owner's words", VirtualClock(), SeededChance(1))
    made.meet([a_person(Role.EDITOR, name="bob")])
    return made


def test_a_hash_fits_its_password_alone_and_no_two_are_alike() -> None:
    """It tells its own costs, so that old ones still fit when the costs rise."""
    one, two = hashed(WORDS), hashed(WORDS)
    assert one != two
    assert fits(WORDS, one)
    assert not fits(WORDS + " ", one)
    assert fits(WORDS, HASH)
    assert not fits("", NOBODY)


def test_a_person_comes_in_by_name_and_password(doors: Doors) -> None:
    """With their own role; the owner's password opens no other name, nor theirs the owner's."""
    visitor = doors.known(doors.sign_in(WORDS, "bob"))
    assert visitor is not None
    assert (visitor.name, visitor.role) == ("bob", Role.EDITOR)
    assert doors.sign_in("owner's words", "bob") is None
    assert doors.sign_in(WORDS) is None
    assert doors.sign_in(WORDS, "nobody") is None


def test_a_session_ends_with_its_person_or_their_password(doors: Doors) -> None:
    """Another role holds at once, in the session that is open."""
    cookie = doors.sign_in(WORDS, "bob")
    doors.meet([a_person(Role.VIEWER, name="bob")])
    visitor = doors.known(cookie)
    assert visitor is not None
    assert visitor.role is Role.VIEWER
    doors.meet([a_person(Role.EDITOR, name="bob", password=hashed("another", cost=4, turns=1))])
    assert doors.known(cookie) is None
    doors.meet([a_person(Role.EDITOR, name="bob", ended_at=START)])
    assert doors.known(cookie) is None
    assert doors.sign_in(WORDS, "bob") is None


def test_nobody_in_the_books_can_take_the_owners_name(doors: Doors) -> None:
    """Whoever can write there must not come in as the owner."""
    doors.meet([a_person(Role.OWNER, name="owner")])
    assert doors.sign_in(WORDS, "owner") is None
    assert doors.sign_in("owner's words", "owner")


def test_wrong_tries_are_counted_by_name_and_over_all(doors: Doors) -> None:
    """One name shut does not shut the others; very many names shut them all."""
    for _ in range(TRIES_MAX):
        doors.fits("wrong")
    assert doors.shut_s() > 0
    assert doors.shut_s("bob") == 0
    assert doors.sign_in(WORDS, "bob")
    doors.people = {}
    for n in range(TRIES_ALL_MAX):
        doors._tries.append((doors.clock.monotonic(), f"name {n}"))
    assert doors.shut_s("bob") > 0


async def test_adding_and_removing_on_the_page(home: House) -> None:
    """The answer is told, the page lists them, and the log knows who did it."""
    page = await home.press("person_add", onward="/people", **ANN)
    assert "Ann may sign in as approver." in page.words
    assert "also says yes and no to posts" in page.words
    (fact,) = await home.books.newest_facts(kinds=("person_added",))
    assert (fact.by, dict(fact.data)) == ("owner", {"name": "ann", "role": "approver"})
    page = await home.press("person_remove", onward="/people", name="ann")
    assert "Ann may sign in no more." in page.words
    assert "Removed ann, approver" in page.words


async def test_somebody_new_signs_in_and_is_out_when_removed(home: House) -> None:
    """By the door, as anybody does; the next request after the removal leads there again."""
    await home.press("person_add", **ANN)
    ann = home.visitor()
    answer = await ann.post("/login", data={"name": "ann", "password": ANN["password"]})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "ann, approver" in (await ann.get("/")).text
    await home.press("person_remove", name="ann")
    assert (await ann.get("/")).status_code == 303


async def test_no_password_is_written_down(home: House) -> None:
    """Neither in the row of the button, nor in a fact, nor on the page, whichever button it came with."""
    for verb in ("person_add", "pause"):
        await home.press(verb, onward="/people", **ANN)
    kept = [await home.books.commands(), await home.books.facts(), await home.books.people()]
    assert ANN["password"] not in repr(kept)
    people = await home.books.people()
    page = await home.get("/people")
    assert ANN["password"] not in page.html
    assert people[0].password not in page.html


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": "owner"}, "the name owner is taken"),
        ({"name": " "}, "a name has 1 to 40"),
        ({"name": "x" * 41}, "a name has 1 to 40"),
        ({"name": "a\u202eb"}, "can be seen"),
        ({"role": "king"}, "king is no role"),
        ({"password": "short"}, "at least 8 characters"),
    ],
)
async def test_what_cannot_be_is_refused_with_a_sentence(home: House, change: dict[str, str], told: str) -> None:
    """And nobody is written."""
    with pytest.raises(BadInput, match=told):
        await household.add(home.books, by="owner", now=START, **(ANN | change))
    assert await home.books.people() == []


async def test_the_owner_and_strangers_are_not_removed(home: House) -> None:
    """With what to do instead."""
    with pytest.raises(BadInput, match=r"face\.password"):
        await household.remove(home.books, name="owner", by="owner", now=START)
    with pytest.raises(BadInput, match="nobody is called eve"):
        await household.remove(home.books, name="eve", by="owner", now=START)
