"""What planning writes down about its work: the reason for a choice, who approved it, and every candidate's fate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bowerbird.core.account import Account, Mode
from bowerbird.core.facts import Fact
from bowerbird.core.policy import MODE
from bowerbird.core.ports import Brief, Draft
from bowerbird.core.post import Choice
from bowerbird.core.review import Rejection
from bowerbird.planning.gate import Passed

BY = "planning"


def approval(account: Account, draft: Draft, verdict: Passed) -> str:
    """Return by which mode a post is approved, or nothing if a person is asked.

    What a platform's rule leaves to a person is asked about in every mode.
    """
    unasked = account.mode in {Mode.AUTO, Mode.VETO} or (account.mode is Mode.ASK_NEW and draft.choice.writer == "bank")
    return f"{MODE}{account.mode}" if unasked and not verdict.to_person else ""


def explained(draft: Draft, wants: Choice) -> Choice:
    """Return the cell a draft fills, with the reason for it.

    The propensity holds only where the writer did what was wanted; anything else nobody drew.
    """
    sentences = [
        wants.because,
        *(f"{fall.rstrip('.')}, so {draft.choice.writer} wrote it." for fall in draft.fell_back),
    ]
    return replace(
        draft.choice,
        slot=wants.slot,
        because=" ".join(filter(None, sentences)),
        model_version=wants.model_version,
        propensity=wants.propensity if same_cell(draft.choice, wants) else None,
    )


def same_cell(one: Choice, two: Choice) -> bool:
    """True if both name the same topic, angle, tone and format."""
    return all(getattr(one, name) == getattr(two, name) for name in ("topic", "angle", "tone", "format"))


def gated(account_id: str, now: int, brief: Brief, draft: Draft, found: Sequence[Rejection]) -> Fact:
    """Return the fact of a candidate that was turned away, with its first reason code and all of them."""
    codes = [rejection.code for rejection in found]
    return note("gated", account_id, now, code=codes[0], codes=codes, brief=brief.id, claim=draft.choice.claim_id)


def wrote(account_id: str, now: int, brief: Brief, drafts: Sequence[Draft], *, passed: int) -> list[Fact]:
    """Return `wrote` with its numbers, and `fell_back` for each writer that could not."""
    if not drafts:
        return []
    falls = [note("fell_back", account_id, now, why=why, brief=brief.id) for why in drafts[0].fell_back]
    costs = [draft.cost for draft in drafts if draft.cost is not None]
    asked = note(
        "wrote",
        account_id,
        now,
        brief=brief.id,
        writer=drafts[0].choice.writer,
        candidates=len(drafts),
        gated=len(drafts) - passed,
        kept=min(1, passed),
        spare=max(0, passed - 1),
        dollars=sum(costs) if costs else None,
    )
    return [*falls, asked]


def note(kind: str, account_id: str, now: int, **data: Any) -> Fact:
    """Return a fact of planning about an account."""
    return Fact(kind=kind, at=now, by=BY, account_id=account_id, data=data)
