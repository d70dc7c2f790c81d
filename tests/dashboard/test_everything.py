"""One dashboard for everything: whatever is promised is seen on one of its pages, and none of them is hidden."""

import pytest

from bowerbird.alerts.rules import RULES
from bowerbird.core.health import Light
from bowerbird.dashboard import layers
from bowerbird.drills.catalogue import CATALOGUE, LAYERS

from .house import House
from .test_layers import WEB, a_picture

SEEN_ON = {promise.page for promise in CATALOGUE if promise.page}


@pytest.mark.proves("X4")
async def test_every_page_that_shows_a_promise_is_in_the_menu(home: House) -> None:
    """And opens; each page has the same menu, so it is one house."""
    for path in sorted(SEEN_ON):
        page = await home.get(path)
        assert page.status == 200
        assert {link["href"] for link in page.all("a")} >= SEEN_ON


@pytest.mark.proves("X4")
async def test_the_first_page_shows_every_layer_with_its_light_and_a_sentence(home: House) -> None:
    """All ten, also those that are not used here: they say so."""
    page = await home.get("/")
    shown = [li for li in page.all("li") if li.get("class", "").startswith("tile ")]
    assert len(shown) == len(LAYERS)
    for health in layers.layers(a_picture()):
        assert health.part in page.words


@pytest.mark.proves("X1")
def test_every_layer_that_can_break_has_an_alert() -> None:
    """A layer without one must be grey even when everything is in use and well: there is nothing that could break."""
    told = {int(row.partition(".")[0]) for rule in RULES if rule.sends for row in rule.serves if row[0].isdigit()}
    lights = layers.layers(a_picture(accounts=[WEB]))
    grey = {number for number, health in enumerate(lights, 1) if health.light is Light.GREY}
    assert told | grey == set(range(1, len(LAYERS) + 1))
    assert not told & grey
