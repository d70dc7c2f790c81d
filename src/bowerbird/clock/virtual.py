"""An event loop whose time jumps when everybody sleeps: a day passes as fast as the work in it allows.

Rule 1: nothing outside the loop can be waited for. Sockets, threads, subprocesses and signals have no
        place in virtual time; asking for one raises `OutOfBounds` rather than going wrong quietly.
Rule 2: all sleep and no timer is set means that nobody will ever wake: `AllAsleep`, not a hang.
Rule 3: someone who never sleeps holds time still: after `TURNS_MAX` turns at one instant, `NeverAsleep`.

Tasks that are ready in the same turn run in an order drawn from the seed, so interleavings vary with it.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import itertools
import random
import selectors
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn, TypeVar, TypeVarTuple, Unpack

from bowerbird.clock.chance import fresh_minter

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

START_AT = 1_767_225_600_000_000
"""2026-01-01T00:00:00Z in microseconds: where virtual time begins unless it is told otherwise."""
TURNS_MAX = 100_000
"""Turns of the loop without time moving before it is called a livelock."""
TICK_S = 1e-9
"""What is due within so many seconds is due now; the resolution of asyncio's own clock."""
FAREWELL_TURNS = 100
"""Turns that cancelled tasks get at the end of a run."""


class OutOfBounds(RuntimeError):
    """This needs the world outside the virtual loop."""


class AllAsleep(RuntimeError):
    """Everybody waits, and no timer is set that would wake anybody."""


class NeverAsleep(RuntimeError):
    """Somebody keeps the loop busy without ever waiting, so virtual time cannot move."""


class VirtualClock:
    """Time that moves only when all sleep, or when a test moves it by hand.

    Outside a virtual loop nobody else can be waiting, so there `sleep` moves time itself and yields once.

    Args:
        start_at: the wall clock at the beginning, UTC microseconds.
    """

    def __init__(self, start_at: int = START_AT) -> None:
        self._start_at = start_at
        self._elapsed_s = 0.0
        self._asleep_s = 0.0

    def now(self) -> int:
        """The wall clock, UTC microseconds."""
        return self._start_at + round(self._elapsed_s * 1_000_000)

    def monotonic(self) -> float:
        """Seconds since the beginning."""
        return self._elapsed_s

    def boottime(self) -> float:
        """The same, and the time for which the machine was suspended."""
        return self._elapsed_s + self._asleep_s

    async def sleep(self, seconds: float) -> None:
        """Wait; returns at once for 0 or less."""
        if seconds <= 0:
            return
        if isinstance(asyncio.get_running_loop(), VirtualLoop):
            await asyncio.sleep(seconds)
        else:
            self.advance(seconds)
            await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        """Move time forward; ValueError for a negative step."""
        self.jump_to(self._elapsed_s + seconds)

    def jump_to(self, monotonic: float) -> None:
        """Move time forward to this many seconds since the beginning; ValueError if that is past."""
        if monotonic < self._elapsed_s:
            raise ValueError(f"time does not go back from {self._elapsed_s} s to {monotonic} s")
        self._elapsed_s = monotonic

    def suspend(self, seconds: float) -> None:
        """Let the machine sleep: the wall and the time since boot go on, everything else stands still."""
        self._start_at += round(seconds * 1_000_000)
        self._asleep_s += seconds

    def step_wall(self, seconds: float) -> None:
        """Move the wall clock alone, as a person or NTP might; negative is back."""
        self._start_at += round(seconds * 1_000_000)


class _Nowhere(selectors.BaseSelector):
    """Stands where the loop waits for sockets. There are none, and nobody ever waits here."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for nothing."""
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> NoReturn:
        """Refuse."""
        raise OutOfBounds("a virtual loop cannot wait for files or sockets")

    def unregister(self, fileobj: Any) -> NoReturn:
        """Refuse."""
        raise OutOfBounds("a virtual loop has no files")

    def get_map(self) -> NoReturn:
        """Refuse."""
        raise OutOfBounds("a virtual loop has no files")


