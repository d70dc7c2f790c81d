"""The lock files name exact versions with their hashes, and no place they came from."""

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ["requirements/run.txt", "requirements/dev.txt", "requirements/bench.txt"]
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", re.MULTILINE)


def pins(lock: str) -> list[tuple[str, str]]:
    """Returns name and version of each requirement in `lock`; markers may let one name have two versions."""
    return PIN.findall((ROOT / lock).read_text())


def names(lock: str) -> set[str]:
    """Returns the names that `lock` pins."""
    return {name for name, _ in pins(lock)}


def plain_name(requirement: str) -> str:
    """Returns the normalised name in a requirement such as "types-PyYAML>=6"."""
    name = re.split(r"[<>=!~;\[ ]", requirement, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_no_address(lock: str) -> None:
    """Neither a registry nor a path of the machine that wrote it is written down."""
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert not re.search(r"(^|\s)(-i|--index-url|--extra-index-url|--find-links|-f)\s", text)
    assert not re.search(r"\s/\w+/", text)
    assert "make lock" in text.splitlines()[1]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_carries_a_hash(lock: str) -> None:
    """Pip refuses any file whose hash was not written down on the day of locking."""
    entries = re.split(r"\n(?=[a-z0-9])", (ROOT / lock).read_text())
    requirements = [entry for entry in entries if not entry.startswith("#")]
    assert len(requirements) == len(pins(lock))
    assert [entry for entry in requirements if "--hash=sha256:" not in entry] == []


def test_the_workshop_runs_what_the_product_runs() -> None:
    """dev.txt pins everything in run.txt, and bench.txt everything in dev.txt, at the same versions."""
    assert set(pins("requirements/run.txt")) <= set(pins("requirements/dev.txt")) <= set(pins("requirements/bench.txt"))


def test_everything_asked_for_is_locked() -> None:
    """A dependency added to pyproject.toml without `make lock` is noticed here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runs = {plain_name(line) for line in project["project"]["dependencies"]}
    groups = project["dependency-groups"]
    assert runs <= names("requirements/run.txt")
    assert {plain_name(line) for line in groups["dev"]} <= names("requirements/dev.txt")
    assert {plain_name(line) for line in groups["bench"]} <= names("requirements/bench.txt")


def test_the_network_rig_is_locked_without_an_address() -> None:
    """Bluesky's server software is pinned by hash too, and its lock names no registry."""
    packages = json.loads((ROOT / "tests/network/package-lock.json").read_text())["packages"]
    rest = {name: entry for name, entry in packages.items() if name and not entry.get("link")}
    assert [name for name, entry in rest.items() if "://" in entry.get("resolved", "")] == []
    unhashed = [name for name, entry in rest.items() if not entry.get("integrity")]
    assert [name for name in unhashed if not rest[name].get("inBundle")] == []
