"""Many worlds on several processes, with a bar where somebody can see it."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

P = TypeVar("P")
R = TypeVar("R")


def spread(work: Callable[[P], R], pieces: Iterable[P], jobs: int) -> Iterator[R]:
    """Do every piece of work on so many processes, with only as many ahead as there are; in whatever order."""
    if jobs <= 1:
        yield from map(work, pieces)
        return
    waiting, running = iter(pieces), set[Future[R]]()
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        while True:
            while len(running) < 2 * jobs and (piece := next(waiting, None)) is not None:
                running.add(pool.submit(work, piece))
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)


@contextmanager
def bar(total: int) -> Iterator[Callable[[int], None]]:
    """Show how far the campaign is, on stderr, if somebody can see it."""
    console = Console(stderr=True)
    if not sys.stderr.isatty():
        yield lambda worlds: None
        return
    columns = (TextColumn("worlds"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("worlds", total=total)
        yield lambda worlds: progress.advance(task, worlds)
