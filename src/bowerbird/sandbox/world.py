"""The world: who is there, what was said, who noticed.

Everything that changes the world is a journal record, and every change takes the same three steps:

1. decide: check the request against the world and make the record;
2. append: the journal keeps it (fsync); only now has it happened;
3. apply: the world changes; the caller gets its answer.

The three steps run under one lock and are shielded, so a client that hangs up cannot leave a record half
applied. Nothing runs in the background: `advance` brings the cast's posts and answers up to the present
whenever somebody looks.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Coroutine, Iterable, Sequence
from itertools import islice
from typing import Any, TypeVar

import regex

from bowerbird.clock import SystemChance
from bowerbird.sandbox.denied import Denied
from bowerbird.sandbox.journal import Journal, Record
from bowerbird.sandbox.limits import SECOND_US, Window
from bowerbird.sandbox.people import Account, Draft, Keyed, Post, Session, Signup, secret_of, token_digest
from bowerbird.sandbox.state import State
from bowerbird.sandbox.turns import Turns

TEXT_MAX = 300
KEY_MAX = 128
PAGE_MAX = 100
POSTS_MAX = 200_000
SCAN_MAX = 5_000
"""Posts one search looks at, newest first."""
SESSION_S = 7 * 86_400.0
KEY_S = 3_600.0
"""Sandbox seconds for which an account keyed for an hour remembers a key."""

T = TypeVar("T")


class World(State):
    """One network. Make it with `World.open`.

    Args:
        now: the wall clock, UTC microseconds.
    """

    def __init__(self, journal: Journal, *, now: Callable[[], int], seed: int, speed: float) -> None:
        super().__init__(seed=seed, speed=speed)
        self.journal = journal
        self.now = now
        self._turns = Turns(self)
        self._mint = SystemChance().name
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
        records = await journal.replay()
        seed = records[0]["seed"] if records else seed
        world = cls(journal, now=now, seed=seed, speed=speed)
        for record in records:
            world._grow(record)
        if not world.began_at:
            await world._commit([{"kind": "world", "at": now(), "seed": seed, "speed": speed}])
        await world._commit([world._opening(a) for a in accounts if a.handle not in world.accounts])
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
        if digest in self.sessions:
            await self._change([{"kind": "signed_out", "at": self.now(), "digest": digest}])

    async def revoke(self, handle: str | None) -> int:
        """End every session of an account, or of all; return how many."""
        doomed = [d for d, s in self.sessions.items() if handle in (None, s.handle)]
        if doomed:
            await self._change([{"kind": "signed_out", "at": self.now(), "digest": digest} for digest in doomed])
        return len(doomed)

    def signed_in(self, token: str) -> Account:
        """Return whose session this is; `Denied` 401 when it is unknown, revoked or too old."""
        session = self.sessions.get(token_digest(token))
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

    async def show_variant(self, variant: str, answers: str) -> None:
        """Serve the pages in another shape (v1 to v6), and let their API speak another one (newer, older, none)."""
        await self._change([{"kind": "variant", "at": self.now(), "variant": variant, "answers": answers}])

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

    def mentions(
        self, handle: str, *, after: str = "", before: str = "", newest_first: bool = False, limit: int = 50
    ) -> list[Post]:
        """Return what others said to an account, oldest first: mentions of it and answers to its posts."""
        said = self.accounts[handle].mentions
        return self._page(reversed(said) if newest_first else said, after, before, limit)

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
        if self._turns.next_at() <= self.now():
            await self._guarded(self._advance())

    async def _advance(self) -> None:
        lines = self._turns.due(self.now())
        await self._commit([{**self._post_record(line.speaker, line.draft, line.at), **line.marks} for line in lines])

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
        self.last_id = max(self.last_id + 1, at)
        return {
            "kind": "post",
            "id": str(self.last_id),
            "account": handle,
            "text": draft.text,
            "key": draft.key,
            "parent": draft.reply_to,
            "at": at,
            "visible_at": at,
            "pictures": [{"alt": p.alt, "mime": p.mime, "sha256": p.sha256} for p in draft.pictures],
            "link": dict(draft.link) if draft.link else None,
        }

    def _opening(self, signup: Signup) -> Record:
        followers = self.stream(f"cast/followers/{signup.handle}").randint(180, 420)
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
            self._grow(record)

    def _grow(self, record: Record) -> None:
        self.apply(record)
        if record["kind"] == "post":
            self._turns.book(record["id"])
