"""Audits what we depend on: against a table of our own, and against the world's where the network allows.

1. Compare every lock, and what pyproject.toml asks for, with `FIXED`: the versions in which known holes were mended.
   This needs no network, and a test does the same at each run.
2. Have pip-audit compare the locks with the advisories of today. Where it cannot reach them it says so loudly, and
   the audit is not called done.
"""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements/run.txt", "requirements/dev.txt")
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", re.MULTILINE)
PIP_AUDIT = "pip-audit==2.10.1"
"""Runs in an environment of its own: it has dependencies that nothing of ours needs."""
UNASKED = "NOT AUDITED AGAINST TODAY'S ADVISORIES: run `make audit` where they can be reached."


@dataclass(frozen=True, slots=True)
class Fixed:
    """A package is safe from this version on.

    Args:
        advisory: its number in the CVE list; said: the day it was published, as far as we know it.
    """

    package: str
    version: str
    advisory: str
    said: str


FIXED = (
    Fixed("pyyaml", "5.4", "CVE-2020-14343", "2021-02-09"),
    Fixed("mako", "1.2.2", "CVE-2022-40023", "2022-09-07"),
    Fixed("oauthlib", "3.2.1", "CVE-2022-36087", "2022-09-09"),
    Fixed("pygments", "2.15.0", "CVE-2022-40896", "2023-07-19"),
    Fixed("pydantic", "2.4.0", "CVE-2024-3772", "2024-04-15"),
    Fixed("idna", "3.7", "CVE-2024-3651", "2024-04-11"),
    Fixed("certifi", "2024.7.4", "CVE-2024-39689", "2024-07-05"),
    Fixed("python-multipart", "0.0.18", "CVE-2024-53981", "2024-12-02"),
    Fixed("jinja2", "3.1.6", "CVE-2025-27516", "2025-03-05"),
    Fixed("h11", "0.16.0", "CVE-2025-43859", "2025-04-24"),
    Fixed("requests", "2.32.4", "CVE-2024-47081", "2025-06-09"),
    Fixed("starlette", "0.47.2", "CVE-2025-54121", "2025-07-21"),
    Fixed("starlette", "0.49.1", "CVE-2025-62727", "2025-10-28"),
    Fixed("urllib3", "2.6.0", "CVE-2025-66418", "2025-12-05"),
    Fixed("urllib3", "2.6.3", "CVE-2026-21441", "2026-01-07"),
    Fixed("python-multipart", "0.0.22", "CVE-2026-24486", "2026-01-26"),
    Fixed("cryptography", "46.0.5", "CVE-2026-26007", "2026-02-10"),
    Fixed("python-multipart", "0.0.26", "CVE-2026-40347", "2026-04-18"),
    Fixed("urllib3", "2.7.0", "CVE-2026-44431", "2026-05-12"),
    Fixed("python-multipart", "0.0.27", "CVE-2026-42561", "2026-07-19"),
    Fixed("starlette", "1.3.1", "CVE-2026-54283", "2026-08-06"),
)
"""Holes that we know of in what we use, oldest first. It is as complete as whoever looked: `make audit` knows more."""


def older(one: str, other: str) -> bool:
    """Tell whether a version made of numbers is older than another."""
    return _numbers(one) < _numbers(other)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def pinned(root: Path = ROOT) -> Iterator[tuple[str, str, str]]:
    """Every package with its version, and the lock in which it stands."""
    for lock in LOCKS:
        yield from ((name, version, lock) for name, version in PIN.findall((root / lock).read_text(encoding="utf-8")))


def floors(root: Path = ROOT) -> Iterator[tuple[str, str, str]]:
    """Every package that the product asks for, with the oldest version it is content with."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    for line in project["project"]["dependencies"]:
        name, _, version = line.partition(">=")
        yield name.lower(), version, "pyproject.toml"


def holes(asked: Iterator[tuple[str, str, str]]) -> list[str]:
    """A sentence for each that is older than the version in which a known hole was mended."""
    return [
        f"{where}: {name} {version} is older than {fixed.version}, which mended {fixed.advisory} ({fixed.said})."
        for name, version, where in asked
        for fixed in FIXED
        if fixed.package == name and older(version, fixed.version)
    ]


def asked_today() -> list[str]:
    """What pip-audit knows today of the lock of the workshop, which holds the product's too; a sentence each.

    Whom it could not find the advisories of is not known to be safe, though pip-audit itself would call that well.
    """
    argv = [".venv/bin/uv", "tool", "run", "--quiet", "--from", PIP_AUDIT, "pip-audit", "--disable-pip",
            "--require-hashes", "--format", "json", "-r", "requirements/dev.txt"]  # fmt: skip
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        rows = json.loads(done.stdout)["dependencies"]
    except ValueError:
        return [f"{UNASKED} pip-audit said: {(done.stderr.strip().splitlines() or ['nothing'])[-1]}"]
    return judged(rows)


def judged(rows: list[dict[str, Any]]) -> list[str]:
    """A sentence for each hole in pip-audit's answer, and one for all that it could not look at."""
    found = [
        f"{row['name']} {row['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'no version'}."
        for row in rows
        for hole in row.get("vulns", ())
    ]
    skipped = [row["name"] for row in rows if "skip_reason" in row]
    if not rows or skipped:
        found.append(f"{UNASKED} {len(skipped)} of {len(rows)} packages could not be looked up.")
    return found


def main() -> None:
    """Says what is known to be unsafe; exits with 1 if something is, or if nobody could be asked."""
    known = [*holes(pinned()), *holes(floors())]
    print("\n".join(known) or f"Nothing locked is older than what mended one of the {len(FIXED)} holes we know of.")
    today = asked_today()
    print("\n".join(today) or "Nothing locked has an advisory today.")
    sys.exit(1 if known or today else 0)


if __name__ == "__main__":
    main()
