"""The import contracts name exactly the rooms that are on disk."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "bowerbird"
# Who may import what only they may import.
OWNERS = {"database": {"storage"}, "browser": {"browsers"}}


def contracts() -> dict[str, Any]:
    """Returns the contracts of import-linter by their id."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {contract["id"]: contract for contract in project["tool"]["importlinter"]["contracts"]}


def on_disk() -> set[str]:
    """Returns the names of the package's rooms and of the files beside them."""
    rooms = {folder.parent.name for folder in PACKAGE.glob("*/__init__.py")}
    files = {file.stem for file in PACKAGE.glob("*.py")} - {"__init__"}
    return rooms | files


def test_every_room_has_its_layer() -> None:
    """A room that no contract knows could look at anybody, so there is none."""
    layers = {room for layer in contracts()["layers"]["layers"] for room in re.findall(r"\w+", layer)}
    assert layers == on_disk()


@pytest.mark.proves("6.1")
@pytest.mark.parametrize("contract", OWNERS)
def test_a_contract_binds_everybody_but_the_owner(contract: str) -> None:
    """Who is not the owner of an outside library is listed as forbidden to import it."""
    bound = {module.removeprefix("bowerbird.") for module in contracts()[contract]["source_modules"]}
    assert bound == on_disk() - OWNERS[contract]


def test_every_room_says_what_it_is_for() -> None:
    """The listing is the architecture: each room opens with one sentence."""
    silent = [
        str(file.relative_to(PACKAGE))
        for file in PACKAGE.rglob("__init__.py")
        if not file.read_text().startswith('"""')
    ]
    assert silent == []
