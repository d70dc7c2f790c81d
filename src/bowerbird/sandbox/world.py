"""The world: who is there, what was said, who noticed.

Everything that changes the world is a journal record, and `_apply` is the one place where records become
state, both when they happen and when a new process reads the journal again:

1. decide: check the request against the world and make the record;
2. append: the journal keeps it (fsync); only now has it happened;
3. apply: the world changes; the caller gets its answer.

The three steps run under one lock and are shielded, so a client that hangs up cannot leave a record half
applied. Nothing runs in the background: `advance` brings the cast's posts and answers up to the present
whenever somebody looks.
"""

from __future__ import annotations

import asyncio
import heapq
import hmac
from bisect import insort
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

import regex

from bowerbird.clock import SeededChance, SystemChance
from bowerbird.sandbox import cast, features
from bowerbird.sandbox.audience import Audience, Setting, Stream, same_among
from bowerbird.sandbox.denied import Denied
from bowerbird.sandbox.journal import Journal, Record
from bowerbird.sandbox.limits import SECOND_US, Window
from bowerbird.sandbox.people import (
    Account,
    Draft,
    Keyed,
    Post,
    Session,
    Signup,
    picture,
    secret_of,
    token_digest,
)

TEXT_MAX = 300
KEY_MAX = 128
PAGE_MAX = 100
POSTS_MAX = 200_000
CHATTER_MAX = 5_000
"""Posts of the cast kept in memory; older ones are forgotten."""
SCAN_MAX = 5_000
"""Posts one search looks at, newest first."""
SLOT_S = 300.0
"""Sandbox seconds between two turns of the cast."""
CATCH_UP_SLOTS = 48
"""Turns made up for after a pause; the rest of the time nobody spoke."""
MENTION_EVERY = 3
"""Every third turn somebody addresses one of our accounts."""
SESSION_S = 7 * 86_400.0
KEY_S = 3_600.0
"""Sandbox seconds for which an account keyed for an hour remembers a key."""

_MENTION = regex.compile(r"(?<!\w)@(\w+)")
T = TypeVar("T")


