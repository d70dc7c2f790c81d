"""The audience and the law by which it reacts. Nobody outside this package may read it.

For a post p of an account with F followers, published at wall time t (hour h of the day, UTC; sandbox day d):

    impressions   I = 6 F^0.7 · exp(N(-s²/2, s)) · B        s = 0.6
                  B = 1, or with probability 0.05 Pareto(1.6), at most 40: most posts are ordinary, a few run
                  a reply is seen by 0.2 of that
    log rate      r = log 0.03 + topic + tone + shape + topic×tone + 0.35 cos(2π(h - peak(topic)) / 24)
                      + drift(topic, d) - 0.22 · (same topic among the last 6) - 0.03 · (posts of the last hour)
                      - 1.2 · (said before) - 0.25 · (has a link) + 0.2 · (has a picture)
                  rate = exp(r), kept in 0.0005 .. 0.3
    engagements   n_k ~ Poisson(I · rate · share_k · Gamma(4, 1/4))
                  likes 0.74, reposts 0.11, replies 0.12, quotes 0.03; follows 0.04 besides
    drift         a walk per topic, one step N(0, 0.06) a sandbox day, pulled back by 0.98

When: the age of each event is drawn from the density (s + t0)^-p on 0 .. 168 h, t0 = 0.14 h, p = 1.16, which was
fitted to recorded cascades (42 % of what will come has come after an hour, 67 % after six). Ages are hours of
sandbox time: wall time multiplied by the world's speed. The hour of the day is the wall's, because that is the
clock by which the engine chooses its slots; "the last hour" is an hour of sandbox time.

The preferences (topic, tone, shape, topic×tone, peak) are drawn once from the world's seed. All draws of a post
come from a stream named by the post's id, so a restart finds the same fate, and counts at a time are a pure
function of (seed, post, time).
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from bowerbird.sandbox.features import OTHER, SHAPES, TONES, TOPICS, Features

Stream = Callable[[str], Random]
"""Gives the seeded stream of random numbers for a purpose; the same name gives the same numbers."""

HORIZON_H = 168.0
T0_H = 0.14
DECAY = 1.16
SPREAD = 0.6
EVENTS_MAX = 2_000
"""Events of one kind that one post may get; the bound on memory."""
REPLIES_MAX = 12
"""Replies by other people that one post may get."""
SHARES = {"likes": 0.74, "reposts": 0.11, "replies": 0.12, "quotes": 0.03, "follows": 0.04}

_REACH = 1 - math.pow((HORIZON_H + T0_H) / T0_H, 1 - DECAY)


@dataclass(frozen=True, slots=True)
class Setting:
    """All that matters about a post besides its words: who might see it, when, and after what."""

    followers: int
    hour: float
    day: int
    same_topic: int = 0
    last_hour: int = 0
    said_before: bool = False
    is_reply: bool = False


@dataclass(frozen=True, slots=True)
class Fate:
    """What will happen to one post: its impressions in all, and the age in hours of each event."""

    impressions: int
    events: dict[str, array[float]]

    def seen(self, age_h: float) -> int:
        """Return the impressions after `age_h` hours."""
        return int(self.impressions * share_by(age_h))

    def count(self, kind: str, age_h: float) -> int:
        """Return how many events of this kind have happened after `age_h` hours."""
        return bisect_right(self.events[kind], age_h)


class Audience:
    """People with planted preferences."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        draw = stream("audience/law")
        topics = [*TOPICS, OTHER]
        self.topic = {topic: draw.gauss(0, 0.45) for topic in topics}
        self.tone = {tone: draw.gauss(0, 0.25) for tone in TONES}
        self.shape = {shape: draw.gauss(0, 0.2) for shape in SHAPES}
        self.pair = {(topic, tone): draw.gauss(0, 0.15) for topic in topics for tone in TONES}
        self.peak = {topic: draw.uniform(0, 24) for topic in topics}
        self._walks = {topic: (stream(f"audience/drift/{topic}"), [0.0]) for topic in topics}

    def fate(self, post_id: str, features: Features, setting: Setting) -> Fate:
        """Return what will happen to this post."""
        draw = self._stream(f"audience/post/{post_id}")
        impressions = self._impressions(draw, setting)
        expected = impressions * self.rate(features, setting) * draw.gammavariate(4, 0.25)
        events = {
            kind: _ages(draw, min(poisson(draw, expected * share), _most(kind))) for kind, share in SHARES.items()
        }
        return Fate(impressions, events)

    def rate(self, features: Features, setting: Setting) -> float:
        """Return the expected engagements per impression."""
        taste = self.topic[features.topic] + self.tone[features.tone] + self.shape[features.shape]
        taste += self.pair[features.topic, features.tone] + self.drift(features.topic, setting.day)
        taste += 0.35 * math.cos(2 * math.pi * (setting.hour - self.peak[features.topic]) / 24)
        tired = 0.22 * setting.same_topic + 0.03 * setting.last_hour + 1.2 * setting.said_before
        trimmings = 0.2 * features.has_picture - 0.25 * features.has_link
        return min(0.3, max(0.0005, 0.03 * math.exp(taste - tired + trimmings)))

    def drift(self, topic: str, day: int) -> float:
        """Return how far the taste for a topic has wandered by this sandbox day."""
        draw, walk = self._walks[topic]
        while len(walk) <= day:
            walk.append(0.98 * walk[-1] + draw.gauss(0, 0.06))
        return walk[day]

    @staticmethod
    def _impressions(draw: Random, setting: Setting) -> int:
        reach = 6.0 * math.pow(max(1, setting.followers), 0.7) * (0.2 if setting.is_reply else 1)
        burst = min(40.0, draw.paretovariate(1.6)) if draw.random() < 0.05 else 1.0
        return int(reach * draw.lognormvariate(-SPREAD * SPREAD / 2, SPREAD) * burst)


def share_by(age_h: float) -> float:
    """Return the share of all that will happen to a post that has happened by this age."""
    age = min(max(age_h, 0.0), HORIZON_H)
    return (1 - math.pow((age + T0_H) / T0_H, 1 - DECAY)) / _REACH


def age_of(share: float) -> float:
    """Return the age in hours by which this share has happened: the inverse of `share_by`."""
    return T0_H * (math.pow(1 - share * _REACH, 1 / (1 - DECAY)) - 1)


def poisson(draw: Random, mean: float) -> int:
    """Return a Poisson draw; a rounded normal one above 50, where nobody can tell."""
    if mean > 50:
        return max(0, round(draw.gauss(mean, math.sqrt(mean))))
    floor, product, count = math.exp(-mean), draw.random(), 0
    while product > floor:
        product *= draw.random()
        count += 1
    return count


def _ages(draw: Random, count: int) -> array[float]:
    return array("d", sorted(age_of(draw.random()) for _ in range(count)))


def _most(kind: str) -> int:
    return REPLIES_MAX if kind == "replies" else EVENTS_MAX


def same_among(topic: str, recent: Sequence[str]) -> int:
    """Return how often this topic is among the recent ones."""
    return sum(1 for other in recent if other == topic)
