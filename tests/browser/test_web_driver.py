"""The web driver in a real browser: redesigned pages, sessions that end, browsers that die, and never two posts."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from bowerbird.browsers.pool import Pool
from bowerbird.core.errors import RateLimited, Refused, SignedOut, Unconfirmed, Unreachable
from bowerbird.core.facts import Fact
from bowerbird.core.findings import Counts
from bowerbird.core.ports import Absent, Found, Unknown
from bowerbird.core.post import Media, RemoteRef, ReplyTo
from bowerbird.platforms.web.quarantine import Quarantine
from bowerbird.platforms.web.sights import Sights
from bowerbird.platforms.web.signing import imported
from bowerbird.platforms.web.sites import SANDBOX, X
from tests.browser.conftest import browser_pid, driver_pid
from tests.contracts.stages import CLOCK, Said, Trouble, WebStage
from tests.perch import Perch
from tests.platforms.bluesky.made import frozen, post, published, reply_to

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

WORDS = "A small thing about Python."
TIPS = [
    "Tip: unpack the rest.\n\n>>> first, *rest = [1, 2, 3]\n>>> rest\n[2, 3]",
    "def walk(tree):\n    for leaf in tree:\n        if leaf:\n            yield leaf",
    "Aligned:\na    = 1\nbird = 2   # two  spaces, and three   here",
    "Tabs\tand\ttrailing spaces   \n\n\nand three line breaks.",
    "print('<b>&amp;</b>', \"{{ x }}\", '\\n', `x`, 100 % 7, a && b)",
    "e\u0301 and \u00e9, \U0001f469\u200d\U0001f4bb, \u00a0no-break, \u65e5\u672c\u8a9e, \u05e9\u05dc\u05d5\u05dd",
]


PNG = b"\x89PNG\r\n\x1a\n"


def picture(folder: Path, n: int) -> Media:
    """A picture in this folder, as a payload names it."""
    content = PNG + bytes([n])
    (folder / f"{n}.png").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    return Media(path=f"{n}.png", mime="image/png", alt=f"Bower {n}.", sha256=digest)


async def until(met: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something outside to happen, at most ten seconds."""
    async with asyncio.timeout(10):
        while not await met():
            await CLOCK.sleep(0.02)


async def hit(perch: Perch) -> None:
    """Wait until every fault that was armed has met its request."""

    async def spent() -> bool:
        return not (await perch.judge("GET", "/api/faults"))["faults"]

    await until(spent)


# --- pages -----------------------------------------------------------------------------------------------------


@pytest_asyncio.fixture(params=["v1", "v2", "v3", "v6"], loop_scope="module")
async def variant(request: pytest.FixtureRequest, perch: Perch) -> AsyncIterator[str]:
    """The site as it is, with other test ids, with none, and drawn by a script."""
    await perch.arm("variant", variant=request.param)
    yield request.param
    await perch.arm("variant", variant="v1")


async def test_every_design_of_the_pages_is_posted_to_and_read_alike(stage: WebStage, variant: str) -> None:
    """Signing in, posting, answering, looking, counting, listening and searching."""
    said = await stage.address_us(f"Do you know {variant}?")
    (heard,) = [one for one in await stage.platform.mentions(0) if one.text == said]
    ref = await published(stage.platform, post("I do.", reply_to=reply_to(heard.ref)))
    made = await frozen(stage.platform, post(WORDS))
    own = await stage.platform.publish(made)
    assert await stage.posts() == [Said("I do.", heard.ref.id), Said(WORDS, None)]
    assert await stage.platform.resolve(made) == Found(ref=own)
    assert all(isinstance(read, Counts) for read in (await stage.platform.counts([ref, own])).values())
    found = await stage.platform.search(said)
    assert isinstance(found, list)
    assert [one.text for one in found] == [said]


@pytest.mark.parametrize("words", TIPS, ids=range(len(TIPS)))
async def test_code_keeps_its_white_space(stage: WebStage, words: str) -> None:
    """What stands on the site is what was frozen, to the letter, and a look recognises it."""
    made = await frozen(stage.platform, post(words))
    ref = await stage.platform.publish(made)
    assert await stage.said() == [words]
    assert await stage.platform.resolve(made) == Found(ref=ref)


