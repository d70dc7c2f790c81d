"""A house in which something of every kind stands on some page, each with whatever text somebody else could put there.

The jobs' page and the numbers come from the product's own code, so what is added to them is furnished by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import Any

from bowerbird.clock import SeededChance, VirtualClock
from bowerbird.core.account import Hold, HoldKind, Learned
from bowerbird.core.books import Batch, Committed
from bowerbird.core.breaker import WINDOWS, BreakerState, Position, Went
from bowerbird.core.drilled import Drilled, over, under_way
from bowerbird.core.facts import KINDS, Fact
from bowerbird.core.findings import Advice, Counts, Model, Reading, Seen, Target
from bowerbird.core.gauge import METRICS, Sample, Snapshot
from bowerbird.core.incident import Delivery, Incident, Severity, Silence, Told
from bowerbird.core.lifecycle import State
from bowerbird.core.people import Person, Role
from bowerbird.core.post import SECOND_US, Card, Choice, Media, Payload, RemoteRef, ReplyTo
from bowerbird.core.replay import Mark, Replay, Step
from bowerbird.core.work import Command, Outcome, Run
from bowerbird.dashboard.asked import Kept, SettingRow
from bowerbird.dashboard.metrics import packed
from bowerbird.dashboard.workshop import DrillRow, Promised, Tell, Way, Workshop
from bowerbird.drills.row import Outcome as Drill
from bowerbird.jobs import health
from bowerbird.jobs.pauses import Pauses, pause_of
from bowerbird.jobs.pulse import Pulse
from bowerbird.jobs.runner import Runner
from bowerbird.jobs.table import JOBS
from bowerbird.posting.pacing import quotas_for
from bowerbird.storage.memory import MemoryBooks, MemoryStorage

from .house import START, WREN, House, a_post, published

HOST = "sandbox 127.0.0.1:8421"
"""The breaker that is open."""
HOUR = 3600 * SECOND_US


@dataclass
class Held:
    """Replays in memory."""

    kept: Sequence[Kept] = ()

    async def listed(self) -> Sequence[Kept]:
        """All of them, without steps."""
        return [k if k.replay is None else replace(k, replay=replace(k.replay, steps=())) for k in self.kept]

    async def one(self, name: str) -> Kept | None:
        """The one of this name."""
        return next((kept for kept in self.kept if kept.name == name), None)


async def furnish(house: House, text: str, **changes: Any) -> None:
    """Put something of every kind into the books and beside them, and this text wherever others can put words.

    Args:
        changes: what is written instead of the usual, such as other `people`.
    """
    now = house.clock.now()
    assert isinstance(await house.books.record(replace(everywhere(text, now), **changes)), Committed)
    house.face.settings = house.settings or [SettingRow(name="writer.about", value=text, source=text, why=text)]
    world = Replay(
        seed=3, command=text, made_at=now, lasts_s=60.0, lanes=("worker 0",), ends={"lost": 1}, broken=(text,),
        steps=(Step(at_s=1.0, lane="worker 0", mark=Mark.CRASH, words=text, post=text),),
    )  # fmt: skip
    broken = Kept(name="seed-4", at=now, size=9, replay=None, problem=text)
    house.face.workshop = workshop(text, now)
    house.face.replays = Held([Kept(name="seed-3", at=now, size=9, replay=world), broken])


def workshop(text: str, now: int) -> Tell:
    """A workshop with a promise in each state, and drills that can be run and that cannot."""
    promises = [
        Promised(id="2.G3", title=text, layer=2, state="proved", why="", ran_at=now - HOUR, page="/jobs", tests=[text]),
        Promised(id="X12", title=text, layer=None, state="failed", why=text, ran_at=now, page="", drills=[text]),
        Promised(id="7.1", title=text, layer=7, state="open", why=text, ran_at=None, page="/"),
    ]
    way = Way(name=text, breaks=text, alert_max_s=5, recover_max_s=60)
    row = DrillRow(id="4.1", title=text, layer=4, ways=[way, replace(way, tells=False)])
    shop = Workshop(promises=promises, drills=[row, replace(row, id="5.1", layer=5, lacks=text)], tests=True)

    async def tell() -> Workshop:
        return shop

    return tell


def runs(text: str, now: int) -> tuple[Snapshot, Snapshot]:
    """A drill that is under way, and two that are over."""
    run = Drilled(id="run-1", row="4.1", by=text, began_at=now - HOUR, until=now + HOUR, lines=(text,))
    way = Drill(
        id="4.1", name=text, breaks=text, alert_s=2.0, alert_max_s=5.0, recover_s=10.0, recover_max_s=60.0, held_s=4.0,
        lost=0, doubled=0, alerts=1, root=text, root_expected=text, healed_by=text, effects=(text,), wrong=(text,),
    )  # fmt: skip
    done = replace(run, id="run-2", ended_at=now, ok=False, ways=(asdict(way),), report=text)
    ended = replace(run, id="run-3", ended_at=now, why=text)
    return under_way(run, now=now), over([done, ended], now=now)


def everywhere(text: str, now: int = START) -> Batch:
    """Books in which this text stands wherever somebody else can put words."""
    ref = RemoteRef(id=text, url=text)
    target = ReplyTo(parent=ref, root=ref, author=text, text=text)
    media = (Media(path="x.png", mime="image/png", alt=text, sha256="0"),)
    choice = Choice(writer=text, because=text, claim_id=text, evidence=text)
    payload = Payload(text=text, reply_to=target, media=media, card=Card(url=text, title=text, description=text))
    due = {"due": now + HOUR, "expires_at": now + 2 * HOUR, "created_at": now, "since": now}
    plain: dict[str, Any] = {"payload": payload, "choice": choice, "reason": text, **due}
    bare = plain | {"payload": Payload(text=text)}
    past = {"due": now - HOUR, "expires_at": now, "published_at": now - HOUR}
    seen = Seen(ref=ref, author=text, text=text, posted_at=now)
    data = {"by": text, "sentence": text, "why": text, "remote_id": text, "attempt": text, "writer": text, "verb": text}
    return Batch(
        accounts=(replace(WREN, handle=text), replace(WREN, id="sandbox:robin", handle="robin", rehearsal=False)),
        new_posts=(
            a_post("p1", **plain, parts=2),
            a_post("p2", **bare, key="k2", thread_id="p1", part=1, parts=2),
            a_post("p3", **bare | {"due": now + 2 * HOUR}, state=State.PARKED),
            a_post("p4", **bare | {"due": now + 2 * HOUR}),
            a_post("p5", **bare | {"due": now + 3 * HOUR}, state=State.QUEUED),
            a_post("p6", **bare | {"due": now - 60 * SECOND_US}, state=State.QUEUED),
            published("p9", **bare | past, remote=ref),
            published("p8", **past, account_id="sandbox:robin", created_at=now - 2 * HOUR, since=now - HOUR),
        ),
        facts=tuple(
            Fact(kind=kind, at=now, by=text, post_id=post_id, account_id=WREN.id, data=data)
            for kind, post_id in product(KINDS, ("p1", "p9"))
        )
        + told(text, now),
        readings=tuple(
            Reading(post_id="p9", account_id=WREN.id, rung=n, age_s=60 * 4**n, observed_at=now - HOUR,
                    counts=Counts(likes=n, replies=1))
            for n in range(3)
        ),
        targets=(Target(id="t", account_id=WREN.id, seen=seen, score=9, because=text, addressed=True, found_at=now),),
        models=(Model(version=text, account_id=WREN.id, parent=text, n=1, cursor=1, state=b"", created_at=now,
                      champion=True),),
        holds=tuple(
            Hold(account_id=WREN.id, kind=kind, since=now, why=text) for kind in (HoldKind.PAUSED, HoldKind.SIGNED_OUT)
        ),
        runs=tuple(
            Run(id=f"r{job.name}{n}", job=job.name, slot_at=now - n * SECOND_US, started_at=now - SECOND_US,
                ended_at=now, outcome=outcome, error=text if outcome is Outcome.FAILED else "", units=1)
            for job, (n, outcome) in product(JOBS, enumerate((Outcome.DONE, Outcome.FAILED)))
        ),
        advice=(Advice(account_id=WREN.id, version="v", made_at=now, n=1, needed=2, target=text, sentence=text,
                       levels=(text,), means=(0.1,), lows=(0.1,), highs=(0.1,)),),
        commands=(
            Command(id="c1", verb="approve", args={"post_id": "p1", "text": text + "!", "reason": text}, by=text,
                    asked_at=now, done_at=now, ok=False, answer=text),
        ),
        **alarms(text, now),
        people=(Person(name="ann", role=Role.EDITOR, password="scrypt", made_at=now, by=text),
                Person(name="bo", role=Role.VIEWER, password="scrypt", made_at=now, by="owner", ended_at=now)),
        learned=tuple(
            Learned(key=each.key, unit=each.unit, window_s=each.window_s, max=2, at=now, why=text)
            for each in quotas_for(WREN)[:1]
        ),
        snapshots=(
            parts(text, now), jobs(text, now), browsers(text, now), windows(now), samples(now), *runs(text, now),
        ),
    )  # fmt: skip


def told(text: str, now: int) -> tuple[Fact, ...]:
    """What the pages of the layers read of each, with the words of others in it."""
    kinds: tuple[tuple[str, dict[str, Any]], ...] = (
        ("degraded", {"part": "browser"}), ("degraded", {"part": "learning"}), ("unmeasured", {"reason": text}),
        ("harvested", {"what": text, "found": 1, "new": 1}), ("unharvested", {"what": text, "reason": text}),
        ("opted_out", {"author": text}), ("learned", {"version": text}), ("set_aside", {"file": text}),
        ("job_skipped", {"job": "plan", "slots": 2, "why": {text: 2}}),
    )  # fmt: skip
    plain = {"why": text, "sentence": text}
    return tuple(Fact(kind=kind, at=now, by=text, account_id=WREN.id, data=plain | data) for kind, data in kinds)


def alarms(text: str, now: int) -> dict[str, Any]:
    """Incidents open and over, told and untold, silenced, with causes and effects; breakers in every position."""
    one = Incident(
        id="i1", fingerprint="a", rule="BreakerOpen", part=f"breaker:{HOST}", severity=Severity.CRITICAL, title=text,
        why=text, fix=text, opened_at=now - HOUR, since=now - HOUR, seen_at=now, told_at=now - HOUR,
    )  # fmt: skip
    effect = replace(one, id="i2", fingerprint="b", rule="DueUnsent", part="job:publish", scope=WREN.id, root="i1")
    mild = replace(one, id="i3", fingerprint="c", part="queue", severity=Severity.WARNING, scope=WREN.id,
                   acknowledged_at=now, acknowledged_by=text)  # fmt: skip
    over = replace(one, id="i4", fingerprint="d", part="job:learn", closed_at=now, healed_by=text)
    sent = Delivery(id="d1", incident_id="i1", told=Told.OPENED, channel=text, title=text, body=text, due_at=now,
                    made_at=now, sent_at=now)  # fmt: skip
    waiting = replace(sent, id="d2", sent_at=None, attempts=2, error=text)
    browser = BreakerState(name="browser", position=Position.HALF_OPEN, since=now - HOUR, why=text, opens=2,
                           next_probe_at=now)  # fmt: skip
    return {
        "incidents": (one, effect, mild, over),
        "deliveries": (sent, waiting),
        "silences": (Silence(id="s1", rule="QueueLow", since=now, until=now + HOUR, why=text, by=text),),
        "breakers": (
            BreakerState(name=HOST, position=Position.OPEN, since=now - HOUR, why=text, opens=1,
                         next_probe_at=now + HOUR, parent="browser"),
            browser,
            replace(browser, name="writer", position=Position.OPEN, manual=True, next_probe_at=None),
            BreakerState(name="network", since=now - HOUR),
        ),
    }  # fmt: skip


def parts(text: str, now: int) -> Snapshot:
    """What a boot says that could not start everything."""
    well = {"name": "storage", "light": "green", "sentence": "It answers.", "since": now, "needed_for": "everything",
            "plan": "", "by": "", "without": "", "critical": True, "attempts": 0, "next_try_at": None}  # fmt: skip
    ill = well | {"name": "browser", "light": "red", "sentence": text, "plan": text, "by": "posting", "without": text,
                  "attempts": 3, "next_try_at": now + HOUR}  # fmt: skip
    data = {"state": "degraded", "ready": True, "why": text, "since": now, "ready_s": 1.5, "missing": [],
            "notes": [text], "parts": [well, ill]}  # fmt: skip
    return Snapshot(name="parts", at=now, data=data)


def browsers(text: str, now: int) -> Snapshot:
    """What the engine says of its seat, whose holder and pages have names from elsewhere."""
    seat = {"name": text, "state": text, "why": text, "up": True, "up_at": now, "holder": text, "held_at": now,
            "class": text, "pages": 1, "served": 1, "lives": 1, "ends": {text: 1}, "recycled": 1, "memory_bytes": 4e8,
            "driver_bytes": 1e8, "memory_slope_bytes_h": 1e7, "cpu_s": 1.5}  # fmt: skip
    wait = {"class": text, "n": 1, "lost": 1, "refused": 1, "in_line": 1, "oldest_s": 1.0, "p50_s": 0.1, "p95_s": 0.1}
    data = {"seats": [seat], "pages": [text, WREN.id], "standby": True, "in_line": 0, "starts": 1, "ends": {text: 1},
            "recycled": 1, "cut": 1, "listeners": 1, "timeouts": {text: 1}, "waits": [wait], "events": [[now, text]],
            "memory": {"used_bytes": 4e8, "peak_bytes": 4e8, "budget_bytes": 1e9, "unweighed": 1, "pressure_pct": 1.0,
                       "full_s": 900.0}}  # fmt: skip
    return Snapshot(name="browsers", at=now, data=data)


def jobs(text: str, now: int) -> Snapshot:
    """What the runner says of every job of the table after some runs that went well and some that did not."""
    clock, books = VirtualClock(now), MemoryStorage(MemoryBooks())

    async def nothing() -> bool:
        return False

    pauses = Pauses()
    pauses.put(pause_of("thinking", by=text, why=text, hours=1, now=now), now=now, mono=clock.monotonic())
    runner = Runner(JOBS, {job.name: nothing for job in JOBS}, books, clock, SeededChance(7), "boot-1", pauses=pauses)
    for job in JOBS:
        runner.pulses[job.name] = pulse = Pulse(born=clock.monotonic(), next_slot=clock.monotonic() + 30)
        for n in range(12):
            outcome = Outcome.FAILED if n > 9 and job.name in {"harvest", "learn"} else Outcome.DONE
            error = text if outcome is Outcome.FAILED else ""
            run = Run(id="r", job=job.name, slot_at=now, started_at=now, ended_at=now, outcome=outcome, error=error)
            pulse.lateness_s = 0.2
            pulse.record(run, now=clock.monotonic(), took_s=0.1 * n)
    return health.snapshot(runner)


def windows(now: int) -> Snapshot:
    """What the breakers' windows hold: calls and probes of every kind."""
    held = {"beats": [[now - n * SECOND_US, went] for n, went in enumerate(Went)], "calls": 5, "failed": 2, "slow": 1,
            "calls_min": 5, "failed_max": 0.5}  # fmt: skip
    return Snapshot(name=WINDOWS, at=now, data={HOST: held, "network": held | {"beats": [], "calls": 0}})


def samples(now: int) -> Snapshot:
    """A value of every number there is, with the account's name where it has one."""
    labels = {"account": WREN.id, "job": "plan", "lane": "posting", "breaker": HOST}
    rows = [
        Sample(name=name, value=3, labels={label: labels.get(label, "other") for label in metric.labels})
        for name, metric in METRICS.items()
    ]
    return packed(rows, now)
