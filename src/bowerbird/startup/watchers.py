"""Who would notice, and who would be told: findings about alerts, the guardian, the outside and the last backup."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bowerbird.core.gauge import Sample
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US
from bowerbird.core.story import span
from bowerbird.startup.adopt import STALE_S, STATE
from bowerbird.startup.finding import Finding

BACKUP = "backup.last"
"""Where `bowerbird backup` notes when it was made, in the data folder: {"at": µs, "file": path}."""
BACKUP_MAX_S = 7 * 86_400.0
"""A backup older than this is told."""


def channels(addresses: Mapping[str, str], tested: Sequence[str] | None) -> Finding:
    """Whether anybody is told when something breaks."""
    if "none" in addresses:
        return Finding(
            "alerts", True, 'alerts = "none": nobody is told', "look at the page yourself, or name a channel"
        )
    if not addresses:
        advice = "name a channel under [alerts.channels] and run `bowerbird alerts test`"
        return Finding("alerts", True, "nobody is told when something breaks", advice)
    missing = [name for name in addresses if name not in (tested or ())]
    if missing:
        return Finding("alerts", True, f"{', '.join(missing)} took no test yet", "run `bowerbird alerts test`")
    return Finding("alerts", True, f"{', '.join(addresses)} took a test")


def guardian(webhook: str, mail: str, folder: Path, now: int) -> Finding:
    """Whether somebody watches from outside, and can tell."""
    ways = [name for name, address in (("webhook", webhook), ("mail", mail)) if address]
    state = _read(folder / STATE)
    runs = state is not None and now - int(state.get("at", 0)) < STALE_S * SECOND_US
    sentence = f"{'runs' if runs else 'does not run'}; tells by {' and '.join(ways) or 'nothing'}"
    advice = "" if ways else "set guardian.webhook or guardian.mail: an engine that is frozen can tell nobody itself"
    return Finding("guardian", True, sentence, advice)


def ping(url: str, folder: Path) -> Finding:
    """Whether anybody notices when this machine dies."""
    if not url:
        advice = "set ping.url to an address that raises the alarm when it is no longer called"
        return Finding("outside ping", True, "if this machine dies, nobody is told", advice)
    ok_at = ((_read(folder / STATE) or {}).get("ping") or {}).get("ok_at")
    return Finding("outside ping", True, "answered" if ok_at else "set; it was not answered yet")


def backup_age(folder: Path, now: int) -> Finding:
    """How old the newest backup is that this folder knows of."""
    if not (folder / "bowerbird.db").exists():
        return Finding("backup", True, "there is nothing to copy yet")
    made_at = backed_up_at(folder)
    if made_at is None:
        return Finding(
            "backup", True, "none was made with `bowerbird backup`", "a disk that dies takes everything along"
        )
    age_s = max(0.0, (now - made_at) / SECOND_US)
    return Finding("backup", True, f"{span(age_s)} old", "make another" if age_s > BACKUP_MAX_S else "")


def backed_up_at(folder: Path) -> int | None:
    """When the newest backup was made that this folder knows of, UTC microseconds; None if it knows of none."""
    last = _read(folder / BACKUP)
    try:
        return int((last or {})["at"])
    except (KeyError, TypeError, ValueError):
        return None


def backups(folder: Path, clock: Clock) -> Callable[[], Awaitable[list[Sample]]]:
    """Tell how old the newest backup is; absent where none was made."""

    async def samples() -> list[Sample]:
        made_at = await asyncio.to_thread(backed_up_at, folder)
        if made_at is None:
            return []
        return [Sample(name="bowerbird_backup_age_seconds", value=max(0.0, (clock.now() - made_at) / SECOND_US))]

    return samples


def _read(file: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
