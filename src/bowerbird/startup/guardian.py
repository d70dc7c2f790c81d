"""Keep the engine and the face alive, and tell when they are not: a process of its own, of the standard library alone.

It knows nothing about posts, and opens no books. For each of its children:

1. It starts it, and starts it again when it ended by itself, with growing waits: at most `RESTARTS_MAX` times in any
   `WINDOW_S`. Then it tells, keeps the other child up, and goes on as soon as the window allows; it never gives up.
2. Only a child that says it cannot run as it is set up (`REFUSED`) stays down until a person has mended that: a
   restart of the service, or SIGHUP, tries again.
3. It listens to the heart of a child that has one, in its file and in a pipe: a disk that turned read-only silences
   only the first, and is no reason to kill anything. Silent for four seconds is told, at once and once; silent for
   half a minute is a death, and the child is killed and started again, within the same bounds.
4. When the heart is back it says so. What it found it writes into `guardian.jsonl`, which the engine adopts.

Run as ``python -m bowerbird.startup.guardian CHILDREN.json``, where the file holds
``[{"name": …, "argv": […], "heart": the file's name or absent}, …]`` and stands in the data folder; `bowerbird run`
writes it and becomes this process. Addresses and periods come from the environment, never from arguments.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from bowerbird.startup import messenger
from bowerbird.startup.child import RESTARTS_MAX, WINDOW_S, Child, say
from bowerbird.startup.diary import Diary
from bowerbird.startup.messenger import Messenger, Trouble
from bowerbird.startup.ping import Ping
from bowerbird.startup.silence import Silence, Verdict
from bowerbird.startup.systemd import Systemd

STOP_S = 30.0
"""How long a child may take to stop before it is killed, in seconds."""
LOOK_S = 0.2
"""How often the guardian looks at its children, in seconds."""
STEADY_S = 3.0
"""A child heard again for so long is well, in seconds; one that had used up its restarts, `SURE_S`."""
SURE_S = 10.0
OPENING_S = 15.0
"""An engine that has tried to open its books for so long is told, in seconds."""
FAREWELL_S = 5.0
"""How long the last messages get when everything ends, in seconds."""
SILENCE = "BOWERBIRD_GUARDIAN_SILENCE_S"
"""The variable that says after how many seconds of silence a child is killed."""
REFUSED = 78
"""Exit code of a child that cannot run as it is set up (EX_CONFIG): starting it again would change nothing."""


@dataclass
class Guardian:
    """Looks after its children, whenever it is told to look.

    Args:
        messenger: tells troubles; tests look into its journal.
    """

    children: list[Child]
    messenger: Messenger
    left_behind: list[Trouble] = field(init=False)

    def __post_init__(self) -> None:
        ours = tuple(child.rule("") for child in self.children)
        self.left_behind = [one for one in self.messenger.left_behind() if one.fingerprint.startswith(ours)]

    def look(self, now: float) -> None:
        """Look at every child once; `now` is monotonic seconds."""
        for child in self.children:
            self.live(child, now)
            if child.process is not None:
                self.listen(child, now)
        while self.left_behind and self.well():
            self.messenger.close(self.left_behind.pop(), "the guardian was started anew, and all is well")
        self.messenger.look()

    def live(self, child: Child, now: float) -> None:
        """See that it runs.

        1. Not running and its time has come: start it.
        2. Ended, because it cannot run as it is set up: tell, and leave it so.
        3. Ended otherwise: plan its restart after 0.5, 1, 2 … seconds; or, if that was tried too often, tell, and
           plan it for when the window allows.
        """
        if child.process is None:
            if not child.given_up and now >= child.start_at:
                child.start(now)
            return
        code = child.ended()
        if code is None:
            return
        child.process = None
        if code == REFUSED:
            child.given_up = True
            say(f"{child.name} stays down: it cannot run as it is set up", code=code)
            self.open(child, "Down", f"The {child.name} cannot run as it is set up",
                      "It refused to start, and its own words say what is wrong (see its log).",
                      "Mend that, then restart the service.")  # fmt: skip
            return
        self._plan(child, now, code)

    def _plan(self, child: Child, now: float, code: int) -> None:
        allowed_at = child.allowed_at(now)
        if allowed_at > now:
            child.start_at = allowed_at
            minutes = (allowed_at - now) / 60
            say(f"{child.name} stays down for {minutes:.0f} min: restarting did not help", code=code)
            self.open(child, "Down", f"The {child.name} does not stay up",
                      f"It ended {RESTARTS_MAX + 1} times within {WINDOW_S / 60:g} minutes (last with code {code}).",
                      f"It is started again in {minutes:.0f} min; its log says why it ends.")  # fmt: skip
            return
        wait_s = 0.5 * 2 ** len(child.restarts)
        child.restarts.append(now)
        child.start_at = now + wait_s
        say(f"{child.name} ended by itself and starts again in {wait_s:g} s", code=code)

    def listen(self, child: Child, now: float) -> None:
        """Hear whether it is alive: tell its silence, kill what stays silent, and say when it is back."""
        if child.heart is None:
            if child.trouble is not None and now - child.started_at >= SURE_S:
                self.close(child, f"the {child.name} was started again, and stays up")
            return
        match child.silence.look(child.mark(), now, starting=child.beat().get("state") == "starting"):
            case Verdict.TELL:
                self._silent(child)
            case Verdict.KILL:
                self._silent(child)
                self._kill(child, now)
            case Verdict.HEARD:
                self._heard(child, now)
            case Verdict.WAIT:
                pass

    def _silent(self, child: Child) -> None:
        if child.trouble is None:
            last = str(child.beat().get("note", "")) if child.silence.heard else ""
            self.open(child, "Silent", f"The {child.name} is silent",
                      f"It has not been heard for {child.silence.silent_s:.0f} s"
                      + (f"; last it said: {last}." if last else ", not even once since it was started."),
                      f"It is killed and started again after {child.silence.kill_s:g} s of silence.")  # fmt: skip

    def _kill(self, child: Child, now: float) -> None:
        """Kill it, if it may be started again; else leave it, for it may still come back by itself."""
        if child.process is not None and child.allowed_at(now) <= now:
            say(f"{child.name} is silent and is killed", pid=child.process.pid)
            child.process.kill()

    def _heard(self, child: Child, now: float) -> None:
        opening = child.beat().get("state") == "opening"
        since_s = now - child.started_at
        if opening and since_s > OPENING_S and child.trouble is None:
            self.open(child, "Waits", "The books cannot be opened",
                      f"The engine has tried for {since_s:.0f} s: {child.beat().get('note', '')}.",
                      "It goes on trying; look at the disk of the data folder.", part="storage")  # fmt: skip
        if child.trouble is None or opening:
            return
        sure_s = SURE_S if child.trouble.fingerprint.startswith(child.rule("Down")) else STEADY_S
        if child.silence.steady_s >= sure_s:
            self.close(child, f"the {child.name} is heard again")

    def open(self, child: Child, what: str, title: str, why: str, fix: str, *, part: str = "") -> None:
        """Open an incident about a child, unless one is open: what follows from it is not a second one."""
        if child.trouble is None:
            child.trouble = Trouble(f"{child.rule(what)}|{part or child.name}|", title, why, fix)
            say(title, why=why)
            self.messenger.open(child.trouble)

    def close(self, child: Child, healed_by: str) -> None:
        """Close the incident about a child."""
        if child.trouble is not None:
            say(f"over: {child.trouble.title}", why=healed_by)
            self.messenger.close(child.trouble, healed_by)
            child.trouble = None

    def try_again(self) -> None:
        """Start again also what refused or used up its restarts: a person says it is mended."""
        for child in self.children:
            child.given_up, child.start_at = False, 0.0
            child.restarts.clear()

    def ready(self, now: float) -> bool:
        """True once every child was heard, or runs, or has had its time to say so."""
        up = [child.process is not None and (child.heart is None or child.silence.heard) for child in self.children]
        return all(up) or all(now - child.started_at > STOP_S for child in self.children)

    def well(self) -> bool:
        """True while nothing is wrong with any child."""
        return all(
            child.trouble is None and child.process is not None and (child.heart is None or child.silence.heard)
            for child in self.children
        )

    def status(self) -> str:
        """How it is, in one line."""
        troubles = [child.trouble.title for child in self.children if child.trouble is not None]
        up = [child.name for child in self.children if child.process is not None]
        return "; ".join(troubles) or (f"{' and '.join(up)} up" if up else "starting")


def stop(children: list[Child], *, within_s: float = STOP_S) -> None:
    """Ask every child to stop, and kill what has not after `within_s`."""
    running = [(child.name, child.process) for child in children if child.process is not None]
    for _, process in running:
        process.terminate()
    end = time.monotonic() + within_s  # noqa: TID251 - stdlib only
    for name, process in running:
        while process.poll() is None and time.monotonic() < end:  # noqa: TID251 - stdlib only
            nap(0.05)
        if process.poll() is None:
            say(f"{name} did not stop and is killed")
            process.kill()
            process.wait()


def nap(seconds: float) -> None:
    """Wait by `select`, which no step of the wall clock disturbs, as it may a sleep."""
    select.select([], [], [], seconds)


class Signals:
    """What the process was asked to do, and a wait that ends when it is asked."""

    def __init__(self) -> None:
        self.stopping = self.again = False
        self._read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(write)
        for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(name, self._note)

    def _note(self, number: int, frame: object) -> None:
        if number == signal.SIGHUP:
            self.again = True
        else:
            self.stopping = True

    def wait(self, seconds: float) -> None:
        """Wait, at most so long."""
        if select.select([self._read], [], [], seconds)[0]:
            os.read(self._read, 4096)


def guard(children: list[Child], folder: Path, *, parent: int | None = None) -> int:
    """Keep the children alive until a stop is asked for, all have refused, or the parent is gone.

    Returns:
        0 after a stop; 1 if every child refused.
    """
    messenger.complain = lambda name, error: say(f"{name} did not take a message", error=type(error).__name__)
    # Only the guardian of an engine speaks for it: the rehearsal's network has one of its own in the same folder.
    listens = any(child.heart for child in children)
    signals, systemd, ping = Signals(), Systemd(os.environ), Ping(os.environ if listens else {})
    guardian = Guardian(children, Messenger(folder, os.environ))
    diary = Diary(folder, [channel.name for channel in guardian.messenger.channels])
    while not signals.stopping and not all(child.given_up for child in children):
        now = time.monotonic()  # noqa: TID251 - stdlib only
        if signals.again:
            signals.again = False
            guardian.try_again()
        guardian.look(now)
        ping.say(well=guardian.well())
        systemd.look(now, ready=guardian.ready(now), status=guardian.status())
        if listens:
            diary.look(children, ping.row(), now)
        if parent is not None and os.getppid() != parent:
            break
        signals.wait(LOOK_S)
    systemd.say("STOPPING=1")
    stop(children)
    refused = bool(children) and all(child.given_up for child in children) and not signals.stopping
    for child in children:
        if not child.given_up:
            guardian.close(child, "it was asked to stop")
    guardian.messenger.finish(FAREWELL_S)
    if listens:
        diary.close()
    return 1 if refused else 0


def main(argv: list[str]) -> int:
    """Read the children from the file named and guard them; with ``--with-parent`` end when the parent does."""
    file = Path(argv[0])
    folder, parent = file.parent, os.getppid() if "--with-parent" in argv[1:] else None
    kill_s = float(os.environ.get(SILENCE) or Silence.kill_s)
    children = [
        Child(row["name"], row["argv"], folder / row["heart"] if row.get("heart") else None, Silence(kill_s))
        for row in json.loads(file.read_text(encoding="utf-8"))
    ]
    return guard(children, folder, parent=parent)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
