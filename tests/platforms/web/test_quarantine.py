"""What is kept of pages that could not be read: bounded, scrubbed, for its owner alone."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

from bowerbird.platforms.web.quarantine import EVERY_S, Case, Quarantine

CASE = Case(
    name="x search testid", why="It fell.", at=1, page="<article>Secret words</article>",
    heard={"SearchTimeline": {"full_text": "Secret words"}}, picture=b"jpeg",
)  # fmt: skip


def test_a_case_is_kept_scrubbed_and_for_its_owner(tmp_path: Path) -> None:
    """Page, answer, picture, and what it is about."""
    quarantine = Quarantine(tmp_path / "quarantine")
    place = quarantine.keep(CASE)
    assert place is not None
    assert {one.name for one in place.iterdir()} == {"about.json", "page.html", "answers.json", "picture.jpg"}
    assert "Secret" not in "".join(one.read_text() for one in place.iterdir())
    assert json.loads((place / "about.json").read_text())["why"] == "It fell."
    assert stat.S_IMODE(quarantine.folder.stat().st_mode) == 0o700


def test_the_oldest_go_when_there_are_too_many_or_they_are_too_large(tmp_path: Path) -> None:
    """The newest stays whatever it weighs."""
    quarantine = Quarantine(tmp_path, cases_max=3)
    for at in range(10, 16):
        quarantine.keep(replace(CASE, at=at))
    assert sorted(int(one.name.split("-")[0]) for one in tmp_path.iterdir()) == [13, 14, 15]
    small = Quarantine(tmp_path, bytes_max=10)
    small.keep(replace(CASE, at=16))
    assert [int(one.name.split("-")[0]) for one in tmp_path.iterdir()] == [16]


def test_the_same_trouble_is_kept_once_in_a_while(tmp_path: Path) -> None:
    """Once it was really written; and another one at once."""
    quarantine = Quarantine(tmp_path)
    assert quarantine.wants("a", now_s=0.0)
    assert quarantine.wants("a", now_s=0.0)  # nothing was written yet
    quarantine.kept("a", now_s=0.0)
    assert not quarantine.wants("a", now_s=EVERY_S - 1)
    assert quarantine.wants("b", now_s=1.0)
    assert quarantine.wants("a", now_s=EVERY_S)


def test_a_disk_that_takes_nothing_costs_nothing(tmp_path: Path) -> None:
    """It is a convenience, and no reader fails for it."""
    (tmp_path / "file").write_text("in the way")
    assert Quarantine(tmp_path / "file").keep(CASE) is None
