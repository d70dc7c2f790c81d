"""What `bowerbird doctor` found: one thing, whether it is in order, and what to do where it is not."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Args:
        ok: False if something has to be mended before all works.
        sentence: what was seen.
        fix: what to do about it; a finding that is in order may still have advice.
    """

    what: str
    ok: bool
    sentence: str
    fix: str = ""

    def row(self) -> dict[str, Any]:
        """The finding as JSON values."""
        return asdict(self)

    def line(self) -> str:
        """The finding for a person."""
        mark = "MEND" if not self.ok else "note" if self.fix else "ok  "
        return f"{mark}  {self.what}: {self.sentence}" + (f"; {self.fix}" if self.fix else "")
