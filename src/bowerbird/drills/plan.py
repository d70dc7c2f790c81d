"""How the program is set up for a drill: read from one file, and told beside the bounds."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from bowerbird.settings import BY_NAME

FILE = "drill.toml"


@dataclass(frozen=True, slots=True)
class Seat:
    """Who takes part: an account on the network, how long it remembers keys, and the adapter that drives it."""

    handle: str
    keyed: str
    platform: str

    @property
    def account_id(self) -> str:
        """Its id in our books."""
        return f"{self.platform}:{self.handle}"


@dataclass(frozen=True, slots=True)
class Program:
    """One kind of program.

    Args:
        writer: words come from a language model, which is the drill's own.
        faketime: its wall clock can be stepped.
        settings: what this kind has otherwise than all others.
    """

    name: str
    cast: tuple[Seat, ...]
    writer: bool = False
    faketime: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole file."""

    settings: Mapping[str, Any]
    scale: Mapping[str, float]
    programs: Mapping[str, Program]

    def settings_file(self, file: Path, more: Mapping[str, Any]) -> Path:
        """Write the program's settings to this file."""
        tables: dict[str, list[str]] = {}
        for name, value in {**self.settings, **more}.items():
            table, _, key = name.partition(".")
            tables.setdefault(table, []).append(f"{key} = {_toml(value)}")
        text = "\n".join("\n".join([f"[{table}]", *rows, ""]) for table, rows in tables.items())
        file.write_text(text, encoding="utf-8")
        return file


def read_plan(*, real: bool = False) -> Plan:
    """Read the plan; `real` leaves the periods as the product has them."""
    tree = tomllib.loads(files("bowerbird.drills").joinpath(FILE).read_text(encoding="utf-8"))
    shrunk: dict[str, Any] = {} if real else tree["shrunk"]
    programs = {name: _program(name, row) for name, row in tree["programs"].items()}
    return Plan({**tree["load"], **shrunk}, {name: _factor(name, here) for name, here in shrunk.items()}, programs)


def _program(name: str, row: Mapping[str, Any]) -> Program:
    cast = tuple(Seat(*words.split(":")) for words in row["cast"])
    return Program(name, cast, bool(row.get("writer")), bool(row.get("faketime")), row.get("settings", {}))


def _factor(name: str, here: Any) -> float:
    """How many times shorter than by default; of a ladder, its first rung."""
    usual = BY_NAME[name].default
    pair = (usual[0], here[0]) if isinstance(here, list) else (usual, here)
    return round(float(pair[0]) / float(pair[1]), 3)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + "}"
    return f'"{value}"' if isinstance(value, str) else repr(value)
