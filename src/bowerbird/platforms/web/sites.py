"""What a site looks like, as data: addresses, steps, selectors in a ladder, signals, and what proves what.

Selectors are tried in order and the first that matches wins; the later rungs need no test ids, only roles
and words, and so survive a change of the page.

Two descriptions are shipped. `SANDBOX` is the rehearsal network's site, and on. `X` is off: X's rules forbid scripting
its site, and X suspends accounts for it, for good. It is there for the owner of an account who knows that and says so
in writing; whoever wants to keep an account goes through X's API. Neither of them hides what drives it: the user agent
is the browser's own, and nothing is done to look like a person's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bowerbird.core.errors import BadInput


class Signal(StrEnum):
    """What an error code of a site's own API says, as far as it is our affair."""

    LIMITED = "asked to wait"
    SIGNED_OUT = "signed out"
    LOCKED = "locked"
    DUPLICATE = "said already"
    REFUSED = "refused"
    TRANSIENT = "failed for the moment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One site.

    Args:
        risk: what the owner has to write into the settings, word for word, before this site is driven at all;
            empty where the site's rules allow it.
        home, composer, reply, profile, search, notifications: paths; ``{handle}``, ``{id}``, ``{query}`` are filled in.
        text_box, send, toast_link, signed_in, signed_out, locked, empty, end, gone, older: selector ladders. A page
            that fits neither `signed_in` nor `signed_out` is not trusted; `locked` says that only a person can go on;
            `empty` is how a list says that there is nothing, `end` that there is no more; `gone` stands where a post
            was; `older` leads to the next page of a list. A list that says nothing of its end is never read whole.
        pictures: the fields of the form that takes a picture: file, description, button, and what shows that it was
            taken; empty where the composer takes none.
        sign_in: path, selectors of handle and password, and of the button; empty where only a person may sign in.
        session: the cookies without which nobody is signed in; the first of them to expire ends the session.
        write_path: the path whose POST is the write; ``*`` stands for any letters but a slash.
        operations: the operations of the site's own API that each kind of page asks, whose answers are heard.
        codes: what its error codes say.
        canary: a search that has always found something; one that finds nothing proves that search finds nothing.
        settle_s: how long an accepted post may take to show on the profile.
        text_max: longest text, in graphemes; `weighed` where wide letters count twice and each link as much as another
            (`core.text.weight`). media_max: pictures per post.
    """

    name: str
    risk: str = ""
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
    locked: tuple[str, ...] = ()
    empty: tuple[str, ...]
    end: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    older: tuple[str, ...] = ()
    pictures: tuple[str, str, str, str] | None = None
    sign_in: tuple[str, str, str, str] | None = None
    session: tuple[str, ...] = ()
    operations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    codes: Mapping[int, Signal] = field(default_factory=dict)
    canary: str = ""
    settle_s: float = 20.0
    text_max: int = 300
    weighed: bool = False
    media_max: int = 0


OPERATIONS: Mapping[str, tuple[str, ...]] = {
    "post": ("TweetDetail", "TweetResultByRestId"),
    "profile": ("UserTweets", "UserTweetsAndReplies"),
    "search": ("SearchTimeline",),
    "mentions": ("NotificationsTimeline",),
}
"""X's operations by the kind of page; their query ids change with every release (d60/twikit, `client/gql.py`)."""

CODES: Mapping[int, Signal] = {
    32: Signal.SIGNED_OUT,
    64: Signal.LOCKED,
    88: Signal.LIMITED,
    130: Signal.TRANSIENT,
    131: Signal.TRANSIENT,
    186: Signal.REFUSED,
    187: Signal.DUPLICATE,
    226: Signal.LOCKED,
    326: Signal.LOCKED,
    344: Signal.LIMITED,
}
"""X's error codes. 226 says that we look automated: to go on would cost the account, so a person is asked."""

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
    end=('[data-testid="endOfList"]', "p.end"),
    gone=('[data-testid="tombstone"]', "p.gone"),
    older=('a[rel="next"]', "a.older"),
    pictures=(
        'form[aria-label="Picture"] input[type="file"]',
        'form[aria-label="Picture"] input[name="alt"]',
        'form[aria-label="Picture"] button',
        'form[aria-label="Composer"] img',
    ),
    sign_in=("/login", 'input[name="handle"]', 'input[name="password"]', 'form[action="/login"] button[type="submit"]'),
    session=("sandbox_session",),
    operations=OPERATIONS,
    codes=CODES,
    canary="the",
    media_max=4,
)
"""The rehearsal network's site."""

X = Site(
    name="x",
    risk="I know that X forbids scripting its site and suspends accounts for it.",
    composer="/compose/post",
    reply="/intent/post?in_reply_to={id}",
    profile="/{handle}/with_replies",
    search="/search?q={query}&f=live",
    notifications="/notifications/mentions",
    write_path="/i/api/graphql/*/Create*Tweet",
    text_box=('[data-testid="tweetTextarea_0"]', '[role="textbox"][aria-label="Post text"]', '[role="textbox"]'),
    send=('[data-testid="tweetButton"]', '[data-testid="tweetButtonInline"]'),
    toast_link=('[data-testid="toast"] a[href*="/status/"]', '[role="alert"] a[href*="/status/"]'),
    signed_in=('[data-testid="SideNav_AccountSwitcher_Button"]', 'button[aria-label="Account menu"]'),
    signed_out=('[data-testid="BottomBar"]', '[data-testid="login"]', 'a[href^="/i/flow/login"]', 'a[href^="/login"]'),
    locked=('form[action*="/account/access"]', 'a[href*="/account/access"]'),
    empty=('[data-testid="emptyState"]',),
    gone=('[data-testid="error-detail"]',),
    session=("auth_token",),
    operations=OPERATIONS,
    codes=CODES,
    canary="the",
    text_max=280,
    weighed=True,
)
"""X's site, switched off. Only a person signs in; nobody's password is asked for or kept."""

SITES: Mapping[str, Site] = {site.name: site for site in (SANDBOX, X)}
"""The descriptions that are shipped, by the name of the platform."""


def allowed(site: Site, written: str) -> Site:
    """Return the site if it may be driven.

    Args:
        written: what the owner wrote into the settings.

    Raises:
        BadInput: the site is switched off, and how it is switched on.
    """
    if site.risk and written.strip() != site.risk:
        raise BadInput(
            f"{site.name} is switched off: its rules forbid scripting its site, and accounts are suspended for it, for "
            f"good. An owner who takes that risk for an account of their own sets web.{site.name}_risk to: {site.risk}"
        )
    return site
