"""The page of the queue: what is due and why it waits, how far each account reaches, and what was left out."""

from dataclasses import replace
from typing import Any

import pytest

from bowerbird.core.account import Hold, HoldKind
from bowerbird.core.breaker import BreakerState, Position
from bowerbird.core.facts import Fact
from bowerbird.core.gauge import Sample
from bowerbird.core.health import Light
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US, Post
from bowerbird.dashboard.asked import Asked
from bowerbird.dashboard.metrics import packed
from bowerbird.dashboard.pages import limits, queue
from bowerbird.posting.pacing import quotas_for
from tests.dashboard.house import START, WREN, House, a_post, published

from .engine_room import a_job, a_lane, a_pause, said

HOUR_US = 3600 * SECOND_US
SHUT = BreakerState(name="sandbox", position=Position.OPEN, since=START, why="5 of 6 calls failed")


def queued(post_id: str = "p1", *, in_s: float = 0, **fields: Any) -> Post:
    """A post that may go, due so many seconds from now."""
    return a_post(post_id, **{"state": State.QUEUED, "due": START + int(in_s * SECOND_US), **fields})


async def shown(home: House) -> dict[str, Any]:
    """What the page is made of."""
    return await queue.read(home.books, home.clock, Asked())


async def why(home: House) -> tuple[Light, str, str]:
    """Why the first post that is due waits."""
    wait = (await shown(home))["due"][0].wait
    return wait.light, wait.word, wait.sentence


@pytest.mark.proves("3.G4")
async def test_an_empty_queue_teaches(home: House) -> None:
    """Nothing is due, nothing comes, nothing was left out; each place says what will stand there."""
    words = (await home.get("/queue")).words
    for told in (
        "Nothing is due", "Nothing is approved ahead.", "No post was left out", "every job ran whenever it was due",
        "The engine has not said how its lanes are.",
    ):  # fmt: skip
        assert told in words


async def test_without_an_account_it_says_what_to_do(house: House) -> None:
    """Before the first one is connected."""
    assert "No account is connected yet" in (await house.signed_in().get("/queue")).words


@pytest.mark.proves("4.G3")
async def test_what_is_due_goes_at_the_next_look_and_is_red_after_a_minute(home: House) -> None:
    """Nothing explains it then."""
    await home.put(queued(in_s=-5))
    assert await why(home) == (Light.GREEN, "goes now", "Nothing holds it; it is taken at the next look.")
    home.pass_s(60)
    assert await why(home) == (Light.RED, "late", "Nothing holds it, and it was not sent.")
    assert "1 post is due and not sent. Nothing holds it" in (await home.get("/queue")).words


async def test_the_oldest_is_told_first_and_more_than_twenty_are_said(home: House) -> None:
    """With since when."""
    await home.put(*(queued(f"p{n:02}", in_s=-90 + n) for n in range(30)))
    found = await shown(home)
    assert [row.post.id for row in found["due"][:2]] == ["p00", "p01"]
    assert len(found["due"]) == queue.DUE_MAX
    assert "More than 20 posts are due and not sent." in found["summary"].sentence


async def test_a_hold_says_why_and_until_when(home: House) -> None:
    """Before anything else that may hold it."""
    hold = Hold(account_id=WREN.id, kind=HoldKind.LIMITED, since=START, until=START + HOUR_US, why="429: slow down.")
    await home.put(queued(), holds=(hold,), breakers=(SHUT,))
    assert await why(home) == (Light.AMBER, "held", "Its account is held, limited: 429: slow down.")
    assert "Until in 60 min" in (await home.get("/queue")).words


async def test_a_paused_lane_says_who_paused_it(home: House) -> None:
    """Only the one that sends."""
    paused = a_lane("posting", paused=a_pause("posting"))
    await home.put(queued(), snapshots=(said(a_job("publish", lane="posting"), lanes=(paused,)),))
    assert await why(home) == (Light.AMBER, "paused", "The lane posting is paused by ann until 12:04.")
    assert "Paused by ann: Too many;" in (await home.get("/queue")).words


async def test_a_host_that_is_spared_names_its_breaker(home: House) -> None:
    """Also the browser's, on which it hangs; not where another way is open."""
    await home.put(queued(), breakers=(SHUT,))
    assert await why(home) == (Light.AMBER, "spared", "The breaker sandbox is not closed, so nothing is asked there.")
    closed = replace(SHUT, position=Position.CLOSED)
    both = {"breakers": [replace(closed, parent="browser"), replace(SHUT, name="browser")]}
    assert queue.spared([WREN], both["breakers"])
    assert not queue.spared([replace(WREN, other_driver="x")], [SHUT, replace(closed, name="x")])
    assert not queue.spared([WREN], [closed])


