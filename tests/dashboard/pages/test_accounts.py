"""The accounts: the worst first, each with what a person asks for first, and several changed with one press."""

from dataclasses import replace
from typing import Any

import pytest

from bowerbird.core.account import Account, Hold, HoldKind
from bowerbird.core.gauge import Sample
from bowerbird.core.health import Light
from bowerbird.core.incident import Incident, Severity
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US
from bowerbird.dashboard.asked import Asked
from bowerbird.dashboard.metrics import packed
from bowerbird.dashboard.pages import accounts
from bowerbird.dashboard.standing import Standing, look, standing
from tests.dashboard.house import START, WREN, House, a_post, published

HOUR_US = 3600 * SECOND_US


def another(name: str, **fields: Any) -> Account:
    """One more account."""
    return replace(WREN, id=f"sandbox:{name}", handle=name, **fields)


def incident(account_id: str = WREN.id, **fields: Any) -> Incident:
    """Something open about an account."""
    given: dict[str, Any] = {"severity": Severity.CRITICAL, "scope": account_id, "opened_at": START, "seen_at": START}
    return Incident(id="i1", fingerprint="f", rule="SignedOut", part="p", title="It is signed out", **(given | fields))


async def stands(house: House, account: Account = WREN) -> Standing:
    """How an account stands by what is in the books."""
    return standing(account, await look(house.books, house.clock))


async def test_nothing_connected_teaches_how_to(house: House) -> None:
    """What will stand here, and where it begins."""
    words = (await house.signed_in().get("/accounts")).words
    assert "what holds it. Start here" in words


async def test_the_worst_stand_first(home: House) -> None:
    """Red, amber, new, green; within a light by name."""
    far = a_post("p1", account_id="sandbox:green", state=State.QUEUED, due=START + 30 * HOUR_US)
    held = Hold(account_id="sandbox:amber", kind=HoldKind.PAUSED, since=START)
    out = Hold(account_id="sandbox:red", kind=HoldKind.SIGNED_OUT, since=START)
    await home.put(far, holds=(held, out))
    await home.books.record(batch_of(another("amber"), another("green"), another("red")))
    found = await accounts.read(home.books, home.clock, Asked())
    assert [row.account.handle for row in found["rows"]] == ["red", "amber", "wren", "green"]
    assert [row.light for row in found["rows"]] == [Light.RED, Light.AMBER, Light.GREY, Light.GREEN]


def batch_of(*found: Account) -> Any:
    """These accounts, to be written."""
    from bowerbird.core.books import Batch

    return Batch(accounts=found)


async def test_a_new_account_is_grey_and_says_what_will_happen(home: House) -> None:
    """Nothing was measured, so nothing is claimed."""
    row = await stands(home)
    assert (row.light, row.word, row.session, row.truth) == (Light.GREY, "new", None, None)
    words = (await home.get("/accounts")).words
    assert "the planner fills the queue within minutes" in words
    assert "Session not measured yet" in words
    assert "Timeline not compared yet" in words


@pytest.mark.parametrize(
    ("posts", "light", "word"),
    [
        ([a_post(state=State.PARKED)], Light.RED, "needs you"),
        ([a_post(state=State.UNSURE)], Light.AMBER, "in doubt"),
        ([a_post()], Light.AMBER, "waits for you"),
        ([published()], Light.AMBER, "queue is thin"),
        ([a_post(state=State.QUEUED, due=START + 20 * HOUR_US)], Light.GREEN, "posts"),
    ],
)
async def test_what_its_posts_say_colours_it(home: House, posts: list[Any], light: Light, word: str) -> None:
    """Each with a word beside the colour."""
    await home.put(*posts)
    row = await stands(home)
    assert (row.light, row.word) == (light, word)


@pytest.mark.parametrize(
    ("severity", "light"),
    [(Severity.CRITICAL, Light.RED), (Severity.WARNING, Light.AMBER), (Severity.INFO, Light.GREY)],
)
async def test_an_open_incident_about_it_speaks_for_it(home: House, severity: Severity, light: Light) -> None:
    """With a link; what is only written down colours nothing, nor does another account's."""
    await home.put(incidents=(incident(severity=severity),))
    assert (await stands(home)).light is light
    assert (await stands(home, another("robin"))).incidents == ()
    assert "/incidents/i1" in {link["href"] for link in (await home.get("/accounts")).all("a")}


