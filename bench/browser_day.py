"""The demo at full speed with three seats while its browsers are broken: ``python -m bench.browser_day``.

A real network, guardian, engine and face, as `bowerbird demo` starts them, with its settings: a post each six seconds
from five accounts, three of which are driven through a real browser, and every one is measured by it again and again.
Twenty times, at drawn moments, something is broken from outside: a browser or its driver killed or stopped, a page
crashed (its process killed) or hung (its process stopped).

a. Every post that was due is out within its minute. One account asks a person first, and nobody answers: what was
   never approved is due to nobody.
b. The network's own journal: nothing there twice, nothing there that our books do not know.
c. The memory of all browsers with their drivers, and of the engine, each in the last quarter against the second.
   It is drawn, with a mark for each fault: a chart that nobody looks at shows nothing.

The moments and the faults are drawn from the seed; what they meet is real time, so no two runs are equal.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bench.browsing import NO_CHROMIUM
from bench.chart import chart
from bench.report import Anchor, Row, report
from bowerbird.app.books import open_books
from bowerbird.app.network import Network, end, free_port, start_network
from bowerbird.browsers import chromium, gauge
from bowerbird.cli.demo import accounts_in_books, cast_accounts, start_engine
from bowerbird.cli.operate import Place
from bowerbird.clock import SystemClock
from bowerbird.core.post import SECOND_US, Post
from bowerbird.drills import ground
from bowerbird.storage.sqlite import SqliteStorage

CAST = "wren:forever,finch:hour,robin:none,heron:none,dipper:none"
"""Our accounts: those that remember no key are driven through a browser, one for each seat."""
SEATS = 3
FAULTS = ("kill browser", "stop browser", "kill driver", "stop driver", "crash page", "hang page")
MINUTE_S = 60.0
"""A post that is due goes within this."""
WEIGH_S = 5.0
"""How often everything is weighed, seconds."""
FIND_S = 20.0
"""How long a fault waits for something to break, seconds."""
FLAT_MAX = 1.3
"""The memory of the last quarter against that of the second, at most."""
AGREE_S = 120.0
"""How long what is in doubt when the day ends may take to be settled, seconds."""
UP_S = 60.0
"""How long the first post may take, seconds; the day begins with it."""


@dataclass(frozen=True)
class Weight:
    """What everything took at one moment: seconds since the beginning, megabytes by part."""

    at_s: float
    mb: dict[str, float]


@dataclass
class Day:
    """One run.

    Args:
        guardian: its process; everything of ours that can be broken is below it.
    """

    for_s: float
    faults: int
    rng: random.Random
    books: SqliteStorage
    network: Network
    guardian: subprocess.Popen[bytes]
    clock: SystemClock = field(default_factory=SystemClock)
    struck: list[tuple[float, str]] = field(default_factory=list)
    weights: list[Weight] = field(default_factory=list)
    began: float = 0.0
    began_at: int = 0

    @property
    def age_s(self) -> float:
        """Seconds since the day began."""
        return time.perf_counter() - self.began

    async def live(self) -> list[Post]:
        """Live the day, and return every post of it that was due for at least a minute when it ended."""
        await self._first_post()
        self.began, self.began_at = time.perf_counter(), self.clock.now()
        weighing, breaking = asyncio.create_task(self._weigh()), asyncio.create_task(self._break())
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("faults 0", total=self.for_s)
            while self.age_s < self.for_s and self.guardian.poll() is None:
                bar.update(task, completed=self.age_s, description=f"faults {len(self.struck)}")
                await asyncio.sleep(0.5)
        for each in (weighing, breaking):
            each.cancel()
        await asyncio.gather(weighing, breaking, return_exceptions=True)
        return await self._due(self.clock.now() - int(MINUTE_S * SECOND_US))

    async def agreed(self) -> tuple[set[str], int]:
        """What the network has accepted, and how much of it the books still do not know after doubts were settled."""
        until = time.perf_counter() + AGREE_S
        while True:
            accepted = await asyncio.to_thread(self.network.accepted)
            lost = len(accepted - await accounts_in_books(self.books))
            if not lost or time.perf_counter() > until:
                return accepted, lost
            await asyncio.sleep(1.0)

    async def _first_post(self) -> None:
        until = time.perf_counter() + UP_S
        while time.perf_counter() < until:
            if await asyncio.to_thread(self.network.accepted):
                return
            await asyncio.sleep(0.5)
        raise SystemExit(f"nothing was posted within {UP_S:g} s")

    async def _due(self, until: int) -> list[Post]:
        """What was approved and due between the beginning and `until`."""
        found: dict[str, Post] = {}
        before: int | None = None
        while page := await self.books.posts(before=before, limit=1_000):
            known = len(found)
            found |= {post.id: post for post in page}
            if len(found) == known or page[-1].due < self.began_at:
                break
            before = page[-1].due + 1  # others may be due at the same instant
        return [post for post in found.values() if post.approved_by and self.began_at <= post.due <= until]

    # --- breaking ----------------------------------------------------------------------------------------------

    async def _break(self) -> None:
        """Break something at drawn moments, one in each stretch of the day, and every kind as often as every other."""
        stretch_s = self.for_s / max(1, self.faults)
        kinds = [FAULTS[n % len(FAULTS)] for n in range(self.faults)]
        self.rng.shuffle(kinds)
        for n, kind in enumerate(kinds):
            await asyncio.sleep(max(0.0, stretch_s * (n + self.rng.uniform(0.1, 0.8)) - self.age_s))
            await self._strike(kind)

    async def _strike(self, kind: str) -> None:
        deed, what = kind.split()
        sent = signal.SIGSTOP if deed in {"stop", "hang"} else signal.SIGKILL
        until = time.perf_counter() + FIND_S
        while time.perf_counter() < until:
            pids = (await asyncio.to_thread(kin, self.guardian.pid))[what]
            if pids and ground.send(self.rng.choice(pids), sent):
                self.struck.append((self.age_s, kind))
                return
            await asyncio.sleep(0.5)

    # --- weighing ----------------------------------------------------------------------------------------------

    async def _weigh(self) -> None:
        while True:
            mb = await asyncio.to_thread(weigh, self.guardian.pid)
            self.weights.append(Weight(self.age_s, mb))
            await asyncio.sleep(WEIGH_S)

    def quarter_mb(self, part: str, number: int) -> float:
        """The median of what a part took in one quarter of the day, 0 to 3; 0 where nothing was weighed."""
        quarter = self.for_s / 4
        found = [each.mb[part] for each in self.weights if number <= each.at_s / quarter < number + 1]
        return statistics.median(found) if found else 0.0


def kin(root: int) -> dict[str, list[int]]:
    """The processes below the guardian by what they are: engine, face, driver, browser, page, other."""
    found: dict[str, list[int]] = {name: [] for name in ("engine", "face", "driver", "browser", "page", "other")}
    for pid in gauge.below(root, gauge.parents()) - {root}:
        found[_what(" ".join(ground.words_of(pid)).split())].append(pid)  # a renderer writes its words into one
    return found


def _what(words: Sequence[str]) -> str:
    if "worker" in words:
        return "engine" if "engine" in words else "face"
    if "run-driver" in words:
        return "driver"
    if words and "chrom" in Path(words[0]).name:
        if any(word.startswith("--type=renderer") for word in words):
            return "page"
        return "other" if any("--type=" in word for word in words) or "crashpad" in words[0] else "browser"
    return "other"


def weigh(root: int) -> dict[str, float]:
    """Proportional megabytes of the browsers with their drivers, the engine and the face; blocks."""
    found = kin(root)
    browsers = [pid for what in ("driver", "browser", "page", "other") for pid in found[what]]
    parts = {"browsers": browsers, "engine": found["engine"], "face": found["face"]}
    return {name: gauge.pss_mb(pids) for name, pids in parts.items()}


@asynccontextmanager
async def living(folder: Path, for_s: float, faults: int, seed: int) -> AsyncIterator[Day]:
    """The demo's network, engine and dashboard in this folder; all ended at the end."""
    file = folder / "day.toml"
    demo = files("bowerbird.cli").joinpath("demo.toml").read_text(encoding="utf-8")
    file.write_text(f"{demo}\n[browsers]\nseats = {SEATS}\n", encoding="utf-8")
    place = Place(data=str(folder), file=str(file))
    settings = place.settings(face__port=free_port("127.0.0.1", 0))
    network = start_network(folder, cast=CAST, speed=settings["demo.speed"], seed=settings["demo.seed"])
    try:
        clock = SystemClock()
        books = await open_books(settings, clock, engine=False)
        try:
            await cast_accounts(settings, books, network, now=clock.now())
            guardian = start_engine(place, settings)
            try:
                yield Day(for_s, faults, random.Random(seed), books, network, guardian)
            finally:
                await asyncio.to_thread(end, guardian)
        finally:
            await books.close()
    finally:
        await asyncio.to_thread(end, network.process)


