"""Readings, targets, models, advice."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bowerbird.core.findings import Advice, Model, Reading, Target, TargetState
from bowerbird.storage import rows
from bowerbird.storage import statements as s
from bowerbird.storage.checks import checked_limit
from bowerbird.storage.sqlite.handle import Handle, reading
from bowerbird.storage.sqlite.tx import Tx


class SqliteFindings(Handle):
    """Readings, targets, models, advice."""

    @reading
    def readings(
        self, tx: Tx, *, post_id: str = "", account_id: str = "", after: int = 0, limit: int = 500
    ) -> list[Reading]:
        """Readings by seq, oldest first, those with seq > `after`."""
        statement = s.list_readings(of_post=bool(post_id), of_account=bool(account_id))
        values = {"post_id": post_id, "account_id": account_id, "after": after, "limit": checked_limit(limit)}
        return [rows.reading_of(line) for line in tx.all(statement, **values)]

    @reading
    def latest_readings(self, tx: Tx, post_ids: Collection[str]) -> Mapping[str, Reading]:
        """The newest reading of each of these posts; a post without any is left out."""
        found = {post_id: tx.one(s.NEWEST_READING, post_id=post_id) for post_id in post_ids}
        return {post_id: rows.reading_of(line) for post_id, line in found.items() if line is not None}

    @reading
    def targets(
        self, tx: Tx, *, account_id: str = "", states: Sequence[TargetState] = (), limit: int = 100
    ) -> list[Target]:
        """Targets, best score first."""
        statement = s.list_targets(of_account=bool(account_id))
        values = {"account_id": account_id, "limit": checked_limit(limit)}
        wanted = dict.fromkeys(states or TargetState)
        found = [rows.target_of(line) for state in wanted for line in tx.all(statement, state=state.value, **values)]
        return sorted(found, key=lambda target: (-target.score, target.id))[: checked_limit(limit)]

    @reading
    def target(self, tx: Tx, target_id: str) -> Target | None:
        """One target by its id."""
        line = tx.one(s.TARGET, id=target_id)
        return None if line is None else rows.target_of(line)

    @reading
    def champion(self, tx: Tx, account_id: str) -> Model | None:
        """The model in use."""
        line = tx.one(s.CHAMPION, account_id=account_id)
        return None if line is None else rows.model_of(line)

    @reading
    def models(self, tx: Tx, account_id: str, *, limit: int = 20) -> list[Model]:
        """Versions, newest first."""
        return [rows.model_of(line) for line in tx.all(s.MODELS, account_id=account_id, limit=checked_limit(limit))]

    @reading
    def advice(self, tx: Tx, account_id: str) -> Advice | None:
        """The newest advice."""
        line = tx.one(s.ADVICE, account_id=account_id)
        return None if line is None else rows.advice_of(line)

    @reading
    def advice_given(self, tx: Tx) -> Mapping[str, Advice]:
        """The newest advice of every account that has some."""
        return {advice.account_id: advice for advice in map(rows.advice_of, tx.all(s.ALL_ADVICE))}
