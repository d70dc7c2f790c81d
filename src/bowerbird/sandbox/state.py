"""The state of the world, as it grows out of the journal's records.

`apply` is the one place where a record becomes state, both when it happens and when a new process reads the
journal again; given the same records it makes the same state, down to the fate of every post.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import islice

import regex

from bowerbird.clock import SeededChance
from bowerbird.sandbox import cast, features
from bowerbird.sandbox.audience import Audience, Setting, Stream, same_among
from bowerbird.sandbox.journal import Record
from bowerbird.sandbox.limits import SECOND_US
from bowerbird.sandbox.people import Account, Keyed, Post, Session, picture

CHATTER_MAX = 5_000
"""Posts of the cast kept in memory; older ones that nobody answered are forgotten."""

_MENTION = regex.compile(r"(?<!\w)@(\w+)")


class State:
    """Who is there and what was said.

    Args:
        seed: of the audience's preferences and everybody's luck.
        speed: how many times faster than the wall the audience lives.
    """

    def __init__(self, *, seed: int, speed: float) -> None:
        self.seed = seed
        self.speed = speed
        self.began_at = 0
        self.accounts: dict[str, Account] = {}
        self.posts: dict[str, Post] = {}
        self.order: list[str] = []
        self.sessions: dict[str, Session] = {}
        self.variant = "v1"
        self.speaks = "newer"
        self.last_id = 0
        self.last_turn = 0
        self.stream = streams(seed)
        self._audience = Audience(self.stream)
        self._chatter: list[str] = []

    def wall_us(self, sandbox_s: float) -> int:
        """Return sandbox seconds as microseconds of the wall."""
        return int(sandbox_s / self.speed * SECOND_US)

    def apply(self, record: Record) -> None:
        """Change the state by one record."""
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
        self.sessions[record["digest"]] = Session(record["account"], record["expires_at"])

    def _apply_signed_out(self, record: Record) -> None:
        self.sessions.pop(record["digest"], None)

    def _apply_variant(self, record: Record) -> None:
        self.variant = record["variant"]
        self.speaks = record.get("answers", self.speaks)

    def _apply_post(self, record: Record) -> None:
        account = self.accounts[record["account"]]
        post = self._made(account, record)
        self.last_id = max(self.last_id, int(post.id))
        self.posts[post.id] = post
        self.order.append(post.id)
        account.posts.append(post.id)
        self._connect(post, record)
        self.last_turn = max(self.last_turn, record.get("turn", 0))
        if account.ours:
            account.writes.note(post.at)
            if post.key:
                account.keys[post.key] = (post.id, post.at)
            for age_h in post.fate.events["follows"]:
                insort(account.follows, post.at + self.wall_us(age_h * 3_600))
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
        at, hour_us = record["at"], self.wall_us(3_600)
        wall = datetime.fromtimestamp(at // SECOND_US, UTC)
        lately = sum(1 for i in islice(reversed(account.posts), 20) if self.posts[i].at > at - hour_us)
        return Setting(
            followers=account.followers(at),
            hour=wall.hour + wall.minute / 60,
            day=int((at - self.began_at) / self.wall_us(86_400)),
            same_topic=same_among(topic, account.topics),
            last_hour=lately,
            said_before=record["text"] in account.said,
            is_reply=record["parent"] is not None,
        )

    def _connect(self, post: Post, record: Record) -> None:
        parent = self.posts.get(post.parent) if post.parent else None
        named = {match.lower() for match in _MENTION.findall(post.text)}
        if parent is not None:
            parent.answers.append(post.id)
            parent.next_answer += "number" in record
            named.add(parent.account)
        for handle in named - {post.account}:
            if handle in self.accounts and self.accounts[handle].ours:
                self.accounts[handle].mentions.append(post.id)

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


def streams(seed: int) -> Stream:
    """Return what gives a fresh stream for each purpose; each of ours is asked for once, so none is kept."""
    return lambda purpose: SeededChance(f"{seed}/{purpose}").stream(purpose)
