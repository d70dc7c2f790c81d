"""Let a person sign in, in a window of a browser in which nobody else types; only what the site keeps there is taken.

No password is asked for, seen or stored. Where there is no display, a storage state from elsewhere is taken instead:
the cookies and the local storage of a browser in which its owner has signed in.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from bowerbird.core.errors import BadInput, Unreachable
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US
from bowerbird.platforms.web.reading import LADDERS
from bowerbird.platforms.web.session import cookies
from bowerbird.platforms.web.sites import Site

LOOK_S = 1.0
"""How often the window is looked at, seconds."""
ANSWER_S = 5.0
"""How long a page may take to say whether somebody is signed in, seconds; one that hangs is asked again."""
BYTES_MAX = 5_000_000
"""A longer storage state is none."""


async def by_hand(site: Site, url: str, *, program: str, arguments: list[str], wait_s: float, clock: Clock) -> str:
    """Open a window on the site and return its storage state once the page says that somebody is signed in.

    Args:
        program, arguments: the browser and its flags; empty takes Playwright's own.
        wait_s: how long a person may take, seconds.

    Raises:
        Unreachable: no window could be opened, it was closed, or nobody signed in within `wait_s`.
    """
    await asyncio.to_thread(import_module, "playwright.async_api")  # it reads many files
    from playwright.async_api import Error, async_playwright

    try:
        async with async_playwright() as playwright, asyncio.timeout(wait_s):
            browser = await playwright.chromium.launch(executable_path=program or None, args=arguments, headless=False)
            context = await browser.new_context()
            page = await context.new_page()
            await page.goto(url + site.home, wait_until="domcontentloaded")
            while not any([await _knows(page, site) for page in context.pages]):
                if not context.pages:
                    raise Unreachable("the window was closed before anybody was signed in", reason="closed")
                await clock.sleep(LOOK_S)
            state = json.dumps(await context.storage_state())
            await browser.close()
            return state
    except TimeoutError as error:
        raise Unreachable(f"nobody signed in within {wait_s:g} s", reason="timeout") from error
    except Error as error:
        first = str(error).strip().split("\n", 1)[0][:200]
        raise Unreachable(f"the window could not be used: {first}", reason="no_browser") from error


async def _knows(page: Any, site: Site) -> bool:
    """Whether this page says that somebody is signed in; one that is on its way somewhere says nothing."""
    from playwright.async_api import Error

    try:
        async with asyncio.timeout(ANSWER_S):
            return (await page.evaluate(LADDERS, [list(site.signed_in)]))[0] is not None
    except (Error, TimeoutError):
        return False


def imported(text: str, site: Site, url: str, *, now: int) -> str:
    """Return the storage state of a file, as far as it belongs to this site.

    Args:
        text: what the file holds: JSON as Playwright's `storage_state` writes it, or a plain list of cookies as
            browser extensions export it.
        now: UTC microseconds.

    Raises:
        BadInput: it is no such file, or holds no session of this site, or one that is over; says what to do.
    """
    told = _read(text)
    host = urlsplit(url).hostname or ""
    kept = [row for row in told["cookies"] if _belongs(str(row.get("domain", "")), host)]
    names = {str(row["name"]) for row in kept if row["name"] in site.session}
    if not names:
        wanted = " or ".join(site.session) or "a session"
        raise BadInput(f"the file holds no cookie {wanted} of {host}; sign in there first, then export again")
    over = [row for row in kept if row["name"] in site.session and 0 < _end(row) * SECOND_US <= now]
    if over:
        raise BadInput(f"the cookie {over[0]['name']} in the file has expired; sign in again, then export again")
    origins = [row for row in told["origins"] if _belongs(urlsplit(str(row.get("origin"))).hostname or "", host)]
    return json.dumps({"cookies": [_cookie(row) for row in kept], "origins": origins})


def _read(text: str) -> dict[str, list[dict[str, Any]]]:
    try:
        value = json.loads(text) if len(text) <= BYTES_MAX else None
    except ValueError:
        value = None
    if isinstance(value, list):
        value = {"cookies": value}
    rows = cookies(json.dumps(value)) if isinstance(value, dict) else []
    good = [dict(row) for row in rows if isinstance(row.get("name"), str) and isinstance(row.get("value"), str)]
    if not isinstance(value, dict) or not good:
        raise BadInput(
            "this is no storage state: it must be JSON with a list of cookies, as `playwright open --save-storage "
            "state.json ADDRESS` writes it on a computer with a display"
        )
    origins = value.get("origins")
    return {"cookies": good, "origins": [_origin(row) for row in origins if isinstance(row, dict)] if origins else []}


def _origin(row: Mapping[str, Any]) -> dict[str, Any]:
    """What one place of a site keeps, in the one form that a browser takes; what has another is left out."""
    kept = row.get("localStorage")
    pairs = [pair for pair in kept if isinstance(pair, dict)] if isinstance(kept, list) else []
    good = [{name: pair.get(name) for name in ("name", "value")} for pair in pairs]
    texts = [pair for pair in good if all(isinstance(value, str) for value in pair.values())]
    return {"origin": str(row.get("origin")), "localStorage": texts}


def _cookie(row: Mapping[str, Any]) -> dict[str, Any]:
    same = str(row.get("sameSite", "Lax")).capitalize()
    return {
        "name": row["name"],
        "value": row["value"],
        "domain": row["domain"],
        "path": str(row.get("path") or "/"),
        "expires": _end(row),
        "httpOnly": bool(row.get("httpOnly")),
        "secure": bool(row.get("secure")),
        "sameSite": same if same in ("Strict", "Lax") or (same == "None" and row.get("secure")) else "Lax",
    }


def _end(row: Mapping[str, Any]) -> float:
    """When a cookie expires, epoch seconds; -1 with the browser."""
    end = row.get("expires", row.get("expirationDate", -1))
    return float(end) if isinstance(end, int | float) and not isinstance(end, bool) and end > 0 else -1.0


def _belongs(domain: str, host: str) -> bool:
    bare = domain.lstrip(".").lower()
    return bool(bare) and (host == bare or host.endswith(f".{bare}"))
