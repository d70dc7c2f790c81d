"""Collect the settings from where they may stand: the defaults, the file, the environment, the command line."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bowerbird.core.credentials import without_credentials
from bowerbird.core.errors import BadInput
from bowerbird.settings.knobs import BY_NAME, KNOBS, Knob, suggestion
from bowerbird.settings.values import checked

FILE = "bowerbird.toml"
"""The settings file looked for in the data folder when none is named."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force, and where each came from (`default`, a file's name, or an environment variable)."""

    values: Mapping[str, Any] = field(repr=False)
    sources: Mapping[str, str]

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    @property
    def folder(self) -> Path:
        """The data folder."""
        return Path(self["data.folder"]).expanduser()

    def shown(self, name: str) -> str:
        """The value as a person may see it."""
        if isinstance(self[name], dict):  # the names of a table are no secret; one that is an address is none
            return ", ".join(each for each in self[name] if ":" not in each) or ("(set)" if self[name] else "(not set)")
        if BY_NAME[name].secret:
            return "(set)" if self[name] else "(not set)"
        return without_credentials(str(self[name]))


def make_folder(folder: Path) -> Path:
    """Make a data folder, for its owner alone, if it is missing, and return it.

    Raises:
        BadInput: it cannot be made, or is no folder.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise BadInput(f"the data folder {folder} cannot be made: {error.strerror}; set data.folder") from error
    return folder


def load(file: Path | None = None, *, env: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Collect the settings.

    1. Defaults.  2. The TOML file: the one named, else `bowerbird.toml` in the data folder if it is there.
    3. The environment.  4. `overrides`, with ``__`` for the dot, from the command line.

    Raises:
        BadInput: the file cannot be read, a key is unknown, or a value has the wrong type or is out of bounds.
    """
    env = os.environ if env is None else env
    values = {knob.name: knob.default for knob in KNOBS}
    sources = dict.fromkeys(values, "default")

    def take(found: Mapping[str, Any], source: str) -> None:
        for name, value in found.items():
            values[name] = checked(name, value, source)
            sources[name] = source

    given = {name.replace("__", "."): value for name, value in overrides.items() if value is not None}
    folder = given.get("data.folder") or env.get(BY_NAME["data.folder"].variable) or values["data.folder"]
    path = file or Path(folder).expanduser() / FILE
    if file is not None or path.is_file():
        take(_read(path), path.name)
    for knob in KNOBS:
        for variable, value in _from_environment(knob, env).items():
            take({knob.name: value}, variable)
    take(given, "command line")
    return Settings(values, sources)


def _read(path: Path) -> dict[str, Any]:
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(f"there is no settings file {path}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"the settings file {path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"the settings file {path} is not valid TOML: {error}") from error
    flat = {}
    if tree.get("alerts") == "none":
        tree["alerts"] = {"channels": "none"}
    for table, rows in tree.items():
        if not isinstance(rows, dict):
            raise BadInput(f"{path.name}: {table!r} stands outside a table; write it below a line like [posting]")
        flat.update({f"{table}.{key}": value for key, value in rows.items()})
    for name in flat:
        if name not in BY_NAME:
            raise BadInput(f"{path.name}: there is no setting {name!r}{suggestion(name)}")
    return flat


def _from_environment(knob: Knob, env: Mapping[str, str]) -> dict[str, str]:
    """The value that the environment gives, by the variable that it came from; empty where there is none."""
    if knob.variable in env:
        return {knob.variable: env[knob.variable]}
    named = knob.variable + "_FILE"
    path = env.get(named) if knob.secret else None
    if path is None:
        return {}
    try:
        return {named: Path(path).read_text(encoding="utf-8").strip()}
    except OSError as error:
        raise BadInput(f"{named} names a file that cannot be read: {error}") from error
