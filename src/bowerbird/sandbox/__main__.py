"""`python -m bowerbird.sandbox`: the rehearsal network as a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from bowerbird.core.errors import BowerbirdError
from bowerbird.sandbox.people import signups
from bowerbird.sandbox.serve import serve

ACCOUNTS = "wren:forever,finch:hour,robin:none"


def main() -> int:
    """Serve until told to stop; 2 when it cannot be started."""
    asked = _arguments().parse_args()
    try:
        asyncio.run(
            serve(
                asked.data,
                port=asked.port,
                seed=asked.seed,
                speed=asked.speed,
                accounts=signups(asked.accounts),
                said=sys.stdout,
            )
        )
    except BowerbirdError as problem:
        sys.stderr.write(f"sandbox: {problem}\n")
        return 2
    except KeyboardInterrupt:
        return 0
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("bowerbird.sandbox", description="A small social network for rehearsals.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the journal and the pictures")
    parser.add_argument("--port", type=int, default=0, help="port on loopback; 0 takes a free one")
    parser.add_argument(
        "--speed", type=_positive, default=60.0, help="how much faster the audience lives (1 to 10,000)"
    )
    parser.add_argument("--seed", type=int, default=7, help="seed of a new world")
    parser.add_argument("--accounts", default=ACCOUNTS, help="handle:forever|hour|none[:no-impressions],...")
    return parser


def _positive(text: str) -> float:
    value = float(text)
    if not 0.01 <= value <= 10_000:
        raise argparse.ArgumentTypeError("speed must be from 0.01 to 10000")
    return value


if __name__ == "__main__":
    sys.exit(main())
