"""How a process ends: what a person can mend is one sentence on standard error, and an exit code that says more."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable

from bowerbird.core.errors import BadInput, BowerbirdError, StorageBusy

DISK = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS)
"""What the system says of a disk without naming a place."""


def told(act: Callable[[], object], *, refused: int = 1) -> int:
    """Do something and return the exit code of its process; whatever is our own defect is raised.

    Args:
        refused: the code of what cannot be done as it is set up.
    """
    try:
        act()
    except (BadInput, StorageBusy) as error:
        return _say(str(error), refused)
    except BowerbirdError as error:
        return _say(str(error), 1)
    except OSError as error:
        # A full disk, a folder that is read-only: the system's own words and the place are all there is to say.
        # Without a place it is one of those only where nothing could be written; anything else is our defect.
        if not error.filename and error.errno not in DISK:
            raise
        place = f"{error.filename}: " if error.filename else ""
        return _say(f"{place}{error.strerror}", 1)
    except KeyboardInterrupt:
        return 130
    return 0


def _say(sentence: str, code: int) -> int:
    sys.stderr.write(f"bowerbird: {sentence}\n")
    return code
