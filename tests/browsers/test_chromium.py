"""Which Chromium is taken, and what is said where there is none."""

from __future__ import annotations

import re
from pathlib import Path

import playwright
import pytest

from bowerbird.browsers import chromium
from bowerbird.core.errors import BadInput


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on PATH but one empty folder, and nobody's downloads."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    return tmp_path


def program(folder: Path, name: str) -> str:
    """Put a program there."""
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def test_what_playwright_switches_off_stays_off() -> None:
    """Chromium heeds the last `--disable-features` alone, and that is ours: so ours names Playwright's, too."""
    driver = Path(playwright.__file__).parent / "driver/package/lib/coreBundle.js"
    listed = re.search(r"disabledFeatures = \[(.*?)\]", driver.read_text(encoding="utf-8"), re.DOTALL)
    assert listed is not None
    theirs = {name for name in re.findall(r'^\s*"(\w+)"', listed[1], re.MULTILINE) if not name.startswith("ms")}
    assert theirs == set(chromium.PLAYWRIGHTS)
    [ours] = [flag for flag in chromium.flags() if flag.startswith("--disable-features=")]
    assert theirs < set(ours.partition("=")[2].split(","))


@pytest.mark.usefixtures("bare_machine")
def test_without_a_chromium_none_is_available() -> None:
    """Then Playwright would look for its own, which is not there either."""
    assert chromium.find() == ""
    assert not chromium.available()


def test_the_usual_names_are_looked_for(bare_machine: Path) -> None:
    """The first of them that is there."""
    program(bare_machine, "google-chrome")
    assert chromium.find() == str(bare_machine / "google-chrome")
    assert chromium.available()


def test_the_environment_names_one(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes before the usual names, and the settings go before it."""
    program(bare_machine, "chromium-browser")
    mine, named = program(bare_machine, "mine"), program(bare_machine, "named")
    monkeypatch.setenv("CHROMIUM", mine)
    assert chromium.find() == mine
    assert chromium.find(named) == named


def test_playwrights_own_download_counts(bare_machine: Path) -> None:
    """An empty path lets Playwright take it."""
    (bare_machine / ".cache/ms-playwright/chromium-1234").mkdir(parents=True)
    assert chromium.find() == ""
    assert chromium.available()


@pytest.mark.usefixtures("bare_machine")
def test_a_path_that_names_no_program_is_bad_input() -> None:
    """The message says where it looked and which setting to change."""
    with pytest.raises(BadInput, match=r"no Chromium at /nowhere/chromium.*browser\.path"):
        chromium.find("/nowhere/chromium")


def test_nothing_hides_what_we_are() -> None:
    """No flag that makes a driven browser look like a person's."""
    words = " ".join(chromium.flags()).lower()
    assert not any(word in words for word in ("user-agent", "automationcontrolled", "stealth", "webdriver"))
