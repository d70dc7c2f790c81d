"""What each page says, over books in memory."""

import gzip
from dataclasses import replace
from typing import Any

import pytest

from bowerbird.core.account import Hold, HoldKind
from bowerbird.core.findings import Advice, Counts, Reading, Seen, Target
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US, Choice, Kind, RemoteRef
from bowerbird.dashboard import drawing
from bowerbird.dashboard.asked import Asked
from bowerbird.dashboard.pages import overview

from .house import START, WREN, House, a_post, published


def a_reading(post_id: str = "p9", age_s: float = 60, **counts: Any) -> Reading:
    """Numbers of a post."""
    return Reading(post_id=post_id, account_id=WREN.id, rung=0, age_s=age_s, observed_at=START, counts=Counts(**counts))


async def test_an_empty_house_says_how_to_begin(empty_house: House) -> None:
    """No engine, no account, no error: what to type next."""
    page = await empty_house.signed_in().get("/")
    assert "No engine has ever run here. Start it: bowerbird run" in page.words
    assert "bowerbird connect bluesky your.handle" in page.words
    for path in ("/approvals", "/opportunities", "/accounts", "/settings"):
        assert (await empty_house.get(path)).status == 200


async def test_the_overview_tells_the_loop_with_live_numbers(home: House) -> None:
    """What is queued, what went out, what it brought, what was learned."""
    advice = Advice(account_id=WREN.id, version="v", made_at=START, n=4, needed=30, target="t", sentence="Collecting.")
    queued = a_post("p2", state=State.QUEUED, due=START + 30 * SECOND_US)
    await home.put(queued, published(), readings=(a_reading(likes=2, replies=1),), advice=(advice,))
    words = (await home.get("/")).words
    for told in ("Plan 1 post queued", "next in 30 s", "Publish 1 published", "Measure 3 reactions", "Learn 4 posts"):
        assert told in words


async def test_a_reason_that_posts_share_is_told_once(home: House) -> None:
    """On the overview and among the approvals; a post with a reason of its own still tells it."""
    same = Choice(because="Nothing is known yet.")
    posts = [a_post(f"p{n}", choice=same) for n in range(4)]
    await home.put(*posts, a_post("other", choice=Choice(because="Asked for by Ann.")))
    for path in ("/", "/approvals"):
        words = (await home.get(path)).words
        assert words.count("Nothing is known yet.") == 1
        assert "Why: Asked for by Ann." in words


async def test_a_single_reason_is_told_with_its_post(home: House) -> None:
    """One post has nothing to share."""
    await home.put(a_post())
    assert "Why: Chosen because of p1." in (await home.get("/approvals")).words


async def test_an_answers_numbers_come_without_an_age_and_a_posts_with_it(home: House) -> None:
    """How old an answer was when it was read matters to nobody."""
    await home.put(published("p8", kind=Kind.REPLY), published("p9"))
    await home.put(readings=(a_reading("p8", likes=1), a_reading("p9", likes=1)))
    done = (await overview.read(home.books, home.clock, Asked()))["done"]
    assert {card.post.id: card.numbers for card in done} == {"p8": "1 like", "p9": "1 like, at 1 min"}


def a_thread() -> list[object]:
    """Three parts that wait for a yes."""
    return [a_post(f"t{n}", key=f"kt{n}", thread_id="t0", part=n, parts=3, text=f"Part {n}.") for n in range(3)]


async def test_a_thread_stands_as_parts_in_one_form(home: House) -> None:
    """Each part has its own box, its label and its version, and one button covers them."""
    await home.put(*a_thread())  # type: ignore[arg-type]
    page = await home.get("/approvals")
    boxes = [box["name"] for box in page.all("textarea")]
    assert boxes == ["text", "text.1", "text.2"]
    assert "Part 3 of 3" in page.words
    names = {field["name"] for field in page.all("input")}
    assert {"version", "version.1", "version.2"} <= names
    assert page.words.count("Turn down") == 1


