"""Readings, targets, models, advice."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bowerbird.core.findings import Advice, Model, Reading, Target, TargetState
from bowerbird.storage.checks import checked_limit
from bowerbird.storage.memory.handle import Handle, verb


class MemoryFindings(Handle):
    """Readings, targets, models, advice."""

    @verb
    def readings(self, *, post_id: str = "", account_id: str = "", after: int = 0, limit: int = 500) -> list[Reading]:
        """Readings by seq, oldest first, those with seq > `after`."""
        of_post = self.books.readings_of_post.get(post_id, {}).values()
        found = of_post if post_id else self.books.readings[after:]
        wanted = [r for r in found if (r.seq or 0) > after and account_id in {"", r.account_id}]
        return wanted[: checked_limit(limit)]

    @verb
    def latest_readings(self, post_ids: Collection[str]) -> Mapping[str, Reading]:
        """The newest reading of each of these posts; a post without any is left out."""
        of_post = {post_id: self.books.readings_of_post.get(post_id) for post_id in post_ids}
        return {post_id: next(reversed(found.values())) for post_id, found in of_post.items() if found}

    @verb
    def targets(self, *, account_id: str = "", states: Sequence[TargetState] = (), limit: int = 100) -> list[Target]:
        """Targets, best score first."""
        found = self.books.targets.values()
        wanted = [t for t in found if account_id in {"", t.account_id} and t.state in (states or TargetState)]
        return sorted(wanted, key=lambda target: (-target.score, target.id))[: checked_limit(limit)]

    @verb
    def target(self, target_id: str) -> Target | None:
        """One target by its id."""
        return self.books.targets.get(target_id)

    @verb
    def champion(self, account_id: str) -> Model | None:
        """The model in use."""
        found = self.books.models.values()
        return next((m for m in found if m.account_id == account_id and m.champion), None)

    @verb
    def models(self, account_id: str, *, limit: int = 20) -> list[Model]:
        """Versions, newest first."""
        own = [model for model in self.books.models.values() if model.account_id == account_id]
        newest = sorted(own, key=lambda model: (model.created_at, model.version), reverse=True)
        return newest[: checked_limit(limit)]

    @verb
    def advice(self, account_id: str) -> Advice | None:
        """The newest advice."""
        return self.books.advice.get(account_id)

    @verb
    def advice_given(self) -> Mapping[str, Advice]:
        """The newest advice of every account that has some."""
        return dict(sorted(self.books.advice.items()))
