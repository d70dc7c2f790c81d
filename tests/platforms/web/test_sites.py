"""The descriptions that are shipped: complete, and that of X switched off."""

from __future__ import annotations

import pytest

from bowerbird.core.errors import BadInput
from bowerbird.platforms.web.sites import SANDBOX, SITES, Site, X, allowed
from bowerbird.settings import BY_NAME


@pytest.mark.parametrize("written", ["", "yes", "true", "I know", X.risk.lower(), X.risk[:-1]])
def test_the_site_of_x_is_off_until_its_owner_says_so_word_for_word(written: str) -> None:
    """A switch is flipped by mistake; a sentence is not. The refusal says what it costs and what to write."""
    with pytest.raises(BadInput) as refused:
        allowed(X, written)
    assert "suspended" in str(refused.value)
    assert X.risk in str(refused.value)
    assert allowed(X, f" {X.risk}\n") is X


def test_the_sentence_is_a_setting_that_is_empty_at_first() -> None:
    """And stands in its explanation."""
    knob = BY_NAME["web.x_risk"]
    assert knob.default == ""
    assert X.risk.removesuffix(".") in knob.why


def test_the_rehearsal_site_needs_no_leave() -> None:
    """Its rules allow it."""
    assert allowed(SANDBOX, "") is SANDBOX


@pytest.mark.parametrize("site", SITES.values(), ids=str)
def test_every_ladder_is_plain_css(site: Site) -> None:
    """The page itself looks for the rungs, and knows no other language; `empty` and `signed_in` are never missing."""
    ladders = (
        site.text_box, site.send, site.toast_link, site.signed_in, site.signed_out, site.locked, site.empty, site.end,
        site.gone, site.older,
    )  # fmt: skip
    rungs = [rung for ladder in ladders for rung in ladder]
    assert not [rung for rung in rungs if ":has-text" in rung or rung.startswith(("text=", "//"))]
    assert site.signed_in
    assert site.signed_out
    assert site.empty


def test_only_a_person_signs_in_to_x() -> None:
    """There are no steps for a password, so none can be typed."""
    assert X.sign_in is None
    assert X.session
