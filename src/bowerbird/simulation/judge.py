"""The judge: believes the platforms' own truth and the committed books, and nothing the rooms say.

Each rule is a function from a world's ending to the violations of it; `RULES` lists them all.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from bowerbird.core.errors import StorageError
from bowerbird.core.lifecycle import FINAL, NEXT, State, overstayed
from bowerbird.core.post import SECOND_US, Post
from bowerbird.posting.pacing import quotas_for
from bowerbird.simulation.endings import Ending
from bowerbird.simulation.platform import Arrival


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken promise: which rule, of which post or account, and how."""

    rule: str
    subject: str
    sentence: str


Lives = dict[str, list[tuple[int, Post]]]
"""Every version of each post, with the instant it was written."""
ABOUT_S = 300.0
"""A fact bears the time at which its worker began; one that stood still wrote it this much later, at most."""
PARTS_MAX = 3
"""The longest thread of any world."""


def judge(ending: Ending) -> list[Violation]:
    """Return every violation in this world; an empty list is the only good answer."""
    return [violation for rule in RULES for violation in rule(ending)]


def arrivals_of(ending: Ending) -> dict[str, list[Arrival]]:
    """Every arrival, by our post's id."""
    arrived: defaultdict[str, list[Arrival]] = defaultdict(list)
    for arrivals in ending.arrivals.values():
        for arrival in arrivals:
            arrived[arrival.post_id].append(arrival)
    return arrived


def nothing_arrives_twice(ending: Ending) -> Iterator[Violation]:
    """A post is on its platform at most once, whichever version, and whether or not there are keys."""
    for post_id, arrivals in arrivals_of(ending).items():
        if len(arrivals) > 1:
            yield Violation("twice", post_id, f"arrived {len(arrivals)} times")


def whatever_arrives_is_recorded(ending: Ending) -> Iterator[Violation]:
    """What a platform accepted is published under its id, or parked with a fact, or told as a duplicate.

    A platform that showed the post later than it promises may be believed to have lost it; it must not get
    it twice, though, which is the rule above.
    """
    told = {fact.post_id for fact in ending.facts if fact.kind in {"parked", "duplicate_seen"}}
    for post_id, arrivals in arrivals_of(ending).items():
        post = ending.posts[post_id]
        shown = post.state in {State.PUBLISHED, State.REMOVED}
        known = post.remote.id if post.remote else ""
        settled_by_person = post.reason.startswith("a person said")
        if shown and (known in {arrival.id for arrival in arrivals} or (not known and settled_by_person)):
            continue
        if (post.state is State.PARKED and post_id in told) or all(a.overdue for a in arrivals):
            continue
        yield Violation("lost", post_id, f"arrived as {arrivals[0].id}, and the books say {post.state} {known}")


def whatever_is_recorded_arrived(ending: Ending) -> Iterator[Violation]:
    """What the books call published is on the platform."""
    arrived = arrivals_of(ending)
    for post in ending.posts.values():
        if post.state in {State.PUBLISHED, State.REMOVED} and post.id not in arrived:
            yield Violation("invented", post.id, "published in the books, and never arrived")


def everything_comes_to_rest(ending: Ending) -> Iterator[Violation]:
    """At the end every post is in a final state, or parked with a fact that says so."""
    parked = {fact.post_id for fact in ending.facts if fact.kind == "parked"}
    for post in ending.posts.values():
        if post.state not in FINAL and not (post.state is State.PARKED and post.id in parked):
            yield Violation("restless", post.id, f"is still {post.state}")


def no_limit_is_exceeded(ending: Ending) -> Iterator[Violation]:
    """In no window of any length that a limit speaks of did more of ours arrive than it allows.

    What the platform showed later than it promises is left out: it was rightly believed never to have arrived.
    """
    for account_id, account in ending.accounts.items():
        instants = sorted(arrival.at for arrival in ending.arrivals[account_id] if not arrival.overdue)
        for quota in quotas_for(account):
            most, window_us = int(quota.max / quota.cost), int(quota.window_s * SECOND_US)
            for first, last in zip(instants, instants[most:], strict=False):
                if last - first < window_us:
                    words = f"{most + 1} arrivals in {(last - first) / SECOND_US:.0f} s, {most} are allowed"
                    yield Violation("limit", account_id, words)


def nothing_is_held_back(ending: Ending) -> Iterator[Violation]:
    """No account waits for its budget while even a long thread would still fit into every window."""
    lives = _by_post(ending)
    for fact in ending.facts:
        if fact.kind == "hold_set" and fact.data.get("hold") == "budget":
            account = ending.accounts[fact.account_id]
            room = [q.max - _taken(lives, account.id, fact.at, q.window_s) for q in quotas_for(account)]
            if min(room) >= PARTS_MAX:
                yield Violation("held_back", account.id, f"at {fact.at}, with room for {min(room):g} posts")


def threads_stay_in_order(ending: Ending) -> Iterator[Violation]:
    """A later part of a thread arrives after the part before it, and answers it."""
    arrived = arrivals_of(ending)
    places = {(post.thread_id, post.part): post.id for post in ending.posts.values()}
    for post in ending.posts.values():
        if post.part and post.id in arrived:
            before = arrived.get(places[post.thread_id, post.part - 1], [])
            answered = json.loads(arrived[post.id][0].wire)["reply"]
            if answered not in {arrival.id for arrival in before}:
                yield Violation("order", post.id, f"answers {answered}, which is not the part before it")


