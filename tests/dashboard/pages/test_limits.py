"""The page of limits: what is used of each, learned against configured, and money."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from bowerbird.core.account import Hold, HoldKind, Learned, Quota
from bowerbird.core.gauge import Sample
from bowerbird.core.health import Light
from bowerbird.core.post import SECOND_US
from bowerbird.dashboard.asked import Asked, SettingRow
from bowerbird.dashboard.metrics import packed
from bowerbird.dashboard.pages import limits
from bowerbird.posting.pacing import quotas_for
from tests.dashboard.house import START, WREN, House

HOUR = quotas_for(WREN)[0]
SKY = replace(WREN, id="bluesky:lark", platform="bluesky", handle="lark", url="https://sky.example")
WRITER = [
    SettingRow(name=f"writer.{name}", value=value, source="file", why="")
    for name, value in {
        "url": "http://x/v1", "model": "m", "price_in": "1", "price_out": "2", "day_max": "1.5", "tokens_day_max": "9",
    }.items()
]  # fmt: skip


async def shown(home: House, query: str = "", settings: list[SettingRow] | None = None) -> dict[str, Any]:
    """What the page is made of."""
    return await limits.read(home.books, home.clock, Asked(query=dict(parse_qsl(query)), settings=settings or []))


async def spend(home: House, quota: Quota, times: int = 1) -> None:
    """Use some of a limit."""
    for n in range(times):
        assert await home.books.reserve(f"s-{quota.key}-{n}", [quota], now=START) is None


@pytest.mark.proves("4.3", "X8")
async def test_every_window_says_what_is_used_of_it(home: House) -> None:
    """Of the account, of its platform's own words, and of its server."""
    await home.put(accounts=(SKY,))
    for quota in quotas_for(SKY)[0], quotas_for(SKY)[2]:
        await spend(home, quota)
    words = (await home.get("/limits")).words
    for told in (
        "1 of 4 posts of this account within 60 min", "2 of 5,000 points of this account within 60 min",
        "The server sky.example", "0 of 3,000 requests to the server within 5 min",
    ):  # fmt: skip
        assert told in words


@pytest.mark.proves("4.3", "X8")
async def test_a_full_limit_says_when_there_is_room_again(home: House) -> None:
    """And what is held because of it."""
    await spend(home, HOUR, 4)
    for n in range(4):
        await home.books.settle(f"s-{HOUR.key}-{n}", at=START)
    hold = Hold(account_id=WREN.id, kind=HoldKind.BUDGET, since=START, until=START + SECOND_US, why="The hour is full.")
    await home.put(holds=(hold,))
    [wren] = (await shown(home))["accounts"]
    assert (wren.light, wren.word) == (Light.AMBER, "full")
    words = (await home.get("/limits")).words
    assert "Full. There is room again in 60 min" in words
    assert "Held: budget" in words


@pytest.mark.proves("4.G5", "X9")
async def test_a_learned_limit_stands_against_the_configured_one_until_it_is_regained(home: House) -> None:
    """With why, and when it is back; then nothing is said."""
    learned = Learned(key=HOUR.key, unit="posts", window_s=HOUR.window_s, max=2, at=START, why="429: slow down")
    await home.put(learned=(learned,))
    words = (await home.get("/limits")).words
    assert "0 of 2 posts of this account within 60 min Configured: 4. Lower for now: 429: slow down." in words
    assert "is back in 50 min , unless something is refused before." in words
    assert (await shown(home))["accounts"][0].word == "lowered"
    home.pass_s(3_001)
    assert "Lower for now" not in (await home.get("/limits")).words


@pytest.mark.proves("4.G5")
async def test_a_window_that_nobody_configured_is_shown_while_it_is_learned(home: House) -> None:
    """A platform named it in a refusal."""
    await home.put(learned=(Learned(key=HOUR.key, unit="posts", window_s=60, max=1, at=START, why="1 a minute."),))
    words = (await home.get("/limits")).words
    assert "0 of 1 posts of this account within 60 s Lower for now: 1 a minute. It rises" in words.replace(
        "1 min", "60 s"
    )


async def test_money_is_a_limit_like_the_others(home: House) -> None:
    """In dollars within a day; spent, it says what happens instead."""
    money = Quota(scope="app", key="writer:m", window_s=86_400, max=1.5, unit="dollars", cost=0.75)
    assert (await shown(home))["writer"] is None
    await spend(home, money)
    writer = (await shown(home, settings=WRITER))["writer"]
    assert [(row.used, row.max, row.unit) for row in writer.limits] == [(0.75, 1.5, "dollars within 24 h")]
    await home.books.reserve("more", [money], now=START)
    writer = (await shown(home, settings=WRITER))["writer"]
    assert (writer.light, writer.word) == (Light.AMBER, "spent")
    assert "the bank writes" in writer.sentence


async def test_the_fullest_accounts_come_first_page_by_page(home: House) -> None:
    """Full, then lowered or nearly full, then the others by their share; no account twice and none left out."""
    birds = [replace(WREN, id=f"sandbox:b{n:03}", handle=f"b{n:03}") for n in range(120)]
    shares = {"sandbox:b100": 1.0, "sandbox:b090": 0.9, "sandbox:b050": 0.5}
    samples = [
        Sample(name="bowerbird_limit_used_ratio", value=share,
               labels={"scope": "account", "key": f"account:{name}", "window": "1h"})
        for name, share in shares.items()
    ]  # fmt: skip
    await home.put(accounts=(WREN, *birds), snapshots=(packed(samples, START),))
    seen, query = list[str](), ""
    while True:
        found = await shown(home, query)
        seen += [one.name for one in found["accounts"]]
        if not found["next"]:
            break
        query = urlsplit(found["next"]).query
    assert seen[:4] == ["b100 on sandbox", "b090 on sandbox", "b050 on sandbox", "b000 on sandbox"]
    assert len(seen) == len(set(seen)) == 121


async def test_one_account_is_shown_alone_with_what_it_shares(home: House) -> None:
    """As an incident about its limit leads there."""
    await home.put(accounts=(WREN, SKY))
    found = await shown(home, "account=bluesky:lark")
    assert [one.key for one in found["accounts"]] == ["account:bluesky:lark"]
    assert [one.key for one in found["common"]] == ["host:sky.example"]
    assert "No account is like that." in (await home.get("/limits?account=nobody")).words


async def test_without_an_account_it_teaches(house: House) -> None:
    """What will stand here."""
    assert "Once one is, its limits stand here" in (await house.signed_in().get("/limits")).words
