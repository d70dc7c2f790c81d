"""Time and chance: the only room where either comes in.

* `SystemClock`, `SystemChance`    the real ones
* `VirtualClock`, `run_virtual`    an event loop whose time jumps when all sleep
* `SeededChance`                   one stream per purpose, all from one seed
* `mint_tid`                       keys of posts, strictly increasing
* `Steady`                         notices that somebody moved the wall clock
"""

from bowerbird.clock.chance import SeededChance, SystemChance, mint_tid
from bowerbird.clock.steady import Steady, Step
from bowerbird.clock.system import SystemClock
from bowerbird.clock.virtual import (
    AllAsleep,
    NeverAsleep,
    OutOfBounds,
    VirtualClock,
    VirtualLoop,
    run_virtual,
)

__all__ = [
    "AllAsleep",
    "NeverAsleep",
    "OutOfBounds",
    "SeededChance",
    "Steady",
    "Step",
    "SystemChance",
    "SystemClock",
    "VirtualClock",
    "VirtualLoop",
    "mint_tid",
    "run_virtual",
]
