"""How a person signs an account in that lives in a browser: in a window, or with a file from another computer."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from bowerbird.browsers import chromium
from bowerbird.clock import SystemClock
from bowerbird.core.account import Account
from bowerbird.core.books import Batch, Storage
from bowerbird.core.errors import BadInput
from bowerbird.core.facts import Fact
from bowerbird.platforms.web import signing
from bowerbird.platforms.web.session import Session
from bowerbird.platforms.web.sites import SITES, allowed
from bowerbird.settings import Settings

WAIT_S = 900.0
"""How long a person may take to sign in, seconds: some sites send a code by mail."""
NO_DISPLAY = (
    "there is no display here to open a window on. On a computer that has one, run `playwright open --save-storage "
    "state.json {url}`, sign in, close the window, bring the file here, and give it with --import state.json; then "
    "delete it, for whoever has it is signed in as you"
)


async def session_for(settings: Settings, account: Account, file: Path | None) -> str:
    """Return a storage state in which the account's owner is signed in.

    Args:
        file: a storage state from elsewhere; None opens a window.

    Raises:
        BadInput: the account lives in no browser, its site is switched off, the file is none, or there is no display.
        Unreachable: nobody signed in.
    """
    if account.platform not in SITES:
        raise BadInput(f"{account.id} is not driven through a browser; connect it again with its password instead")
    clock, site = SystemClock(), allowed(SITES[account.platform], settings["web.x_risk"])
    if file is not None:
        try:
            text = await asyncio.to_thread(file.read_text)
        except (OSError, ValueError) as error:
            raise BadInput(f"{file} cannot be read: {error}") from error
        return signing.imported(text, site, account.url, now=clock.now())
    if not has_display():
        raise BadInput(NO_DISPLAY.format(url=account.url))
    program = await asyncio.to_thread(chromium.find, settings["browser.path"])
    # The seat's flags save memory; in a window for a person they would only surprise. No sandbox is root's affair.
    arguments = [flag for flag in chromium.flags() if flag == "--no-sandbox"]
    return await signing.by_hand(site, account.url, program=program, arguments=arguments, wait_s=WAIT_S, clock=clock)


def has_display() -> bool:
    """Whether a window can be opened on this machine."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


async def keep_session(storage: Storage, account: Account, state: str) -> None:
    """Store a session that a person began, encrypted; a running engine takes it up at its next look.

    The ages of the sessions before it are kept: they tell how long this one will live.
    """
    now = SystemClock().now()
    session = Session.recalled(await storage.load_secret(account.id, "web_session"))
    session.begin(now)
    await storage.save_secret(account.id, "web_state", state)
    await storage.save_secret(account.id, "web_session", session.kept())
    data = {"was": "unknown", "is": "valid", "why": "a person signed in"}
    fact = Fact(kind="session_changed", at=now, by="person", account_id=account.id, data=data)
    await storage.record(Batch(facts=(fact,)))
