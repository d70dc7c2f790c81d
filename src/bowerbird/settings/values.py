"""What a value must be to be a setting's: of its kind, within its bounds, and rising where it has to."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import Any, cast

from bowerbird.core.errors import BadInput
from bowerbird.settings.knobs import BY_NAME, Knob, suggestion

KINDS = {int: "a whole number", float: "a number", str: "text", list: "a list", dict: "a table of texts"}
"""What a setting must be, in words."""


def checked(name: str, value: Any, source: str) -> Any:
    """Return the value as the setting's kind.

    Args:
        source: where it came from, for the error.

    Raises:
        BadInput: there is no such setting, or the value is of the wrong kind or out of bounds.
    """
    if name not in BY_NAME:
        raise BadInput(f"{source}: there is no setting {name!r}{suggestion(name)}")
    knob = BY_NAME[name]
    value = _typed(knob, value, source)
    numbers = [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, int | float)]
    if not all(_within(knob, number) for number in numbers):
        most = "no upper bound" if knob.most is None else f"at most {knob.most:g}"
        raise BadInput(f"{source}: {name} is {value}; it must be at least {knob.least or 0:g} and {most}")
    if knob.rises and (not value or any(one >= other for one, other in pairwise(value))):
        raise BadInput(f"{source}: {name} is {value}; it must be a list of numbers, each larger than the one before")
    return value


def _within(knob: Knob, number: float) -> bool:
    above = knob.least is None or number >= knob.least
    return math.isfinite(number) and above and (knob.most is None or number <= knob.most)


def _typed(knob: Knob, value: Any, source: str) -> Any:
    kind = type(knob.default)
    try:
        if kind is list:
            items = [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
            of = type(knob.default[0]) if knob.default else str
            return [of(item) for item in cast("list[Any]", items)]
        if kind is dict:
            return _table(value)
        if kind is str and not isinstance(value, str):
            raise TypeError
        if kind in (int, float) and isinstance(value, bool):
            raise TypeError
        if kind is int and isinstance(value, float) and not value.is_integer():
            raise TypeError
        return kind(value)
    except (TypeError, ValueError) as error:
        shown = "(hidden)" if knob.secret else repr(value)
        raise BadInput(f"{source}: {knob.name} is {shown}; it must be {KINDS[kind]}") from error


def _table(value: Any) -> dict[str, str]:
    """A table of texts.

    In a variable or a file it is ``name=text``, with blanks or new lines between; a text without a name is called
    ``first``, ``second`` …; ``none`` is empty on purpose. TypeError for anything else.
    """
    if value == "none":
        return {"none": ""}
    if not isinstance(value, str):
        found = dict(value)
        if not all(isinstance(text, str) for text in found.values()):
            raise TypeError
        return found
    rows = [re.fullmatch(r"(?:([\w-]+)=)?(\S+)", part) for part in value.split()]
    names = iter(("first", "second", "third", "fourth"))
    return {row[1] or next(names, row[2]): row[2] for row in rows if row}
