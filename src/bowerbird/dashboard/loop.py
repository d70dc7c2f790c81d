"""The loop at a glance: plan, publish, measure, learn, answer; each with a number, what it counts, and a sentence.

Pure: what was read from the books goes in. A number that nobody observed is a dash, never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bowerbird.core.findings import Reading
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US
from bowerbird.core.story import count, span
from bowerbird.dashboard.layers import Picture, total

NOT_SEEN = "–"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the loop: its name, its number, what that counts, how it goes, and the page about it."""

    name: str
    number: str
    unit: str
    sentence: str
    path: str = ""


def steps(p: Picture, latest: Mapping[str, Reading]) -> list[Step]:
    """Return the steps in the order in which a post walks them; `latest` is the newest reading of each post shown."""
    return [plan(p), publish(p), measure(p, latest), learn(p), answer(p)]


def plan(p: Picture) -> Step:
    """What waits for its time."""
    queued, waiting = total(p, State.QUEUED), total(p, State.PROPOSED)
    due = min((post.due for post in p.upcoming if post.state is State.QUEUED), default=None)
    told = ["nothing is due" if due is None else f"next {_ahead(p, due)}"]
    told += [count(waiting, "waits for your yes", "wait for your yes")] if waiting else []
    return Step("Plan", f"{queued:,}", _unit(queued, "post queued", "posts queued"), "; ".join(told), "/approvals")


def publish(p: Picture) -> Step:
    """What arrived, and what is in doubt."""
    done, doubt = total(p, State.PUBLISHED), total(p, State.UNSURE) + total(p, State.PARKED)
    last = p.published[0].published_at if p.published else None
    told = ["nothing has gone out yet" if last is None else f"last {_back(p, last)}"]
    told.append(f"{doubt} in doubt" if doubt else "none in doubt")
    return Step("Publish", f"{done:,}", "published", "; ".join(told))


def measure(p: Picture, latest: Mapping[str, Reading]) -> Step:
    """What the newest posts brought, as far as a platform shows it."""
    shown = [latest[post.id].counts for post in p.published if post.id in latest]
    reactions = [n for c in shown for n in (c.likes, c.reposts, c.replies, c.quotes) if n is not None]
    if not reactions or p.newest is None:
        return Step("Measure", NOT_SEEN, "reactions", "nothing has been read yet")
    seen = [c.impressions for c in shown if c.impressions is not None]
    told = [f"{count(sum(seen), 'impression')}"] if seen else []
    told.append(f"read {_back(p, p.newest.observed_at)}")
    unit = f"{_unit(sum(reactions), 'reaction', 'reactions')} to the last {count(len(shown), 'post')}"
    return Step("Measure", f"{sum(reactions):,}", unit, "; ".join(told))


def learn(p: Picture) -> Step:
    """What was learned so far, in the learner's own words."""
    if not p.advice:
        return Step("Learn", NOT_SEEN, "lessons", "choices are made at random")
    best = max(p.advice, key=lambda advice: advice.n)
    unit = _unit(best.n, "post learned from", "posts learned from")
    return Step("Learn", f"{best.n:,}", unit, best.sentence.rstrip(".") or f"{best.needed} are needed")


def answer(p: Picture) -> Step:
    """Whom we may answer."""
    n = len(p.targets)
    drafts = sum(target.addressed for target in p.targets)
    told = f"{drafts} addressed us" if n else "nobody yet"
    return Step("Answer", f"{n:,}", _unit(n, "conversation", "conversations"), told, "/opportunities")


def _unit(n: int, one: str, many: str) -> str:
    return one if n == 1 else many


def _ahead(p: Picture, at: int) -> str:
    seconds = (at - p.now) / SECOND_US
    return f"in {span(seconds)}" if seconds >= 1 else "now"


def _back(p: Picture, at: int) -> str:
    return f"{span(max(0.0, (p.now - at) / SECOND_US))} ago"
