"""Pages that a screen reader can use: names for everything, one heading of the first rank, landmarks, no id twice."""

from collections import Counter

import pytest

from bowerbird.core.account import Hold, HoldKind
from bowerbird.core.lifecycle import State

from .house import START, WREN, House, Page, a_post, published
from .pages.engine_room import a_job, a_lane, a_pause, said

PATHS = (
    "/", "/approvals", "/opportunities", "/accounts", "/settings", "/posts/p1", "/posts/p9", "/browsers", "/storage",
    "/cache", "/measuring", "/learning", "/nowhere", "/jobs", "/jobs/plan", "/queue", "/limits",
)  # fmt: skip


@pytest.fixture
async def full(home: House) -> House:
    """A house in which every kind of thing stands on some page."""
    thread = [a_post(f"t{n}", key=f"kt{n}", thread_id="t0", part=n, parts=2) for n in range(2)]
    hold = Hold(account_id=WREN.id, kind=HoldKind.PAUSED, since=START, why="Holidays.")
    lanes = (a_lane(), a_lane("thinking", paused=a_pause("thinking")))
    jobs = said(a_job("plan", lane="thinking", state="paused"), a_job("measure", uses=["plan"]), lanes=lanes)
    due = a_post("p3", state=State.QUEUED, due=START - 60)
    posts = (a_post("p1"), a_post("p2", state=State.PARKED), due, published("p9"), *thread)
    return await home.put(*posts, holds=(hold,), snapshots=(jobs,))


@pytest.mark.parametrize("path", PATHS)
async def test_every_field_and_every_thing_to_press_has_a_name(full: House, path: str) -> None:
    """By a label of its own; a button or link by its words."""
    page = await full.get(path)
    labelled = {label.get("for") for label in page.all("label")}
    fields = [*page.all("textarea"), *(field for field in page.all("input") if field.get("type") != "hidden")]
    assert [field for field in fields if field.get("id") not in labelled] == []
    words = Counter(tag for tag, _ in page.texts)
    assert words["button"] >= len(page.all("button"))
    assert all(image.keys() >= {"alt"} for image in page.all("img"))
    assert all("aria-label" in attributes for tag, attributes in page.elements if attributes.get("role") == "img")


@pytest.mark.parametrize("path", [*PATHS, "/login"])
async def test_a_page_has_one_first_heading_and_its_landmarks(full: House, path: str) -> None:
    """Language, title, header, main, and a way to skip to it."""
    page = await full.get(path)
    assert [len(page.all(tag)) for tag in ("h1", "main", "header", "title")] == [1, 1, 1, 1]
    assert page.all("html") == [{"lang": "en"}]
    assert page.all("a")[0] == {"class": "skip", "href": "#main"}
    assert len(page.all("nav")) == (0 if path == "/login" else 1)


@pytest.mark.parametrize("path", PATHS)
async def test_no_id_and_no_key_stands_twice(full: House, path: str) -> None:
    """A label would name the wrong field, and a redraw would mix things up."""
    page = await full.get(path)
    for name in ("id", "data-key"):
        seen = Counter(attributes[name] for _, attributes in page.elements if name in attributes)
        assert [value for value, n in seen.items() if n > 1] == []


def forms_of(page: Page) -> list[dict[str, str]]:
    """Forms that change something."""
    return [form for form in page.all("form") if form.get("action") != "/login"]


@pytest.mark.parametrize("path", PATHS)
async def test_every_form_carries_a_token_and_is_a_post(full: House, path: str) -> None:
    """What is read changes nothing, and what changes something proves where it comes from."""
    page = await full.get(path)
    assert {form.get("method") for form in forms_of(page)} == {"post"}
    tokens = [field for field in page.all("input") if field.get("name") == "token" and field.get("value")]
    assert len(tokens) == len(forms_of(page))
