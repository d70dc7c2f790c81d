"""The ten layers, each with its light and one sentence: how it is, and what is being done about it.

Pure: what was read from the books goes in, sentences come out. What was not observed is not claimed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bowerbird.core.account import Account, Hold
from bowerbird.core.findings import Advice, Reading, Target
from bowerbird.core.health import Health, Light
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US, Post
from bowerbird.core.story import span
from bowerbird.core.work import Outcome, Owner, Run

SILENCE_S = 10.0
"""An engine not heard for this long is silent."""
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


def layers(picture: Picture) -> list[Health]:
    """Return the ten layers in order."""
    return [
        startup(picture),
        jobs(picture),
        content(picture),
        posting(picture),
        browsers(picture),
        database(picture),
        Health(part="Cache", light=Light.GREY, sentence="Nothing is cached yet; every page reads the books."),
        measuring(picture),
        harvesting(picture),
        learning(picture),
    ]


def startup(p: Picture) -> Health:
    """Whether an engine is heard."""
    engines = [owner for owner in p.owners if owner.role == "engine"]
    if not engines:
        return Health(part="Engine", light=Light.RED, sentence="No engine has ever run here. Start it: bowerbird run")
    engine = max(engines, key=lambda owner: owner.heard_at)
    silent_s = (p.now - engine.heard_at) / SECOND_US
    if silent_s > SILENCE_S:
        sentence = f"Silent for {span(silent_s)}. Nothing is sent. The guardian starts it again if it is dead."
        return Health(part="Engine", light=Light.RED, sentence=sentence, since=engine.heard_at)
    up = span((p.now - engine.started_at) / SECOND_US)
    return Health(part="Engine", light=Light.GREEN, sentence=f"Up for {up}: {engine.note}.", since=engine.started_at)


def jobs(p: Picture) -> Health:
    """Whether the newest run of each job went well."""
    failed = [run for run in p.runs.values() if run.outcome is Outcome.FAILED]
    if failed:
        worst = max(failed, key=lambda run: run.started_at)
        more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
        return Health(part="Jobs", light=Light.AMBER, sentence=f"{worst.job}{more} failed: {worst.error}. Tried again.")
    if not p.runs:
        return Health(part="Jobs", light=Light.GREY, sentence="No job has run yet.")
    return Health(part="Jobs", light=Light.GREEN, sentence=f"{len(p.runs)} jobs, the last run of each went well.")


def content(p: Picture) -> Health:
    """How many hours the queue covers, of what the accounts want."""
    if not p.accounts:
        return Health(part="Content", light=Light.GREY, sentence="No account is connected yet.")
    thin = [account for account in p.accounts if cover_h(p, account) < account.cover_h * COVER_MIN_SHARE]
    waiting = _total(p, State.PROPOSED)
    waits = f" {waiting} wait for approval." if waiting else ""
    queued = _total(p, State.QUEUED)
    if thin:
        names = ", ".join(account.handle for account in thin)
        return Health(part="Content", light=Light.AMBER, sentence=f"{queued} queued; thin for {names}.{waits}")
    return Health(part="Content", light=Light.GREEN, sentence=f"{queued} posts are queued.{waits}")


def cover_h(p: Picture, account: Account) -> float:
    """Hours until the last approved post of an account is due; 0 if there is none."""
    last = max(
        (post.due for post in p.upcoming if post.account_id == account.id and post.state is State.QUEUED), default=0
    )
    return max(0.0, (last - p.now) / SECOND_US / 3600)


def posting(p: Picture) -> Health:
    """What was published, what is in doubt, what is held back."""
    unsure, parked = _total(p, State.UNSURE), _total(p, State.PARKED)
    if parked:
        return Health(part="Posting", light=Light.RED, sentence=f"{parked} posts need a person: are they there or not?")
    held = [hold for hold in p.holds if hold.kind not in ("budget", "limited")]
    if held:
        sentence = f"{held[0].account_id} is held: {held[0].why or held[0].kind}. Its posts wait."
        return Health(part="Posting", light=Light.AMBER, sentence=sentence, since=held[0].since)
    if unsure:
        return Health(
            part="Posting", light=Light.AMBER, sentence=f"{unsure} in doubt; we are looking, nothing is resent."
        )
    done = _total(p, State.PUBLISHED)
    ago = f", the last {span((p.now - (p.published[0].published_at or p.now)) / SECOND_US)} ago" if p.published else ""
    return Health(part="Posting", light=Light.GREEN, sentence=f"{done} published{ago}; none in doubt.")


def browsers(p: Picture) -> Health:
    """Whether the accounts that need a browser post."""
    need = [account for account in p.accounts if account.platform.endswith("-web")]
    if not need:
        return Health(part="Browsers", light=Light.GREY, sentence="No account posts through a browser.")
    done = sum(p.counts.get((account.id, State.PUBLISHED), 0) for account in need)
    names = ", ".join(account.handle for account in need)
    return Health(part="Browsers", light=Light.GREEN, sentence=f"One seat for {names}: {done} posts went through it.")


def database(p: Picture) -> Health:
    """How fast the books answer."""
    light = Light.GREEN if p.read_ms < 500 else Light.AMBER
    return Health(part="Books", light=light, sentence=f"Everything on this page was read in {p.read_ms:.0f} ms.")


def measuring(p: Picture) -> Health:
    """When a number was last read."""
    if p.newest is None:
        light = Light.GREY if not p.published else Light.AMBER
        return Health(part="Measuring", light=light, sentence="No post has been measured yet.")
    ago = span((p.now - p.newest.observed_at) / SECOND_US)
    return Health(part="Measuring", light=Light.GREEN, sentence=f"The last numbers were read {ago} ago.")


def harvesting(p: Picture) -> Health:
    """Whom we may answer."""
    if "harvest" not in p.runs:
        return Health(part="Harvesting", light=Light.GREY, sentence="Nobody has looked for mentions yet.")
    waiting = len(p.targets)
    return Health(
        part="Harvesting", light=Light.GREEN, sentence=f"{waiting} conversations wait for a person or a draft."
    )


def learning(p: Picture) -> Health:
    """What was learned, in the learner's own words."""
    if not p.advice:
        return Health(part="Learning", light=Light.GREY, sentence="Nothing learned yet; choices are made at random.")
    best = max(p.advice, key=lambda advice: advice.n)
    return Health(part="Learning", light=Light.GREEN, sentence=f"{best.account_id.split(':')[-1]}: {best.sentence}")


def overall(found: Sequence[Health]) -> Health:
    """The one light for everything: the worst of them, in its own words."""
    for light in (Light.RED, Light.AMBER):
        bad = [health for health in found if health.light is light]
        if bad:
            return Health(
                part=bad[0].part, light=light, sentence=f"{bad[0].part}: {bad[0].sentence}", since=bad[0].since
            )
    return Health(part="Bowerbird", light=Light.GREEN, sentence="All is well.")


def _total(p: Picture, state: State) -> int:
    return sum(number for (_, at), number in p.counts.items() if at is state)
