"""The pages that people read, and what can be found in them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md")))
DRAWN = re.compile(r"<!-- drawn by .*?<!-- end of drawing -->", re.DOTALL)
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def text_of(name: str) -> str:
    """The page as it stands."""
    return (ROOT / name).read_text(encoding="utf-8")


def prose_of(page: Path) -> str:
    """The page without what is drawn from the code."""
    return DRAWN.sub("", page.read_text(encoding="utf-8"))


def block(name: str, language: str) -> str:
    """The first fenced block of this language on a page."""
    return next(str(body) for tongue, body in FENCED.findall(text_of(name)) if tongue == language)


def heading_id(heading: str) -> str:
    """The anchor that a heading gets where Markdown is shown."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def headings_of(page: Path) -> set[str]:
    """The anchors of a page."""
    return {heading_id(found) for found in re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)}


def lines_of(page: Path) -> list[str]:
    """The lines of a page's code blocks, those that are continued joined."""
    blocks = [body for _, body in FENCED.findall(prose_of(page))]
    indented = re.findall(r"^ {4}(\S.*(?:\\\n.*)*)$", prose_of(page), re.MULTILINE)
    text = "\n".join([*blocks, *indented])
    return [" ".join(line.split()) for line in text.replace("\\\n", " ").splitlines()]


def quoted_of(page: Path) -> list[str]:
    """What a page's sentences quote as code."""
    plain = FENCED.sub("", prose_of(page))
    return [" ".join(found.split()) for found in re.findall(r"`([^`]+)`", plain)]
