"""The page of one post: the same story as `bowerbird why`, its way, its attempts, its numbers, and what can be done."""

from typing import Any

import pytest

from bowerbird.core.account import Hold, HoldKind
from bowerbird.core.books import Batch, Committed
from bowerbird.core.breaker import BreakerState, Position
from bowerbird.core.facts import KINDS, Fact
from bowerbird.core.findings import Advice, Counts, Reading
from bowerbird.core.health import Light
from bowerbird.core.incident import Incident, Severity
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US, Choice, Kind, Post
from bowerbird.core.story import story
from bowerbird.dashboard.asked import Asked
from bowerbird.dashboard.attempts import attempts
from bowerbird.dashboard.curves import curves
from bowerbird.dashboard.pages import post as page_of
from bowerbird.dashboard.pages.post import concerned
from tests.dashboard.corpus import HOSTILE
from tests.dashboard.house import START, WREN, House, Page, a_post, published
from tests.dashboard.test_hostile import harmless


def fact(kind: str, after_s: float = 0, by: str = "posting", **data: Any) -> Fact:
    """Something that happened to p9, so many seconds after the start."""
    at = START + int(after_s * SECOND_US)
    return Fact(kind=kind, at=at, by=by, account_id=WREN.id, post_id="p9", data=data)


def reading(age_s: float, **counts: Any) -> Reading:
    """What p9 had brought at this age."""
    at = START + int(age_s * SECOND_US)
    return Reading(post_id="p9", account_id=WREN.id, rung=int(age_s), age_s=age_s, observed_at=at, rehearsal=True,
                   counts=Counts(**counts))  # fmt: skip


TWO_ATTEMPTS = (
    fact("claimed", 1, by="boot-a", attempt=1, late_s=0.4),
    fact("frozen", 2, bytes=90),
    fact("lost_touch", 4, attempt=1, sentence="500"),
    fact("looked_in_vain", 20, by="reconciler", why="no answer within 20 s"),
    fact("absent", 70, by="reconciler", absences=1),
    fact("claimed", 71, by="boot-b", attempt=2, late_s=0),
    fact("confirmed", 73.5, attempt=2, remote_id="r-p9"),
)


async def the_page(house: House, post: Post, facts: tuple[Fact, ...] = (), **batch: Any) -> Page:
    """Write a post's life into the books and open its page."""
    assert isinstance(await house.books.record(Batch(new_posts=(post,), facts=facts, **batch)), Committed)
    return await house.get(f"/posts/{post.id}")


async def test_the_page_tells_every_chapter_and_sentence_of_why(home: House) -> None:
    """One source, whatever happened: a fact of every kind, and readings, and a lesson."""
    facts = tuple(fact(kind, n, ok=False, verb="retry", answer="no") for n, kind in enumerate(KINDS))
    advice = Advice(account_id=WREN.id, version="v", made_at=START, n=3, needed=30, target="t", sentence="Ask more.")
    readings = (reading(60, likes=2), reading(300, likes=5))
    page = await the_page(home, published(), facts, readings=readings, advice=(advice,))
    post = await home.books.post("p9")
    assert post is not None
    found = await home.books.facts(post_id="p9")
    lines = story(post, found, await home.books.readings(post_id="p9"), learned="Ask more.")
    assert len(lines) > len(KINDS)
    told = page.words.partition("Its story")[2]
    for line in lines:
        told = told.partition(line.chapter)[2]  # in the same order
        assert " ".join(line.sentence.split()) in told


async def test_the_way_has_a_light_and_a_sentence_at_each_stop(home: House) -> None:
    """From the plan to the lesson; what has not come yet is grey and claims nothing."""
    await the_page(home, a_post("p1", state=State.QUEUED, approved_by="ada", approved_at=START))
    found = await page_of.read(home.books, home.clock, Asked(params={"post_id": "p1"}))
    assert found is not None
    assert [(stop.name, stop.light, stop.word) for stop in found["stops"]] == [
        ("Plan", Light.GREEN, "planned"), ("Words", Light.GREEN, "written"), ("Gates", Light.GREY, "not written down"),
        ("Approval", Light.GREEN, "let go"), ("Sending", Light.GREY, "not yet"), ("Proof", Light.GREY, "not yet"),
        ("Numbers", Light.GREY, "not measured yet"), ("Lesson", Light.GREY, "nothing yet")]  # fmt: skip
    assert all(stop.sentence for stop in found["stops"])


