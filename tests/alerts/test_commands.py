"""What a person types: a test, a silence, the list of what is wrong, and a run that asks who will be told."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bowerbird.alerts.prometheus import rules_yaml
from bowerbird.app.books import open_books
from bowerbird.cli import app
from bowerbird.clock import SystemClock
from bowerbird.core.account import Account
from bowerbird.core.books import Batch
from bowerbird.core.errors import BadInput
from bowerbird.core.incident import Incident, Severity
from bowerbird.settings import load

REAL = Account(id="bluesky:ann.test", platform="bluesky", handle="ann.test")
ROOT = Incident(
    id="r", fingerprint="BreakerOpen|breaker:browser|", rule="BreakerOpen", part="breaker:browser",
    severity=Severity.CRITICAL, title="The breaker browser is open", why="It failed.", opened_at=1, seen_at=1,
)  # fmt: skip


def typed(folder: Path, *words: str, channels: str = "") -> Any:
    """Type a command in this data folder."""
    env = {"BOWERBIRD_ALERTS_CHANNELS": channels} if channels else {}
    return CliRunner(env=env).invoke(app, ["--data", str(folder), *words])


def write(folder: Path, batch: Batch) -> None:
    """Put something into the books of this folder."""
    settings = load(env={}, data__folder=str(folder))

    async def go() -> None:
        books = await open_books(settings, SystemClock(), engine=False)
        await books.record(batch)
        await books.close()

    asyncio.run(go())


def test_a_test_says_of_each_channel_whether_it_took_it(tmp_path: Path) -> None:
    """One that did not makes the command fail; its address is not shown."""
    done = typed(tmp_path, "alerts", "test", channels="desk=console: phone=http://127.0.0.1:9/hunter2")
    assert done.exit_code == 1
    assert "ok    desk: it took the test message" in done.output
    assert "MEND  phone: it could not be reached" in done.output
    assert "hunter2" not in done.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("test",), "no channel is named"),
        (("test", "--channel", "fax"), "no channel 'fax'"),
        (("silence", "--rule", "BreakerOpne"), "no rule 'BreakerOpne'"),
        (("silence", "--hours", "9999"), "a silence lasts between"),
        (("shout",), "no action 'shout'"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(words: tuple[str, ...], says: str, tmp_path: Path) -> None:
    """With what there is instead."""
    done = typed(tmp_path, "alerts", *words)
    assert isinstance(done.exception, BadInput)
    assert says in str(done.exception)


def test_a_silence_is_written_with_its_end(tmp_path: Path) -> None:
    """And said back."""
    done = typed(tmp_path, "alerts", "silence", "--rule", "BreakerOpen", "--hours", "2")
    assert done.exit_code == 0
    assert done.output.startswith("Nothing is sent about BreakerOpen until ")


def test_the_rules_are_listed_for_people_and_for_prometheus(tmp_path: Path) -> None:
    """The second is what the packaged file is made from."""
    assert "BreakerOpen" in typed(tmp_path, "alerts", "rules").output
    assert typed(tmp_path, "alerts", "rules", "--prometheus").output == rules_yaml()


def test_what_is_wrong_is_listed_under_its_root(tmp_path: Path) -> None:
    """In words, and as JSON."""
    effect = replace(ROOT, id="e", fingerprint="x", part="posting:ann", title="A post is due", root="r")
    assert "Nothing is wrong" in typed(tmp_path, "incidents").output
    write(tmp_path, Batch(incidents=(ROOT, effect)))
    assert "The breaker browser is open" in typed(tmp_path, "incidents").output
    assert "because of it: A post is due" in typed(tmp_path, "incidents").output
    rows = json.loads(typed(tmp_path, "incidents", "--json").output)["incidents"]
    assert {row["id"] for row in rows} == {"r", "e"}


def test_a_run_on_a_real_account_asks_who_will_be_told(tmp_path: Path) -> None:
    """Before anything is started; both remedies are named."""
    write(tmp_path, Batch(accounts=(replace(REAL, labelled=True, operator="Ann"),)))
    done = typed(tmp_path, "run", "--no-face")
    assert isinstance(done.exception, BadInput)
    assert "bowerbird alerts test" in str(done.exception)
    assert 'alerts = "none"' in str(done.exception)
