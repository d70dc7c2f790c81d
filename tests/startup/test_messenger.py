"""How the guardian tells: at least once by each channel, never a secret, and always in its journal."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bowerbird.startup.messenger import MAIL, WEBHOOK, Messenger, Trouble, mail
from bowerbird.startup.ping import EVERY, URL, Ping
from bowerbird.startup.systemd import Systemd

from .post import Post, post_office


@pytest.fixture
def outside() -> Iterator[Post]:
    """Somebody outside."""
    with post_office() as made:
        yield made


def trouble() -> Trouble:
    """The engine is silent."""
    return Trouble("EngineSilent|engine|", "The engine is silent", "Not heard for 4 s.", "It is killed after 30 s.")


def until(happened: Callable[[], bool], messenger: Messenger) -> None:
    """Let the guardian look until it has happened."""
    end = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < end
        messenger.look()
        time.sleep(0.02)


def test_a_trouble_is_told_once_and_its_end_once(outside: Post, tmp_path: Path) -> None:
    """With the words that the engine's own alerts use, so that one receiver serves both."""
    messenger, found = Messenger(tmp_path, {WEBHOOK: f"{outside.url}/hook"}), trouble()
    messenger.open(found)
    until(lambda: found.told is not None, messenger)
    messenger.close(found, "the engine is heard again")
    outside.wait_for(2)
    (_, path, first), (_, _, second) = outside.heard
    assert (path, first["told"], first["part"], first["title"]) == ("/hook", "opened", "engine", "The engine is silent")
    assert first["body"] == "Not heard for 4 s. It is killed after 30 s."
    assert (second["told"], second["incident"]) == ("resolved", first["incident"])


def test_a_channel_that_refuses_is_tried_again(outside: Post, tmp_path: Path) -> None:
    """For as long as the trouble lasts; the journal says that it is being told."""
    outside.refuses = 1
    messenger, found = Messenger(tmp_path, {WEBHOOK: outside.url}), trouble()
    messenger.open(found)
    assert found.telling
    outside.wait_for(1)
    until(lambda: found.told is not None, messenger)
    lines = [json.loads(line) for line in (tmp_path / "guardian.jsonl").read_text().splitlines()]
    assert [(line["telling"], line["told"] is None) for line in lines] == [(True, True), (False, False)]


def test_what_ended_before_anybody_could_be_told_is_left_to_others(tmp_path: Path) -> None:
    """The journal says that nobody was told, so that the engine may; nobody hears of the end alone."""
    messenger, found = Messenger(tmp_path, {WEBHOOK: "http://127.0.0.1:9/"}), trouble()
    messenger.open(found)
    messenger.close(found, "the engine is heard again")
    until(lambda: not found.telling, messenger)
    assert found.told is None


def test_one_channel_that_hangs_keeps_no_other_waiting(outside: Post, tmp_path: Path) -> None:
    """Nor the guardian, which looks at its children meanwhile."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        ways = {WEBHOOK: outside.url, MAIL: f"smtp://127.0.0.1:{deaf.getsockname()[1]}/?to=you@example.org"}
        began = time.monotonic()
        Messenger(tmp_path, ways).open(trouble())
        assert time.monotonic() - began < 0.5
        outside.wait_for(1, 3.0)


def test_no_address_is_ever_written(outside: Post, tmp_path: Path) -> None:
    """A webhook's address is its key."""
    messenger = Messenger(tmp_path, {WEBHOOK: f"{outside.url}/s3cret"})
    messenger.open(trouble())
    outside.wait_for(1)
    written = "".join(path.read_text() for path in tmp_path.iterdir())
    assert "s3cret" not in written + repr(messenger.channels) + json.dumps(outside.heard[0][2])


def test_mail_is_sent_by_smtp() -> None:
    """Spoken as every server speaks it; the title is the subject."""
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            link, _ = server.accept()
            with link, link.makefile("rw", newline="\r\n") as lines:
                answers = {"EHLO": "250 there", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go", "QUIT": "221 bye"}
                print("220 there", file=lines, flush=True)
                for line in lines:
                    said.append(line.strip())
                    answer = "250 taken" if line.strip() == "." else answers.get(line[:4].upper())
                    if answer:
                        print(answer, file=lines, flush=True)

        thread = threading.Thread(target=serve)
        thread.start()
        mail(f"smtp://127.0.0.1:{server.getsockname()[1]}/?to=you@example.org")(trouble().message())
        thread.join(10)
    assert "rcpt TO:<you@example.org>" in said
    assert "Subject: The engine is silent" in said


def test_a_journal_that_grew_long_is_cut_to_its_newest_lines(tmp_path: Path) -> None:
    """Years of trouble do not fill the disk."""
    file = tmp_path / "guardian.jsonl"
    file.write_text((json.dumps(trouble().row()) + "\n") * 4_000)
    Messenger(tmp_path, {})
    assert len(file.read_text().splitlines()) == 200


def test_the_guardian_imports_nothing_but_the_standard_library() -> None:
    """It must live when everything else is broken, and stay small; of our own only what is made for it."""
    line = (
        "import sys; before = set(sys.modules); import bowerbird.startup.guardian; "
        "new = set(sys.modules) - before; "
        "print(*[name for name in new if name.split('.')[0] not in sys.stdlib_module_names])"
    )
    found = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True).stdout.split()
    ours = {"child", "diary", "guardian", "messenger", "ping", "pipe", "silence", "systemd"}
    assert set(found) == {"bowerbird", "bowerbird.startup", *(f"bowerbird.startup.{name}" for name in ours)}


def test_the_outside_hears_from_us_while_all_is_well(outside: Post) -> None:
    """And at once when it is not; then nothing, until all is well again."""
    ping = Ping({URL: f"{outside.url}/uuid", EVERY: "0.2"})
    assert ping.row()["ok_at"] is None
    ping.say(well=True)
    outside.wait_for(3)
    ping.say(well=False)
    time.sleep(0.7)
    fails = [path for path in outside.paths() if path == "/uuid/fail"]
    assert len(fails) == 1
    assert outside.paths()[-1] == "/uuid/fail"
    ping.say(well=True)
    outside.wait_for(len(outside.heard) + 2)
    assert ping.row()["ok_at"] is not None
    assert "uuid" not in json.dumps(ping.row())


def test_systemd_hears_that_we_are_ready_how_it_is_and_that_we_live(tmp_path: Path) -> None:
    """Ready once, the status when it changes, and alive twice in its patience."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(5)
        service = Systemd({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "10000000"})
        said = []
        for now, ready in ((0.0, False), (1.0, True), (2.0, True), (5.0, True)):
            service.look(now, ready=ready, status="engine up" if ready else "starting")
        said = [manager.recv(4096).decode().split("\n") for _ in range(3)]
    assert said == [["STATUS=starting", "WATCHDOG=1"], ["READY=1", "STATUS=engine up"], ["WATCHDOG=1"]]


def test_without_systemd_nobody_is_told(tmp_path: Path) -> None:
    """Nor is a socket that is not there any trouble of ours: whoever listens later hears what is new then."""
    place = tmp_path / "notify"
    late = Systemd({"NOTIFY_SOCKET": str(place)})
    late.look(0.0, ready=False, status="starting")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(place))
        manager.settimeout(5)
        Systemd({}).look(1.0, ready=True, status="said to nobody")
        late.look(1.0, ready=True, status="engine up")
        assert manager.recv(4096) == b"READY=1\nSTATUS=engine up"