async def test_approving_changed_words_approves_those_words(home: House) -> None:
    """What stands in the box is what is approved."""
    await home.put(*a_thread())  # type: ignore[arg-type]
    fields = {"post_id": "t0", "version": "1", "version.1": "1", "version.2": "1", "text.2": "A better end."}
    assert "Approved in your words" in (await home.press("approve", **fields)).words
    assert [(p.state, p.payload.text) for p in await home.books.thread("t0")] == [
        (State.QUEUED, "Part 0."), (State.QUEUED, "Part 1."), (State.QUEUED, "A better end.")]  # fmt: skip


async def test_a_stale_page_is_told_so_and_keeps_what_was_typed(home: House) -> None:
    """The other person's words and mine stand side by side; nothing was approved."""
    await home.put(a_post())
    await home.press("edit", post_id="p1", version="1", text="Ann's words.")
    page = await home.press("approve", post_id="p1", version="1", text="My words.")
    assert "you saw version 1, it is version 2 now" in page.words
    assert "As it stands now: Ann's words." in page.words
    assert ("textarea", "\nMy words.") in page.texts
    post = await home.books.post("p1")
    assert post is not None
    assert (post.state, post.payload.text) == (State.PROPOSED, "Ann's words.")


async def test_words_that_do_not_pass_the_gate_are_kept_in_the_box(home: House) -> None:
    """Too long is said, and nobody has to type it again: neither an approval nor a post of one's own."""
    await home.put(a_post())
    long = "word " * 80
    for verb, onward, of in (("approve", "/approvals", "post_id"), ("post", f"/accounts/{WREN.id}", "account_id")):
        args = {of: "p1" if of == "post_id" else WREN.id}
        page = await home.press(verb, onward=onward, text=long, **args)
        assert "400 characters long; at most 300 fit" in page.words
        assert any(tag == "textarea" and long.strip() in text for tag, text in page.texts)


async def test_turning_down_keeps_the_reason(home: House) -> None:
    """In a form of its own, so that Enter in the reason's field never approves."""
    await home.put(a_post())
    page = await home.press("reject", post_id="p1", reason="Too dull.")
    assert "Turned down" in page.words
    post = await home.books.post("p1")
    assert post is not None
    assert (post.state, post.reason) == (State.REJECTED, "Too dull.")
    assert "Turned down by the owner: Too dull." in (await home.get("/posts/p1")).words


@pytest.mark.parametrize(
    ("state", "buttons"),
    [
        (State.PROPOSED, {"Approve", "Turn down", "Save as a new version"}),
        (State.QUEUED, {"Turn down", "Take back", "Save as a new version"}),
        (State.SENDING, {"Take back"}),
        (State.UNSURE, {"Take back"}),
        (State.PARKED, {"It is there", "It is not: send it", "It is not: leave it"}),
        (State.PUBLISHED, set()),
        (State.REJECTED, {"Queue these words again"}),
        (State.DROPPED, {"Queue these words again"}),
        (State.REMOVED, set()),
    ],
)
async def test_a_post_offers_what_can_be_done_with_it(home: House, state: State, buttons: set[str]) -> None:
    """No button that could only be refused."""
    await home.put(a_post(state=state))
    page = await home.get("/posts/p1")
    assert {text for tag, text in page.texts if tag == "button"} - {"Sign out"} == buttons


async def test_an_account_says_what_holds_it_and_until_when(home: House) -> None:
    """Paused: one may resume, and not pause again."""
    hold = Hold(account_id=WREN.id, kind=HoldKind.PAUSED, since=START - 60 * SECOND_US, why="Holidays.")
    await home.put(a_post(), holds=(hold,))
    page = await home.get("/accounts")
    assert "Held: paused , since 1 min ago . Holidays." in page.words
    assert "Cover nothing ahead" in page.words
    buttons = {text for tag, text in page.texts if tag == "button"}
    assert "Resume" in buttons
    assert "Pause" not in buttons


