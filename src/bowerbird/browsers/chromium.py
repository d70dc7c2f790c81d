"""Find the Chromium of this machine, and start it as a server wants it: small, quiet and ordinary."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from bowerbird.core.errors import BadInput

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""Programs looked for on PATH, first to last."""
WRAPPED = Path("/usr/lib/chromium/chromium")
"""Debian's program behind its wrapper script; started directly it is up in 0.7 of the time."""

PLAYWRIGHTS = (
    "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect", "TcpPortRandomizationWin", "OptimizationHints",
    "NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch",
)  # fmt: skip
"""Features that Playwright switches off; named again, for Chromium heeds the last such flag alone, and that is ours."""
NOBODYS = ("SpareRendererForSitePerProcess", "Translate", "WebUIOmniboxPopup", "WebUIOmniboxAimPopup")
"""Features nobody needs where nobody sits. The two popups of the address bar are pages of their own: each context had
both made in a process beside its page, for 0.4 s of a processor and 45 MB (Chromium 156)."""
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-breakpad",
    "--mute-audio",
    f"--disable-features={','.join([*PLAYWRIGHTS, *NOBODYS])}",
    "--renderer-process-limit=3",
    "--disk-cache-size=33554432",
)
"""Flags that save memory and start-up time; none hides what we are."""
HEAP_MAX_MB = 512
"""What the scripts of one page may take, megabytes; without a limit a page that leaks took 3.8 GB and did not crash."""


def flags(heap_max_mb: int = HEAP_MAX_MB) -> list[str]:
    """Return the flags for this user: root cannot have Chromium's sandbox."""
    heap = f"--js-flags=--max-old-space-size={heap_max_mb}"
    return [*FLAGS, heap, *(["--no-sandbox"] if os.geteuid() == 0 else [])]


def find(path: str = "") -> str:
    """Return the program to start; empty means that Playwright's own download is used.

    Args:
        path: the one the settings name; empty looks in the environment (CHROMIUM) and on PATH.

    Raises:
        BadInput: the one named does not exist.
    """
    named = path or os.environ.get("CHROMIUM", "")
    if named:
        found = shutil.which(named)
        if found is None:
            raise BadInput(f"there is no Chromium at {named}; unset browser.path to look for one")
        return found
    found = next(filter(None, map(shutil.which, NAMES)), "")
    return str(WRAPPED) if found and Path(found).name == "chromium" and WRAPPED.is_file() else found


def available(path: str = "") -> bool:
    """Tell whether a browser can be started: one was found, or Playwright has downloaded its own."""
    if find(path):
        return True
    return any(Path("~/.cache/ms-playwright").expanduser().glob("chromium-*"))
