"""The ladder: which rung reads which post of a page, and whether the others say the same.

Rule 1: a post is read by the first rung that can, and carries the rung's name.
Rule 2: a page of which nothing was read is not empty; only a positive sign makes it that.
Rule 3: comparing rungs changes nothing in what was read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bowerbird.core.findings import Sighting
from bowerbird.platforms.web import answers, reading
from bowerbird.platforms.web.article import RUNGS, Article

Heard = tuple[str, Any]
"""An operation of the site's own API, and its answer."""


@dataclass(frozen=True, slots=True)
class View:
    """What one page gave.

    Args:
        articles: its posts, in the order of the page.
        lists: the site's own answer says that it is a list, so an empty one is really empty.
        fell: the rungs above those that were needed, which should have read and did not.
    """

    articles: Sequence[Article] = ()
    lists: bool = False
    fell: Sequence[str] = ()
    sighting: Sighting | None = field(default=None, compare=False)


def climb(
    heard: Sequence[Heard], rows: Sequence[reading.Row] | None, *, site: str, role: str, at: int, expects: bool
) -> View:
    """Read one page.

    Args:
        heard: what the site's API answered the page; empty if it was not heard.
        rows: what the page shows; None if it was not asked, because the answer was enough.
        expects: whether this page of this site asks an API that we can hear.
    """
    answered = {read.id: read for _, answer in heard for read in answers.articles(answer)}
    exact = list(answered.values())
    if rows is None:
        shown = exact
    else:
        below = {read.id: read for read in reading.articles(rows)}
        shown = [answered.get(post_id, read) for post_id, read in below.items()]
        shown += [read for read in exact if read.id not in below]
    tried = _tried(exact, rows, expects=expects)
    used = Counter(read.strategy for read in shown)
    pairs = _pairs(tried)
    sighting = Sighting(
        site=site,
        role=role,
        at=at,
        used=dict(used),
        read={rung: len(found) for rung, found in tried.items()},
        compared=len(pairs),
        agreed=sum(one.agrees(other) for one, other in pairs),
        paths=frozenset().union(*(answers.paths(op, answer) for op, answer in heard if rows is not None)),
    )
    listed = any(answers.lists(answer) for _, answer in heard)
    return View(shown, listed, _fell(tried, shown, listed=listed), sighting)


def _tried(
    exact: Sequence[Article], rows: Sequence[reading.Row] | None, *, expects: bool
) -> dict[str, Mapping[str, Article]]:
    """What each rung read by itself; those above `rows` were not tried without them."""
    tried: dict[str, Mapping[str, Article]] = {RUNGS[0]: {read.id: read for read in exact}} if expects else {}
    if rows is not None:
        for name, rung in reading.RUNGS_OF_A_PAGE.items():
            tried[name] = {read.id: read for row in rows if (read := rung(row)) is not None}
    return tried


def _pairs(tried: Mapping[str, Mapping[str, Article]]) -> list[tuple[Article, Article]]:
    """Each post as the best rung read it, beside each other rung that read it too."""
    pairs: list[tuple[Article, Article]] = []
    best: dict[str, Article] = {}
    for found in tried.values():
        for post_id, read in found.items():
            if post_id in best:
                pairs.append((best[post_id], read))
            best.setdefault(post_id, read)
    return pairs


def _fell(tried: Mapping[str, Mapping[str, Article]], shown: Sequence[Article], *, listed: bool) -> list[str]:
    """The rungs above the best that was used, of a page on which there was something to read.

    The label of a row of buttons is missing where all its numbers are zero, so ``aria`` alone is no fall.
    """
    if not shown:
        return [] if listed else list(tried)
    best = min(RUNGS.index(read.strategy) for read in shown)
    return [rung for rung in tried if RUNGS.index(rung) < best and rung != "aria"]
