"""Every promise there is, by its id: what used to go wrong or was missing in the ancestor, and how fast we answer.

* ``L.n`` is a failure of layer L, ``L.Gn`` a gap, ``Pn`` a pattern across layers, ``Xn`` a first priority.
* A failure and a pattern are proved by a test **and** a drill that breaks the real thing; a gap and a priority by a
  test.
* The bounds are seconds from the beginning of the fault to the delivered alert, and from its end to recovery; None
  where the bound is no fixed number of seconds (a period, a run) or there is none. They are never shrunk.
* The twelve priorities are those of the ancestor's own analysis ("first priority, not decoration"): what had to be
  there in every layer before anything else was worth building. `docs/drills.md` says where each comes from.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Sort(StrEnum):
    """What kind of promise it is."""

    FAILURE = "failure"
    GAP = "gap"
    PATTERN = "pattern"
    PRIORITY = "priority"


@dataclass(frozen=True, slots=True)
class Promise:
    """One row.

    Args:
        id: as in the sorts above.
        title: what used to go wrong, or what was missing.
        page: the dashboard's page on which it is seen; empty while there is none.
        alert_max_s, recover_max_s: the fixed bounds, seconds.
    """

    id: str
    title: str
    page: str = ""
    alert_max_s: float | None = None
    recover_max_s: float | None = None

    @property
    def sort(self) -> Sort:
        """Read from the id."""
        if self.id[0] in "PX":
            return Sort.PATTERN if self.id[0] == "P" else Sort.PRIORITY
        return Sort.GAP if ".G" in self.id else Sort.FAILURE

    @property
    def layer(self) -> int | None:
        """The layer, 1 to 10; None across the layers."""
        return int(self.id.partition(".")[0]) if "." in self.id else None

    @property
    def needs_drill(self) -> bool:
        """Whether breaking the real thing belongs to its proof."""
        return self.sort in (Sort.FAILURE, Sort.PATTERN)


LAYERS = (
    "Startup", "Jobs", "Content", "Posting", "Browsers", "Database", "Cache", "Measuring", "Harvesting", "Learning",
)  # fmt: skip
"""The ten layers, the first being layer 1."""

CATALOGUE: tuple[Promise, ...] = (
    Promise("1.1", "the browser pool fails to start, and the engine runs on and can post nothing", "/engine", 10, 15),
    Promise("1.2", "the job runner fails to start, and the process restarts in a loop", "/engine", 10, 10),
    Promise("1.3", "background monitors die silently", "/engine", 5, 2),
    Promise("1.G1", "no health check before it says that it is ready", "/engine"),
    Promise("1.G2", "no plan for running without a part", "/engine"),
    Promise("1.G3", "nothing is tried again at start", "/engine"),
    Promise("2.1", "a critical job fails, and the next try is in two hours", "/jobs", 60, 300),
    Promise("2.2", "a timer never fires: a defect, a blocked loop, a clock that jumps", "/jobs", 5, 5),
    Promise("2.3", "a job fails and those that live on it starve in silence", "/jobs"),
    Promise("2.4", "jobs run at once and fight for the same seats", "/queue"),
    Promise("2.G1", "no metrics of jobs", "/jobs"),
    Promise("2.G2", "no health of jobs", "/jobs"),
    Promise("2.G3", "critical jobs are not tried again", "/jobs"),
    Promise("2.G4", "no graph of what needs what", "/jobs"),
    Promise("2.G5", "a hundred jobs compete", "/jobs"),
    Promise("3.1", "the language model is down, and there is nothing to post", "/engine", 30),
    Promise("3.2", "learning is down, and stale models are used", "/learning"),
    Promise("3.3", "a write to the database fails, and text that was paid for is lost", "/storage", 10, 5),
    Promise("3.4", "the plan does not run, and the queue is empty", "/queue", None, 60),
    Promise("3.G1", "no metrics of content", "/"),
    Promise("3.G2", "the provider is not asked again", "/"),
    Promise("3.G3", "empty content is stored", "/approvals"),
    Promise("3.G4", "nobody knows how deep the queue is", "/queue"),
    Promise("3.G5", "insights are read again for every text"),
    Promise("4.1", "a breaker opens and never closes", "/engine", 5, 60),
    Promise("4.2", "the browser's breaker blocks all posting", "/engine", 5, 60),
    Promise("4.3", "a limit is looked at once and then exceeded", "/limits", 5, 0),
    Promise("4.4", 'a post stays "posting" for fifteen minutes', "/", 90, 60),
    Promise("4.5", "phantom posts are found a day later", "/incidents", 60, 120),
    Promise("4.G1", "the success rate is unknown", "/"),
    Promise("4.G2", "breakers are invisible", "/breakers"),
    Promise("4.G3", "all posts that are due go in one batch", "/queue"),
    Promise("4.G4", "nobody knows how long a post takes"),
    Promise("4.G5", "limits are fixed numbers", "/limits"),
    Promise("5.1", "the pool's breaker is stuck", "/browsers", 5, 60),
    Promise("5.2", "every seat is taken, and callers wait for ever", "/browsers", 30),
    Promise("5.3", "memory grows until the container dies", "/browsers", 10, 10),
    Promise("5.4", "the session expired, and everything fails", "/browsers", None, 30),
    Promise("5.5", "the browser crashes, and everything fails", "/browsers", 1, 5),
    Promise("5.G1", "no health of the pool", "/browsers"),
    Promise("5.G2", "the depth of the line is unknown", "/browsers"),
    Promise("5.G3", "contexts are thrown away after fifty operations, needed or not", "/browsers"),
    Promise("5.G4", "timeouts are not counted", "/browsers"),
    Promise("5.G5", "memory and processor are unknown", "/browsers"),
    Promise("6.1", "seventeen modules reach into the database"),
    Promise("6.2", "the pool of connections is exhausted", "", 5),
    Promise("6.3", "one of four doors to the database has a breaker", "/storage", 5, 10),
    Promise("6.4", "a query hangs", "", 3),
    Promise("6.5", "connections leak", "", 30, 30),
    Promise("6.G1", "no interface for the database"),
    Promise("6.G2", "the pool is not watched"),
    Promise("6.G3", "slow queries are unknown"),
    Promise("6.G4", "no panel of the database", "/storage"),
    Promise("6.G5", "every column is read, and whole tables are scanned"),
    Promise("7.1", "thirty-two clients of the cache", "", 5),
    Promise("7.2", "no pool of connections to the cache", "", 5),
    Promise("7.3", "connections to the cache leak", "", 5),
    Promise("7.4", "the cache is down, and nothing takes its place", "", 2, 10),
    Promise("7.G1", "no interface for the cache"),
    Promise("7.G2", "connections to the cache are not counted"),
    Promise("7.G3", "the hit rate is unknown"),
    Promise("7.G4", "no policy how long anything is kept"),
    Promise("7.G5", "no panel of the cache"),
    Promise("8.1", "the pool is busy, and nothing is measured", "/measuring"),
    Promise("8.2", "reading numbers fails silently", "/measuring", 600),
    Promise("8.3", "a reading is not stored", "/storage", 10, 5),
    Promise("8.4", "the page changed, and nothing is read any more", "/measuring", 600),
    Promise("8.G1", "the success rate of reading is unknown", "/measuring"),
    Promise("8.G2", "looks come at fixed intervals", "/measuring"),
    Promise("8.G3", "fresh posts are not looked at first", "/measuring"),
    Promise("8.G4", "the same is read twice"),
    Promise("8.G5", "no panel of measuring", "/measuring"),
    Promise("9.1", "the pool is busy, and nobody searches", "/opportunities"),
    Promise("9.2", "a search fails, and nobody knows", "/opportunities"),
    Promise("9.3", 'being signed out looks like "no results"', "/opportunities"),
    Promise("9.4", "the pool of opportunities runs dry", "/opportunities"),
    Promise("9.G1", "the success rate of searches is unknown", "/opportunities"),
    Promise("9.G2", "the size of the pool is unknown", "/opportunities"),
    Promise("9.G3", "searches overlap", "/opportunities"),
    Promise("9.G4", "stale conversations are answered", "/opportunities"),
    Promise("9.G5", "no panel of harvesting", "/opportunities"),
    Promise("10.1", "no metrics, so nothing is learned", "/learning"),
    Promise("10.2", "the learner cannot read the database", "/learning", 10, 10),
    Promise("10.3", "an update of the model fails", "/learning"),
    Promise("10.4", "the model is lost on restart", "/learning"),
    Promise("10.5", "too little data to learn from", "/learning"),
    Promise("10.G1", "nobody knows whether learning helps"),
    Promise("10.G2", "models have no versions", "/learning"),
    Promise("10.G3", "each update reads all of history"),
    Promise("10.G4", "no panel of learning", "/learning"),
    Promise("10.G5", "no trial against a control"),
    Promise("P1", "a cascade: pool exhausted, breaker open, posting blocked, posts stuck", "/incidents", 60, 60),
    Promise("P2", "silence: it fails, is not tried again, and waits for the next cycle", "/incidents", 60, 60),
    Promise("P3", "exhaustion: jobs compete until nothing moves", "/incidents", 60, 60),
    Promise("X1", "an alert for every layer", "/incidents"),
    Promise("X2", "every breaker is watched", "/breakers"),
    Promise("X3", "every job is watched", "/jobs"),
    Promise("X4", "one dashboard for everything", "/"),
    Promise("X5", "critical jobs are tried again", "/jobs"),
    Promise("X6", "jobs say what they wait for", "/jobs"),
    Promise("X7", "a written plan for running without each part", "/engine"),
    Promise("X8", "limits hold in the transaction that sends", "/limits"),
    Promise("X9", "the platform's real limits are learned", "/limits"),
    Promise("X10", "our books and the platform's timeline are compared", "/incidents"),
    Promise("X11", "nothing stays in a state for ever", "/"),
    Promise("X12", "one alert per root, with its effects under it", "/incidents"),
)
"""All 106, in the order in which they are shown."""

BY_ID = {promise.id: promise for promise in CATALOGUE}


def order(promise_id: str) -> int:
    """Where an id stands in the catalogue; KeyError if there is none."""
    return ORDER[promise_id]


ORDER = {promise.id: place for place, promise in enumerate(CATALOGUE)}


def chosen(asked: list[str]) -> list[str]:
    """The ids meant by ``4``, ``1.2`` or ``P``: a layer, a row, or all whose id begins so; everything for none.

    Raises:
        KeyError: nothing fits one of them.
    """
    found: set[str] = set()
    for word in asked:
        fits = {row.id for row in CATALOGUE if row.id == word or _family(row.id) == word}
        if not fits:
            raise KeyError(word)
        found |= fits
    return sorted(found, key=order) if asked else [row.id for row in CATALOGUE]


def _family(promise_id: str) -> str:
    return promise_id.partition(".")[0] if "." in promise_id else promise_id[0]


def table_markdown() -> str:
    """Print the promises with their bounds; the documentation contains exactly this text."""
    lines = ["| id | what used to go wrong, or was missing | alert | recovered |", "|---|---|---|---|"]
    lines += [
        f"| {row.id} | {row.title} | {_bound(row.alert_max_s)} | {_bound(row.recover_max_s)} |" for row in CATALOGUE
    ]
    return "\n".join(lines) + "\n"


def _bound(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:g} s"
