"""One example or two for every command: what a person reads first in `bowerbird COMMAND --help`."""

from __future__ import annotations

import re

SUMMARY_MAX = 64
"""Letters of a command's line in the list of commands; a longer one would be cut off in the middle of a word."""

EXAMPLES: dict[str, tuple[str, ...]] = {
    "demo": ("bowerbird demo", "bowerbird demo --for 90s --json"),
    "simulate": ("bowerbird simulate --seeds 500", "bowerbird simulate --seed 42 --story"),
    "drill": ("bowerbird drill 4.1", "bowerbird drill --json 1 2 4 P", "bowerbird drill --html drills.html"),
    "proofs": ("bowerbird proofs 4", "bowerbird proofs --json"),
    "run": ("bowerbird run", "bowerbird --data ~/birds --settings birds.toml run --no-face"),
    "doctor": ("bowerbird doctor",),
    "settings": ("bowerbird settings", "BOWERBIRD_ACCOUNT_MODE=auto bowerbird settings"),
    "backup": ("bowerbird backup monday.db",),
    "restore": ("bowerbird restore monday.db",),
    "models": ("bowerbird models bluesky:wren.example.org",),
    "why": ("bowerbird why p7k2", "bowerbird why p7k2 --json"),
    "posts": ("bowerbird posts --state proposed", "bowerbird posts --account bluesky:wren.example.org --limit 5"),
    "post": ('bowerbird post bluesky:wren.example.org "Hello, bower." --at 2026-12-24T18:00',),
    "approve": ("bowerbird approve p7k2",),
    "reject": ('bowerbird reject p7k2 --reason "we said this last week"',),
    "edit": ('bowerbird edit p7k2 "Better words."',),
    "withdraw": ("bowerbird withdraw p7k2",),
    "retry": ("bowerbird retry p7k2",),
    "reslot": ("bowerbird reslot", "bowerbird reslot bluesky:wren.example.org"),
    "retract": ("bowerbird retract p7k2",),
    "settle": ("bowerbird settle p7k2 there", "bowerbird settle p7k2 send"),
    "connect": (
        "bowerbird connect bluesky wren.example.org",
        "bowerbird connect bluesky wren.example.org --url https://pds.example.org --mode auto",
    ),
    "login": ("bowerbird login sandbox-web:wren", "bowerbird login sandbox-web:wren --import state.json"),
    "attest": ('bowerbird attest bluesky:wren.example.org --operator "Ada Finch"',),
    "accounts": ("bowerbird accounts",),
    "pause": ("bowerbird pause", 'bowerbird pause bluesky:wren.example.org --why "on holiday"'),
    "resume": ("bowerbird resume bluesky:wren.example.org",),
    "incidents": ("bowerbird incidents", "bowerbird incidents --all --json"),
    "alerts": ("bowerbird alerts test", "bowerbird alerts silence --rule BreakerOpen --hours 2"),
    "people": ("bowerbird people", "bowerbird people add ann --role approver", "bowerbird people remove ann"),
    "bank": ("bowerbird bank my-tips.yaml", "bowerbird bank https://docs.example.org/tips --to tips.md"),
}
"""Command lines by command; the tests see that each can be read."""


def epilog(name: str) -> str:
    """The examples of a command as the end of its help; empty if it has none."""
    lines = EXAMPLES.get(name, ())
    title = "Examples:" if len(lines) > 1 else "Example:"
    return "\n".join(["\b", title, *(f"  {line}" for line in lines)]) if lines else ""


def summary(help_: str) -> str:
    """A command's help as one line for the list: its first sentence, or the first part of that which says enough."""
    sentence = re.split(r"(?<=\.)\s", " ".join(help_.split()), maxsplit=1)[0]
    if len(sentence) <= SUMMARY_MAX:
        return sentence
    return re.split(r"[:;,]\s", sentence, maxsplit=1)[0].rstrip(".") + "."
