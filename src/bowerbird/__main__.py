"""``python -m bowerbird``: the same as the command ``bowerbird``."""

from __future__ import annotations

import sys


def main() -> None:
    """Be a process of a running Bowerbird, or run the command line; what a person can mend is told in a sentence."""
    if "worker" in sys.argv:  # the command line's library is not even looked at
        from bowerbird.app.worker import asked, work

        if (found := asked(sys.argv[1:])) is not None:
            sys.exit(work(*found))
    from bowerbird.cli import run

    sys.exit(run())


if __name__ == "__main__":
    main()
