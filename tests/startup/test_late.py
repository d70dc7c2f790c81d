"""What is made late is made once."""

from __future__ import annotations

import asyncio

import pytest

from bowerbird.startup.late import Late


async def test_it_is_made_when_first_asked_for_and_only_once() -> None:
    """Ten who ask at the same time get the same thing."""
    made: list[object] = []

    async def make() -> object:
        await asyncio.sleep(0)
        made.append(object())
        return made[-1]

    late = Late(make)
    assert not made
    assert set(await asyncio.gather(*(late.get() for _ in range(10)))) == {made[0]}
    assert len(made) == 1


async def test_what_could_not_be_made_is_tried_again() -> None:
    """A bank that was missing is found once it is there."""
    tries = 0

    async def make() -> str:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise FileNotFoundError
        return "a bank"

    late = Late(make)
    with pytest.raises(FileNotFoundError):
        await late.get()
    assert await late.get() == "a bank"
