"""What should happen sometimes in a simulated year: each way back from trouble, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bowerbird.core.facts import Fact
from bowerbird.core.incident import Told
from bowerbird.core.post import SECOND_US
from bowerbird.core.work import Outcome

if TYPE_CHECKING:
    from bowerbird.simulation.years.world import World

Test = Callable[["World"], bool]


def recoveries(world: World) -> set[str]:
    """Return the names of the recoveries that this world reached."""
    return {name for name, reached in SOMETIMES.items() if reached(world)}


def _facts(world: World, *kinds: str) -> list[Fact]:
    return [fact for kind in kinds for fact in world.books.facts_of_kind.get(kind, [])]


def _any(kind: str, words: str = "") -> Test:
    """True if some fact of this kind has these words in its data."""
    return lambda world: any(words in str(fact.data) for fact in _facts(world, kind))


def _then(first: str, second: str, key: Callable[[Fact], object]) -> Test:
    """True if a fact of one kind is followed by one of another about the same thing."""

    def reached(world: World) -> bool:
        seen: dict[object, int] = {}
        for fact in _facts(world, first):
            seen.setdefault(key(fact), fact.seq or 0)
        return any((fact.seq or 0) > seen.get(key(fact), 1 << 62) for fact in _facts(world, second))

    return reached


def _told(told: Told, channel: str = "") -> Test:
    return lambda world: any(m.delivery.told is told and channel in m.channel for m in world.messages)


def _incident(rule: str, *, healed: bool = True) -> Test:
    return lambda world: any(
        incident.rule == rule and (incident.closed_at is not None or not healed)
        for incident in world.books.incidents.values()
    )


def _second_channel(world: World) -> bool:
    return any(message.channel == "mail" for message in world.messages)


def _cut_off(world: World) -> bool:
    return any(run.outcome is Outcome.CUT_OFF for run in world.books.runs.values())


def _two_roots(world: World) -> bool:
    """Two unrelated incidents were open at once."""
    roots = [i for i in world.books.incidents.values() if not i.root and i.told_at is not None]
    return any(a.id != b.id and a.opened_at <= b.opened_at < (a.closed_at or a.opened_at) for a in roots for b in roots)


def _restored(world: World) -> bool:
    """A breaker was open when the engine died, and after the restart it closed without having opened anew."""
    rows = _facts(world, "breaker_opened", "breaker_closed", "started")
    is_open: dict[object, int] = {}
    lives = 0
    for fact in sorted(rows, key=lambda fact: fact.seq or 0):
        match fact.kind:
            case "started":
                lives += 1
            case "breaker_opened":
                is_open[_breaker(fact)] = lives
            case "breaker_closed" if is_open.pop(_breaker(fact), lives) < lives:
                return True
    return False


def _raised(world: World) -> bool:
    """More went through in some window than what had been learned of it before."""
    for fact in _facts(world, "limit_learned"):
        account, _ = world.accounts[fact.account_id]
        later = sorted(each.at for each in world.way(account, account.platform).arrivals if each.at > fact.at)
        window_us, most = int(float(fact.data["window_s"]) * SECOND_US), int(fact.data["to"])
        if any(last - first < window_us for first, last in zip(later, later[most:], strict=False)):
            return True
    return False


def _breaker(fact: Fact) -> object:
    return fact.data.get("breaker")


def _post(fact: Fact) -> object:
    return fact.post_id


def _account(fact: Fact) -> object:
    return fact.account_id


SOMETIMES: dict[str, Test] = {
    "breaker_opened_then_closed": _then("breaker_opened", "breaker_closed", _breaker),
    "breaker_opened_by_slowness": _any("breaker_opened", " took "),
    "breaker_probed_in_vain": _any("breaker_probed"),
    "breaker_restored": _restored,
    "probe_lease_expired": _any("breaker_probed", "did not answer within"),
    "driver_chosen": _any("driver_chosen"),
    "degraded_then_recovered": _then("degraded", "recovered", lambda fact: fact.data.get("part")),
    "engine_restarted": lambda world: len(_facts(world, "started")) > 1,
    "run_cut_off": _cut_off,
    "lease_lapsed": _any("lost_touch", "lapsed"),
    "doubt_found": _then("lost_touch", "found", _post),
    "doubt_absent_then_sent": _then("absent", "confirmed", _post),
    "unreached_then_sent": _then("unreached", "confirmed", _post),
    "postponed_then_sent": _then("postponed", "confirmed", _post),
    "session_renewed": _then("hold_set", "hold_lifted", _account),
    "limit_learned": _any("limit_learned"),
    "limit_raised": _raised,
    "foreign_writer_told": _any("foreign_post"),
    "phantom_noticed": _any("gone"),
    "clock_held_then_lifted": _any("hold_lifted", "clock"),
    "loop_blocked": _any("loop_blocked"),
    "job_failed_then_well": _incident("JobFailing"),
    "job_timer_revived": _any("job_overdue", "started again"),
    "misfires_coalesced": _any("job_skipped", "slept"),
    "monitor_restarted": _any("monitor_died"),
    "writer_fell_back": _any("fell_back"),
    "storage_came_back": _incident("StorageDown"),
    "spool_replayed": _any("replayed"),
    "proof_replayed": lambda world: any(fact.by == "spool" for fact in _facts(world, "confirmed_late")),
    "incident_linked": _any("incident_linked"),
    "effect_told_then_its_root": _told(Told.UPDATED),
    "second_channel_used": _second_channel,
    "channel_came_back": _incident("ChannelDown"),
    "reminded": _told(Told.REMINDED),
    "two_roots_at_once": _two_roots,
    "resolved": _told(Told.RESOLVED),
}
"""Each recovery by its name."""
