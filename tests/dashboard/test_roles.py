"""Roles: every page and every button, for everybody, and for nobody. Both lists are read from the tables themselves."""

import re
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from starlette.routing import Route

import bowerbird.dashboard
from bowerbird.core.lifecycle import State
from bowerbird.core.people import Person, Role
from bowerbird.dashboard.deeds import DEEDS
from bowerbird.dashboard.doors import COOKIE
from bowerbird.dashboard.passwords import hashed
from bowerbird.dashboard.roles import VERBS
from bowerbird.dashboard.routes import GROUPS, LEAVES, Leaf, menu

from .house import START, House, Page, a_post

WORDS = "correct horse"
HASH = hashed(WORDS, salt=b"salt", cost=4, turns=1)
ORDER = [Role.VIEWER, Role.APPROVER, Role.EDITOR, Role.OWNER]


def a_person(role: Role, **fields: object) -> Person:
    """Somebody of this role, named after it."""
    return replace(Person(name=f"a {role}", role=role, password=HASH, made_at=START, by="owner"), **fields)  # type: ignore[arg-type]


async def signed_in(house: House, role: Role) -> House:
    """The house with a browser in which somebody of this role is signed in."""
    await house.put(people=(a_person(role),))
    await house.put(a_post())  # lost where it is there already
    house.doors.meet(await house.books.people())
    cookie = house.doors.sign_in(WORDS, f"a {role}")
    assert cookie is not None
    house.browser.cookies.set(COOKIE, cookie)
    return house


def test_the_roles_stand_in_an_order() -> None:
    """Each may all that the ones before it may."""
    for one, other in product(range(4), repeat=2):
        assert ORDER[one].may(ORDER[other]) is (one >= other)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.path)
async def test_a_page_is_for_its_least_role_and_above(house: House, leaf: Leaf, role: Role) -> None:
    """Others get a sentence that says who may; it is in the menu of those alone who may look."""
    path = re.sub(r"{\w+}", "p1", leaf.path)
    page = await (await signed_in(house, role)).get(path)
    if role.may(leaf.may):
        assert page.status in {200, 404}
    else:
        assert page.status == 403
        assert f"You are signed in as {role}" in page.words
    linked = {link["href"] for link in (await house.get("/")).all("a")}
    assert (leaf.path in linked) is (bool(leaf.label) and role.may(leaf.may))


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("verb", VERBS)
async def test_a_button_is_for_its_least_role_and_above(house: House, verb: str, role: Role) -> None:
    """Pressing it all the same is 403 with a sentence, and not a row is written."""
    await (await signed_in(house, role)).engine_stops()
    visitor = house.doors.known(house.browser.cookies[COOKIE])
    assert visitor is not None
    data = {"verb": verb, "token": house.doors.form_token(visitor.session), "post_id": "p1"}
    answer = Page(await house.browser.post("/commands", data=data))
    commands = await house.books.commands()
    if role.may(VERBS[verb]):
        assert answer.status == 303
        assert [(command.verb, command.by) for command in commands] == [(verb, f"a {role}")]
    else:
        assert (answer.status, commands) == (403, [])
        assert f"You are signed in as {role}" in answer.words


async def test_an_approver_approves_the_words_as_they_stand(house: House) -> None:
    """There is no box to change them, and words that come all the same are not written down."""
    page = await (await signed_in(house, Role.APPROVER)).get("/approvals")
    assert page.all("textarea") == []
    assert "The words of p1." in page.words
    await house.press("approve", post_id="p1", version="1", text="Other words.")
    assert "Other words." not in repr(await house.books.commands())
    post = await house.books.post("p1")
    assert post is not None
    assert (post.state, post.payload.text, post.approved_by) == (State.QUEUED, "The words of p1.", "a approver")


async def test_whoever_is_signed_out_sees_and_presses_nothing(house: House) -> None:
    """Every address of the application but the door and those for machines leads to the door."""
    await house.put(a_post(text="A private draft."))
    routes = [r for r in house.app.routes if isinstance(r, Route)]
    for route in routes:
        if route.path in {"/livez", "/readyz", "/metrics", "/login"}:
            continue
        for method in sorted(route.methods or ()):
            answer = await house.browser.request(method, re.sub(r"{\w+}", "p1", route.path))
            assert (answer.status_code, answer.headers["location"][:6]) == (303, "/login")
    assert await house.books.commands() == []


@pytest.mark.parametrize("role", [Role.VIEWER, Role.APPROVER, Role.EDITOR])
@pytest.mark.parametrize("leaf", [leaf for leaf in LEAVES if leaf.may is Role.VIEWER], ids=lambda leaf: leaf.path)
async def test_no_button_is_drawn_that_would_be_refused(house: House, leaf: Leaf, role: Role) -> None:
    """Read from the forms themselves: whatever is there may be pressed."""
    page = await (await signed_in(house, role)).get(re.sub(r"{\w+}", "p1", leaf.path))
    drawn = {field["value"] for field in page.all("input") if field.get("name") == "verb"}
    assert {verb for verb in drawn if not role.may(VERBS[verb])} == set()


def test_every_button_of_a_template_is_in_the_table() -> None:
    """And every deed; a verb nobody knows would be an error on the page."""
    templates = Path(bowerbird.dashboard.__file__).parent / "templates"
    words = "".join(file.read_text() for file in templates.glob("*.html"))
    assert set(re.findall(r'(?:button|fields|reasoned|may)\("(\w+)"', words)) <= set(VERBS)
    assert set(DEEDS) <= set(VERBS)


def test_the_table_of_pages_is_whole() -> None:
    """A template each, no path and no key twice, every label under a heading that there is."""
    templates = Path(bowerbird.dashboard.__file__).parent / "templates"
    for values in ([leaf.path for leaf in LEAVES], [leaf.key for leaf in LEAVES if leaf.key]):
        assert len(values) == len(set(values))
    for leaf in LEAVES:
        assert (templates / leaf.template).is_file()
        assert not leaf.label or leaf.group in GROUPS
        assert not (leaf.label and "{" in leaf.path)
    assert [leaf for _, leaves in menu(Role.OWNER) for leaf in leaves] != []
