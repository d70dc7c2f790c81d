"""What is done without a part that is missing: the table that is followed, shown and documented.

Each row says what goes on, what waits, who carries it out, and since every row is a promise, a test drives the
rooms it names and shows that they do so (`tests/startup/test_degrade.py`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row.

    Args:
        without: what is missing; the name by which a `Part` refers to it.
        then: what is done instead, in words that the page shows as they are.
        by: the room or process that carries it out.
        needed_for: what waits until it is back.
    """

    without: str
    then: str
    by: str
    needed_for: str


TABLE: dict[str, Row] = {
    row.without: row
    for row in (
        Row(
            without="browser",
            then="Accounts that need no browser post on. Posts of the others keep their place in the queue. "
            "Cards are not drawn: their posts go as words, and say so.",
            by="posting",
            needed_for="accounts that are driven through a browser, and cards",
        ),
        Row(
            without="platform",
            then="Every other platform works on. Posts for this one wait, and it is asked again by itself.",
            by="posting",
            needed_for="accounts on this platform",
        ),
        Row(
            without="writer",
            then="The next writer of the ladder takes over, and at its end the claim bank, which needs nobody.",
            by="planning",
            needed_for="words that a model writes",
        ),
        Row(
            without="books",
            then="Nothing is claimed and nothing is sent, so nothing is sent twice. The engine stays up, says so "
            "with every heartbeat, and goes on when the books answer.",
            by="startup",
            needed_for="everything that is planned, sent or measured",
        ),
        Row(
            without="disk",
            then="The pages still read. Nothing new is claimed, and what was half written is undone.",
            by="storage",
            needed_for="everything that is written down",
        ),
        Row(
            without="session",
            then="Only the account that was signed out pauses, with its posts in the queue; it is asked for a new "
            "login, and comes back by itself when a session works.",
            by="posting",
            needed_for="the account that was signed out",
        ),
        Row(
            without="network",
            then="Certain that nothing was sent, posts go back to the queue with their share of the limits, and are "
            "tried again with growing waits until they would be too late to matter.",
            by="posting",
            needed_for="every platform",
        ),
        Row(
            without="channel",
            then="Messages wait in the books and are tried again; the page shows every incident all the same.",
            by="alerts",
            needed_for="telling you when you do not look",
        ),
        Row(
            without="jobs",
            then="The engine stays up without its jobs: the page, the alerts and the heartbeat say so, and they are "
            "started again with growing waits.",
            by="startup",
            needed_for="planning, posting, measuring and learning",
        ),
        Row(
            without="learning",
            then="The last version that was verified goes on advising; without any, plans follow the calendar alone.",
            by="planning",
            needed_for="better advice",
        ),
        Row(
            without="monitors",
            then="The guardian outside still hears whether the engine lives; each monitor is started again.",
            by="startup",
            needed_for="noticing what goes wrong",
        ),
    )
}
"""What is done without each part, by its name."""


def table_markdown() -> str:
    """Print the table; the documentation contains exactly this text."""
    lines = ["| without | what is done instead | by | what waits |", "|---|---|---|---|"]
    lines += [f"| {row.without} | {row.then} | {row.by} | {row.needed_for} |" for row in TABLE.values()]
    return "\n".join(lines) + "\n"
