"""The page "Break me": who may press, what it shows, and that a fault ends."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from bowerbird.clock import SystemClock, VirtualClock, run_virtual
from bowerbird.core.books import Batch
from bowerbird.core.incident import Incident, Severity
from bowerbird.core.work import Owner
from bowerbird.drills.breaking import Breaker
from bowerbird.drills.breakme import BreakMe
from bowerbird.drills.buttons import BUTTONS, DARK_S, Hand
from bowerbird.drills.network import Network
from bowerbird.storage.memory import MemoryStorage


@dataclass
class Fake:
    """A network that accepted these posts, and remembers what was armed."""

    posts: dict[str, dict[str, Any]] = field(default_factory=dict)
    armed: list[str] = field(default_factory=list)
    url: str = "http://127.0.0.1:1"

    async def accepted(self) -> dict[str, dict[str, Any]]:
        """Everything."""
        return self.posts

    async def doubled(self) -> int:
        """None."""
        return 0

    async def arm(self, kind: str, **more: Any) -> None:
        """Remember it."""
        self.armed.append(kind)

    async def disarm(self) -> None:
        """Remember that too."""
        self.armed.append("disarmed")


def page_of(fake: Fake, books: MemoryStorage, folder: Path) -> BreakMe:
    """The page over a network that is none, and a program that is not there."""
    hand = Hand(Breaker(os.getpid(), folder), cast("Network", fake), SystemClock())
    return BreakMe(hand, books, SystemClock())


def visitor(page: BreakMe, host: str = "127.0.0.1:9") -> httpx.AsyncClient:
    """Somebody with a browser."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(page.app()), base_url=f"http://{host}")


async def test_the_page_shows_both_books_and_what_is_open(tmp_path: Path) -> None:
    """A post that the network has and our books have not is lost, in red; an incident stands with its title."""
    books, now = MemoryStorage(), SystemClock().now()
    incident = Incident(
        id="i", fingerprint="f", rule="r", part="browser", severity=Severity.CRITICAL, title="The browser is gone",
        opened_at=now, seen_at=now,
    )  # fmt: skip
    await books.record(Batch(incidents=(incident,)))
    await books.beat(Owner(id="o", role="engine", pid=1, started_at=now, heard_at=now))
    async with visitor(page_of(Fake({"1": {"text": "said"}}), books, tmp_path)) as client:
        text = (await client.get("/")).text
    assert '<b id="lost">1</b>' in text
    assert "The browser is gone" in text
    assert all(button.label in text for button in BUTTONS)


@pytest.mark.parametrize(
    ("headers", "token", "status"),
    [({}, "", 403), ({}, "guessed", 403), ({"sec-fetch-site": "cross-site"}, None, 403), ({}, None, 303)],
)
async def test_only_the_page_itself_can_press(
    tmp_path: Path, headers: dict[str, str], token: str | None, status: int
) -> None:
    """A form of another page has no token, and its browser says where it comes from."""
    fake = Fake()
    page = page_of(fake, MemoryStorage(), tmp_path)
    form = {"button": "drop_answer", "token": page.token if token is None else token}
    async with visitor(page) as client:
        assert (await client.post("/press", data=form, headers=headers)).status_code == status
    assert fake.armed == (["drop_answer"] if status == 303 else [])


async def test_another_name_for_this_machine_is_not_answered(tmp_path: Path) -> None:
    """A site that points its own name here reads nothing and presses nothing."""
    async with visitor(page_of(Fake(), MemoryStorage(), tmp_path), "evil.example.org") as client:
        assert (await client.get("/")).status_code == 421


async def test_there_is_no_other_button(tmp_path: Path) -> None:
    """What is not on the page is not done."""
    page = page_of(Fake(), MemoryStorage(), tmp_path)
    async with visitor(page) as client:
        answer = await client.post("/press", data={"button": "rm", "token": page.token})
    assert answer.status_code == 404


def test_a_fault_that_lasts_ends_by_itself_or_at_the_second_press(tmp_path: Path) -> None:
    """The network is dark for its time; pressed again it is plugged in at once."""

    async def press(clock: VirtualClock) -> None:
        fake = Fake()
        hand = Hand(Breaker(os.getpid(), tmp_path), cast("Network", fake), clock)
        await hand.press("go_dark")
        assert 0 < hand.left_s("go_dark") <= DARK_S
        await clock.sleep(DARK_S + 1)
        assert (fake.armed, hand.left_s("go_dark")) == (["drop_before", "disarmed"], 0)
        await hand.press("go_dark")
        await hand.press("go_dark")
        assert fake.armed[2:] == ["drop_before", "disarmed"]

    run_virtual(press)


async def test_a_button_with_nothing_to_act_on_says_so(tmp_path: Path) -> None:
    """It is not counted as pressed."""
    hand = Hand(Breaker(os.getpid(), tmp_path), cast("Network", Fake()), SystemClock())
    assert "nothing to do it to" in await hand.press("kill_engine")
    assert hand.pressed == {}
