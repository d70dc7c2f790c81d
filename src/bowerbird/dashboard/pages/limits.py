"""Every limit: what is used of it in its window, learned against configured, and when there is room again.

A ledger is what is counted together: an account, all accounts of a platform, a server, or a writer's money. The
fullest come first; in which order, the engine's own numbers say, so that only the limits of one page are counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from bowerbird.core.account import Account, Hold, HoldKind, Learned
from bowerbird.core.gauge import Snapshot
from bowerbird.core.health import Light
from bowerbird.core.ports import Clock
from bowerbird.dashboard.asked import Asked, Books, SettingRow
from bowerbird.dashboard.limits import LimitRow, by_key, money, quotas_of, rows_of, shared, spot
from bowerbird.dashboard.metrics import SAMPLES, unpacked
from bowerbird.posting.pacing import risen

ROWS = 50
"""Accounts on a page."""
SERVERS_MAX = 50
"""Platforms and servers shown."""
NEARLY = 0.8
"""From this share on a limit is nearly used up."""
STEPS = 10
"""In so many steps of their share accounts are told apart, so that their order holds while one turns pages."""
HOLDS = frozenset({HoldKind.LIMITED, HoldKind.BUDGET})
"""Holds that a limit is the reason for."""
ACCOUNT = "account:"
RANKS = (Light.RED, Light.AMBER, Light.GREEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What is counted together, with every window in which it is.

    Args:
        name, href: whose limits they are; the address of its page, or empty.
        light, word, sentence: how near they are, in a word and in a sentence.
        holds: what is held because of them.
    """

    key: str
    name: str
    href: str
    light: Light
    word: str
    sentence: str
    limits: Sequence[LimitRow]
    holds: Sequence[Hold] = ()


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """One page of accounts with their limits, and what all of them share."""
    now = clock.now()
    accounts, learned = await books.accounts(), await books.learned()
    only = asked.query.get("account", "")
    wanted = [account for account in accounts if only in {"", account.id}]
    places = ranked(wanted, await books.snapshot(SAMPLES), learned, now=now)
    page, after = paged(places, asked.query.get("after", ""))
    first = not asked.query.get("after")
    common = await _common(books, wanted, asked.settings, learned, now) if first else []
    return {
        "now": now,
        "writer": await _money(books, asked.settings, now) if first and not only else None,
        "common": common,
        "accounts": await _of_accounts(books, page, asked.settings, learned, now),
        "total": len(accounts),
        "only": only,
        "handle": next((account.handle for account in wanted), only) if only else "",
        "first": "" if first else path(only),
        "next": path(only, after) if after else "",
    }


def ranked(
    accounts: Sequence[Account], said: Snapshot | None, learned: Sequence[Learned], *, now: int
) -> list[tuple[str, Account]]:
    """The accounts with their places in the list: full first, then nearly full or lowered by a refusal."""
    used: dict[str, float] = {}
    for sample in unpacked(said, now=now):
        if sample.name == "bowerbird_limit_used_ratio" and sample.labels["scope"] == "account":
            key = sample.labels["key"].partition(" ")[0]
            used[key] = max(used.get(key, 0.0), sample.value)
    lowered = {row.key for row in learned if risen(row, now) < 1}

    def rank(key: str) -> str:
        share = used.get(key, 0.0)
        level = 0 if share >= 1 else 1 if share >= NEARLY or key in lowered else 2
        return f"{level}{STEPS - int(STEPS * min(1.0, share)):02}"

    places = ((f"{rank(ACCOUNT + account.id)}-{account.id}", account) for account in accounts)
    return sorted(places, key=lambda place: place[0])


def paged(places: Sequence[tuple[str, Account]], after: str) -> tuple[list[Account], str]:
    """The accounts after this place, and the place at which they end if there are more."""
    rest = [(place, account) for place, account in places if place > after]
    return [account for _, account in rest[:ROWS]], rest[ROWS - 1][0] if len(rest) > ROWS else ""