async def test_a_look_turns_the_pages_of_the_profile(stage: WebStage, perch: Perch) -> None:
    """The post stands on the second page; and one that never was is absent after reading them all."""
    made = await frozen(stage.platform, post(WORDS))
    ref = await stage.platform.publish(made)
    async with httpx.AsyncClient(base_url=perch.url) as http:
        login = {"handle": stage.handle, "password": f"{stage.handle}-pass"}
        signed = {"authorization": f"Bearer {(await http.post('/api/sessions', json=login)).json()['token']}"}
        for n in range(42):
            await http.post("/api/posts", json={"text": f"Later, number {n}."}, headers=signed)
    assert await stage.platform.resolve(made) == Found(ref=ref)
    assert await stage.platform.resolve(await frozen(stage.platform, post("Never sent."))) == Absent()


async def test_a_profile_that_does_not_show_its_end_was_not_read_whole(stage: WebStage) -> None:
    """The link to older posts has gone with a redesign: what is not on the first page may be on the second."""
    await published(stage.platform, post("Something."))
    never = await frozen(stage.platform, post("Never sent."))
    assert await stage.platform.resolve(never) == Absent()
    stage.driver.site = replace(SANDBOX, older=("#gone",), end=("#gone",))
    assert isinstance(await stage.platform.resolve(never), Unknown)


async def test_an_answer_is_not_sent_below_a_page_that_shows_nobody(stage: WebStage, perch: Perch) -> None:
    """A post that cannot be read may well be there: it waits. One that the site says is gone is given up."""
    heard = await stage.speak("Do you know this?")
    made = await frozen(stage.platform, post("I do.", reply_to=reply_to(heard)))
    await perch.arm("variant", variant="v5", answers="none")
    with pytest.raises(Unreachable) as unreachable:
        await stage.platform.publish(made)
    assert unreachable.value.reason == "changed"
    await perch.arm("variant", variant="v1", answers="newer")
    await stage.remove(heard)
    with pytest.raises(Refused) as refused:
        await stage.platform.publish(made)
    assert refused.value.reason == "target_gone"
    assert await stage.said() == []


async def test_mentions_are_heard_back_to_the_last_one_heard(stage: WebStage) -> None:
    """More than a page of them came while nobody listened; the oldest come first, and a hundred at once."""
    for n in range(45):
        await stage.address_us(f"number {n}")
    heard = await stage.platform.mentions(0)
    assert [one.text.rsplit(" ", 1)[1] for one in heard] == [str(n) for n in range(45)]
    assert len(await stage.platform.mentions(heard[20].posted_at)) == 24


async def test_hidden_views_are_none_and_not_zero(stage: WebStage, perch: Perch) -> None:
    """An account whose tier shows no impressions."""
    await perch.judge("POST", "/api/limits", account=stage.handle, impressions=False)
    ref = await published(stage.platform, post(WORDS))
    counts = (await stage.platform.counts([ref]))[ref.id]
    assert isinstance(counts, Counts)
    assert (counts.impressions, counts.likes) == (None, 0)


async def test_a_page_we_do_not_recognise_is_not_taken_for_a_lost_session(stage: WebStage) -> None:
    """Nobody is asked to sign in because a site was redesigned; and what cannot be read is unknown."""
    stage.driver.site = replace(SANDBOX, signed_in=("#gone",), signed_out=("#gone",))
    with pytest.raises(Unreachable) as unreachable:
        await published(stage.platform, post(WORDS))
    assert unreachable.value.reason == "changed"
    look = await stage.platform.resolve(await frozen(stage.platform, post(WORDS)))
    assert isinstance(look, Unknown)
    assert await stage.said() == []


async def test_a_composer_without_a_button_sends_nothing(stage: WebStage) -> None:
    """What cannot be pressed was not sent, and that is certain."""
    site = stage.driver.site
    await stage.platform.whoami()
    stage.driver.site, stage.driver.step_s = replace(site, send=('a[href="/home"]',)), 2.0
    with pytest.raises(Unreachable):
        await published(stage.platform, post(WORDS))
    stage.driver.site, stage.driver.step_s = site, 8.0
    await published(stage.platform, post("The next one."))
    assert await stage.said() == ["The next one."]


async def test_pictures_go_with_their_descriptions(stage: WebStage, perch: Perch, tmp_path: Path) -> None:
    """Two of them, in their order; in a thread each part answers the one before it."""
    stage.driver.folder = tmp_path
    media = tuple(picture(tmp_path, n) for n in range(2))
    head = await published(stage.platform, post("The head.", media=media))
    heard = ReplyTo(parent=head, root=head, author=stage.handle)
    made = await frozen(stage.platform, post("The second part.", reply_to=heard, media=media[:1]))
    tail = await stage.platform.publish(made)
    rows = await perch.posts(stage.handle)
    assert [[one["alt"] for one in row["pictures"]] for row in rows] == [["Bower 0.", "Bower 1."], ["Bower 0."]]
    assert [row["parent"] for row in rows] == [None, head.id]
    assert await stage.platform.resolve(made) == Found(ref=tail)


