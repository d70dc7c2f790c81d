"""Every Python tip is run: what the demo posts is true."""

from __future__ import annotations

import json
import os
import pydoc
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest

from bowerbird.core.review import LIKENESS_MAX, review
from bowerbird.core.text import folded
from bowerbird.writers.claims import ANGLES, Claim, bundled_bank
from bowerbird.writers.wording import wordings, write

BANK = bundled_bank()
TIPS = BANK.claims

RUNNER = """
import contextlib, io, json, sys, time

def run(code):
    out, begun = io.StringIO(), time.perf_counter()
    try:
        with contextlib.redirect_stdout(out):
            exec(compile(code, "tip", "exec"), {"__name__": "__main__"})
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=out)
    return {"printed": out.getvalue(), "took_s": time.perf_counter() - begun}

answers = {name: run(code) for name, code in json.load(sys.stdin).items()}
json.dump(answers, sys.stdout)
"""


def run_all(folder: Path, hash_seed: int) -> dict[str, dict[str, object]]:
    """Run every tip in one fresh interpreter and return what each printed and how long it took."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUNNER],
        input=json.dumps({tip.id: tip.code for tip in TIPS}),
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed), "PYTHONIOENCODING": "utf-8"},
        timeout=60,
    )
    assert not done.stderr
    answers: dict[str, dict[str, object]] = json.loads(done.stdout)
    return answers


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder in which the tips run."""
    return tmp_path_factory.mktemp("tips")


@pytest.fixture(scope="module")
def runs(folder: Path) -> tuple[dict[str, dict[str, object]], ...]:
    """Two runs under different orders of sets."""
    return run_all(folder, hash_seed=1), run_all(folder, hash_seed=2)


by_tip = pytest.mark.parametrize("tip", TIPS, ids=lambda tip: tip.id)


@by_tip
def test_a_tip_prints_what_it_says(tip: Claim, runs: tuple[dict[str, dict[str, object]], ...]) -> None:
    """The code is run as it will be posted, twice, and prints exactly the output."""
    assert [str(run[tip.id]["printed"]).rstrip("\n") for run in runs] == [tip.output] * 2


@by_tip
def test_a_tip_reads_well(tip: Claim) -> None:
    """One short sentence, a few short lines of code that compile, an output, no hype."""
    assert len(tip.text) <= 140
    assert tip.text.endswith((".", "?"))
    code = tip.code.splitlines()
    assert len([line for line in code if not line.startswith(("import ", "from "))]) <= 3
    assert len(code) <= 5
    assert max(map(len, [*code, *tip.output.splitlines()])) <= 80
    assert tip.output
    assert not re.search(r"(?i)\b(amazing|awesome|simply|best|magic|blazing|never again)\b", tip.text)


@by_tip
def test_a_tip_calls_nobody(tip: Claim) -> None:
    """A decorator or a dollar name would become a mention or a cashtag of a stranger; `#x` a hashtag."""
    assert not re.search(r"@|\$[A-Za-z]|#\w", f"{tip.text} {tip.code} {tip.output}")


def named_by(address: str) -> str:
    """Return the dotted name that an address of the library's reference points at, or nothing for a section."""
    page, _, anchor = address.rpartition("/")[2].partition(".html#")
    if page in {"stdtypes", "functions", "exceptions"} and "-" not in anchor:
        return f"builtins.{anchor}"
    return anchor if "." in anchor else ""


DOCUMENTED_AS = {
    "collections.somenamedtuple._replace": "collections.namedtuple",
    "object.__missing__": "collections.defaultdict.__missing__",
}


@by_tip
def test_the_evidence_is_the_official_documentation_of_a_thing_that_exists(tip: Claim) -> None:
    """The address is a page of docs.python.org with an anchor, and the name it points at can be found."""
    pattern = r"https://docs\.python\.org/3/(library|reference|faq|howto)/[\w.-]+\.html#[\w.-]+"
    assert re.fullmatch(pattern, tip.evidence)
    assert tip.link == tip.evidence
    if name := named_by(tip.evidence):
        assert pydoc.locate(DOCUMENTED_AS.get(name, name)) is not None, name


def test_the_bank_is_sound_and_large_enough() -> None:
    """No bad row, at least 150 tips on at least ten topics, with every angle well served."""
    assert BANK.bad_rows == ()
    assert len(TIPS) >= 150
    assert len({tip.topic for tip in TIPS}) >= 10
    for angle in ANGLES:
        assert sum(angle in tip.angles for tip in TIPS) >= 40, angle


def test_every_tip_holds_on_the_oldest_python_we_support() -> None:
    """Nothing is newer than 3.11."""
    newest = max(tuple(map(int, tip.since.split("."))) for tip in TIPS if tip.since)
    assert newest <= (3, 11)


def test_the_tips_leave_nothing_behind_and_are_quick(
    folder: Path, runs: tuple[dict[str, dict[str, object]], ...]
) -> None:
    """No file is left, and none takes a second even on a busy machine."""
    assert list(folder.iterdir()) == []
    slow = {name for name, run in runs[1].items() if float(str(run["took_s"])) > 1}
    assert not slow


def shingles(text: str) -> frozenset[str]:
    """Return the sequences of four characters of a text, case and white space folded."""
    plain = folded(text)
    return frozenset(plain[start : start + 4] for start in range(len(plain) - 3))


def alike(texts: dict[str, str]) -> list[tuple[str, str]]:
    """Return the pairs of which the gate would refuse one as nearly the other."""
    cut = {name: shingles(text) for name, text in texts.items()}
    return [
        (one, two)
        for one, two in combinations(cut, 2)
        if len(cut[one] & cut[two]) >= LIKENESS_MAX * len(cut[one] | cut[two])
    ]


def test_no_tip_is_said_twice() -> None:
    """No two claims, no two codes, and no two posts in the same opening and format are nearly the same."""
    assert alike({tip.id: tip.text for tip in TIPS}) == []
    assert alike({tip.id: f"Worth knowing: {tip.text}\n\n{tip.code}\n→ {tip.output}" for tip in TIPS}) == []
    assert len({re.sub(r"\s+", "", tip.code) for tip in TIPS}) == len(TIPS)


@by_tip
def test_a_tip_passes_the_gates(tip: Claim) -> None:
    """Each format goes through the review that planning holds, by Bluesky's limits."""
    by_format = {choice.format: choice for choice in wordings(tip, limit=300, length=len)}
    for choice in by_format.values():
        assert review(write(tip, choice), length=len, text_max=300, bytes_max=3_000) == []
