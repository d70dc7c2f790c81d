"""``python -m bowerbird``: the same as the command ``bowerbird``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; what a person can mend is told in a sentence, without a traceback."""
    from bowerbird.cli import run

    sys.exit(run())


if __name__ == "__main__":
    main()
