"""Who looks after the seats: asks them, throws away the smallest thing that is ill, and puts a well one in its place.

1. A page that does not answer is closed, with its context; if it will not close, its browser is killed with its
   whole process group, and another one takes its place: the one that stands by, if memory allows one. Where somebody
   else sits, that is done after him.
2. Browsers are asked every two seconds whether they answer, whoever sits there, for a frozen one raises nothing.
3. Starts are bounded (`Starts`); a place where nothing can be started is down and says why. The engine never ends.
4. What is over the budget of memory (`Scale`) goes (`Thrift`), and a seat whose slope leads over it is replaced before
   it gets there: another one stands by first, and takes its place between two leases.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from bowerbird.browsers import gauge
from bowerbird.browsers.budget import RESTARTS_MAX, Starts
from bowerbird.browsers.line import Waiting
from bowerbird.browsers.place import STUCK, Place
from bowerbird.browsers.scale import SPARE_MB, Scale
from bowerbird.browsers.seat import TRIAL, Chair
from bowerbird.browsers.slope import why_recycle
from bowerbird.browsers.standby import Standby
from bowerbird.browsers.tally import Tally
from bowerbird.browsers.thrift import Thrift
from bowerbird.core.errors import Unreachable
from bowerbird.core.ports import Clock

T = TypeVar("T")

LOOK_S = 2.0
"""Seats are asked this often, seconds."""
CLEAR_S = 2.0
"""What is left of a browser that was killed is cleared away so much later, seconds."""
CALM_S = 5.0
"""So long after a loss no other one is started to stand by, seconds: whoever waits needs the processor more."""
CLOSED = "the browsers were closed"


class Supervisor:
    """Looks after the places.

    Args:
        make: makes a seat that does not stand anywhere yet; told its number and whom to tell of its death.
        standby: whether one is to stand by where memory allows it.
        memory_max_mb: what all may take, megabytes; 0 lets the machine decide.
        restarts_max: browsers that may be lost on one place within ten minutes.
        changed: told when a place was given another seat, or is down.
        thread: runs what blocks; read: what the machine says about its memory.
    """

    def __init__(
        self, clock: Clock, tally: Tally, make: Callable[[int, Callable[[Chair], None]], Chair], *,
        seats: int = 1, standby: bool = False, memory_max_mb: float = 0.0, restarts_max: int = RESTARTS_MAX,
        changed: Callable[[], None] = lambda: None,
        thread: Callable[..., Awaitable[Any]] = asyncio.to_thread,
        read: Callable[[], gauge.Machine] = gauge.machine,
    ) -> None:  # fmt: skip
        self.places = [Place(number, Starts(restarts_max)) for number in range(seats)]
        self.standby = Standby(clock, self._start, self.later)
        self.scale = Scale(
            clock, self.places, lambda: self.spare if standby else None, most_mb=memory_max_mb, thread=thread, read=read
        )
        self.carried: dict[str, str] = {}
        self.thrift = Thrift(self.places, self.scale, self.standby, self.carried, self.lose)
        self._clock, self._tally, self._make = clock, tally, make
        self._standby, self._changed = standby, changed
        self._lost_at = float("-inf")
        self.starts = 0
        self._numbers = 0
        self._closing = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._weighing: asyncio.Task[None] | None = None

    @property
    def spare(self) -> Chair | None:
        """The one that stands by, if any does."""
        return self.standby.seat

    # --- one place --------------------------------------------------------------------------------------------

    async def ready(self, place: Place, *, by_hand: bool = False) -> Chair:
        """Return a seat that runs at this place, started if need be.

        Args:
            by_hand: try to start one though the last try was a moment ago: the caller has waits of its own.

        Raises:
            Unreachable: there is none (`no_browser`).
        """
        place.wanted = True
        async with place.lock:
            old = self._throw_out(place) if place.seat is not None and not place.seat.up else None
            return place.seat or await self._fill(place, old, by_hand=by_hand)

    async def heal(self, place: Place, seat: Chair | None, owner: str = "") -> None:
        """Make a seat well after somebody was cut off there, or something died: page, context, browser, in turn.

        Args:
            seat: the one that is ill; if another stands there by now, nothing is done.
            owner: whose page is to go; empty if only the browser matters.
        """
        async with place.lock:
            if (
                seat is None
                or seat is not place.seat
                or (seat.up and (not owner or await self._let_go_of(place, seat, owner)))
            ):
                return
            old = self._throw_out(place)
            with suppress(Unreachable):
                await self._fill(place, old)

    async def _let_go_of(self, place: Place, seat: Chair, owner: str) -> bool:
        """Close a page; False if its browser has to go, for it does not close it, or says nothing any more.

        Where somebody else sits, a browser that answers stays until he is done.
        """
        closed = await seat.drop(owner)
        if not closed and (place.taken is None or place.taken.key == owner):
            return False
        if not await seat.answers():
            place.cause, place.why = "frozen", "the browser answered nothing"
            return False
        if not closed:
            place.worn = STUCK
        return True

    def kill(self, place: Place, seat: Chair | None, cause: str, why: str) -> None:
        """Kill a seat, if it still stands there; whoever sits on it is told by its calls, and `heal` does the rest."""
        if seat is not None and seat is place.seat and seat.up:
            place.cause, place.why = cause, why
            seat.kill()

    def lose(self, place: Place, seat: Chair | None, cause: str, why: str) -> None:
        """Kill a seat, and have another one in its place."""
        self.kill(place, seat, cause, why)
        self.later(self.heal(place, seat))

    async def failed(self, place: Place, seat: Chair, why: str) -> None:
        """Have another seat in the place of one that failed; where it answers and somebody sits there, after him."""
        answers = place.taken is not None and await seat.answers()
        if answers and place.taken is not None and place.seat is seat:
            place.worn = ("frozen", why)
        else:
            self.lose(place, seat, "frozen", why)

    def _throw_out(self, place: Place) -> Chair | None:
        """Take a seat away, and count why; return it if its driver is still of use, else what is left goes later."""
        seat, place.seat = place.seat, None
        if seat is None:
            return None
        cause = place.cause or (f"{seat.death}_died" if seat.death else STUCK[0])
        why = place.why or (f"the {seat.death} ended by itself" if seat.death else STUCK[1])
        place.cause = place.why = ""
        self._lost_at = self._clock.monotonic()
        place.starts.lost(self._lost_at)
        self._tally.restarted(place.number, cause, why, at=self._clock.now())
        if seat.death == "browser":
            return seat
        seat.kill()
        self.later(self._clear(seat))
        return None

    async def _fill(self, place: Place, old: Chair | None = None, *, by_hand: bool = False) -> Chair:
        """Put the one that stands by at a place, or another browser under the old driver, or start both."""
        seat = None
        try:
            seat = await self.standby.take() or await self._revived(place, old)
        finally:  # also when whoever waited for it gave up
            if old is not None and seat is not old:
                old.kill()  # else its driver takes the processor to mourn each page
                self.later(self._clear(old))
        if seat is not None:
            self._put(place, seat)
            self._changed()
            return seat
        return await self._begin(place, by_hand=by_hand)

    def _put(self, place: Place, seat: Chair) -> None:
        """Let a seat stand at a place, unless everything was closed while it came."""
        if self._closing.is_set():
            seat.kill()
            self.later(seat.close())
            raise Unreachable(CLOSED, reason="no_browser")
        place.put(seat, at=self._clock.now())

    async def _clear(self, seat: Chair) -> None:
        """Clear away what is left of a seat, a moment later: whoever waits for the next one goes first."""
        closing = asyncio.ensure_future(self._closing.wait())
        await asyncio.wait([closing], timeout=CLEAR_S)
        closing.cancel()
        await seat.close()

    async def _revived(self, place: Place, old: Chair | None) -> Chair | None:
        if old is None or place.starts.spent(self._clock.monotonic()):
            return None
        await self._clock.sleep(place.starts.pause_s(self._clock.monotonic()))
        if not await old.revive():
            return None
        self.starts += 1
        return old

    async def _begin(self, place: Place, *, by_hand: bool) -> Chair:
        """Start driver and browser at a place, if it is time for that."""
        now = self._clock.monotonic()
        wait_s = place.starts.wait_s(now)
        if wait_s > 0 and not (by_hand and not place.starts.spent(now)):
            place.down = place.down or f"the next is started in {wait_s:.0f} s"
            self._changed()
            raise Unreachable(f"no browser runs: {place.down}", reason="no_browser")
        try:
            await self._clock.sleep(place.starts.pause_s(now))
            seat = await self._start()
            self._put(place, seat)
        except Unreachable as error:
            place.starts.failed(self._clock.monotonic())
            place.down = str(error)
            raise
        else:
            place.starts.began()
            return seat
        finally:
            self._changed()

    async def _start(self) -> Chair:
        if self._closing.is_set():
            raise Unreachable(CLOSED, reason="no_browser")
        self._numbers += 1
        seat = self._make(self._numbers, self._died)
        try:
            await seat.start()
        except BaseException:
            self.later(seat.close())  # also what was cut off while it started
            raise
        self.starts += 1
        self._tally.events.append((self._clock.now(), "A browser was started."))
        return seat

    def _died(self, seat: Chair) -> None:
        """Something ended by itself: another takes its place at once."""
        for place in self.places:
            if place.seat is seat:
                self.later(self.heal(place, seat))
        self.standby.lost(seat)

    # --- looking ----------------------------------------------------------------------------------------------

    async def watch(self) -> None:
        """Look after everything for ever."""
        while True:
            await self.look_once()
            await self._clock.sleep(LOOK_S)

    async def look_once(self) -> None:
        """Ask every seat, weigh them when it is time, and have one stand by if what was weighed allows it.

        What takes long, to start a browser or to close one, is begun here and goes on beside: while one seat takes half
        a minute, the others are looked after.
        """
        await asyncio.gather(self.standby.look(), *(self._look_at(place) for place in self.places))
        if await self._weighed():
            self._look_after_spare()

    async def _look_at(self, place: Place) -> None:
        if place.lock.locked():
            return  # somebody starts or heals it already
        seat = place.seat
        if seat is None:
            if place.wanted and place.down and not place.starts.wait_s(self._clock.monotonic()):
                self.later(self._try(place))
            return
        if seat.up and not await seat.answers():
            self.kill(place, seat, "frozen", "the browser answered nothing")
        if not seat.up:
            self.later(self.heal(place, seat))
        elif place.taken is None and self.due(place):
            self.later(self.renew(place))
        elif place.taken is None and (idle := place.idle):
            place.looks += 1
            await self._look_at_page(place, seat, idle[place.looks % len(idle)])

    async def _try(self, place: Place) -> None:
        """Start something at a place that is down; it may still be."""
        with suppress(Unreachable):
            await self.ready(place)

    async def _look_at_page(self, place: Place, seat: Chair, owner: str) -> None:
        """A page that hangs while nobody uses it burns a processor; each is looked at in its turn."""
        if await seat.alive(owner) or await seat.alive(owner):
            return
        if place.taken is None and place.seat is seat and owner in seat.warm:
            self.later(self.heal(place, seat, owner))

    def _look_after_spare(self) -> None:
        """Have one stand by, once anybody needs a browser, if memory allows it, or for a while for one that is worn."""
        calm = self._clock.monotonic() - self._lost_at > CALM_S
        wanted = self._standby and any(place.up for place in self.places)
        may = wanted and calm and not self.scale.pressed and self.scale.room(SPARE_MB)
        worn = any(place.worn for place in self.places)
        if may or (worn and self.scale.room(0.0)):
            self.standby.have()
        elif not self._standby and not worn:
            self.standby.dismiss()  # the one it came for is gone already

    # --- growth -----------------------------------------------------------------------------------------------

    async def _weighed(self) -> bool:
        """Weigh all if it is time; False while that goes on for longer than `LOOK_S`.

        The kernel may take long over a process that is ill, and so may a page that is to close; until that is over,
        nobody begins again: each question takes a thread.
        """
        if self._weighing is None:
            if not self.scale.due:
                return True
            self._weighing = self.later(self._weigh())
        done, _ = await asyncio.wait([self._weighing], timeout=LOOK_S)
        for task in done:
            self._weighing = None
            task.result()
        return bool(done)

    async def _weigh(self) -> None:
        """Weigh all, give back what is over the budget, and mark what leads over it."""
        await self.scale.weigh()
        await self.thrift.shrink()
        self._recycle()

    def _recycle(self) -> None:
        """Mark what has grown: it is replaced as soon as nobody sits there."""
        running, budget = sum(place.up for place in self.places), self.scale.budget_mb
        for place in self.places:
            share = budget / running if budget and running else float("inf")
            if place.up and not place.worn and (why := why_recycle(place.grown, share)):
                place.worn = ("grown", why)

    def due(self, place: Place) -> bool:
        """Whether a seat is to be replaced now that nobody uses it, and another one stands by."""
        return place.worn is not None and self.spare is not None

    async def renew(self, place: Place, sitting: Waiting | None = None) -> None:
        """Put the one that stands by in the place of one that is worn.

        1. Ask the old one what its pages know.
        2. If nobody came meanwhile, let them change places in one go; else it is tried again when he is done.

        Args:
            sitting: whose lease has just ended; he has the place until this is over, so that no other comes between.
        """
        old, worn, served = place.seat, place.worn, place.served
        if old is None or worn is None or self.spare is None:
            return
        known = await self._known(old)
        async with place.lock:  # whoever closes a page there, or starts something, is not half done
            fresh = await self.standby.take()
            same = place.seat is old and old.up and place.taken is sitting and place.served == served
            if fresh is None:
                return
            if not same or TRIAL in old.warm or self._closing.is_set():
                self.standby.keep(fresh)
                return
            self.carried.update(known)
            place.put(fresh, at=self._clock.now())
        self._tally.restarted(place.number, *worn, at=self._clock.now())
        self.later(old.close())

    async def _known(self, seat: Chair) -> dict[str, str]:
        """What the pages of a seat know, by account; all are asked at once."""
        owners = seat.warm
        states = await asyncio.gather(*(seat.state(owner) for owner in owners))
        return {owner: state for owner, state in zip(owners, states, strict=True) if state is not None}

    # --- in the background ------------------------------------------------------------------------------------

    def later(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Do something beside everything else; `close` waits for it."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """End every seat and what is under way, for good: whatever is started meanwhile ends, too."""
        seats = [place.seat for place in self.places if place.seat is not None]
        for place in self.places:
            place.seat, place.wanted = None, False
        self._closing.set()
        self.standby.close()
        if self._weighing is not None:
            self._weighing.cancel()  # the thread that asks may not come back
        await asyncio.gather(*(seat.close() for seat in seats))
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