async def measure(folder: Path, for_s: float, faults: int, seed: int) -> tuple[list[Row], dict[str, Any], str]:
    """Live a day in this folder: rows, figures and the chart."""
    async with living(folder, for_s, faults, seed) as day:
        due = await day.live()
        accepted, lost = await day.agreed()
        truth = await asyncio.to_thread(day.network.get, "/api/truth")  # last: what settles a doubt must double nothing
    doubled = int(truth["duplicates"])
    rows = [
        *lateness(due),
        Row(name="duplicates", value=doubled, unit="posts", bar=0, ok=doubled == 0, n=len(accepted)),
        Row(name="lost", value=lost, unit="posts", bar=0, ok=lost == 0, n=len(accepted)),
        Row(name="faults", value=len(day.struck), unit="", bar=faults, ok=len(day.struck) >= faults, n=faults,
            least=True),
        flat("browsers", day), flat("engine", day),
    ]  # fmt: skip
    figures = {
        "minutes": round(for_s / 60, 1), "posts_due": len(due), "late": rows[0].value, "duplicates": doubled,
        "lost": lost, "faults": dict(Counter(kind for _, kind in day.struck)), "growth": rows[-2].ratio,
        "peak_mb": round(max((each.mb["browsers"] for each in day.weights), default=0.0)),
    }  # fmt: skip
    return rows, figures, drawn(day)


