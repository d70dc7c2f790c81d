"""What was learned of each account: the version in use, how much of what it needs it has, its effects, its versions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from bowerbird.core.account import Account
from bowerbird.core.facts import Fact
from bowerbird.core.findings import Advice, Model
from bowerbird.core.health import Light
from bowerbird.core.ports import Clock
from bowerbird.core.story import count
from bowerbird.dashboard.asked import Asked, Books
from bowerbird.dashboard.head import head
from bowerbird.dashboard.layers import learning
from bowerbird.dashboard.picture import ground
from bowerbird.learning.checksum import Damaged, canonical

ACCOUNTS_MAX = 20
"""Accounts among which one is chosen on the page, those that learned most first."""
VERSIONS_MAX = 10
"""Newest versions shown and verified."""
EFFECTS_MAX = 12
"""Effects shown, the largest first."""
FACTS_MAX = 8
"""Last lessons told."""
LOG_MAX = 20.0
"""No effect is larger than this on the log scale; what is cannot be shown as a percentage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A lever's effect with its 90 % interval, in percent; `sure` if the interval leaves out 0."""

    lever: str
    mean: str
    low: str
    high: str
    sure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One stored version: whether it is in use, and whether it still hashes to its own name."""

    model: Model
    light: Light
    word: str
    damage: str
    gain: str | None


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """Everything about what was learned, of all accounts in a line each and of one in full."""
    accounts, given = await books.accounts(), await books.advice_given()
    p = replace(await ground(books, clock, asked.beside), accounts=accounts, advice=list(given.values()))
    shown = sorted(accounts, key=lambda account: (-learned_of(given, account), account.id))
    account = chosen(shown, asked.query.get("account", ""))
    advice = given.get(account.id) if account else None
    models = await books.models(account.id, limit=VERSIONS_MAX) if account else []
    lessons = (
        await books.newest_facts(kinds=("learned", "degraded"), account_id=account.id, limit=FACTS_MAX)
        if account
        else []
    )
    return {
        "now": p.now,
        "head": head(p, learning(p)),
        "account": account,
        "choices": [
            (f"/learning?{urlencode({'account': each.id})}", each.handle, each is account)
            for each in shown[:ACCOUNTS_MAX]
        ],
        "more": max(0, len(shown) - ACCOUNTS_MAX),
        "advice": advice,
        "effects": effects(advice) if advice else [],
        "versions": [version(model) for model in models],
        "champion": next((model for model in models if model.champion), None),
        "lessons": [(fact.at, lesson(fact)) for fact in lessons if fact.kind == "learned" or _is_ours(fact)],
    }


def learned_of(given: Mapping[str, Advice], account: Account) -> int:
    """From how many posts was learned for an account."""
    return given[account.id].n if account.id in given else 0


def chosen(accounts: Sequence[Account], wanted: str) -> Account | None:
    """The account that was asked for, or the one that learned most."""
    return next((account for account in accounts if account.id == wanted), accounts[0] if accounts else None)


def effects(advice: Advice) -> list[Effect]:
    """The largest effects with their intervals; none where nothing is known of any."""
    rows = sorted(
        zip(advice.levels, advice.means, advice.lows, advice.highs, strict=False), key=lambda row: -abs(row[1])
    )
    return [
        Effect(
            lever=lever.replace("&", " and ").replace("=", ": "), mean=_percent(mean), low=_percent(low),
            high=_percent(high), sure=low > 0 or high < 0,
        )
        for lever, mean, low, high in rows[:EFFECTS_MAX]
    ]  # fmt: skip


def _percent(log: float) -> str:
    if not abs(log) <= LOG_MAX:
        return "out of range"
    return f"{100 * math.expm1(log):+.0f} %"


def version(model: Model) -> Version:
    """Verify one version as the learner does, without its algebra."""
    damage = ""
    try:
        canonical(model.version, model.state)
    except Damaged as error:
        damage = f"{error}. The learner passes it over, and goes on from the one before it."
    light, word = (Light.GREEN, "in use") if model.champion else (Light.GREY, "kept")
    if damage:
        light, word = Light.RED, "damaged"
    return Version(model=model, light=light, word=word, damage=damage, gain=gain(model.scores))


def gain(scores: Mapping[str, Any]) -> str | None:
    """How much better it foresaw finished posts than their plain average; None before the first one."""
    scored = scores.get("scored")
    if not scored:
        return None
    better = (float(scores.get("log_score", 0)) - float(scores.get("baseline", 0))) / float(scored)
    return f"{better:+.3f} a post, from {scored:,}"


def lesson(fact: Fact) -> str:
    """Say what a pass learned, or what was wrong with a version."""
    if fact.kind == "degraded":
        return str(fact.data.get("sentence", "A version could not be used."))
    told = fact.data
    learned, version = told.get("learned", 0), str(told.get("version", ""))[:8]
    rest = [("repeated", "said nothing new"), ("unusable", "could not be used")]
    more = "".join(f", {told[name]} {words}" for name, words in rest if told.get(name))
    return f"{count(learned, 'reading')} learned{more}: version {version}."


def _is_ours(fact: Fact) -> bool:
    return fact.data.get("part") == "learning"
