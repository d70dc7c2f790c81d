"""Limits: what platforms really allow is learned, nothing is exceeded, and what cannot be read means no."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bowerbird.core import errors
from bowerbird.core.account import HoldKind, Learned, Used
from bowerbird.core.books import Batch, Change
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US, Post, RemoteRef
from bowerbird.posting.pacing import DAY_S, HOUR_S, Shared, allowed, learn, quotas_for, risen
from bowerbird.posting.proof import confirm_late
from bowerbird.posting.publisher import Publisher
from bowerbird.resilience import failpoints
from bowerbird.sandbox.limits import Window

from .room import ACCOUNT, START, Room, post, thread

LONG = START + 10 * 86_400 * SECOND_US
BUSY = replace(ACCOUNT, posts_per_hour_max=8, posts_per_day_max=200)


class Gatekeeper:
    """A platform's own limit, which nobody told us; `headers`: whether a refusal names it."""

    def __init__(self, room: Room, limit: int, *, headers: bool) -> None:
        self.window, self.headers = Window(limit, HOUR_S), headers
        self.clock, self.refusals = room.clock, 0
        room.platform.fate = self.judge

    def judge(self, sent: Post) -> RemoteRef:
        """Accept, or refuse as platforms do."""
        now = self.clock.now()
        if self.window.remaining(now):
            self.window.note(now)
            return RemoteRef(id=f"r-{sent.id}")
        self.refusals += 1
        limit, window_s = (float(self.window.limit), HOUR_S) if self.headers else (None, None)
        raise errors.RateLimited("too many", retry_at=now + 60 * SECOND_US, limit=limit, window_s=window_s)


async def run(room: Room, hours: float) -> None:
    """Let the publisher look every 20 s."""
    until = room.clock.now() + int(hours * 3600 * SECOND_US)
    while room.clock.now() < until:
        while await room.publisher.publish_once():
            pass
        room.clock.pass_s(20)


async def sent_within(room: Room, since: int) -> int:
    """How many posts were published after this instant."""
    posts = await room.books.posts(states=(State.PUBLISHED,), limit=1000)
    return sum((one.published_at or 0) >= since for one in posts)


# --- learning --------------------------------------------------------------------------------------------------


@pytest.mark.proves("4.G5")
@pytest.mark.parametrize("headers", [True, False])
async def test_a_limit_that_is_halved_costs_three_refusals_at_most_and_is_regained_within_an_hour(
    headers: bool,
) -> None:
    """With a number in the refusal or without one; never above what is configured."""
    room = Room(BUSY)
    keeper = Gatekeeper(room, 8, headers=headers)
    await room.put(*(post(n, expires_at=LONG) for n in range(1, 80)))
    await run(room, 1.5)
    assert keeper.refusals == 0

    keeper.window.limit = 4
    await run(room, 1.0)
    assert 1 <= keeper.refusals <= 3

    keeper.window.limit, keeper.refusals = 8, 0
    await run(room, 1.0)
    limits = await room.publisher.limits.of(BUSY)
    assert limits[0].max == BUSY.posts_per_hour_max
    begun_at = room.clock.now()
    await run(room, 1.0)
    assert (keeper.refusals, await sent_within(room, begun_at)) == (0, 8)


@pytest.mark.proves("4.G5")
async def test_a_limit_that_stays_low_is_asked_about_less_and_less() -> None:
    """A platform that goes on allowing half is refused at a few times in the first hours, then rarely."""
    room = Room(replace(BUSY, posts_per_day_max=10_000))
    keeper = Gatekeeper(room, 4, headers=True)
    await room.put(*(post(n, expires_at=LONG) for n in range(1, 400)))
    await run(room, 24)
    first_day, keeper.refusals = keeper.refusals, 0
    await run(room, 24)

    assert first_day <= 12
    assert keeper.refusals <= 5


async def test_what_was_learned_is_told_with_from_to_and_why() -> None:
    """One fact for each change, and the number for the page."""
    room = Room(BUSY)
    Gatekeeper(room, 2, headers=True)
    await room.put(*(post(n, expires_at=LONG) for n in range(1, 5)))
    await run(room, 0.01)

    told = (await room.books.facts(kinds=("limit_learned",)))[0]
    assert (told.data["from"], told.data["to"], told.data["why"]) == (8, 2, "too many")
    shown = {s.name: s for s in await room.publisher.limits.samples()}
    learned = shown["bowerbird_limit_learned"]
    assert learned.value == pytest.approx(2, abs=0.1)
    assert dict(learned.labels) == {"scope": "account", "key": f"account:{ACCOUNT.id}", "window": "1h"}


