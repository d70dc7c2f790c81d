"""Small builders for the storage's suites: a post, a quota, a hold, with everything that does not matter left out."""

from typing import Any

from bowerbird.core.account import Hold, HoldKind, Quota
from bowerbird.core.books import Batch, Change, Committed, Storage
from bowerbird.core.facts import Fact
from bowerbird.core.incident import Delivery, Incident, Severity, Told
from bowerbird.core.lifecycle import Event, State
from bowerbird.core.post import SECOND_US, Kind, Payload, Post, RemoteRef, ReplyTo, expiry

NOW = 1_800_000_000 * SECOND_US
WREN = "bluesky:wren"
FINCH = "bluesky:finch"


def a_post(post_id: str = "p1", **fields: Any) -> Post:
    """A queued post of the wren that is due now."""
    due = fields.get("due", NOW)
    given: dict[str, Any] = {
        "account_id": WREN,
        "key": f"key-{post_id}",
        "thread_id": post_id,
        "payload": Payload(text=f"The text of {post_id}."),
        "state": State.QUEUED,
        "since": NOW,
        "created_at": NOW,
        "due": due,
        "expires_at": expiry(due),
    }
    return Post(id=post_id, **(given | fields))


def a_reply(post_id: str, *, to: str = "at://them/1", **fields: Any) -> Post:
    """A queued answer to somebody's post."""
    parent = RemoteRef(id=to, url="https://example.org/1", cid="cid-1")
    answered = ReplyTo(parent=parent, root=parent, author="@them", text="And what do you think?")
    payload = Payload(text=f"An answer called {post_id}.", reply_to=answered)
    return a_post(post_id, kind=Kind.REPLY, payload=payload, **fields)


def a_thread(name: str, parts: int = 3, **fields: Any) -> list[Post]:
    """A queued thread; its head carries the thread's name, its parts `name.1`, `name.2` and so on."""
    ids = [name, *(f"{name}.{part}" for part in range(1, parts))]
    return [a_post(i, thread_id=name, part=n, parts=parts, **fields) for n, i in enumerate(ids)]


def a_quota(most: float = 2, window_s: float = 60.0, **fields: Any) -> Quota:
    """Two posts a minute for the wren."""
    given: dict[str, Any] = {"scope": "account", "key": f"account:{WREN}", "window_s": window_s, "max": most}
    return Quota(**(given | fields))


def a_hold(kind: HoldKind = HoldKind.PAUSED, **fields: Any) -> Hold:
    """A hold on the wren, in force since now."""
    given: dict[str, Any] = {"account_id": WREN, "kind": kind, "since": NOW, "why": "A person pressed pause."}
    return Hold(**(given | fields))


def a_fact(kind: str = "planned", **fields: Any) -> Fact:
    """Something that happened now."""
    given: dict[str, Any] = {"kind": kind, "at": NOW, "by": "planning", "account_id": WREN}
    return Fact(**(given | fields))


def an_incident(incident_id: str = "i1", **fields: Any) -> Incident:
    """The browser's breaker is open, since now."""
    given: dict[str, Any] = {
        "rule": "BreakerOpen",
        "part": "breaker:browser",
        "scope": "",
        "severity": Severity.CRITICAL,
    }
    given |= {"title": "The browser is down.", "opened_at": NOW, "seen_at": NOW} | fields
    given.setdefault("fingerprint", f"{given['rule']}|{given['part']}|{given['scope']}")
    return Incident(id=incident_id, **given)


def a_delivery(delivery_id: str = "d1", **fields: Any) -> Delivery:
    """A message about `i1` that is due now."""
    given: dict[str, Any] = {
        "incident_id": "i1",
        "told": Told.OPENED,
        "channel": "phone",
        "title": "The browser is down.",
    }
    given |= {"body": "Nothing is lost.", "due_at": NOW, "made_at": NOW}
    return Delivery(id=delivery_id, **(given | fields))


async def write(books: Storage, **fields: Any) -> Committed:
    """Record a batch that must succeed."""
    answer = await books.record(Batch(**fields))
    assert isinstance(answer, Committed)
    return answer


async def shelve(books: Storage, *posts: Post) -> None:
    """Write new posts."""
    await write(books, new_posts=posts)


async def step(books: Storage, post: Post, event: Event, *, now: int = NOW, **fields: Any) -> Post:
    """Take one step of a post's life and write it."""
    after = post.after(event, now=now, **fields)
    await write(books, changes=(Change(post, after),))
    return after


async def claim(books: Storage, *quotas: Quota, now: int = NOW, account_id: str = WREN, owner: str = "boot-1") -> Any:
    """Claim a post for one minute."""
    until = now + 60 * SECOND_US
    return await books.claim_post(account_id, now=now, owner=owner, until=until, quotas=quotas)


async def publish(books: Storage, post: Post, *, now: int = NOW) -> Post:
    """Confirm a claimed post, as the publisher does."""
    place = RemoteRef(id=f"at://us/{post.id}", url="https://example.org/p", cid="cid")
    return await step(books, post, Event.CONFIRMED, now=now, remote=place, published_at=now, look_at=now)