async def test_a_picture_that_is_another_one_now_is_not_sent(stage: WebStage, tmp_path: Path) -> None:
    """What was approved goes out, or nothing; and more than the composer takes is refused before anything is opened."""
    stage.driver.folder = tmp_path
    one = picture(tmp_path, 0)
    made = await frozen(stage.platform, post(WORDS, media=(one,)))
    (tmp_path / one.path).write_bytes(PNG + b"another")
    with pytest.raises(Refused) as refused:
        await stage.platform.publish(made)
    assert refused.value.reason == "picture_changed"
    with pytest.raises(Refused) as refused:
        await frozen(stage.platform, post(WORDS, media=(one,) * 5))
    assert refused.value.reason == "no_media"
    assert await stage.said() == []


# --- reading ---------------------------------------------------------------------------------------------------


async def test_the_sites_own_answer_reads_first_and_the_page_when_it_is_gone(
    stage: WebStage, perch: Perch, tmp_path: Path
) -> None:
    """Numbers come all the same; what fell is told, and kept once, scrubbed."""
    sights = Sights()
    stage.driver.note, stage.driver.quarantine = sights.note, Quarantine(tmp_path / "quarantine")
    ref = await published(stage.platform, post(WORDS))
    for variant, speaks, strategy in (("v1", "newer", "answer"), ("v3", "older", "answer"), ("v3", "none", "aria")):
        await perch.arm("variant", variant=variant, answers=speaks)
        read = (await stage.platform.counts([ref]))[ref.id]
        assert isinstance(read, Counts)
        assert (read.source, read.likes) == (strategy, 0)
    await perch.arm("variant", variant="v5", answers="none")
    assert await stage.platform.counts([ref]) == {}
    await perch.arm("variant", variant="v1", answers="newer")
    read_by = [sighting.read for sighting in sights.take() if sighting.role == "post"]
    assert [dict(read)["testid"] for read in read_by] == [1, 0, 0, 0]
    kept = sorted((tmp_path / "quarantine").iterdir())
    assert {one.name.split("-", 1)[1] for one in kept} == {"sandbox-web-post-answer"}
    assert "role=" in (kept[0] / "page.html").read_text()
    assert WORDS not in (kept[0] / "page.html").read_text()
    assert (kept[0] / "picture.jpg").read_bytes()[:2] == b"\xff\xd8"


@pytest.mark.proves("9.3")
async def test_a_search_that_finds_nothing_at_all_is_unknown(stage: WebStage) -> None:
    """Signed in, with a page that says that it is empty; but not even what is always there is found."""
    stage.driver.site = replace(SANDBOX, canary="wordthatnobodyused")
    assert isinstance(await stage.platform.search("anotherwordthatnobodyused"), Unknown)
    stage.driver.site = SANDBOX
    await published(stage.platform, post("There is the word."))
    assert await stage.platform.search("anotherwordthatnobodyused") == []


async def test_the_description_of_x_reads_pages_in_its_markup(stage: WebStage, perch: Perch) -> None:
    """Profile with replies, a post, mentions, search, at X's addresses; on the rehearsal network, never on X."""
    await published(stage.platform, post(WORDS))
    said = await stage.address_us("Hello there.")
    stage.driver.site = replace(X, session=SANDBOX.session)
    own = await stage.platform.own_posts()
    assert isinstance(own, list)
    assert [one.text for one in own] == [WORDS]
    read = (await stage.platform.counts([own[0].ref]))[own[0].ref.id]
    assert isinstance(read, Counts)
    assert read.source == "answer"
    assert said in [one.text for one in await stage.platform.mentions(0)]
    assert isinstance(await stage.platform.search("Hello there"), list)


# --- sessions --------------------------------------------------------------------------------------------------


@pytest.mark.proves("5.4")
async def test_a_session_that_ends_while_the_button_is_pressed_is_renewed(stage: WebStage, perch: Perch) -> None:
    """The site sends our post to the sign-in page: it was not accepted, so it is sent once more."""
    await stage.platform.whoami()
    await stage.trouble(Trouble.SLOW)
    sending = asyncio.create_task(published(stage.platform, post(WORDS)))
    await hit(perch)
    await stage.revoke()
    ref = await sending
    assert await stage.said() == [WORDS]
    assert list(await stage.platform.counts([ref])) == [ref.id]


