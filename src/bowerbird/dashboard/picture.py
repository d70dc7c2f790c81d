"""One look at the books: what the overview, the accounts and the strip about the engine are made from."""

from __future__ import annotations

from collections.abc import Sequence

from bowerbird.core.findings import Reading, TargetState
from bowerbird.core.health import Health
from bowerbird.core.incident import Incident
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Clock
from bowerbird.core.post import Post
from bowerbird.dashboard.asked import Beside, Books
from bowerbird.dashboard.layers import Picture, startup
from bowerbird.dashboard.metrics import SAMPLES, unpacked

DONE_MAX = 10
"""Published posts on the overview."""
OPEN_MAX = 100
"""Open incidents that colour the layers."""
OVER_MAX = 40
"""Newest incidents looked through for when a layer was last unwell."""
NOTHING = Beside()
"""Nobody listens beside the books."""


async def engine(books: Books, clock: Clock, beside: Beside = NOTHING) -> Health:
    """How the engine is; every page says so when it is silent."""
    return startup(await _bare(books, clock, beside, ()))


async def ground(books: Books, clock: Clock, beside: Beside = NOTHING) -> Picture:
    """What every layer is judged by besides itself: the processes, the incidents, and what stands beside the books.

    A page about one layer adds what it has read itself.
    """
    return await _bare(books, clock, beside, await _incidents(books))


async def _bare(books: Books, clock: Clock, beside: Beside, incidents: Sequence[Incident]) -> Picture:
    return Picture(
        now=clock.now(), read_ms=0, accounts=(), holds=(), owners=await books.owners(), runs={}, counts={},
        upcoming=(), published=(), newest=None, targets=(), advice=(), stopped_at=await _stopped_at(books),
        incidents=incidents, beside=beside,
    )  # fmt: skip


async def _incidents(books: Books) -> tuple[Incident, ...]:
    """The open ones, and the newest of all."""
    found = [*await books.incidents(open_only=True, limit=OPEN_MAX), *await books.incidents(limit=OVER_MAX)]
    return tuple({one.id: one for one in found}.values())


async def _stopped_at(books: Books) -> int | None:
    newest = await books.newest_facts(kinds=("started", "stopped"), limit=1)
    return newest[0].at if newest and newest[0].kind == "stopped" else None


async def look(books: Books, clock: Clock, beside: Beside = NOTHING) -> Picture:
    """Read everything that the overview shows."""
    began = clock.monotonic()
    accounts = await books.accounts()
    runs = {job: newest for job, (newest, *_) in (await books.latest_runs()).items()}
    upcoming = await books.posts(states=(State.QUEUED, State.PROPOSED), limit=200, newest_first=False)
    published = await books.posts(states=(State.PUBLISHED,), limit=DONE_MAX)
    advice = list((await books.advice_given()).values())
    read = (await latest(books, published)).values()
    targets = await books.targets(states=(TargetState.OPEN, TargetState.DRAFTED), limit=50)
    incidents = await _incidents(books)
    counts, stopped_at = await books.count_posts(), await _stopped_at(books)
    now = clock.now()
    holds, owners = await books.holds(now=now), await books.owners()
    samples = unpacked(await books.snapshot(SAMPLES), now=now)
    return Picture(
        now=now, read_ms=(clock.monotonic() - began) * 1000, accounts=accounts, holds=holds, owners=owners, runs=runs,
        counts=counts, upcoming=upcoming, published=published, targets=targets, advice=advice, stopped_at=stopped_at,
        newest=max(read, key=lambda reading: reading.observed_at, default=None), samples=samples,
        incidents=incidents, beside=beside,
    )  # fmt: skip


async def latest(books: Books, posts: Sequence[Post]) -> dict[str, Reading]:
    """The newest reading of each of these posts that has one."""
    return dict(await books.latest_readings([post.id for post in posts if post.state is State.PUBLISHED]))
