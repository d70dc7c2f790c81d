"""The claim bank as a writer: it always can, costs nothing, and says only what its entries can show.

1. Claims that were said lately are left out; those on the wanted topic come first.
2. A handful of them is drawn, so that the order of the file is not the order of the posts.
3. Of each claim the wordings nearest to the wanted cell are taken, each candidate in another opening.

An answer to somebody is a claim whose topic they name, or something that its code imports or calls; if there is
none, the bank says nothing. Words that merely occur in both are not enough: they would answer "how does it compare"
with `compare_digest`.
"""

from __future__ import annotations

import ast
import random
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from bowerbird.core.ports import Brief, Chance, Draft, Sketch
from bowerbird.core.post import Choice
from bowerbird.core.text import folded, graphemes, tamed
from bowerbird.writers.claims import Bank, Claim
from bowerbird.writers.wording import ANYTHING, WRITER, choices, wordings, write

CLAIMS_MAX = 4
"""Claims of one draft; a wording is measured in some hundred variants, so more would take long."""
DRAFTS_MAX = 6
COMMON = 0.05
"""A name that more than this share of the claims uses says nothing about a question."""

NAME_MIN = 3
EVERYDAY = frozenset({
    "all", "and", "any", "compare", "copy", "count", "date", "field", "find", "first", "format", "gather", "get",
    "group", "help", "index", "input", "last", "like", "line", "list", "main", "map", "match", "max", "min", "name",
    "next", "number", "open", "order", "out", "path", "print", "range", "read", "reduce", "repeat", "replace", "run",
    "set", "sleep", "split", "string", "sum", "text", "time", "total", "type", "wait", "words", "write",
})  # fmt: skip
"""Names that people use as words; they count only where they are written as code, such as ``count()``."""

_WORD = re.compile(r"[^\W\d][\w-]*")
_CODE = re.compile(r"(?:(?<=\.)[^\W\d]\w*|[^\W\d]\w*(?=\())")
STATED = ("claim-first", "claim-only")
"""Formats of an answer: it opens with the claim."""
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
        self._names = [_names(claim.code) for claim in bank.claims]
        self._uses = Counter(name for names in self._names for name in names)

    @property
    def name(self) -> str:
        """As recorded in `Choice.writer`."""
        return WRITER

    def cells(self) -> Sequence[Choice]:
        """The cells (topic, angle, tone, format) that some claim fills."""
        return tuple(self._fillers)

    def reserve(self, said: Collection[str]) -> int:
        """How many claims were not said lately: so many slots it fills whatever else is down."""
        return sum(claim.id not in said for claim in self._bank.claims)

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
        found = wordings(claim, limit=brief.text_max, length=self._length)
        rng.shuffle(found)
        found.sort(key=lambda choice: -_nearness(choice, brief.wants))
        openings: dict[str, Choice] = {}
        for choice in found:
            if len(openings) < 2 and _within(write(claim, choice), brief.bytes_max):
                openings.setdefault(choice.hook, choice)
        return [_draft(claim, choice, brief) for choice in openings.values()]

    def _answers(self, brief: Brief, fresh: Collection[Claim]) -> list[Draft]:
        """Return what the bank knows about a question, rarest shared names first, without links and tags."""
        asked = _asked(tamed(brief.reply_to))
        scored = [
            (self._score(claim, names, asked), claim)
            for claim, names in zip(self._bank.claims, self._names, strict=True)
        ]
        known = sorted((pair for pair in scored if pair[0]), key=lambda pair: (pair[1] not in fresh, -pair[0]))
        answers = (self._answer(claim, brief) for _, claim in known[:CLAIMS_MAX])
        return [answer for answer in answers if answer]

    def _score(self, claim: Claim, names: set[str], asked: set[str]) -> float:
        """Return how well a claim answers: most for its topic, more for each name that few claims use."""
        rare = [name for name in names & asked if self._uses[name] <= max(3, COMMON * len(self._names))]
        topic = set(_WORD.findall(folded(claim.topic)))
        return 10.0 * bool(topic and topic <= asked) + sum(3.0 / self._uses[name] for name in rare)

    def _answer(self, claim: Claim, brief: Brief) -> Draft | None:
        """Word a claim as one text, with an opening that states; whoever asked is not asked back."""
        bare = replace(claim, link="", tags=())
        found = wordings(bare, limit=brief.text_max, length=self._length)
        plain = [choice for choice in found if choice.angle == ANYTHING and choice.format in STATED]
        return _draft(bare, self._chance.stream("answers").choice(plain), brief) if plain else None


def _fillers(claims: Sequence[Claim]) -> dict[Choice, frozenset[str]]:
    """Return which claims fill each cell, at any length; what is true of a claim is true of all of its shape."""
    shapes: dict[object, tuple[Choice, ...]] = {}
    found: dict[Choice, set[str]] = {}
    for claim in claims:
        shape = (claim.angles, bool(claim.code), bool(claim.output), bool(claim.link))
        if shape not in shapes:
            shapes[shape] = tuple(dict.fromkeys(_cell(choice) for choice in choices(claim)))
        for cell in shapes[shape]:
            found.setdefault(replace(cell, topic=claim.topic), set()).add(claim.id)
    return {cell: frozenset(ids) for cell, ids in found.items()}


def _names(code: str) -> set[str]:
    """Return what Python code imports, calls or reaches into, without what it names itself; other code has none."""
    try:
        nodes = list(ast.walk(ast.parse(code)))
    except (SyntaxError, ValueError):
        return set()
    own = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    own |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    found = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    found |= {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {part for alias in node.names for part in alias.name.split(".")}
            found |= set((getattr(node, "module", "") or "").split("."))
    return {folded(name) for name in found - own if len(name) >= NAME_MIN}


def _asked(text: str) -> set[str]:
    """Return the words of a question that may be names: everyday ones only where they are written as code."""
    plain = folded(text)
    return set(_WORD.findall(plain)) - EVERYDAY | set(_CODE.findall(plain))


def _cell(choice: Choice) -> Choice:
    return Choice(topic=choice.topic, angle=choice.angle, tone=str(choice.tone), format=choice.format, writer="")


def _nearness(choice: Choice, wants: Choice) -> int:
    """Count the wanted fields that a choice has."""
    return sum(bool(want := getattr(wants, name)) and getattr(choice, name) == want for name in _CELL)


def _within(texts: Sequence[str], bytes_max: int | None) -> bool:
    return bytes_max is None or all(len(text.encode()) <= bytes_max for text in texts)


def _draft(claim: Claim, choice: Choice, brief: Brief) -> Draft:
    return Draft(
        texts=write(claim, choice),
        choice=replace(choice, tone=str(choice.tone), slot=brief.wants.slot),
        cost=0.0,
        sketch=Sketch(text=claim.text, code=claim.code, output=claim.output),
    )
