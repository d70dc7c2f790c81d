"""Every account, the worst first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bowerbird.core.account import Account, Hold, HoldKind, Mode
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Clock
from bowerbird.core.post import Post
from bowerbird.core.story import span
from bowerbird.dashboard.asked import Asked, Books
from bowerbird.dashboard.layers import Picture, cover_h
from bowerbird.dashboard.picture import look

MODES: dict[Mode, str] = {
    Mode.ASK: "you approve every post",
    Mode.ASK_NEW: "you approve what is not from the bank",
    Mode.VETO: "posts go unless you say no in time",
    Mode.AUTO: "posts go without asking you",
}
"""Each way of approving as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account with what holds it, how far its queue reaches and what comes next."""

    account: Account
    holds: list[Hold]
    paused: bool
    mode: str
    cover: str
    published: int
    proposed: int
    next: Post | None


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """Every account, the worst first."""
    picture = await look(books, clock)
    rows = [_account_row(picture, account) for account in picture.accounts]
    rows.sort(key=lambda row: (-len(row.holds), row.account.id))
    return {"now": picture.now, "rows": rows}


def _account_row(p: Picture, account: Account) -> AccountRow:
    holds = [hold for hold in p.holds if hold.account_id == account.id]
    hours = cover_h(p, account)
    return AccountRow(
        account=account,
        holds=holds,
        paused=any(hold.kind is HoldKind.PAUSED for hold in holds),
        mode=MODES[account.mode],
        cover=f"The queue reaches {span(hours * 3600)} ahead" if hours else "Nothing is approved ahead",
        published=p.counts.get((account.id, State.PUBLISHED), 0),
        proposed=p.counts.get((account.id, State.PROPOSED), 0),
        next=next((post for post in p.upcoming if post.account_id == account.id), None),
    )
