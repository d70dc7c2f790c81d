"""The story of a world as text: what happened, when, to which post, and what the judge says."""

from __future__ import annotations

from datetime import UTC, datetime

from bowerbird.core.facts import Fact
from bowerbird.core.post import SECOND_US
from bowerbird.simulation.endings import Ending, Event
from bowerbird.simulation.judge import judge
from bowerbird.simulation.worlds import run_world


def story(seed: int) -> str:
    """Run the world of this seed and tell it, a line per thing that happened, in the order of time."""
    return tell(run_world(seed))


def tell(ending: Ending) -> str:
    """Tell a world that has ended, in the order in which things were done and facts were written."""
    told = sorted((*map(_event, ending.facts), *ending.events), key=lambda event: event.facts_before)
    lines = [f"world {ending.seed}", *_cast(ending), *(_line(event) for event in told), *_verdict(ending)]
    return "\n".join(lines) + "\n"


def _cast(ending: Ending) -> list[str]:
    return [
        f"{account.id}: {account.posts_per_hour_max} an hour, {account.posts_per_day_max} a day, "
        f"{sum(post.account_id == account.id for post in ending.posts.values())} posts, mode {account.mode}"
        for account in ending.accounts.values()
    ]


def _event(fact: Fact) -> Event:
    words = " ".join(f"{name}={value}" for name, value in fact.data.items() if value not in ("", None))
    what = f"{fact.kind} {words}".rstrip()
    return Event(at=fact.at, who=fact.by, what=what, post_id=fact.post_id, facts_before=fact.seq or 0)


def _line(event: Event) -> str:
    at = datetime.fromtimestamp(event.at // SECOND_US, UTC)
    day, micros = "" if at.day == 1 else f"+{at.day - 1}d ", event.at % SECOND_US
    return f"{day}{at:%H:%M:%S}.{micros // 1_000:03} {event.post_id:6} {event.who:16} {event.what}".rstrip()


def _verdict(ending: Ending) -> list[str]:
    violations = judge(ending)
    lines = [f"VIOLATION {v.rule}: {v.subject} {v.sentence}" for v in violations]
    states = sorted(post.state.value for post in ending.posts.values())
    tally = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    return [*lines, f"the end: {tally}; {len(violations)} violations"]
