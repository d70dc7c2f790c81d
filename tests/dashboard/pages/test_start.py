"""The first run as steps: what is done, what is next, and nothing in it that must not be read."""

import re
from dataclasses import replace

import pytest

from bowerbird.core.account import Account, Mode
from bowerbird.core.errors import BadInput
from bowerbird.core.facts import Fact
from bowerbird.core.gauge import Sample, Snapshot
from bowerbird.core.newcomer import Newcomer
from bowerbird.core.people import Person, Role
from bowerbird.core.post import SECOND_US
from bowerbird.core.work import Command
from bowerbird.dashboard.asked import Asked, SettingRow
from bowerbird.dashboard.doors import COOKIE
from bowerbird.dashboard.metrics import packed
from bowerbird.dashboard.pages import start
from bowerbird.dashboard.pages.start import Step
from bowerbird.dashboard.passwords import hashed
from tests.dashboard.house import START, WREN, House, Page, a_post, published

REAL = Account(id="bluesky:ann.test", platform="bluesky", handle="ann.test", url="https://bsky.social")
NEWCOMER = Newcomer(
    platform="bluesky", login="ann.test", url="https://bsky.social", id="did:plc:ann", handle="ann.test",
    name="Ann of <b>Test</b>", followers=1234,
)  # fmt: skip
TOLD = packed([Sample(name="bowerbird_alert_channels", value=1)], START)
CHANGED = Fact(kind="account_changed", at=START, by="desk", account_id=REAL.id)


def named(*channels: str) -> SettingRow:
    """The setting in which the channels are named."""
    return SettingRow(name="alerts.channels", value=", ".join(channels) or "(not set)", source="", why="")


async def lights(house: House, *rows: SettingRow, **query: str) -> dict[str, str]:
    """The word of each step's lamp."""
    found = await start.read(house.books, house.clock, Asked(settings=rows, query=query))
    assert found is not None
    return {step.key: step.word for step in found["steps"]}


def buttons(page: Page) -> set[str]:
    """What can be pressed there."""
    return {" ".join(text.split()) for tag, text in page.texts if tag == "button"} - {"Sign out"}


async def test_in_an_empty_house_the_first_step_is_next(empty_house: House) -> None:
    """Rehearse, or skip it and connect; the others say what they will be about."""
    page = await empty_house.signed_in().get("/start")
    assert "0 of 6 steps done" in page.words
    assert buttons(page) == {"Rehearse first", "Ask who this is"}
    assert await lights(empty_house) == {
        "rehearse": "next", "connect": "later", "told": "later", "pace": "later", "attest": "later", "go": "later"
    }  # fmt: skip


@pytest.mark.parametrize("path", ["/", "/accounts", "/approvals", "/posts"])
async def test_empty_pages_lead_here(empty_house: House, path: str) -> None:
    """Where there is nothing yet stands the way to the beginning, beside the one in the menu."""
    page = await empty_house.signed_in().get(path)
    assert len([link for link in page.all("a") if link["href"] == "/start"]) == 2


async def test_the_overview_leads_here_until_a_real_account_may_post(home: House) -> None:
    """Also while only a rehearsal runs, and while the account is not attested; not in a rehearsal of everything."""
    for more in ({}, {"accounts": (REAL,)}):
        await home.put(**more)
        assert "No real account may post yet." in (await home.get("/")).words
    await home.put(accounts=(replace(REAL, labelled=True, operator="Ann"),))
    assert "No real account may post yet." not in (await home.get("/")).words


async def test_a_rehearsal_is_one_post_from_the_yes_to_the_network(home: House) -> None:
    """What waits stands there with its reason; then when it goes; then where it is."""
    soon, later = START + 5 * SECOND_US, START + 40 * SECOND_US
    await home.put(a_post("p1", due=soon, key="k1"), a_post("p2", due=later, key="k2"))
    page = await home.get("/start")
    assert "The words of p2." in page.words  # the other one would be over before it is read
    assert "Why: Chosen because of p2." in page.words
    assert "Approve it" in buttons(page)
    page = await home.press("approve", onward="/start", post_id="p2", version="1")
    assert "Approved. It goes in 40 s" in page.words
    await home.put(published("p3"))
    page = await home.get("/start")
    assert "Published 1 min ago : The words of p3. See it on the network" in page.words
    assert "1 of 6 steps done" in page.words


async def test_a_rehearsal_that_is_over_can_begin_again(home: House) -> None:
    """Nothing of it is offered any more."""
    await home.put(a_post(), accounts=(replace(WREN, id="sandbox:starling", cover_h=0.0),))
    await home.put(accounts=(replace(WREN, cover_h=0.0),))
    assert {"Rehearse again", "Approve it", "End the rehearsal"} & buttons(await home.get("/start")) == {
        "Rehearse again"
    }


async def test_this_is_you_stands_there_before_anything_is_kept(house: House) -> None:
    """As the platform says it, escaped; two buttons and no form."""
    await house.put(snapshots=(NEWCOMER.kept(now=START),))
    page = await house.signed_in().get("/start")
    assert "This is you" in page.words
    assert "Name Ann of <b>Test</b> Handle ann.test Followers 1,234" in page.words
    assert "<b>Test" not in page.html
    assert {"Yes, this is me", "No, forget it"} <= buttons(page)
    assert "Ask who this is" not in buttons(page)
    await house.put(snapshots=(replace(NEWCOMER, followers=None, name="").kept(now=START),))
    assert "Name none is shown Handle ann.test Followers not measured yet" in (await house.get("/start")).words


