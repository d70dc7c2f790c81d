"""``python -m bowerbird``: the same as the command ``bowerbird``."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bowerbird.dashboard.workshop import Tell, Workshop


def main() -> None:
    """Be a process of a running Bowerbird, or run the command line; what a person can mend is told in a sentence."""
    if "worker" in sys.argv:  # the command line's library is not even looked at
        from bowerbird.app.worker import asked, work

        if (found := asked(sys.argv[1:])) is not None:
            sys.exit(work(*found, _workshop))
    from bowerbird.cli import run

    sys.exit(run())


async def _workshop() -> Workshop:
    """Tell the face of promises and drills; what they are is read when somebody first opens one of their pages."""
    import asyncio

    return await (await asyncio.to_thread(_shop))()


@cache
def _shop() -> Tell:
    from bowerbird.clock import SystemClock
    from bowerbird.drills.shop import Shop

    return Shop(SystemClock())


if __name__ == "__main__":
    main()
