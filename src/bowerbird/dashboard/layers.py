"""The ten layers, each with its light and one sentence: how it is, and what is being done about it.

Pure: what was read from the books goes in, sentences come out. What was not observed is not claimed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bowerbird.core.account import Account, Hold, HoldKind, in_browser
from bowerbird.core.findings import Advice, Reading, Target
from bowerbird.core.gauge import Sample
from bowerbird.core.health import Health, Light
from bowerbird.core.incident import Incident
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US, Post
from bowerbird.core.story import count, span
from bowerbird.core.work import Outcome, Owner, Run
from bowerbird.dashboard.asked import Beside
from bowerbird.dashboard.nodes import (
    BOOKS,
    BROWSERS,
    CACHE,
    CONTENT,
    ENGINE,
    HARVESTING,
    JOBS,
    LEARNING,
    MEASURING,
    POSTING,
    alarming,
    coloured,
    layer_of,
)

SILENCE_S = 4.0
"""An engine not heard for this long is silent: two beats; with the page's next look it is red within 5 s."""
LOOK_LATE_S = 120.0
"""A reading this late is overdue."""
READ_MS_MAX = 500.0
"""A look at the books longer than this is slow."""
READ_MS_STEPS = (10, 50, 100, 200, 500)
"""How long a look took is said in these steps, so that a page does not say something new with each look."""
WRITE_LATE_S = 10.0
"""An engine that lives and has not beaten in the books for so long cannot write them."""
COVER_MIN_SHARE = 0.25
"""Below this share of the cover an account wants, its queue is thin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What one look at the books found.

    Args:
        now: of the look, microseconds.
        read_ms: how long the look took, milliseconds.
        runs: the newest run of each job.
        newest: the newest reading there is, or None.
        stopped_at: when an engine last said that it stops, if none has started since; else None.
        samples: the engine's own numbers, if they are fresh.
        incidents: the open ones, and the newest of those that are over.
        beside: what is known of the engine without the books.
    """

    now: int
    read_ms: float
    accounts: Sequence[Account]
    holds: Sequence[Hold]
    owners: Sequence[Owner]
    runs: Mapping[str, Run]
    counts: Mapping[tuple[str, State], int]
    upcoming: Sequence[Post]
    published: Sequence[Post]
    newest: Reading | None
    targets: Sequence[Target]
    advice: Sequence[Advice]
    stopped_at: int | None = None
    samples: Sequence[Sample] = ()
    incidents: Sequence[Incident] = ()
    beside: Beside = field(default_factory=Beside)


def layers(p: Picture) -> list[Health]:
    """Return the ten layers in order.

    1. Each judges itself by what it sees.
    2. While the engine is silent or cannot write, what it would do waits instead of shining green.
    3. An open incident colours the layer of its part, and speaks for it.
    4. A layer that does not know since when it is well has been so since its last incident, or since the start.
    """
    work = [jobs(p), content(p), posting(p), browsers(p)]
    care = [measuring(p), harvesting(p), learning(p)]
    return [judged(p, health) for health in (startup(p), *work, database(p), cache(p), *care)]


def judged(p: Picture, health: Health) -> Health:
    """One layer after rules 2 to 4, so that its own page says what the overview says.

    Of the picture it needs the processes, the incidents, the time of the look, and what is known beside the books.
    """
    return _dated(p, coloured(_waiting(p, health), alarming(p.incidents)))


def _waiting(p: Picture, health: Health) -> Health:
    if health.light is not Light.GREEN or health.part in (ENGINE, BOOKS):
        return health
    engine_is_well = startup(p).light is not Light.RED
    if engine_is_well and database(p).light is not Light.RED:
        return health
    waits = "Waits for the books." if engine_is_well else "Waits for the engine."
    return replace(health, light=Light.GREY, sentence=f"{waits} Before: {health.sentence}")


def _dated(p: Picture, health: Health) -> Health:
    """Since when a layer is green: the end of its last incident, or the engine's start, whichever was later."""
    if health.light is not Light.GREEN or health.since is not None:
        return health
    engine = _engine(p)
    ends = [one.closed_at for one in p.incidents if one.closed_at and layer_of(one.part) == health.part]
    return replace(health, since=max([*ends, *([engine.started_at] if engine else [])], default=None))


def _engine(p: Picture) -> Owner | None:
    return max((owner for owner in p.owners if owner.role == "engine"), key=lambda o: o.heard_at, default=None)


def _silent_s(p: Picture, engine: Owner) -> float:
    """How long the engine has been silent, in the books and beside them."""
    return (p.now - max(engine.heard_at, p.beside.heard_at or 0)) / SECOND_US


