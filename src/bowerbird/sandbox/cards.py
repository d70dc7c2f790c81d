"""What a page says about a post: the labels as X's pages word them, and the marks that scrapers look for."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup

from bowerbird.sandbox.limits import SECOND_US
from bowerbird.sandbox.people import Post
from bowerbird.sandbox.world import World

RENAMED: Mapping[str, str] = {
    "tweet": "postCard",
    "User-Name": "post-author",
    "tweetText": "post-body",
    "tweetPhoto": "post-image",
    "reply": "act-reply",
    "retweet": "act-repost",
    "like": "act-like",
    "tweetTextarea_0": "composerInput",
    "tweetButton": "composerSubmit",
    "fileInput": "composerFile",
    "altTextInput": "composerAlt",
    "tweetButtonInline": "composerSubmitInline",
    "SideNav_NewTweet_Button": "nav-compose",
    "SideNav_AccountSwitcher_Button": "nav-account",
    "toast": "notice",
    "BottomBar": "guestBar",
    "login": "guest-login",
    "signup": "guest-signup",
    "primaryColumn": "main-column",
    "sidebarColumn": "side-column",
    "SearchBox_Search_Input": "search-input",
    "LoginForm_Login_Button": "signin-submit",
    "emptyState": "nothing-found",
    "endOfList": "list-end",
    "tombstone": "post-gone",
    "error-detail": "problem",
    "UserName": "profile-name",
    "UserDescription": "profile-bio",
}
"""The test ids of variant v1 and what a redesign (v2) calls them; v3 has none."""

_AGES = ((86_400 * 7, 86_400 * 7, "w"), (86_400, 86_400, "d"), (3_600, 3_600, "h"), (60, 60, "m"), (0, 1, "s"))


@dataclass(frozen=True, slots=True)
class Card:
    """One post, ready for a page."""

    post: Post
    name: str
    handle: str
    hue: int
    answered: str
    path: str
    iso: str
    age: str
    said_at: str
    counts: Mapping[str, int]

    @property
    def group_label(self) -> str:
        """The label of the row of buttons; counts of zero are left out, as on X."""
        views, kept = self.counts.get("impressions", 0), self.counts.get("bookmarks", 0)
        acts = (self._count("replies"), self._count("reposts"), self._count("likes"))
        parts = (*acts, (kept, "bookmark", "bookmarks"), (views, "view", "views"))
        return ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in parts if count)

    def button_label(self, kind: str, action: str) -> str:
        """Return the label of one button, such as `152 reposts. Repost`."""
        count, one, many = self._count(kind)
        return f"{count} {one if count == 1 else many}. {action}"

    def _count(self, kind: str) -> tuple[int, str, str]:
        singular = "reply" if kind == "replies" else kind.removesuffix("s")
        return self.counts[kind], singular, kind


def card(world: World, post: Post) -> Card:
    """Return a post ready for a page, as of now."""
    at = datetime.fromtimestamp(post.at / SECOND_US, UTC)
    parent = world.posts.get(post.parent) if post.parent else None
    return Card(
        post=post,
        name=world.accounts[post.account].name,
        handle=post.account,
        hue=hue(post.account),
        answered=parent.account if parent else "",
        path=f"/{post.account}/status/{post.id}",
        iso=at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        age=age((world.now() - post.at) / SECOND_US),
        said_at=f"{at:%H:%M · %d %b %Y} UTC",
        counts=world.counts(post),
    )


def mark(variant: str, name: str) -> str:
    """Return the test id of this part of a page in this variant, or empty where it carries none."""
    return {"v1": name, "v2": RENAMED[name], "v6": name}.get(variant, "")


@dataclass(frozen=True, slots=True)
class Marks:
    """What a template asks about the variant: ``tid("tweet")`` is the attribute of a test id, or nothing.

    Args:
        variant: v1 has X's test ids, v2 others, v3 none; v4 gives the row of buttons no label either; in v5 a post
            is no article any more; v6 is v1, drawn by a script.
    """

    variant: str

    def __call__(self, name: str) -> Markup:
        """Return the attribute, ready for a page."""
        found = mark(self.variant, name)
        return Markup(' data-testid="{}"').format(found) if found else Markup("")

    @property
    def labels(self) -> bool:
        """Whether a row of buttons has a label that tells its numbers."""
        return self.variant in ("v1", "v2", "v3", "v6")

    @property
    def tag(self) -> str:
        """The element that a post is."""
        return "div" if self.variant == "v5" else "article"


def age(seconds: float) -> str:
    """Return an age as people write it: 5s, 12m, 3h, 2d, 6w."""
    _, unit_s, letter = next(row for row in _AGES if seconds >= row[0] or row[0] == 0)
    return f"{max(0, int(seconds // unit_s))}{letter}"


def rounded(count: int) -> str:
    """Return a count as it is shown: 950, 1.2K, 3.4M; nothing for zero."""
    for size, letter in ((1_000_000, "M"), (1_000, "K")):
        if count >= size:
            return f"{count / size:.1f}".removesuffix(".0") + letter
    return str(count) if count else ""


def hue(handle: str) -> int:
    """Return the colour of somebody's picture, in degrees."""
    return zlib.crc32(handle.encode()) % 360
