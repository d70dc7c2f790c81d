"""How the statements reach their rows: by an index, in its order, and by name."""

import sqlite3
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
import sqlalchemy as sa

from bowerbird.core.lists import Order
from bowerbird.core.post import Kind
from bowerbird.storage import alarms, forgetting, tallies
from bowerbird.storage import statements as s
from bowerbird.storage.pictures import AHEAD
from bowerbird.storage.sqlite.schema import prepare
from bowerbird.storage.sqlite.tx import sql

NAMED = {
    name: found
    for name, found in (vars(s) | vars(alarms) | vars(forgetting) | vars(tallies)).items()
    if isinstance(found, sa.Select | sa.Insert | sa.Update | sa.Delete) and not name.startswith("_")
}
BOTH = (False, True)
LISTS = {
    **{
        f"posts {n}": s.list_posts(of_account=a, bounded=b, newest_first=c)
        for n, (a, b, c) in enumerate(product(BOTH, BOTH, BOTH))
    },
    **{f"readings {a} {b}": s.list_readings(of_post=a, of_account=b) for a, b in product(BOTH, BOTH)},
    **{f"facts {a} {b}": s.list_facts(of_post=a, of_kind=b) for a, b in product(BOTH, BOTH)},
    **{
        f"newest facts {a} {b} {c}": s.newest_facts(of_account=a, of_kind=b, bounded=c)
        for a, b, c in product(BOTH, BOTH, BOTH)
    },
    **{f"pictured {state}": s.pictured(state) for state in AHEAD},
    **{f"targets {a}": s.list_targets(of_account=a) for a in BOTH},
    **{f"runs {a} {b}": s.list_runs(of_job=a, bounded=b) for a, b in product(BOTH, BOTH)},
    **{f"incidents {a} {b}": alarms.list_incidents(open_only=a, bounded=b) for a, b in product(BOTH, BOTH)},
    **{f"past roots {a}": alarms.past_roots(bounded=a) for a in BOTH},
    **{
        f"commands {a} {b} {c}": s.list_commands(of_person=a, of_verb=b, bounded=c)
        for a, b, c in product(BOTH, BOTH, BOTH)
    },
    **{f"deliveries {a} {b}": alarms.list_deliveries(of_incident=a, waiting=b) for a, b in product(BOTH, BOTH)},
}
FORGETTING = {f"forget {what}": statement for what, statement in forgetting.FORGET.items()}

PAGES = {
    f"find {order} {kind} {a} {b} {c}": s.find_posts(order, kind, of_account=a, goes_on=b, newest_first=c)
    for order, kind, a, b, c in product(Order, (None, *Kind), BOTH, BOTH, BOTH)
}
"""They have no limit: the page that reads them stops when it is full, so they must not sort."""

STATEMENTS = NAMED | LISTS | FORGETTING | PAGES

SMALL = {
    "tallies",
    "known",
    "accounts",
    "holds",
    "secrets",
    "owners",
    "cursors",
    "meta",
    "advice",
    "learned",
    "breakers",
    "snapshots",
}
"""Tables with a row per account, process, limit or part, which may be read from end to end."""
RARE = {"DUE_SINCE", "ANSWER_COMMANDS"}
"""They are a restore's."""
SORTS = {"DUE_ACCOUNTS", "CLAIMABLE", "ORPHANED"}
"""Sorts what it found, which is what is due and no more."""


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """An empty file: without statistics SQLite plans the same for no row and for a hundred thousand."""
    path: Path = tmp_path_factory.mktemp("plans") / "books.db"
    prepare(path)
    connection = sqlite3.connect(path)
    yield connection
    connection.close()


def _plan(connection: sqlite3.Connection, statement: s.Statement) -> list[str]:
    text, given = sql(statement)
    names = statement.compile().params
    return [line[3] for line in connection.execute(f"EXPLAIN QUERY PLAN {text}", dict.fromkeys(names) | given)]


@pytest.mark.parametrize("name", [name for name in STATEMENTS if name not in RARE])
def test_no_statement_scans_a_table_that_grows(plans: sqlite3.Connection, name: str) -> None:
    """A scan is only ever the beginning of an index in the order that was asked for, up to the limit."""
    statement = STATEMENTS[name]
    for step in _plan(plans, statement):
        if step.startswith("SCAN") and step.split()[1] not in SMALL:
            assert "LIMIT" in sql(statement)[0]
            assert "USING INDEX" in step or step == "SCAN facts"
        assert "TEMP B-TREE" not in step or name in SORTS


@pytest.mark.parametrize("name", STATEMENTS)
def test_no_statement_selects_a_star(name: str) -> None:
    """Columns are named, so a new one cannot shift the others."""
    assert "*" not in sql(STATEMENTS[name])[0].replace("count(*)", "")


@pytest.mark.parametrize("name", ["CLAIMABLE", "DOUBT", "LAPSED", "MISSED", "LOOKS", "LOOK_ACCOUNT", "ORPHANED"])
def test_a_claim_is_bounded_in_both_columns(plans: sqlite3.Connection, name: str) -> None:
    """A claim looks only at the posts in its state, and of those only at the ones whose time has come."""
    first = _plan(plans, STATEMENTS[name])[0]
    assert "USING INDEX ix_posts_" in first or "USING COVERING INDEX ix_posts_" in first
    assert "state=?" in first
    assert ("<?" in first or ">?" in first) or name == "LAPSED"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_begins_where_the_one_before_it_ended(plans: sqlite3.Connection, name: str) -> None:
    """The thousandth page is found by an index in both columns of its order, by an index of its own."""
    (step,) = _plan(plans, PAGES[name])
    assert step.startswith("SEARCH posts USING INDEX ix_posts_")
    assert ("(due,id)" in step or "(published_at,id)" in step) == (name.split()[-2] == "True")
    assert ("replies" in step) == ("reply" in name)
    assert ("account" in step) == (name.split()[-3] == "True")
