"""Buttons that steer the engine itself: breakers, a test alert, a silence, a job to run now, a lane that rests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from bowerbird.alerts.notifiers import Channel
from bowerbird.alerts.outbox import try_channel
from bowerbird.alerts.telling import acknowledged, hush, unhush
from bowerbird.core.books import Batch, Storage
from bowerbird.core.errors import BadInput
from bowerbird.core.facts import Fact
from bowerbird.core.ports import Chance, Clock
from bowerbird.core.story import clock_time
from bowerbird.core.work import Command
from bowerbird.jobs.pauses import HOURS, Pauses, kept, pause_of
from bowerbird.jobs.table import JOBS, LANES
from bowerbird.resilience.breaker import Breaker


@dataclass
class Steering:
    """What a person may do to the engine.

    Args:
        breakers: by name; ring: lets a job look at once; pauses: of the runner at work.
    """

    storage: Storage
    clock: Clock
    chance: Chance
    breakers: Mapping[str, Breaker]
    channels: Sequence[Channel]
    ring: Callable[[str], object]
    pauses: Pauses

    def table(self) -> Mapping[str, Callable[[Command], Awaitable[str]]]:
        """The verbs, by name."""
        return {
            "breaker_open": self.open, "breaker_close": self.close, "breaker_probe": self.probe,
            "alerts_test": self.test, "acknowledge": self.acknowledge,
            "silence": self.silence, "silence_end": self.silence_end, "run": self.run,
            "lane_pause": self.lane_pause, "lane_resume": self.lane_resume,
        }  # fmt: skip

    async def open(self, command: Command) -> str:
        """Open a breaker until somebody closes it: `breaker`, `why`, without which it is not done."""
        breaker, why = self._breaker(command), str(command.args.get("why", "")).strip()
        if not why:
            raise BadInput("say why it is to be open, for whoever finds it so")
        breaker.open(why, by=command.by)
        return f"{breaker.name} is open and stays so until you close it. Nothing goes through it."

    async def close(self, command: Command) -> str:
        """Close a breaker now: `breaker`, `why`."""
        breaker = self._breaker(command)
        breaker.close(str(command.args.get("why", "")), by=command.by)
        return f"{breaker.name} is closed. It opens again if calls go on failing."

    async def probe(self, command: Command) -> str:
        """Ask now whether what a breaker guards is back: `breaker`, `why`. One that a person opened is released."""
        breaker = self._breaker(command)
        if not breaker.refusal():
            return f"{breaker.name} is closed; there is nothing to find out."
        breaker.release()
        return f"{breaker.name} is probed now, and closes if that succeeds."

    def _breaker(self, command: Command) -> Breaker:
        name = str(command.args.get("breaker", ""))
        if name not in self.breakers:
            raise BadInput(f"there is no breaker {name!r}; there are {', '.join(self.breakers) or 'none yet'}")
        return self.breakers[name]

    async def test(self, command: Command) -> str:
        """Send a test by every channel."""
        if not self.channels:
            raise BadInput("no channel is named, so there is nobody to tell; name one under [alerts.channels]")
        tried = [
            await try_channel(self.storage, each, self.clock, name=self.chance.name("test")) for each in self.channels
        ]
        failed = [f"{one.channel}: {one.error}" for one in tried if one.error]
        if failed:
            raise BadInput(f"not every channel took it. {'; '.join(failed)}")
        return f"{', '.join(one.channel for one in tried)} took the test message. Look whether it arrived."

    async def acknowledge(self, command: Command) -> str:
        """Take an incident, so that nobody is reminded of it: `incident`, `why`. For an effect its root is taken."""
        found = await self.storage.incident(str(command.args.get("incident", "")))
        root = await self.storage.incident(found.root) if found is not None and found.root else found
        if root is None:
            raise BadInput("there is no such incident; it may be over for long")
        why = str(command.args.get("why", ""))
        await self.storage.record(acknowledged(root, now=self.clock.now(), why=why, by=command.by))
        title = root.title.rstrip(".")
        return f"{title}: {command.by} has it. Nobody is reminded of it; that it is over is told all the same."

    async def silence_end(self, command: Command) -> str:
        """End a silence now: `silence`, `why`."""
        now, name = self.clock.now(), str(command.args.get("silence", ""))
        found = next((one for one in await self.storage.silences(now=now) if one.id == name), None)
        if found is None:
            raise BadInput("there is no such silence any more; its end may have come")
        await self.storage.record(unhush(found, now=now, why=str(command.args.get("why", "")), by=command.by))
        return "The silence is over; what is open is told from now on."

    async def silence(self, command: Command) -> str:
        """Send nothing about something until a time: `rule`, `part`, `scope`, `hours`, `why`."""
        given = {name: str(command.args.get(name, "")) for name in ("rule", "part", "scope", "why")}
        try:
            hours = float(command.args.get("hours", 1))
        except ValueError as error:
            raise BadInput("hours must be a number") from error
        batch = hush(id_=self.chance.name("silence"), now=self.clock.now(), hours=hours, by=command.by, **given)
        await self.storage.record(batch)
        return f"Nothing is sent about it until {clock_time(batch.silences[0].until)} UTC. The page still shows it."

    async def run(self, command: Command) -> str:
        """Let a job look for work now: `job`."""
        name = str(command.args.get("job", ""))
        if name not in {job.name for job in JOBS}:
            raise BadInput(f"there is no job {name!r}; there are {', '.join(job.name for job in JOBS)}")
        if paused := self.pauses.of(next(job.lane for job in JOBS if job.name == name)):
            raise BadInput(f"{name} does not run now: {paused.sentence}; let it go on first")
        self.ring(name)
        return f"{name} looks for work now."

    async def lane_pause(self, command: Command) -> str:
        """Begin nothing new in a lane for a while: `lane`, `hours` (0: until somebody lets it go on), `why`."""
        lane, now = str(command.args.get("lane", "")), self.clock.now()
        try:
            hours = float(command.args.get("hours", "") or HOURS)
        except ValueError as error:
            raise BadInput("hours must be a number") from error
        why = str(command.args.get("why", ""))
        pause = pause_of(lane, by=command.by, why=why, hours=hours, now=now)
        rest = [one for one in self.pauses if one.lane != lane]
        data = {"lane": lane, "by": command.by, "why": pause.why, "until": pause.until}
        told = Fact(kind="lane_paused", at=now, by="desk", data=data)
        await self.storage.record(Batch(snapshots=(kept([*rest, pause], now=now),), facts=(told,)))
        self.pauses.put(pause, now=now, mono=self.clock.monotonic())
        return f"{pause.sentence[:1].upper()}{pause.sentence[1:]}. What is under way ends; nothing new is begun."

    async def lane_resume(self, command: Command) -> str:
        """Let a lane go on: `lane`, `why`."""
        lane, now = str(command.args.get("lane", "")), self.clock.now()
        if lane not in LANES:
            raise BadInput(f"there is no lane {lane!r}; there are {', '.join(LANES)}")
        if self.pauses.of(lane) is None:
            raise BadInput(f"the lane {lane} is not paused")
        rest = [one for one in self.pauses if one.lane != lane]
        data = {"lane": lane, "by": command.by, "why": str(command.args.get("why", ""))}
        told = Fact(kind="lane_resumed", at=now, by="desk", data=data)
        await self.storage.record(Batch(snapshots=(kept(rest, now=now),), facts=(told,)))
        self.pauses.lift(lane)
        for job in JOBS:
            if job.lane == lane:
                self.ring(job.name)
        return f"The lane {lane} goes on; its jobs look for work now."
