"""Every page of the face, in one table: from it come the addresses, the menu, the keys and who may look.

To add a page, add its row here, `pages/<name>.py` with `read`, and `templates/<name>.html`; then its tests.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.routing import compile_path

from bowerbird.core.people import Role
from bowerbird.dashboard.asked import Read
from bowerbird.dashboard.pages import (
    account,
    accounts,
    approvals,
    audit,
    breakers,
    browsers,
    cache,
    drill,
    drills,
    engine,
    incident,
    incidents,
    job,
    jobs,
    learning,
    limits,
    measuring,
    opportunities,
    overview,
    people,
    post,
    posts,
    proofs,
    queue,
    replay,
    replays,
    settings,
    start,
    storage,
)

GROUPS = ("Watch", "Publish", "Learn", "Workshop", "Settings")
"""The menu's headings, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One page.

    Args:
        path: of its address; ``{name}`` stands for a part that `read` finds in ``asked.params``.
        read: what its template is given.
        template: the file's name in templates/.
        label: by which the menu calls it; without one it is reached from another page.
        group: the heading of the menu under which it stands.
        may: the least role that may look at it.
        key: the letter that leads there after ``g``; no two pages have the same.
    """

    path: str
    read: Read
    template: str
    label: str = ""
    group: str = ""
    may: Role = Role.VIEWER
    key: str = ""


# fmt: off
LEAVES: tuple[Leaf, ...] = (
    Leaf(path="/", read=overview.read, template="overview.html", label="Overview", group="Watch", key="o"),
    Leaf(path="/incidents", read=incidents.read, template="incidents.html", label="Incidents", group="Watch", key="i"),
    Leaf(path="/incidents/{incident_id}", read=incident.read, template="incident.html"),
    Leaf(path="/breakers", read=breakers.read, template="breakers.html", label="Breakers", group="Watch", key="r"),
    Leaf(path="/jobs", read=jobs.read, template="jobs.html", label="Jobs", group="Watch", key="j"),
    Leaf(path="/jobs/{job}", read=job.read, template="job.html"),
    Leaf(path="/engine", read=engine.read, template="engine.html", label="Engine", group="Watch", key="e"),
    Leaf(path="/browsers", read=browsers.read, template="browsers.html", label="Browsers", group="Watch", key="w"),
    Leaf(path="/storage", read=storage.read, template="storage.html", label="Books", group="Watch", key="d"),
    Leaf(path="/cache", read=cache.read, template="cache.html", label="Cache", group="Watch", key="z"),
    Leaf(path="/approvals", read=approvals.read, template="approvals.html", label="Approvals", group="Publish",
         key="a"),
    Leaf(path="/queue", read=queue.read, template="queue.html", label="Queue", group="Publish", key="q"),
    Leaf(path="/limits", read=limits.read, template="limits.html", label="Limits", group="Publish", key="m"),
    Leaf(path="/opportunities", read=opportunities.read, template="opportunities.html", label="Conversations",
         group="Publish", key="c"),
    Leaf(path="/accounts", read=accounts.read, template="accounts.html", label="Accounts", group="Publish", key="b"),
    Leaf(path="/accounts/{account_id}", read=account.read, template="account.html"),
    Leaf(path="/posts", read=posts.read, template="posts.html", label="Posts", group="Publish", key="l"),
    Leaf(path="/posts/{post_id}", read=post.read, template="post.html"),
    Leaf(path="/measuring", read=measuring.read, template="measuring.html", label="Measuring", group="Learn", key="n"),
    Leaf(path="/learning", read=learning.read, template="learning.html", label="Learning", group="Learn", key="k"),
    Leaf(path="/proofs", read=proofs.read, template="proofs.html", label="Proofs", group="Workshop", key="f"),
    Leaf(path="/drills", read=drills.read, template="drills.html", label="Drills", group="Workshop", key="x"),
    Leaf(path="/drills/{run_id}", read=drill.read, template="drill.html"),
    Leaf(path="/replay", read=replays.read, template="replays.html", label="Replay", group="Workshop", key="y"),
    Leaf(path="/replay/{name}", read=replay.read, template="replay.html"),
    Leaf(path="/start", read=start.read, template="start.html", label="Start here", group="Settings", key="t"),
    Leaf(path="/settings", read=settings.read, template="settings.html", label="Settings", group="Settings", key="s"),
    Leaf(path="/audit", read=audit.read, template="audit.html", label="Audit log", group="Settings", key="u"),
    Leaf(path="/people", read=people.read, template="people.html", label="People", group="Settings", may=Role.OWNER,
         key="p"),
)
# fmt: on


@functools.cache
def menu(role: Role) -> tuple[tuple[str, Sequence[Leaf]], ...]:
    """The menu for somebody of this role: each heading that has pages, with its pages in the table's order."""
    shown = [leaf for leaf in LEAVES if leaf.label and role.may(leaf.may)]
    groups = ((group, [leaf for leaf in shown if leaf.group == group]) for group in GROUPS)
    return tuple((group, leaves) for group, leaves in groups if leaves)


@functools.cache
def _patterns() -> tuple[tuple[Leaf, re.Pattern[str]], ...]:
    return tuple((leaf, compile_path(leaf.path)[0]) for leaf in LEAVES)


def found(path: str) -> tuple[Leaf, dict[str, str]] | None:
    """The page at this path with the parts that its row names, or None if there is none."""
    matches = ((leaf, pattern.match(path)) for leaf, pattern in _patterns())
    return next(((leaf, match.groupdict()) for leaf, match in matches if match), None)
