"""What strangers, models and platforms wrote is text on every page, and nothing but text."""

from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from bowerbird.core.work import Owner
from bowerbird.dashboard.asked import SettingRow
from bowerbird.settings import KNOBS, load
from tools.walk import walk

from .corpus import HOSTILE
from .furniture import everywhere, furnish
from .house import START, WREN, House, Page, a_post, published

OURS = ["/static/vendor/page.js", "/static/live.js"]
URLS = ("href", "src", "action", "formaction")


def harmless(page: Page) -> None:
    """No script but ours, no handler, no link that runs or leads anywhere but home or to the web, no style."""
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name in {"style", "srcdoc"}]
        assert (
            tag not in {"iframe", "object", "embed", "base", "style", "svg", "meta"}
            or (tag == "meta" and "http-equiv" not in attributes)
            or (tag == "svg" and "class" in attributes)  # a drawing of ours
        )
        for name in URLS:
            assert attributes.get(name, "/").startswith(("/", "#", "https://", "http://"))
        if tag in {"script", "form", "link", "img"}:
            assert attributes.get("src", attributes.get("action", attributes.get("href", ""))).startswith("/")
    assert [script.get("src") for script in page.all("script")] == OURS
    assert [text for element, text in page.texts if element in {"script", "style"}] == []


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_words_are_shown_and_do_nothing(house: House, text: str) -> None:
    """On every page of the table, in every place at once."""
    await furnish(house, text)
    await house.books.beat(Owner(id="b", role="engine", pid=1, started_at=START, heard_at=START, note=text))
    for path in [*await walk(house.read), "/nowhere"]:
        page = await house.get(f"{path}?did=c1&said={quote(text[:50])}")
        assert page.status in {200, 404}
        harmless(page)
        assert page.html.count("<main") == page.html.count("</main>") == 1
    boxes = [words for tag, words in (await house.get("/approvals")).texts if tag == "textarea"]
    assert any(text.split("\r", maxsplit=1)[0][:20] in words for words in boxes)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_words_in_a_form_are_words(home: House, text: str) -> None:
    """Sent to a form that is ours and to one that is not, and on the login page."""
    await home.put(a_post())
    harmless(await home.press("approve", post_id="p1", version="1", text=text))
    (asked,) = [each for each in await home.books.commands(limit=9) if each.verb == "approve"]
    assert asked.args["text"] == text.replace("\r\n", "\n")
    harmless(await home.press(text, post_id=text))
    harmless(Page(await home.browser.post("/commands", data={"token": text, "text": text})))
    harmless(Page(await home.browser.post("/login", data={"password": text, "next": text})))
    harmless(Page(await home.browser.get("/login", params={"next": text})))


async def test_a_link_that_is_no_web_address_is_not_a_link(house: House) -> None:
    """A platform's own address is shown as a link only if a browser would open a page with it."""
    await house.books.record(everywhere("javascript:window.hacked=8"))
    for path in ("/posts/p9", "/opportunities"):
        assert "See it there" not in (await house.signed_in().get(path)).words
    await house.put(published("p8"))
    assert "See it there" in (await house.get("/posts/p8")).words


SECRET = "hunter2-and-more"


@pytest.fixture
def house_of_secrets(tmp_path: Path) -> House:
    """Every secret that can be set is set, one is written into an address, and the password is the same."""
    variables = {knob.variable: SECRET for knob in KNOBS if knob.secret}
    variables["BOWERBIRD_WRITER_URL"] = f"https://me:{SECRET}@host.example/v1"
    found = load(env=variables, data__folder=str(tmp_path))
    rows = [SettingRow(name=k.name, value=found.shown(k.name), source=found.sources[k.name], why=k.why) for k in KNOBS]
    return House(rows, password=SECRET)


async def test_no_secret_is_ever_shown(house_of_secrets: House) -> None:
    """Neither a secret setting, nor a password inside an address, nor our own, an account's or a person's hash."""
    house = (await house_of_secrets.engine_runs()).signed_in()
    await house.books.save_secret(WREN.id, "password", SECRET)
    people = tuple(replace(person, password=SECRET) for person in everywhere("").people)
    await furnish(house, "Words.", people=people)
    for path in [*await walk(house.read), "/api/overview", "/metrics", "/readyz", "/livez", "/login", "/nowhere"]:
        answer = await house.browser.get(path)
        assert SECRET not in answer.text, path
        assert SECRET not in repr(answer.headers), path
    settings = await house.get("/settings")
    tables = sum(isinstance(knob.default, dict) for knob in KNOBS)  # their names are shown
    assert settings.words.count("(set)") == sum(knob.secret for knob in KNOBS) - tables
    assert "https://(hidden)@host.example/v1" in settings.words
