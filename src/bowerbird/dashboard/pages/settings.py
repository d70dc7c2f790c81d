"""The settings in force, table by table: each with its value and unit, where that came from, and why it exists."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bowerbird.core.credentials import without_credentials
from bowerbird.core.ports import Clock
from bowerbird.core.story import span
from bowerbird.dashboard.asked import Asked, Books, SettingRow

TABLES = {
    "data": "Where the books are", "spool": "What waits while the books cannot be written", "face": "This dashboard",
    "posting": "Sending", "measuring": "Reading numbers", "writer": "Who writes", "guardian": "The process outside",
    "ping": "The ping outside", "browser": "The browser", "browsers": "The pool of browsers",
    "web": "Sites", "harvest": "Finding conversations",
    "jobs": "How often jobs run", "account": "New accounts", "alerts": "Who is told", "demo": "The rehearsal",
}  # fmt: skip
"""The tables of the file, each with its heading; a table that is not here is called by its own name."""
UNITS = {"_s": "s", "_h": "h", "_mb": "MB"}
"""How a name ends, and the unit of its value."""
NAMES = (".port", ".seed")
"""How the name of a number ends that is a name itself, and no quantity."""
SPAN_FROM_S = 90.0
"""From so many seconds on a duration is said in minutes, hours or days, too."""
LIST_MAX = 2_000
"""A list that is written longer is shown as it is written, characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One setting on the page.

    Args:
        value: with its unit; `default`: the same of what holds without it, or empty where it does hold.
        source: where the value came from, in words; `changed`: whether anybody set it.
        hint: how it is set, and what it may be.
    """

    name: str
    value: str
    default: str
    source: str
    changed: bool
    why: str
    hint: str


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """Every setting, or those that somebody set, without what is secret in it."""
    only = asked.query.get("show") == "changed"
    rows = [row(setting) for setting in asked.settings]
    shown = [each for each in rows if each.changed or not only]
    tables: dict[str, list[Row]] = {}
    for each in shown:
        tables.setdefault(each.name.partition(".")[0], []).append(each)
    changed = sum(each.changed for each in rows)
    return {
        "tables": [(name, TABLES.get(name, name), found) for name, found in tables.items()],
        "tabs": [("/settings", f"All {len(rows)}", not only), ("/settings?show=changed", f"Changed {changed}", only)],
    }  # fmt: skip


def row(setting: SettingRow) -> Row:
    """Put one setting into words."""
    changed = setting.source != "default"
    default = worded(setting.name, setting.default) if changed and setting.default else ""
    bounds = f", {setting.bounds}" if setting.bounds not in ("", "secret") else ""
    hint = f"In the environment: {setting.variable}{bounds}." if setting.variable else ""
    return Row(name=setting.name, value=worded(setting.name, without_credentials(setting.value)), default=default,
               source=came_from(setting), changed=changed, why=setting.why, hint=hint)  # fmt: skip


def came_from(setting: SettingRow) -> str:
    """Where a value came from, in words."""
    if setting.source == "default":
        return "the default"
    if setting.source == "command line":
        return "from the command line"
    variable = setting.variable and setting.source.removesuffix("_FILE") == setting.variable
    return f"from the variable {setting.source}" if variable else f"from the file {setting.source}"


def worded(name: str, value: str) -> str:
    """A value as people read it, with its unit: ``3,600 s (60 min)``; words stay as they are."""
    items = _items(value)
    if items is not None:
        return ", ".join(_number(name, str(item), short=True) for item in items) or "none"
    return _number(name, value) if value else "empty"


def _items(value: str) -> Sequence[Any] | None:
    """The items of a list that is written as Python writes it, or None if it is no list."""
    if not value.startswith("[") or len(value) > LIST_MAX:
        return None
    try:
        found = ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def _number(name: str, value: str, *, short: bool = False) -> str:
    unit = next((unit for end, unit in UNITS.items() if name.endswith(end)), "")
    try:
        number = float(value)
    except ValueError:
        return value
    if name.endswith(NAMES):
        return value
    if unit == "s" and short:
        return span(number)
    also = f" ({span(number)})" if unit == "s" and number >= SPAN_FROM_S else ""
    return f"{number:,.10g} {unit}{also}".strip()
