"""Several at once: what a page that shows many posts or accounts asks for with one press, and an answer for each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from bowerbird.core.errors import BadInput
from bowerbird.posting import approvals
from bowerbird.posting.publisher import Books

SEVERAL_MAX = 80
"""Most posts that are approved, or accounts that are paused or resumed, by one press of a button."""
BEGIN = 40
"""Characters by which a post is named in an answer."""


async def approve_each(storage: Books, args: Mapping[str, Any], *, by: str, now: int) -> str:
    """Approve several posts as they were shown, each with its thread and on its own; say what became of each.

    Args:
        args: ``shown.n`` is a post's id and the version of each part of its thread as shown, blanks between.

    Raises:
        BadInput: no post was named, or too many; or some could not be approved, and why, while the others were.
    """
    shown = [str(value).split() for name, value in args.items() if name.startswith("shown.")]
    if not shown or not all(shown):
        raise BadInput("no post was named; open the page again")
    _bounded(shown, "posts")
    why_not = [await _refused(storage, post_id, versions, by=by, now=now) for post_id, *versions in shown]
    refused = [f"Not approved: {why}." for why in why_not if why]
    done = len(shown) - len(refused)
    answer = " ".join([f"{done} approved; each goes at its time."] * bool(done) + refused)
    if refused:
        raise BadInput(answer.removesuffix("."))
    return answer


async def _refused(storage: Books, post_id: str, versions: Sequence[str], *, by: str, now: int) -> str:
    """Approve one of several; return why it could not be done, with the words it is about, or nothing."""
    post = await storage.post(post_id)
    try:
        known = {part: whole(version) for part, version in enumerate(versions)}
        shown = known.get(post.part) if post else None
        await approvals.approve(storage, post_id, by=by, now=now, version=shown, versions=known)
    except BadInput as error:
        return f"“{_begin(post.payload.text)}”, for {error}" if post else str(error)
    return ""


def chosen(args: Mapping[str, Any]) -> list[str] | None:
    """Return the accounts that were ticked (``account_id.n``), or None if the button was not about such a choice.

    Raises:
        BadInput: it was, and none was ticked, or too many were; nothing ticked must never mean all of them.
    """
    ticked = list(dict.fromkeys(str(value) for name, value in args.items() if name.startswith("account_id.")))
    if not ticked and not args.get("chosen"):
        return None
    if not ticked:
        raise BadInput("no account was chosen; tick those that you mean")
    _bounded(ticked, "accounts")
    return ticked


def whole(value: str) -> int:
    """Return a version as a number; raise BadInput if it is none."""
    try:
        return int(value)
    except ValueError as error:
        raise BadInput(f"the version must be a number, not {value!r}") from error


def _bounded(named: Collection[object], what: str) -> None:
    if len(named) > SEVERAL_MAX:
        raise BadInput(f"at most {SEVERAL_MAX} {what} are taken at one time; {len(named)} were named")


def _begin(text: str) -> str:
    """The first words of a text, to know it by."""
    line = text.strip().split("\n", 1)[0]
    return line if len(line) <= BEGIN else line[: BEGIN - 1].rstrip() + "…"
