"""What the gate makes of an answer to a write, and of what leaves beside it. In a browser: `tests/browser`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bowerbird.core import errors
from bowerbird.platforms.web.gate import Gate
from bowerbird.platforms.web.sites import X

MADE = {"data": {"create_tweet": {"tweet_results": {"result": {"__typename": "Tweet", "rest_id": "17"}}}}}


def gate(**answered: Any) -> Gate:
    """The gate of X's site, after this was answered."""
    return Gate(X.write_path, timeout_s=1.0, **answered)


@pytest.mark.parametrize("code", sorted(X.codes))
def test_an_answer_that_names_the_post_has_taken_it(code: int) -> None:
    """Whatever else it says: after any error a post would be sent once more."""
    gate(carried=True, status=200, body={**MADE, "errors": [{"code": code}]}).judge(X, 0)


@pytest.mark.parametrize(
    ("method", "url", "strays"),
    [
        ("POST", "https://x.com/i/api/graphql/Qq7/CreateTweet", False),
        ("POST", "https://twitter.com/i/api/graphql/Qq7/CreateNoteTweet?x=1", False),
        ("GET", "https://x.com/i/api/graphql/Qq7/CreateSomething", False),
        ("POST", "https://x.com/i/api/graphql/Qq7/CreateThread", True),
        ("PUT", "https://api.x.com/2/posts", True),
    ],
)
def test_what_may_write_and_goes_another_way_leaves_a_doubt(method: str, url: str, strays: bool) -> None:
    """Whoever said "it did not leave" would send it again."""
    passed = gate()
    passed._overhear(SimpleNamespace(method=method, url=url))  # type: ignore[arg-type]
    assert passed.may_have_arrived is strays
    with pytest.raises(errors.Unconfirmed if strays else errors.Unreachable):
        passed.judge(X, 0)