async def test_the_password_is_in_the_safe_alone(house: House) -> None:
    """The engine finds it under the command's id; no row, fact or page has it."""
    fields = {"handle": "ann.test", "password": "abcd-efgh-ijkl-mnop"}
    house.works(None)
    page = await house.signed_in().press("introduce", onward="/start", **fields)
    (command,) = await house.books.commands()
    assert command.args == {"handle": "ann.test"}
    assert await house.books.load_secret(command.id, "password") == fields["password"]
    seen = repr([await house.books.commands(), await house.books.facts()]) + page.html
    assert fields["password"] not in seen + (await house.get("/audit")).html


async def test_a_refusal_keeps_the_handle_in_its_field(house: House) -> None:
    """And nothing in the field of the password."""

    async def refuse(command: Command) -> str:
        raise BadInput("Bluesky refuses the handle or the app password")

    assert house.desk is not None
    house.desk.verbs = {"introduce": refuse}
    given = {"handle": "ann.test", "password": "wrong", "url": "https://pds.test"}
    page = await house.signed_in().press("introduce", onward="/start", **given)
    assert "Bluesky refuses the handle or the app password" in page.words
    values = {field["name"]: field["value"] for field in page.all("input") if field.get("type") != "hidden"}
    assert (values["handle"], values["password"], values["url"]) == ("ann.test", "", "https://pds.test")


async def test_who_is_told_is_named_with_its_last_test(home: House) -> None:
    """The names of the channels, never an address; a button sends a test."""
    home.face.settings.append(named("phone", "mail"))
    took = Snapshot(name="channel:phone", at=START - 60 * SECOND_US, data={"mark": "12345678"})
    await home.put(snapshots=(took, TOLD))
    page = await home.get("/start")
    assert "phone took a test 1 min ago mail not tested yet" in page.words
    assert "Send a test" in buttons(page)
    assert "12345678" not in page.html
    assert (await lights(home, named("phone", "mail")))["told"] == "done"


@pytest.mark.parametrize(("channels", "word"), [((), "later"), (("none",), "done"), (("phone",), "later")])
async def test_who_is_not_told_is_said_so(home: House, channels: tuple[str, ...], word: str) -> None:
    """No channel: how to name one; none: taken at that word; one that never took a test is not one."""
    home.face.settings.append(named(*channels))
    page = await home.get("/start")
    assert ("[alerts.channels]" in page.words) == (not channels)
    assert ("You said that nobody is to be told." in page.words) == (channels == ("none",))
    assert (await lights(home, named(*channels)))["told"] == word


async def test_the_steps_of_an_account_follow_one_another(house: House) -> None:
    """Connected, told, chosen, attested, posted: each is read from the books."""
    await house.put(accounts=(REAL,), snapshots=(TOLD,))
    rows = named("phone")
    assert await lights(house, rows) == {
        "rehearse": "optional", "connect": "done", "told": "done", "pace": "next", "attest": "later", "go": "later"
    }  # fmt: skip
    await house.put(accounts=(REAL,), facts=(CHANGED,))
    assert (await lights(house, rows))["attest"] == "next"
    await house.put(accounts=(replace(REAL, labelled=True, operator="Ann"),))
    assert (await lights(house, rows))["go"] == "next"
    await house.put(published("p9", account_id=REAL.id))
    assert set((await lights(house, rows)).values()) == {"done", "optional"}


async def test_the_forms_of_an_account_hold_what_is_in_force(house: House) -> None:
    """Its mode, times, zone and limits; and whose account it is."""
    account = replace(REAL, mode=Mode.VETO, slots=("08:15", "18:40"), zone="Europe/Berlin", posts_per_day_max=5)
    await house.put(accounts=(account, replace(REAL, id="bluesky:bob.test", handle="bob.test", created_at=-1)))
    page = await house.signed_in().get("/start")
    values = {field["id"]: field["value"] for field in page.all("input") if "id" in field}
    assert (values["slots"], values["zone"], values["day_max"], values["hour_max"]) == (
        "08:15, 18:40", "Europe/Berlin", "5", "4"
    )  # fmt: skip
    assert [option["value"] for option in page.all("option") if "selected" in option] == ["veto"]
    assert "Put into the profile of ann.test" in page.words
    assert "Put into the profile of bob.test" in (await house.get("/start?account=bluesky:bob.test")).words
    assert (await house.get("/start?account=nobody")).status == 200


async def test_what_an_owner_alone_may_is_drawn_for_an_owner_alone(home: House) -> None:
    """An editor reads the steps, and no form of them."""
    person = Person(name="ed", role=Role.EDITOR, password=hashed("correct horse", cost=4, turns=1), made_at=START)
    await home.put(people=(person,), accounts=(WREN, REAL), snapshots=(NEWCOMER.kept(now=START),))
    home.doors.meet(await home.books.people())
    cookie = home.doors.sign_in("correct horse", "ed")
    assert cookie is not None
    home.browser.cookies.set(COOKIE, cookie)
    page = await home.get("/start")
    verbs = set(re.findall(r'name="verb" value="(\w+)"', page.html))
    assert verbs & {"rehearse", "introduce", "welcome", "decline", "account_set", "attest", "alerts_test"} == set()
    assert "Connect Bluesky" in page.words


@pytest.mark.parametrize(
    ("done", "words"),
    [
        ("", ["next", "later", "later"]),
        ("a", ["done", "next", "later"]),
        ("b", ["optional", "done", "next"]),
        ("bc", ["optional", "done", "done"]),
        ("abc", ["done", "done", "done"]),
    ],
)
def test_exactly_one_step_is_next_until_all_are_done(done: str, words: list[str]) -> None:
    """One that may be left out is next only while nothing else is begun."""
    steps = [Step(key=key, title=key, done=key in done, sentence="", optional=key == "a") for key in "abc"]
    assert [step.word for step in start.lit(steps)] == words
