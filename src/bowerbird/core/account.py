"""Whose posts they are, what holds them back, and how much may be sent."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit


class Mode(StrEnum):
    """How a post of this account comes by its approval."""

    ASK = "ask"  # a person approves everything (default)
    ASK_NEW = "ask-new"  # the bank and evergreen posts pass; everything else is asked
    VETO = "veto"  # sent at its time unless a person says no before
    AUTO = "auto"  # nobody is asked


class HoldKind(StrEnum):
    """Why nothing is sent for an account just now. Holds live on accounts, never in a post's state."""

    PAUSED = "paused"
    SIGNED_OUT = "signed out"
    BUDGET = "budget"
    LIMITED = "limited"
    CLOCK = "clock"
    UNATTESTED = "unattested"


def in_browser(platform: str) -> bool:
    """Whether a platform is reached through the pages of its site."""
    return platform.endswith("-web") or platform == "x"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account on one platform.

    Args:
        id: ``<platform>:<handle>``, chosen once.
        platform: the adapter's name: ``sandbox``, ``sandbox-web``, ``bluesky``, ``x``.
        url: the address of the platform's server.
        rehearsal: True on the sandbox; rehearsal numbers never mix with real ones.
        mode: how posts are approved.
        zone: IANA time zone of the slots.
        slots: local times of day, ``HH:MM``; posts are planned for these.
        every_s: instead of slots, one each `every_s` seconds (rehearsal), or None.
        cover_h: hours of queue the planner keeps full.
        labelled, operator: attested by the owner before the first real post: the account says that it is
            automated, and who runs it.
        searches: queries the harvester looks for.
        other_driver: another adapter that reaches the same account, such as ``sandbox`` for ``sandbox-web``: a post
            that nobody has tried to send yet goes by it while the own one is down. Empty: the post waits.
    """

    id: str
    workspace_id: str = "home"
    platform: str
    handle: str
    url: str = ""
    rehearsal: bool = False
    mode: Mode = Mode.ASK
    zone: str = "UTC"
    slots: tuple[str, ...] = ("09:30", "12:30", "17:30")
    every_s: float | None = None
    cover_h: float = 24.0
    posts_per_hour_max: int = 4
    posts_per_day_max: int = 12
    labelled: bool = False
    operator: str = ""
    searches: tuple[str, ...] = ()
    other_driver: str = ""
    followers: int | None = None
    created_at: int = 0

    @property
    def rests(self) -> bool:
        """True where nothing is to be planned or answered: a rehearsal that is over."""
        return self.cover_h <= 0


def host_of(account: Account, driver: str = "") -> str:
    """The name of the host behind an account, such as ``bluesky bsky.social``; its breaker has the same.

    Args:
        driver: the adapter that reaches it; the account's own if empty.
    """
    return f"{driver or account.platform} {urlsplit(account.url).netloc or account.url}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One reason to send nothing for an account, since when, until when (None: until lifted), and in words."""

    account_id: str
    kind: HoldKind
    since: int
    until: int | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """A limit over a sliding window, taken in the same transaction as the claim.

    Args:
        scope: ``account``, ``app`` or ``host``.
        key: what is counted, such as ``account:bluesky:wren``; quotas with the same key and unit share a ledger.
        window_s: length of the window in seconds.
        max: the most that may be spent inside any window.
        unit: ``posts``, ``points``, ``tokens`` or ``dollars``.
        cost: how much one post (one part of a thread) takes.
    """

    scope: str
    key: str
    window_s: float
    max: float
    unit: str = "posts"
    cost: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What a platform really allows, learned from its headers and refusals; never above what is configured.

    Args:
        key, unit, window_s: the quota it is about.
        max: the most it seems to allow inside the window, in the quota's unit.
        at: when it last changed, microseconds; `why`: the refusal or header it was learned from.
        refusals: refusals since it was last raised.
    """

    key: str
    unit: str
    window_s: float
    max: float
    at: int
    why: str = ""
    refusals: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """How much of a quota is gone: `used` counts what is reserved too; both in the quota's unit."""

    quota: Quota
    used: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Limited:
    """A claim that a quota did not allow; `retry_at` is when enough falls out of the window (microseconds)."""

    quota: Quota
    used: float
    retry_at: int
