"""What the pages show works: the bank, the settings, the names in the code, the sentences of the overview."""

import importlib
import re
from pathlib import Path

import pytest

from bowerbird.settings import load
from bowerbird.writers.claims import read_bank
from tests.docs.pages import PAGES, ROOT, block, text_of

PACKAGE = ROOT / "src" / "bowerbird"
NAMED = re.compile(r"`([\w/]+)\.py::(\w+)(?:\.(\w+))?`")


def test_the_banks_example_reads_without_a_bad_row(tmp_path: Path) -> None:
    """A bank copied from the README can be used at once."""
    file = tmp_path / "bank.yaml"
    file.write_text(block("README.md", "yaml"), encoding="utf-8")
    bank = read_bank(file)
    assert bank.bad_rows == ()
    assert {claim.topic for claim in bank.claims} == {"coffee"}
    assert all(claim.evidence for claim in bank.claims)


def test_the_settings_example_is_accepted(tmp_path: Path) -> None:
    """Settings copied from the README are known and in bounds."""
    file = tmp_path / "bowerbird.toml"
    file.write_text(block("README.md", "toml"), encoding="utf-8")
    settings = load(file, env={})
    assert settings["account.slots"] == ["08:15", "18:40"]
    assert settings.sources["writer.bank"] == "bowerbird.toml"


def test_the_first_screen_starts_it() -> None:
    """Who opens the README sees the two commands without scrolling."""
    first = text_of("README.md").splitlines()[:20]
    assert any("make demo" in line for line in first)
    assert any("make test" in line for line in first)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_name_in_the_code_exists(page: Path) -> None:
    """A function that is renamed is renamed in the tour."""
    for file, name, member in NAMED.findall(page.read_text(encoding="utf-8")):
        found = getattr(importlib.import_module(f"bowerbird.{file.replace('/', '.')}"), name)
        assert not member or hasattr(found, member), f"{file}.py::{name}.{member}"


def test_the_tour_has_five_stops() -> None:
    """Each with a file to open and a function to read."""
    stops = re.findall(r"^## \d\. .*?(?=^## )", text_of("docs/tour.md"), re.DOTALL | re.MULTILINE)
    assert len(stops) == 5
    assert all(NAMED.search(stop) and "](../src/bowerbird/" in stop for stop in stops)


def test_every_room_is_named_somewhere() -> None:
    """A new room has its place on the tour, or in the pages beside it."""
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    rooms = {folder.name for folder in PACKAGE.iterdir() if (folder / "__init__.py").exists()}
    assert {room for room in rooms if not re.search(rf"\b{room}\b", text)} == set()


def test_the_overviews_sentences_are_those_it_says() -> None:
    """An alarm that is reworded is reworded where people look up what to do."""
    said = (PACKAGE / "dashboard" / "layers.py").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \"([^\"]+)\"", text_of("docs/operate.md"), re.MULTILINE)
    parts = [part for row in rows for part in re.split(r"\s*…\s*", row) if part.strip(" :.")]
    assert len(rows) >= 8
    assert [part for part in parts if part not in said] == []


def test_the_errors_sentences_are_those_it_says() -> None:
    """The same for what the terminal says."""
    said = "".join(file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py"))
    table = text_of("docs/operate.md").split("## When something else is wrong")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)
    parts = [part for row in rows for part in re.split(r"\s*…\s*", row) if part.strip(" :.;?")]
    assert rows
    assert [part for part in parts if part not in said] == []
