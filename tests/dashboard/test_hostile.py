"""What strangers, models and platforms wrote is text on every page, and nothing but text."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from bowerbird.core.account import Hold, HoldKind, Learned
from bowerbird.core.books import Batch, Committed
from bowerbird.core.facts import Fact
from bowerbird.core.findings import Advice, Counts, Model, Reading, Seen, Target
from bowerbird.core.gauge import Snapshot
from bowerbird.core.lifecycle import State
from bowerbird.core.post import Choice, Media, Payload, RemoteRef, ReplyTo
from bowerbird.core.work import Command, Outcome, Owner, Run
from bowerbird.dashboard.asked import SettingRow
from bowerbird.settings import KNOBS, load

from .corpus import HOSTILE
from .house import START, WREN, House, Page, a_post, published
from .pages.engine_room import a_job, a_lane, a_pause, said

PAGES = (
    "/", "/approvals", "/opportunities", "/accounts", "/settings", "/posts/p1", "/posts/p9", "/browsers", "/storage",
    "/cache", "/measuring", "/learning", "/nowhere", "/jobs", "/jobs/plan", "/queue", "/limits",
)  # fmt: skip
OURS = ["/static/vendor/page.js", "/static/live.js"]
URLS = ("href", "src", "action", "formaction")
READING = Reading(post_id="p9", account_id=WREN.id, rung=0, age_s=5, observed_at=START, counts=Counts(likes=1))


def everywhere(text: str) -> Batch:
    """Books in which this text stands wherever somebody else can put words."""
    ref = RemoteRef(id=text, url=text)
    target = ReplyTo(parent=ref, root=ref, author=text, text=text)
    picture = Media(path="x.png", mime="image/png", alt=text, sha256="0")
    choice = Choice(writer=text, because=text, claim_id=text, evidence=text)
    payload = Payload(text=text, reply_to=target, media=(picture,))
    plain: dict[str, Any] = {"payload": payload, "choice": choice, "reason": text}
    bare = plain | {"payload": Payload(text=text)}
    seen = Seen(ref=ref, author=text, text=text, posted_at=START)
    seat = {"name": text, "up": True, "holder": text, "held_at": START, "pages": 1}
    browsers = {
        "seats": [seat], "pages": [text], "in_line": 0, "starts": 1, "ends": {text: 1}, "timeouts": {text: 1},
        "waits": [{"class": text, "n": 1, "p50_s": 0.1, "p95_s": 0.1}], "events": [[START, text]],
    }  # fmt: skip
    of_layers = [
        Fact(kind=kind, at=START, by=text, account_id=WREN.id, data=told | {"why": text, "sentence": text})
        for kind, told in (
            ("degraded", {"part": "browser"}), ("degraded", {"part": "learning"}), ("unmeasured", {"reason": text}),
            ("harvested", {"what": text, "found": 1, "new": 1}), ("unharvested", {"what": text, "reason": text}),
            ("opted_out", {"author": text}), ("learned", {"version": text}), ("set_aside", {"file": text}),
        )
    ]  # fmt: skip
    kinds = ("approved", "refused", "lost_touch", "looked_in_vain", "confirmed", "wrote", "turned_down", "commanded")
    pause = a_pause("posting", by=text, why=text, sentence=text)
    job = a_job("plan", lane="posting", sentence=text, state="failing", error=text, skips={text: 2})
    skip = Fact(kind="job_skipped", at=START, by=text, data={"job": "plan", "slots": 2, "why": {text: 2}})
    data = {"by": text, "sentence": text, "why": text, "remote_id": text, "attempt": text, "writer": text, "verb": text}
    return Batch(
        accounts=(replace(WREN, handle=text),),
        new_posts=(
            a_post("p1", **plain, parts=2),
            a_post("p2", **bare, key="k2", thread_id="p1", part=1, parts=2),
            a_post("p3", **bare, state=State.PARKED),
            a_post("p4", **bare, state=State.QUEUED, due=START - 60),
            published("p9", **bare, remote=ref),
        ),
        facts=(*(Fact(kind=kind, at=START, by=text, post_id="p1", data=data) for kind in kinds), *of_layers, skip),
        snapshots=(
            Snapshot(name="browsers", at=START, data=browsers),
            said(job, lanes=(a_lane("posting", paused=pause),)),
        ),
        learned=(Learned(key=f"account:{WREN.id}", unit="posts", window_s=3600, max=1, at=START, why=text),),
        models=(Model(version=text, account_id=WREN.id, parent=text, n=1, cursor=1, state=b"", created_at=START,
                      champion=True),),
        readings=(READING,),
        targets=(Target(id="t", account_id=WREN.id, seen=seen, score=9, because=text, addressed=True, found_at=START),),
        holds=tuple(
            Hold(account_id=WREN.id, kind=each, since=START, why=text)
            for each in (HoldKind.PAUSED, HoldKind.SIGNED_OUT)
        ),
        runs=(Run(id="r", job="plan", slot_at=START, started_at=START, outcome=Outcome.FAILED, error=text),),
        advice=(Advice(account_id=WREN.id, version="v", made_at=START, n=1, needed=2, target=text, sentence=text,
                       levels=(text,), means=(0.1,), lows=(0.1,), highs=(0.1,)),),
        commands=(
            Command(id="c1", verb="approve", args={"post_id": "p1", "text": text + "!", "reason": text}, by=text,
                    asked_at=START, done_at=START, ok=False, answer=text),
        ),
    )  # fmt: skip


def harmless(page: Page) -> None:
    """No script but ours, no handler, no link that runs or leads anywhere but home or to the web, no style."""
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name in {"style", "srcdoc"}]
        assert (
            tag not in {"iframe", "object", "embed", "base", "style", "svg", "meta"}
            or (tag == "meta" and "http-equiv" not in attributes)
            or (tag == "svg" and attributes.get("class") in {"mark", "graph"})
        )
        for name in URLS:
            assert attributes.get(name, "/").startswith(("/", "#", "https://", "http://"))
        if tag in {"script", "form", "link", "img"}:
            assert attributes.get("src", attributes.get("action", attributes.get("href", ""))).startswith("/")
    assert [script.get("src") for script in page.all("script")] == OURS
    assert [text for element, text in page.texts if element in {"script", "style"}] == []


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_words_are_shown_and_do_nothing(house: House, text: str) -> None:
    """On every page, in every place at once."""
    assert isinstance(await house.books.record(everywhere(text)), Committed)
    await house.books.beat(Owner(id="b", role="engine", pid=1, started_at=START, heard_at=START, note=text))
    house.face.settings = [SettingRow(name="writer.about", value=text, source=text, why=text)]
    house.signed_in()
    for path in PAGES:
        page = await house.get(f"{path}?did=c1&said={quote(text[:50])}")
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
    """Neither a secret setting, nor a password inside an address, nor our own password, nor an account's."""
    house = (await house_of_secrets.engine_runs()).signed_in()
    await house.books.save_secret(WREN.id, "password", SECRET)
    await house.put(a_post())
    for path in (*PAGES, "/api/overview"):
        assert SECRET not in (await house.browser.get(path)).text
    settings = await house.get("/settings")
    tables = sum(isinstance(knob.default, dict) for knob in KNOBS)  # their names are shown
    assert settings.words.count("(set)") == sum(knob.secret for knob in KNOBS) - tables
    assert "https://(hidden)@host.example/v1" in settings.words
