"""When a worker wakes: at the next instant that can matter, and never later than two hours from now."""

from __future__ import annotations

from dataclasses import replace

from bowerbird.core.account import Hold, HoldKind
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US
from bowerbird.simulation.alarms import IDLE_MAX_S, RENEW_S, publish_at, settle_at, sweep_at
from bowerbird.simulation.cast import KEYLESS
from bowerbird.simulation.plots import one_life

POST = one_life(KEYLESS).posts[0]
NOW = POST.created_at
IDLE = NOW + int(IDLE_MAX_S * SECOND_US)


def test_a_publisher_wakes_when_a_post_is_due_or_may_be_sent_again() -> None:
    """Due time, or the end of a backoff, whichever is later; the end of a hold too."""
    assert publish_at([POST], [], now=NOW) == POST.due
    later = replace(POST, not_before=POST.due + 5)
    assert publish_at([later], [], now=NOW) == POST.due + 5
    hold = Hold(account_id=POST.account_id, kind=HoldKind.BUDGET, since=NOW, until=NOW + 7)
    assert publish_at([POST], [hold], now=NOW) == NOW + 7


def test_a_reconciler_wakes_for_leases_and_doubts() -> None:
    """When the owner has been silent for too long, and when a doubt may be looked at again."""
    sending = replace(POST, state=State.SENDING, since=NOW, attempt_until=NOW + 60 * SECOND_US)
    assert settle_at([sending], [], now=NOW) == NOW + 11 * SECOND_US
    assert settle_at([sending], [], now=NOW + 30 * SECOND_US) == sending.attempt_until + 1
    unsure = replace(POST, state=State.UNSURE, not_before=NOW + 9)
    assert settle_at([unsure], [], now=NOW) == NOW + 9


def test_a_sweeper_wakes_for_what_is_too_late_and_for_sessions() -> None:
    """Past the expiry of a queued post, and again soon while a session is signed out."""
    assert sweep_at([POST], [], now=NOW) == POST.expires_at + 1
    assert sweep_at([POST], [], now=POST.expires_at + 9) == POST.expires_at + 9 + 5 * SECOND_US
    hold = Hold(account_id=POST.account_id, kind=HoldKind.SIGNED_OUT, since=NOW)
    assert sweep_at([], [hold], now=NOW) == NOW + int(RENEW_S * SECOND_US)


def test_nobody_sleeps_longer_than_two_hours() -> None:
    """With nothing to come, they look again all the same."""
    assert {at([], [], now=NOW) for at in (publish_at, settle_at, sweep_at)} == {IDLE}
