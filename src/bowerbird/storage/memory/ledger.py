"""Accounts, holds, limits, secrets and people."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence

from bowerbird.core.account import Account, Hold, Learned, Limited, Quota, Used
from bowerbird.core.books import Change
from bowerbird.core.keeping import Words
from bowerbird.core.people import Person
from bowerbird.storage.checks import came_to_rest, checked_limit, never_sent
from bowerbird.storage.memory.books import MemoryBooks, Spend
from bowerbird.storage.memory.handle import Handle, verb
from bowerbird.storage.quotas import CALL_MAX_US, NOBODY, limited, window_us, worst


class MemoryLedger(Handle):
    """Accounts, holds, limits, secrets and people."""

    @verb
    def accounts(self) -> list[Account]:
        """All accounts, by id."""
        return [self.books.accounts[account_id] for account_id in sorted(self.books.accounts)]

    @verb
    def account(self, account_id: str) -> Account | None:
        """One account."""
        return self.books.accounts.get(account_id)

    @verb
    def holds(self, *, now: int) -> list[Hold]:
        """Holds in force, by account and kind."""
        held = [hold for hold in self.books.holds.values() if hold.until is None or hold.until > now]
        return sorted(held, key=lambda hold: (hold.account_id, hold.kind))

    @verb
    def used(self, quotas: Sequence[Quota], *, now: int) -> list[Used]:
        """How much of each quota is gone."""
        return [Used(quota=quota, used=_sum(self.books, quota, now=now)) for quota in quotas]

    @verb
    def full(self, quotas: Sequence[Quota], *, now: int) -> list[Limited]:
        """Those of these quotas into which its cost does not fit just now, in order, with when it will."""
        return list(_refusals(self.books, ((quota, [NOBODY]) for quota in quotas), now=now))

    @verb
    def learned(self) -> list[Learned]:
        """Every learned limit, by key, unit and window."""
        return [self.books.learned[place] for place in sorted(self.books.learned)]

    @verb
    def people(self) -> list[Person]:
        """Everybody who may, or once might, sign in, by name."""
        return [self.books.people[name] for name in sorted(self.books.people)]

    @verb
    def reserve(self, subject: str, quotas: Sequence[Quota], *, now: int) -> Limited | None:
        """Reserve each quota's cost for a subject; what it already holds is not taken twice."""
        return take(self.books, [subject], quotas, now=now, at=now + CALL_MAX_US)

    @verb
    def settle(self, subject: str, *, at: int, cost: float | None = None) -> None:
        """Count what was reserved from `at` on, at its true cost where that is known (0 refunds it)."""
        self.books.mark += 1
        settle(self.books, subject, at=at, cost=cost)

    @verb
    def unused_words(self, account_id: str, *, after: int = 0, limit: int = 20) -> list[Words]:
        """Words that were paid for after this instant and never used, oldest first."""
        unused = (w for w in self.books.words.values() if w.id not in self.books.used)
        wanted = [w for w in unused if w.brief.account_id == account_id and w.at > after]
        return sorted(wanted, key=lambda w: (w.at, w.id))[: checked_limit(limit)]

    @verb
    def load_secret(self, account_id: str, name: str) -> str | None:
        """A session or password."""
        return self.books.secrets.get((account_id, name))

    @verb
    def save_secret(self, account_id: str, name: str, value: str) -> None:
        """Keep it, replacing the old one; `ValueError` if it is empty."""
        if not value:
            raise ValueError("an empty secret is not stored")
        self.books.mark += 1
        self.books.secrets[account_id, name] = value

    @verb
    def forget_secrets(self, account_id: str) -> None:
        """Delete every session and password of this account; none is no error."""
        self.books.mark += 1
        for key in [key for key in self.books.secrets if key[0] == account_id]:
            del self.books.secrets[key]


def counted(books: MemoryBooks, quota: Quota, *, now: int) -> list[tuple[int, float]]:
    """The (at, amount) of every spend inside the window that ends now, oldest first."""
    return list(_inside(books.spends[quota.key, quota.unit], now - window_us(quota)))[::-1]


def _sum(books: MemoryBooks, quota: Quota, *, now: int) -> float:
    return sum(amount for _, amount in counted(books, quota, now=now))


def _inside(ledger: list[Spend], edge: int) -> Iterator[tuple[int, float]]:
    for spend in reversed(ledger):
        if spend.at <= edge:
            return
        yield spend.at, spend.amount


def take(books: MemoryBooks, subjects: Sequence[str], quotas: Sequence[Quota], *, now: int, at: int) -> Limited | None:
    """Reserve every quota for every subject that holds none of it yet, or nothing at all."""
    wants = [(quota, [s for s in subjects if not _holds(books, s, quota, now=now)]) for quota in quotas]
    refusal = worst(_refusals(books, wants, now=now))
    if refusal is None:
        books.mark += 1
        ledgers = {(quota.key, quota.unit): (quota, needy) for quota, needy in wants}  # one spend serves all windows
        for quota, needy in ledgers.values():
            for subject in needy:
                _insert(books, Spend(quota.key, quota.unit, subject, quota.cost, at))
    return refusal


def _refusals(books: MemoryBooks, wants: Iterable[tuple[Quota, list[str]]], *, now: int) -> Iterator[Limited]:
    for quota, needy in wants:
        spends = counted(books, quota, now=now)
        if refusal := limited(quota, spends, need=quota.cost * len(needy), now=now):
            yield refusal


def _holds(books: MemoryBooks, subject: str, quota: Quota, *, now: int) -> bool:
    place = (quota.key, quota.unit)
    return any(s.reserved and s.at > now and (s.key, s.unit) == place for s in books.spends_of.get(subject, ()))


def _at(spend: Spend) -> int:
    return spend.at


def _insert(books: MemoryBooks, spend: Spend) -> None:
    insort(books.spends[spend.key, spend.unit], spend, key=_at)
    books.spends_of[spend.subject].append(spend)


def remove(books: MemoryBooks, spend: Spend) -> None:
    """Take one spend out of its ledger."""
    ledger = books.spends[spend.key, spend.unit]
    del ledger[ledger.index(spend, bisect_left(ledger, spend.at, key=_at))]
    books.spends_of[spend.subject].remove(spend)


def settle(books: MemoryBooks, subject: str, *, at: int, cost: float | None = None) -> None:
    """Give every reservation of this subject its instant and true cost; a cost of 0 gives it back."""
    for spend in [s for s in books.spends_of.get(subject, ()) if s.reserved]:
        remove(books, spend)
        if cost != 0:
            spend.at, spend.reserved = at, False
            spend.amount = spend.amount if cost is None else cost
            _insert(books, spend)


def rest(books: MemoryBooks, change: Change) -> None:
    """A post at rest holds no reservation: what nobody settled counts from now on, unless it was never sent."""
    if came_to_rest(change):
        settle(books, change.after.id, at=change.after.since, cost=0.0 if never_sent(change) else None)