async def test_a_refusal_outlives_a_restart() -> None:
    """What was learned is in the books."""
    room = Room(BUSY)
    Gatekeeper(room, 2, headers=True)
    await room.put(*(post(n, expires_at=LONG) for n in range(1, 5)))
    await run(room, 0.01)

    reborn = Publisher(room.books, room.publisher.platforms, room.clock, "boot-2")
    assert (await reborn.limits.of(BUSY))[0].max == pytest.approx(2, abs=0.1)


def test_a_refusal_that_names_a_window_of_its_own_adds_a_limit() -> None:
    """Four in a quarter of an hour, where we knew hours and days only; regained, it is gone."""
    used = [Used(quota=quota, used=5) for quota in quotas_for(BUSY)]
    refusal = errors.RateLimited(retry_at=0, limit=4, window_s=900)
    row = learn(used, refusal, [], now=START)
    assert row is not None
    soon, later = START + SECOND_US, START + int(HOUR_S * SECOND_US)
    assert [q.max for q in quotas_for(BUSY, learned=[row], now=soon) if q.window_s == 900] == [4]
    assert quotas_for(BUSY, learned=[row], now=later) == quotas_for(BUSY)


@pytest.mark.parametrize(
    ("used", "limit", "learned"), [(6, None, 2.5), (1, None, 4), (6, 9, None), (6, 0, 1), (9, 3, 3)]
)
def test_a_refusal_teaches_a_number(used: float, limit: float | None, learned: float | None) -> None:
    """Half of what went through, or of what was allowed; the number that it names; at least one; or nothing."""
    quota = quotas_for(BUSY)[0]
    row = learn([Used(quota=quota, used=used)], errors.RateLimited(retry_at=0, limit=limit), [], now=START)
    assert (row and row.max) == learned


def test_a_learned_limit_never_rises_above_what_is_configured() -> None:
    """Also where the owner lowers it afterwards; and what is no number allows nothing."""
    row = Learned(key="k", unit="posts", window_s=HOUR_S, max=6, at=START)
    for minutes in range(0, 120, 7):
        now = START + minutes * 60 * SECOND_US
        assert 4 >= allowed(row, 4, now) >= 4
        assert 6 <= allowed(row, 8, now) <= 8
    assert allowed(replace(row, max=float("nan")), 8, START) == 0
    assert risen(row, START - 10**12) == 0


async def test_a_thread_waits_for_a_learned_limit_to_rise_and_does_not_end() -> None:
    """Longer than what is allowed just now is not longer than what is allowed at all."""
    room = Room(replace(BUSY, posts_per_hour_max=4))
    row = Learned(key=f"account:{ACCOUNT.id}", unit="posts", window_s=HOUR_S, max=1, at=START)
    await room.put(*(replace(part, expires_at=LONG) for part in thread(3)))
    await room.books.record(Batch(learned=(row,)))
    await room.publisher.publish_once()

    assert (await room.get()).state is State.QUEUED
    assert [hold.kind for hold in await room.books.holds(now=room.clock.now())] == [HoldKind.LIMITED]
    await run(room, 1)
    assert (await room.get("p3")).state is State.PUBLISHED


# --- what accounts share ---------------------------------------------------------------------------------------


@pytest.mark.proves("4.3")
async def test_accounts_on_one_server_share_its_limit() -> None:
    """Three in an hour through the host, whichever account they are of; another host has its own."""
    room = Room()
    accounts = [replace(ACCOUNT, id=f"sandbox:{n}", url="http://one:1") for n in range(3)]
    far = replace(ACCOUNT, id="sandbox:far", url="http://two:2")
    posts = [post(n, account_id=one.id) for n, one in enumerate([*accounts, *accounts, far])]
    await room.books.record(Batch(accounts=(*accounts, far), new_posts=tuple(posts)))
    platforms = {one.id: room.platform for one in (*accounts, far)}
    publisher = Publisher(room.books, platforms, room.clock, "boot-1", shared=Shared(host_hour_max=3))
    for _ in range(10):
        await publisher.publish_once()
        room.clock.pass_s(61)

    published = await room.books.posts(states=(State.PUBLISHED,))
    assert sorted(one.account_id for one in published) == [*sorted(one.id for one in accounts), far.id]


