"""Each part has a layer, and what is open on a part colours that layer."""

from typing import Any

import pytest

from bowerbird.alerts.graph import STANDING
from bowerbird.alerts.rules import RULES
from bowerbird.core.degrade import TABLE
from bowerbird.core.health import Health, Light
from bowerbird.core.incident import Incident, Severity
from bowerbird.dashboard import layers, nodes
from bowerbird.dashboard.nodes import KINDS, LAYERS, alarming, coloured, layer_of, layers_of
from bowerbird.dashboard.without import row_of
from bowerbird.drills import catalogue
from bowerbird.drills.table import DRILLS

from .house import START
from .test_layers import a_picture, heard

WELL = Health(part=nodes.JOBS, light=Light.GREEN, sentence="All is well.")


def an_incident(part: str = "job:plan", **changes: Any) -> Incident:
    """An open one."""
    plain: dict[str, Any] = {
        "id": f"i-{part}", "fingerprint": part, "rule": "R", "part": part, "severity": Severity.CRITICAL,
        "title": f"{part} fails.", "fix": "It is tried again.", "opened_at": START, "seen_at": START,
    }  # fmt: skip
    return Incident(**(plain | changes))


@pytest.mark.proves("X4")
@pytest.mark.parametrize("part", sorted({rule.part for rule in RULES} | {end for edge in STANDING for end in edge}))
def test_every_part_that_can_fail_has_a_layer(part: str) -> None:
    """Each rule's part and each node of the graph is in the table by its kind, not by chance."""
    kind = part.partition(":")[0]
    assert kind in KINDS or part == "{part}"


@pytest.mark.parametrize(
    ("part", "layer"),
    [("breaker:browser", "Browsers"), ("breaker:writer gpt", "Content"), ("breaker:bluesky bsky.social", "Posting"),
     ("session:sandbox-web:robin", "Browsers"), ("session:sandbox:wren", "Posting"), ("job:measure", "Jobs"),
     ("bluesky bsky.social", "Posting"), ("sandbox 127.0.0.1:8431", "Posting"), ("browser", "Browsers"),
     ("books", "Books"), ("writer", "Content"), ("monitor:alerts", "Engine"), ("targets:sandbox:wren", "Harvesting")],
)  # fmt: skip
def test_a_part_belongs_where_a_person_looks_for_it(part: str, layer: str) -> None:
    """A breaker counts with what it guards, and so does a session."""
    assert layer_of(part) == layer


def test_the_layers_stand_in_the_catalogues_order() -> None:
    """Ten of them, under the names of the pages."""
    assert tuple(health.part for health in layers.layers(a_picture())) == LAYERS
    assert len(LAYERS) == len(catalogue.LAYERS)
    assert set(KINDS.values()) == set(LAYERS)


def test_every_drill_with_a_root_says_which_layer_it_breaks() -> None:
    """Derived from its root; one that heals before anybody is told breaks none for long."""
    assert {drill.name for drill in DRILLS if drill.root and not drill.layers} == set()
    assert layers_of("browser|breaker:browser") == ("Browsers",)
    assert layers_of("job:plan|queue:") == ("Jobs", "Content")


@pytest.mark.parametrize(("severity", "light"), [(Severity.CRITICAL, Light.RED), (Severity.WARNING, Light.AMBER)])
def test_an_incident_colours_its_layer_and_speaks_for_it(severity: Severity, light: Light) -> None:
    """With what it is, what is done about it, and since when."""
    shown = coloured(WELL, alarming([an_incident(severity=severity)]))
    assert (shown.light, shown.sentence, shown.since) == (light, "job:plan fails. It is tried again.", START)


def test_what_is_only_written_down_or_elsewhere_or_over_colours_nothing() -> None:
    """Info, another layer's, and what has closed."""
    others = [an_incident(severity=Severity.INFO), an_incident("storage"), an_incident(closed_at=START)]
    assert coloured(WELL, alarming(others)) == WELL


def test_an_effect_names_its_cause() -> None:
    """So that nobody mends the wrong thing; the root speaks before it, and the rest is counted."""
    root = an_incident("job:measure")
    effects = [an_incident("job:learn", root=root.id), an_incident("learning:wren", root=root.id)]
    learning = Health(part=nodes.LEARNING, light=Light.GREEN, sentence="Fine.")
    found = alarming([*effects, root])
    assert coloured(learning, found).sentence == "learning:wren fails. Because of this: job:measure fails."
    assert coloured(WELL, found).sentence == "job:measure fails. It is tried again. And 1 more incident."


def test_a_layer_that_is_worse_by_itself_speaks_for_itself() -> None:
    """And of the engine's silence the page knows more than the incident does."""
    red = Health(part=nodes.JOBS, light=Light.RED, sentence="Worse.")
    assert coloured(red, alarming([an_incident(severity=Severity.WARNING)])) == red
    found = {one.part: one for one in layers.layers(a_picture(owners=heard(60), incidents=[an_incident("engine")]))}
    assert found["Engine"].sentence.startswith("Silent for 1 min")


def test_a_layer_is_well_since_its_last_incident_or_since_the_start() -> None:
    """Whichever was later."""
    over = an_incident(closed_at=START - 5)
    found = {one.part: one for one in layers.layers(a_picture(incidents=[over]))}
    assert found["Jobs"].since == START - 5
    assert found["Harvesting"].since == found["Engine"].since == START - 60_000_000


def test_what_can_be_missing_has_its_row_of_what_is_done_instead() -> None:
    """Rows that parts lead to exist; a job that fails needs none but the one that learns."""
    found = {row_of(f"{kind}:x") for kind in KINDS} | {row_of("breaker:browser"), row_of("job:learn")}
    assert found - {""} <= set(TABLE)
    assert row_of("job:plan") == ""
