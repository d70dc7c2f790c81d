"""How each account stands: its light and why, what comes next, and the numbers that a person asks for first.

Pure but for `look`, which reads the books once for all accounts. What nobody observed is None.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bowerbird.core.account import Account, Hold, HoldKind, Mode
from bowerbird.core.gauge import Snapshot
from bowerbird.core.health import Light
from bowerbird.core.incident import Incident, Severity
from bowerbird.core.lifecycle import State
from bowerbird.core.lists import Queue
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US
from bowerbird.core.story import count, span
from bowerbird.dashboard.asked import Books
from bowerbird.dashboard.layers import COVER_MIN_SHARE
from bowerbird.dashboard.metrics import SAMPLES, STALE_S

MODES: dict[Mode, str] = {
    Mode.ASK: "you approve every post",
    Mode.ASK_NEW: "you approve what is not from the bank",
    Mode.VETO: "posts go unless you say no in time",
    Mode.AUTO: "posts go without asking you",
}
"""Each way of approving as the end of a sentence."""

RANKS = (Light.RED, Light.AMBER, Light.GREY, Light.GREEN)
"""The worst first."""
WAITING = frozenset({HoldKind.BUDGET, HoldKind.LIMITED})
"""Holds that end by themselves; they colour nothing."""
WORDS: dict[HoldKind, str] = {
    HoldKind.PAUSED: "paused",
    HoldKind.SIGNED_OUT: "signed out",
    HoldKind.UNATTESTED: "not attested",
    HoldKind.CLOCK: "waits for the clock",
}
"""What a hold makes of an account, in a word."""
INCIDENTS_MAX = 200
"""Open incidents looked through."""
JUST_NOW_S = 90.0
"""Younger than this is "just now", so that a page does not say something new each second."""

COVER, FOREIGN, MISSING, SEEN, SESSION = (
    "bowerbird_queue_cover_hours", "bowerbird_truth_foreign_posts", "bowerbird_truth_missing_posts",
    "bowerbird_truth_seen_seconds", "bowerbird_session_age_seconds",
)  # fmt: skip
FIGURES = frozenset({COVER, FOREIGN, MISSING, SEEN, SESSION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One account as its row says it.

    Args:
        light, word, sentence, since: how it is, in a word and in a sentence, and since when, if that is known.
        incidents: the open ones that are about it.
        queue: what is approved ahead; None if nothing is.
        cover, session, truth: in words; None where nobody measured it.
    """

    account: Account
    light: Light
    word: str
    sentence: str
    since: int | None
    holds: Sequence[Hold]
    incidents: Sequence[Incident]
    queue: Queue | None
    counts: Mapping[State, int]
    cover: str | None
    session: str | None
    truth: str | None

    @property
    def paused(self) -> bool:
        """True if a person paused it."""
        return any(hold.kind is HoldKind.PAUSED for hold in self.holds)

    @property
    def proposed(self) -> int:
        """Posts that wait for a person's yes."""
        return self.counts.get(State.PROPOSED, 0)

    @property
    def queued(self) -> int:
        """Posts that wait for their time."""
        return self.counts.get(State.QUEUED, 0)

    @property
    def published(self) -> int:
        """Posts on the platform."""
        return self.counts.get(State.PUBLISHED, 0)

    @property
    def mode(self) -> str:
        """How its posts are approved, as the end of a sentence."""
        return MODES[self.account.mode]

    @property
    def place(self) -> tuple[int, str]:
        """Where it stands in a list with the worst first."""
        return RANKS.index(self.light), self.account.id

    @property
    def path(self) -> str:
        """The address of its page."""
        return f"/accounts/{self.account.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What one look at the books found about all accounts, by account."""

    now: int
    holds: Mapping[str, Sequence[Hold]]
    incidents: Mapping[str, Sequence[Incident]]
    queues: Mapping[str, Queue]
    counts: Mapping[str, Mapping[State, int]]
    figures: Mapping[str, Mapping[str, float]]


async def look(books: Books, clock: Clock) -> About:
    """Read what stands about accounts, in one look each, however many there are."""
    now = clock.now()
    holds, incidents, counts = defaultdict(list), defaultdict(list), defaultdict[str, dict[State, int]](dict)
    for hold in await books.holds(now=now):
        holds[hold.account_id].append(hold)
    for incident in await books.incidents(open_only=True, limit=INCIDENTS_MAX):
        incidents[incident.scope].append(incident)
    for (account_id, state), n in (await books.count_posts()).items():
        counts[account_id][state] = n
    return About(
        now=now, holds=holds, incidents=incidents, queues=await books.queues(), counts=counts,
        figures=figures(await books.snapshot(SAMPLES), now=now),
    )  # fmt: skip


def figures(snapshot: Snapshot | None, *, now: int) -> dict[str, dict[str, float]]:
    """Return the engine's own numbers about each account, or none if they are old."""
    found: dict[str, dict[str, float]] = {}
    if snapshot is not None and now - snapshot.at <= STALE_S * SECOND_US:
        rows: Sequence[tuple[str, dict[str, Any], float]] = snapshot.data["samples"]
        for name, labels, value in rows:
            if name in FIGURES and "account" in labels:
                found.setdefault(labels["account"], {})[name] = value
    return found


