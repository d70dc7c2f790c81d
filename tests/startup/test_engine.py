"""The engine as a process: alone on its books, polite at its end, back after its death."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bowerbird.core.account import HoldKind
from bowerbird.startup.guardian import REFUSED
from tests.processes import wait_for
from tests.startup.rig import House, Network, house, network_of


@pytest.fixture
def place(tmp_path: Path) -> Iterator[House]:
    """A data folder."""
    with house(tmp_path / "data") as made:
        made.folder.mkdir()
        yield made


@pytest.fixture
def network(place: House) -> Iterator[Network]:
    """A network."""
    with network_of(place) as made:
        yield made


def test_the_second_engine_refuses_and_says_who_holds_the_books(place: House) -> None:
    """The first goes on, and ends with status 0 when it is asked to."""
    first = place.start("worker", "engine")
    place.wait_for_fact("started")
    second = place.start("worker", "engine")
    assert second.wait(20) == REFUSED
    assert second.stderr is not None
    assert f"the books are in use by process {first.pid} since" in second.stderr.read()
    first.send_signal(signal.SIGTERM)
    assert first.wait(20) == 0
    assert place.look()[2][-1].kind == "stopped"


def test_a_stop_leaves_nothing_on_its_way(place: House, network: Network) -> None:
    """The attempt under way is finished first, although the network takes its time."""
    account_id = place.connect(network, "robin")
    network.arm(kind="slow", on="write", delay_s=2)
    place.put(account_id)
    engine = place.start("worker", "engine")
    place.wait_for("sending")
    engine.send_signal(signal.SIGTERM)
    assert engine.wait(20) == 0
    assert place.look()[0] == "published"


def test_a_killed_engine_comes_back_and_finds_what_it_had_sent(place: House, network: Network) -> None:
    """The guardian starts it again; the new one holds the lock, so it looks at once, and sends nothing twice."""
    account_id = place.connect(network, "robin")
    network.arm(kind="slow", on="write", delay_s=1.5)
    place.put(account_id)
    guardian = place.start("run", "--no-face")
    place.wait_for("sending")
    time.sleep(0.5)  # by now the network has heard it
    os.kill(place.wait_for_fact("started")[0].data["pid"], signal.SIGKILL)
    began = time.monotonic()
    place.wait_for("published")
    assert time.monotonic() - began < 15
    assert network.accepted() == 1
    kinds = [fact.kind for fact in place.look()[2] if fact.post_id == "p1"]
    assert kinds[:4] == ["claimed", "frozen", "lost_touch", "found"]
    guardian.send_signal(signal.SIGTERM)
    assert guardian.wait(40) == 0


def test_a_wrong_password_holds_the_account_and_keeps_the_post(place: House, network: Network) -> None:
    """It is told why, and the post is still there for when the password is right."""
    account_id = place.connect(network, "wren", password="guessed")
    place.put(account_id)
    place.start("worker", "engine")
    wait_for(lambda: place.look()[1] == {HoldKind.SIGNED_OUT}, 20.0)
    state, _, facts = place.look()
    assert state == "queued"
    # Whoever asked first was told: a post, the audit, or the greeting.
    assert any("does not accept handle and password" in str(fact.data) for fact in facts)


def test_neither_a_missing_bank_nor_a_missing_browser_keeps_anybody_from_posting(
    place: House, network: Network
) -> None:
    """What was approved goes out through every door that needs neither; planning says in words why it cannot."""
    place.put(place.connect(network, "finch"))
    nowhere = str(place.folder / "none.csv")
    place.start("worker", "engine", env={"BOWERBIRD_WRITER_BANK": nowhere, "BOWERBIRD_BROWSER_PATH": nowhere})
    place.wait_for("published")
    told = {fact.by: fact.data["error"] for fact in place.wait_for_fact("job_failed", times=2)}
    assert "none.csv: the bank cannot be opened" in told["plan"]


def test_a_port_in_use_takes_only_the_page_away(place: House) -> None:
    """The face refuses with the remedy; its engine would go on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        face = place.start("worker", "face", env={"BOWERBIRD_FACE_PORT": str(taken.getsockname()[1])})
        assert face.wait(20) == REFUSED
    assert face.stderr is not None
    assert "Address already in use; set face.port to another" in face.stderr.read()


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"BOWERBIRD_POSTING_ATTEMPT_S": "soon"}, "posting.attempt_s is 'soon'; it must be a number"),
        ({"BOWERBIRD_FACE_HOST": "0.0.0.0"}, "set face.password first"),
    ],
)
def test_what_cannot_run_as_it_is_set_up_says_so_and_ends(place: House, env: dict[str, str], words: str) -> None:
    """With the status by which the guardian knows not to start it again, and at once: no thread holds it up."""
    part = place.start("worker", "face", env=env)
    assert part.wait(20) == REFUSED
    assert part.stderr is not None
    assert words in part.stderr.read()
