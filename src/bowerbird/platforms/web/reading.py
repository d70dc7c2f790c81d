"""Read posts off a page: one script collects what each article says, pure functions make sense of it.

The script asks the page once and gives plain rows; which rung can read a row is decided here, without the page.
Three rungs need a page (the first, the site's own answers, does not):

    testid   the marks that the site's own tests look for
    aria     what a screen reader is told: the article's permalink with a time in it, the words with their language,
             the label of the row of buttons
    labels   each button's own label, where the row has none

One call for a whole page is 36 times faster than one per element.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bowerbird.core.findings import Counts
from bowerbird.core.post import SECOND_US
from bowerbird.platforms.web.article import Article

ROWS = """() => Array.from(document.querySelectorAll('article')).map(article => {
  const one = marks => article.querySelector(marks.map(mark => `[data-testid="${mark}"]`).join(', '));
  const label = node => node ? node.getAttribute('aria-label') : null;
  const said = node => {
    if (!node || !node.querySelector('img[alt]')) return node ? node.innerText : null;
    const copy = node.cloneNode(true);
    for (const image of copy.querySelectorAll('img[alt]')) image.replaceWith(image.alt);
    return copy.innerText;
  };
  const time = article.querySelector('a[href*="/status/"] time[datetime]');
  if (!time || one(['placementTracking'])) return null;
  const group = article.querySelector('[role="group"]');
  const body = one(['tweetText']), words = article.querySelector('[lang]');
  return {
    href: time.closest('a').getAttribute('href'),
    at: time.getAttribute('datetime'),
    marked: article.getAttribute('data-testid') === 'tweet',
    body: said(body),
    words: said(words),
    picture: !!one(['tweetPhoto']),
    acts: [['reply'], ['retweet', 'unretweet'], ['like', 'unlike']].map(marks => label(one(marks))),
    label: label(group),
    buttons: Array.from((group || article).querySelectorAll('[aria-label]')).map(label),
  };
}).filter(row => row !== null)"""
"""Runs in the page; returns a list of plain rows. Emoji may stand there as pictures of themselves."""

LADDERS = "ladders => ladders.map(ladder => ladder.find(rung => document.querySelector(rung)) ?? null)"
"""Runs in the page; returns the first selector of each ladder that matches something, or null."""

HREF = "ladder => ladder.map(rung => document.querySelector(rung)).find(link => link)?.getAttribute('href') ?? null"
"""Runs in the page; returns where the first selector that matches a link leads, or null."""

_NUMBER = re.compile(r"([\d,.\u00a0\u202f ]*\d)\s+([a-z]+)", re.IGNORECASE)
_COUNTED = re.compile(r"\d[\d,.\u00a0\u202f ]*(?:[kmb]\b)?\s*([^\W\d_]*)", re.IGNORECASE)
_NAMES = {
    "reply": "replies",
    "replies": "replies",
    "repost": "reposts",
    "reposts": "reposts",
    "like": "likes",
    "likes": "likes",
    "quote": "quotes",
    "quotes": "quotes",
    "view": "impressions",
    "views": "impressions",
}
_ALWAYS = ("replies", "reposts", "likes")
_ALSO = ("bookmark", "bookmarks")
"""Words of such labels that are no numbers of ours."""

Row = Mapping[str, Any]


def articles(rows: Sequence[Row]) -> list[Article]:
    """Read each row by the first rung that can; what none can read is no post."""
    return [found for row in rows if (found := article(row)) is not None]


def article(row: Row) -> Article | None:
    """Make sense of one row; None if it is no post after all."""
    return next((found for rung in RUNGS_OF_A_PAGE.values() if (found := rung(row)) is not None), None)


def by_test_ids(row: Row) -> Article | None:
    """Read an article that is marked as a post, by its marked parts; each button says its number, zero too."""
    acts = [str(act) for act in row.get("acts") or () if act]
    if not row.get("marked") or not acts:
        return None
    shown = [*acts, *(str(button) for button in row.get("buttons") or () if "view" in str(button).lower())]
    return _article(row, _words(row, "body"), _summed(shown, "testid"), partly=_unread(shown))


def by_semantics(row: Row) -> Article | None:
    """Read an article as a screen reader does; the group's label lists every number that is not zero.

    So one that it leaves out is an observed 0, if every number on it has a word that we know: a label in another
    language leaves nothing out. One whose word is there but whose number cannot be read is None. Views are the
    exception: a site that does not show them leaves them out too, so they are None. Where everything is zero there is
    no label at all.
    """
    label = str(row.get("label") or "")
    if not label and (zeros := _all_zero(row)):
        return _article(row, _words(row, "words"), Counts(**zeros, source="aria"))
    found = labelled(label)
    words = re.findall("[a-z]+", label.lower())
    named = {_NAMES[word] for word in words if word in _NAMES}
    if not named and not any(word in _ALSO for word in words):
        return None
    whole = _all_known(label)
    zero = {name: 0 for name in _ALWAYS if whole and name not in named}
    partly = not whole or not named <= set(found)
    return _article(row, _words(row, "words"), Counts(**(zero | found), source="aria"), partly=partly)


def by_buttons(row: Row) -> Article | None:
    """Read an article whose row of buttons has no label: each says its own number, and what none says is None."""
    buttons = [str(button) for button in row.get("buttons") or ()]
    text = _words(row, "words")
    return _article(row, _words(row, "body") if text is None else text, _summed(buttons, "labels"))


RUNGS_OF_A_PAGE: Mapping[str, Callable[[Row], Article | None]] = {
    "testid": by_test_ids,
    "aria": by_semantics,
    "labels": by_buttons,
}
"""The rungs that need a page, the best first."""


def id_of(row: Row) -> str:
    """The id of the post that a row shows, whatever else can be read of it."""
    return str(row.get("href") or "").split("?")[0].rstrip("/").rsplit("/", 1)[-1]


def _article(row: Row, text: str | None, counts: Counts, *, partly: bool = False) -> Article | None:
    parts = [part for part in str(row.get("href") or "").split("?")[0].split("/") if part]
    at = _instant(str(row.get("at")))
    if len(parts) < 3 or parts[-2] != "status" or text is None or at is None:
        return None
    return Article(
        id=parts[-1],
        author=parts[-3],
        path="/" + "/".join(parts),
        at=at,
        text=text,
        counts=counts,
        strategy=counts.source,
        partly=partly,
    )


def _words(row: Row, where: str) -> str | None:
    """The words of a post; a picture may stand without any, but words that have not loaded are not none."""
    text = row.get(where)
    return str(text) if text is not None else "" if row.get("picture") else None


def _instant(text: str) -> int | None:
    try:
        return round(datetime.fromisoformat(text).timestamp() * SECOND_US)
    except ValueError:
        return None


def _summed(buttons: Sequence[str], source: str) -> Counts:
    found: dict[str, int] = {}
    for button in buttons:
        found.update(labelled(button))
    return Counts(**found, source=source)


def _all_zero(row: Row) -> dict[str, int]:
    """The numbers of a row of buttons that all say zero; none if any says otherwise."""
    found: dict[str, int] = {}
    for button in row.get("buttons") or ():
        found.update(labelled(str(button)))
    return found if set(_ALWAYS) <= set(found) and not any(found.values()) else {}


def _all_known(label: str) -> bool:
    """Whether each number of a label stands before a word that we know."""
    return all(word in _NAMES or word in _ALSO for word in _COUNTED.findall(label.lower()))


def _unread(buttons: Sequence[str]) -> bool:
    return any(any(letter.isdigit() for letter in button) and not labelled(button) for button in buttons)


def labelled(label: str) -> dict[str, int]:
    """Read ``"2 replies, 1 repost, 6 likes, 493 views"``."""
    found = {}
    for number, word in _NUMBER.findall(label):
        name = _NAMES.get(word.lower())
        if name:
            found[name] = int(re.sub(r"\D", "", number))
    return found
