"""The settings in force, and where each came from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bowerbird.core.ports import Clock
from bowerbird.dashboard.asked import Asked, Books, SettingRow


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """Every setting, without what is secret in it."""
    return {"rows": without_credentials(asked.settings)}


def without_credentials(rows: Sequence[SettingRow]) -> list[SettingRow]:
    """Hide a password that somebody wrote into an address, such as ``https://me:secret@host``."""
    return [replace(row, value=re.sub(r"//[^/@\s]*@", "//(hidden)@", row.value)) for row in rows]
