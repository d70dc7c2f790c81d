"""Planted bugs, as text: what somebody might write on a bad day, and what the judge has to notice.

Each snippet must occur exactly once in its file, so that a mutant cannot rot unnoticed.
"""

from __future__ import annotations

from dataclasses import dataclass

PUBLISHER = "posting/publisher.py"
SENDING = "posting/sending.py"
RECONCILER = "posting/reconciler.py"


@dataclass(frozen=True)
class Mutant:
    """One planted bug: in `file`, `snippet` becomes `instead`; the judge should name one of `rules`."""

    name: str
    file: str
    snippet: str
    instead: str
    rules: frozenset[str]


def _mutant(name: str, file: str, snippet: str, instead: str, rules: str) -> Mutant:
    return Mutant(name, file, snippet, instead, frozenset(rules.split()))


MUTANTS = [
    _mutant(
        "lapsed lease requeues",
        RECONCILER,
        'post.after(Event.LOST_TOUCH, now=now, not_before=now, reason="lapsed")',
        'post.after(Event.UNREACHED, now=now, not_before=now, reason="lapsed")',
        "twice lost",
    ),
    _mutant(
        "unknown exception retries",
        SENDING,
        'Event.LOST_TOUCH,\n                "unforeseen",',
        'Event.UNREACHED,\n                "unforeseen",',
        "twice",
    ),
    _mutant(
        "no settling time",
        RECONCILER,
        "return post.attempt_until + int(settle_s * SECOND_US)",
        "return 0",
        "twice lost",
    ),
    _mutant(
        "no reconciler",
        RECONCILER,
        "lapsed = await self._lapse()",
        "return False\n        lapsed = await self._lapse()",
        "restless overstay lost",
    ),
    _mutant(
        "record without compare-and-set",
        "storage/memory/recorder.py",
        'return "" if known is not None and known.seq == before.seq else f"post {before.id}"',
        'return "" if known is not None else f"post {before.id}"',
        "twice lost step invented withdrawn",
    ),
    _mutant(
        "limit checked outside the claim",
        PUBLISHER,
        """\
        claimed = await self.storage.claim_post(account.id, now=now, owner=self.owner, until=until, quotas=quotas)
""",
        """        if any(u.used + 1 > u.quota.max for u in await self.storage.used(quotas, now=now)):
            return None
        claimed = await self.storage.claim_post(account.id, now=now, owner=self.owner, until=until, quotas=())
        if isinstance(claimed, Post):
            await self.storage.reserve(claimed.id, quotas, now=now)
""",
        "limit",
    ),
    _mutant(
        "each window takes a spend of its own",
        "storage/memory/ledger.py",
        "ledgers = {(quota.key, quota.unit): (quota, needy) for quota, needy in wants}",
        "ledgers = {(quota.key, str(quota.window_s)): (quota, needy) for quota, needy in wants}",
        "held_back",
    ),
    _mutant(
        "cancellation requeues",
        SENDING,
        "        except Exception as error:  # noqa: BLE001 - whatever it was",
        "        except asyncio.CancelledError:\n"
        '            return self._unreached(post, "cancelled", "cancelled")\n'
        "        except Exception as error:  # noqa: BLE001 - whatever it was",
        "twice",
    ),
    _mutant(
        "payload rebuilt on retry",
        SENDING,
        "if post.wire is not None:",
        "if post.wire is not None and post.attempt < 2:",
        "message",
    ),
    _mutant(
        "a timeout means that nothing was sent",
        SENDING,
        'return Outcome(Event.LOST_TOUCH, "timeout", {"not_before": self.clock.now()})',
        'return self._unreached(post, "timeout", "no answer")',
        "twice",
    ),
    _mutant(
        "a doubt gives its quota back",
        "posting/pacing.py",
        "case State.REJECTED | State.DROPPED:",
        "case State.REJECTED | State.DROPPED | State.UNSURE:",
        "limit",
    ),
    _mutant(
        "a quota counts from the due time instead of the arrival",
        "posting/pacing.py",
        "return (Settle(after.id, now),)",
        "return (Settle(after.id, after.due),)",
        "limit",
    ),
    _mutant(
        "an edited post keeps its key",
        "posting/approvals.py",
        "payload=payload, key=key, version",
        "payload=payload, version",
        "message twice",
    ),
    _mutant(
        "a part answers the head instead of the part before it",
        SENDING,
        "parent=before.remote, root=root",
        "parent=head.remote, root=root",
        "order",
    ),
    _mutant(
        "the worker's own deadline is ignored",
        SENDING,
        "async with asyncio.timeout(left_s):",
        "async with asyncio.timeout(None):",
        "twice overstay lost",
    ),
]
