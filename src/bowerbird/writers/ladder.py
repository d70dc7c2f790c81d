"""A writer made of writers: the first that can write does; the last one should be a bank, which always can."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from bowerbird.core.errors import WriterBusy, WriterError
from bowerbird.core.gauge import Sample
from bowerbird.core.ports import Brief, Draft, Writer
from bowerbird.core.post import Choice
from bowerbird.resilience.breaker import Breaker

DOWN_AFTER = 3
"""Failed calls in a row after which a writer counts as down."""


class Ladder:
    """A `Writer` that asks its rungs from the top until one gives candidates.

    Each draft says in `Draft.fell_back` who could not, and why: the planner writes it down.

    Args:
        rungs: from the top.
        breakers: of those rungs that have one, by their names.
    """

    def __init__(self, rungs: Sequence[Writer], breakers: Mapping[str, Breaker] | None = None) -> None:
        if not rungs:
            raise ValueError("a ladder needs a rung")
        self.rungs = tuple(rungs)
        self._cells: tuple[Choice, ...] = ()
        self.failures = {rung.name: 0 for rung in self.rungs}
        """Failed calls in a row, by writer; asking to wait is one too, for nobody wrote."""
        self._breakers = breakers or {}
        self._down: set[str] = set()

    @property
    def name(self) -> str:
        """The first rung's name; each draft carries the name of its real writer."""
        return self.rungs[0].name

    def cells(self) -> tuple[Choice, ...]:
        """The cells of those who have any: a provider is asked for what the bank below it could fill too."""
        if not self._cells:
            self._cells = tuple(dict.fromkeys(cell for rung in self.rungs for cell in rung.cells()))
        return self._cells

    def reserve(self, said: Collection[str]) -> int:
        """How many posts its rungs can still write without asking anybody, after these claims were said."""
        return sum(rung.reserve(said) for rung in self.rungs)

    def samples(self) -> list[Sample]:
        """Failed calls in a row, and whether it works, by writer."""
        return [
            sample
            for name, n in self.failures.items()
            for sample in (
                Sample(name="bowerbird_writer_failures_in_a_row", value=n, labels={"writer": name}),
                Sample(name="bowerbird_writer_up", value=not self._is_down(name), labels={"writer": name}),
            )
        ]

    def _is_down(self, name: str) -> bool:
        """True since its breaker opened or it failed too often, until it writes: a probe alone proves no words."""
        return name in self._down or (name in self._breakers and not self._breakers[name].closed)

    async def draft(self, brief: Brief) -> list[Draft]:
        """Return the first rung's candidates that gives any.

        Raises `WriterBusy` with the earliest `retry_at` if one of them asked to wait, else `WriterError`, with
        every rung's reason; an empty list if some could write and had nothing left to say.
        """
        falls: list[str] = []
        failed: list[WriterError] = []
        for rung in self.rungs:
            try:
                drafts = await rung.draft(brief)
            except WriterError as error:
                self.failures[rung.name] += 1
                if self.failures[rung.name] >= DOWN_AFTER or self._is_down(rung.name):
                    self._down.add(rung.name)
                failed.append(error)
                falls.append(str(error))
                continue
            self.failures[rung.name] = 0
            self._down.discard(rung.name)
            if drafts:
                return [replace(draft, fell_back=tuple(falls)) for draft in drafts]
            falls.append(f"{rung.name} had nothing to say")
        if len(failed) < len(self.rungs):
            return []
        waits = [error.retry_at for error in failed if isinstance(error, WriterBusy)]
        raise WriterBusy("; ".join(falls), retry_at=min(waits)) if waits else WriterError("; ".join(falls))
