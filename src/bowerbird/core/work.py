"""Runs of jobs, buttons pressed by people, and the processes that are alive."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """How a run of a job ended."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    CUT_OFF = "cut off"  # its process died


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of one job.

    Args:
        id: unique; `slot_at`: the time it was meant for (one run per job, scope and slot).
        scope: an account's id, or empty for a job of the whole system.
        attempt: 1 for the first try.
        units: pieces of work done.
        error: the remedy's sentence when it failed; never a secret.
    """

    id: str
    job: str
    scope: str = ""
    slot_at: int
    started_at: int
    ended_at: int | None = None
    outcome: Outcome = Outcome.RUNNING
    attempt: int = 1
    units: int = 0
    owner: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A button: asked for by a person, done by the engine, answered with a sentence.

    All of them are the audit log; the verbs stand in `dashboard.roles`, with who may. `args` hold no secret.
    """

    id: str
    verb: str
    args: dict[str, Any] = field(default_factory=dict)
    by: str
    asked_at: int
    done_at: int | None = None
    ok: bool | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A living process: its boot id, what it is (engine, face, guest), and when it was last heard (microseconds).

    `note` says what it is doing, or why nothing is due: only silence is death.
    """

    id: str
    role: str
    pid: int
    started_at: int
    heard_at: int
    note: str = ""
