"""What the facts say about a part: why it failed, and what ended it. Words only; levels are judged by rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bowerbird.core.facts import Fact

WORDS_MAX = 300
"""A sentence taken from a fact is cut after so many characters."""
PARTS_MAX = 5_000
"""Parts that are remembered; the one that was not heard of for longest is forgotten first."""

Speaker = Callable[[Fact], tuple[str, str]]
"""From a fact: the part that it is about, and the sentence; an empty part says nothing."""


def _word(fact: Fact, *names: str) -> str:
    return next((str(fact.data[name])[:WORDS_MAX] for name in names if fact.data.get(name)), "")


def _closed(fact: Fact) -> tuple[str, str]:
    by = fact.by if fact.by not in ("", "breakers") else "its own probe"
    why = _word(fact, "why")
    return f"breaker:{_word(fact, 'breaker')}", f"{by} closed it{f': {why}' if why else ''}"


WORSE: dict[str, Speaker] = {
    "breaker_opened": lambda fact: (f"breaker:{_word(fact, 'breaker')}", _word(fact, "why")),
    "job_failed": lambda fact: (f"job:{_word(fact, 'job') or fact.by}", _word(fact, "error", "why")),
    "degraded": lambda fact: (_word(fact, "part"), _word(fact, "why")),
    "monitor_died": lambda fact: (f"monitor:{_word(fact, 'monitor')}", _word(fact, "error", "why")),
}
"""Facts that say why something fails."""

BETTER: dict[str, Speaker] = {
    "breaker_closed": _closed,
    "recovered": lambda fact: (_word(fact, "part"), _word(fact, "sentence")),
    "hold_lifted": lambda fact: (f"session:{fact.account_id}", "the session works again"),
    "settled_by_person": lambda fact: (f"post:{fact.account_id}", "a person said whether it is there"),
    "found": lambda fact: (f"post:{fact.account_id}", "we looked, and it is there"),
    "absent": lambda fact: (f"post:{fact.account_id}", "we looked, and it is not there"),
    "approved": lambda fact: (f"approval:{fact.account_id}", "posts were approved"),
    "covered": lambda fact: (f"queue:{fact.account_id}", "the planner filled the queue"),
    "replayed": lambda fact: ("storage", "the books can be written again, and the spool was written into them"),
}
"""Facts that say what ended a failure."""


@dataclass
class Words:
    """The last word on each part, for better and for worse."""

    _better: dict[str, tuple[int, str]] = field(default_factory=dict)
    _worse: dict[str, tuple[int, str]] = field(default_factory=dict)

    def hear(self, facts: Iterable[Fact]) -> None:
        """Take the facts in, oldest first."""
        for fact in facts:
            for speakers, words in ((BETTER, self._better), (WORSE, self._worse)):
                if fact.kind in speakers:
                    part, sentence = speakers[fact.kind](fact)
                    words.pop(part, None)
                    words[part] = (fact.at, sentence)
                    if len(words) > PARTS_MAX:
                        del words[next(iter(words))]

    def healed(self, part: str, *, since: int) -> str:
        """What ended it, if a fact since then (microseconds) says so; else empty."""
        at, sentence = self._better.get(part, (0, ""))
        return sentence if at >= since else ""

    def why(self, part: str, *, since: int) -> str:
        """Why it fails, if a fact since then says so; else empty."""
        at, sentence = self._worse.get(part, (0, ""))
        return sentence if at >= since else ""
