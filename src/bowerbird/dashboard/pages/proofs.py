"""Every promise with what it rests on: its tests, its drill, its page, and how they last went on this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from bowerbird.core.health import Light
from bowerbird.core.ports import Clock
from bowerbird.dashboard.asked import Asked, Books
from bowerbird.dashboard.workshop import Promised, heading

NOT_RUN = "not run here"
"""What is said of a promise that only waits to be run."""
STATES: Mapping[str, Light] = {"failed": Light.RED, "open": Light.GREY, "proved": Light.GREEN}
"""Each state with its light, in the order in which they are told."""


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """The promises under their layers, all or those of one state, with the sum of all on top."""
    shop, only = await asked.workshop(), asked.query.get("only", "")
    only = only if only in STATES else ""
    count = {state: sum(row.state == state for row in shop.promises) for state in STATES}
    shown = [row for row in shop.promises if only in ("", row.state)]
    return {
        "now": clock.now(),
        "shop": shop,
        "total": len(shop.promises),
        "count": count,
        "not_run": sum(row.state == "open" and NOT_RUN in row.why for row in shop.promises),
        "groups": grouped(shown),
        "lights": STATES,
        "only": only,
        "tabs_of": [
            _tab("", "All", len(shop.promises), only),
            *(_tab(each, each, count[each], only) for each in STATES),
        ],
    }


def grouped(rows: Sequence[Promised]) -> list[tuple[str, list[Promised]]]:
    """The promises under the heading of their layer, in the catalogue's order."""
    return [(heading(layer), list(mine)) for layer, mine in groupby(rows, key=lambda row: row.layer)]


def _tab(state: str, name: str, n: int, only: str) -> tuple[str, str, bool]:
    return f"/proofs?only={state}" if state else "/proofs", f"{name[:1].upper()}{name[1:]} {n}", state == only
