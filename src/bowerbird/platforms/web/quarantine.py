"""Keep what could not be read as it should have been: picture, page and answer, scrubbed, bounded, for its owner alone.

Each case is a folder of its own, and becomes the next test once somebody has looked at it. The oldest go first when
there are too many or they are too large, and the same trouble on the same page is kept once in a while, not each time.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bowerbird.platforms.web import scrubbing

CASES_MAX = 20
"""Cases kept, the newest."""
BYTES_MAX = 20_000_000
"""Bytes of all of them together."""
FILE_MAX = 2_000_000
"""Bytes of one file; a page's rest is left out, a picture or an answer that is larger altogether."""
EVERY_S = 600.0
"""The same trouble on the same kind of page is kept once in so many seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What there is of one page.

    Args:
        name: what it is called, such as ``sandbox-web search testid``.
        why: a sentence for a person.
        page: the page's HTML as it was; scrubbed before it is written.
        heard: the answers of the site's own API, by operation; scrubbed before they are written.
        picture: a JPEG on which words are blurred, or empty.
        ours: our own handle on that site.
    """

    name: str
    why: str
    at: int
    page: str = ""
    heard: Mapping[str, Any] = field(default_factory=dict)
    picture: bytes = b""
    ours: str = ""


@dataclass
class Quarantine:
    """The folder of cases.

    Args:
        folder: made, for its owner alone, with the first case.
    """

    folder: Path
    cases_max: int = CASES_MAX
    bytes_max: int = BYTES_MAX
    _kept_s: dict[str, float] = field(default_factory=dict)

    def wants(self, name: str, *, now_s: float) -> bool:
        """Whether a case of this name is worth keeping now (monotonic seconds)."""
        return now_s - self._kept_s.get(name, float("-inf")) >= EVERY_S

    def kept(self, name: str, *, now_s: float) -> None:
        """Remember that one of this name was kept, so that the next one is not, for a while."""
        self._kept_s[name] = now_s

    def keep(self, case: Case) -> Path | None:
        """Write a case down and return its folder; None where the disk does not take it. Blocks."""
        place = self.folder / f"{case.at}-{case.name.replace(' ', '-')}"
        try:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.folder.chmod(0o700)
            for name, content in _files(case).items():
                (place / name).write_bytes(content)
            self._tidy()
        except OSError:
            return None
        return place

    def _tidy(self) -> None:
        """Let the oldest go until both bounds hold; the newest always stays."""
        cases = sorted((one for one in self.folder.iterdir() if one.is_dir()), reverse=True)
        size = 0
        for place, one in enumerate(cases):
            size += sum(file.stat().st_size for file in one.iterdir())
            if place and (place >= self.cases_max or size > self.bytes_max):
                shutil.rmtree(one, ignore_errors=True)


def _files(case: Case) -> dict[str, bytes]:
    page = scrubbing.page(case.page[:FILE_MAX], ours=case.ours).encode()[:FILE_MAX] if case.page else b""
    heard = {op: scrubbing.answer(answer) for op, answer in case.heard.items()}
    answers = json.dumps(heard, ensure_ascii=False).encode() if heard else b""
    about = json.dumps({"name": case.name, "why": case.why, "at": case.at}, ensure_ascii=False).encode()
    found = {"about.json": about, "page.html": page, "answers.json": answers, "picture.jpg": case.picture}
    return {name: content for name, content in found.items() if content and len(content) <= FILE_MAX}
