"""Scenes: a few troubles that belong together, so that a way back which chance alone seldom finds is walked often.

Each seed plays one of them, in turn, on a day of its own choosing, among the troubles that were drawn for it. A scene
only causes trouble; whether it led to what its name says is seen in the books and on the platforms (`sometimes`).
"""

from __future__ import annotations

import random

from bowerbird.simulation.years.troubles import HOUR_S, Trouble

Row = tuple[str, float, float, int]
"""A kind of trouble, when it begins (seconds after something is due), how long it lasts (seconds), and whom it hits."""

SCENES: dict[str, tuple[Row, ...]] = {
    # the engine dies with a run that is written down as begun, or with a post under way
    "run_cut_off": (("crash", -1_000, 0, 1),),
    "lease_lapsed": (("crash", -10, 0, 2),),
    # the host is down while a post is due, and the engine dies while its breaker is open
    "breaker_restored": (("down", -60, 1_500, 0), ("crash", 400, 0, 0)),
    # answers take so long that the breaker opens, and its probe is not answered in time
    "probe_lease_expired": (("slow", -60, 1_800, 0),),
    # posts have just been written out when both hosts become slow, and their receipts find the books shut
    "proof_replayed": (("slow", 0.5, 100, 0), ("slow", 0.5, 100, 2), ("books_full", 10, 90, 0)),
    "spool_replayed": (("books_full", -2, 90, 0),),
    # the platform takes half, and later takes all again
    "limit_raised": (("halved", -1_800, 6 * HOUR_S, 0),),
    "phantom_noticed": (("phantom", -60, 1_800, 1),),
    # somebody else writes, and our person is away for hours
    "reminded": (("foreign", 600, 0, 0),),
    "driver_chosen": (("browser_down", -300, 1_500, 2),),
    # the first channel of alerts is broken when there is something to tell
    "second_channel_used": (("channel_down", -900, 7_200, 0), ("revoked", -300, 5_400, 0)),
    # answers are lost, or the post was: looking tells which
    "doubt_found": (("lost", -30, 600, 0),),
    "doubt_absent_then_sent": (("dropped", -30, 120, 0),),
    "postponed_then_sent": (("busy", -30, 600, 1),),
}
"""Each by the way back that it aims at; account 0 is keyless, 1 keyed for ever, 2 is driven through a browser."""


def play(scene: str, rng: random.Random, *, day_s: float, dues_s: tuple[float, ...]) -> list[Trouble]:
    """The troubles of one scene, around something that is due on some day; none where there is no whole day.

    Args:
        day_s: how long the days last, all together. dues_s: the seconds of a day at which every account has a post due.
    """
    days = int(day_s // 86_400)
    if not days:
        return []
    due_s = rng.randrange(days) * 86_400 + rng.choice(dues_s)
    return [Trouble(round(due_s + after_s, 1), kind, lasts_s, who) for kind, after_s, lasts_s, who in SCENES[scene]]
