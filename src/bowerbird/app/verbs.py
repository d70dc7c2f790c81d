"""What a person may ask for, by a button or on the command line: the same verbs, executed by the same code."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from bowerbird.alerts.notifiers import may_run
from bowerbird.app.connections import Connections
from bowerbird.browsers.pool import Pool
from bowerbird.clock import SystemChance, SystemClock, mint_tid
from bowerbird.core.account import Account
from bowerbird.core.books import Storage
from bowerbird.core.errors import BadInput, BowerbirdError
from bowerbird.core.lifecycle import DAY_S, State
from bowerbird.core.ports import Chance, Clock, Platform
from bowerbird.core.post import SECOND_US, Post
from bowerbird.core.work import Command
from bowerbird.jobs.desk import answered
from bowerbird.planning.calendar import next_slots
from bowerbird.planning.gate import Passed, open_gate
from bowerbird.planning.proposals import propose
from bowerbird.posting.verbs import Verbs
from bowerbird.settings import Settings

AHEAD_S = 14 * DAY_S
"""How far ahead a post that waited too long may get another time."""


def verbs_of(
    storage: Storage,
    platforms: Mapping[str, Platform],
    clock: Clock,
    chance: Chance,
    *,
    late_s: float,
    channels: Mapping[str, str],
) -> Mapping[str, Callable[[Command], Any]]:
    """Every verb a person may use: those about posts and accounts, and words of their own.

    Args:
        channels: the settings' alert channels, for nothing real is posted while nobody would be told.
    """

    async def gate(account: Account, post: Post, text: str) -> None:
        opened = await open_gate(storage, account, _platform(platforms, account.id), but=post.thread_id)
        verdict = await opened.judge([replace(post, payload=replace(post.payload, text=text))])
        if not isinstance(verdict, Passed):
            raise BadInput(" ".join(rejection.sentence for rejection in verdict))

    async def say(account_id: str, text: str, due: int | None, by: str) -> str:
        account = await storage.account(account_id)
        if account is None:
            raise BadInput(f"there is no account {account_id!r}; `bowerbird accounts` lists them")
        platform = _platform(platforms, account_id)
        post = await propose(
            storage, platform, account, text, by=by, clock=clock, chance=chance, due=due, late_s=late_s
        )
        return f"In the queue as {post.id}; it goes at its time."

    async def post(command: Command) -> str:
        """Queue a person's own words: `account_id`, `text`, `due` (microseconds; empty: now)."""
        due = command.args.get("due")
        account_id, text = str(command.args.get("account_id", "")), str(command.args.get("text", ""))
        return await say(account_id, text, int(due) if due else clock.now(), command.by)

    async def retry(command: Command) -> str:
        """Queue the words of a post that was not sent once more, as a new post: `post_id`."""
        old = await storage.post(str(command.args.get("post_id", "")))
        if old is None or old.state not in (State.DROPPED, State.REJECTED):
            raise BadInput("only a post that came to rest without being sent can be queued again")
        return await say(old.account_id, old.payload.text, clock.now(), command.by)

    def slots(account: Account, taken: Collection[int], now: int) -> list[int]:
        return [slot.at for slot in next_slots(account, taken, now, now + int(AHEAD_S * SECOND_US))]

    def mint() -> str:
        return mint_tid(clock.now(), chance.stream("keys"))

    verbs = Verbs(storage, clock, chance, mint, gate, slots, platforms)
    return {**verbs.table(), "post": post, "retry": retry, "attest": attesting(storage, verbs, channels)}


def attesting(storage: Storage, verbs: Verbs, channels: Mapping[str, str]) -> Callable[[Command], Any]:
    """Let an account post, but only once somebody would be told if that failed."""

    async def attest(command: Command) -> str:
        account = await storage.account(str(command.args.get("account_id", "")))
        if account is not None:
            await may_run(channels, storage, [replace(account, labelled=True, operator=command.by or "somebody")])
        return await verbs.attest(command)

    return attest


def _platform(platforms: Mapping[str, Platform], account_id: str) -> Platform:
    if account_id not in platforms:
        raise BadInput(f"{account_id} is not connected yet; try again in a few seconds")
    return platforms[account_id]


async def execute(settings: Settings, storage: Storage, verb: str, args: Mapping[str, Any], *, by: str) -> str:
    """Execute a verb from the command line, as a guest: the same code that the engine runs for a button.

    What was asked and answered is kept as for a button, so the audit log has both.

    Raises:
        BadInput: it cannot be done; says why and how to mend it.
    """
    clock, chance = SystemClock(), SystemChance()
    platforms = Connections(storage, clock, settings, Pool(clock))
    await platforms.attach()
    try:
        command = Command(id=chance.name("command"), verb=verb, args=dict(args), by=by, asked_at=clock.now())
        late_s, channels = settings["posting.late_s"], settings["alerts.channels"]
        verbs = verbs_of(storage, platforms, clock, chance, late_s=late_s, channels=channels)
        try:
            answer: str = await verbs[verb](command)
        except BowerbirdError as error:
            await storage.record(answered(command, now=clock.now(), ok=False, answer=str(error)))
            raise
        await storage.record(answered(command, now=clock.now(), ok=True, answer=answer))
        return answer
    finally:
        await platforms.close()
