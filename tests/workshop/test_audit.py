"""What we depend on is pinned by hash (test_locks), not known to be unsafe, and licensed so that it may be used."""

import re
from importlib import metadata

import pytest

from tools.audit import FIXED, LOCKS, PIN, ROOT, floors, holes, judged, older, pinned

ALLOWED = frozenset({
    "0BSD", "Apache", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "CNRI-Python", "ISC", "MIT",
    "MIT-0", "MPL-2.0", "PSF-2.0", "Unlicense", "Zlib",
})  # fmt: skip
"""Licences that ask for nothing but their own text; the MPL's share-alike ends at the file it stands in."""
SAID = {
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0", "BSD License": "BSD", "MIT License": "MIT",
    "Apache Software License": "Apache", "ISC License (ISCL)": "ISC",
}  # fmt: skip
"""What older packages call them."""


def licences(name: str) -> set[str]:
    """The licences under which an installed package may be used."""
    about = metadata.metadata(name)
    if "License-Expression" in about:
        return set(re.split(r" AND | OR |[()]", about["License-Expression"])) - {""}
    classed = [row.rpartition(" :: ")[2] for row in about.get_all("Classifier") or [] if row.startswith("License ::")]
    return {SAID.get(each, each) for each in classed} or {*(about.get_all("License") or ["none"])}


def test_nothing_is_older_than_what_mended_a_known_hole() -> None:
    """Neither what is locked, nor the oldest that an installation without the locks is content with."""
    assert holes(pinned()) == []
    assert holes(floors()) == []


def test_a_hole_would_be_told() -> None:
    """With the advisory and the version that mends it."""
    (told,) = holes(iter([("h11", "0.14.0", "here"), ("h11", "0.16.0", "here"), ("unheard-of", "1", "here")]))
    assert told == "here: h11 0.14.0 is older than 0.16.0, which mended CVE-2025-43859 (2025-04-24)."


def test_what_nobody_could_look_up_is_not_called_safe() -> None:
    """Pip-audit ends well when every package was skipped; ours does not."""
    mended = {"name": "a", "version": "1", "vulns": []}
    assert judged([mended]) == []
    (told,) = judged([mended, {"name": "b", "skip_reason": "not found"}])
    assert told.startswith("NOT AUDITED")
    assert told.endswith("1 of 2 packages could not be looked up.")
    (told,) = judged([{"name": "a", "version": "1", "vulns": [{"id": "X-1", "fix_versions": ["2"]}]}])
    assert told == "a 1: X-1, mended in 2."
    assert judged([]) != []


@pytest.mark.parametrize(("one", "other"), [("2.9", "2.10"), ("0.0.9", "0.0.18"), ("2024.7", "2024.7.4"), ("1.2", "2")])
def test_versions_are_compared_as_numbers(one: str, other: str) -> None:
    """Not as words, and never older than itself."""
    assert (older(one, other), older(other, one), older(one, one)) == (True, False, False)


def test_every_row_of_the_table_is_about_something_we_use() -> None:
    """An advisory for what is gone would only look like care."""
    assert {fixed.package for fixed in FIXED} <= {name for name, _, _ in pinned()}
    assert [fixed for fixed in FIXED if not re.fullmatch(r"CVE-\d{4}-\d{4,}", fixed.advisory)] == []
    assert [fixed.said for fixed in FIXED if not re.fullmatch(r"20\d\d-\d\d-\d\d", fixed.said)] == []


def test_what_the_product_runs_with_has_a_licence_that_lets_it_be_used() -> None:
    """Of everything that is locked for it and installed here; what other systems need is looked at there."""
    names = {name for name, _ in PIN.findall((ROOT / LOCKS[0]).read_text())}
    here = {name for name in names if _installed(name)}
    assert len(here) > 20
    assert {name: unknown for name in here if (unknown := licences(name) - ALLOWED)} == {}


def _installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True
