"""Pages that a screen reader can use: names for everything, one heading of the first rank, landmarks, no id twice.

Every page of the table is looked at, in a house with something of every kind; tests/browser asks axe as well.
"""

from collections import Counter
from itertools import pairwise

import pytest

from tools.walk import walk

from .furniture import furnish
from .house import House, Page


@pytest.fixture
async def pages(house: House) -> dict[str, Page]:
    """Every page that the owner sees, by its address, and the one for what is not there."""
    await furnish(house, "Some words.")
    return {path: await house.get(path) for path in [*await walk(house.read), "/nowhere"]}


def test_every_field_and_every_thing_to_press_has_a_name(pages: dict[str, Page]) -> None:
    """By a label of its own; a button or link by its words."""
    for path, page in pages.items():
        labelled = {label.get("for") for label in page.all("label")}
        shown = [field for field in page.all("input") if field.get("type") != "hidden"]
        fields = [*page.all("textarea"), *page.all("select"), *shown]
        assert [field for field in fields if field.get("id") not in labelled] == [], path
        words = Counter(tag for tag, _ in page.texts)
        assert words["button"] >= len(page.all("button")), path
        assert all(image.keys() >= {"alt"} for image in page.all("img")), path
        assert all("aria-label" in attributes for _, attributes in page.elements if attributes.get("role") == "img")


def whole(page: Page, *, menus: int) -> None:
    """Language, title, header, main, and a way to skip to it."""
    assert [len(page.all(tag)) for tag in ("h1", "main", "header")] == [1, 1, 1]
    assert page.all("title")
    assert page.all("html") == [{"lang": "en"}]
    assert page.all("a")[0] == {"class": "skip", "href": "#main"}
    assert len(page.all("nav")) == menus


async def test_a_page_has_one_first_heading_and_its_landmarks(pages: dict[str, Page], empty_house: House) -> None:
    """The door, too, which has no menu."""
    for page in pages.values():
        whole(page, menus=1)
    whole(await empty_house.get("/login"), menus=0)


def test_no_heading_skips_a_rank(pages: dict[str, Page]) -> None:
    """Who hears a page goes through it by its headings."""
    for path, page in pages.items():
        ranks = [int(tag[1]) for tag, _ in page.elements if tag in {"h1", "h2", "h3", "h4", "h5", "h6"}]
        assert ranks[0] == 1, path
        assert all(after <= before + 1 for before, after in pairwise(ranks)), (path, ranks)


def test_no_id_and_no_key_stands_twice(pages: dict[str, Page]) -> None:
    """A label would name the wrong field, and a redraw would mix things up."""
    for path, page in pages.items():
        for name in ("id", "data-key"):
            seen = Counter(attributes[name] for _, attributes in page.elements if name in attributes)
            assert [value for value, n in seen.items() if n > 1] == [], path


def test_every_form_that_changes_something_is_a_post_with_a_token(pages: dict[str, Page]) -> None:
    """What is read changes nothing, and what changes something proves where it comes from."""
    for path, page in pages.items():
        posts = [form for form in page.all("form") if form.get("method") == "post"]
        assert all(form.get("method") in {"get", "post"} for form in page.all("form")), path
        assert {form["action"] for form in posts} <= {"/commands", "/logout"}, path
        tokens = [field for field in page.all("input") if field.get("name") == "token" and field.get("value")]
        assert len(tokens) == len(posts), path
