"""A learner as bytes and back: no pickle, and nothing is believed that does not hash to its own name.

The canonical state is one line of JSON (names, scalars, what is held) and then the numbers as little-endian
doubles: moment, posts, and the lower triangle of the symmetric gram. It is stored compressed; the version is the
SHA-256 of the canonical state, so equal learners have equal versions and a flipped bit has none.
"""

from __future__ import annotations

import hashlib
import json
import math
import zlib
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

import numpy as np

from bowerbird.core.books import Findings
from bowerbird.core.findings import Model
from bowerbird.learning.checksum import Damaged, canonical
from bowerbird.learning.label import Kind
from bowerbird.learning.linear import Array, Held, Learner
from bowerbird.resilience import failpoints

SCHEMA = 1
ANCESTORS_MAX = 20
"""Versions tried before the prior takes over."""


@dataclass
class Memory:
    """All that the trainer carries from run to run.

    Args:
        account_id: whose learner it is; it stands in the state, so two accounts never share a version.
        n, cursor: readings learned, and the seq of the last one read.
        kind: the number that is learned; None before the first reading.
        crowd: log of the followers at the first reading that had them.
        score, baseline, scored: sums of log scores (of the learner, and of the intercept alone) and their count.
    """

    learner: Learner
    account_id: str = ""
    n: int = 0
    cursor: int = 0
    kind: Kind | None = None
    crowd: float | None = None
    score: float = 0.0
    baseline: float = 0.0
    scored: int = 0


@dataclass(frozen=True)
class Loaded:
    """A memory, the version it came from, and what was wrong with those that came before it in the queue."""

    memory: Memory
    version: str = ""
    damage: tuple[str, ...] = ()


def dump(memory: Memory) -> tuple[str, bytes]:
    """Return the version and the compressed state."""
    told = _canonical(memory)
    return hashlib.sha256(told).hexdigest(), zlib.compress(told, 6)


def load(version: str, state: bytes) -> Memory:
    """Unpack a state and verify it; raise `Damaged` unless it hashes to `version` and is finite."""
    head, _, body = canonical(version, state).partition(b"\n")
    header = json.loads(head)
    if header["schema"] != SCHEMA:
        raise Damaged(f"version {version[:8]} was written in schema {header['schema']}, this is {SCHEMA}")
    memory = _memory(header, np.frombuffer(body, dtype="<f8").astype(np.float64))
    _verify(version, memory)
    return memory


async def recall(storage: Findings, account_id: str) -> Loaded:
    """The learner in use, or the newest ancestor that is whole, or the prior.

    What an ancestor had not seen yet is read again from its cursor, so a fallback forgets nothing.
    """
    damage: list[str] = []
    model = await storage.champion(account_id)
    known = {m.version: m for m in await storage.models(account_id, limit=ANCESTORS_MAX)}
    for _ in range(ANCESTORS_MAX):
        if model is None:
            break
        try:
            await failpoints.reach("learning.load")
            return Loaded(load(model.version, model.state), model.version, tuple(damage))
        except Damaged as error:
            damage.append(str(error))
        except failpoints.Broken:
            damage.append(f"version {model.version[:8]} cannot be read")
        model = known.get(model.parent)
    return Loaded(Memory(Learner(), account_id), damage=tuple(damage))


def stored(memory: Memory, *, parent: str, created_at: int) -> Model:
    """The memory as the next version in use."""
    version, state = dump(memory)
    per_post = {"log_score": memory.score, "baseline": memory.baseline, "scored": memory.scored}
    return Model(
        version=version, account_id=memory.account_id, parent=parent, n=memory.n, cursor=memory.cursor, state=state,
        created_at=created_at, champion=True, scores=per_post,
    )  # fmt: skip


def _canonical(memory: Memory) -> bytes:
    learner = memory.learner.ordered()
    header = {
        "schema": SCHEMA,
        "account": memory.account_id,
        "n": memory.n,
        "cursor": memory.cursor,
        "kind": memory.kind,
        "crowd": memory.crowd,
        "scores": [memory.score, memory.baseline, memory.scored],
        "names": learner.names,
        "offset": learner.offset,
        "forget": learner.forget,
        "square": learner.square,
        "mass": learner.mass,
        "tick": learner.tick,
        "held": {key: _contribution(held) for key, held in learner.held.items()},
    }
    head = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
    d = len(learner.names)
    numbers = np.concatenate((learner.moment, learner.posts, learner.gram[np.tril_indices(d)]))
    return head + b"\n" + numbers.astype("<f8").tobytes()


_contribution = attrgetter(*(field.name for field in fields(Held)))
"""Its values in their order; `astuple` copies each of them, at ten times the price."""


def _memory(header: dict[str, Any], numbers: Array) -> Memory:
    d = len(header["names"])
    gram = np.zeros((d, d))
    gram[np.tril_indices(d)] = numbers[2 * d :]
    gram = gram + np.tril(gram, -1).T
    learner = Learner(
        offset=header["offset"], forget=header["forget"], names=header["names"], gram=gram,
        moment=numbers[:d].copy(), posts=numbers[d : 2 * d].copy(), square=header["square"],
        mass=header["mass"], tick=header["tick"], held=_held(header["held"]),
    )  # fmt: skip
    score, baseline, scored = header["scores"]
    kind = Kind(header["kind"]) if header["kind"] else None
    return Memory(
        learner, header["account"], header["n"], header["cursor"], kind, header["crowd"], score, baseline, scored
    )


def _held(rows: dict[str, list[Any]]) -> dict[str, Held]:
    return {
        key: Held(rung, tuple(places), tuple(values), y, weight, tick, final)
        for key, (rung, places, values, y, weight, tick, final) in rows.items()
    }


def _verify(version: str, memory: Memory) -> None:
    """A state that was stored whole can still be one that must not be used."""
    learner = memory.learner
    arrays = (learner.moment, learner.posts, learner.gram)
    if not (all(np.isfinite(each).all() for each in arrays) and math.isfinite(learner.square + learner.mass)):
        raise Damaged(f"version {version[:8]} holds numbers that are not finite")
    try:
        learner.posterior()
    except np.linalg.LinAlgError as error:
        raise Damaged(f"version {version[:8]} is no covariance") from error