def startup(p: Picture) -> Health:
    """Whether an engine is heard: in the books, or beside them."""
    engine = _engine(p)
    beating = p.beside.heard_at is not None and p.now - p.beside.heard_at <= SILENCE_S * SECOND_US
    if beating and p.beside.opening:
        return Health(part=ENGINE, light=Light.AMBER, sentence="It is starting: the books are being opened.")
    if engine is None:
        return Health(part=ENGINE, light=Light.RED, sentence="No engine has ever run here. Start it: bowerbird run")
    # A last beat of the engine that stops is not the first one of another.
    heard_after = (p.beside.heard_at or 0) - SILENCE_S * SECOND_US
    if p.stopped_at is not None and p.stopped_at >= max(engine.started_at, heard_after):
        sentence = f"Stopped {_ago(p, p.stopped_at)}. Nothing is sent. Start it: bowerbird run"
        return Health(part=ENGINE, light=Light.RED, sentence=sentence, since=p.stopped_at)
    silent_s = _silent_s(p, engine)
    if silent_s > SILENCE_S:
        sentence = f"Silent for {span(silent_s)}. Nothing is sent. The guardian starts it again if it is dead."
        return Health(part=ENGINE, light=Light.RED, sentence=sentence, since=engine.heard_at)
    up = span((p.now - engine.started_at) / SECOND_US)
    return Health(part=ENGINE, light=Light.GREEN, sentence=f"Up for {up}; {engine.note}.", since=engine.started_at)


def jobs(p: Picture) -> Health:
    """Whether the newest run of each job went well."""
    failed = [run for run in p.runs.values() if run.outcome is Outcome.FAILED]
    if failed:
        worst = max(failed, key=lambda run: run.started_at)
        more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
        sentence = f"{worst.job}{more} failed: {worst.error.rstrip('.') or 'it did not say why'}. Tried again."
        return Health(part=JOBS, light=Light.AMBER, sentence=sentence, since=worst.started_at)
    if not p.runs:
        return Health(part=JOBS, light=Light.GREY, sentence="No job has run yet.")
    return Health(
        part=JOBS, light=Light.GREEN, sentence=f"{count(len(p.runs), 'job')}; the last run of each went well."
    )


def content(p: Picture) -> Health:
    """How many hours the queue covers, of what the accounts want; who cannot write, and how long the bank lasts."""
    if not p.accounts:
        return Health(part=CONTENT, light=Light.GREY, sentence="No account is connected yet.")
    thin = [account.handle for account in p.accounts if cover_h(p, account) < account.cover_h * COVER_MIN_SHARE]
    waiting, queued = total(p, State.PROPOSED), count(total(p, State.QUEUED), "post")
    waits = f" {count(waiting, 'post waits', 'posts wait')} for your yes." if waiting else ""
    if thin:
        sentence = f"Too little is approved ahead for {', '.join(thin)}.{waits}"
        return Health(part=CONTENT, light=Light.AMBER, sentence=sentence + _reserve(p))
    mute = [s.labels["writer"] for s in p.samples if s.name == "bowerbird_writer_up" and not s.value]
    if mute:
        sentence = (
            f"The writer {', '.join(mute)} does not answer; the bank writes.{_reserve(p)} {queued} queued.{waits}"
        )
        return Health(part=CONTENT, light=Light.AMBER, sentence=sentence)
    return Health(part=CONTENT, light=Light.GREEN, sentence=f"{queued} queued.{waits}{_reserve(p)}")


def _reserve(p: Picture) -> str:
    """How long the bank alone fills every slot, of the account for which that is shortest; empty if nobody knows."""
    hours = [sample.value for sample in p.samples if sample.name == "bowerbird_reserve_hours"]
    return f" The bank alone lasts {min(hours):.0f} h." if hours else ""


def cover_h(p: Picture, account: Account) -> float:
    """Hours until the last approved post of an account is due; 0 if there is none."""
    last = max(
        (post.due for post in p.upcoming if post.account_id == account.id and post.state is State.QUEUED), default=0
    )
    return max(0.0, (last - p.now) / SECOND_US / 3600)


def posting(p: Picture) -> Health:
    """What was published, what is in doubt, what is held back."""
    unsure, parked = total(p, State.UNSURE), total(p, State.PARKED)
    if parked:
        sentence = f"{count(parked, 'post needs', 'posts need')} a person: there, or not?"
        return Health(part=POSTING, light=Light.RED, sentence=sentence)
    held = [hold for hold in p.holds if hold.kind not in (HoldKind.BUDGET, HoldKind.LIMITED)]
    if held:
        why = (held[0].why or str(held[0].kind)).rstrip(".")
        sentence = f"{held[0].account_id} is held: {why}. Its posts wait."
        return Health(part=POSTING, light=Light.AMBER, sentence=sentence, since=held[0].since)
    if unsure:
        sentence = f"{count(unsure, 'post')} in doubt; we are looking, nothing is sent again."
        return Health(part=POSTING, light=Light.AMBER, sentence=sentence)
    done = total(p, State.PUBLISHED)
    last = f", the last {_ago(p, p.published[0].published_at)}" if p.published and p.published[0].published_at else ""
    return Health(part=POSTING, light=Light.GREEN, sentence=f"{done:,} published{last}; none in doubt.")