async def _of_accounts(
    books: Books, accounts: Sequence[Account], settings: Sequence[SettingRow], learned: Sequence[Learned], now: int
) -> list[Counted]:
    quotas, configured = quotas_of(accounts, shared(settings), learned, now)
    own = [quota for quota in quotas if quota.scope == "account"]
    rows = by_key(await rows_of(books, own, configured, learned, now))
    holds = [hold for hold in await books.holds(now=now) if hold.kind in HOLDS]
    return [
        counted(
            ACCOUNT + account.id, f"{account.handle} on {account.platform}", rows.get(ACCOUNT + account.id, ()),
            href=f"/accounts/{quote(account.id, safe=':')}",
            holds=[hold for hold in holds if hold.account_id == account.id],
        )
        for account in accounts
    ]  # fmt: skip


async def _common(
    books: Books, accounts: Sequence[Account], settings: Sequence[SettingRow], learned: Sequence[Learned], now: int
) -> list[Counted]:
    """What accounts share: the limits of each platform and of each server, the fullest first."""
    one_each = {(account.platform, account.url): account for account in accounts}
    quotas, configured = quotas_of(list(one_each.values())[: 2 * SERVERS_MAX], shared(settings), learned, now)
    rows = await rows_of(books, [q for q in quotas if q.scope != "account"], configured, learned, now)
    found = [counted(key, name_of(key), limits) for key, limits in by_key(rows).items()]
    return sorted(found, key=lambda one: (RANKS.index(one.light), one.key))[:SERVERS_MAX]


async def _money(books: Books, settings: Sequence[SettingRow], now: int) -> Counted | None:
    budget = money(settings)
    if budget is None:
        return None
    [row] = (await rows_of(books, [budget], {spot(budget): budget.max}, (), now)).values()
    if row.used >= row.max:
        sentence = "The day's budget is spent; the bank writes until some of it is a day old."
        return Counted(key=budget.key, name=name_of(budget.key), href="", light=Light.AMBER, word="spent",
                       sentence=sentence, limits=[row])  # fmt: skip
    return counted(budget.key, name_of(budget.key), [row])


def counted(key: str, name: str, limits: Sequence[LimitRow], *, href: str = "", holds: Sequence[Hold] = ()) -> Counted:
    """Say how near its limits something is: the fullest speaks for all."""
    light, word, sentence = judged(limits)
    return Counted(
        key=key, name=name, href=href, light=light, word=word, sentence=sentence, limits=limits, holds=holds
    )  # fmt: skip


def judged(limits: Sequence[LimitRow]) -> tuple[Light, str, str]:
    """The light of a few limits, with its word and its sentence; a full one works with less."""
    if any(row.max <= 0 for row in limits):
        return Light.RED, "closed", "One of them allows nothing, so nothing is sent."
    if any(row.full for row in limits):
        return Light.AMBER, "full", "Nothing more is sent until there is room; what is due waits, or is too late."
    if any(row.back_at is not None for row in limits):
        return Light.AMBER, "lowered", "Something was refused, so less is sent than is configured; it rises by itself."
    if any(row.share >= NEARLY for row in limits):
        return Light.AMBER, "nearly full", "There is little room left."
    return Light.GREEN, "has room", ""


def name_of(key: str) -> str:
    """Whose limits these are: ``host:bsky.social`` is the server bsky.social."""
    kind, _, name = key.partition(":")
    words = {"app": f"All accounts on {name}", "host": f"The server {name}", "writer": f"The writer {name}"}
    return words.get(kind, name)


def path(account_id: str, after: str = "") -> str:
    """The address of the same list, from a place on."""
    kept: Mapping[str, str] = {name: v for name, v in (("account", account_id), ("after", after)) if v}
    return f"/limits?{urlencode(kept)}" if kept else "/limits"
