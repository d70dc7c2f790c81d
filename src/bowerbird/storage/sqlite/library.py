"""The database library of this machine."""

from __future__ import annotations

import sqlite3

OLDEST = (3, 35, 0)
"""The oldest one that is known to do (2021); the books were measured on 3.40."""


def version() -> str:
    """Which SQLite this Python is linked with, such as ``3.40.1``."""
    return sqlite3.sqlite_version


def known() -> bool:
    """Whether it is new enough."""
    return sqlite3.sqlite_version_info >= OLDEST
