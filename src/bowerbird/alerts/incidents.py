"""The judge: sees what is wrong, finds its root, and tells the root once.

* A **group** is a root and its effects. One OPENED is told for it, never one for an effect.
* The wait of `GROUP_S` lets a cause be found before its effect is told. A cause that is found later takes the
  effect over, and if that was told already, an UPDATED names the root instead of a second OPENED.
* A root stays open for `LINGER_S` longer while effects are: they usually heal a moment later. An effect that
  does not is then a root of its own.
* Who takes an incident is heard as a fact, so only one writes incidents. Nobody is reminded of one that is taken.
* Incidents, facts, messages and the cursor are one batch. While the books refuse, all of it is kept in memory,
  the messages are sent from there, the facts go to the spool, and the first batch that is taken holds it all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bowerbird.alerts.cases import Case, linked
from bowerbird.alerts.graph import Edges
from bowerbird.alerts.healing import Words
from bowerbird.alerts.outbox import Outbox
from bowerbird.alerts.pending import Books, Pending
from bowerbird.alerts.rules import BY_NAME, CLEAR_S, RULES, Rule
from bowerbird.alerts.symptoms import Firing, Symptom, Watch
from bowerbird.alerts.telling import Quiet, message, remind_after_s, silenced, worst
from bowerbird.core.errors import StorageError
from bowerbird.core.facts import Fact
from bowerbird.core.gauge import Sample
from bowerbird.core.incident import Delivery, Incident, Severity, Silence, Told
from bowerbird.core.ports import Chance, Clock
from bowerbird.core.post import SECOND_US

GROUP_S = 1.0
"""Seconds between finding an incident and telling it, in which its cause may be found."""
LINGER_S = 90.0
"""Seconds for which a healed root stays open while its effects are: a job heals when it runs next, within a minute."""
SETTLE_S = 30.0
"""Seconds after a start in which a number that nobody has sampled yet is no cure."""
CURSOR = "alerts"
"""The name of the cursor of facts."""
BEHIND_MAX = 400
"""Facts read since the cursor was last written, after which it is written for its own sake."""
FLAP_S = 3_600.0
"""What was over and comes back within so many seconds flaps: each time it must be gone twice as long."""
FLAP_MAX_S = 600.0
"""The longest that a flapping symptom must be gone, in seconds."""
PROVED_BY_JUDGING = frozenset({"engine", "loop"})
"""Parts that work, or nobody would be judging: what somebody else found wrong with them is over."""
HANDOVER_S = 60.0
"""The guardian gets so many seconds to say that what it found is over; then whoever judges says it."""


@dataclass
class Judge:
    """Judges the samples, once a second.

    Args:
        outbox: takes the messages; it knows the channels.
        edges: the dependency graph of this engine as it is now.
        quiet: when only what is critical is told.
        remind_s: seconds until somebody is reminded of what is still open; the wait doubles; 0: never.
        said: messages made so far.
    """

    books: Books
    outbox: Outbox
    clock: Clock
    chance: Chance
    edges: Callable[[], Edges] = dict
    rules: Sequence[Rule] = RULES
    quiet: Quiet = field(default_factory=Quiet)
    remind_s: float = 14_400.0
    _cases: dict[str, Case] = field(default_factory=dict)
    _watch: Watch = field(init=False)
    _graph: Edges = field(default_factory=dict)
    _words: Words = field(default_factory=Words)
    _silences: list[Silence] = field(default_factory=list)
    _cursor: int | None = None
    _written: int = 0
    _pending: Pending = field(default_factory=Pending)
    _ends: dict[str, list[float]] = field(default_factory=dict)
    _began_s: float | None = None
    _readable: bool = True
    said: int = 0

    def __post_init__(self) -> None:
        self._watch = Watch(self.rules)

    async def judge_once(self, samples: Sequence[Sample]) -> bool:
        """Judge one round.

        1. Read the books: at the first time what was open before, then new facts and silences.
        2. See which rules fire; open what is new.
        3. Link every incident to its root; close what is over; link again what lost its root.
        4. Tell roots that nobody has told; remind; say what is over.
        5. Commit all of it together, or carry it until that is possible.

        Return False: the next round is due in a second.
        """
        if self._began_s is None:
            self._began_s = self.clock.monotonic()
        await self._read()
        firing = self._watch.look(samples, self.clock.monotonic(), hold_absent=self._blind(samples))
        self._see(firing)
        self._graph = self.edges() if self._cases else {}
        self._link()
        self._close()
        self._link()
        self._tell()
        await self._commit()
        return False

    def adopt(self, incident: Incident) -> None:
        """Take over what the guardian found, and that it is over; what it told itself is told by nobody else."""
        case = self._cases.get(incident.fingerprint)
        if incident.closed_at is not None:
            known = case.incident if case else incident
            over = replace(incident, root=known.root, told_at=incident.told_at or known.told_at)
            self._pending.incidents[incident.id] = over
            if case is not None and case.incident.id == incident.id:
                self._say("incident_closed", case, healed_by=incident.healed_by)
                if case.queued and not case.theirs:
                    case.incident = over
                    self._send(case, Told.RESOLVED)
                del self._cases[incident.fingerprint]
            return
        if case is None:
            case = self._hold(incident, queued=False)
            self._pending.incidents[incident.id] = incident
        case.theirs = incident.told_at is not None
        case.queued = case.queued or case.theirs
        case.spoken_s = self.clock.monotonic()
        self._put(case, told_at=case.incident.told_at or incident.told_at, by=incident.by)

    def open_incidents(self) -> list[Incident]:
        """What is open, the oldest first."""
        return [case.incident for case in sorted(self._cases.values(), key=lambda case: case.age)]

    def samples(self) -> list[Sample]:
        """How many roots are open, by severity."""
        roots = [case.incident.severity for case in self._cases.values() if not case.incident.root]
        return [
            Sample(name="bowerbird_incidents_open", value=roots.count(severity), labels={"severity": severity})
            for severity in Severity
        ]

    # --- 1. reading --------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        try:
            if self._cursor is None:
                await self._take_up()
            facts = await self.books.facts(after=self._cursor or 0)
            self._silences = await self.books.silences(now=self.clock.now())
        except StorageError:
            self._readable = False
            return
        self._readable = True
        self._words.hear(facts)
        self._hear_who_takes(facts)
        if facts:
            self._cursor = facts[-1].seq

    def _hear_who_takes(self, facts: Iterable[Fact]) -> None:
        for fact in facts:
            case = self._case_of(str(fact.data.get("incident", ""))) if fact.kind == "acknowledged" else None
            if case is not None:
                self._put(case, acknowledged_at=fact.at, acknowledged_by=fact.by)

    async def _take_up(self) -> None:
        """Take up what was open before this start; what memory found meanwhile under the same fingerprint joins it."""
        cursor = await self.books.cursor(CURSOR)
        recent = await self.books.incidents(limit=200)
        found = await self.books.incidents(open_only=True, limit=1_000)
        rows = {incident.id: await self.books.deliveries(incident_id=incident.id) for incident in found}
        for incident in recent:
            if incident.closed_at is not None:
                self._ends.setdefault(incident.fingerprint, []).append(self._monotonic_of(incident.closed_at))
        for incident in reversed(found):
            twin = self._cases.get(incident.fingerprint)
            self._resume(incident, rows[incident.id])
            if twin is not None and twin.incident.id in rows:  # two rows of one incident: the newer goes on
                gone = replace(twin.incident, closed_at=self.clock.now(), healed_by="it goes on under another id")
                self._pending.incidents[gone.id] = gone
        self._cursor = self._written = cursor

    def _resume(self, incident: Incident, rows: Sequence[Delivery]) -> None:
        here = self._cases.pop(incident.fingerprint, None)
        case = self._hold(incident, queued=incident.told_at is not None or bool(rows))
        case.theirs = incident.by == "guardian" and not rows
        case.reminders = sum(row.told is Told.REMINDED for row in rows)
        case.spoken_s = max((self._monotonic_of(row.made_at) for row in rows), default=case.opened_s)
        sent = [row.sent_at for row in rows if row.sent_at is not None]
        if sent and incident.told_at is None:
            self._put(case, told_at=min(sent))
        if here is None:
            return
        old, case.queued, case.needs = here.incident.id, case.queued or here.queued, here.needs
        case.cleared_s = here.cleared_s
        self._pending.rename(old, incident.id)
        self._put(case, seen_at=here.incident.seen_at, told_at=case.incident.told_at or here.incident.told_at)

    def _hold(self, incident: Incident, *, queued: bool) -> Case:
        """Hold an incident that was found earlier, and keep it firing until its symptom is seen or gone."""
        case = Case(incident, self._monotonic_of(incident.opened_at), queued=queued)
        case.spoken_s = case.opened_s
        self._cases[incident.fingerprint] = case
        rule = BY_NAME.get(incident.rule)
        labels = _labels(rule, incident) if rule is not None and rule in self.rules else None
        if rule is not None and labels is not None and incident.part not in PROVED_BY_JUDGING:
            self._watch.resume(Symptom(rule, labels, 0.0), self.clock.monotonic())
        return case

    def _monotonic_of(self, instant: int) -> float:
        return self.clock.monotonic() - max(0.0, (self.clock.now() - instant) / SECOND_US)

    def _blind(self, samples: Iterable[Sample]) -> bool:
        """True while what is not sampled may still be wrong: just started, or the books cannot be read."""
        young = self.clock.monotonic() - (self._began_s or 0.0) < SETTLE_S
        down = any(sample.name == "bowerbird_storage_up" and sample.value < 1 for sample in samples)
        return young or down or not (self._readable and self._pending.writable)

    # --- 2. opening --------------------------------------------------------------------------------------------

    def _see(self, firing: dict[str, Firing]) -> None:
        now_s = self.clock.monotonic()
        for fingerprint, fire in firing.items():
            case = self._cases.get(fingerprint)
            if case is None:
                case = self._open(fire.symptom)
            case.cleared_s = None
            if fire.present:
                case.needs = _needs(fire.symptom)
                if self.clock.now() - case.incident.seen_at >= 60 * SECOND_US:
                    self._put(case, seen_at=self.clock.now())
        for fingerprint, case in self._cases.items():
            awaited = case.incident.by == "guardian" and now_s - case.spoken_s < HANDOVER_S
            if fingerprint not in firing and case.cleared_s is None and not awaited:
                case.cleared_s = now_s

    def _open(self, symptom: Symptom) -> Case:
        now, rule = self.clock.now(), symptom.rule
        detail = self._words.why(symptom.part, since=now - 600 * SECOND_US)
        incident = Incident(
            id=self.chance.name("incident"),
            fingerprint=symptom.fingerprint,
            rule=rule.name,
            part=symptom.part,
            scope=symptom.scope,
            severity=rule.severity,
            title=symptom.say(rule.title),
            why=f"{symptom.say(rule.why)} {detail}".strip(),
            fix=symptom.say(rule.fix),
            opened_at=now,
            since=now - int(rule.for_s * SECOND_US),
            seen_at=now,
        )
        case = Case(incident, self.clock.monotonic(), needs=_needs(symptom))
        self._cases[incident.fingerprint] = case
        self._pending.incidents[incident.id] = incident
        self._say("incident_opened", case, title=incident.title, why=incident.why)
        recent = [end for end in self._ends.get(incident.fingerprint, ()) if case.opened_s - end < FLAP_S]
        self._ends[incident.fingerprint] = recent
        if recent:
            clear_s = max(CLEAR_S, rule.clear_s) * 2.0 ** min(len(recent), 10)
            self._watch.slow_down(incident.fingerprint, min(FLAP_MAX_S, clear_s))
        return case

    # --- 3. linking and closing --------------------------------------------------------------------------------

    def _link(self) -> None:
        roots = linked(self._cases.values(), self._graph)
        by_id = {case.incident.id: case for case in self._cases.values()}
        for incident_id, root in roots.items():
            case = by_id[incident_id]
            before = case.incident.root
            if root == before:
                continue
            self._put(case, root=root)
            if root:
                self._say("incident_linked", case, root=root, cause=by_id[root].incident.title)
            elif case.queued:
                self._send(case, Told.UPDATED)

    def _close(self) -> None:
        """Close what is over: effects at once, a root when its effects are over too, or after `LINGER_S`."""
        now_s = self.clock.monotonic()
        over = [case for case in self._cases.values() if case.cleared_s is not None]
        for case in sorted(over, key=lambda case: not case.incident.root):
            lingers = case.cleared_s is not None and now_s - case.cleared_s < LINGER_S
            if not (lingers and self._effects(case)):
                self._end(case)

    def _end(self, case: Case) -> None:
        incident, now = case.incident, self.clock.now()
        rule = BY_NAME.get(incident.rule)
        told_by = self._words.healed(incident.part, since=incident.opened_at)
        healed_by = told_by or (rule.heals if rule else "its symptoms are gone")
        self._put(case, closed_at=now, healed_by=healed_by)
        self._say("incident_closed", case, healed_by=healed_by)
        self._ends.setdefault(incident.fingerprint, []).append(self.clock.monotonic())
        if case.queued and not case.theirs and not incident.root and not silenced(incident, self._silences, now=now):
            self._send(case, Told.RESOLVED)
        del self._cases[incident.fingerprint]

    def _effects(self, root: Case) -> list[Case]:
        return [case for case in self._cases.values() if case.incident.root == root.incident.id]

    # --- 4. telling --------------------------------------------------------------------------------------------

    def _tell(self) -> None:
        """Tell roots; whoever is silenced, in quiet hours, too young, or about to be explained waits."""
        now, now_s = self.clock.now(), self.clock.monotonic()
        looming, edges = self._watch.looming(), self._graph
        for incident_id, at in list(self.outbox.told().items()):
            self._note_told(incident_id, at)
        for case in list(self._cases.values()):
            incident = case.incident
            if incident.root or not case.explains or silenced(incident, self._silences, now=now):
                continue
            effects = self._effects(case)
            if self.quiet.holds(worst([incident, *(one.incident for one in effects)]), now=now):
                continue
            if not case.queued and case.cleared_s is None and now_s - case.opened_s >= _wait_s(case):
                causes = looming & edges.get(incident.part, frozenset())
                if any(incident.part not in edges.get(cause, frozenset()) for cause in causes):
                    continue  # not for one that needs this part in turn: of such two the older speaks for both
                self._send(case, Told.UPDATED if any(one.queued for one in effects) else Told.OPENED)
            elif case.queued:
                self._remind(case, now_s)

    def _remind(self, case: Case, now_s: float) -> None:
        taken = case.incident.acknowledged_at is not None
        wait_s = None if taken else remind_after_s(self.remind_s, case.reminders)
        if wait_s is not None and case.cleared_s is None and now_s - case.spoken_s >= wait_s:
            self._send(case, Told.REMINDED)
            case.reminders += 1

    def _send(self, case: Case, told: Told) -> None:
        """Put a message about this group into the outbox, if there is a channel that could take it."""
        incident, now = case.incident, self.clock.now()
        channel = self.outbox.channel_for(incident.part)
        if not channel:
            return
        title, body = message(incident, [one.incident for one in self._effects(case)], told)
        row = Delivery(
            id=f"{incident.id}.{told}.{now}",
            incident_id=incident.id,
            told=told,
            channel=channel,
            title=title,
            body=body,
            due_at=now,
            made_at=now,
        )
        self._pending.messages[row.id] = row
        self.said += 1
        case.queued = True
        case.spoken_s = self.clock.monotonic()

    def _note_told(self, incident_id: str, at: int) -> None:
        case = self._case_of(incident_id)
        if case is not None and case.incident.told_at is None:
            self._put(case, told_at=at)

    def _case_of(self, incident_id: str) -> Case | None:
        return next((one for one in self._cases.values() if one.incident.id == incident_id), None)

    # --- 5. committing -----------------------------------------------------------------------------------------

    async def _commit(self) -> None:
        """Write what changed, with the cursor; a round in which nothing did writes nothing."""
        self._pending.take_back(self.outbox)
        behind = (self._cursor or 0) - self._written
        if not self._pending and behind <= BEHIND_MAX:
            return
        at = self._cursor
        if await self._pending.commit(self.books, self.outbox, None if at is None else {CURSOR: at}):
            self._written = at or 0

    def _put(self, case: Case, **changes: Any) -> None:
        case.incident = replace(case.incident, **changes)
        self._pending.incidents[case.incident.id] = case.incident

    def _say(self, kind: str, case: Case, **data: str) -> None:
        incident = case.incident
        about = {"incident": incident.id, "rule": incident.rule, "part": incident.part, **data}
        self._pending.facts.append(
            Fact(kind=kind, at=self.clock.now(), by="alerts", account_id=incident.scope, data=about)
        )


def _wait_s(case: Case) -> float:
    """How long its cause is waited for before it is told, seconds."""
    rule = BY_NAME.get(case.incident.rule)
    return 0.0 if rule is not None and rule.at_once else GROUP_S


def _needs(symptom: Symptom) -> frozenset[str]:
    return frozenset({symptom.say(symptom.rule.needs)} if symptom.rule.needs else ())


def _labels(rule: Rule, incident: Incident) -> dict[str, str] | None:
    """The labels that the part of an incident tells; None where the rule has other parts by now."""
    pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(rule.part))
    match = re.fullmatch(pattern, incident.part)
    return match.groupdict() if match else None
