"""The watch over the event loop notices what it should."""

import asyncio
import time
from pathlib import Path
from typing import Any

import bowerbird


def product_code(source: str) -> dict[str, Any]:
    """Runs `source` as if it stood in a file of the package, and returns its names."""
    names: dict[str, Any] = {}
    file = Path(bowerbird.__path__[0]) / "made_up.py"
    exec(compile(source, str(file), "exec"), names)  # noqa: S102  the source stands in this file
    return names


async def test_a_blocking_call_is_remembered_even_when_swallowed(blocking_calls: list[str]) -> None:
    """Product code that sleeps inside the loop and catches the error is found out."""
    nap = product_code(
        "import time\n"
        "async def nap():\n"
        "    try:\n"
        "        time.sleep(0)\n"
        "    except Exception:\n"
        "        return 'swallowed'\n"
    )["nap"]
    assert await nap() == "swallowed"
    assert len(blocking_calls) == 1
    assert blocking_calls[0].startswith("time.sleep")
    blocking_calls.clear()


async def test_a_blocking_call_in_a_thread_is_welcome(blocking_calls: list[str]) -> None:
    """What blocks belongs into a thread, and there nobody minds."""
    nap = product_code("import time\ndef nap():\n    time.sleep(0)\n    return 'rested'\n")["nap"]
    assert await asyncio.to_thread(nap) == "rested"
    assert blocking_calls == []


async def test_only_the_product_is_watched(blocking_calls: list[str]) -> None:
    """A test may touch a small file or take a nap while its own loop waits."""
    time.sleep(0)
    assert blocking_calls == []
