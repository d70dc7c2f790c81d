"""The pool: what the other rooms ask of browsers. A page for an account, for so long, and whether all is well.

A lease goes through four hands: `Line` says when, `Supervisor` gives a seat that runs, the seat gives the account's
page, and `guard` watches it until it is over. What a lease leaves behind is a page that answers; one that was left
by an error is thrown away, and whoever waits next waits until that is done, and not a moment longer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from bowerbird.browsers import gauge, nest, numbers
from bowerbird.browsers.budget import RESTARTS_MAX
from bowerbird.browsers.door import Door, Shut, first_line, of_playwright
from bowerbird.browsers.lease import Lease, guard
from bowerbird.browsers.line import CLASS_OF, URGENT, Cls, Line, TurnedAway, Waiting
from bowerbird.browsers.place import Place
from bowerbird.browsers.seat import TRIAL, Chair, Seat, crash
from bowerbird.browsers.supervisor import Supervisor
from bowerbird.browsers.tally import Tally
from bowerbird.core.errors import Unreachable
from bowerbird.core.gauge import Sample, Snapshot
from bowerbird.core.ports import Clock
from bowerbird.resilience import failpoints
from bowerbird.resilience.deadline import left_s

if TYPE_CHECKING:
    from playwright.async_api import Page

LEASE_S = 90.0
"""How long a lease may last at most, seconds; it ends earlier with the deadline of whoever asked for it."""

KNOWN_MAX = 4
"""So many of the states that were given to an account's page, or came from it, are remembered: whoever waited in line
may bring one that was kept before the last."""
BAD = "bad_state"
"""The reason where it is the account's own state that no browser takes."""
OPEN_TRIES = 3
"""A page is opened so often at most before whoever asked for it is told that it cannot be."""


