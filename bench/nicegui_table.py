"""The anchor of `bench.face`: the same fifty rows of the same books on a page of NiceGUI, as its manual has it.

python -m bench.nicegui_table BOOKS PORT
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime

COLUMNS = ("words", "account", "state", "due", "published", "numbers")
ROWS = """
SELECT p.id, p.text, p.account_id, p.state, p.due, p.published_at,
       (SELECT likes FROM readings r WHERE r.post_id = p.id ORDER BY seq DESC LIMIT 1)
FROM posts p WHERE p.state = 'published' ORDER BY p.due DESC, p.id DESC LIMIT 50
"""


def rows(books: str) -> list[dict[str, str]]:
    """The newest fifty posts as words."""
    with closing(sqlite3.connect(f"file:{books}?mode=ro", uri=True)) as connection:
        found = connection.execute(ROWS).fetchall()
    return [
        {
            "id": post_id,
            "words": text,
            "account": account_id,
            "state": state,
            "due": _said(due),
            "published": _said(published_at),
            "numbers": f"{likes} likes",
        }
        for post_id, text, account_id, state, due, published_at, likes in found
    ]


def _said(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1e6, UTC):%Y-%m-%d %H:%M}"


def main(books: str, port: int) -> None:
    """Serve the page until told to stop."""
    from nicegui import ui

    def page() -> None:
        ui.label("Posts").classes("text-h5")
        columns = [{"name": name, "label": name.title(), "field": name, "align": "left"} for name in COLUMNS]
        ui.table(columns=columns, rows=rows(books), row_key="id")

    ui.page("/")(page)
    ui.run(host="127.0.0.1", port=port, reload=False, show=False, show_welcome_message=False, title="Posts")


if __name__ in {"__main__", "__mp_main__"}:
    main(sys.argv[1], int(sys.argv[2]))
