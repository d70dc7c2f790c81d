"""Which of the ten layers each part belongs to, and what an open incident makes of a layer's light: pure.

The parts are the nodes of the dependency graph (`alerts.graph`): those that rules name, and those that the boot starts.
The pages and the drills read this one table, so a drill looks for its fault where a person does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bowerbird.core.account import in_browser
from bowerbird.core.health import Health, Light
from bowerbird.core.incident import Incident, Severity
from bowerbird.core.story import count

ENGINE, JOBS, CONTENT, POSTING, BROWSERS = "Engine", "Jobs", "Content", "Posting", "Browsers"
BOOKS, CACHE, MEASURING, HARVESTING, LEARNING = "Books", "Cache", "Measuring", "Harvesting", "Learning"

LAYERS = (ENGINE, JOBS, CONTENT, POSTING, BROWSERS, BOOKS, CACHE, MEASURING, HARVESTING, LEARNING)
"""The ten layers as the pages call them, the first being layer 1."""

KINDS: dict[str, str] = {
    "engine": ENGINE, "loop": ENGINE, "clock": ENGINE, "monitor": ENGINE, "monitors": ENGINE, "alerts": ENGINE,
    "channel": ENGINE, "guardian": ENGINE, "face": ENGINE,
    "jobs": JOBS, "job": JOBS, "lane": JOBS,
    "writer": CONTENT, "queue": CONTENT, "reserve": CONTENT, "approval": CONTENT,
    "posting": POSTING, "post": POSTING, "session": POSTING, "limit": POSTING, "limits": POSTING, "truth": POSTING,
    "breaker": POSTING,
    "browser": BROWSERS, "seats": BROWSERS,
    "storage": BOOKS, "books": BOOKS, "disk": BOOKS, "spool": BOOKS,
    "cache": CACHE, "redis": CACHE,
    "measuring": MEASURING, "page": MEASURING, "targets": HARVESTING, "learning": LEARNING,
}  # fmt: skip
"""Each kind of part, which is what stands before its colon, and its layer. Who watches and who tells is layer 1."""

LIGHTS = {Severity.CRITICAL: Light.RED, Severity.WARNING: Light.AMBER, Severity.INFO: Light.GREY}
"""What an open incident makes of its layer; of what is only written down, nothing."""
_WORSE = (Light.RED, Light.AMBER, Light.GREEN, Light.GREY)


def layer_of(part: str) -> str:
    """The layer of a part.

    1. What belongs to the browser or to a writer counts with them, also its breaker and its sessions.
    2. Everything else goes by its kind. 3. A part of the boot that is none of these is a platform, and so posting.
    """
    kind, _, name = part.partition(":")
    if kind == "breaker":
        kind = name.partition(" ")[0] if name.startswith(("browser", "writer ")) else kind
    if kind == "session" and in_browser(name.partition(":")[0]):
        return BROWSERS
    return KINDS.get(kind, POSTING)


def layers_of(root: str) -> tuple[str, ...]:
    """The layers of an expected root as drills write it: ``|`` parts several, a colon at the end names a family."""
    return tuple(dict.fromkeys(layer_of(part) for part in root.split("|") if part))


def alarming(found: Iterable[Incident]) -> list[Incident]:
    """The open incidents that colour something, the worst first, of equals the oldest."""
    shown = [one for one in found if one.closed_at is None and one.severity is not Severity.INFO]
    return sorted(shown, key=lambda one: (one.severity is not Severity.CRITICAL, bool(one.root), one.opened_at))


def coloured(health: Health, found: Sequence[Incident]) -> Health:
    """A layer with what is open on its parts: the worst incident speaks for it, unless it is worse by itself.

    Args:
        found: as `alarming` returns them.
    """
    mine = [one for one in found if layer_of(one.part) == health.part]
    if not mine:
        return health
    worst, light = mine[0], LIGHTS[mine[0].severity]
    seen_directly = health.part in (ENGINE, BOOKS) and health.light is light  # and so it is fresher
    if seen_directly or _WORSE.index(health.light) < _WORSE.index(light):
        return health
    return replace(health, light=light, sentence=told(worst, mine, found), since=worst.since or worst.opened_at)


def told(one: Incident, mine: Sequence[Incident], found: Sequence[Incident]) -> str:
    """What it is, why if that is known, and what is done about it."""
    cause = next((each for each in found if each.id == one.root), None)
    done = f"Because of this: {_plain(cause.title)}." if cause else one.fix
    more = f" And {count(len(mine) - 1, 'more incident')}." if len(mine) > 1 else ""
    return f"{_plain(one.title)}. {done}{more}"


def _plain(title: str) -> str:
    return title.rstrip(".")
