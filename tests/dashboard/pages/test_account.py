"""The page of one account: everything about it, and nothing that nobody observed."""

from dataclasses import replace

from bowerbird.core.account import Hold, HoldKind, Learned
from bowerbird.core.findings import Advice, Counts, Reading
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US
from bowerbird.dashboard.asked import Asked, SettingRow
from bowerbird.dashboard.pages import account
from bowerbird.posting.pacing import quotas_for
from tests.dashboard.house import START, WREN, House, a_post, published

from .test_accounts import incident

PATH = f"/accounts/{WREN.id}"


async def test_an_account_without_anything_teaches(home: House) -> None:
    """Each place says what will stand there."""
    words = (await home.get(PATH)).words
    for told in (
        "Nothing is planned. The planner fills 24 h ahead", "Nothing was published yet.", "None lately.",
        "Once posts are measured, the sentence that the planner follows stands here.", "Session not measured yet",
    ):  # fmt: skip
        assert told in words


async def test_what_comes_and_what_went_out_stand_with_their_numbers(home: House) -> None:
    """The next first, the newest first; a post that nobody measured says so."""
    reading = Reading(
        post_id="p8", account_id=WREN.id, rung=0, age_s=60, observed_at=START, counts=Counts(likes=2), rehearsal=True
    )
    queued = a_post("p2", state=State.QUEUED, due=START + 30 * SECOND_US)
    await home.put(a_post("p1"), queued, published("p8"), published("p9"), readings=(reading,))
    words = (await home.get(PATH)).words
    assert words.index("The words of p2.") < words.index("The words of p1.")
    assert "1 min ago : 2 likes, at 1 min" in words
    assert "1 min ago : not measured yet" in words


async def test_limits_say_what_is_used_and_why_they_are_lower(home: House) -> None:
    """Of the account, and of all of them where the settings say so; learned from the platform's own words."""
    quota = quotas_for(WREN)[0]
    await home.books.reserve("s1", [quota], now=START)
    learned = Learned(key=quota.key, unit="posts", window_s=quota.window_s, max=2, at=START, why="429: slow down")
    await home.put(learned=(learned,))
    rows = [SettingRow(name="posting.app_hour_max", value="60", source="file", why="")]
    asked = Asked(params={"account_id": WREN.id}, settings=rows)
    found = await account.read(home.books, home.clock, asked)
    assert found is not None
    assert [(row.used, row.max, row.lowered) for row in found["limits"]] == [
        (1, 2, "429: slow down"), (1, 12, ""), (0, 60, "")]  # fmt: skip
    assert found["limits"][2].unit == "posts of every account on the platform within 60 min"
    assert "1 of 2 posts of this account within 60 min" in (await home.get(PATH)).words


async def test_holds_incidents_the_lesson_and_the_settings_stand_there(home: House) -> None:
    """With what is being done, and links to where one can act."""
    advice = Advice(account_id=WREN.id, version="v", made_at=START, n=40, needed=30, target="t", sentence="Ask more.")
    over = replace(incident(), id="i2", fingerprint="g", title="It was late", closed_at=START, healed_by="it went out")
    other = replace(over, id="i3", fingerprint="h", scope="sandbox:robin", title="Somebody else's")
    hold = Hold(account_id=WREN.id, kind=HoldKind.PAUSED, since=START, why="Holidays.")
    await home.put(incidents=(incident(fix="Sign in again."), over, other), advice=(advice,), holds=(hold,))
    page = await home.get(PATH)
    for told in ("Holidays.", "Sign in again.", "Ask more.", "It was late", "it went out", "09:30, 12:30, 17:30"):
        assert told in page.words
    assert "Somebody else's" not in page.words
    assert {"/incidents/i1", "/incidents/i2", "/accounts"} <= {link["href"] for link in page.all("a")}


async def test_pausing_takes_a_reason_and_leads_back_here(home: House) -> None:
    """The reason is shown with the hold."""
    page = await home.press("pause", onward=PATH, account_id=WREN.id, why="The wedding.")
    assert page.answer.url.path == PATH
    assert "Held: paused" in page.words
    assert "The wedding." in page.words
    assert "Resumed sandbox:wren." in (await home.press("resume", onward=PATH, account_id=WREN.id)).words


async def test_an_account_that_is_none_is_not_found(home: House) -> None:
    """404, not an error."""
    assert (await home.get("/accounts/sandbox:nobody")).status == 404
