"""What happened in a simulated day, as a replay that can be kept and drawn (`core.replay`)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from bowerbird.core.facts import Fact
from bowerbird.core.post import SECOND_US
from bowerbird.core.replay import Mark, Replay, Step, bounded
from bowerbird.core.story import told
from bowerbird.simulation.endings import Ending, Event
from bowerbird.simulation.faults import FAULTS
from bowerbird.simulation.judge import judge
from bowerbird.simulation.worlds import run_world

PERSON, BOOKS = "person", "books"
"""The lanes that every world has, besides its processes, rooms and platforms."""
_STANDS = re.compile(r"stands still for (\d+) s")
_WORKER = re.compile(r"worker-(\d+)-life-\d+")


def kept(seed: int, *, made_at: int) -> Replay:
    """Live the day of this seed, and return it as a replay; made_at: now, microseconds."""
    return replay_of(run_world(seed), command=f"bowerbird simulate --seed {seed} --story", made_at=made_at)


def replay_of(ending: Ending, *, command: str, made_at: int) -> Replay:
    """Tell a day that has ended as a replay: what went wrong, who died, what each process did, and the verdict.

    Args:
        command: lives it again; made_at: now, microseconds.
    """
    told = sorted([*_events(ending), *_facts(ending)], key=lambda each: each[0])  # in the order of the books
    steps, left_out = bounded(step for _, step in told)
    broken = tuple(f"{v.rule}: {v.subject} {v.sentence}" for v in judge(ending))
    lasts_s = max([(ending.ended_at - ending.began_at) / SECOND_US, *(step.at_s for step in steps)])
    return Replay(
        seed=ending.seed, command=command, made_at=made_at, lasts_s=lasts_s, lanes=_lanes(ending, steps), steps=steps,
        left_out=left_out, broken=broken, ends=dict(Counter(str(post.state) for post in ending.posts.values())),
    )  # fmt: skip


def _lanes(ending: Ending, steps: tuple[Step, ...]) -> tuple[str, ...]:
    """Processes first, then the rooms that keep house, the platforms, the person and the books."""
    used = {step.lane for step in steps}
    workers = sorted(lane for lane in used if lane.startswith("worker "))
    last = [*ending.accounts, PERSON, BOOKS]
    rooms = sorted(used - {*workers, *last})
    return tuple(lane for lane in [*workers, *rooms, *last] if lane in used)


def _since(ending: Ending, at: int) -> float:
    return max(0.0, (at - ending.began_at) / SECOND_US)


def _events(ending: Ending) -> Iterator[tuple[int, Step]]:
    """What happened outside the books, each with how many facts there were; what a person did is told by its fact."""
    for event in ending.events:
        if event.who != PERSON or event.what.endswith("is declined"):
            yield event.facts_before, _event(ending, event, _since(ending, event.at))


def _event(ending: Ending, event: Event, at_s: float) -> Step:
    if event.who == "fault":
        return _fault(ending, event, at_s)
    if event.who == "platform":
        return _platform(ending, event, at_s)
    if event.who == PERSON:
        return Step(at_s=at_s, lane=PERSON, mark=Mark.PERSON, words=f"{event.what}.", post=event.post_id)
    return _process(event, at_s)


def _fault(ending: Ending, event: Event, at_s: float) -> Step:
    post = ending.posts.get(event.post_id)
    lane, about = (post.account_id, "") if post else (BOOKS, f" ({event.post_id})")
    words = f"{FAULTS.get(event.what, event.what).rstrip('.')}{about}."
    return Step(at_s=at_s, lane=lane, mark=Mark.FAULT, words=words, post=event.post_id if post else "")


def _platform(ending: Ending, event: Event, at_s: float) -> Step:
    verb, _, fault = event.what.partition(" ")
    lane = ending.posts[event.post_id].account_id
    if verb == "send" and fault:
        return Step(at_s=at_s, lane=lane, mark=Mark.FAULT, words=FAULTS.get(fault, fault), post=event.post_id)
    words = {"send": "A send reaches the platform.", "arrives": "The post stands on the platform."}
    return Step(at_s=at_s, lane=lane, mark=Mark.PLATFORM, words=words.get(verb, event.what), post=event.post_id)


def _process(event: Event, at_s: float) -> Step:
    """A process starts, stands still, dies, or something came out of it."""
    still = _STANDS.match(event.what)
    ends = (("starts", Mark.START), ("dies at", Mark.CRASH), ("stands still", Mark.FREEZE))
    mark = next((mark for word, mark in ends if event.what.startswith(word)), Mark.TROUBLE)
    return Step(
        at_s=at_s, lane=_lane(event.who), mark=mark, words=f"{event.who} {event.what.rstrip('.')}.",
        lasts_s=float(still[1]) if still else 0.0,
    )  # fmt: skip


def _lane(who: str) -> str:
    worker = _WORKER.fullmatch(who)
    return f"worker {worker[1]}" if worker else who


def _facts(ending: Ending) -> Iterator[tuple[int, Step]]:
    """What was written into the books, on the lane of the process that held the post's lease, or of the room."""
    owners: dict[tuple[str, object], str] = {}
    holder: dict[str, str] = {}
    for fact in ending.facts:
        if fact.kind == "claimed":
            holder[fact.post_id] = owners[fact.post_id, fact.data.get("attempt")] = fact.by
        by = owners.get((fact.post_id, fact.data.get("attempt")), holder.get(fact.post_id, fact.by))
        lane = _lane(by if fact.by == "posting" else fact.by)
        yield fact.seq or 0, _told(ending, fact, lane)


def _told(ending: Ending, fact: Fact, lane: str) -> Step:
    mark = Mark.PERSON if lane == PERSON else Mark.FACT
    at_s, words = _since(ending, fact.at), told(fact).sentence
    return Step(at_s=at_s, lane=lane, mark=mark, words=words, post=fact.post_id)
