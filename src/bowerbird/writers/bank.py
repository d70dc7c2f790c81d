"""The claim bank as a writer: it always can, costs nothing, and says only what its entries can show.

1. Claims that were said lately are left out; those on the wanted topic come first.
2. A handful of them is drawn, so that the order of the file is not the order of the posts.
3. Of each claim the wordings nearest to the wanted cell are taken, each candidate in another opening.

An answer to somebody is a claim whose topic or whose names (in its code or tags) they mention; if there is none,
the bank says nothing: words that merely occur in both would make it answer "what a good lunch" with `takewhile`.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from bowerbird.core.ports import Brief, Chance, Draft
from bowerbird.core.post import Choice
from bowerbird.core.text import folded, graphemes, tamed
from bowerbird.writers.claims import Bank, Claim
from bowerbird.writers.wording import ANYTHING, WRITER, wordings, write

CLAIMS_MAX = 4
"""Claims of one draft; a wording is measured in some hundred variants, so more would take long."""
DRAFTS_MAX = 6
COMMON = 0.05
"""A name that more than this share of the claims uses says nothing about a question."""

_WORD = re.compile(r"[^\W_]{4,}")
_CELL = ("topic", "angle", "tone", "format")


class BankWriter:
    """A `Writer` over a bank.

    Args:
        bank: what may be said.
        chance: draws claims and wordings.
        length: measures a text as the platform does; graphemes, as on Bluesky, if not given.
    """

    def __init__(
        self, bank: Bank, *, chance: Chance, length: Callable[[str], int] = lambda text: len(graphemes(text))
    ) -> None:
        self._bank = bank
        self._chance = chance
        self._length = length
        self._fillers = _fillers(bank.claims)
        self._names = [_words(f"{claim.topic} {claim.code}") for claim in bank.claims]
        self._uses = Counter(name for names in self._names for name in names)

    @property
    def name(self) -> str:
        """As recorded in `Choice.writer`."""
        return WRITER

    def cells(self) -> Sequence[Choice]:
        """The cells (topic, angle, tone, format) that some claim fills."""
        return tuple(self._fillers)

    async def draft(self, brief: Brief) -> list[Draft]:
        """Write candidates, nearest to the wanted cell first; an empty list if every claim was said lately."""
        rng = self._chance.stream("bank")
        fresh = [claim for claim in self._bank.claims if claim.id not in brief.avoid_claims]
        if brief.reply_to:
            return self._answers(brief, fresh)
        wanted = self._fitting(brief.wants, fresh)
        found = [
            draft
            for claim in rng.sample(wanted, min(len(wanted), CLAIMS_MAX))
            for draft in self._worded(claim, brief, rng)
        ]
        return sorted(found, key=lambda draft: -_nearness(draft.choice, brief.wants))[:DRAFTS_MAX]

    def _fitting(self, wants: Choice, fresh: Sequence[Claim]) -> Sequence[Claim]:
        """Return the fresh claims that fill the wanted cell, else those on its topic, else all."""
        fillers = self._fillers.get(_cell(wants), frozenset())
        exact = [claim for claim in fresh if claim.id in fillers]
        return exact or [claim for claim in fresh if claim.topic == wants.topic] or fresh

    def _worded(self, claim: Claim, brief: Brief, rng: random.Random) -> list[Draft]:
        """Return the two wordings of a claim nearest to what is wanted, with different openings."""
        choices = wordings(claim, limit=brief.text_max, length=self._length)
        rng.shuffle(choices)
        choices.sort(key=lambda choice: -_nearness(choice, brief.wants))
        openings: dict[str, Choice] = {}
        for choice in choices:
            if len(openings) < 2 and _within(write(claim, choice), brief.bytes_max):
                openings.setdefault(choice.hook, choice)
        return [_draft(claim, choice, brief) for choice in openings.values()]

    def _answers(self, brief: Brief, fresh: Collection[Claim]) -> list[Draft]:
        """Return what the bank knows about a question, rarest shared names first, without links and tags."""
        asked = _words(tamed(brief.reply_to))
        scored = [
            (self._score(claim, names & asked), claim)
            for claim, names in zip(self._bank.claims, self._names, strict=True)
        ]
        known = sorted((pair for pair in scored if pair[0]), key=lambda pair: (pair[1] not in fresh, -pair[0]))
        answers = (self._answer(claim, brief) for _, claim in known[:CLAIMS_MAX])
        return [answer for answer in answers if answer]

    def _score(self, claim: Claim, shared: set[str]) -> float:
        """Return how well a claim answers: most for its topic, more for each name that few claims use."""
        rare = [name for name in shared if self._uses[name] <= max(3, COMMON * len(self._names))]
        return 10.0 * len(_words(claim.topic) & shared) + sum(3.0 / self._uses[name] for name in rare)

    def _answer(self, claim: Claim, brief: Brief) -> Draft | None:
        bare = replace(claim, link="", tags=())
        choices = wordings(bare, limit=brief.text_max, length=self._length)
        plain = (choice for choice in choices if choice.angle == ANYTHING and len(write(bare, choice)) == 1)
        return next((_draft(bare, choice, brief) for choice in plain), None)


def _fillers(claims: Sequence[Claim]) -> dict[Choice, frozenset[str]]:
    """Return which claims fill each cell, at any length."""
    found: dict[Choice, set[str]] = {}
    for claim in claims:
        for choice in wordings(claim, limit=10_000, length=len):
            found.setdefault(_cell(choice), set()).add(claim.id)
    return {cell: frozenset(ids) for cell, ids in found.items()}


def _words(text: str) -> set[str]:
    return set(_WORD.findall(folded(text)))


def _cell(choice: Choice) -> Choice:
    return Choice(topic=choice.topic, angle=choice.angle, tone=str(choice.tone), format=choice.format, writer="")


def _nearness(choice: Choice, wants: Choice) -> int:
    """Count the wanted fields that a choice has."""
    return sum(bool(want := getattr(wants, name)) and getattr(choice, name) == want for name in _CELL)


def _within(texts: Sequence[str], bytes_max: int | None) -> bool:
    return bytes_max is None or all(len(text.encode()) <= bytes_max for text in texts)


def _draft(claim: Claim, choice: Choice, brief: Brief) -> Draft:
    return Draft(
        texts=write(claim, choice), choice=replace(choice, tone=str(choice.tone), slot=brief.wants.slot), cost=0.0
    )
