"""The page of conversations: how fresh, how the searches went, and who asked to be left alone."""

from dataclasses import replace
from typing import Any

import pytest

from bowerbird.core.facts import Fact
from bowerbird.core.findings import Seen, Target, TargetState
from bowerbird.core.post import SECOND_US, RemoteRef
from bowerbird.dashboard.asked import Asked, SettingRow
from bowerbird.dashboard.pages import opportunities
from bowerbird.dashboard.pages.opportunities import PILE_MAX, every
from tests.dashboard.house import START, WREN, House


def a_target(name: str = "t1", *, ago_s: float = 60, **changes: Any) -> Target:
    """Somebody whom we may answer."""
    at = START - int(ago_s * SECOND_US)
    seen = Seen(ref=RemoteRef(id=name, url=f"https://there.example/{name}"), author="ann", text=f"Words of {name}.",
                posted_at=at)  # fmt: skip
    plain: dict[str, Any] = {
        "id": name, "account_id": WREN.id, "seen": seen, "score": 70.0, "because": "About python.", "addressed": False,
        "found_at": at,
    }  # fmt: skip
    return Target(**(plain | changes))


def an_answer(kind: str, what: str = "search 'python'", ago_s: float = 0, **data: Any) -> Fact:
    """What a platform said, or did not."""
    at = START - int(ago_s * SECOND_US)
    return Fact(kind=kind, at=at, by="harvesting", account_id=WREN.id, data={"what": what, **data})


async def test_before_anybody_was_asked_it_teaches(home: House) -> None:
    """Each place says what will stand there."""
    words = (await home.get("/opportunities")).words
    assert "Nobody was asked yet. Mentions are read by themselves" in words
    assert "Nobody yet. Whoever mentions or answers one of your accounts appears here" in words
    assert 'Nobody has. Whoever writes "stop" is never answered by itself again' in words
    assert "Newest found none yet" in words


async def test_the_pool_says_how_many_and_how_fresh(home: House) -> None:
    """What is done with has its own numbers."""
    old = a_target("t2", ago_s=7_200, addressed=True, state=TargetState.DRAFTED, post_id="p1")
    done = [a_target(f"s{n}", state=TargetState.STALE) for n in range(3)]
    await home.put(targets=(a_target(), old, a_target("t4", state=TargetState.ANSWERED), *done))
    words = (await home.get("/opportunities")).words
    assert "Wait 2, 1 of them addressed us, 1 with a draft Younger than an hour 1 Newest found 1 min ago" in words
    assert "Answered 1 Set aside 0 Too late to answer 3;" in words
    assert "The draft" in words


async def test_a_great_many_stale_ones_are_said_to_be_more(home: House) -> None:
    """They are counted as far as is worth it."""
    await home.put(targets=tuple(a_target(f"s{n}", state=TargetState.STALE) for n in range(PILE_MAX + 1)))
    assert f"Too late to answer {PILE_MAX} or more;" in (await home.get("/opportunities")).words


@pytest.mark.proves("9.G1")
async def test_each_search_says_when_it_was_answered_last_and_when_not(home: House) -> None:
    """One that fails stands first, with why; one that was answered since is well again."""
    facts = (
        an_answer("harvested", "mentions", 90, found=0, new=0),
        an_answer("unharvested", "mentions", 60, reason="page", sentence="nobody answered"),
        an_answer("unharvested", ago_s=50, reason="rate_limited"),
        an_answer("harvested", ago_s=40, found=9, new=2),
    )
    await home.put(facts=facts)
    words = (await home.get("/opportunities")).words
    assert "mentions sandbox:wren not answered 2 min ago : 0 found, 0 new 1 min ago : nobody answered 1 of 2" in words
    assert "search 'python' sandbox:wren answered 40 s ago : 9 found, 2 new 50 s ago : rate_limited 1 of 2" in words
    assert words.index("mentions sandbox:wren") < words.index("search 'python'")


async def test_a_search_that_was_never_answered_says_so(home: House) -> None:
    """Its found is not 0."""
    await home.put(facts=(an_answer("unharvested"),))
    assert "not answered none lately now : it did not say why 0 of 1" in (await home.get("/opportunities")).words


async def test_who_asked_to_be_left_alone_is_named(home: House) -> None:
    """Of which account, and when."""
    fact = Fact(kind="opted_out", at=START, by="harvesting", account_id=WREN.id, data={"author": "ben"})
    await home.put(facts=(fact, replace(fact, data={})))
    words = (await home.get("/opportunities")).words
    assert "2; they are never answered by itself again." in words
    assert "ben sandbox:wren, now" in words
    assert "somebody sandbox:wren" in words


async def test_questions_are_bounded(home: House) -> None:
    """However many accounts and searches there are."""
    await home.put(facts=tuple(an_answer("harvested", f"search {n}") for n in range(60)))
    found = await opportunities.read(home.books, home.clock, Asked())
    assert (len(found["questions"]), found["more"]) == (30, 30)


@pytest.mark.parametrize(("value", "words"), [("1800.0", "30 min"), ("", ""), ("soon", "")])
def test_how_often_a_search_is_asked_is_said_in_words(value: str, words: str) -> None:
    """If the settings say it."""
    assert every([SettingRow(name="harvest.search_s", value=value, source="default", why="")]) == words
    assert every([]) == ""
