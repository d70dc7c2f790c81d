"""No sliding window ever holds more than the limit, as the platform counts: by arrival, in whichever window."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bowerbird.core.account import Limited
from bowerbird.core.books import Change, Settle, Storage
from bowerbird.core.lifecycle import Event
from bowerbird.core.post import SECOND_US
from tests.contracts.books import NOW, a_post, a_quota, claim, shelve, write
from tests.contracts.conftest import ENGINES

WINDOW_S = 10
STEPS = st.lists(
    st.tuples(
        st.integers(0, 6 * SECOND_US),  # time that passes
        st.integers(1, 3),  # claimers at once
        st.sampled_from(["confirmed", "unreached", "late"]),
    ),
    min_size=4,
    max_size=14,
)


@pytest.mark.parametrize("engine", sorted(ENGINES))
@given(steps=STEPS, most=st.integers(1, 4))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_no_window_holds_more_than_its_limit(engine: str, steps: list[tuple[int, int, str]], most: int) -> None:
    """Whatever is claimed, refunded or confirmed late by two handles, no window of arrivals is too full."""
    with TemporaryDirectory() as folder:
        arrivals = asyncio.run(_arrivals(engine, Path(folder), steps, most))
    for start in arrivals:
        inside = [at for at in arrivals if start <= at < start + WINDOW_S * SECOND_US]
        assert len(inside) <= most


async def _arrivals(engine: str, folder: Path, steps: Sequence[tuple[int, int, str]], most: int) -> list[int]:
    """Play the steps and return when posts arrived on the platform."""
    opener = ENGINES[engine](folder)
    pair = (await opener(), await opener())
    await shelve(pair[0], *(a_post(f"p{n}", expires_at=NOW * 2) for n in range(45)))
    arrivals: list[int] = []
    now, quota = NOW, a_quota(most, WINDOW_S)
    for wait, claimers, how in steps:
        now += wait
        claims = await asyncio.gather(*(claim(pair[n % 2], quota, now=now) for n in range(claimers)))
        for post in claims:
            if post is not None and not isinstance(post, Limited):
                arrivals += await _settled(pair[0], post, how, now)
    for handle in pair:
        await handle.close()
    return arrivals


async def _settled(books: Storage, post: object, how: str, now: int) -> list[int]:
    """End one attempt: it arrives before its confirmation, or certainly not, or is never heard of again."""
    event = {"confirmed": Event.CONFIRMED, "unreached": Event.UNREACHED, "late": Event.LOST_TOUCH}[how]
    change = Change(post, post.after(event, now=now))  # type: ignore[arg-type,attr-defined]
    settle = Settle(post.id, now + SECOND_US, refund=how == "unreached")  # type: ignore[attr-defined]
    await write(books, changes=(change,), settles=() if how == "late" else (settle,))
    return {"confirmed": [now + SECOND_US // 2], "unreached": [], "late": [now + 3 * SECOND_US]}[how]
