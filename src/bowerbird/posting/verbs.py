"""The buttons that are about posts and accounts, as the desk executes them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bowerbird.core.account import Account, Hold, HoldKind
from bowerbird.core.books import Batch
from bowerbird.core.errors import BadInput
from bowerbird.core.facts import Fact
from bowerbird.core.ports import Chance, Clock, Platform
from bowerbird.core.post import Post
from bowerbird.core.story import clock_time
from bowerbird.core.work import Command
from bowerbird.posting import again, approvals, several
from bowerbird.posting.again import Slots
from bowerbird.posting.publisher import Books

STAYING = frozenset({HoldKind.UNATTESTED, HoldKind.CLOCK})
"""Holds that no button lifts: they end when their cause does."""

Gate = Callable[[Account, Post, str], Awaitable[None]]
"""Raises `BadInput` with the remedy if the account may not say this text in place of the post's."""


@dataclass
class Verbs:
    """What a person may ask of posting.

    Args:
        gate: the gates that every text passes, also one that a person edited.
        slots: an account's free slots, for posts that get another time.
        platforms: the adapter of each account, by account id, for posts that are taken back.
    """

    storage: Books
    clock: Clock
    chance: Chance
    mint: Callable[[], str]
    gate: Gate
    slots: Slots = lambda account, taken, now: ()
    platforms: Mapping[str, Platform] = field(default_factory=dict)

    def table(self) -> dict[str, Callable[[Command], Awaitable[str]]]:
        """Every verb by its name."""
        return {
            "approve": self.approve,
            "approve_all": self.approve_all,
            "reject": self.reject,
            "edit": self.edit,
            "withdraw": self.withdraw,
            "settle": self.settle,
            "reslot": self.reslot,
            "retract": self.retract,
            "pause": self.pause,
            "resume": self.resume,
            "attest": self.attest,
        }

    async def approve(self, command: Command) -> str:
        """Approve a post: `post_id`, the `version` that was shown, and its `text` where a person changed the words.

        Part n of its thread, counted from 0, has its own: `version.n` and `text.n`.
        """
        post = await self._post(command)
        thread = await self.storage.thread(post.thread_id) if post.parts > 1 else [post]
        others = [part for part in thread if part.id != post.id]
        words = await self._new_words(command, [("text", post), *((f"text.{part.part}", part) for part in others)])
        posts = await approvals.approve(
            self.storage, post.id, by=command.by, now=self.clock.now(), version=_version(command), words=words,
            versions={part.part: n for part in others if (n := _version(command, f"version.{part.part}"))},
            key=self.mint,
        )  # fmt: skip
        return f"Approved{' in your words' if words else ''}; it goes at its time{_parts(posts)}."

    async def _new_words(self, command: Command, asked: list[tuple[str, Post]]) -> dict[int, str]:
        """The words that differ from those stored, by part, each past the gates."""
        found: dict[int, str] = {}
        for name, post in asked:
            text = str(command.args.get(name) or post.payload.text)
            if text != post.payload.text:
                await self.gate(await self._account(post.account_id), post, text)
                found[post.part] = text
        return found

    async def reject(self, command: Command) -> str:
        """Turn a post down: `post_id`, `reason`."""
        reason = str(command.args.get("reason", ""))
        await approvals.turn_down(
            self.storage, _text(command, "post_id"), by=command.by, now=self.clock.now(), reason=reason
        )
        return "Turned down; it will not be sent."

    async def edit(self, command: Command) -> str:
        """Change a post's words: `post_id`, `text`, `version`."""
        post = await self._post(command)
        account = await self._account(post.account_id)
        text = _text(command, "text")
        await self.gate(account, post, text)
        posts = await approvals.edit(
            self.storage, account, post.id, text=text, key=self.mint(), by=command.by, now=self.clock.now(),
            version=_version(command),
        )  # fmt: skip
        waits = any(edited.state == "proposed" for edited in posts)
        return "Changed; it waits for approval." if waits else "Changed; it goes at its time."

    async def withdraw(self, command: Command) -> str:
        """Take a post back: `post_id`."""
        posts = await approvals.withdraw(self.storage, _text(command, "post_id"), by=command.by, now=self.clock.now())
        if any(post.withdrawn for post in posts):
            return "It is being sent just now; if it did not arrive it ends there, otherwise delete it on the platform."
        return "Taken back; it will not be sent."

    async def settle(self, command: Command) -> str:
        """Say what became of a parked post: `post_id`, `verdict` (there, send, leave)."""
        settled = await approvals.settle_by_person(
            self.storage, _text(command, "post_id"), verdict=_text(command, "verdict"), by=command.by,
            now=self.clock.now(),
        )  # fmt: skip
        ends = {
            "published": "it is published",
            "queued": "it goes again",
            "dropped": "it is too late, or left, and ends",
        }
        return f"Thank you; the books say so now: {ends[settled[0].state]}."

    async def reslot(self, command: Command) -> str:
        """Give posts that are past their time, and were never sent, the next free slots.

        `post_id`: only this one, with its thread; else all of `account_id` (empty: of every account).
        """
        one = await self._post(command) if command.args.get("post_id") else None
        moved: list[Post] = []
        for name in [one.account_id] if one else await self._accounts(command):
            moved += await again.reslot(
                self.storage, await self._account(name), slots=self.slots, mint=self.mint,
                name=lambda: self.chance.name("post"), by=command.by, now=self.clock.now(),
                only=one.thread_id if one else "",
            )  # fmt: skip
        if one is not None:
            if not moved:
                raise BadInput("it cannot have another time: its words were said meanwhile, or no time of day is free")
            return f"It goes {clock_time(moved[0].due)} UTC{_parts(moved)}."
        return f"{len(moved)} posts have a new time." if moved else "Nothing waits for a new time."

    async def retract(self, command: Command) -> str:
        """Delete a published post from the platform, with the parts of its thread below it: `post_id`."""
        post = await self._post(command)
        if post.account_id not in self.platforms:
            raise BadInput(f"{post.account_id} is not connected; delete the post on the platform itself")
        gone = await again.retract(
            self.storage, self.platforms[post.account_id], post.id, by=command.by, clock=self.clock
        )
        return f"Taken back{_parts(gone)}; nobody sees it any more." if gone else "It was taken back before."

    async def approve_all(self, command: Command) -> str:
        """Approve several posts as they were shown: each `shown.n` is an id and the versions of its parts."""
        return await several.approve_each(self.storage, command.args, by=command.by, now=self.clock.now())

    async def pause(self, command: Command) -> str:
        """Send nothing for an account, for several, or for all: `account_id` (empty: all), `account_id.n`, `why`.

        What is paused already stays so, with its own reason.
        """
        now, why = self.clock.now(), str(command.args.get("why", "")) or f"paused by {command.by}"
        ids, unknown = await self._named(command)
        if not ids:
            raise BadInput("there is no account to pause; `bowerbird connect` adds one")
        kept = {hold.account_id for hold in await self.storage.holds(now=now) if hold.kind is HoldKind.PAUSED}
        fresh = [name for name in ids if name not in kept]
        holds = tuple(Hold(account_id=name, kind=HoldKind.PAUSED, since=now, why=why) for name in fresh)
        facts = tuple(self._fact("hold_set", name, command, {"hold": HoldKind.PAUSED, "why": why}) for name in fresh)
        await self.storage.record(Batch(holds=holds, facts=facts))
        said = [f"Paused {', '.join(fresh)}; nothing is sent until you resume."] if fresh else []
        said += [f"{name} was paused already." for name in ids if name in kept]
        return " ".join(said + unknown)

    async def resume(self, command: Command) -> str:
        """Lift the holds of an account, of several, or of all: `account_id` (empty: all), `account_id.n`, `why`.

        Two kinds stay, since a button cannot mend them and posts would be lost: not attested, and a wall clock that
        jumped.
        """
        ids, unknown = await self._named(command)
        why = str(command.args.get("why", ""))
        holds = [hold for hold in await self.storage.holds(now=self.clock.now()) if hold.account_id in ids]
        held = [hold for hold in holds if hold.kind not in STAYING]
        lifted = tuple((hold.account_id, hold.kind) for hold in held)
        facts = tuple(
            self._fact("hold_lifted", hold.account_id, command, {"hold": hold.kind, "why": why}) for hold in held
        )
        await self.storage.record(Batch(lifted=lifted, facts=facts))
        free = dict.fromkeys(hold.account_id for hold in held)
        said = [f"Resumed {', '.join(free)}."] if held else []
        said += [f"{hold.account_id} is still held ({hold.kind}): {hold.why}." for hold in holds if hold not in held]
        still = {hold.account_id for hold in holds}
        if said and (idle := [name for name in ids if name not in still]):
            said.append(f"Not held: {', '.join(idle)}.")
        return " ".join((said or ["Nothing was held."]) + unknown)

    async def attest(self, command: Command) -> str:
        """Attest that the account is labelled as automated and names who runs it: `account_id`, `operator`."""
        account = await self._account(_text(command, "account_id"))
        attested = replace(account, labelled=True, operator=_text(command, "operator").strip())
        data = {"hold": HoldKind.UNATTESTED, "operator": attested.operator}
        fact = self._fact("hold_lifted", account.id, command, data)
        lifted = ((account.id, HoldKind.UNATTESTED),)
        await self.storage.record(Batch(accounts=(attested,), lifted=lifted, facts=(fact,)))
        return f"Thank you. {account.id} may post, labelled as automated and run by {attested.operator}."

    async def _post(self, command: Command) -> Post:
        post = await self.storage.post(_text(command, "post_id"))
        if post is None:
            raise BadInput(f"there is no post {command.args['post_id']}")
        return post

    async def _account(self, account_id: str) -> Account:
        account = await self.storage.account(account_id)
        if account is None:
            raise BadInput(f"there is no account {account_id!r}; `bowerbird accounts` lists them")
        return account

    async def _accounts(self, command: Command) -> list[str]:
        wanted = str(command.args.get("account_id", ""))
        if wanted:
            return [(await self._account(wanted)).id]
        return [account.id for account in await self.storage.accounts()]

    async def _named(self, command: Command) -> tuple[list[str], list[str]]:
        """The accounts that a command is about, and a sentence for each that nobody knows."""
        ticked = several.chosen(command.args)
        if ticked is None:
            return await self._accounts(command), []
        known = {account.id for account in await self.storage.accounts()}
        unknown = [f"There is no account {name!r}." for name in ticked if name not in known]
        if len(unknown) == len(ticked):
            raise BadInput(" ".join(unknown).removesuffix("."))
        return [name for name in ticked if name in known], unknown

    def _fact(self, kind: str, account_id: str, command: Command, data: dict[str, Any]) -> Fact:
        told = {**data, "person": command.by}
        return Fact(kind=kind, at=self.clock.now(), by="desk", account_id=account_id, data=told)


def _text(command: Command, name: str) -> str:
    value = str(command.args.get(name, ""))
    if not value.strip():
        raise BadInput(f"{command.verb} needs {name}")
    return value


def _version(command: Command, name: str = "version") -> int | None:
    value = command.args.get(name)
    return None if value in (None, "") else several.whole(str(value))


def _parts(posts: list[Post]) -> str:
    return f" ({len(posts)} parts)" if len(posts) > 1 else ""