def lateness(due: Sequence[Post]) -> list[Row]:
    """How many were not out within their minute, and how late the latest of the others was."""
    took = [(post.published_at - post.due) / SECOND_US if post.published_at else math.inf for post in due]
    late = sum(each > MINUTE_S for each in took)
    out = sorted(each for each in took if each < math.inf)
    worst = round(out[-1], 1) if out else 0.0
    p95 = round(out[math.ceil(0.95 * len(out)) - 1], 1) if out else 0.0
    return [
        Row(name="late", value=late, unit="posts", bar=0, ok=late == 0, n=len(due)),
        Row(name="due posts", value=len(due), unit="posts", bar=1, ok=bool(due), n=len(due), least=True),
        Row(name="due to out, p95", value=p95, unit="s", bar=MINUTE_S, ok=p95 <= MINUTE_S, n=len(out)),
        Row(name="due to out, longest", value=worst, unit="s", bar=MINUTE_S, ok=worst <= MINUTE_S, n=len(out)),
    ]


def flat(part: str, day: Day) -> Row:
    """What a part took in the last quarter, against the second: the first is when it grows to its size."""
    early, late = day.quarter_mb(part, 1), day.quarter_mb(part, 3)
    ratio = round(late / early, 3) if early else math.inf
    anchor = Anchor(name="second quarter", version="", value=round(early, 1))
    return Row(name=f"memory of {part}", value=round(late, 1), unit="MB", bar=FLAT_MAX, ok=ratio <= FLAT_MAX,
               n=len(day.weights), anchor=anchor, ratio=ratio)  # fmt: skip


def drawn(day: Day) -> str:
    """The memory of each part over the day, with a mark for each fault."""
    parts = {"browsers": "browsers, drivers", "engine": "engine", "face": "face"}
    lines = {name: [(each.at_s / 60, each.mb[part]) for each in day.weights] for part, name in parts.items()}
    marks = [(at_s / 60, kind) for at_s, kind in day.struck]
    title = f"Memory of {SEATS} seats with {len(CAST.split(','))} accounts and {len(day.struck)} faults"
    return chart(title, lines, marks, across="minutes", up="MB")


def main() -> int:
    """Live, count, draw, print, and return 0 if every bar holds."""
    parser = argparse.ArgumentParser("bench.browser_day", description="The demo while its browsers are broken.")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--minutes", type=float, default=20.0, help="how long the day is")
    parser.add_argument("--faults", type=int, default=20, help="so many faults")
    parser.add_argument("--seed", type=int, default=1, help="draws faults and moments")
    parser.add_argument("--chart", type=Path, default=Path("build/browser_day.svg"), help="where the chart goes")
    parser.add_argument("--keep", action="store_true", help="keep the books and the logs, and say where they are")
    asked = parser.parse_args()
    if not chromium.available():
        return report("browser_day", [], as_json=asked.json, skipped={"all": NO_CHROMIUM})
    folder = Path(tempfile.mkdtemp(prefix="bowerbird-day-"))
    try:
        rows, figures, picture = asyncio.run(measure(folder, asked.minutes * 60, asked.faults, asked.seed))
    finally:
        if asked.keep:
            sys.stderr.write(f"kept in {folder}\n")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    asked.chart.parent.mkdir(parents=True, exist_ok=True)
    asked.chart.write_text(picture, encoding="utf-8")
    sys.stderr.write(f"The chart of memory: {asked.chart}\n")
    return report("browser_day", rows, as_json=asked.json, seed=asked.seed, figures=figures)


if __name__ == "__main__":
    sys.exit(main())