def browsers(p: Picture) -> Health:
    """Whether the accounts that need a browser post."""
    need = [account for account in p.accounts if in_browser(account.platform)]
    if not need:
        return Health(part=BROWSERS, light=Light.GREY, sentence="No account posts through a browser.")
    done = sum(p.counts.get((account.id, State.PUBLISHED), 0) for account in need)
    names = ", ".join(account.handle for account in need)
    sentence = f"Posts of {names} go through a browser: {done:,} so far."
    return Health(part=BROWSERS, light=Light.GREEN, sentence=sentence)


def database(p: Picture) -> Health:
    """Whether the engine can write the books, and how fast they answer.

    What cannot be written cannot be told through the books: the engine says so beside them.
    """
    engine = _engine(p)
    if engine is not None and _silent_s(p, engine) <= SILENCE_S and not p.beside.opening:
        late = p.beside.heard_at is not None and p.beside.heard_at - engine.heard_at > WRITE_LATE_S * SECOND_US
        if p.beside.trouble or late:
            why = f": {p.beside.trouble.rstrip('.')}" if p.beside.trouble else ""
            sentence = f"The books cannot be written{why}. Nothing new is sent; what was paid for is kept beside them."
            return Health(part=BOOKS, light=Light.RED, sentence=sentence, since=engine.heard_at)
    if p.read_ms >= READ_MS_MAX:
        sentence = f"Everything on this page was read in {p.read_ms:.0f} ms, which is slow."
        return Health(part=BOOKS, light=Light.AMBER, sentence=sentence)
    most_ms = next(step for step in READ_MS_STEPS if p.read_ms < step)
    return Health(part=BOOKS, light=Light.GREEN, sentence=f"Everything on this page is read in under {most_ms} ms.")


def cache(p: Picture) -> Health:
    """Nothing to judge before there is one."""
    return Health(part=CACHE, light=Light.GREY, sentence="Nothing is cached yet; every page reads the books.")


def measuring(p: Picture) -> Health:
    """When a number was last read, and whether a reading is overdue."""
    late = [post.look_at for post in p.published if post.look_at and p.now - post.look_at > LOOK_LATE_S * SECOND_US]
    if late:
        sentence = f"{count(len(late), 'reading is', 'readings are')} overdue, the oldest due {_ago(p, min(late))}."
        return Health(part=MEASURING, light=Light.AMBER, sentence=sentence, since=min(late))
    if p.newest is None:
        return Health(part=MEASURING, light=Light.GREY, sentence="No post has been measured yet.")
    sentence = f"The last numbers were read {_ago(p, p.newest.observed_at)}."
    return Health(part=MEASURING, light=Light.GREEN, sentence=sentence)


def harvesting(p: Picture) -> Health:
    """Whom we may answer."""
    if "harvest" not in p.runs:
        return Health(part=HARVESTING, light=Light.GREY, sentence="Nobody has looked for mentions yet.")
    waiting = "Nobody waits for an answer."
    if p.targets:
        waiting = f"{count(len(p.targets), 'conversation waits', 'conversations wait')} for a person or a draft."
    return Health(part=HARVESTING, light=Light.GREEN, sentence=waiting)


def learning(p: Picture) -> Health:
    """What was learned, in the learner's own words."""
    if not p.advice:
        return Health(part=LEARNING, light=Light.GREY, sentence="Nothing learned yet; choices are made at random.")
    best = max(p.advice, key=lambda advice: advice.n)
    return Health(part=LEARNING, light=Light.GREEN, sentence=f"{best.account_id.split(':')[-1]}: {best.sentence}")


WORDS = {Light.GREEN: "works", Light.AMBER: "weakened", Light.RED: "fails", Light.GREY: "not in use"}
"""Each light in a word, where nothing more exact is known."""


def word(health: Health) -> str:
    """A layer's state in a word; a layer that is off because of another one waits."""
    if health.light is Light.GREY:
        return "waits" if health.sentence.startswith("Waits for") else "not yet" if "yet" in health.sentence else "off"
    return WORDS[health.light]


def overall(found: Sequence[Health]) -> Health:
    """The one light for all layers: the worst of them, in its own words."""
    for light in (Light.RED, Light.AMBER):
        bad = [health for health in found if health.light is light]
        if bad:
            return Health(
                part=bad[0].part, light=light, sentence=f"{bad[0].part}: {bad[0].sentence}", since=bad[0].since
            )
    idle = any(health.part == CONTENT and health.light is Light.GREY for health in found)
    sentence = "Ready. Nothing is posted before an account is connected." if idle else "All is well."
    return Health(part="Bowerbird", light=Light.GREEN, sentence=sentence)


def _ago(p: Picture, at: int) -> str:
    return f"{span(max(0.0, (p.now - at) / SECOND_US))} ago"


def total(p: Picture, state: State) -> int:
    """How many posts of all accounts are in this state."""
    return sum(number for (_, at), number in p.counts.items() if at is state)
