"""Before every adapter stands a guard: a deadline for every call, and the breaker of the host."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest

from bowerbird.clock import VirtualClock, run_virtual
from bowerbird.core.errors import PlatformError, RateLimited, Refused, SignedOut, Unconfirmed, Unreachable
from bowerbird.core.ports import Capabilities, Platform, Unknown
from bowerbird.core.post import RemoteRef
from bowerbird.platforms.guarded import (
    API,
    BROWSER,
    BROWSER_DEADLINES_S,
    DEADLINES_S,
    ELSEWHERE,
    WEB,
    WRITES,
    Askers,
    Guarded,
    says,
    says_of_browser,
)
from bowerbird.resilience.breaker import Breaker
from bowerbird.resilience.deadline import NoDeadline, required
from bowerbird.resilience.trip import HEALED_MAX_S, Says
from tests.posting.room import Told
from tests.posting.room import post as a_post
from tests.resilience.lab import Lab

CALLS: dict[str, tuple[Any, ...]] = {
    "whoami": (), "prepare": (a_post(),), "publish": (a_post(wire="x"),), "resolve": (a_post(wire="x"),),
    "delete": (RemoteRef(id="1"),), "counts": ([RemoteRef(id="1")],), "mentions": (0,), "search": ("python",),
    "own_posts": (), "close": (),
}  # fmt: skip


@dataclass
class Scripted(Told):
    """An adapter each of whose calls does what it is told; it refuses to be called without a deadline."""

    act: Callable[[], Any] = lambda: None
    seen_s: float = 0.0
    browser: bool = False

    async def called(self, *_: Any) -> Any:
        """Be called, whatever for."""
        self.seen_s = required()
        answer = self.act()
        return await answer if inspect.isawaitable(answer) else answer

    @property
    def capabilities(self) -> Capabilities:
        """Through a browser or not."""
        return replace(super().capabilities, browser=self.browser)


for _kind in CALLS:
    setattr(Scripted, _kind, Scripted.called)


def guarded(clock: VirtualClock | None = None, **told: Any) -> tuple[Guarded, Scripted, Breaker]:
    """An adapter behind its guard, with the breaker of its host."""
    adapter = Scripted(**told)
    breaker = Lab(clock or VirtualClock(), API, says, name="sandbox here").breaker
    return Guarded("sandbox:wren", adapter, breaker), adapter, breaker


def raiser(error: Exception) -> Callable[[], Any]:
    """Something that fails."""

    def fail() -> Any:
        raise error

    return fail


def test_every_call_of_the_port_is_guarded() -> None:
    """A method added to the port without a deadline fails here."""
    port = {name for name, member in vars(Platform).items() if inspect.iscoroutinefunction(member)}
    assert port == set(DEADLINES_S) == set(BROWSER_DEADLINES_S) == set(CALLS)
    assert all(limit <= 60 for limit in {**DEADLINES_S, **BROWSER_DEADLINES_S}.values())


@pytest.mark.parametrize("browser", [False, True])
@pytest.mark.parametrize("kind", CALLS)
async def test_every_call_stands_under_a_deadline(kind: str, browser: bool) -> None:
    """The adapter sees it; without the guard it would have refused to be called."""
    door, adapter, _ = guarded(browser=browser)
    with pytest.raises(NoDeadline):
        await getattr(adapter, kind)(*CALLS[kind])
    await getattr(door, kind)(*CALLS[kind])
    limit = (BROWSER_DEADLINES_S if browser else DEADLINES_S)[kind]
    assert limit - 1 < adapter.seen_s <= limit


@pytest.mark.parametrize("kind", CALLS)
def test_a_call_that_hangs_ends_with_its_deadline(kind: str) -> None:
    """A read is `Unreachable`, a write is in doubt, a look saw nothing, and closing is over."""

    async def main(clock: VirtualClock) -> tuple[float, object]:
        door, _, _ = guarded(clock, act=asyncio.Event().wait)
        try:
            answer = await getattr(door, kind)(*CALLS[kind])
        except PlatformError as error:
            answer = error
        return clock.monotonic(), answer

    took_s, answer = run_virtual(main)
    assert took_s == DEADLINES_S[kind]
    if kind == "close":
        assert answer is None
    elif kind == "resolve":
        assert isinstance(answer, Unknown)
    else:
        assert type(answer) is (Unconfirmed if kind in WRITES else Unreachable)


def test_the_callers_tighter_deadline_is_the_callers() -> None:
    """It is cancelled in the middle, hears so itself, and says nothing against the host."""

    async def main(clock: VirtualClock) -> int:
        door, _, breaker = guarded(clock, act=asyncio.Event().wait)
        for _ in range(5):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(3.0):
                    await door.whoami()
        return breaker.state.calls

    assert run_virtual(main) == 0


@pytest.mark.proves("4.1", "4.2")
@pytest.mark.parametrize("kind", [kind for kind in CALLS if kind != "close"])
async def test_an_open_breaker_lets_no_call_through(kind: str) -> None:
    """It is certain that nothing was sent; a look saw nothing and says why."""
    door, adapter, breaker = guarded()
    breaker.open("the host is down", by="me")
    if kind == "resolve":
        look = await door.resolve(a_post(wire="x"))
        assert isinstance(look, Unknown)
        assert "the host is down" in look.why
    else:
        with pytest.raises(Unreachable, match="sandbox here is open: the host is down") as refused:
            await getattr(door, kind)(*CALLS[kind])
        assert refused.value.reason == "breaker_open"
    assert adapter.seen_s == 0.0
    assert "the host is down" in door.refusal()


@pytest.mark.parametrize("error", [SignedOut("suspended"), Refused("taken down"), RateLimited("wait", retry_at=1)])
async def test_one_suspended_account_never_opens_the_hosts_breaker(error: PlatformError) -> None:
    """The host answered, whatever it answered."""
    door, _, breaker = guarded(act=raiser(error))
    for _ in range(50):
        with pytest.raises(type(error)):
            await door.publish(a_post(wire="x"))
    assert breaker.closed
    assert breaker.state.failed == 0


@pytest.mark.parametrize("error", [Unreachable(reason="connect"), Unconfirmed(reason="timeout")])
async def test_a_host_that_does_not_answer_opens_it(error: PlatformError) -> None:
    """On the third call, reads and writes together."""
    door, _, breaker = guarded(act=raiser(error))
    for kind in ("whoami", "publish", "counts"):
        with pytest.raises(type(error)):
            await getattr(door, kind)(*CALLS[kind])
    assert not breaker.closed


def test_answers_that_come_too_slowly_open_it() -> None:
    """They all succeed."""

    async def main(clock: VirtualClock) -> Breaker:
        door, _, breaker = guarded(clock, act=lambda: clock.sleep(9.0))
        for _ in range(3):
            await door.whoami()
        return breaker

    assert "took 8 s or longer" in run_virtual(main).state.why


async def test_a_look_never_raises() -> None:
    """Not even for a defect of the adapter."""
    door, _, breaker = guarded(act=raiser(KeyError("oops")))
    assert await door.resolve(a_post(wire="x")) == Unknown(why="the look failed: KeyError")
    assert breaker.state.calls == 0


@pytest.mark.parametrize("reason", ELSEWHERE)
def test_what_failed_on_this_side_says_nothing_about_the_host(reason: str) -> None:
    """Our books, our browser, another breaker."""
    assert says(Unreachable(reason=reason)) is Says.NOTHING
    expected = Says.DOWN if reason == "no_browser" else Says.NOTHING
    assert says_of_browser(Unreachable(reason=reason)) is expected


def test_what_the_site_does_says_nothing_against_the_browser() -> None:
    """It took us there."""
    for answer in (Unreachable(reason="http_500"), SignedOut(), RateLimited(retry_at=1), "an answer"):
        assert says_of_browser(answer) is Says.UP
    for riddle in (ValueError(), Unknown(why="?")):
        assert says_of_browser(riddle) is says(riddle) is Says.NOTHING


def test_a_host_behind_a_healthy_browser_is_found_within_a_minute() -> None:
    """The browser's probes, then the host's own, which begins when the browser's breaker closes."""
    assert BROWSER.healed_s + WEB.lease_s <= HEALED_MAX_S


async def test_accounts_ask_in_turn() -> None:
    """Each one once, and a host without accounts has nothing to prove."""
    askers = Askers()
    asked: list[str] = []
    assert await askers.ask() is None
    for name in ("wren", "finch", "tit"):
        askers.add(name, Scripted(act=partial(asked.append, name)))
    for _ in range(3):
        await askers.ask()
    askers.remove("wren")
    assert sorted(asked) == ["finch", "tit", "wren"]
    await askers.ask()
    await askers.ask()
    assert sorted(asked[3:]) == ["finch", "tit"]
