"""A learner as bytes and back, and what happens to a damaged one."""

import random
import zlib
from dataclasses import replace

import numpy as np
import pytest

from bowerbird.core.books import Batch
from bowerbird.core.findings import Model
from bowerbird.learning.advice import advise
from bowerbird.learning.checksum import Damaged
from bowerbird.learning.label import Kind
from bowerbird.learning.linear import Learner
from bowerbird.learning.registry import Memory, dump, load, recall, stored
from bowerbird.resilience import failpoints
from bowerbird.storage.memory import MemoryStorage
from tests.learning.test_linear import readings

WREN = "sandbox:wren"


def memory(posts: int = 60, seed: int = 1) -> Memory:
    """A memory of so many posts."""
    learner = Learner(offset=-3.9)
    for one in readings(posts, seed):
        learner.update(one)
    return Memory(learner, WREN, n=3 * posts, cursor=posts, kind=Kind.RATE)


async def line(storage: MemoryStorage, *memories: Memory) -> list[Model]:
    """Store versions, each the child of the one before; the last one is in use."""
    models: list[Model] = []
    for at, one in enumerate(memories):
        models.append(stored(one, parent=models[-1].version if models else "", created_at=at))
        await storage.record(Batch(models=(models[-1],)))
    return models


@pytest.mark.proves("10.4")
def test_a_restart_changes_no_decision() -> None:
    """The learner that was loaded draws exactly what the one that was stored draws, and learns on in the same way."""
    before = memory()
    version, state = dump(before)
    loaded = load(version, state)
    before.learner = before.learner.ordered()
    for one in readings(5, seed=9):
        assert before.learner.update(one) == loaded.learner.update(one)
    draws = [
        advise(m.learner, Kind.RATE, random.Random(4), account_id=WREN, version=version, made_at=0).draws
        for m in (before, loaded)
    ]
    assert draws[0] == draws[1]
    assert dump(before) == dump(loaded)


def test_equal_learners_have_equal_versions() -> None:
    """The version depends on what was learned, not on when which lever was first seen."""
    one, other = Learner(forget=1.0), Learner(forget=1.0)
    straight = [r for r in readings(20) if r.rung == 2]
    whole = [replace(r, y=float(round(r.y * 4)), weight=1.0, final=False) for r in straight]  # sums without rounding
    for r in whole:
        one.update(r)
    for r in reversed(whole):
        other.update(r)
    other.held = {key: other.held[key] for key in one.held}
    assert dump(Memory(one, WREN))[0] == dump(Memory(other, WREN))[0]


@pytest.mark.proves("10.4")
def test_a_flipped_bit_is_noticed() -> None:
    """A state that does not hash to its version is damaged, however well it unpacks."""
    version, state = dump(memory())
    canonical = bytearray(zlib.decompress(state))
    canonical[-3] ^= 1
    for damaged in (zlib.compress(bytes(canonical)), state[:-20], b"", b"not zlib at all"):
        with pytest.raises(Damaged, match=version[:8]):
            load(version, damaged)


def test_numbers_that_are_not_finite_are_refused() -> None:
    """A state stored whole can still be unusable; it must not steer anything."""
    broken = memory()
    broken.learner.gram[0, 0] = np.nan
    with pytest.raises(Damaged, match="finite"):
        load(*dump(broken))


def test_a_matrix_that_is_no_covariance_is_refused() -> None:
    """A learner without a posterior is damaged."""
    broken = memory()
    broken.learner.gram[0, 0] = -1e6
    with pytest.raises(Damaged, match="covariance"):
        load(*dump(broken))


def test_a_large_state_stays_small() -> None:
    """With as many levers and held posts as there may be, a state is not above 64 kB."""
    rng, learner = random.Random(1), Learner()
    for n, one in enumerate(readings(2_000)):
        topic, slot = rng.randrange(20), rng.randrange(8)
        names = (f"topic={topic}", f"slot={slot}", f"topic={topic}&slot={slot}", f"topic={topic}&tone={n % 5}")
        learner.update(replace(one, levers=tuple((name, 1.0) for name in names)))
    assert len(dump(Memory(learner, WREN))[1]) <= 64_000


@pytest.mark.proves("3.2", "10.4")
async def test_a_damaged_champion_falls_back_to_its_parent() -> None:
    """The newest whole ancestor takes over, at its own cursor, and says what was wrong."""
    storage = MemoryStorage()
    models = await line(storage, memory(20), memory(30), memory(40))
    await storage.record(Batch(models=tuple(replace(m, state=m.state[:-9]) for m in models[1:])))
    loaded = await recall(storage, WREN)
    assert (loaded.version, loaded.memory.cursor) == (models[0].version, 20)
    assert [models[n].version[:8] in damage for n, damage in zip((2, 1), loaded.damage, strict=True)] == [True, True]


@pytest.mark.proves("3.2", "10.4")
async def test_without_a_whole_ancestor_the_prior_takes_over() -> None:
    """Nothing whole is left: the learner begins anew, with everything still to be read."""
    storage = MemoryStorage()
    (model,) = await line(storage, memory(20))
    await storage.record(Batch(models=(replace(model, state=b"?"),)))
    loaded = await recall(storage, WREN)
    assert (loaded.version, loaded.memory.cursor, loaded.memory.learner.n) == ("", 0, 0)
    assert len(loaded.damage) == 1


async def test_an_account_that_never_learned_has_the_prior() -> None:
    """No model is no damage."""
    loaded = await recall(MemoryStorage(), WREN)
    assert (loaded.memory.learner.n, loaded.damage) == (0, ())


@pytest.mark.proves("3.2")
@pytest.mark.parametrize(("fault", "cursor", "damages"), [("raise*1", 20, 1), ("raise*2", 0, 2), ("raise", 0, 2)])
async def test_versions_that_cannot_be_read_are_passed_over_one_by_one(
    monkeypatch: pytest.MonkeyPatch, fault: str, cursor: int, damages: int
) -> None:
    """The failpoint `learning.load`: the last good version, then the prior, at the first look."""
    storage = MemoryStorage()
    await line(storage, memory(20), memory(30))
    monkeypatch.setattr(failpoints, "armed", failpoints.Failpoints(f"learning.load={fault}"))
    loaded = await recall(storage, WREN)
    assert (loaded.memory.cursor, len(loaded.damage)) == (cursor, damages)