def _taken(lives: Lives, account_id: str, now: int, window_s: float) -> int:
    """How many posts of this account can count against a window that ends about now: at most these."""
    began_at, now = now - int(window_s * SECOND_US), now + int(ABOUT_S * SECOND_US)
    ours = {post_id: life for post_id, life in lives.items() if life[0][1].account_id == account_id}
    taken = {post_id for post_id, life in ours.items() if _states(life, began_at, now) & _TAKING}
    threads = {ours[post_id][0][1].thread_id for post_id in taken}
    return sum(life[0][1].thread_id in threads for life in ours.values())


def _states(life: list[tuple[int, Post]], began_at: int, ended_at: int) -> set[State]:
    """The states a post was in at any time from one instant to another."""
    states = {post.state for at, post in life if began_at < at <= ended_at}
    before = [post.state for at, post in life if at <= began_at]
    return states | set(before[-1:])


_TAKING = {State.SENDING, State.UNSURE, State.PARKED}


def nothing_overstays(ending: Ending) -> Iterator[Violation]:
    """No post was in any state for longer than the table allows, at any instant of the day."""
    for post_id, versions in _by_post(ending).items():
        entered_at, state = _entered(*versions[0]), versions[0][1].state
        for at, post in [*versions[1:], (ending.ended_at, ending.posts[post_id])]:
            if overstayed(state, since=entered_at, now=at):
                stayed_s = (at - entered_at) / SECOND_US
                yield Violation("overstay", post_id, f"was {state} for {stayed_s:.0f} s")
            if post.state is not state:
                entered_at, state = _entered(at, post), post.state


def _entered(at: int, post: Post) -> int:
    """From when a stay counts: waiting counts from the due time."""
    return max(at, post.due) if post.state in {State.PROPOSED, State.QUEUED} else at


def every_step_is_in_the_table(ending: Ending) -> Iterator[Violation]:
    """No post went from one state to another by a step that the lifecycle does not have."""
    for post_id, versions in _by_post(ending).items():
        for (_, before), (_, after) in pairwise(versions):
            if before.state is not after.state and after.state not in NEXT[before.state].values():
                yield Violation("step", post_id, f"went from {before.state} to {after.state}")


def the_message_never_changes(ending: Ending) -> Iterator[Violation]:
    """Every attempt under one key sent exactly the same message."""
    wires: dict[tuple[str, str], str] = {}
    for sends in ending.sends.values():
        for send in sends:
            if wires.setdefault((send.post_id, send.key), send.wire) != send.wire:
                yield Violation("message", send.post_id, f"another message under key {send.key}")


def what_was_taken_back_never_goes(ending: Ending) -> Iterator[Violation]:
    """A post withdrawn or turned down while nobody was sending it is not sent afterwards."""
    taken = {fact.post_id: fact.at for fact in ending.facts if fact.kind in {"withdrawn", "turned_down"}}
    states = {post_id: _state_at(versions, taken.get(post_id)) for post_id, versions in _by_post(ending).items()}
    for sends in ending.sends.values():
        for send in sends:
            ended = states[send.post_id] in {State.DROPPED, State.REJECTED}
            if ended and send.at > taken.get(send.post_id, send.at):
                yield Violation("withdrawn", send.post_id, "was sent after it had been taken back")


def what_was_taken_back_is_not_claimed(ending: Ending) -> Iterator[Violation]:
    """A post that was withdrawn while it was in flight, and did not arrive, is not claimed again."""
    for post_id, versions in _by_post(ending).items():
        for (_, before), (_, after) in pairwise(versions):
            if before.withdrawn and before.state is State.QUEUED and after.state is State.SENDING:
                yield Violation("claimed", post_id, "was claimed after it had been taken back")


def _state_at(versions: list[tuple[int, Post]], instant: int | None) -> State | None:
    """The state a post was in once everything of this instant was written."""
    past = [post.state for at, post in versions if instant is not None and at <= instant]
    return past[-1] if past else None


def only_foreseen_trouble(ending: Ending) -> Iterator[Violation]:
    """Nothing came out of a room but a cancellation, busy books, and a message that could not be made."""
    for event in ending.troubles:
        if event.what.partition(":")[0] not in _FORESEEN:
            yield Violation("trouble", event.who, event.what)


_FORESEEN = {"CancelledError", "RuntimeError"} | {kind.__name__ for kind in StorageError.__subclasses__()}


def _by_post(ending: Ending) -> Lives:
    versions: defaultdict[str, list[tuple[int, Post]]] = defaultdict(list)
    for at, post in ending.history:
        versions[post.id].append((at, post))
    return versions


RULES: tuple[Callable[[Ending], Iterator[Violation]], ...] = (
    nothing_arrives_twice,
    whatever_arrives_is_recorded,
    whatever_is_recorded_arrived,
    everything_comes_to_rest,
    no_limit_is_exceeded,
    nothing_is_held_back,
    threads_stay_in_order,
    nothing_overstays,
    every_step_is_in_the_table,
    the_message_never_changes,
    what_was_taken_back_never_goes,
    what_was_taken_back_is_not_claimed,
    only_foreseen_trouble,
)
"""What is promised."""
