"""How long to wait before trying again: exponential, capped, with full jitter.

Full jitter spreads callers that failed together evenly over the wait, so they do not come back together
(Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
"""

from __future__ import annotations

import random


def backoff_s(attempt: int, *, rng: random.Random, base_s: float = 1.0, max_s: float = 300.0) -> float:
    """Return seconds to wait after the `attempt`-th failure (1 for the first), 0 up to min(max, base * 2^(n-1)).

    Raises:
        ValueError: `attempt` is below 1.
    """
    if attempt < 1:
        raise ValueError(f"attempt counts from 1, not {attempt}")
    return rng.uniform(0, min(max_s, base_s * 2.0 ** min(attempt - 1, 60)))