async def test_without_a_password_a_person_is_asked_and_nothing_arrives(stage: WebStage, perch: Perch) -> None:
    """The same moment, but nobody knows the password any more."""
    await stage.platform.whoami()
    await stage.trouble(Trouble.SLOW)
    sending = asyncio.create_task(published(stage.platform, post(WORDS)))
    await hit(perch)
    await stage.lock_out()
    with pytest.raises(SignedOut):
        await sending
    assert await stage.said() == []


async def test_a_restart_finds_the_session_again(stage: WebStage, seat: Pool) -> None:
    """The cookies are kept with the secrets, so a new page is signed in without a password."""
    await stage.platform.whoami()
    await seat.forget(stage.id)
    await stage.drawer.save_secret(stage.id, "password", "no longer")
    await published(stage.platform, post(WORDS))
    assert await stage.said() == [WORDS]


async def test_a_site_that_turned_us_away_is_left_alone_until_a_person_signed_in(stage: WebStage, seat: Pool) -> None:
    """No page is opened meanwhile; what `login` stores is taken up at the next call, without a restart."""
    told: list[Fact] = []
    stage.driver.tell = told.append
    stage.driver.site = replace(SANDBOX, sign_in=None)
    other = WebStage(stage.perch, seat)
    await other.platform.whoami()
    for _ in range(3):
        with pytest.raises(SignedOut):
            await stage.platform.whoami()
    assert stage.driver.session.state(CLOCK.now()) == "expired"
    state = await signed_in_elsewhere(stage)
    await stage.drawer.save_secret(stage.id, "web_state", imported(state, SANDBOX, stage.perch.url, now=CLOCK.now()))
    await published(stage.platform, post(WORDS))
    assert await stage.said() == [WORDS]
    assert [(fact.kind, fact.data["is"]) for fact in told] == [
        ("session_changed", "expired"),
        ("session_changed", "valid"),
    ]
    assert (stage.driver.session.left_s(CLOCK.now()) or 0) > 86_400
    await other.close()


async def test_a_person_who_signs_in_before_the_session_ends_is_heeded(stage: WebStage, seat: Pool) -> None:
    """The page takes the new session up, and the old one is not written over it."""
    await published(stage.platform, post("With the old one."))
    state = imported(await signed_in_elsewhere(stage), SANDBOX, stage.perch.url, now=CLOCK.now())
    await stage.drawer.save_secret(stage.id, "web_state", state)
    stage.driver._saved_s = float("-inf")
    await published(stage.platform, post("With the new one."))
    (cookie,) = json.loads(state)["cookies"]
    for known in (await seat.state(stage.id), await stage.drawer.load_secret(stage.id, "web_state")):
        assert [one["value"] for one in json.loads(str(known))["cookies"]] == [cookie["value"]]


async def test_a_person_who_signs_in_during_a_write_is_heeded(stage: WebStage, perch: Perch) -> None:
    """What the page knows at its end is the old session, and is not kept."""
    await published(stage.platform, post("Before."))
    state = imported(await signed_in_elsewhere(stage), SANDBOX, stage.perch.url, now=CLOCK.now())
    stage.driver._saved_s = float("-inf")
    await stage.trouble(Trouble.SLOW)
    sending = asyncio.create_task(published(stage.platform, post(WORDS)))
    await hit(perch)
    await stage.drawer.save_secret(stage.id, "web_state", state)
    await sending
    assert await stage.drawer.load_secret(stage.id, "web_state") == state


async def signed_in_elsewhere(stage: WebStage) -> str:
    """The cookies of another browser in which the account's owner has signed in."""
    async with httpx.AsyncClient(base_url=stage.perch.url) as http:
        login = {"handle": stage.handle, "password": f"{stage.handle}-pass"}
        answer = await http.post("/login", data=login)
        value = answer.cookies["sandbox_session"]
    end_s = CLOCK.now() / 1e6 + 3 * 86_400
    row = {"name": "sandbox_session", "value": value, "domain": "127.0.0.1", "path": "/", "expires": end_s}
    return json.dumps({"cookies": [row]})


async def test_two_accounts_share_the_browser(stage: WebStage, perch: Perch, seat: Pool) -> None:
    """Each has its own cookies, and neither is disturbed by what happens to the other."""
    other = WebStage(perch, seat)
    await asyncio.gather(published(stage.platform, post("I am one.")), published(other.platform, post("I am two.")))
    await other.lock_out()
    with pytest.raises(SignedOut):
        await other.platform.whoami()
    await published(stage.platform, post("I am still one."))
    assert await stage.said() == ["I am one.", "I am still one."]
    assert await other.said() == ["I am two."]
    await other.close()