@pytest.mark.parametrize(
    ("post", "facts", "stop", "light", "word"),
    [
        (a_post("p9"), (), 3, Light.AMBER, "waits for you"),
        (a_post("p9", state=State.REJECTED), (fact("turned_down", by="ada", reason="dull"),), 3, Light.RED,
         "turned down"),
        (a_post("p9", state=State.DROPPED), (fact("expired"),), 3, Light.RED, "expired"),
        (a_post("p9"), (fact("planned", likeness=0.4),), 2, Light.GREEN, "passed"),
        (a_post("p9"), (fact("planned", likeness=0.1, rule="it answers"),), 2, Light.AMBER, "left to you"),
        (a_post("p9", state=State.UNSURE), TWO_ATTEMPTS[:3], 4, Light.AMBER, "1 attempt"),
        (a_post("p9", state=State.DROPPED), (fact("missed"),), 4, Light.GREY, "not sent"),
        (a_post("p9", state=State.PARKED), (*TWO_ATTEMPTS[:3], fact("parked", 9)), 5, Light.RED, "needs you"),
        (published(), TWO_ATTEMPTS, 5, Light.GREEN, "proved"),
        (a_post("p9", state=State.REMOVED), (fact("gone"),), 5, Light.GREY, "gone"),
        (published(), (fact("unmeasured", sentence="429"),), 6, Light.AMBER, "not measured yet"),
    ],
)  # fmt: skip
async def test_a_stop_says_how_it_is(
    home: House, post: Post, facts: tuple[Fact, ...], stop: int, light: Light, word: str
) -> None:
    """By the state of the post and what happened to it."""
    await the_page(home, post, facts)
    found = await page_of.read(home.books, home.clock, Asked(params={"post_id": "p9"}))
    assert found is not None
    assert (found["stops"][stop].light, found["stops"][stop].word) == (light, word)


async def test_a_lesson_says_how_many_posts_it_still_needs(home: House) -> None:
    """And is green once there are enough."""
    for n, light in ((3, Light.GREY), (30, Light.GREEN)):
        advice = Advice(
            account_id=WREN.id, version=f"v{n}", made_at=START + n, n=n, needed=30, target="t", sentence="So."
        )
        await home.put(*([published()] if n == 3 else []), readings=(reading(n, likes=1),), advice=(advice,))
        found = await page_of.read(home.books, home.clock, Asked(params={"post_id": "p9"}))
        assert found is not None
        assert found["stops"][7].light is light


async def test_each_attempt_has_its_owner_times_and_outcome(home: House) -> None:
    """What came of the first was found out by looking, and the second went well."""
    page = await the_page(home, published(), TWO_ATTEMPTS)
    assert [(each.n, each.owner, each.word, each.light, each.looks) for each in attempts(TWO_ATTEMPTS)] == [
        (1, "boot-a", "not there", Light.GREY, 1), (2, "boot-b", "confirmed", Light.GREEN, 0)]  # fmt: skip
    assert (
        "not there We looked after it had settled: it is not there, so it may go again. 1 look saw nothing."
        in page.words
    )
    assert "400 ms 3.0 s boot-a" in page.words  # so late, and so long until its worker gave up
    assert "The platform gave it the id r-p9 (attempt 2)." in page.words


def test_a_late_proof_belongs_to_the_attempt_that_it_names() -> None:
    """Not to the one that is under way."""
    found = attempts((*TWO_ATTEMPTS[:6], fact("confirmed_late", 99, attempt=1, remote_id="r")))
    assert [(each.word, each.ended_at is None) for each in found] == [("proved late", False), ("under way", True)]


def test_what_was_taken_back_on_its_way_is_still_on_its_way() -> None:
    """Only the look that follows says that it did not arrive."""
    begun = (fact("claimed", by="boot-a", attempt=1), fact("withdrawn", 1, by="ada"))
    assert [each.word for each in attempts(begun)] == ["under way"]
    ended = (*begun, fact("lost_touch", 2), fact("withdrawn", 90, by="reconciler", absences=1))
    assert [(each.word, each.ended_at) for each in attempts(ended)] == [("not there", START + 2 * SECOND_US)]


def test_facts_before_any_claim_make_no_attempt() -> None:
    """Such as those after a restore."""
    assert attempts((fact("lost_touch", by="restore"), fact("absent"), fact("driver_chosen", driver="x"))) == []


def test_another_driver_is_named() -> None:
    """Where the account's own was down."""
    found = attempts(
        (fact("claimed", by="boot-a", attempt=True, late_s="soon"), fact("driver_chosen", driver="sandbox"))
    )
    assert [(each.n, each.driver, each.late_s) for each in found] == [(1, "sandbox", None)]


async def test_readings_are_curves_by_age_with_their_numbers_as_a_table(home: House) -> None:
    """Impressions apart, for they dwarf the rest; what was never shown has no curve, and a gap is no zero."""
    readings = (reading(60, likes=2, impressions=70), reading(3600, likes=9, replies=1))
    page = await the_page(home, published(), readings=readings)
    found = curves(readings)
    assert [(key, names) for key, _, names, _ in found] == [
        ("seen", ["Impressions"]),
        ("answers", ["Likes", "Replies"]),
    ]
    assert found[1][3] == [(60, 2, None), (3600, 9, 1)]
    assert "Age Likes Replies 1 min 2 not shown 60 min 9 1" in page.words
    assert "Age Impressions 1 min 70 60 min not shown" in page.words
    assert len([each for each in page.all("div") if "data-curve" in each]) == 2


async def test_what_was_not_measured_says_so(home: House) -> None:
    """Before it is published, what will stand there."""
    assert "Not measured yet." in (await the_page(home, published())).words
    assert "Its numbers stand here once it is on the platform" in (await the_page(home, a_post("p1"))).words