def standing(account: Account, about: About) -> Standing:
    """Say how one account stands."""
    holds, incidents = about.holds.get(account.id, ()), about.incidents.get(account.id, ())
    counts, queue = about.counts.get(account.id, {}), about.queues.get(account.id)
    known = about.figures.get(account.id, {})
    hours = cover_h(known, queue, about.now)
    light, word, sentence, since = _light(account, holds, incidents, counts, hours)
    return Standing(
        account=account, light=light, word=word, sentence=sentence, since=since, holds=holds, incidents=incidents,
        queue=queue, counts=counts,
        cover=f"{span(hours * 3600)} of {account.cover_h:g} h" if hours else "nothing ahead",
        session=_session(holds, known), truth=_truth(known),
    )  # fmt: skip


def cover_h(known: Mapping[str, float], queue: Queue | None, now: int) -> float:
    """Hours without an empty slot where the engine says so; else until the last approved post is due."""
    if COVER in known:
        return known[COVER]
    return max(0.0, (queue.last_due - now) / SECOND_US / 3600) if queue else 0.0


def _light(
    account: Account,
    holds: Sequence[Hold],
    incidents: Sequence[Incident],
    counts: Mapping[State, int],
    cover_h: float,
) -> tuple[Light, str, str, int | None]:
    """Judge an account: the worst that is known of it, and what is done about it.

    1. What needs a person now: signed out, a post in doubt for good, a critical incident.
    2. What stands or works with less: a hold, a warning, a doubt, a thin queue.
    3. Nothing is planned yet; or all is well.
    """
    parked, unsure = counts.get(State.PARKED, 0), counts.get(State.UNSURE, 0)
    worst = min(incidents, key=lambda one: (one.severity is not Severity.CRITICAL, one.opened_at), default=None)
    stopping = sorted((hold for hold in holds if hold.kind not in WAITING), key=_how_bad)
    if stopping and stopping[0].kind is HoldKind.SIGNED_OUT:
        return _held(stopping[0], Light.RED)
    if parked:
        return Light.RED, "needs you", f"{count(parked, 'post needs', 'posts need')} a person: there, or not?", None
    if worst is not None and worst.severity is Severity.CRITICAL:
        return Light.RED, "does not work", f"{worst.title}.", worst.opened_at
    if stopping:
        return _held(stopping[0], Light.AMBER)
    if worst is not None and worst.severity is Severity.WARNING:
        return Light.AMBER, "works with less", f"{worst.title}.", worst.opened_at
    if unsure:
        return Light.AMBER, "in doubt", f"{count(unsure, 'post')} may have arrived; we are looking.", None
    return _by_queue(account, counts, cover_h)


def _by_queue(account: Account, counts: Mapping[State, int], cover_h: float) -> tuple[Light, str, str, int | None]:
    waiting = counts.get(State.PROPOSED, 0)
    if account.rests:
        return Light.GREY, "rests", "The rehearsal is over. The page Start here begins it anew.", None
    if cover_h < account.cover_h * COVER_MIN_SHARE:
        if waiting:
            return Light.AMBER, "waits for you", "Too little is approved ahead, for your yes is waited for.", None
        if not sum(counts.values()):
            return Light.GREY, "new", "Nothing is planned yet; the planner fills the queue within minutes.", None
        return Light.AMBER, "queue is thin", "Too little is approved ahead; the planner writes more.", None
    return Light.GREEN, "posts", "Posts go at their times.", None


def _how_bad(hold: Hold) -> tuple[bool, bool, int]:
    return hold.kind is not HoldKind.SIGNED_OUT, hold.kind is HoldKind.PAUSED, hold.since


def _held(hold: Hold, light: Light) -> tuple[Light, str, str, int | None]:
    return light, WORDS[hold.kind], "Nothing is sent until it is lifted.", hold.since


def _session(holds: Sequence[Hold], known: Mapping[str, float]) -> str | None:
    if any(hold.kind is HoldKind.SIGNED_OUT for hold in holds):
        return "signed out"
    return None if SESSION not in known else f"renewed {_ago(known[SESSION])}"


def _truth(known: Mapping[str, float]) -> str | None:
    """Say how far the timeline and the books differ, and when that was looked at."""
    if SEEN not in known:
        return None
    foreign, missing = int(known.get(FOREIGN, 0)), int(known.get(MISSING, 0))
    gaps = [f"{foreign:,} there that are not ours"] * bool(foreign) + [f"{missing:,} of ours missing"] * bool(missing)
    return f"{', '.join(gaps) or 'agrees'}, seen {_ago(known[SEEN])}"


def _ago(seconds: float) -> str:
    return "just now" if seconds < JUST_NOW_S else f"{span(seconds)} ago"