async def test_a_late_proof_counts_against_what_accounts_share_too() -> None:
    """The server counted it."""
    room = Room()
    await room.put(post(1))
    shared = Shared(app_hour_max=5)
    dropped = replace(await room.get(), state=State.DROPPED, seq=1, first_claim_at=START, wire="{}")
    await room.books.record(Batch(changes=(Change(await room.get(), dropped),)))
    await confirm_late(room.books, dropped, RemoteRef(id="r"), now=START, look_at=None, by="test", shared=shared)

    used = await room.books.used(quotas_for(ACCOUNT, shared=shared), now=START)
    assert [one.used for one in used] == [1, 1, 1]


def test_bluesky_has_its_points_and_the_requests_of_its_server() -> None:
    """As its documentation writes them down; an owner's own limits come first."""
    wren = replace(ACCOUNT, platform="bluesky", url="https://bsky.social")
    rows = [(q.scope, q.key, q.window_s, q.max, q.unit) for q in quotas_for(wren)]
    assert rows[:2] == [("account", f"account:{wren.id}", w, m, "posts") for w, m in ((HOUR_S, 4), (DAY_S, 12))]
    assert ("host", "host:bsky.social", 300.0, 3_000, "requests") in rows


# --- what cannot be read means no ------------------------------------------------------------------------------


@pytest.mark.proves("4.3")
@pytest.mark.parametrize("verb", ["learned", "claim_post"])
async def test_limits_that_cannot_be_read_mean_that_nothing_is_sent(verb: str) -> None:
    """Whatever else can be read; and when they can be read again, everything goes."""
    room = Room()
    await room.put(post(1))

    def fail(asked: str) -> None:
        if asked == verb:
            raise errors.StorageTimeout("the limits took too long")

    room.books.books.trouble = fail
    for _ in range(3):
        try:
            await room.publisher.publish_once()
        except errors.StorageError:
            assert verb == "claim_post"
    assert room.platform.sent == []

    room.books.books.trouble = None
    await room.publisher.publish_once()
    assert len(room.platform.sent) == 1


@pytest.mark.proves("4.3")
async def test_limits_that_cannot_be_read_are_told_once_and_shown_until_they_can() -> None:
    """A fact, and a number that an alert can stand on."""
    room = Room()
    await room.put(post(1))
    failpoints.armed = failpoints.Failpoints("limits.read=raise")
    try:
        for _ in range(3):
            await room.publisher.publish_once()
        unread = [s for s in await room.publisher.limits.samples() if "unread" in s.name]
    finally:
        failpoints.armed = None

    assert [(s.value, s.labels.get("account")) for s in unread] == [(1, ACCOUNT.id), (1, None)]
    assert len(await room.books.facts(kinds=("limit_unread",))) == 1
    await room.publisher.publish_once()
    unread = [s for s in await room.publisher.limits.samples() if "unread" in s.name]
    assert [(s.value, s.labels.get("account")) for s in unread] == [(0, None)]


@pytest.mark.proves("4.3")
async def test_limits_that_cannot_be_read_are_seen_before_a_post_is_due() -> None:
    """The next post may be minutes away, and somebody could have mended it by then; one slip is no trouble."""
    room = Room()
    failpoints.armed = failpoints.Failpoints("limits.read=raise*3")
    try:
        seen = [await _unread(room) for _ in range(3)]
    finally:
        failpoints.armed = None
    assert seen == [1, 0, 0]


@pytest.mark.proves("4.3")
async def test_books_that_cannot_be_read_at_all_are_no_trouble_of_the_limits() -> None:
    """They tell it themselves, and of the limits nothing is known."""
    room = Room()

    def trouble(verb: str) -> None:
        raise errors.StorageTimeout

    room.books.books.trouble = trouble
    assert await _unread(room) is None


async def _unread(room: Room) -> float | None:
    found = await room.publisher.limits.samples()
    return next((s.value for s in found if s.name == "bowerbird_limits_unread"), None)


@pytest.mark.proves("4.3")
async def test_each_window_shows_how_much_of_it_is_used() -> None:
    """As a share, by scope, key and window."""
    room = Room()
    await room.put(post(1))
    await room.publisher.publish_once()

    ratios = {s.labels["window"]: s.value for s in await room.publisher.limits.samples() if "window" in s.labels}
    assert ratios == {"1h": 1 / 4, "24h": 1 / 12}