class _Turn(list[Any]):
    """Somebody's turn, ``[callback, args, context]``: a list, for those are made without a call into Python."""

    __slots__ = ()

    def cancel(self) -> None:
        """Let go of it; it is passed over when it comes to the front."""
        self[0] = self[1] = None


class VirtualLoop(asyncio.SelectorEventLoop):
    """The event loop of virtual time; see the rules above.

    Its turns and timers are its own: asyncio's have to ask a selector and the real clock, and a simulated year takes
    sixty million turns. Timers lie in a heap of tuples, which compare without a call.

    Args:
        clock: whose time it moves.
        order: draws the order of tasks that are ready together; None keeps asyncio's own.
    """

    # What asyncio's own loop keeps, as far as it is touched here (CPython 3.11 to 3.13).
    _ready: deque[_Turn]
    _scheduled: list[tuple[float, int, _Turn]]
    _stopping: bool
    _thread_id: int | None

    def __init__(self, clock: VirtualClock, order: random.Random | None = None) -> None:
        self._clock = clock
        self._order = order
        self._turns = 0
        self._numbers = itertools.count()
        super().__init__(_Nowhere())

    def time(self) -> float:
        """Virtual seconds since the beginning."""
        return self._clock._elapsed_s  # noqa: SLF001 - asked at every turn

    def rest(self) -> None:
        """Begin to count turns anew."""
        self._turns = 0

    # --- turns and timers ----------------------------------------------------------------------------------------

    def _run_once(self) -> None:
        """Take one turn.

        1. Somebody is ready: it is their turn, in an order drawn from the seed. 2. Nobody is: time jumps to the next
        timer. 3. What is due by then has its turn after them.
        """
        ready, timers, clock = self._ready, self._scheduled, self._clock
        while timers and timers[0][2][0] is None:
            heapq.heappop(timers)
        if ready or self._stopping or (timers and timers[0][0] <= clock._elapsed_s):  # noqa: SLF001 - as in `time`
            self._turns += 1
            if self._turns > TURNS_MAX:
                raise NeverAsleep(f"{TURNS_MAX} turns at {self.time()} s")
            if len(ready) > 1 and self._order is not None:
                self._shuffle(ready, self._order)
        else:
            self._jump()
        due = clock._elapsed_s + TICK_S  # noqa: SLF001 - as in `time`
        while timers and timers[0][0] < due:
            ready.append(heapq.heappop(timers)[2])
        for _ in range(len(ready)):
            callback, args, context = ready.popleft()
            if callback is None:
                continue
            try:
                context.run(callback, *args)
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as error:  # noqa: BLE001 - whoever asked for the turn is gone, so the loop tells
                self.call_exception_handler({"message": f"Exception in callback {callback!r}", "exception": error})

    def _jump(self) -> None:
        if not self._scheduled:
            raise AllAsleep
        self._clock.jump_to(self._scheduled[0][0])
        self._turns = 0

    def _shuffle(self, ready: deque[_Turn], order: random.Random) -> None:
        if len(ready) == 2:  # by far the most frequent case
            ready.rotate(order.getrandbits(1))
            return
        turns = list(ready)
        order.shuffle(turns)
        ready.clear()
        ready.extend(turns)

    def call_soon(  # type: ignore[override]  # whoever asked for a turn does nothing with it but cancel it
        self,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> _Turn:
        """Let it have its turn, without looking first whether this is the right thread: there is no other."""
        turn = _Turn((callback, args, contextvars.copy_context() if context is None else context))
        self._ready.append(turn)
        return turn

    def call_later(  # type: ignore[override]  # as above
        self,
        delay: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> _Turn:
        """Let it have its turn after so many seconds."""
        return self.call_at(self._clock._elapsed_s + delay, callback, *args, context=context)  # noqa: SLF001 - as in `time`

    def call_at(  # type: ignore[override]  # as above
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> _Turn:
        """Let it have its turn at this instant; of those with the same instant, the first who asked is the first."""
        turn = _Turn((callback, args, contextvars.copy_context() if context is None else context))
        heapq.heappush(self._scheduled, (when, next(self._numbers), turn))
        return turn

    def create_task(  # type: ignore[override]  # only what asyncio gives it: no generator, and a name in words
        self, coro: Coroutine[Any, Any, T], *, name: str | None = None, context: contextvars.Context | None = None
    ) -> asyncio.Task[T]:
        """Give a coroutine turns of its own."""
        return asyncio.Task(coro, loop=self, name=name, context=context)

    get_debug = bool  # False, said without a call into Python: every future asks

    # The fence: whatever would let real time or another thread in.

    def _make_self_pipe(self) -> None:
        """No other thread may wake this loop, so it needs no pipe."""

    def _close_self_pipe(self) -> None:
        """There is no pipe."""

    def call_soon_threadsafe(  # type: ignore[override]  # as above
        self,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> _Turn:
        """Like `call_soon` from the loop's own thread; `OutOfBounds` from any other."""
        if threading.get_ident() != self._thread_id:
            raise OutOfBounds("another thread cannot reach a virtual loop")
        return self.call_soon(callback, *args, context=context)


def _fence(word: str, *, waits: bool) -> Callable[..., Any]:
    def refuse(self: VirtualLoop, *args: Any, **kwargs: Any) -> NoReturn:
        raise OutOfBounds(f"{word} has no place in virtual time")

    async def refuse_when_awaited(self: VirtualLoop, *args: Any, **kwargs: Any) -> NoReturn:
        refuse(self)

    return refuse_when_awaited if waits else refuse


_FENCED = "add_reader add_signal_handler add_writer remove_reader remove_writer run_in_executor"
_FENCED_WAITS = (
    "connect_accepted_socket connect_read_pipe connect_write_pipe create_connection create_datagram_endpoint "
    "create_server create_unix_connection create_unix_server getaddrinfo getnameinfo sendfile sock_accept "
    "sock_connect sock_recv sock_recv_into sock_recvfrom sock_recvfrom_into sock_sendall sock_sendfile "
    "sock_sendto start_tls subprocess_exec subprocess_shell"
)
for _word in _FENCED.split():
    setattr(VirtualLoop, _word, _fence(_word, waits=False))
for _word in _FENCED_WAITS.split():
    setattr(VirtualLoop, _word, _fence(_word, waits=True))


def run_virtual(
    main: Callable[[VirtualClock], Coroutine[Any, Any, T]],
    *,
    start_at: int = START_AT,
    seed: int | None = None,
) -> T:
    """Run `main(clock)` in virtual time and return what it returns.

    1. Make a clock and a loop of their own, in a context of their own.
    2. Run to the end; whatever `main` raises comes out.
    3. Cancel what is left, give it `FAREWELL_TURNS` turns to say goodbye, and close.

    Args:
        main: gets the clock; everything in it sees this clock's time, `asyncio.timeout` too.
        start_at: the wall clock at the beginning, UTC microseconds.
        seed: draws the order of tasks that are ready together; None keeps asyncio's own.
    """
    return contextvars.Context().run(_run, main, start_at, seed)


def _run(main: Callable[[VirtualClock], Coroutine[Any, Any, T]], start_at: int, seed: int | None) -> T:
    fresh_minter()
    clock = VirtualClock(start_at)
    loop = VirtualLoop(clock, None if seed is None else random.Random(seed))
    try:
        return loop.run_until_complete(main(clock))
    finally:
        loop.rest()
        try:
            loop.run_until_complete(_farewell(asyncio.all_tasks(loop)))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()


async def _farewell(left: set[asyncio.Task[Any]]) -> None:
    """Cancel what is left; a task that will not go is forgotten, as at the end of a process."""
    for task in left:
        task.cancel()
    for _ in range(FAREWELL_TURNS):
        if all(task.done() for task in left):
            break
        await asyncio.sleep(0)
    for task in left:
        if task.done():
            _ = task.cancelled() or task.exception()  # looking at it is what keeps asyncio quiet
        else:
            task._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001 - dead on purpose
