"""The ear at a page: it hears the operations it was told of, and nothing that it hears can raise."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import playwright.async_api  # noqa: F401 - imported here, so that what its first import reads is not taken for blocking
import pytest

from bowerbird.platforms.web.listening import BYTES_MAX, HEARD_MAX, Ear

HOST = "https://perch.example/i/api/graphql/Ab_c-1"


@dataclass
class Heard:
    """An answer as the browser hands it to a listener."""

    url: str
    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    async def json(self) -> Any:
        """Its body, or what went wrong with it."""
        if isinstance(self.body, Exception):
            raise self.body
        return self.body


def hear(ear: Ear, *answers: Heard) -> None:
    """Let it hear these."""
    for answer in answers:
        ear._hear(cast("Any", answer))


async def test_it_hears_what_it_was_told_of_whatever_its_query_id() -> None:
    """With the query behind it or without; and nothing else."""
    ear = Ear(("TweetDetail",))
    hear(
        ear,
        Heard(f"{HOST}/TweetDetail?variables=%7B%7D", {"a": 1}),
        Heard(f"{HOST}/TweetDetail", {"b": 2}, status=404),
        Heard(f"{HOST}/UserTweets", {"c": 3}),
        Heard("https://perch.example/TweetDetail", {"d": 4}),
        Heard("http://[::1", {"e": 5}),
    )
    heard = await ear.answers(wait_s=0.1)
    assert [(one.op, one.status, one.body) for one in heard] == [
        ("TweetDetail", 200, {"a": 1}),
        ("TweetDetail", 404, {"b": 2}),
    ]


@pytest.mark.parametrize("body", [ValueError("no JSON"), TimeoutError(), None])
async def test_an_answer_that_cannot_be_read_is_none(body: Any) -> None:
    """It may be cut off, or be gone with its page."""
    ear = Ear(("TweetDetail",))
    hear(ear, Heard(f"{HOST}/TweetDetail", body))
    assert await ear.answers(wait_s=0.1) == []


async def test_it_keeps_few_and_reads_none_that_is_too_long() -> None:
    """A page that asks without end costs a short list."""
    ear = Ear(("TweetDetail",))
    hear(ear, *[Heard(f"{HOST}/TweetDetail", {"n": n}) for n in range(3 * HEARD_MAX)])
    assert [one.body["n"] for one in await ear.answers(wait_s=0.1)] == list(range(2 * HEARD_MAX, 3 * HEARD_MAX))
    ear.forget()
    hear(ear, Heard(f"{HOST}/TweetDetail", {}, headers={"content-length": str(BYTES_MAX + 1)}))
    assert await ear.answers(wait_s=0.1) == []


async def test_who_listens_for_nothing_or_hears_nothing_waits_no_longer_than_it_said() -> None:
    """A page that asks nobody is read at once."""
    assert await Ear(()).answers(wait_s=60) == []
    assert await Ear(("TweetDetail",)).answers(wait_s=0.01) == []