async def test_the_places_concerned_are_one_click_away(home: House) -> None:
    """The account, the breakers between it and its platform, the incidents of its time, the parts of its thread."""
    due = START - 60 * SECOND_US
    mine = Incident(id="i1", fingerprint="f", rule="Parked", part="post:wren", scope=WREN.id, severity=Severity.WARNING,
                    title="A post needs you", opened_at=START, seen_at=START)  # fmt: skip
    breakers = (BreakerState(name="sandbox", position=Position.OPEN), BreakerState(name="bluesky x"))
    part = a_post("p8", state=State.PARKED, parts=2, due=due)
    rest = a_post("p7", thread_id="p8", part=1, parts=2, due=due)
    page = await the_page(home, part, incidents=(mine,), breakers=breakers)
    await home.put(rest)
    page = await home.get("/posts/p8")
    links = {link["href"] for link in page.all("a")}
    assert links >= {"/accounts/sandbox%3Awren", "/breakers#sandbox", "/incidents/i1", "/posts/p7"}
    assert "/breakers#bluesky-x" not in links


def incident(**fields: Any) -> Incident:
    """One of the wren's."""
    given: dict[str, Any] = {"scope": WREN.id, "opened_at": START, "seen_at": START, "title": "T"}
    return Incident(id="i", fingerprint="f", rule="R", part="p", severity=Severity.INFO, **(given | fields))


@pytest.mark.parametrize(
    ("one", "shown"),
    [
        (incident(), True),
        (incident(scope=""), True),
        (incident(scope="", root="r"), False),
        (incident(root="r"), True),
        (incident(scope="sandbox:robin"), False),
        (incident(opened_at=START - 9, closed_at=START - 5), False),
        (incident(opened_at=START + 500 * SECOND_US), False),
    ],
)
def test_an_incident_concerns_a_post_if_it_was_open_while_that_was_under_way(one: Incident, shown: bool) -> None:
    """Of its account, or the root of everything's trouble."""
    post = published(due=START, since=START + 60 * SECOND_US)
    assert bool(concerned([one], post, START + 900 * SECOND_US)) is shown


@pytest.mark.parametrize(
    ("post", "buttons"),
    [
        (published(), {"Delete it there"}),
        (published(remote=None), set()),
        (a_post("p9", state=State.QUEUED, due=START - 1), {"Give it another time"}),
        (a_post("p9", state=State.QUEUED, due=START - 1, kind=Kind.REPLY), set()),
        (a_post("p9", state=State.QUEUED, due=START - 1, first_claim_at=START), set()),
        (a_post("p9", state=State.DROPPED, reason="missed"), {"Give it another time", "Queue these words again"}),
        (a_post("p9", state=State.DROPPED, reason="missed", since=START - 8 * 86_400 * SECOND_US),
         {"Queue these words again"}),
        (a_post("p9", state=State.SENDING, withdrawn=True), set()),
    ],
)  # fmt: skip
async def test_buttons_fit_what_can_be_done(home: House, post: Post, buttons: set[str]) -> None:
    """Another time only for what was never on its way; nothing is taken back twice."""
    page = await the_page(home, post)
    always = {"Sign out", "Turn down", "Take back", "Save as a new version"}
    found = {text for tag, text in page.texts if tag == "button"}
    assert found - (always if post.state is State.QUEUED else {"Sign out"}) == buttons


async def test_a_reason_goes_with_a_no(home: House) -> None:
    """The field stands beside the button, and its words become part of the story."""
    page = await the_page(home, a_post("p1"))
    assert "reason" in {field.get("name") for field in page.all("input")}
    page = await home.press("reject", onward="/posts/p1", post_id="p1", version="1", reason="Too dull.")
    assert "Turned down by the owner: Too dull." in page.words


async def test_a_parked_post_is_settled_and_its_story_says_by_whom(home: House) -> None:
    """The page one came from says what the books say now."""
    await the_page(home, a_post("p9", state=State.PARKED), TWO_ATTEMPTS[:3])
    page = await home.press("settle", onward="/posts/p9", post_id="p9", verdict="there")
    assert "Thank you; the books say so now: it is published." in page.words
    assert "The owner said: it is there." in page.words
    assert "settled by a person" in page.words


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_words_on_the_way_are_words(home: House, text: str) -> None:
    """In attempts, stops, incidents, breakers and the plan."""
    facts = tuple(
        fact(kind, n, by=text, attempt=1, driver=text, sentence=text, why=text, rule=text, late_s=text, reason=text)
        for n, kind in enumerate(("planned", "claimed", "driver_chosen", "lost_touch", "looked_in_vain", "parked"))
    )
    choice = Choice(topic=text, angle=text, tone=text, slot=text, model_version=text, because=text, writer=text)
    page = await the_page(
        home, a_post("p9", state=State.PARKED, choice=choice, key=text), facts,
        incidents=(incident(title=text),), breakers=(BreakerState(name="sandbox", why=text),),
        holds=(Hold(account_id=WREN.id, kind=HoldKind.PAUSED, since=START, why=text),),
    )  # fmt: skip
    assert page.status == 200
    harmless(page)
