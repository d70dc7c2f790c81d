"""A post's way from the plan to the lesson: eight stops with a light each. Pure.

The stops say what the story (`core.story`) says: each takes its sentence from the last line of its chapters, so the
page and `bowerbird why` cannot tell two different things.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bowerbird.core.account import Account
from bowerbird.core.facts import Fact
from bowerbird.core.findings import Advice, Reading
from bowerbird.core.health import Light
from bowerbird.core.lifecycle import FINAL, State
from bowerbird.core.post import Post
from bowerbird.core.story import Line, count, told
from bowerbird.dashboard.attempts import Attempt
from bowerbird.dashboard.preview import gates_said


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One stop on the way: how it is there, in a word and a sentence, and when that was; `href` leads to more."""

    name: str
    light: Light
    word: str
    sentence: str
    at: int | None = None
    href: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """What is known of one post, for its stops."""

    post: Post
    account: Account | None
    facts: Sequence[Fact]
    story: Sequence[Line]
    readings: Sequence[Reading] = ()
    advice: Advice | None = None
    tries: Sequence[Attempt] = field(default_factory=list)

    def last(self, *chapters: str) -> Line | None:
        """The last line of these chapters."""
        return next((line for line in reversed(self.story) if line.chapter in chapters), None)

    def fact(self, *kinds: str) -> Fact | None:
        """The last fact of these kinds."""
        return next((fact for fact in reversed(self.facts) if fact.kind in kinds), None)


Station = Callable[[Trace], Stop]


def stops(trace: Trace) -> list[Stop]:
    """The way of a post, in order."""
    return [station(trace) for station in STATIONS]


def _plan(t: Trace) -> Stop:
    line = t.last("chosen")
    word = "planned" if t.post.choice.writer != "person" else "by hand"
    return Stop(name="Plan", light=Light.GREEN, word=word, sentence=line.sentence if line else "",
                at=t.post.created_at, href="#plan")  # fmt: skip


def _words(t: Trace) -> Stop:
    line = t.last("written", "changed")
    word = "written" if t.post.version == 1 else f"version {t.post.version}"
    return Stop(name="Words", light=Light.GREEN, word=word, sentence=line.sentence if line else "",
                at=line.at if line else None, href="#plan")  # fmt: skip


def _gates(t: Trace) -> Stop:
    planned = t.fact("planned")
    if planned is None:
        said = "What the gates said of it was not written down."
        return Stop(name="Gates", light=Light.GREY, word="not written down", sentence=said)
    found = gates_said(t.post, t.account, planned.data)
    rule = bool(planned.data.get("rule"))
    sentence = " ".join(found) or "It passed every gate, and is like nothing that was said before."
    return Stop(name="Gates", light=Light.AMBER if rule else Light.GREEN, word="left to you" if rule else "passed",
                sentence=sentence, at=planned.at)  # fmt: skip


def _approval(t: Trace) -> Stop:
    line, post = t.last("approved"), t.post
    if post.state is State.PROPOSED:
        return Stop(name="Approval", light=Light.AMBER, word="waits for you",
                    sentence="Nobody has decided yet; without a yes in time it is not sent.", at=post.due,
                    href="#decide")  # fmt: skip
    no = t.fact("turned_down", "expired")
    if no is not None and not post.approved_by:
        word = "turned down" if no.kind == "turned_down" else "expired"
        return Stop(name="Approval", light=Light.RED, word=word, sentence=told(no).sentence, at=no.at, href="#story")
    if post.approved_by or line:
        return Stop(name="Approval", light=Light.GREEN, word="let go",
                    sentence=line.sentence if line else f"Let go by {post.approved_by}.",
                    at=post.approved_at or (line.at if line else None), href="#story")  # fmt: skip
    return Stop(
        name="Approval", light=Light.GREY, word="not written down", sentence="Who let it go was not written down."
    )


def _sending(t: Trace) -> Stop:
    if t.tries:
        one = t.tries[-1]
        return Stop(name="Sending", light=one.light, word=count(len(t.tries), "attempt"),
                    sentence=one.sentence, at=one.ended_at or one.began_at, href="#attempts")  # fmt: skip
    if t.post.state in FINAL:
        return Stop(name="Sending", light=Light.GREY, word="not sent", sentence="Nobody ever tried to send it.")
    if t.post.state not in (State.PROPOSED, State.QUEUED):
        said = "It was on its way, and the attempt itself is not in these books."
        return Stop(name="Sending", light=Light.AMBER, word="not written down", sentence=said)
    return Stop(name="Sending", light=Light.GREY, word="not yet", sentence="It is taken when its time has come.",
                at=max(t.post.due, t.post.not_before))  # fmt: skip


PROVED: dict[State, tuple[Light, str, str]] = {
    State.PUBLISHED: (Light.GREEN, "proved", "It is on the platform."),
    State.UNSURE: (Light.AMBER, "in doubt", "It may be there; we look before anything else."),
    State.PARKED: (Light.RED, "needs you", "Only a person can tell whether it is there."),
    State.REMOVED: (Light.GREY, "gone", "It was there, and is no longer."),
    State.REJECTED: (Light.GREY, "ended", "It will not be sent."),
    State.DROPPED: (Light.GREY, "ended", "It was not sent."),
}
"""What is proved of a post that is no longer on its way, in a word and a sentence."""


def _proof(t: Trace) -> Stop:
    light, word, sentence = PROVED.get(
        t.post.state, (Light.GREY, "not yet", "There is nothing to prove before it is sent.")
    )
    line = t.last("confirmed", "settled", "in doubt", "ended") if t.post.state in PROVED else None
    return Stop(name="Proof", light=light, word=word, sentence=line.sentence if line else sentence,
                at=line.at if line else None, href="#proof" if t.post.state in PROVED else "")  # fmt: skip


def _numbers(t: Trace) -> Stop:
    missed = t.fact("unmeasured")
    if t.readings:
        newest = t.readings[-1]
        fails = missed is not None and missed.at > newest.observed_at
        light, word = (Light.AMBER, "looks fail") if fails else (Light.GREEN, count(len(t.readings), "reading"))
        line = t.last("measured")
        return Stop(name="Numbers", light=light, word=word, sentence=line.sentence if line else "",
                    at=newest.observed_at, href="#numbers")  # fmt: skip
    if missed is not None:
        return Stop(name="Numbers", light=Light.AMBER, word="not measured yet", sentence=told(missed).sentence,
                    at=missed.at, href="#numbers")  # fmt: skip
    sentence = "It is measured next." if t.post.look_at else "Numbers are read once it is on the platform."
    return Stop(name="Numbers", light=Light.GREY, word="not measured yet", sentence=sentence, at=t.post.look_at)


def _lesson(t: Trace) -> Stop:
    line = t.last("learned")
    if line is None or t.advice is None:
        sentence = "What is learned from it stands here once it was measured."
        return Stop(name="Lesson", light=Light.GREY, word="nothing yet", sentence=sentence)
    if t.advice.n < t.advice.needed:
        word = f"collecting {t.advice.n} of {t.advice.needed}"
        return Stop(
            name="Lesson", light=Light.GREY, word=word, sentence=line.sentence, at=t.advice.made_at, href="#story"
        )
    return Stop(name="Lesson", light=Light.GREEN, word="learned", sentence=line.sentence, at=t.advice.made_at,
                href="#story")  # fmt: skip


STATIONS: tuple[Station, ...] = (_plan, _words, _gates, _approval, _sending, _proof, _numbers, _lesson)
"""The stops, in order."""