class Pool:
    """Browsers, lent out one page at a time.

    Args:
        path: the program; empty takes Playwright's own. `arguments`: the flags it is started with.
        seats: so many browsers at most, each started when it is needed first.
        standby: whether one more is to stand by where memory allows it.
        memory_max_mb: what all may take, megabytes; 0 lets the machine decide.
        restarts_max: browsers that may be lost on one seat within ten minutes.
        make: makes a seat; the real one unless a test says otherwise. `thread`, `read`: as `Supervisor` has them.
    """

    def __init__(
        self, clock: Clock, *, path: str = "", arguments: Sequence[str] = (), seats: int = 1, standby: bool = False,
        memory_max_mb: float = 0.0, restarts_max: int = RESTARTS_MAX,
        make: Callable[[int, Callable[[Chair], None]], Chair] | None = None,
        thread: Callable[..., Awaitable[Any]] = asyncio.to_thread,
        read: Callable[[], gauge.Machine] = gauge.machine,
    ) -> None:  # fmt: skip
        self.tally = Tally()
        self.door = Door(self.tally)
        self.line = Line(seats)
        self._clock, self._thread, self._path, self._arguments = clock, thread, path, arguments
        self._starting = asyncio.Lock()
        self._turns: dict[int, asyncio.Future[Place]] = {}
        self._known: dict[str, deque[int]] = {}
        self._spare: set[Lease] = set()
        self.supervisor = Supervisor(
            clock, self.tally, make or self._seat, seats=seats, standby=standby, memory_max_mb=memory_max_mb,
            restarts_max=restarts_max, changed=self._call, thread=thread, read=read,
        )  # fmt: skip

    def _seat(self, number: int, died: Callable[[Chair], None]) -> Chair:
        return Seat(
            number, path=self._path, arguments=self._arguments, door=self.door, died=died, starting=self._starting
        )

    @property
    def places(self) -> Sequence[Place]:
        """Where browsers stand, or could."""
        return self.supervisor.places

    @property
    def starts(self) -> int:
        """How many browsers were started so far."""
        return self.supervisor.starts

    # --- a page -----------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def page(
        self, account_id: str, *, state: str | None, wait_s: float, op: str = "page", cls: Cls | None = None,
        lease_s: float = LEASE_S,
    ) -> AsyncIterator[Page]:  # fmt: skip
        """Lease the account's page.

        1. Wait in line, at most `wait_s` seconds; who cannot have a turn in time is told so at once.
        2. Have a browser that runs, and on it the account's page; `state` (a storage state as JSON) seeds a new one,
           and is the one that the last page was given or gave (`saved`), or else something that nobody knows here.
        3. Hand it out, and watch it: one that hangs, or lasts longer than `lease_s`, is cut off.
        4. Afterwards keep the page if the lease ended well, else throw its context away.

        Args:
            op: what it is for, in a word, for those who count. `cls`: its class; without one that of the word.

        Raises:
            Unreachable: the seats stayed taken (`browser_busy`), no browser could be started (`no_browser`), no page
                opens with this `state` and one opens without (`bad_state`), the browser was lost during the lease
                (`browser_died`), or the page failed (`page`).
        """
        of = cls or CLASS_OF.get(op, Cls.VERIFY)
        lease, page, place = await self._lease(account_id, state, wait_s, op, of, lease_s)
        well = False
        try:
            await failpoints.reach(f"browser.lease.{op}")
            if failpoints.touch("page.crash"):
                await crash(page, self.door)
            yield page
            well = not page.is_closed()
        except TimeoutError as error:
            self.tally.timeouts[op] += 1
            raise self._lost(lease, place, error) from error
        except Exception as error:
            if not of_playwright(error):
                raise
            if type(error).__name__ == "TimeoutError":  # Playwright's own, which is none of Python's
                self.tally.timeouts[op] += 1
            raise self._lost(lease, place, error) from error
        finally:
            lease.release(well=well)

    async def _lease(
        self, account_id: str, state: str | None, wait_s: float, op: str, cls: Cls, lease_s: float
    ) -> tuple[Lease, Page, Place]:
        waiting, place = await self._turn(account_id, cls, wait_s)
        now = self._clock.monotonic()
        until = now + min(lease_s, max(0.0, left_s()))

        def over(lease: Lease) -> None:
            self._over(lease, waiting, place)

        lease = Lease(waiting.number, account_id, cls, op, now, until, over)
        if cls is Cls.SPARE:
            self._spare.add(lease)  # before its page is opened: that may take half a minute, and a post may come
            if any(self.line.depth(urgent) for urgent in URGENT):
                self._clear()
        try:
            seat, page = await self._open(place, lease, state)
            lease.seat, lease.life = seat, place.lives
        except BaseException:
            lease.release()
            raise
        place.served += 1
        self.tally.waited(cls, self._clock.monotonic() - waiting.since)
        lease.watch = self.supervisor.later(self._guard(lease, seat))
        return lease, page, place

    async def _guard(self, lease: Lease, seat: Chair) -> None:
        """Watch a lease, and count it if it was cut off for its time."""
        await guard(lease, lambda: seat.alive(lease.owner), self._clock)
        if lease.cut:
            self.tally.timeouts[lease.op] += 1

    async def _open(self, place: Place, lease: Lease, state: str | None) -> tuple[Chair, Page]:
        """Open the account's page; a browser that is lost meanwhile costs nobody a lease, for nothing was done yet.

        Raises:
            Unreachable: there is no browser, no page or no memory, or the lease was cut off meanwhile.
        """
        for left in reversed(range(OPEN_TRIES)):
            seat = await self.supervisor.ready(place)
            _goes_on(lease)
            try:
                seat, page = await self._page_on(place, seat, lease.owner, state)
            except Shut as error:
                if not left:
                    bad = state is not None and await self._opens(seat)
                    raise Unreachable(
                        f"no page could be opened: {error}", reason=BAD if bad else "no_browser"
                    ) from error
                await self.supervisor.heal(place, place.seat, lease.owner)
            else:
                _goes_on(lease)
                return seat, page
        raise AssertionError("the last try returns or raises")

    async def _opens(self, seat: Chair) -> bool:
        """Whether a browser opens a page for somebody of whom nothing is known: then what is known was the trouble."""
        try:
            await seat.page(TRIAL, None)
        except Shut:
            return False
        return await seat.drop(TRIAL)

    async def _page_on(self, place: Place, seat: Chair, account_id: str, state: str | None) -> tuple[Chair, Page]:
        if account_id in seat.warm and self._is_known(account_id, state):
            return seat, await seat.page(account_id, state)
        if not await seat.answers():
            self.supervisor.kill(place, seat, "frozen", "the browser answered nothing")
            raise Shut("the browser answered nothing")
        seed = await self._seed(account_id, state)
        seat = await self._room_for(place)
        page = await seat.page(account_id, seed)
        if not self._is_known(account_id, state):
            self._known[account_id] = deque([hash(state)], maxlen=KNOWN_MAX)
        self.supervisor.carried.pop(account_id, None)
        return seat, page

    async def _seed(self, account_id: str, state: str | None) -> str | None:
        """What a new page begins with: what the account's page elsewhere knew, if the caller's is no newer.

        A page on another seat goes, for an account has one page: two would each renew the session behind the
        other's back. So does one that does not know the caller's state: somebody has signed in anew.
        """
        carried = self.supervisor.carried
        for place in self.places:
            if place.seat is not None and account_id in place.seat.warm:
                if (known := await place.seat.state(account_id)) is not None:
                    carried[account_id] = known
                await self.supervisor.heal(place, place.seat, account_id)
        return carried.get(account_id, state) if self._is_known(account_id, state) else state

    def _is_known(self, account_id: str, state: str | None) -> bool:
        """Whether this state was given to the account's page or came from it, and so is no newer than the page."""
        return hash(state) in self._known.get(account_id, ())

    async def _room_for(self, place: Place) -> Chair:
        if not await self.supervisor.thrift.make_room(place):
            raise Unreachable("there is no memory for one more page", reason="browser_busy")
        return await self.supervisor.ready(place)

    async def _turn(self, account_id: str, cls: Cls, wait_s: float) -> tuple[Waiting, Place]:
        """Wait in line; whatever ends the wait leaves nobody standing there."""
        try:
            waiting = self.line.admit(cls, account_id, now=self._clock.monotonic(), wait_s=wait_s, left_s=left_s())
        except TurnedAway as error:
            self.tally.refused[cls] += 1
            raise Unreachable(f"the browsers are busy: {error}", reason="browser_busy") from error
        turn = self._turns[waiting.number] = asyncio.get_running_loop().create_future()
        self._call()
        if cls in URGENT and not turn.done():
            self._clear()
        try:
            async with asyncio.timeout(wait_s):
                return waiting, await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                turn.result().taken = None
            self.line.leave(waiting)
            self._call()
            if not isinstance(error, TimeoutError):
                raise
            self.tally.refused[cls] += 1
            self.tally.timeouts["a free seat"] += 1
            raise Unreachable(f"no browser was free within {wait_s:g} s", reason="browser_busy") from error
        finally:
            self._turns.pop(waiting.number, None)

    def _call(self) -> None:
        """Call everybody whose turn it is. No await: this is also how a lease ends."""
        self.line.seats = max(1, sum(not place.down for place in self.places))
        while (waiting := self.line.call(now=self._clock.monotonic())) is not None:
            turn = self._turns[waiting.number]
            if turn.done():  # cancelled a moment ago, and about to leave
                self.line.leave(waiting)
                continue
            place = self._place_for(waiting.key)
            place.taken, place.taken_at = waiting, self._clock.now()
            turn.set_result(place)

    def _clear(self) -> None:
        """Take the seat from spare work, which nobody waits for; somebody urgent does for the seat."""
        for lease in list(self._spare):
            lease.cut_off("a post needed the seat")

    def _place_for(self, account_id: str) -> Place:
        """Where the account's page is, else a browser that runs and has few pages, else one to be started."""

        def worth(place: Place) -> tuple[bool, bool, bool, int, int]:
            warm = place.seat.warm if place.seat is not None else ()
            return (account_id not in warm, bool(place.down), not place.up, len(warm), place.number)

        return min((place for place in self.places if place.taken is None), key=worth)

    def _over(self, lease: Lease, waiting: Waiting, place: Place) -> None:
        """A lease is over: its seat goes to the next, at once if the page is well and the seat not worn. No await."""
        self._spare.discard(lease)
        if lease.watch is not None and lease.watch is not asyncio.current_task():
            lease.watch.cancel()
        well = lease.well and place.up
        if well and not self.supervisor.due(place):
            self._free(waiting, place, well=True)
            return
        self.tally.lost[lease.cls] += not well
        self.tally.cut += bool(lease.cut)
        self.supervisor.later(self._mend(lease, waiting, place, well=well))

    async def _mend(self, lease: Lease, waiting: Waiting, place: Place, *, well: bool) -> None:
        """Make the seat well, or new, before the next one has it."""
        try:
            if not well:
                await self.supervisor.heal(place, lease.seat or place.seat, lease.owner)
            await self.supervisor.renew(place, waiting)
        finally:
            self._free(waiting, place, well=well)

    def _free(self, waiting: Waiting, place: Place, *, well: bool) -> None:
        if place.held_by(waiting.number):
            place.taken = None
        self.line.done(waiting, now=self._clock.monotonic(), well=well)
        self._call()

    def _lost(self, lease: Lease, place: Place, error: BaseException) -> Unreachable:
        """Tell what ended a lease."""
        if lease.cut:
            return Unreachable(f"the page failed: {lease.cut}", reason="page")
        if lease.life != place.lives or not place.up:
            return Unreachable(f"the browser was lost: {first_line(error)}", reason="browser_died")
        return Unreachable(f"the page failed: {first_line(error)}", reason="page")

    # --- what is asked beside it ------------------------------------------------------------------------------

    async def state(self, account_id: str) -> str | None:
        """Return the account's cookies and local storage as JSON, or None if it has no page."""
        for place in self.places:
            if place.seat is not None and account_id in place.seat.warm:
                return await place.seat.state(account_id)
        return None

    def saved(self, account_id: str, state: str) -> None:
        """Hear that what `state` returned was kept: whoever brings it from now on brings what the page itself said."""
        if account_id in self._known:
            self._known[account_id].append(hash(state))

    async def forget(self, account_id: str) -> None:
        """Throw the account's page away, wherever it is; the next one begins with the state it is given."""
        self.supervisor.carried.pop(account_id, None)
        for place in self.places:
            if place.seat is not None and account_id in place.seat.warm:
                await self.supervisor.heal(place, place.seat, account_id)

    @property
    def up(self) -> bool:
        """Whether a browser runs, as far as anybody knows without asking."""
        return any(place.up for place in self.places)

    async def answers(self) -> bool:
        """Whether any browser says something."""
        seats = [place.seat for place in self.places if place.seat is not None and place.seat.up]
        return any(await asyncio.gather(*(seat.answers() for seat in seats)))

    async def open(self, *, wait_s: float) -> None:
        """Have a browser that answers, so that the first lease need not start one.

        Raises:
            Unreachable: there is none within `wait_s` seconds.
        """
        if await self.answers():
            return
        for place in self.places:
            self.supervisor.kill(place, place.seat, "frozen", "the browser answered nothing")
        try:
            async with asyncio.timeout(wait_s):
                await self.supervisor.ready(self.places[0], by_hand=True)
        except TimeoutError as error:
            raise Unreachable(f"no browser could be started within {wait_s:g} s", reason="no_browser") from error

    async def try_out(self, *, wait_s: float) -> None:
        """Open a page nobody uses and close it again, beside whoever sits there; start a browser for it if need be.

        It does not stand in line, so a pool that is busy for long is not taken for one that is down.

        Raises:
            Unreachable: no browser could be started (`no_browser`), or none gave a page within `wait_s` seconds.
        """
        place = next((place for place in self.places if place.up), self.places[0])
        seat = await self.supervisor.ready(place, by_hand=True)
        try:
            async with asyncio.timeout(wait_s):
                await seat.page(TRIAL, None)
                well = await seat.drop(TRIAL)
        except (Shut, TimeoutError) as error:
            well, why = False, first_line(error)
        else:
            why = "a page would not close"
        if not well:
            await self.supervisor.failed(place, seat, f"it failed when it was tried: {why}")
            raise Unreachable(f"the browser failed when it was tried: {why}", reason="no_browser")

    # --- watching and telling ---------------------------------------------------------------------------------

    async def watch(self) -> None:
        """Clear what dead engines left behind, then look after the seats for ever."""
        await self._thread(nest.sweep)
        await self.supervisor.watch()

    def samples(self) -> list[Sample]:
        """Every number of this room."""
        return numbers.samples(self, now=self._clock.monotonic())

    def snapshot(self) -> Snapshot:
        """How the seats are, for the page that shows them."""
        return Snapshot(
            name=numbers.BROWSERS, at=self._clock.now(), data=numbers.picture(self, now=self._clock.monotonic())
        )

    async def close(self) -> None:
        """Close everything; doing it twice is not an error."""
        await self.supervisor.close()


def _goes_on(lease: Lease) -> None:
    """Unreachable if a lease was cut off while its page was opened."""
    if lease.over:
        raise Unreachable(f"the page failed: {lease.cut}", reason="page")
