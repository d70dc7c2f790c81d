"""Draws the generated blocks of the docs anew from the code they describe.

A block names a function of the package that needs no arguments and returns Markdown, or text in the
language that the mark names, which is then fenced:

    <!-- drawn by bowerbird.core.lifecycle:diagram as mermaid -->
    (whatever stands here is replaced)
    <!-- end of drawing -->

1. Find the blocks in README.md and docs/.
2. Call each block's function and put its answer between the two marks.
3. Write the files that changed; with --check, only name them and exit with 1.
"""

import argparse
import importlib
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"(<!-- drawn by ([\w.]+):(\w+)(?: as (\w+))? -->\n).*?(<!-- end of drawing -->)", re.DOTALL)


def drawn(block: re.Match[str]) -> str:
    """Returns the block with what its function says now."""
    opening, module, function, language, closing = block.groups()
    text: str = getattr(importlib.import_module(module), function)().strip()
    fenced = f"```{language}\n{text}\n```" if language else text
    return f"{opening}{fenced}\n{closing}"


def stale(root: Path) -> dict[Path, str]:
    """Returns the pages below `root` whose blocks differ from the code, with the text they should have."""
    pages = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    texts = {page: page.read_text(encoding="utf-8") for page in pages if page.exists()}
    fresh = {page: BLOCK.sub(drawn, text) for page, text in texts.items()}
    return {page: text for page, text in fresh.items() if text != texts[page]}


def main() -> None:
    """Brings the docs up to date, or says which are not."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    words.add_argument("--check", action="store_true", help="change nothing; exit 1 if a page is out of date")
    check: bool = words.parse_args().check
    changed = stale(ROOT)
    for page, text in changed.items():
        print(f"{'out of date' if check else 'drawn anew'}: {page.relative_to(ROOT)}")
        if not check:
            page.write_text(text, encoding="utf-8")
    if not changed:
        print("The docs say what the code says.")
    sys.exit(1 if check and changed else 0)


if __name__ == "__main__":
    main()