@pytest.mark.parametrize("path", ["/approvals", "/accounts", "/opportunities", "/settings", "/posts/p1"])
async def test_every_page_says_that_the_engine_is_silent(home: House, path: str) -> None:
    """Eight seconds after its last beat, also where one is busy with something else."""
    await home.put(a_post())
    assert "Engine: Silent" not in (await home.get(path)).words
    home.pass_s(9)
    assert "Engine: Silent for 9 s." in (await home.get(path)).words


async def test_the_overview_is_red_within_ten_seconds_of_silence(home: House) -> None:
    """Nothing in the books changes meanwhile: only time passes."""
    mark = await home.books.change_mark()
    home.pass_s(9)
    page = await home.get("/")
    assert "Engine: Silent for 9 s" in page.words
    assert "light red" in {section.get("class") for section in page.all("section")}
    assert await home.books.change_mark() == mark


async def test_a_stopped_engine_is_red_at_once(home: House) -> None:
    """It said goodbye: nobody has to wait for its silence."""
    await home.engine_stops()
    assert "Engine: Stopped 0 s ago. Nothing is sent." in (await home.get("/")).words


@pytest.mark.proves("9.G5")
async def test_conversations_show_whom_one_may_answer(home: House) -> None:
    """With the score, the reason and a way there."""
    seen = Seen(ref=RemoteRef(id="x", url="https://there.example/x"), author="@them", text="How?", posted_at=START)
    target = Target(
        id="t", account_id=WREN.id, seen=seen, score=71.4, because="They ask.", addressed=False, found_at=START
    )
    await home.put(targets=(target, replace(target, id="u", seen=replace(seen, ref=RemoteRef(id="y")), addressed=True)))
    words = (await home.get("/opportunities")).words
    assert "71 of 100: They ask. See it there" in words
    assert "addressed us" in words


async def test_instants_carry_what_a_script_needs_to_say_them_locally(home: House) -> None:
    """Microseconds for the script, UTC for everybody else."""
    await home.put(published())
    times = (await home.get("/posts/p9")).all("time")
    assert {"data-at", "data-clock"} <= {name for time in times for name in time}
    assert all(time["datetime"].endswith("+00:00") for time in times)


@pytest.mark.parametrize(("seconds", "words"), [(-0.4, "now"), (0.9, "now"), (-30, "in 30 s"), (90, "2 min ago")])
def test_an_instant_is_said_from_now(seconds: float, words: str) -> None:
    """Ago, ahead, or now."""
    assert drawing.ago(START, START - int(seconds * SECOND_US)) == words
    assert drawing.ago(START, None) == "never"


async def test_pages_are_small_also_when_the_books_are_full(home: House) -> None:
    """At most 100 KiB as they are sent, with a hundred posts of 300 characters waiting; sixty stand on a page."""
    choice = Choice(because="Best in 14 % of what the learner holds possible; what counts most is the topic.")
    await home.put(*(a_post(f"p{n}", text=f"{n} " + "word " * 59, choice=choice) for n in range(130)))
    await home.put(*(published(f"q{n}", text="word " * 60) for n in range(40)))
    for path in ("/", "/approvals", "/accounts"):
        answer = await home.browser.get(path, headers={"accept-encoding": "identity"})
        assert len(answer.content) <= 160 * 1024, path
        assert len(gzip.compress(answer.content)) <= 30 * 1024, path
        assert "<style" not in answer.text


def test_everything_beside_the_page_is_small_and_named_in_it() -> None:
    """Three more requests: style, script, icon; well below eight and 100 KiB."""
    from pathlib import Path

    files = [file for file in (Path(drawing.__file__).parent / "static").iterdir() if file.is_file()]
    assert len(files) <= 7
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) <= 20 * 1024
