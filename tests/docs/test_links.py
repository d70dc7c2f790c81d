"""Whatever a page points at is there."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, headings_of, text_of

LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
PICTURE_MAX = 200_000


def links_of(page: Path) -> list[str]:
    """The relative links of a page."""
    found = ["".join(pair) for pair in LINK.findall(page.read_text(encoding="utf-8"))]
    return [link for link in found if "://" not in link]


def split_links(page: Path) -> list[tuple[str, str, str]]:
    """The same, each as file and heading."""
    return [link.partition("#") for link in links_of(page)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    """A file that was moved takes its links along."""
    missing = [file for file, _, _ in split_links(page) if not (page.parent / file).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_into_a_page_meets_a_heading(page: Path) -> None:
    """A heading that is renamed is renamed in the links as well."""
    inner = [(page.parent / file if file else page, place) for file, _, place in split_links(page) if place]
    dangling = [f"{file.name}#{place}" for file, place in inner if place not in headings_of(file)]
    assert dangling == []


def test_every_page_is_reached_from_the_index() -> None:
    """A page that nobody links to is not read."""
    index = text_of("docs/index.md")
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"index.md"}
    assert {name for name in pages if f"]({name})" not in index} == set()


def test_pictures_are_small_and_used() -> None:
    """A clone stays quick: a picture has at most 200 KB and a place where it is shown."""
    pictures = list((ROOT / "docs" / "pictures").iterdir())
    shown = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert pictures
    assert [file.name for file in pictures if file.stat().st_size > PICTURE_MAX or file.name not in shown] == []
