"""Accounts, holds, limits, secrets and people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bowerbird.core.account import Account, Hold, Learned, Limited, Quota, Used
from bowerbird.core.keeping import Words
from bowerbird.core.people import Person
from bowerbird.storage import alarms, people, rows
from bowerbird.storage import statements as s
from bowerbird.storage.checks import checked_limit
from bowerbird.storage.quotas import CALL_MAX_US, NOBODY, limited, window_us, worst
from bowerbird.storage.sqlite.handle import Handle, reading, writing
from bowerbird.storage.sqlite.tx import Tx


class SqliteLedger(Handle):
    """Accounts, holds, limits, secrets and people."""

    @reading
    def accounts(self, tx: Tx) -> list[Account]:
        """All accounts, by id."""
        return [rows.account_of(line) for line in tx.all(s.ACCOUNTS)]

    @reading
    def account(self, tx: Tx, account_id: str) -> Account | None:
        """One account."""
        line = tx.one(s.ACCOUNT, id=account_id)
        return None if line is None else rows.account_of(line)

    @reading
    def holds(self, tx: Tx, *, now: int) -> list[Hold]:
        """Holds in force, by account and kind."""
        return [rows.hold_of(line) for line in tx.all(s.HOLDS, now=now)]

    @reading
    def used(self, tx: Tx, quotas: Sequence[Quota], *, now: int) -> list[Used]:
        """How much of each quota is gone."""
        return [Used(quota=quota, used=_used(tx, quota, now=now)) for quota in quotas]

    @reading
    def full(self, tx: Tx, quotas: Sequence[Quota], *, now: int) -> list[Limited]:
        """Those of these quotas into which its cost does not fit just now, in order, with when it will."""
        return list(_refusals(tx, ((quota, [NOBODY]) for quota in quotas), now=now))

    @reading
    def learned(self, tx: Tx) -> list[Learned]:
        """Every learned limit, by key, unit and window."""
        return [alarms.learned_of(line) for line in tx.all(alarms.LEARNED)]

    @reading
    def people(self, tx: Tx) -> list[Person]:
        """Everybody who may, or once might, sign in, by name."""
        return [people.person_of(line) for line in tx.all(people.PEOPLE)]

    @writing
    def reserve(self, tx: Tx, subject: str, quotas: Sequence[Quota], *, now: int) -> Limited | None:
        """Reserve each quota's cost for a subject; what it already holds is not taken twice."""
        return take(tx, [subject], quotas, now=now, at=now + CALL_MAX_US)

    @writing
    def settle(self, tx: Tx, subject: str, *, at: int, cost: float | None = None) -> None:
        """Count what was reserved from `at` on, at its true cost where that is known (0 refunds it)."""
        settle(tx, subject, at=at, cost=cost)

    @reading
    def unused_words(self, tx: Tx, account_id: str, *, after: int = 0, limit: int = 20) -> list[Words]:
        """Words that were paid for after this instant and never used, oldest first."""
        lines = tx.all(s.UNUSED_WORDS, account_id=account_id, after=after, limit=checked_limit(limit))
        return [rows.words_of(line) for line in lines]

    @reading
    def load_secret(self, tx: Tx, account_id: str, name: str) -> str | None:
        """A session or password, decrypted."""
        line = tx.one(s.SECRET, account_id=account_id, name=name)
        return None if line is None else self.cipher.unlock(line[0])

    @writing
    def save_secret(self, tx: Tx, account_id: str, name: str, value: str) -> None:
        """Store it encrypted, replacing the old one; `ValueError` if it is empty."""
        if not value:
            raise ValueError("an empty secret is not stored")
        token = self.cipher.lock(value, may_make_key=tx.one(s.ANY_SECRET) is None)
        tx.run(s.WRITE_SECRET, account_id=account_id, name=name, token=token)

    @writing
    def forget_secrets(self, tx: Tx, account_id: str) -> None:
        """Delete every session and password of this account; none is no error."""
        tx.run(s.FORGET_SECRETS, account_id=account_id)


def take(tx: Tx, subjects: Sequence[str], quotas: Sequence[Quota], *, now: int, at: int) -> Limited | None:
    """Reserve every quota for every subject that holds none of it yet, or nothing at all."""
    wants = [(quota, [subject for subject in subjects if not _holds(tx, subject, quota, now=now)]) for quota in quotas]
    refusal = worst(_refusals(tx, wants, now=now))
    if refusal is None:
        ledgers = {(quota.key, quota.unit): (quota, needy) for quota, needy in wants}  # one spend serves all windows
        for quota, needy in ledgers.values():
            row = {"key": quota.key, "unit": quota.unit, "amount": quota.cost, "at": at, "reserved": True}
            tx.each(s.RESERVE, ({"subject": subject} | row for subject in needy))
    return refusal


def _refusals(tx: Tx, wants: Iterable[tuple[Quota, list[str]]], *, now: int) -> Iterator[Limited]:
    for quota, needy in wants:
        need = quota.cost * len(needy)
        if need <= quota.max - _used(tx, quota, now=now):
            continue
        if refusal := limited(quota, tx.all(s.SPENDS, **_window(quota, now)), need=need, now=now):
            yield refusal


def _window(quota: Quota, now: int) -> dict[str, str | int]:
    return {"key": quota.key, "unit": quota.unit, "edge": now - window_us(quota)}


def _used(tx: Tx, quota: Quota, *, now: int) -> float:
    line = tx.one(s.USED, **_window(quota, now))
    return line[0] if line is not None else 0.0


def _holds(tx: Tx, subject: str, quota: Quota, *, now: int) -> bool:
    return tx.one(s.RESERVED, subject=subject, key=quota.key, unit=quota.unit, now=now) is not None


def settle(tx: Tx, subject: str, *, at: int, cost: float | None = None) -> None:
    """Give every reservation of this subject its instant and true cost; a cost of 0 gives it back."""
    if cost == 0:
        tx.run(s.REFUND, of_subject=subject)
    elif cost is None:
        tx.run(s.SETTLE, of_subject=subject, at=at)
    else:
        tx.run(s.SETTLE_AT_COST, of_subject=subject, at=at, amount=cost)
