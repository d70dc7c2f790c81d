"""What becomes of an account whose session has ended: it rests until a person signs in, whoever noticed it first."""

from __future__ import annotations

from bowerbird.core.account import Hold, HoldKind
from bowerbird.core.books import Batch
from bowerbird.core.errors import SignedOut
from bowerbird.core.facts import Fact


def signed_out(account_id: str, error: SignedOut, *, at: int, by: str) -> Batch:
    """Return the hold on the whole account and the fact that tells of it.

    Args:
        at: when it was noticed, microseconds; `by`: the room that noticed it.
    """
    why = str(error) or error.reason
    hold = Hold(account_id=account_id, kind=HoldKind.SIGNED_OUT, since=at, why=why)
    told = {"hold": hold.kind, "why": why}
    return Batch(holds=(hold,), facts=(Fact(kind="hold_set", at=at, by=by, account_id=account_id, data=told),))
