"""What became of the button that was just pressed: read from its row, never from the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bowerbird.dashboard.asked import Books

KEPT = ("text", "reason", "handle", "url", "operator", "hour_max", "day_max", "slots", "zone")
"""How the names of the fields begin whose words are kept where they did not do."""


@dataclass(frozen=True, slots=True)
class Flash:
    """What became of the button that was just pressed.

    Args:
        kept: the words a person typed where the button could not do it, so that nothing typed is lost: by the
            field's name, of the post or account named in `about`.
    """

    sentence: str
    bad: bool = False
    about: str = ""
    kept: Mapping[str, str] = field(default_factory=dict)


async def flash(books: Books, command_id: str) -> Flash | None:
    """Return what became of a button, or None if there is none of that name."""
    found = await books.command(command_id)
    if found is None:
        return None
    if found.done_at is None:
        return Flash("Written down. The engine does it as soon as it runs.")
    words = {name: str(value) for name, value in found.args.items() if name.startswith(KEPT)}
    about = str(found.args.get("post_id") or found.args.get("account_id") or "")
    return Flash(found.answer, bad=not found.ok, about=about, kept={} if found.ok else words)
