"""Two quick drills with somebody in front of the overview: ``python -m tests.browser.truth`` prints what came of each.

A process of its own, for a drill may block its loop. The engine is frozen and let go again, instead of replaced by its
guardian half a minute later, and both programs run at once, so that it takes as long as the slower of the two.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict, replace

from bowerbird.clock import SystemClock
from bowerbird.drills.layer2 import freeze, thaw
from bowerbird.drills.plan import read_plan
from bowerbird.drills.row import Outcome
from bowerbird.drills.runner import Runner
from bowerbird.drills.table import DRILLS

BY_NAME = {drill.name: drill for drill in DRILLS}
FROZEN = replace(BY_NAME["2.2 the engine is frozen"], mend_it=thaw, by_itself=False, break_it=freeze)
OPENED = replace(BY_NAME["4.1 the breaker opens"], program="writer")


def main() -> None:
    """Carry them out."""
    outcomes: list[Outcome] = []
    runner = Runner(read_plan(), SystemClock(), lambda line: None, outcomes.append, look=True)
    asyncio.run(runner.run([FROZEN, OPENED]))
    sys.stdout.write(f"{json.dumps([asdict(outcome) for outcome in outcomes])}\n")


if __name__ == "__main__":
    main()
