"""What a site looks like, as data: addresses, selectors in a ladder, and what proves what.

Selectors are tried in order and the first that matches wins; the later rungs need no test ids, only roles
and words, and so survive a change of the page.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One site.

    Args:
        home, composer, reply, profile, search, notifications: paths; ``{handle}``, ``{id}``, ``{query}`` are filled in.
        text_box, send, toast_link, signed_in, signed_out, empty: selector ladders. A page that fits neither
            `signed_in` nor `signed_out` is not trusted; `empty` is how a list says that there is nothing.
        older: the link to the next page of a list.
        sign_in: path, selectors of handle and password, and of the button; empty where only a person may sign in.
        write_path: the path whose POST is the write.
        settle_s: how long an accepted post may take to show on the profile.
        text_max: longest text in graphemes.
    """

    name: str
    home: str = "/home"
    composer: str = "/compose"
    reply: str = "/compose?reply_to={id}"
    profile: str = "/{handle}"
    search: str = "/search?q={query}"
    notifications: str = "/notifications"
    write_path: str = "/compose"
    text_box: tuple[str, ...]
    send: tuple[str, ...]
    toast_link: tuple[str, ...]
    signed_in: tuple[str, ...]
    signed_out: tuple[str, ...]
    empty: tuple[str, ...]
    older: str = 'a[rel="next"]'
    sign_in: tuple[str, str, str, str] | None = None
    settle_s: float = 20.0
    text_max: int = 300


SANDBOX = Site(
    name="sandbox-web",
    text_box=('[data-testid="tweetTextarea_0"]', 'textarea[aria-label="Post text"]', "form textarea"),
    send=(
        '[data-testid="tweetButton"]',
        'form[aria-label="Composer"] button[type="submit"]',
        "form:has(textarea) button[type=submit]",
    ),
    toast_link=('[data-testid="toast"] a[href*="/status/"]', '[role="alert"] a[href*="/status/"]'),
    signed_in=('[data-testid="SideNav_AccountSwitcher_Button"]', 'button[aria-label="Account menu"]'),
    signed_out=('[data-testid="BottomBar"]', '[role="region"][aria-label="Sign in"]', 'a[href^="/login"]'),
    empty=('[data-testid="emptyState"]', "p.empty"),
    sign_in=("/login", 'input[name="handle"]', 'input[name="password"]', 'form[action="/login"] button[type="submit"]'),
)
"""The rehearsal network's site."""
