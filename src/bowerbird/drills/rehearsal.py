"""Carry one drill out, and measure it from outside.

1. Wait until all is calm: nothing is open, nothing is in doubt, posts go out.
2. Break it, and wait for the message that opens the incident of the expected root.
3. Mend it, and wait until it is well again, as seen from outside.
4. Wait until every incident has closed and every doubt is settled, and compare both books.
5. Where somebody looks at the overview: it has shown the right layer in time, and is as before.

A drill that takes longer than it may is watched for half as long again, so that the report can say by how much.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from bowerbird.core.health import Light
from bowerbird.core.incident import Incident, Severity
from bowerbird.drills.looking import DIRECTLY, GREEN_MAX_S, SEEN_MAX_S, Overview, Tile
from bowerbird.drills.outside import Message
from bowerbird.drills.row import Drill, Outcome, Sight
from bowerbird.drills.stage import LOOK_S, Stage

OVERTIME = 1.5
GRACE_S = 5.0
"""How much longer than its bound something is waited for: half as long again, and this many seconds."""
UNBOUNDED_S = 60.0
"""How long is waited for what has no fixed bound."""
STEADY_S = 0.5
"""Well again is what stays well for so long, seconds."""

Say = Callable[[str], None]


@dataclass
class Rehearsal:
    """One drill on one stage.

    Args:
        say: told what happens while it happens.
        overview: where a person would see it; None if nobody looks.
    """

    stage: Stage
    drill: Drill
    say: Say
    overview: Overview | None = None
    told_at: float | None = None
    _told: Message | None = None
    _first: float = 0.0
    _began: float = 0.0
    _mended: float = 0.0
    _parts: dict[str, str] = field(default_factory=dict)
    _seen: dict[str, Incident] = field(default_factory=dict)

    async def carry_out(self, *, started_broken: bool = False) -> Outcome:
        """Carry it out and return what came of it."""
        stage, drill = self.stage, self.drill
        calm = "" if started_broken else await self._calm()
        doubled, lost = await stage.doubled(), set(await stage.lost())
        stage.began = stage.mended = stage.well_at = None
        stage.notes = []
        stage.memory = {"published_at_mend": await stage.published(), "marked_at": stage.now()}
        try:
            await self._break(started_broken=started_broken)
            told = await self._wait_told()
            await self._wait_seen()
            await self._hold()
        finally:
            await self._mend()
        well = await self._wait_well()
        well_at = self._well_at()
        recovered = well_at - (self._began if drill.by_itself else self._mended)
        after = await self._calm()
        opened = [each for each in await self._opened() if not fits(self._part(each), drill.besides)]
        if told is None and drill.root and await self._root_told() and self.told_at is not None:
            told = self.told_at - self._began  # the books, which name the part, could not be read before
        lost_now = [each for each in await stage.lost() if each not in lost]
        outcome = Outcome(
            id=drill.id, name=drill.name, breaks=drill.breaks, alert_s=_rounded(told),
            alert_max_s=drill.alert_bound_s, recover_s=_rounded(recovered) if well else None,
            recover_max_s=drill.recover_bound_s, held_s=round(self._mended - self._began, 1), lost=len(lost_now),
            doubled=await stage.doubled() - doubled, alerts=len(opened), root=self._root(opened),
            root_expected=drill.root, healed_by=self._healed_by(), effects=self._effects(),
            told_of=tuple(self._part(message) for message in opened),
            well_after=well and not after, by_itself=drill.by_itself, sight=await self._sight(well_at),
        )  # fmt: skip
        wrong = [calm and f"before it: {calm}", after and f"after it: {after}", *stage.notes, *lost_now[:3]]
        wrong += self._unseen(outcome.sight)
        return _judged(outcome, [each for each in wrong if each])

    # --- the four steps ------------------------------------------------------------------------------

    async def _break(self, *, started_broken: bool) -> None:
        self.say(f"{self.drill.id}  {self.drill.breaks}")
        before = self._first = self.stage.clock.monotonic()
        if not started_broken:
            await self.drill.break_it(self.stage)
        self._began = self.stage.began or before

    async def _wait_told(self) -> float | None:
        """Seconds until the message about the root arrived; None if nobody has to be told, or nobody was."""
        most_s = self.drill.alert_bound_s
        if not self.drill.root:
            return None
        wait_s = UNBOUNDED_S if most_s is None else most_s * OVERTIME + GRACE_S
        await self.stage.until(self._root_told, within_s=wait_s - (self.stage.clock.monotonic() - self._began))
        return None if self.told_at is None else self.told_at - self._began

    async def _root_told(self) -> bool:
        for message in await self._opened():
            if fits(self._part(message), self.drill.root):
                self.told_at, self._told = message.heard_at, message
                return True
        return False

    async def _wait_seen(self) -> None:
        """Leave the page its time before the fault may end; when it turned is read from what it said."""
        if self.overview is not None and self.told_at is not None:
            left = SEEN_MAX_S - (self.stage.clock.monotonic() - self.told_at)
            await self.stage.until(self._is_seen, within_s=left)

    async def _is_seen(self) -> bool:
        return self._tile() is not None

    def _tile(self) -> Tile | None:
        """The tile that shows what was told: red, or amber for a warning, with the incident's own words."""
        if self.overview is None or self._told is None:
            return None
        known = self._seen.get(self._told.incident)
        titles = [each.title for each in self._seen.values() if fits(each.part, self.drill.root)]
        words = {known.title if known else self._told.title, *titles}
        words |= {said for part, said in DIRECTLY.items() if part in self.drill.root.split("|")}
        warned = known is not None and known.severity is Severity.WARNING
        lights = (Light.RED, Light.AMBER) if warned else (Light.RED,)
        since = self._began if self.told_at is None else min(self._began, self.told_at)
        return self.overview.turned(self.drill.layers, lights, {each.rstrip(".") for each in words}, since)

    async def _sight(self, well_at: float) -> Sight | None:
        """What a person saw on the overview; None where nobody looked, or had anything to see."""
        if self.overview is None or self.told_at is None:
            return None
        tile = self._tile()
        if tile is None:
            return Sight(seen_max_s=SEEN_MAX_S)
        before = self.overview.light(tile.layer, self._first)
        overview = self.overview

        async def as_before() -> bool:
            return overview.as_before(tile.layer, before) is not None

        await self.stage.until(as_before, within_s=GREEN_MAX_S)
        green_at = overview.as_before(tile.layer, before)
        return Sight(
            seen_s=_rounded(tile.at - self.told_at), seen_max_s=SEEN_MAX_S, layer=tile.layer, light=tile.light,
            sentence=tile.sentence, green_s=None if green_at is None else _rounded(green_at - well_at),
        )  # fmt: skip

    def _unseen(self, sight: Sight | None) -> list[str]:
        """Say what the overview did not show, and what it said instead."""
        if self.overview is None:
            return []
        if self.overview.trouble:
            return [self.overview.trouble]
        if sight is None:
            return []
        said = "; ".join(self.overview.sentences(self.drill.layers, self._began))
        if sight.seen_s is None:
            return [f"the overview did not show it under {' or '.join(self.drill.layers)}, which said: {said}"]
        late = [f"the overview showed it {sight.seen_s} s after somebody was told, not within {sight.seen_max_s:g} s"]
        dark = [f"the overview was not green again; it said: {said}"]
        return late * (sight.seen_s > sight.seen_max_s) + dark * (sight.green_s is None)

    async def _hold(self) -> None:
        """Let the fault last as long as it should; a drill that heals by itself ends it only when it has."""
        left = self.drill.holds_s - (self.stage.clock.monotonic() - self._began)
        while left > 0:
            await self._look()
            await self.stage.clock.sleep(min(left, 1.0))
            left = self.drill.holds_s - (self.stage.clock.monotonic() - self._began)

    async def _mend(self) -> None:
        stage = self.stage
        if not self.drill.by_itself:
            stage.memory["published_at_mend"] = await stage.published()
            stage.memory["marked_at"] = stage.now()
            before = stage.clock.monotonic()
            await self.drill.mend_it(stage)
            self._mended = stage.mended or before

    async def _wait_well(self) -> bool:
        most_s = self.drill.recover_bound_s
        wait_s = UNBOUNDED_S if most_s is None else most_s * OVERTIME + GRACE_S
        found = await self.stage.until(self._steady, within_s=wait_s)
        if self.drill.by_itself:
            self._mended = self.stage.clock.monotonic()
            await self.drill.mend_it(self.stage)
        return found

    def _well_at(self) -> float:
        """When it was well: as the program wrote it down, else when it was first seen to be."""
        return self.stage.well_at or self.stage.clock.monotonic() - STEADY_S

    async def _steady(self) -> bool:
        await self._look()
        if not await self.drill.healthy(self.stage):
            return False
        await self.stage.clock.sleep(STEADY_S)
        return await self.drill.healthy(self.stage)

    async def _calm(self) -> str:
        """Wait until nothing is open and nothing in doubt; say what still is if it does not come."""
        calm = await self.stage.until(self._is_calm, within_s=self.drill.calm_max_s)
        return "" if calm else await self._unrest()  # a look later a post may be under way again, as it should

    async def _is_calm(self) -> bool:
        await self.stage.clock.sleep(LOOK_S)
        return not await self._unrest()

    async def _unrest(self) -> str:
        await self._look()
        if open_ones := await self.stage.incidents():
            return f"still open: {', '.join(sorted({each.part for each in open_ones}))}"
        if not await self.stage.settled():
            return "a post is still under way or in doubt"
        if await self.stage.heard_s() > 10:
            return "the engine is not heard"
        return ""

    # --- what was told -------------------------------------------------------------------------------

    async def _look(self) -> None:
        for incident in await self.stage.books.incidents(limit=50):
            self._seen[incident.id] = incident

    async def _opened(self) -> list[Message]:
        """What was opened by a message since the first hand was laid on it."""
        await self._look()
        return self.stage.outside.opened(self._first)

    def _part(self, message: Message) -> str:
        known = self._seen.get(message.incident)
        return message.part or (known.part if known else "") or f"({message.title})"

    def _root(self, opened: Sequence[Message]) -> str:
        parts = [self._part(message) for message in opened]
        return next((part for part in parts if fits(part, self.drill.root)), parts[0] if parts else "")

    def _since(self) -> list[Incident]:
        began = self.stage.now() - round((self.stage.clock.monotonic() - self._began) * 1_000_000)
        return [each for each in self._seen.values() if each.opened_at >= began]

    def _effects(self) -> tuple[str, ...]:
        return tuple(sorted({each.part for each in self._since() if each.root}))

    def _healed_by(self) -> str:
        """What the incident says ended it, else what the drill knows."""
        said = next(
            (each.healed_by for each in self._since() if fits(each.part, self.drill.root) and each.healed_by), ""
        )
        return said or self.drill.healed_by


