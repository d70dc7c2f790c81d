"""The audit log: every verb with who, when, about what, why, and what came of it; narrowed, and page by page."""

import re
from typing import Any

import pytest

from bowerbird.core.post import SECOND_US
from bowerbird.core.work import Command
from bowerbird.dashboard.pages.audit import ROWS, about, detail, plain
from bowerbird.dashboard.roles import VERBS
from tests.dashboard.corpus import HOSTILE
from tests.dashboard.house import START, House
from tests.dashboard.test_hostile import harmless


def command(n: int = 0, verb: str = "approve", *, by: str = "ada", **fields: Any) -> Command:
    """Something that somebody asked for so many seconds after the start."""
    at = START + n * SECOND_US
    given: dict[str, Any] = {"done_at": at, "ok": True, "answer": f"Answer {n}."}
    return Command(id=f"c{n:03}", verb=verb, by=by, asked_at=at, **(given | fields))


async def test_nobody_did_anything_yet(home: House) -> None:
    """The page says what will stand there."""
    assert "Nobody did anything yet." in (await home.get("/audit")).words


async def test_every_verb_appears_with_who_when_why_and_the_answer(home: House) -> None:
    """Those of the table, and those of the command line that no button has."""
    verbs = [*VERBS, "attest"]
    await home.put(commands=tuple(
        command(n, verb, by=f"person {n}", args={"why": f"Because {n}."}) for n, verb in enumerate(verbs)
    ))  # fmt: skip
    page = await home.get("/audit")
    for n, verb in enumerate(verbs):
        assert re.search(rf"person {n} {plain(verb)} Because {n}\. done Answer {n}\.", page.words)
    assert len([time for time in page.all("time") if time.get("data-at")]) >= len(verbs)
    assert {option["value"] for option in page.all("option")} >= set(verbs)


@pytest.mark.parametrize("verb", sorted(VERBS))
async def test_every_button_that_is_pressed_leaves_its_line(home: House, verb: str) -> None:
    """Whether it could be done or not: who, why, and an answer that is not empty."""
    await home.press(verb, post_id="p1", why="For the log.")
    page = await home.get(f"/audit?verb={verb}")
    (row,) = re.findall(r'<tr data-key="[^"]+">.*?</tr>', page.html, re.DOTALL)
    assert "owner" in row
    assert "For the log." in row
    assert re.search(r'class="answer" dir="auto">[^<]+', row)


async def test_the_log_is_narrowed_by_person_and_verb(home: House) -> None:
    """Together or alone; to nothing, too."""
    await home.put(commands=(command(1, "pause", by="ada"), command(2, "pause", by="bob"), command(3, by="ada")))
    shown = {
        asked: re.findall(r'<tr data-key="(c\d+)"', (await home.get(f"/audit?{asked}")).html)
        for asked in ("", "by=ada", "verb=pause", "by=ada&verb=pause", "by=eve")
    }
    assert list(shown.values()) == [["c003", "c002", "c001"], ["c003", "c001"], ["c002", "c001"], ["c001"], []]
    assert "Nobody did anything like that." in (await home.get("/audit?by=eve")).words


async def test_pages_follow_one_another(home: House) -> None:
    """Each begins where the one before ended, narrowed in the same way."""
    await home.put(commands=tuple(command(n) for n in range(ROWS + 2)))
    first = await home.get("/audit?by=ada")
    onward = re.search(r'href="(/audit[^"]*)" rel="next"', first.html)
    assert onward is not None
    assert "by=ada" in onward[1]
    second = await home.get(onward[1].replace("&amp;", "&"))
    assert re.findall(r'<tr data-key="(c\d+)"', second.html) == ["c001", "c000"]
    assert "Back to the newest" in second.words
    assert 'rel="next"' not in second.html


async def test_what_waits_for_its_answer_says_so(home: House) -> None:
    """And what could not be done is red."""
    await home.put(commands=(command(1, done_at=None, ok=None, answer=""), command(2, ok=False, answer="no such post")))
    page = await home.get("/audit")
    assert "not done no such post" in page.words
    assert "not answered yet" in page.words


@pytest.mark.parametrize(
    ("args", "link"),
    [
        ({"post_id": "p1", "account_id": "a"}, ("/posts/p1", "p1")),
        ({"account_id": "sandbox:wren"}, ("/accounts/sandbox:wren", "sandbox:wren")),
        ({"breaker": "sandbox 127.0.0.1:8421"}, ("/breakers#sandbox-127-0-0-1-8421", "sandbox 127.0.0.1:8421")),
        ({"incident": "i1", "why": "x"}, ("/incidents/i1", "i1")),
        ({"silence": "s1"}, ("/incidents#silences", "s1")),
        ({"lane": "browser"}, ("/jobs#lane-browser", "browser")),
        ({"part": "job:plan"}, ("", "job:plan")),
        ({"account_id.1": "a", "account_id.2": "b", "chosen": "1"}, ("", "2 accounts")),
        ({"shown.1": "p1 1"}, ("", "1 post")),
        ({"why": "x"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_a_command_leads_to_what_it_was_about(args: dict[str, str], link: object) -> None:
    """Or says how many there were."""
    assert about(args) == link


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"verdict": "send"}, "it is not there, send it"),
        ({"hours": "4"}, "for 4 h"),
        ({"role": "editor", "name": "ada"}, "as editor"),
        ({"verdict": "", "text": "words of a post", "password": "secret"}, ""),
    ],
)
def test_what_else_was_asked_is_said(args: dict[str, str], words: str) -> None:
    """Never the words of a post, nor anything secret."""
    assert detail(args) == words


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_words_in_the_log_are_words(home: House, text: str) -> None:
    """Whoever asked for what, and in the address."""
    names = ("post_id", "account_id", "breaker", "silence", "part", "why", "verdict", "hours", "role")
    rows = [command(n, text, by=text, answer=text, args={name: text}) for n, name in enumerate(names)]
    await home.put(commands=tuple(rows))
    harmless(await home.get("/audit"))
    answer = await home.browser.get("/audit", params={"by": text, "verb": text, "after": text})
    assert answer.status_code == 200