@pytest.mark.parametrize("kind", [HoldKind.BUDGET, HoldKind.LIMITED])
async def test_a_hold_that_ends_by_itself_is_told_and_colours_nothing(home: House, kind: HoldKind) -> None:
    """A limit is no trouble."""
    hold = Hold(account_id=WREN.id, kind=kind, since=START, until=START + HOUR_US, why="The hour is full.")
    await home.put(a_post(state=State.QUEUED, due=START + 20 * HOUR_US), holds=(hold,))
    assert (await stands(home)).light is Light.GREEN
    assert "until in 60 min . The hour is full." in (await home.get("/accounts")).words


async def test_the_engines_numbers_are_told_while_they_are_fresh(home: House) -> None:
    """Cover without a gap, the session's age, and how the timeline differs from the books."""
    values = {
        "bowerbird_queue_cover_hours": 12.0, "bowerbird_truth_seen_seconds": 200.0,
        "bowerbird_truth_foreign_posts": 2.0, "bowerbird_truth_missing_posts": 1.0,
    }  # fmt: skip
    found = [Sample(name=name, value=value, labels={"account": WREN.id}) for name, value in values.items()]
    await home.put(snapshots=(packed(found, START),))
    row = await stands(home)
    assert (row.cover, row.truth) == ("12 h of 24 h", "2 there that are not ours, 1 of ours missing, seen 3 min ago")
    home.pass_s(60)
    assert (await stands(home)).truth is None


async def test_thousands_are_shown_fifty_at_a_time(home: House) -> None:
    """Each page begins where the one before it ended; a search narrows them."""
    await home.books.record(batch_of(*(another(f"bird{n:04}") for n in range(1_200))))
    seen: list[str] = []
    path = "/accounts"
    while path:
        query = dict(pair.split("=") for pair in path.partition("?")[2].replace("%3A", ":").split("&") if pair)
        found = await accounts.read(home.books, home.clock, Asked(query=query))
        seen += [row.account.id for row in found["rows"]]
        path = found["next"]
    assert len(seen) == len(set(seen)) == 1_201
    assert len((await home.get("/accounts?words=BIRD0007")).all("input")) < 20
    assert "bird0007" in (await home.get("/accounts?words=BIRD0007")).words


@pytest.mark.parametrize("query", ["after=9-x", "after=-", "after=%00", "show=nonsense", "words=%FF"])
async def test_nonsense_in_the_address_shows_the_first_page(home: House, query: str) -> None:
    """Whatever somebody types."""
    assert (await home.get(f"/accounts?{query}")).status == 200


async def test_those_that_are_held_are_shown_alone(home: House) -> None:
    """By a tab, with how many there are."""
    await home.books.record(batch_of(another("robin")))
    await home.put(holds=(Hold(account_id=WREN.id, kind=HoldKind.PAUSED, since=START),))
    found = await accounts.read(home.books, home.clock, Asked(query={"show": "held"}))
    assert [row.account.handle for row in found["rows"]] == ["wren"]
    assert ("/accounts?show=held", "Held 1", True) in found["choices"]
    assert "No account is like that." in (await home.get("/accounts?show=trouble&words=zzz")).words


async def test_several_are_paused_with_one_form(home: House) -> None:
    """Boxes beside the accounts, one reason, and an answer for each."""
    await home.books.record(batch_of(another("robin"), another("finch")))
    page = await home.get("/accounts")
    boxes = [box for box in page.all("input") if box.get("type") == "checkbox"]
    assert {box["form"] for box in boxes} == {"ticked"}
    picked = {box["name"]: box["value"] for box in boxes if box["value"] != "sandbox:finch"}
    page = await home.press("pause", onward="/accounts", chosen="1", why="Moulting.", **picked)
    assert "Paused sandbox:" in page.words
    held = await home.books.holds(now=START)
    assert {hold.account_id: hold.why for hold in held} == {WREN.id: "Moulting.", "sandbox:robin": "Moulting."}


async def test_ticking_nothing_pauses_nothing(home: House) -> None:
    """It says what to do instead."""
    page = await home.press("pause", onward="/accounts", chosen="1")
    assert "no account was chosen; tick those that you mean" in page.words
    assert await home.books.holds(now=START) == []
