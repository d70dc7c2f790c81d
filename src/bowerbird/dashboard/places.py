"""Where something can be seen and done about a part: one click from an incident to its post, job or breaker. Pure."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, urlencode

from bowerbird.dashboard.drawing import slug

Link = tuple[str, str]
"""An address of ours, and what it is called."""


def _posts(state: str, words: str) -> Callable[[str], Link]:
    def link(account_id: str) -> Link:
        return f"/posts?{urlencode({'account': account_id, 'state': state, 'first': 'oldest'})}", words

    return link


def _account(account_id: str) -> Link:
    return f"/accounts/{quote(account_id, safe=':')}", "The account"


def _page(href: str, words: str) -> Callable[[str], Link]:
    return lambda _: (href, words)


BY_RULE: dict[str, Callable[[str], Link]] = {
    "Parked": _posts("parked", "The posts that need you"),
    "StuckSending": _posts("sending", "The posts being sent"),
    "DoubtOld": _posts("unsure", "The posts in doubt"),
    "PostOverdue": _posts("queued", "The posts that are due"),
    "PostsWait": _page("/queue#due", "The posts that are due"),
}
"""Rules whose place says more than that of their part."""

BY_PART: dict[str, Callable[[str], Link]] = {
    "breaker": lambda name: (f"/breakers#{slug(name)}", "The breaker"),
    "writer": lambda name: (f"/breakers#{slug(f'writer {name}')}", "The writer's breaker"),
    "job": lambda name: (f"/jobs/{quote(name)}", "The job"),
    "lane": lambda name: (f"/jobs#lane-{slug(name)}", "The lane"),
    "jobs": _page("/jobs", "The jobs"),
    "limits": _page("/limits", "The limits"),
    "approval": _page("/approvals", "The approvals"),
    "queue": _page("/queue#cover", "The queue"),
    "limit": lambda name: (f"/limits?{urlencode({'account': name})}" if name else "/limits", "The limits"),
    "posting": _posts("queued", "The posts that are due"),
    "post": _posts("", "The account's posts"),
    "browser": _page("/browsers", "The browsers"),
    "seats": _page("/browsers", "The browsers"),
    "session": _page("/browsers#sessions", "The sessions"),
    **dict.fromkeys(("storage", "books", "disk", "spool"), _page("/storage", "The books")),
    **dict.fromkeys(("cache", "redis"), _page("/cache", "The cache")),
    **dict.fromkeys(("measuring", "page"), _page("/measuring", "The measuring")),
    "learning": lambda account_id: (f"/learning?{urlencode({'account': account_id})}", "The learning"),
    "targets": _page("/opportunities", "The conversations"),
    **dict.fromkeys(("truth", "reserve"), _account),
    **dict.fromkeys(("engine", "loop", "clock", "monitor", "monitors", "alerts"), _page("/engine", "The engine")),
    "channel": _page("/settings", "The settings of the channels"),
}  # fmt: skip
"""Each kind of part, which is what stands before its colon."""


def place_of(part: str, rule: str = "") -> Link | None:
    """The page about a part, narrowed by the rule where that says more; None where there is none."""
    kind, _, name = part.partition(":")
    link = (BY_RULE.get(rule) if name or rule == "PostsWait" else None) or BY_PART.get(kind)
    return link(name) if link else None
