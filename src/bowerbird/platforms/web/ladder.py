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
        none: the site's own answer says that there is nothing.
        unread: so many posts stand there of which nothing could be made.
        fell: the rungs above those that were needed, which should have read and did not.
    """

    articles: Sequence[Article] = ()
    none: bool = False
    unread: int = 0
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
    none = not shown and any(answers.says_none(answer) for _, answer in heard)
    return View(shown, none, _unread(heard, rows, shown), _fell(tried, shown, none=none), sighting)


def _unread(heard: Sequence[Heard], rows: Sequence[reading.Row] | None, shown: Sequence[Article]) -> int:
    """Count the posts that nobody could read: of the page where it was asked, else of the answer."""
    if rows is None:
        return sum(answers.unread(answer) for _, answer in heard)
    read = {one.id for one in shown}
    return sum(reading.id_of(row) not in read for row in rows)


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


def _fell(tried: Mapping[str, Mapping[str, Article]], shown: Sequence[Article], *, none: bool) -> list[str]:
    """The rungs above the worst that was needed, of a page on which there was something to read.

    The label of a row of buttons is missing where all its numbers are zero, so ``aria`` alone is no fall.
    """
    if not shown:
        return [] if none else list(tried)
    worst = max(RUNGS.index(read.strategy) for read in shown)
    return [rung for rung in tried if RUNGS.index(rung) < worst and rung != "aria"]
