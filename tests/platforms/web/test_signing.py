"""A session from another computer: taken if it is one of this site and still good, and explained if it is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bowerbird.core.errors import BadInput
from bowerbird.platforms.web.signing import imported
from bowerbird.platforms.web.sites import X

NOW = 1_000 * 1_000_000
COOKIE = {"name": "auth_token", "value": "v", "domain": ".x.com", "path": "/", "expires": 9_000, "secure": True}
OTHER = {"name": "sid", "value": "v", "domain": ".example.org", "path": "/"}


def take(told: Any) -> dict[str, Any]:
    """Import this text for X."""
    text = told if isinstance(told, str) else json.dumps(told)
    return dict(json.loads(imported(text, X, "https://x.com", now=NOW)))


def test_only_what_belongs_to_the_site_is_taken() -> None:
    """Whoever exports a whole browser gives us no other site's keys."""
    origins = [{"origin": "https://x.com", "localStorage": []}, {"origin": "https://example.org", "localStorage": []}]
    kept = take({"cookies": [COOKIE, OTHER], "origins": origins})
    assert [row["name"] for row in kept["cookies"]] == ["auth_token"]
    assert [row["origin"] for row in kept["origins"]] == ["https://x.com"]


def test_only_what_a_browser_takes_is_kept() -> None:
    """One wrong row, and no page could be opened with any of it."""
    rows = [{"name": "a", "value": "b", "id": 7}, {"name": "c"}, "d", {"name": 1, "value": "e"}]
    origins = [{"origin": "https://x.com", "localStorage": rows}, {"origin": "https://x.com"}]
    kept = take({"cookies": [{**COOKIE, "sameSite": "None", "secure": False}], "origins": origins})
    assert kept["origins"] == [
        {"origin": "https://x.com", "localStorage": [{"name": "a", "value": "b"}]},
        {"origin": "https://x.com", "localStorage": []},
    ]
    assert kept["cookies"][0]["sameSite"] == "Lax"


def test_a_plain_list_as_extensions_export_it_is_understood() -> None:
    """With their word for the end, and their spelling of the rest."""
    (row,) = take([{**COOKIE, "expires": None, "expirationDate": 9_000.5, "sameSite": "no_restriction"}])["cookies"]
    assert (row["sameSite"], row["httpOnly"]) == ("Lax", False)


@pytest.mark.parametrize("text", ["", "no JSON", "[]", "{}", '{"cookies": "none"}', '{"cookies": [{"name": 1}]}'])
def test_what_is_no_storage_state_is_explained(text: str) -> None:
    """With the command that makes one."""
    with pytest.raises(BadInput, match="--save-storage"):
        take(text)


def test_a_file_without_the_session_or_with_an_old_one_is_explained() -> None:
    """It would only sign us out again."""
    with pytest.raises(BadInput, match="auth_token"):
        take({"cookies": [OTHER, {**COOKIE, "name": "guest_id"}]})
    with pytest.raises(BadInput, match="expired"):
        take({"cookies": [{**COOKIE, "expires": 999}]})
    with pytest.raises(BadInput, match="auth_token"):
        take({"cookies": [{**COOKIE, "domain": "notx.com"}]})
