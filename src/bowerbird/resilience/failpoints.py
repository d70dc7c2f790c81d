"""Places at which a drill may break the program on purpose, by name. None is armed unless the environment says so.

Armed by ``BOWERBIRD_FAILPOINTS`` at start, and never in any other way: either by the text itself,
``job.plan=raise*3;monitor.alerts=hang``, or by ``@FILE``, which is read anew whenever it has changed, so that a
drill can begin and end a fault while the program runs. A text is rows of ``name=action`` or ``name=action*count``
(without a count: until it is taken away), separated by ``;`` or new lines. The actions:

* ``raise``             the place fails with `Broken`
* ``drop``              the place skips what it was about to do
* ``hang``              the place waits until it is cancelled
* ``sleep:<seconds>``   the place waits so long, and goes on
* ``block:<seconds>``   the whole event loop stands still so long
"""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from bowerbird.core.errors import BadInput

VARIABLE = "BOWERBIRD_FAILPOINTS"
NAMES = (
    "jobs.start", "jobs.timer.", "job.", "monitor.", "browser.start", "loop.block", "probe.hang",
    "browser.lease.", "page.crash", "page.listener",
    "posting.after_claim", "posting.after_send", "limits.read", "writer.call", "learning.load", "storage.write",
)  # fmt: skip
"""Every place; a name that ends in a dot is a family, such as ``job.plan`` and ``job.learn``."""
ACTIONS = ("raise", "drop", "hang", "sleep", "block")
"""What can happen at a place."""


class Broken(OSError):
    """A failpoint broke this on purpose."""


@dataclass(slots=True)
class Fault:
    """What happens at one place; `left` is how often it still does, None for always."""

    action: str
    seconds: float = 0.0
    left: int | None = None


@dataclass
class Failpoints:
    """The places that are armed.

    Args:
        source: the text itself, or ``@`` and the path of a file that may change at any time.

    Raises:
        BadInput: a row that is none, a place that does not exist, or an unknown action.
    """

    source: str
    _faults: dict[str, Fault] = field(default_factory=dict)
    _seen: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.source.startswith("@"):
            self._faults = parse(self.source)

    def take(self, name: str) -> Fault | None:
        """Return what is to happen at this place now, and count it."""
        if self.source.startswith("@"):
            self._look(Path(self.source[1:]))
        fault = self._faults.get(name)
        if fault is None or fault.left == 0:
            return None
        if fault.left is not None:
            fault.left -= 1
        return fault

    def _look(self, file: Path) -> None:
        try:
            stat = file.stat()
            seen = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if seen != self._seen:
                self._faults, self._seen = parse(file.read_text(encoding="utf-8")), seen
        except FileNotFoundError:
            self._faults, self._seen = {}, ()


def parse(text: str) -> dict[str, Fault]:
    """Read rows of ``name=action*count``.

    Raises:
        BadInput: a row that is none, a place that does not exist, or an unknown action.
    """
    rows = [row.strip() for row in text.replace("\n", ";").split(";") if row.strip()]
    return dict(_fault(row) for row in rows)


def _fault(row: str) -> tuple[str, Fault]:
    name, _, told = row.partition("=")
    told, _, count = told.partition("*")
    action, _, seconds = told.partition(":")
    if not any(name == known or (known.endswith(".") and name.startswith(known)) for known in NAMES):
        raise BadInput(f"there is no failpoint {name!r}; known are {', '.join(NAMES)}")
    if action not in ACTIONS:
        raise BadInput(f"{row!r} is no failpoint: write name=action*count with one of {', '.join(ACTIONS)}")
    try:
        return name, Fault(action, float(seconds or 0.0), int(count) if count else None)
    except ValueError as error:
        raise BadInput(f"{row!r} is no failpoint: seconds and count are numbers") from error


def _from_environment() -> Failpoints | None:
    source = os.environ.get(VARIABLE, "")
    return Failpoints(source) if source else None


armed: Failpoints | None = _from_environment()
"""None in every process that nobody drills: a place then costs one look at this."""


async def reach(name: str) -> bool:
    """Pass a place; True if what comes next is to be skipped.

    Raises:
        Broken: the place is armed with ``raise``.
    """
    fault = armed.take(name) if armed else None
    if fault is None:
        return False
    if fault.action in ("hang", "sleep"):
        await _wait(fault.seconds if fault.action == "sleep" else None)
    return _struck(name, fault)


def touch(name: str) -> bool:
    """Pass a place that cannot wait, as `reach` does; there ``hang`` and ``sleep`` do nothing."""
    fault = armed.take(name) if armed else None
    return _struck(name, fault) if fault else False


async def _wait(seconds: float | None) -> None:
    try:
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().create_future()
    except TimeoutError:
        return


def _struck(name: str, fault: Fault) -> bool:
    if fault.action == "block":
        time.sleep(fault.seconds)  # noqa: TID251 - to stand still is the point, and no injected clock can do it
    if fault.action == "raise":
        raise Broken(f"the failpoint {name} broke this on purpose")
    return fault.action == "drop"
