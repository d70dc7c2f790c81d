"""A house for each test of the face."""

import pytest

from .house import House


@pytest.fixture
def empty_house() -> House:
    """Nothing in the books, and no engine ever ran. Made before any loop runs, for templates are read from disk."""
    return House()


@pytest.fixture
async def house(empty_house: House) -> House:
    """A living engine, nobody signed in, nothing in the books."""
    return await empty_house.engine_runs()


@pytest.fixture
async def home(house: House) -> House:
    """The same, with the account and somebody signed in."""
    return (await house.put()).signed_in()
