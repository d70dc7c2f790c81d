"""A posting room with a platform that does what it is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bowerbird.core.account import Account, Mode
from bowerbird.core.books import Batch
from bowerbird.core.errors import Refused
from bowerbird.core.findings import Counts, Seen
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Absent, Capabilities, Gone, Identity, Look, Unknown
from bowerbird.core.post import GONE, SECOND_US, Kind, Payload, Post, RemoteRef
from bowerbird.posting.publisher import Publisher
from bowerbird.posting.reconciler import Reconciler
from bowerbird.posting.sweeper import Sweeper
from bowerbird.posting.truth import Audit
from bowerbird.storage.memory import MemoryBooks, MemoryStorage

START = 1_700_000_000 * SECOND_US
ACCOUNT = Account(
    id="sandbox:wren", platform="sandbox", handle="wren", rehearsal=True, mode=Mode.AUTO, labelled=True, operator="Ann"
)


@dataclass
class Hands:
    """A clock that is moved by hand."""

    at: int = START

    def now(self) -> int:
        """The hand's position, microseconds."""
        return self.at

    def monotonic(self) -> float:
        """The same in seconds."""
        return self.at / SECOND_US

    def boottime(self) -> float:
        """The same: nobody sleeps here."""
        return self.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Move the hand."""
        self.at += int(seconds * SECOND_US)

    def pass_s(self, seconds: float) -> None:
        """Let seconds pass."""
        self.at += int(seconds * SECOND_US)


@dataclass
class Told:
    """A platform that does what it is told; `sent` is everything that left for it."""

    fate: Callable[[Post], RemoteRef] = lambda post: RemoteRef(id=f"r-{post.id}", url=f"https://there/{post.id}")
    look: Callable[[Post], Look] = lambda _: Absent()
    making: Exception | None = None
    settle_s: float = 10.0
    name: str = "sandbox"
    sent: list[tuple[str, str]] = field(default_factory=list)
    known: bool = True
    gone: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    timeline: list[Seen] | Unknown = field(default_factory=list)

    @property
    def capabilities(self) -> Capabilities:
        """No keys: everything is settled by looking."""
        return Capabilities(dedup_s=0, settle_s=self.settle_s, text_max=300)

    def length(self, text: str) -> int:
        """Characters."""
        return len(text)

    async def whoami(self) -> Identity:
        """Known, or signed out."""
        from bowerbird.core.errors import SignedOut

        if not self.known:
            raise SignedOut
        return Identity(id="wren", handle="wren")

    async def prepare(self, post: Post) -> str:
        """Make a message that would differ if it were made twice."""
        if self.making is not None:
            raise self.making
        if any(picture.path in self.missing for picture in post.payload.media):
            raise Refused("a picture is gone", reason=GONE)
        parent = post.payload.reply_to.parent.id if post.payload.reply_to else ""
        return f"{post.key}|{parent}|{post.payload.text}|{len(self.sent)}"

    async def publish(self, post: Post) -> RemoteRef:
        """Note what left, then do what was told."""
        self.sent.append((post.key, post.wire or ""))
        return self.fate(post)

    async def resolve(self, post: Post) -> Look:
        """See what was told."""
        return self.look(post)

    async def delete(self, ref: RemoteRef) -> None:
        """Nothing to take back."""

    async def counts(self, refs: Sequence[RemoteRef]) -> Mapping[str, Counts | Gone]:
        """Those that are gone."""
        return {ref.id: Gone() for ref in refs if ref.id in self.gone}

    async def mentions(self, after: int) -> list[Seen]:
        """Nobody."""
        return []

    async def search(self, query: str, limit: int = 25) -> list[Seen] | Unknown:
        """Nothing."""
        return []

    async def own_posts(self, limit: int = 50) -> list[Seen] | Unknown:
        """What was told."""
        return self.timeline

    async def close(self) -> None:
        """Nothing is open."""


def shown(ref_id: str, text: str, *, at: int = START) -> Seen:
    """A post as our own timeline shows it."""
    return Seen(ref=RemoteRef(id=ref_id, url=f"https://there/{ref_id}"), author="wren", text=text, posted_at=at)


def raising(error: Exception) -> Callable[[Post], RemoteRef]:
    """A fate that fails."""

    def fate(post: Post) -> RemoteRef:
        raise error

    return fate


class Room:
    """Posting, with one account and a platform."""

    def __init__(self, account: Account = ACCOUNT) -> None:
        self.clock, self.platform, self.account = Hands(), Told(), account
        self.books = MemoryStorage(MemoryBooks())
        platforms = {account.id: self.platform}
        self.publisher = Publisher(self.books, platforms, self.clock, "boot-1")
        self.reconciler = Reconciler(self.books, platforms, self.clock, "boot-1")
        self.sweeper = Sweeper(self.books, self.clock)
        self.audit = Audit(self.books, platforms, self.clock)

    async def put(self, *posts: Post) -> None:
        """Store the account and these posts."""
        await self.books.record(Batch(accounts=(self.account,), new_posts=posts))

    async def get(self, post_id: str = "p1") -> Post:
        """Read a post that must be there."""
        found = await self.books.post(post_id)
        assert found is not None
        return found

    async def kinds(self, post_id: str = "p1") -> list[str]:
        """The kinds of facts told about a post, in order."""
        return [fact.kind for fact in await self.books.facts(post_id=post_id)]

    async def audited(self, times: int = 1) -> dict[str, float]:
        """Look at the timeline so often, half a minute apart; return what is shown of it, by metric."""
        for _ in range(times):
            self.clock.pass_s(30)
            await self.audit.audit_once()
        return {sample.name.removeprefix("bowerbird_truth_"): sample.value for sample in self.audit.samples()}

    async def used(self) -> float:
        """Posts that count against the account's hour."""
        from bowerbird.posting.pacing import quotas_for

        return (await self.books.used(quotas_for(self.account), now=self.clock.now()))[0].used


def post(number: int = 1, **changes: Any) -> Post:
    """A queued post that is due now."""
    plain = Post(
        id=f"p{number}",
        account_id=ACCOUNT.id,
        key=f"k{number}",
        thread_id=f"p{number}",
        payload=Payload(text=f"Words of post {number}."),
        state=State.QUEUED,
        since=START,
        created_at=START,
        due=START,
        expires_at=START + 3600 * SECOND_US,
        approved_by="mode:auto",
    )
    return replace(plain, **changes)


def thread(parts: int = 3) -> list[Post]:
    """A thread of queued parts."""
    return [post(n + 1, thread_id="p1", part=n, parts=parts) for n in range(parts)]


def reply(number: int = 1, **changes: Any) -> Post:
    """A queued answer."""
    from bowerbird.core.post import ReplyTo

    ref = RemoteRef(id="theirs")
    place = ReplyTo(parent=ref, root=ref, author="ann")
    return post(number, kind=Kind.REPLY, payload=Payload(text="Thank you!", reply_to=place), **changes)