class World:
    """One network. Make it with `World.open`.

    Args:
        now: the wall clock, UTC microseconds.
        speed: how many times faster than the wall the audience lives.
    """

    def __init__(self, journal: Journal, *, now: Callable[[], int], seed: int, speed: float) -> None:
        self.journal = journal
        self.now = now
        self.seed = seed
        self.speed = speed
        self.began_at = 0
        self.accounts: dict[str, Account] = {}
        self.posts: dict[str, Post] = {}
        self.order: list[str] = []
        self.variant = "v1"
        self._stream = streams(seed)
        self._audience = Audience(self._stream)
        self._mint = SystemChance().name
        self._sessions: dict[str, Session] = {}
        self._due: list[tuple[int, str, int]] = []
        self._next_slot = 1
        self._last_id = 0
        self._chatter: list[str] = []
        self._lock = asyncio.Lock()

    @classmethod
    async def open(
        cls,
        journal: Journal,
        *,
        now: Callable[[], int],
        seed: int = 7,
        speed: float = 60.0,
        accounts: Sequence[Signup] = (),
    ) -> World:
        """Return the world of this journal; a new one where the journal is empty.

        A journal's own seed and speed win over those given: others would change what has already been counted.
        """
        records = journal.replay()
        seed = records[0]["seed"] if records else seed
        world = cls(journal, now=now, seed=seed, speed=speed)
        for record in records:
            world._apply(record)
        if not world.began_at:
            await world._commit([{"kind": "world", "at": now(), "seed": seed, "speed": speed}])
        await world._commit([world._opening(a) for a in accounts if a.handle not in world.accounts])
        world._skip_silence()
        return world

    # Sessions

    async def sign_in(self, handle: str, password: str, *, stays_s: float = SESSION_S) -> tuple[str, Session]:
        """Return a token and its session; `Denied` 401 for a wrong handle or password."""
        account = self.accounts.get(handle.lower().lstrip("@"))
        given = secret_of(account.handle, password) if account else ""
        if account is None or not account.ours or not hmac.compare_digest(given, account.secret):
            raise Denied(401, "wrong_password")
        now = self.now()
        token = self._mint("token")
        session = Session(account.handle, now + int(stays_s * SECOND_US))
        await self._change(
            [
                {
                    "kind": "session",
                    "at": now,
                    "account": session.handle,
                    "digest": token_digest(token),
                    "expires_at": session.expires_at,
                }
            ]
        )
        return token, session

    async def sign_out(self, token: str) -> None:
        """End one session; one that is unknown has ended already."""
        digest = token_digest(token)
        if digest in self._sessions:
            await self._change([{"kind": "signed_out", "at": self.now(), "digest": digest}])

    async def revoke(self, handle: str | None) -> int:
        """End every session of an account, or of all; return how many."""
        doomed = [d for d, s in self._sessions.items() if handle in (None, s.handle)]
        if doomed:
            await self._change([{"kind": "signed_out", "at": self.now(), "digest": digest} for digest in doomed])
        return len(doomed)

    def signed_in(self, token: str) -> Account:
        """Return whose session this is; `Denied` 401 when it is unknown, revoked or too old."""
        session = self._sessions.get(token_digest(token))
        if session is None or self.now() >= session.expires_at:
            raise Denied(401, "session_expired")
        return self.accounts[session.handle]

    # Writing

    async def post(self, handle: str, draft: Draft, *, late_s: float = 0.0) -> tuple[Post, bool]:
        """Accept a post; return it and whether it is new (False: this key has posted already).

        1. a key the account still remembers answers with the post it made;
        2. the text is checked, then the parent, then the limit;
        3. the record is kept, and only then is it a post.
        """
        return await self._guarded(self._post(self.accounts[handle], draft, late_s))

    async def _post(self, account: Account, draft: Draft, late_s: float) -> tuple[Post, bool]:
        now = self.now()
        known = self.by_key(account, draft.key, now) if draft.key else None
        if known is not None:
            return known, False
        self._check(account, draft, now)
        record = self._post_record(account.handle, draft, now)
        record["visible_at"] = now + int(late_s * SECOND_US)
        await self._commit([record])
        return self.posts[record["id"]], True

    async def delete(self, handle: str, post_id: str) -> None:
        """Delete an own post; doing it twice is the same as once."""
        post = self.posts.get(post_id)
        if post is None:
            raise Denied(404, "not_found")
        if post.account != handle:
            raise Denied(403, "forbidden")
        await self.remove(post_id, by="author")

    async def remove(self, post_id: str, *, by: str) -> None:
        """Take a post away, as its author or as the platform."""
        if post_id not in self.posts:
            raise Denied(404, "not_found")
        if not self.posts[post_id].removed:
            await self._change([{"kind": "removed", "at": self.now(), "id": post_id, "by": by}])

    async def configure(self, handle: str, changes: Record) -> None:
        """Change an account's limits or what its counts show; the keys are those of `Account` and `Window`."""
        await self._change([{**changes, "kind": "configured", "at": self.now(), "account": handle}])

    async def show_variant(self, variant: str) -> None:
        """Serve the pages in another shape: v1, v2 or v3."""
        await self._change([{"kind": "variant", "at": self.now(), "variant": variant}])

    # Looking

    def get(self, post_id: str) -> Post:
        """Return a post; `Denied` 404 (`gone` or `not_found`) where there is none."""
        post = self.posts.get(post_id)
        if post is None or post.removed:
            raise Denied(404, "gone" if post else "not_found")
        return post

    def by_key(self, account: Account, key: str, now: int) -> Post | None:
        """Return the post this key made, as long as the account remembers keys; removed ones too."""
        post_id, at = account.keys.get(key, ("", 0))
        if account.keyed is Keyed.HOUR and now - at > KEY_S / self.speed * SECOND_US:
            return None
        return self.posts.get(post_id) if account.keyed is not Keyed.NONE else None

    def timeline(self, handle: str, *, since: str = "", before: str = "", limit: int = 20) -> list[Post]:
        """Return an account's posts and replies, newest first."""
        return self._page(reversed(self.accounts[handle].posts), since, before, limit)

    def home(self, *, before: str = "", limit: int = 20) -> list[Post]:
        """Return everybody's posts that answer nobody, newest first."""
        heads = (post_id for post_id in reversed(self.order) if self.posts[post_id].parent is None)
        return self._page(islice(heads, SCAN_MAX), "", before, limit)

    def search(self, query: str, *, since: str = "", limit: int = 20) -> list[Post]:
        """Return the newest posts that contain every word of the query."""
        words = query.lower().split()
        recent = islice(reversed(self.order), SCAN_MAX)
        hits = (i for i in recent if words and all(word in self.posts[i].text.lower() for word in words))
        return self._page(hits, since, "", limit)

    def mentions(self, handle: str, *, after: str = "", newest_first: bool = False, limit: int = 50) -> list[Post]:
        """Return what others said to an account, oldest first: mentions of it and answers to its posts."""
        said = self.accounts[handle].mentions
        return self._page(reversed(said) if newest_first else said, after, "", limit)

    def answers(self, post_id: str, *, limit: int = 50) -> list[Post]:
        """Return the answers to a post, oldest first."""
        return self._page(iter(self.get(post_id).answers), "", "", limit)

    def counts(self, post: Post) -> dict[str, int]:
        """Return the counts of a post as of now; without impressions where the account's tier hides them."""
        now = self.now()
        age_h = (now - post.at) / SECOND_US * self.speed / 3_600
        counts = {kind: post.fate.count(kind, age_h) for kind in ("likes", "reposts", "quotes")}
        counts["replies"] = sum(1 for i in post.answers if self.posts[i].shown(now))
        if self.accounts[post.account].impressions:
            counts["impressions"] = max(post.fate.seen(age_h), sum(counts.values()))
        return counts

    def _page(self, ids: Iterable[str], since: str, before: str, limit: int) -> list[Post]:
        now, floor, ceiling = self.now(), int(since or 0), int(before or 1 << 62)
        shown = (self.posts[i] for i in ids if floor < int(i) < ceiling and self.posts[i].shown(now))
        return list(islice(shown, min(limit, PAGE_MAX)))

    # The cast

    async def advance(self) -> None:
        """Let the cast say what was due by now."""
        if self._next_due() <= self.now():
            await self._guarded(self._advance())

    async def _advance(self) -> None:
        now = self.now()
        records = [record for record in self._due_records(now) if record]
        if records:
            await self._commit(records)

    def _next_due(self) -> int:
        slot_at = self._slot_at(self._next_slot)
        return min(slot_at, self._due[0][0]) if self._due else slot_at

    def _due_records(self, now: int) -> Iterator[Record | None]:
        while self._due and self._due[0][0] <= now:
            yield self._answer(*heapq.heappop(self._due))
        while self._slot_at(self._next_slot) <= now:
            yield from self._turn(self._next_slot)
            self._next_slot += 1

    def _slot_at(self, slot: int) -> int:
        return self.began_at + int(slot * SLOT_S / self.speed * SECOND_US)

    def _skip_silence(self) -> None:
        reached = int((self.now() - self.began_at) / SECOND_US * self.speed / SLOT_S)
        self._next_slot = max(self._next_slot, reached - CATCH_UP_SLOTS)

    def _turn(self, slot: int) -> Iterator[Record]:
        draw = self._stream(f"cast/turn/{slot}")
        ours = [account.handle for account in self.accounts.values() if account.ours]
        at = self._slot_at(slot)
        if ours and slot % MENTION_EVERY == 1:
            whom = ours[slot // MENTION_EVERY % len(ours)]
            yield self._said(draw, cast.address(draw, whom), at, turn=slot)
        elif draw.random() < 0.7:
            yield self._said(draw, cast.chatter(draw), at, turn=slot)

    def _answer(self, at: int, post_id: str, number: int) -> Record | None:
        post = self.posts.get(post_id)
        if post is None or post.removed or post.next_answer != number:
            return None
        draw = self._stream(f"cast/answer/{post_id}/{number}")
        text = cast.answer(draw, features.topic_of(post.text))
        return self._said(draw, text, at, parent=post_id, number=number)

    def _said(self, draw: Any, text: str, at: int, **marks: Any) -> Record:
        speaker = cast.somebody(draw)
        draft = Draft(text=text, reply_to=marks.pop("parent", None))
        record = self._post_record(speaker.handle, draft, at)
        return {**record, **marks, "visible_at": at, "speaker": speaker.handle}

    # Deciding

    def _check(self, account: Account, draft: Draft, now: int) -> None:
        if not draft.text.strip():
            raise Denied(422, "empty")
        if len(regex.findall(r"\X", draft.text)) > TEXT_MAX:
            raise Denied(422, "too_long")
        parent = self.posts.get(draft.reply_to) if draft.reply_to else None
        if draft.reply_to and (parent is None or parent.removed):
            raise Denied(422, "parent_gone")
        if account.writes.remaining(now) == 0:
            raise self.too_often(account.writes, now)
        if len(self.order) >= POSTS_MAX:
            raise Denied(507, "world_full")

    @staticmethod
    def too_often(window: Window, now: int) -> Denied:
        """Return the refusal of a spent window, with the headers that say when it opens again."""
        wait_s = max(1, -(-(window.reset_at(now) - now) // SECOND_US))
        return Denied(429, "rate_limited", headers={**window.headers(now), "retry-after": str(wait_s)})

    def _post_record(self, handle: str, draft: Draft, at: int) -> dict[str, Any]:
        self._last_id = max(self._last_id + 1, at)
        return {
            "kind": "post",
            "id": str(self._last_id),
            "account": handle,
            "text": draft.text,
            "key": draft.key,
            "parent": draft.reply_to,
            "at": at,
            "pictures": [{"alt": p.alt, "mime": p.mime, "sha256": p.sha256} for p in draft.pictures],
            "link": dict(draft.link) if draft.link else None,
        }

    def _opening(self, signup: Signup) -> Record:
        followers = self._stream(f"cast/followers/{signup.handle}").randint(180, 420)
        return {
            "kind": "account",
            "at": self.now(),
            "account": signup.handle,
            "keyed": signup.keyed.value,
            "impressions": signup.impressions,
            "secret": secret_of(signup.handle, signup.password),
            "followers": followers,
        }

    async def _change(self, records: Sequence[Record]) -> None:
        await self._guarded(self._commit(records))

    async def _guarded(self, work: Coroutine[Any, Any, T]) -> T:
        """Run under the lock, to its end even if the caller is cancelled."""

        async def locked() -> T:
            async with self._lock:
                return await work

        return await asyncio.shield(asyncio.ensure_future(locked()))

    async def _commit(self, records: Sequence[Record]) -> None:
        if records:
            await self.journal.append(records)
        for record in records:
            self._apply(record)

    # Applying

    def _apply(self, record: Record) -> None:
        steps: dict[str, Callable[[Record], None]] = {
            "world": self._apply_world,
            "account": self._apply_account,
            "session": self._apply_session,
            "signed_out": self._apply_signed_out,
            "post": self._apply_post,
            "removed": self._apply_removed,
            "configured": self._apply_configured,
            "variant": self._apply_variant,
        }
        steps[record["kind"]](record)

    def _apply_world(self, record: Record) -> None:
        self.began_at, self.speed = record["at"], record["speed"]
        for person in cast.CAST:
            self.accounts[person.handle] = Account(
                person.handle, person.name, person.bio, person.followers, self.began_at
            )

    def _apply_account(self, record: Record) -> None:
        handle = record["account"]
        self.accounts[handle] = Account(
            handle,
            handle.capitalize(),
            "A rehearsal account. Automated.",
            record["followers"],
            record["at"],
            ours=True,
            keyed=Keyed(record["keyed"]),
            impressions=record["impressions"],
            secret=record["secret"],
        )

    def _apply_session(self, record: Record) -> None:
        self._sessions[record["digest"]] = Session(record["account"], record["expires_at"])

    def _apply_signed_out(self, record: Record) -> None:
        self._sessions.pop(record["digest"], None)

    def _apply_variant(self, record: Record) -> None:
        self.variant = record["variant"]

    def _apply_post(self, record: Record) -> None:
        account = self.accounts[record["account"]]
        post = self._made(account, record)
        self._last_id = max(self._last_id, int(post.id))
        self.posts[post.id] = post
        self.order.append(post.id)
        account.posts.append(post.id)
        self._connect(post)
        self._follow_up(post, record)
        if account.ours:
            account.writes.note(post.at)
            if post.key:
                account.keys[post.key] = (post.id, post.at)
            for age_h in post.fate.events["follows"]:
                insort(account.follows, post.at + self._wall_us(age_h))
        elif post.parent is None:
            self._forget_chatter(post.id)

    def _made(self, account: Account, record: Record) -> Post:
        read = features.read(record["text"], has_link=bool(record["link"]), has_picture=bool(record["pictures"]))
        setting = self._setting(account, record, read.topic)
        account.said.add(record["text"])
        account.topics = [*account.topics[-5:], read.topic]
        return Post(
            id=record["id"],
            account=account.handle,
            text=record["text"],
            at=record["at"],
            visible_at=record["visible_at"],
            key=record["key"],
            parent=record["parent"],
            pictures=tuple(picture(row) for row in record["pictures"]),
            link=record["link"],
            fate=self._audience.fate(record["id"], read, setting),
        )

    def _setting(self, account: Account, record: Record, topic: str) -> Setting:
        at, hour_us = record["at"], self._wall_us(1.0)
        wall = datetime.fromtimestamp(at // SECOND_US, UTC)
        lately = sum(1 for i in islice(reversed(account.posts), 20) if self.posts[i].at > at - hour_us)
        return Setting(
            followers=account.followers(at),
            hour=wall.hour + wall.minute / 60,
            day=int((at - self.began_at) / self._wall_us(24.0)),
            same_topic=same_among(topic, account.topics),
            last_hour=lately,
            said_before=record["text"] in account.said,
            is_reply=record["parent"] is not None,
        )

    def _connect(self, post: Post) -> None:
        parent = self.posts.get(post.parent) if post.parent else None
        named = {match.lower() for match in _MENTION.findall(post.text)}
        if parent is not None:
            parent.answers.append(post.id)
            named.add(parent.account)
        for handle in named - {post.account}:
            if handle in self.accounts and self.accounts[handle].ours:
                self.accounts[handle].mentions.append(post.id)

    def _follow_up(self, post: Post, record: Record) -> None:
        """Book the next answer: of a new post of ours its first, after an answer the next one."""
        if "turn" in record:
            self._next_slot = max(self._next_slot, record["turn"] + 1)
        if self.accounts[post.account].ours:
            self._book(post)
        elif "number" in record and post.parent in self.posts:
            parent = self.posts[post.parent]
            parent.next_answer = record["number"] + 1
            self._book(parent)

    def _book(self, post: Post) -> None:
        ages = post.fate.events["replies"]
        if post.next_answer < len(ages):
            at = post.at + self._wall_us(ages[post.next_answer])
            heapq.heappush(self._due, (at, post.id, post.next_answer))

    def _apply_removed(self, record: Record) -> None:
        self.posts[record["id"]].removed = record["by"]

    def _apply_configured(self, record: Record) -> None:
        account = self.accounts[record["account"]]
        account.impressions = record.get("impressions", account.impressions)
        for window, name in ((account.writes, "posts"), (account.reads, "reads")):
            window.limit = record.get(name, window.limit)
            window.window_s = record.get(f"{name}_window_s", window.window_s)

    def _forget_chatter(self, post_id: str) -> None:
        self._chatter.append(post_id)
        if len(self._chatter) > CHATTER_MAX:
            self._forget([i for i in self._chatter[:1_000] if not self.posts[i].answers])
            self._chatter = self._chatter[1_000:]

    def _forget(self, ids: Sequence[str]) -> None:
        gone = set(ids)
        self.order = [i for i in self.order if i not in gone]
        for account in self.accounts.values():
            account.posts = [i for i in account.posts if i not in gone]
            account.mentions = [i for i in account.mentions if i not in gone]
        for post_id in gone:
            del self.posts[post_id]

    def _wall_us(self, sandbox_h: float) -> int:
        return int(sandbox_h * 3_600 / self.speed * SECOND_US)


def streams(seed: int) -> Stream:
    """Return what gives a fresh stream for each purpose; each of ours is asked for once, so none is kept."""
    return lambda purpose: SeededChance(f"{seed}/{purpose}").stream(purpose)
