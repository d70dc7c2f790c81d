"""What came of the drills: a line a row, and one line for all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bowerbird.drills.row import Outcome, Verdict


def lines(verdicts: Sequence[Verdict], scale: Mapping[str, float]) -> list[dict[str, Any]]:
    """Each row as JSON values, then the sum."""
    return [*(verdict.line() for verdict in verdicts), total(verdicts, scale)]


def total(verdicts: Sequence[Verdict], scale: Mapping[str, float]) -> dict[str, Any]:
    """The sum: how many rows, which failed, what was lost or doubled, and how much the periods were shrunk."""
    rows = [verdict.line() for verdict in verdicts]
    failed = [verdict.id for verdict in verdicts if not verdict.ok]
    lost, doubled = sum(row["lost"] for row in rows), sum(row["doubled"] for row in rows)
    ok = bool(rows) and not failed and lost == 0 and doubled == 0
    return {"rows": len(rows), "failed": failed, "lost": lost, "doubled": doubled, "scale": dict(scale), "ok": ok}


def as_json(verdicts: Sequence[Verdict], scale: Mapping[str, float]) -> str:
    """The lines as they are printed."""
    return "\n".join(json.dumps(line, ensure_ascii=False) for line in lines(verdicts, scale))


def one_line(outcome: Outcome) -> Text:
    """What came of one drill, for the person who watches."""
    mark = ("held  ", "green") if outcome.ok else ("FAILED", "bold red")
    told = _measured("told", outcome.alert_s, outcome.alert_max_s) if outcome.root_expected else "nobody told"
    text = Text.assemble(mark, f"  {outcome.name:<36} {told:<22} ")
    text.append(_measured("well", outcome.recover_s, outcome.recover_max_s))
    if sight := outcome.sight:
        text.append(f"  {_measured('seen', sight.seen_s, sight.seen_max_s)}: {sight.layer or 'nowhere'}")
        text.append("" if sight.green_s is None else f", as before {sight.green_s:.1f} s after")
    for why in outcome.wrong:
        text.append(f"\n          {why}", style="red")
    return text


def show(verdicts: Sequence[Verdict], scale: Mapping[str, float], console: Console) -> None:
    """Print the table for a person."""
    table = Table(title="What broke, how soon it was told, and how soon it was well again", title_justify="left")
    for name in ("row", "told after", "at most", "well after", "at most", "lost", "twice", "root", "healed by"):
        table.add_column(name, justify="right" if name in ("told after", "at most", "well after", "lost") else "left")
    for verdict in verdicts:
        row = verdict.line()
        figures = [_s(row[name]) for name in ("alert_s", "alert_max_s", "recover_s", "recover_max_s")]
        style = "" if verdict.ok else "red"
        table.add_row(
            verdict.id, *figures, str(row["lost"]), str(row["doubled"]), row["root"] or "-", row["healed_by"],
            style=style,
        )  # fmt: skip
    console.print(table)
    found = total(verdicts, scale)
    console.print(scale_sentence(scale))
    console.print(
        f"{found['rows']} rows, {len(found['failed'])} failed, {found['lost']} lost, {found['doubled']} twice"
    )


def scale_sentence(scale: Mapping[str, float]) -> str:
    """Say how much shorter the periods were; the bounds never are."""
    if not scale:
        return "Periods as the product has them. The bounds are never shrunk."
    rows = ", ".join(f"{name} {factor:g}x shorter" for name, factor in scale.items())
    return f"Periods shrunk: {rows}. The bounds are never shrunk."


def _measured(word: str, seconds: float | None, most_s: float | None) -> str:
    bound = "" if most_s is None else f" of {most_s:g}"
    return f"{word} {'never' if seconds is None else f'{seconds:.1f}'}{bound} s"


def _s(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f} s"