def fits(part: str, root: str) -> bool:
    """Whether a part is the expected root; ``|`` parts several, and a colon or space at the end names a family."""
    return any(part == one or (one[-1] in ": " and part.startswith(one)) for one in root.split("|") if one)


def _judged(outcome: Outcome, wrong: list[str]) -> Outcome:
    """Say in sentences where it is not as promised."""
    if outcome.root_expected:
        if outcome.alert_s is None:
            wrong.append(f"nobody was told of {outcome.root_expected}; told were {list(outcome.told_of) or 'none'}")
        elif outcome.alert_max_s is not None and outcome.alert_s > outcome.alert_max_s:
            wrong.append(f"told after {outcome.alert_s} s, not within {outcome.alert_max_s:g} s")
        if outcome.alerts > 1:
            wrong.append(f"{outcome.alerts} messages instead of one: {', '.join(outcome.told_of)}")
    elif outcome.alerts:
        wrong.append(f"it heals before anybody has to be told, and yet told were {', '.join(outcome.told_of)}")
    if outcome.recover_s is None:
        wrong.append("it did not get well")
    elif outcome.recover_max_s is not None and outcome.recover_s > max(outcome.recover_max_s, LOOK_S * 5):
        wrong.append(f"well after {outcome.recover_s} s, not within {outcome.recover_max_s:g} s")
    if outcome.doubled:
        wrong.append(f"{outcome.doubled} posts stand twice")
    if outcome.lost and not any("not" in each for each in wrong):
        wrong.append(f"{outcome.lost} posts are lost")
    return replace(outcome, wrong=tuple(wrong))


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(max(0.0, seconds), 2)
