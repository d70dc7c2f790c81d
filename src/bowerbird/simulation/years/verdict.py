"""The judge of a simulated year: believes the platforms' truth, the committed books and the delivered messages.

* Safety: nothing twice, nothing lost, no limit exceeded in any window, no state outstayed, no message changed.
* Liveness: some hours after the last trouble the queue is drained, breakers are closed, holds are lifted, nothing is
  open that does not need a person.
* Alerts: whatever bit was told within its time, as one root, and nothing was told that nothing explains.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from bowerbird.core.breaker import Position
from bowerbird.core.incident import Incident, Told
from bowerbird.core.lifecycle import FINAL, NEXT, State, overstayed
from bowerbird.core.post import SECOND_US, Post
from bowerbird.posting.pacing import quotas_for
from bowerbird.simulation.judge import Violation
from bowerbird.simulation.platform import Arrival
from bowerbird.simulation.years.expect import EXPECTED, NEVER_ALARMS, allowed, expected, speechless
from bowerbird.simulation.years.troubles import Trouble

if TYPE_CHECKING:
    from bowerbird.simulation.years.world import World

GRACE_S = 1_800.0
"""So long after a trouble what it left behind may still be told, seconds."""
BURN_S = 7 * 3_600.0
"""What is told in its own right may come so long after its cause, seconds: the slow burn looks back over six hours."""
MAY_STAY_OPEN = frozenset({"TruthGap", "WriterDown"})
"""What may outlast the calm: a post that its platform only claimed to take is known to be gone at its next look, which
may be a day away; and whether a writer answers again is known when it is next asked, and nobody asks it by night."""
OF_THEIR_OWN = frozenset({"Parked", "PostingBurn", "PostingBurnSlow"})
"""What is no effect that passes with its root, so that its message is one more and not a second root: a parked post
waits for a person long after the trouble, and a burn says how many posts of the last hours were not sent."""
DUE_SLACK_S = 120.0
"""What is due is under way at the latest after so long, seconds."""


def judge(world: World) -> list[Violation]:
    """Return every violation in this world; an empty list is the only good answer."""
    return [violation for rule in RULES for violation in rule(world)]


def _arrivals(world: World) -> dict[str, list[Arrival]]:
    found: defaultdict[str, list[Arrival]] = defaultdict(list)
    for account, _ in world.accounts.values():
        for arrival in world.way(account, account.platform).arrivals:
            found[arrival.post_id].append(arrival)
    return found


# --- safety -------------------------------------------------------------------------------------------------------


def nothing_arrives_twice(world: World) -> Iterator[Violation]:
    """A post is on its platform at most once."""
    for post_id, arrivals in _arrivals(world).items():
        if len(arrivals) > 1:
            yield Violation("twice", post_id, f"arrived {len(arrivals)} times")


def whatever_arrives_is_recorded(world: World) -> Iterator[Violation]:
    """What a platform accepted is published under its id, or parked."""
    for post_id, arrivals in _arrivals(world).items():
        post = world.shelf.by_id[post_id]
        known = post.remote.id if post.remote else ""
        if post.state in {State.PUBLISHED, State.REMOVED} and known == arrivals[0].id:
            continue
        if post.state is not State.PARKED:
            yield Violation("lost", post_id, f"arrived as {arrivals[0].id}, and the books say {post.state} {known}")


def whatever_is_recorded_arrived(world: World) -> Iterator[Violation]:
    """What the books call published is on the platform, unless the platform lied."""
    arrived = _arrivals(world)
    phantoms = {each.id for venue in world.venues.values() for each in venue.phantoms}
    for post in world.shelf.by_id.values():
        lied = post.remote is not None and post.remote.id in phantoms
        if post.state is State.PUBLISHED and post.id not in arrived and not lied:
            yield Violation("invented", post.id, "published in the books, and never arrived")


def no_limit_is_exceeded(world: World) -> Iterator[Violation]:
    """In no window did more of ours arrive than is configured."""
    for account, _ in world.accounts.values():
        instants = sorted(arrival.at for arrival in world.way(account, account.platform).arrivals)
        for quota in quotas_for(account):
            most, window_us = int(quota.max / quota.cost), int(quota.window_s * SECOND_US)
            for first, last in zip(instants, instants[most:], strict=False):
                if last - first < window_us - world.stepped_us(first, last):
                    yield Violation("limit", account.id, f"{most + 1} arrivals in {(last - first) / SECOND_US:.0f} s")


def nothing_overstays(world: World) -> Iterator[Violation]:
    """No post was in any state for longer than the table allows; time in which the machine slept does not count."""
    for post_id, versions in _lives(world).items():
        (at, post), *rest = versions
        entered_at, state = _entered(at, post), post.state
        for at, post in [*rest, (world.clock.now(), world.shelf.by_id[post_id])]:
            if overstayed(state, since=entered_at + world.slept_us(entered_at, at), now=at):
                yield Violation("overstay", post_id, f"was {state} for {(at - entered_at) / SECOND_US:.0f} s")
            if post.state is not state:
                entered_at, state = _entered(at, post), post.state


def _entered(at: int, post: Post) -> int:
    return max(at, post.due) if post.state in {State.PROPOSED, State.QUEUED} else at


def every_step_is_in_the_table(world: World) -> Iterator[Violation]:
    """No post took a step that the lifecycle does not have."""
    for post_id, versions in _lives(world).items():
        for (_, before), (_, after) in pairwise(versions):
            if before.state is not after.state and after.state not in NEXT[before.state].values():
                yield Violation("step", post_id, f"went from {before.state} to {after.state}")


def the_message_never_changes(world: World) -> Iterator[Violation]:
    """Every attempt under one key sent exactly the same message."""
    wires: dict[tuple[str, str], str] = {}
    for venue in world.venues.values():
        for send in venue.sends:
            if wires.setdefault((send.post_id, send.key), send.wire) != send.wire:
                yield Violation("message", send.post_id, f"another message under key {send.key}")


def no_engine_ended(world: World) -> Iterator[Violation]:
    """An engine ends by being killed, and by nothing else."""
    for trouble in world.troubles:
        yield Violation("trouble", "engine", trouble)


def _lives(world: World) -> dict[str, list[tuple[int, Post]]]:
    found: defaultdict[str, list[tuple[int, Post]]] = defaultdict(list)
    for at, post in world.shelf.history:
        found[post.id].append((at, post))
    return found


# --- liveness -----------------------------------------------------------------------------------------------------


def the_queue_drains(world: World) -> Iterator[Violation]:
    """At the end nothing is due that is not at rest, and the queue is full again."""
    now = world.clock.now()
    for post in world.shelf.by_id.values():
        overdue = post.due < now - int(DUE_SLACK_S * SECOND_US)
        if post.state not in FINAL and post.state is not State.PARKED and overdue:
            yield Violation("restless", post.id, f"was due and is still {post.state}")
    for account_id in world.accounts:
        ahead = [p for p in world.shelf.in_state(State.QUEUED) if p.account_id == account_id and p.due > now]
        if not ahead:
            yield Violation("empty", account_id, "has no post in its queue")


def breakers_close(world: World) -> Iterator[Violation]:
    """At the end every breaker is closed."""
    for name, state in world.books.breakers.items():
        if state.position is not Position.CLOSED:
            yield Violation("breaker", str(name), f"is still {state.position}: {state.why}")


def holds_are_lifted(world: World) -> Iterator[Violation]:
    """At the end no account is on hold."""
    now = world.clock.now()
    for hold in world.books.holds.values():
        if hold.until is None or hold.until > now:
            yield Violation("held", hold.account_id, f"is still on hold: {hold.kind}, {hold.why}")


def no_incident_stays_open(world: World) -> Iterator[Violation]:
    """At the end nothing is open but what needs a person."""
    for incident in world.books.incidents.values():
        if incident.closed_at is None and incident.rule not in NEVER_ALARMS | MAY_STAY_OPEN:
            yield Violation("open", incident.rule, f"{incident.part} is still open: {incident.why}")


def no_message_waits(world: World) -> Iterator[Violation]:
    """At the end every message was delivered."""
    for row in world.books.deliveries.values():
        if row.sent_at is None and not row.gave_up:
            yield Violation("message waits", row.id, f"{row.title}: {row.error}")


# --- alerts -------------------------------------------------------------------------------------------------------


def whatever_bites_is_told(world: World) -> Iterator[Violation]:
    """A trouble that bit and lasted was told within its time, as itself or as something that contains it."""
    told = _told_at(world)
    for trouble in world.plot.troubles:
        row = expected(trouble)
        felt_s = _felt_s(world, trouble) if row else None
        if row is None or felt_s is None or not _lasts(trouble, felt_s + row.within_s) or world.disturbed(trouble):
            continue
        if not any(began <= felt_s + row.within_s and ended >= trouble.start_s for began, ended in told[row.rules]):
            words = f"bit {felt_s - trouble.start_s:.0f} s after it began, and nobody was told in {row.within_s:.0f} s"
            yield Violation("untold", f"{trouble.kind}@{trouble.start_s:.0f}", words)


def _lasts(trouble: Trouble, until_s: float) -> bool:
    return trouble.end_s >= until_s or trouble.kind in {"frozen", "foreign", "phantom", "wall_steps", "monitor_dies"}


def _felt_s(world: World, trouble: Trouble) -> float | None:
    """When a trouble had bitten often enough to be noticed; None if it never did."""
    row = expected(trouble)
    if row is None:
        return None
    if not row.after_bites:
        return trouble.end_s if speechless(trouble) else trouble.start_s
    its = (trouble.kind, world.number(trouble))  # and its own: the scene of a year may repeat a trouble of its plot
    bites = [at for at, *of in world.bites if tuple(of) == its and trouble.start_s <= at <= trouble.end_s]
    for first, last in zip(bites, bites[row.after_bites - 1 :], strict=False):
        if last - first <= row.spread_s:
            return last
    return None


def _told_at(world: World) -> dict[frozenset[str], list[tuple[float, float]]]:
    """For each set of rules: from when until when an incident of them was open and told, in seconds.

    It was told by its own message, or with a root it stood under at any time: roots change while it lasts.
    """
    first: dict[str, float] = {}
    over: defaultdict[str, set[str]] = defaultdict(set)
    for fact in world.books.facts:
        if fact.kind == "incident_linked":
            over[str(fact.data["incident"])].add(str(fact.data["root"]))
    for message in world.messages:
        first.setdefault(message.delivery.incident_id, message.at_s)
    spans: defaultdict[frozenset[str], list[tuple[float, float]]] = defaultdict(list)
    for row in EXPECTED.values():
        for incident in world.books.incidents.values():
            if incident.rule in row.rules:
                told = [first[told_id] for told_id in {incident.id, *over[incident.id]} if told_id in first]
                if told:
                    spans[row.rules].append((min(told), _closed_s(world, incident)))
    return spans


def _closed_s(world: World, incident: Incident) -> float:
    ends = [closing.at_s for closing in world.closings if closing.incident_id == incident.id]
    return ends[-1] if ends else float("inf")


def nothing_is_told_without_a_cause(world: World) -> Iterator[Violation]:
    """Every message that opens something is explained by a trouble that may show so."""
    for message in world.messages:
        if message.delivery.told is not Told.OPENED:
            continue
        incident = world.books.incidents[message.delivery.incident_id]
        grace_s = BURN_S if incident.rule in OF_THEIR_OWN else GRACE_S
        opened_s = world.opened_s.get(incident.id, message.at_s)  # a message may wait for its channel
        near = [t for t in world.plot.troubles if t.start_s <= opened_s <= t.end_s + grace_s]
        if not any(incident.rule in allowed(t.kind) for t in near):
            words = (
                f"{message.delivery.title} ({incident.part}) at {message.at_s:.0f} s; near: {[t.kind for t in near]}"
            )
            yield Violation("false alarm", incident.rule, words)


def nothing_is_told_twice(world: World) -> Iterator[Violation]:
    """Each incident is told as new once on each channel, however often the engine was started anew."""
    told = Counter(
        (m.delivery.incident_id, m.channel, m.delivery.title) for m in world.messages if m.delivery.told is Told.OPENED
    )
    for (_, channel, title), times in told.items():
        if times > 1 + sum(world.crashes.values()):  # a crash between sending and writing it down sends once more
            yield Violation("told twice", channel, f"{title}: {times} times")


def one_trouble_is_one_root(world: World) -> Iterator[Violation]:
    """A trouble that comes alone opens one root, not two: flapping is the same one."""
    for trouble in world.plot.troubles:
        if not _alone(world, trouble):
            continue
        opened = {
            world.books.incidents[message.delivery.incident_id].fingerprint
            for message in world.messages
            if message.delivery.told is Told.OPENED
            and trouble.start_s <= message.at_s <= trouble.end_s + GRACE_S
            and message.delivery.channel == "phone"
            and world.books.incidents[message.delivery.incident_id].rule not in OF_THEIR_OWN
        }
        if len(opened) > 1:
            yield Violation("two roots", f"{trouble.kind}@{trouble.start_s:.0f}", ", ".join(sorted(opened)))


def _alone(world: World, trouble: Trouble) -> bool:
    around = (trouble.start_s - GRACE_S, trouble.end_s + GRACE_S)
    return not any(
        other is not trouble and other.start_s < around[1] and other.end_s > around[0] - GRACE_S
        for other in world.plot.troubles
    )


RULES: tuple[Callable[[World], Iterator[Violation]], ...] = (
    nothing_arrives_twice,
    whatever_arrives_is_recorded,
    whatever_is_recorded_arrived,
    no_limit_is_exceeded,
    nothing_overstays,
    every_step_is_in_the_table,
    the_message_never_changes,
    no_engine_ended,
    the_queue_drains,
    breakers_close,
    holds_are_lifted,
    no_incident_stays_open,
    no_message_waits,
    whatever_bites_is_told,
    nothing_is_told_without_a_cause,
    nothing_is_told_twice,
    one_trouble_is_one_root,
)
"""What is promised."""
