"""What is wrong when: one table, read by our own judge, by Prometheus, by the pages and by the documentation.

Each layer has a file of its own, and `RULES` joins them.

Rule 1: a rule is a level, not an event: it holds while its tests hold. What is only a fact becomes a counter.
Rule 2: the order of the table is from cause to symptom: of two rules about one part, the upper is the root.
Rule 3: the promise (`within_s`) leaves room for a second of sampling, one of judging, the wait for a cause and
        half a second of delivery, so `for_s` is small.
Rule 4: a title has labels but no number in it, so it says the same on every day and on every channel.
"""

from __future__ import annotations

import re

from bowerbird.alerts.rules.content import CONTENT
from bowerbird.alerts.rules.ground import GROUND
from bowerbird.alerts.rules.jobs import JOBS
from bowerbird.alerts.rules.measuring import MEASURING
from bowerbird.alerts.rules.posting import POSTING
from bowerbird.alerts.rules.rule import CLEAR_S, Op, Rule, Test
from bowerbird.alerts.rules.telling import TELLING

__all__ = ["BY_NAME", "CLEAR_S", "RANK", "RULES", "Op", "Rule", "Test", "condition", "label_names", "rules_markdown"]

RULES: tuple[Rule, ...] = (*GROUND, *JOBS, *CONTENT, *POSTING, *MEASURING, *TELLING)
"""Every rule there is, causes above their symptoms."""

BY_NAME = {rule.name: rule for rule in RULES}
RANK = {rule.name: rank for rank, rule in enumerate(RULES)}
"""The place in the table: of two rules about one part, the lower number is the root."""


def label_names(template: str) -> list[str]:
    """The labels that a part or a sentence names, in order; ``{value}`` is one of them."""
    return re.findall(r"{(\w+)}", template)


def condition(test: Test) -> str:
    """One comparison in words a person and Prometheus both read."""
    where = ",".join(f'{name}="{value}"' for name, value in test.where.items())
    subject = test.metric + (f"{{{where}}}" if where else "")
    if test.window_s:
        subject = f"rise of {subject} in {test.window_s:g} s"
    bound = test.bound if isinstance(test.bound, str) else f"{test.bound:g}"
    return f"{subject} {test.op} {bound}"


def rules_markdown() -> str:
    """Print the table; the documentation contains exactly this text."""
    lines = ["| rule | when | for | severity | part | what it says | what to do | serves |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    for rule in RULES:
        when = " and ".join(f"`{condition(test)}`" for test in (rule.test, *rule.also))
        told = rule.severity if rule.sends else f"{rule.severity}, page only"
        lines.append(
            f"| {rule.name} | {when} | {rule.for_s:g} s | {told} | `{rule.part}` | {rule.title}. {rule.why} "
            f"| {rule.fix} | {', '.join(rule.serves)} |"
        )
    return "\n".join(lines) + "\n"
