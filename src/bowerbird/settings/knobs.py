"""Every setting in one row: its name, default with unit, bounds, and why it exists.

The command line, the documentation and the settings page are printed from `KNOBS`.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

PREFIX = "BOWERBIRD_"
"""How the name of every environment variable begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """One setting.

    Args:
        name: ``<table>.<key>`` as in the TOML file; units last.
        default: what holds when nobody says anything; its type is the setting's type.
        why: one sentence for a person.
        least, most: bounds of a number, or of each number in a list, both allowed.
        rises: a list of numbers, never empty, each larger than the one before.
        secret: never shown; may come from a file.
    """

    name: str
    default: Any
    why: str
    least: float | None = None
    most: float | None = None
    rises: bool = False
    secret: bool = False

    @property
    def variable(self) -> str:
        """The name of its environment variable."""
        return PREFIX + self.name.replace(".", "_").upper()

    @property
    def bounds(self) -> str:
        """What it may be, in words; empty where that is anything."""
        ends = (("from", self.least), ("to", self.most))
        return " ".join(f"{word} {bound:,g}" for word, bound in ends if bound is not None) or "secret" * self.secret


KNOBS: tuple[Knob, ...] = (
    Knob(name="data.folder", default="~/.local/share/bowerbird", why="Where the books, keys and logs live."),
    Knob(name="data.deadline_s", default=2.0, least=0.05, most=60, why="How long any statement on the books may take."),
    Knob(
        name="spool.max_mb",
        default=64,
        least=5,
        most=4096,
        why="Megabytes that may wait in the spool while the books cannot be written; 4 of them are set aside at once.",
    ),
    Knob(name="face.host", default="127.0.0.1", why="Where the dashboard listens; anything wider needs a password."),
    Knob(name="face.port", default=8420, least=0, most=65535, why="Its port; 0 takes a free one."),
    Knob(
        name="face.password",
        default="",
        secret=True,
        why="The dashboard's password; empty makes one at the first start and says where it is.",
    ),
    Knob(
        name="posting.attempt_s", default=60.0, least=10, most=75, why="How long one attempt to send a post may take."
    ),
    Knob(
        name="posting.late_s",
        default=3600.0,
        least=10,
        most=86_400,
        why="A post this late is missed instead of sent.",
    ),
    Knob(
        name="posting.app_hour_max",
        default=0,
        least=0,
        most=100_000,
        why="Posts an hour of all accounts on one platform together; 0: only the limits of each account.",
    ),
    Knob(
        name="posting.host_hour_max",
        default=0,
        least=0,
        most=100_000,
        why="Posts an hour of all accounts on one server together; 0: only the limits of each account.",
    ),
    Knob(
        name="posting.audit_s",
        default=20.0,
        least=5,
        most=3600,
        why="An account's timeline is compared with the books at most this often.",
    ),
    Knob(
        name="posting.audit_share",
        default=0.1,
        least=0.001,
        most=1,
        why="The share of the reads a platform allows that comparing may take.",
    ),
    Knob(
        name="measuring.ladder_s",
        default=[60.0, 300.0, 900.0, 3600.0, 10_800.0, 21_600.0, 43_200.0, 86_400.0, 172_800.0, 604_800.0],
        least=1,
        rises=True,
        why="The ages, in seconds and rising, at which a post's numbers are read.",
    ),
    Knob(
        name="writer.bank",
        default="python_tips",
        why="The claim bank: the bundled 'python_tips', a path (YAML, Markdown, CSV, feed) or a feed's address.",
    ),
    Knob(
        name="writer.cards",
        default="none",
        why="Pictures that go with the bank's posts: 'none'; 'code', of the code where there is some; 'all', of the "
        "words too where there is none. They need a browser; while there is none, posts go without.",
    ),
    Knob(
        name="writer.url",
        default="",
        why="An OpenAI-compatible address that writes posts, such as http://127.0.0.1:11434/v1; empty uses the bank.",
    ),
    Knob(name="writer.model", default="", why="The model to ask for at that address."),
    Knob(name="writer.about", default="", why="What your accounts are about, in your words; told to the model."),
    Knob(name="writer.key", default="", secret=True, why="The key for that address, where it wants one."),
    Knob(name="writer.timeout_s", default=30.0, least=1, most=600, why="How long one answer may take."),
    Knob(
        name="writer.day_max",
        default=1.0,
        least=0,
        most=10_000,
        why="Dollars a day for words; reserved before each call, so it is never exceeded.",
    ),
    Knob(name="writer.price_in", default=0.0, least=0, why="Dollars for a million tokens sent; 0 caps tokens instead."),
    Knob(name="writer.price_out", default=0.0, least=0, why="Dollars for a million tokens received."),
    Knob(
        name="writer.tokens_day_max",
        default=200_000,
        least=0,
        why="Tokens a day where no price is known.",
    ),
    Knob(
        name="guardian.silence_s",
        default=30.0,
        least=5,
        most=3600,
        why="A silent engine is killed and started again after so many seconds; it is told after four.",
    ),
    Knob(
        name="guardian.webhook",
        default="",
        secret=True,
        why="Where the guardian posts JSON when the engine is silent and can tell nobody itself.",
    ),
    Knob(
        name="guardian.mail",
        default="",
        secret=True,
        why="The same by mail: smtp://user:password@host:587/?from=you@example.org&to=you@example.org, or smtps.",
    ),
    Knob(
        name="ping.url",
        default="",
        secret=True,
        why="Called while all is well; let a service there raise the alarm when the calls stay away.",
    ),
    Knob(name="ping.every_s", default=60.0, least=1, most=3600, why="Seconds between two calls of ping.url."),
    Knob(name="browser.path", default="", why="The Chromium to use; empty finds one."),
    Knob(
        name="web.x_risk",
        default="",
        why="X forbids scripting its site and suspends accounts for it, so the site description x is off; the owner "
        "of an account who takes that risk writes here, word for word: I know that X forbids scripting its site and "
        "suspends accounts for it.",
    ),
    Knob(
        name="measuring.canary_s",
        default=3600.0,
        least=5,
        most=86_400,
        why="How often a post of ours is read on purpose, to notice that a site's pages have changed.",
    ),
    Knob(
        name="browsers.seats",
        default=2,
        least=1,
        most=32,
        why="Browsers at most, about 400 MB each, started when needed; of two or more, one is kept for posts.",
    ),
    Knob(
        name="browsers.standby",
        default=1,
        least=0,
        most=1,
        why="1: one more browser, about 350 MB, stands by where memory allows it, in case of a crash; 0: none.",
    ),
    Knob(
        name="browsers.memory_max_mb",
        default=0,
        least=0,
        most=100_000,
        why="Megabytes that all browsers together may take; 0 is four fifths of what is free, less 256.",
    ),
    Knob(
        name="browsers.heap_max_mb",
        default=512,
        least=64,
        most=4096,
        why="Megabytes that the scripts of one page may take: a page that leaks crashes there, alone.",
    ),
    Knob(
        name="browsers.restarts_max",
        default=5,
        least=1,
        most=1_000,
        why="Browsers that may be lost on one seat within ten minutes; after that one is tried every 30 s.",
    ),
    Knob(name="harvest.search_s", default=1800.0, least=5, why="How often each search is looked up."),
    Knob(name="jobs.plan_s", default=60.0, least=0.2, most=86_400, why="Seconds between looks at the queue's cover."),
    Knob(name="jobs.measure_s", default=5.0, least=0.2, most=3600, why="Seconds between looks for due readings."),
    Knob(name="jobs.harvest_s", default=60.0, least=0.2, most=86_400, why="Seconds between looks for mentions."),
    Knob(name="jobs.learn_s", default=300.0, least=0.2, most=86_400, why="Seconds between lessons."),
    Knob(name="account.mode", default="ask", why="Approval of new accounts: ask, ask-new, veto or auto."),
    Knob(name="account.zone", default="UTC", why="The time zone of those times, such as Europe/Berlin."),
    Knob(name="account.slots", default=["09:30", "12:30", "17:30"], why="Local times for posts of new accounts."),
    Knob(name="account.every_s", default=0.0, least=0, why="Instead of slots, a post each so many seconds; 0: slots."),
    Knob(name="account.cover_h", default=24.0, least=0.001, most=336, why="Hours of queue to keep for new accounts."),
    Knob(name="account.hour_max", default=4, least=1, most=10_000, why="Posts an hour at most, for new accounts."),
    Knob(name="account.day_max", default=12, least=1, most=100_000, why="Posts a day at most, for new accounts."),
    Knob(name="account.searches", default=[], why="What the harvester of new accounts looks for."),
    Knob(
        name="alerts.channels",
        default={},
        secret=True,
        why="Whom alerts reach, first to last, as name = address: https://… (JSON by POST), console:, or any address "
        'of Apprise, such as mailto:// or tgram://; alerts = "none" says that nobody is to be told.',
    ),
    Knob(
        name="alerts.second_s",
        default=300.0,
        least=10,
        most=86_400,
        why="So long the first channel may fail before the next one gets the message too.",
    ),
    Knob(
        name="alerts.remind_s",
        default=14_400.0,
        least=0,
        most=604_800,
        why="What is still open is told again after this time, then with doubling waits up to a day; 0 never.",
    ),
    Knob(
        name="alerts.quiet",
        default="",
        why="Hours in which only what is critical is told, such as 22:00-07:00; empty for none.",
    ),
    Knob(name="alerts.zone", default="UTC", why="The time zone of those hours, such as Europe/Berlin."),
    Knob(
        name="alerts.quiet_holds",
        default="warnings",
        why="What those hours hold back: 'warnings', or 'all' for what is critical too.",
    ),
    Knob(name="demo.speed", default=60.0, least=1, most=10_000, why="How much faster the sandbox's audience lives."),
    Knob(name="demo.seed", default=7, least=0, why="The seed of the sandbox's world."),
)
"""Every setting there is."""

BY_NAME = {knob.name: knob for knob in KNOBS}


def suggestion(name: str) -> str:
    """Return ``; did you mean …?`` for a name that is nearly right, else how to list them all."""
    near = difflib.get_close_matches(name, BY_NAME, n=1)
    return f"; did you mean {near[0]!r}?" if near else "; `bowerbird settings` lists them all"


def table_markdown() -> str:
    """Print every setting; the documentation contains exactly this text."""
    lines = ["| setting | default | bounds | environment | why |", "|---|---|---|---|---|"]
    lines += [
        f"| `{knob.name}` | {_default(knob)} | {knob.bounds} | `{knob.variable}` | {knob.why} |" for knob in KNOBS
    ]
    return "\n".join(lines) + "\n"


def _default(knob: Knob) -> str:
    if isinstance(knob.default, list):
        return ", ".join(f"`{item:g}`" if isinstance(item, float) else f"`{item}`" for item in knob.default) or "none"
    if isinstance(knob.default, dict):
        return "none"
    shown = f"{knob.default:,g}".replace(",", "") if isinstance(knob.default, float) else str(knob.default)
    return f"`{shown}`" if shown else "empty"
