"""Notice that a site's pages have changed before a number is wrong: hold the ways of reading them against each other.

Whoever reads pages says how; here it is judged, told once, and shown. Once an hour a post of our own that we know is
read on purpose, the canary: a site on which nothing happens is watched as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bowerbird.core import errors
from bowerbird.core.account import Account, HoldKind
from bowerbird.core.books import Batch, Journal, Ledger, Posts, Recorder
from bowerbird.core.facts import Fact
from bowerbird.core.findings import Sighting
from bowerbird.core.gauge import Sample, Snapshot
from bowerbird.core.holding import signed_out
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Clock, Gone, Platform
from bowerbird.measuring.signs import Site

CANARY_S = 3_600.0
"""A post of ours is read on purpose this often, for each account that is driven through a browser, in seconds."""
AGAIN_S = 300.0
"""After it could not be asked for at all, it is tried again after so many seconds; once none is due, so is looking."""
KEEP_S = 600.0
"""What was learned about the sites is written down at most this often, seconds."""
SNAPSHOT = "drift"
CANARIES = 5
"""Newest posts among which a canary is looked for."""


class Books(Recorder, Posts, Ledger, Journal, Protocol):
    """What the watch over pages needs of the storage."""


@dataclass
class Drift:
    """Watches the pages of every site.

    Args:
        platforms: the adapter of each account, by account id.
        sightings: gives how pages were read since it was asked last.
        canary_s: how often a post of our own is read on purpose, seconds.
    """

    storage: Books
    platforms: Mapping[str, Platform]
    clock: Clock
    sightings: Callable[[], Sequence[Sighting]]
    canary_s: float = CANARY_S
    by: str = "drift"
    _sites: dict[str, Site] = field(default_factory=dict)
    _told: dict[str, dict[str, str]] = field(default_factory=dict)
    _unread: dict[str, str] = field(default_factory=dict)
    _due_s: dict[str, float] = field(default_factory=dict)
    _kept_s: float | None = None
    _idle_until_s: float = 0.0

    async def compare_once(self) -> bool:
        """Judge how pages were read, and read a canary if one is due.

        1. Recall, the first time, what was known before the restart.
        2. Read the canary of the account that waits longest, if its hour is over.
        3. Take into account how pages were read; tell each sign when it comes and when it is over.

        Return True if another canary is due.
        """
        if self._kept_s is None:
            await self._recall()
        due = await self._due()
        if due:
            await self._canary(due[0])
        for sighting in self.sightings():
            self._sites.setdefault(sighting.site, Site()).see(sighting)
        await self._tell()
        return len(due) > 1

    async def _due(self) -> list[Account]:
        now_s = self.clock.monotonic()
        if now_s < self._idle_until_s:
            return []
        held = {h.account_id for h in await self.storage.holds(now=self.clock.now()) if h.kind is HoldKind.SIGNED_OUT}
        driven = [
            account
            for account in await self.storage.accounts()
            if account.id not in held
            and account.id in self.platforms
            and self.platforms[account.id].capabilities.browser
            and self._due_s.get(account.id, now_s) <= now_s
        ]
        if not driven:
            self._idle_until_s = now_s + min(AGAIN_S, self.canary_s)
        return sorted(driven, key=lambda account: self._due_s.get(account.id, 0.0))

    async def _canary(self, account: Account) -> None:
        """Read the newest post of ours that has settled, by its place; what is gone or cannot be asked is no sign."""
        now_s, platform = self.clock.monotonic(), self.platforms[account.id]
        self._due_s[account.id] = now_s + min(AGAIN_S, self.canary_s)
        posts = await self.storage.posts(states=(State.PUBLISHED,), account_id=account.id, limit=CANARIES)
        known = [post for post in posts if post.remote is not None and post.remote.url]
        if not known or known[0].remote is None:
            return
        ref = known[0].remote
        try:
            answer = (await platform.counts([ref])).get(ref.id)
        except errors.SignedOut as error:
            await self.storage.record(signed_out(account.id, error, at=self.clock.now(), by=self.by))
            return
        except errors.PlatformError:
            return
        self._due_s[account.id] = now_s + self.canary_s
        if isinstance(answer, Gone):
            return
        site = platform.name
        self._unread.pop(site, None)
        if answer is None:
            self._unread[site] = f"our own post {ref.id} stands there and cannot be read"

    async def _tell(self) -> None:
        """Write down what changed: a sign that came, one that is over."""
        facts: list[Fact] = []
        for site in {*self._sites, *self._unread}:
            signs = self.signs(site)
            told = self._told.setdefault(site, {})
            facts += [self._fact("drifted", site, what, why) for what, why in signs.items() if what not in told]
            facts += [self._fact("drift_over", site, what, why) for what, why in told.items() if what not in signs]
            self._told[site] = signs
        snapshots = self._snapshots(changed=bool(facts))
        if facts or snapshots:
            await self.storage.record(Batch(facts=tuple(facts), snapshots=snapshots))

    def signs(self, site: str) -> dict[str, str]:
        """The signs that a site's pages have changed, each with a sentence."""
        found = self._sites.setdefault(site, Site()).signs()
        if site in self._unread:
            found["blind"] = self._unread[site]
        return found

    def samples(self) -> list[Sample]:
        """How many signs there are for each site, and the numbers behind them."""
        found = []
        for name, site in self._sites.items():
            labels = {"site": name}
            found.append(Sample(name="bowerbird_page_changed", value=len(self.signs(name)), labels=labels))
            agreement = site.agreement()
            if agreement is not None:
                found.append(Sample(name="bowerbird_page_agreement_ratio", value=agreement, labels=labels))
            used = list(site.used)
            shares = {rung: used.count(rung) / len(used) for rung in dict.fromkeys(used)}
            found += [
                Sample(name="bowerbird_page_rung_ratio", value=share, labels={**labels, "rung": rung})
                for rung, share in shares.items()
            ]
        return found

    def _snapshots(self, *, changed: bool) -> tuple[Snapshot, ...]:
        now_s = self.clock.monotonic()
        if not self._sites or (not changed and now_s - (self._kept_s or 0.0) < KEEP_S):
            return ()
        self._kept_s = now_s
        data = {name: site.kept() for name, site in self._sites.items()}
        return (Snapshot(name=SNAPSHOT, at=self.clock.now(), data=data),)

    async def _recall(self) -> None:
        kept = await self.storage.snapshot(SNAPSHOT)
        self._sites = {name: Site.recalled(row) for name, row in kept.data.items()} if kept else {}
        self._kept_s = self.clock.monotonic()

    def _fact(self, kind: str, site: str, what: str, why: str) -> Fact:
        return Fact(kind=kind, at=self.clock.now(), by=self.by, data={"site": site, "what": what, "why": why})
