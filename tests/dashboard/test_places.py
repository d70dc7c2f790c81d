"""Whatever an incident is about has a place where it is seen."""

import pytest

from bowerbird.dashboard.nodes import KINDS
from bowerbird.dashboard.places import BY_PART, BY_RULE, place_of
from bowerbird.dashboard.routes import found

from .house import WREN

NOT_SEEN = {"guardian", "face", "redis", "cache", "spool"}
"""Kinds of parts without a rule of their own."""


@pytest.mark.parametrize("kind", sorted(BY_PART))
def test_every_place_is_a_page_that_is_there(kind: str) -> None:
    """With a name that says what it is."""
    link = place_of(f"{kind}:{WREN.id}")
    assert link is not None
    assert found(link[0].partition("?")[0].partition("#")[0]) is not None
    assert link[1]


@pytest.mark.parametrize("rule", sorted(BY_RULE))
def test_every_place_of_a_rule_is_a_page_that_is_there(rule: str) -> None:
    """Narrowed by what is in its address."""
    href, _ = BY_RULE[rule](WREN.id)
    assert found(href.partition("?")[0].partition("#")[0]) is not None


def test_posts_that_wait_lead_to_what_is_due_with_the_reason_of_each() -> None:
    """Whatever the lane is called."""
    assert place_of("lane:posting", "PostsWait") == ("/queue#due", "The posts that are due")


def test_every_kind_of_part_has_a_place() -> None:
    """Or is none that a rule names."""
    assert set(KINDS) - set(BY_PART) - NOT_SEEN == set()


@pytest.mark.parametrize(
    ("part", "href"),
    [("browser", "/browsers"), (f"session:{WREN.id}", "/browsers#sessions"), ("disk", "/storage"),
     ("storage", "/storage"), (f"measuring:{WREN.id}", "/measuring"), (f"targets:{WREN.id}", "/opportunities"),
     (f"learning:{WREN.id}", "/learning?account=sandbox%3Awren"), ("spool", "/storage"), ("job:learn", "/jobs/learn"),
     ("lane:reading", "/jobs#lane-reading"), ("jobs", "/jobs"), ("limits", "/limits"),
     (f"limit:{WREN.id}", "/limits?account=sandbox%3Awren"), (f"queue:{WREN.id}", "/queue#cover")],
)  # fmt: skip
def test_a_part_leads_to_the_page_of_its_layer(part: str, href: str) -> None:
    """And to its account there, where the page has them apart."""
    link = place_of(part)
    assert link is not None
    assert link[0] == href