# --- never twice -----------------------------------------------------------------------------------------------


async def test_the_browsers_own_resend_cannot_double_a_post(stage: WebStage) -> None:
    """On a connection that was used before, and without keys: one answer is lost, one post is there."""
    for n in range(3):
        await published(stage.platform, post(f"Warming up, {n}."))
    made = await frozen(stage.platform, post(WORDS))
    await stage.trouble(Trouble.DROP_ANSWER)
    with pytest.raises(Unconfirmed):
        await stage.platform.publish(made)
    assert (await stage.said()).count(WORDS) == 1
    assert isinstance(await stage.platform.resolve(made), Found)


async def test_without_the_gate_the_browser_would_have_posted_twice(stage: WebStage, seat: Pool) -> None:
    """What the gate is for: the same loss, the same browser, and a script that only presses the button."""
    await published(stage.platform, post("Warming up."))
    await stage.trouble(Trouble.DROP_ANSWER)
    state = await stage.drawer.load_secret(stage.id, "web_state")
    async with seat.page(stage.id, state=state, wait_s=10) as page:
        await page.goto(f"{stage.perch.url}/compose")
        await page.fill("textarea", WORDS)
        await page.click('[data-testid="tweetButton"]')
        await page.wait_for_url("**/home?sent=*")
    assert (await stage.said()).count(WORDS) == 2


async def test_a_limit_on_reading_is_not_taken_for_the_answer_to_the_write(stage: WebStage, perch: Perch) -> None:
    """The post is accepted, and the page it leads to is refused: whatever we say, we do not say "limited"."""
    await stage.platform.whoami()
    made = await frozen(stage.platform, post(WORDS))
    await perch.judge("POST", "/api/limits", account=stage.handle, reads=0)
    try:
        ref: RemoteRef | None = await stage.platform.publish(made)
    except Unconfirmed:
        ref = None
    assert await stage.said() == [WORDS]
    with pytest.raises(RateLimited):
        await stage.platform.whoami()
    await perch.judge("POST", "/api/limits", account=stage.handle, reads=3_000)
    look = await stage.platform.resolve(made)
    assert isinstance(look, Found)
    assert ref in (None, look.ref)


# --- browsers that die -----------------------------------------------------------------------------------------


@pytest.mark.proves("5.5")
async def test_a_browser_killed_between_two_calls_is_started_again(stage: WebStage, seat: Pool) -> None:
    """The next call works, with the session that was kept."""
    await published(stage.platform, post("Before."))
    starts = seat.starts
    os.kill(browser_pid(), signal.SIGKILL)

    async def noticed() -> bool:
        return seat.starts > starts

    await until(noticed)
    await published(stage.platform, post("After."))
    assert await stage.said() == ["Before.", "After."]
    assert seat.starts == starts + 1


async def test_a_browser_killed_while_it_reads_costs_that_one_read(stage: WebStage, perch: Perch) -> None:
    """`Unreachable`, at once; the next call works."""
    await stage.platform.whoami()
    await stage.trouble(Trouble.SLOW, on="read")
    reading = asyncio.create_task(stage.platform.mentions(0))
    await hit(perch)
    os.kill(browser_pid(), signal.SIGKILL)
    with pytest.raises(Unreachable):
        await reading
    assert await stage.platform.mentions(CLOCK.now()) == []


@pytest.mark.proves("5.5")
async def test_a_browser_killed_while_it_posts_leaves_a_doubt_that_a_look_settles(
    stage: WebStage, perch: Perch
) -> None:
    """The request had left, so nobody sends it again before looking; the look tells the truth."""
    made = await frozen(stage.platform, post(WORDS))
    await stage.platform.whoami()
    await stage.trouble(Trouble.SLOW)
    sending = asyncio.create_task(stage.platform.publish(made))
    await hit(perch)
    os.kill(browser_pid(), signal.SIGKILL)
    with pytest.raises(Unconfirmed):
        await sending
    await CLOCK.sleep(stage.late_s)
    look = await stage.platform.resolve(made)
    assert isinstance(look, Found if await stage.said() else Absent)
    assert (await stage.said()).count(WORDS) <= 1


async def test_a_dead_driver_of_playwright_costs_one_call_at_most(stage: WebStage) -> None:
    """Nothing tells that it is gone; the call that notices throws it away, and the next one works."""
    await stage.platform.whoami()
    os.kill(driver_pid(), signal.SIGKILL)
    try:
        await stage.platform.whoami()
    except Unreachable:
        await stage.platform.whoami()
    await published(stage.platform, post(WORDS))
    assert await stage.said() == [WORDS]
