"""The same rules for Prometheus, and the same graph for Alertmanager, as far as they can say it.

Both are printed from the tables of `rules` and `graph`; `packaging/prometheus/` holds what they print, and a test
compares. Prometheus sees what the engine sees five seconds later at most; Alertmanager's inhibition is flat
(a cause silences its effects while it fires), so a cause that comes late is told besides its effect there.
"""

from __future__ import annotations

from typing import Any

import yaml

from bowerbird.alerts.graph import STANDING
from bowerbird.alerts.rules import RULES, Rule, Test, label_names

OURS = "alerts"
"""The name of our group of rules."""
INTERVAL_S = 1
"""How often Prometheus evaluates them, in seconds."""


def expression(rule: Rule) -> str:
    """A rule as PromQL."""
    joined = ",".join(rule.labels)
    first, *others = [_comparison(test) for test in (rule.test, *rule.also)]
    return " ".join([first, *(f"and on({joined}) ({other})" for other in others)])


def _comparison(test: Test) -> str:
    where = "{" + ",".join(f'{name}="{value}"' for name, value in test.where.items()) + "}" if test.where else ""
    series = f"{test.metric}{where}"
    if not test.window_s:
        bound = test.bound if isinstance(test.bound, str) else f"{test.bound:.15g}"
        return f"{series} {test.op} {bound}"
    window, than = f"{test.window_s:g}s", f"{test.op} {test.bound:g}"
    # What appeared within the window rose from zero, which increase() cannot see.
    return f"increase({series}[{window}]) {than} or ({series} {than} unless {series} offset {window})"


def template(sentence: str) -> str:
    """A sentence as Prometheus fills it."""
    filled = {name: f"{{{{ $labels.{name} }}}}" for name in label_names(sentence)}
    return sentence.format_map({**filled, "value": '{{ $value | printf "%.4g" }}'})


def rule_row(rule: Rule) -> dict[str, Any]:
    """One rule as Prometheus reads it."""
    row: dict[str, Any] = {"alert": rule.name, "expr": expression(rule)}
    if rule.for_s:
        row["for"] = f"{rule.for_s:g}s"
    row["keep_firing_for"] = f"{rule.clear_s:g}s"
    sends = {} if rule.sends else {"page_only": "true"}
    kind = rule.part.split(":", 1)[0]
    needs = {"needs": template(rule.needs)} if rule.needs else {}
    row["labels"] = {"severity": str(rule.severity), "part": template(rule.part), "kind": kind, **needs, **sends}
    row["annotations"] = {
        "summary": template(rule.title),
        "description": template(rule.why),
        "fix": template(rule.fix),
        "serves": ", ".join(rule.serves),
    }
    return row


def rules_yaml() -> str:
    """The rules file."""
    groups = [{"name": OURS, "interval": f"{INTERVAL_S}s", "rules": [rule_row(rule) for rule in RULES]}]
    return _printed("Bowerbird's alert rules for Prometheus 2.42 or newer.", {"groups": groups})


def inhibitions() -> list[dict[str, Any]]:
    """What a cause silences, as flat as Alertmanager can say it.

    One row for each kind of cause: what its effects are, and whether cause and effect are about one account. Names
    that both sides share, such as a job's, cannot be compared by Alertmanager unless a label says them, so the
    breakers of an account are left out: this Alertmanager tells them besides their posts.
    """
    effects: dict[tuple[str, bool], list[str]] = {}
    for part, need in STANDING:
        account = need.endswith(":@")
        if need == "breaker:@" or "writer" in need:
            continue
        effects.setdefault((need, account), []).append(part)
    rows = []
    for (need, account), parts in effects.items():
        source = f'kind="{need.split(":", 1)[0]}"' if account else f'part=~"{_pattern(need)}"'
        targets = "|".join(dict.fromkeys(_pattern(part) for part in parts))
        row: dict[str, Any] = {"source_matchers": [source], "target_matchers": [f'part=~"{targets}"']}
        if account:
            row["equal"] = ["account"]
        rows.append(row)
    of_jobs = (("JobFailing|JobOverdue|JobStuck", "JobBlocked"), ("LaneStuck", "JobStuck"))
    rows += [
        {"source_matchers": [f'alertname=~"{cause}"'], "target_matchers": [f'alertname="{effect}"']}
        for cause, effect in of_jobs
    ]
    return rows


def _pattern(part: str) -> str:
    return part.replace("*", ".+").replace("@", ".+")


def alertmanager_yaml() -> str:
    """An example of Alertmanager's settings: groups, inhibition, and one receiver to be filled in."""
    root = {
        "receiver": "person",
        "group_by": ["part"],
        "group_wait": "1s",
        "group_interval": "1s",
        "repeat_interval": "4h",
        "routes": [
            {"receiver": "page", "matchers": ['severity="info"']},
            {"receiver": "page", "matchers": ['page_only="true"']},
        ],
    }
    receivers = [
        {"name": "person", "webhook_configs": [{"url": "http://127.0.0.1:9/your-receiver", "send_resolved": True}]},
        {"name": "page"},
    ]
    says = "An example for Alertmanager 0.25 or newer: put your own receiver in."
    return _printed(says, {"route": root, "receivers": receivers, "inhibit_rules": inhibitions()})


def prometheus_yaml() -> str:
    """An example of Prometheus' settings: where our numbers are, and how often to read them."""
    settings = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["bowerbird.rules.yml"],
        "scrape_configs": [{"job_name": "bowerbird", "static_configs": [{"targets": ["127.0.0.1:8420"]}]}],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": ["127.0.0.1:9093"]}]}]},
    }
    return _printed("An example for Prometheus: our numbers, our rules, your Alertmanager.", settings)


def _printed(says: str, data: dict[str, Any]) -> str:
    head = f"# {says}\n# Printed by bowerbird.alerts.prometheus; `python tools/rules.py` writes it anew.\n"
    return head + yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)