async def test_one_that_has_to_wait_says_until_when(home: House) -> None:
    """With the code of what went wrong."""
    await home.put(queued(not_before=START + 30 * SECOND_US, reason="unreachable"))
    assert await why(home) == (Light.AMBER, "waits", "It is tried again later: unreachable.")


async def test_a_part_waits_for_the_one_before_it(home: House) -> None:
    """Until that is out; then it goes."""
    parts = [queued(f"t{n}", key=f"k{n}", thread_id="t0", part=n, parts=2) for n in range(2)]
    await home.put(replace(parts[0], state=State.SENDING), parts[1])
    assert await why(home) == (Light.GREEN, "follows", "Part 1 of its thread is not out yet.")
    home.pass_s(120)
    assert (await why(home))[0] is Light.AMBER


async def test_a_thread_that_does_not_fit_into_a_limit_says_which(home: House) -> None:
    """Though a single post would."""
    await home.put(queued(parts=3))
    assert (await why(home))[1] == "goes now"
    for n in range(2):
        await home.books.reserve(f"s{n}", quotas_for(WREN)[:1], now=START)
    light, word, sentence = await why(home)
    assert (light, word) == (Light.AMBER, "limit full")
    assert sentence == "A limit is full: 2 of 4 posts within 60 min."


@pytest.mark.proves("3.4", "3.G4")
async def test_cover_is_told_in_hours_against_what_is_wanted_the_least_first(home: House) -> None:
    """By the engine's own number where it is fresh; a yes that is waited for says so."""
    others = [replace(WREN, id=f"sandbox:{name}", handle=name) for name in ("full", "asks", "empty", "new")]
    await home.put(
        queued("p1", account_id="sandbox:full", in_s=20 * 3600), a_post("p2", account_id="sandbox:asks"),
        published("p3", account_id="sandbox:empty"), queued("p4", in_s=3600), accounts=(WREN, *others),
        snapshots=(packed([Sample(name="bowerbird_queue_cover_hours", value=2, labels={"account": WREN.id})], START),),
    )  # fmt: skip
    found = (await shown(home))["covers"]
    assert [(row.account.handle, row.light, row.word) for row in found] == [
        ("empty", Light.RED, "empty"), ("asks", Light.AMBER, "waits for your yes"), ("wren", Light.AMBER, "thin"),
        ("new", Light.GREY, "new"), ("full", Light.GREEN, "covered"),
    ]  # fmt: skip
    assert [row.words for row in found] == ["0 s of 24 h", "0 s of 24 h", "2 h of 24 h", "0 s of 24 h", "20 h of 24 h"]


async def test_what_comes_is_counted_and_threads_stand_once(home: House) -> None:
    """Within six hours; the others are listed all the same."""
    thread = [queued(f"t{n}", key=f"k{n}", thread_id="t0", part=n, parts=2, in_s=60) for n in (1, 0)]
    await home.put(*thread, queued("p1", in_s=7 * 3600))
    found = await shown(home)
    assert [post.id for post, _ in found["coming"]] == ["t0", "p1"]
    assert found["ahead"] == "Within the next 6 hours 2 posts go."


@pytest.mark.proves("2.G2")
async def test_skips_say_how_many_of_what_and_why(home: House) -> None:
    """Runs of a job, and posts that were not sent: by their words where they are known."""
    data = {"job": "publish", "slots": 4, "why": {"no seat was free": 4}}
    dropped = a_post("p1", state=State.DROPPED, reason="missed")
    await home.put(dropped, facts=(
        Fact(kind="job_skipped", at=START, by="jobs", data=data),
        Fact(kind="missed", at=START, by="posting", account_id=WREN.id, post_id="p1", data={"reason": "missed"}),
    ))  # fmt: skip
    words = (await home.get("/queue")).words
    assert "4 runs of publish no seat was free" in words
    assert "The words of p1. now , sandbox:wren: It would have been too late to matter; nothing was sent." in words


@pytest.mark.parametrize("page", [queue, limits], ids=["queue", "limits"])
async def test_a_page_takes_as_many_looks_for_a_hundred_accounts_as_for_one(home: House, page: Any) -> None:
    """Nothing is read once per account or per post."""
    looks = list[str]()

    def count(verb: str) -> None:
        looks.append(verb)

    await home.put(queued(), queued("t1", key="kt", thread_id="t", part=1, parts=2))
    home.books.books.trouble = count
    await page.read(home.books, home.clock, Asked())
    few, looks[:] = len(looks), []
    birds = [replace(WREN, id=f"sandbox:b{n}", handle=f"b{n}") for n in range(100)]
    await home.put(*(queued(f"q{n}", key=f"q{n}", account_id=bird.id) for n, bird in enumerate(birds)), accounts=birds)
    looks.clear()
    await page.read(home.books, home.clock, Asked())
    assert len(looks) <= few <= 20
