"""Four forms of a claim bank, one shape: numbered rows of named fields.

* **YAML**: a list of entries, or a mapping with the list under ``claims``, in which
  ``topic``, ``tags`` and the like stand for all entries and other keys are notes for people. Scalars are
  kept as they were written (``since: 3.10`` stays "3.10"), so no entry is bent by YAML's types.
* **Markdown**: ``# Topic`` names the topic of what follows. Each ``## Heading``, each ``- item`` is a claim.
  Its first web link is its source; a fenced block below it is its code, a fenced block marked ``output`` what
  the code prints. Every other line is prose for people and is left alone.
* **CSV**: the first row names the columns; the separator is a comma, a semicolon or a tab.
* **RSS and Atom**: each entry's title is the claim, its link the source, its first category the topic.

A row is numbered as a person finds it: the line in YAML and Markdown, the row of a spreadsheet, the entry of
a feed. Nothing here judges what a row says; `claims` does.
"""

from __future__ import annotations

import csv
import html
import io
import re
import textwrap
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from bowerbird.core.errors import BadInput

Fields = dict[str, str | list[str]]

FIELDS = (
    *("id", "topic", "text", "code", "output", "evidence"),
    *("link", "tags", "angles", "media", "alt", "since"),
)
"""The fields an entry may have; `claims` says what each means."""

ALIASES = {"claim": "text", "source": "evidence", "url": "link"}
"""Other names that people use for them."""


class BankUnreadable(BadInput):
    """The claim bank cannot be read at all; the message names the file, the place and the remedy."""


@dataclass(frozen=True, slots=True)
class Row:
    """One entry as it was found: its number and its named fields."""

    number: int
    fields: Fields


@dataclass(frozen=True, slots=True)
class BadRow:
    """One entry that cannot be used, and why; `file` names the file where a bank has several."""

    row: int
    why: str
    file: str = ""

    def __str__(self) -> str:
        """Say it as a person would: "row 7: the text is empty"."""
        place = f"{self.file}, row" if self.file else "row"
        return f"{place} {self.row}: {self.why}"


def yaml_rows(text: str) -> Iterator[Row | BadRow]:
    """Yield the entries of a YAML bank; raise `BankUnreadable` if it is not YAML or holds no list.

    The loader written in Python is used on purpose: 100,000 opening brackets crash the one written in C.
    """
    try:
        root = yaml.SafeLoader(text).get_single_node()
    except RecursionError:
        raise BankUnreadable("this YAML is nested too deeply to be a claim bank") from None
    except yaml.YAMLError as error:
        raise BankUnreadable(f"this is not valid YAML: {_where(error)}") from error
    entries, defaults = _entries(root)
    for node in entries:
        yield _yaml_row(node, defaults)


def _where(error: yaml.YAMLError) -> str:
    """Return the parser's complaint in one line, with the place counted from 1."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"{problem} (line {mark.line + 1}, column {mark.column + 1})" if mark else problem


def _entries(root: yaml.Node | None) -> tuple[list[yaml.Node], Fields]:
    """Return the nodes of the entries, and the fields that hold for each unless it says otherwise."""
    if root is None:
        return [], {}
    if isinstance(root, yaml.SequenceNode):
        return root.value, {}
    if isinstance(root, yaml.MappingNode):
        named = {_name(key): value for key, value in root.value}
        claims = named.pop("claims", None)
        if isinstance(claims, yaml.SequenceNode):
            plain = {name: _plain(value) for name, value in named.items() if name in FIELDS}
            return claims.value, {name: value for name, value in plain.items() if value is not None}
    raise BankUnreadable("a YAML bank is a list of entries, or a mapping with that list under 'claims'")


def _yaml_row(node: yaml.Node, defaults: Fields) -> Row | BadRow:
    number = node.start_mark.line + 1
    if not isinstance(node, yaml.MappingNode):
        return BadRow(number, "an entry must have named fields, such as 'text: ...'")
    twice = [key for key, times in Counter(_name(k) for k, _ in node.value).items() if times > 1]
    if twice:
        return BadRow(number, f"the field {twice[0]!r} is given twice")
    fields = dict(defaults)
    for key, value in node.value:
        plain = _plain(value)
        if plain is None:
            return BadRow(number, f"the field {_name(key)!r} must be text or a list of words")
        fields[_name(key)] = plain
    return Row(number, fields)


def _name(key: yaml.Node) -> str:
    return key.value if isinstance(key, yaml.ScalarNode) else "?"


def _plain(node: yaml.Node) -> str | list[str] | None:
    """Return a scalar as written, a flat list of them, or None for anything deeper."""
    if isinstance(node, yaml.ScalarNode):
        return "" if node.tag.endswith(":null") else str(node.value)
    if isinstance(node, yaml.SequenceNode) and all(isinstance(each, yaml.ScalarNode) for each in node.value):
        return [str(each.value) for each in node.value]
    return None


def csv_rows(text: str) -> Iterator[Row | BadRow]:
    """Yield the records of a CSV bank; raise `BankUnreadable` if no column holds the claims."""
    separator = max(",;\t", key=text.split("\n", 1)[0].count)
    records = _records(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    _, header = next(records, (1, []))
    names = [name.strip().casefold() for name in header] if isinstance(header, list) else []
    if not {"text", "claim"} & set(names):
        raise BankUnreadable("a CSV bank needs a first row that names its columns, one of them 'text'")
    for name in sorted(set(names) - {"", *FIELDS, *ALIASES}):
        yield BadRow(1, f"the column {name!r} is not one of a bank and is left out")
    for number, record in records:
        if isinstance(record, str):
            yield BadRow(number, record)
        elif any(cell.strip() for cell in record):
            yield _csv_row(number, names, record)


def _csv_row(number: int, names: list[str], record: list[str]) -> Row | BadRow:
    if len(record) > len(names):
        cells, columns = len(record), len(names)
        return BadRow(number, f"{cells} cells for {columns} columns: put quotes around a cell with a separator")
    named = zip(names, record, strict=False)
    return Row(number, {name: cell for name, cell in named if name in FIELDS or name in ALIASES})


def _records(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str] | str]]:
    """Yield numbered records; one that the reader cannot split becomes its complaint."""
    number = 0
    while True:
        number += 1
        try:
            yield number, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, f"it cannot be split into cells: {error}"


_FENCE = re.compile(r"^(?P<indent>\s*)(?P<mark>`{3,}|~{3,})\s*(?P<info>[\w+-]*)")
_TOPIC = re.compile(r"^#\s+(?P<topic>.+?)\s*#*\s*$")
_CLAIM = re.compile(r"^(?:##\s+|[-*+]\s+)(?P<text>.+?)\s*#*\s*$")
_LINK = re.compile(r"\[(?P<label>[^\]]*)\]\((?P<to>https?://[^)\s]+)\)|<?(?P<bare>https?://[^\s<>]+)>?")


def markdown_rows(text: str) -> Iterator[Row | BadRow]:
    """Yield the claims of a Markdown bank, in order.

    1. A heading of the first level changes the topic.
    2. A heading of the second level or a list item closes the claim before it and opens the next.
    3. A fenced block, an indented line and a link belong to the claim that is open.
    """
    topic, row = "", None
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        if fence := _FENCE.match(line):
            body = _block(lines, fence["mark"])
            if body is None:
                yield BadRow(number, "the code block that opens here is never closed")
            elif row:
                name = "output" if fence["info"] == "output" else "code"
                row.fields.setdefault(name, textwrap.dedent(body))
        elif heading := _TOPIC.match(line):
            topic = heading["topic"]
        elif opening := _CLAIM.match(line):
            if row:
                yield row
            row = Row(number, {"topic": topic, "text": opening["text"]})
            _take_link(row.fields)
        elif row:
            _continue(row.fields, line)
    if row:
        yield row


def _block(lines: Iterator[tuple[int, str]], mark: str) -> str | None:
    """Return the lines up to the closing fence, or None if there is none."""
    body: list[str] = []
    for _, line in lines:
        if line.strip().startswith(mark) and not line.strip().strip(mark[0]):
            return "\n".join(body)
        body.append(line)
    return None


def _take_link(fields: Fields) -> None:
    """Move the first link out of the text into `evidence`; a label other than "source" stays."""
    text = str(fields["text"])
    if found := _LINK.search(text):
        label = found["label"] or ""
        kept = "" if label.casefold() in {"source", "link", "docs"} else label
        rest = f"{text[: found.start()]}{kept}{text[found.end() :]}".replace("()", "")
        fields["text"] = rest.strip(" -|\u2013\u2014")
        fields.setdefault("evidence", found["to"] or found["bare"])


def _continue(fields: Fields, line: str) -> None:
    """Let a line below a claim carry its source, or, when indented, go on with its text."""
    if line[:1] in {" ", "\t"} and line.strip() and "code" not in fields:
        fields["text"] = f"{fields['text']} {line.strip()}"
        _take_link(fields)
    elif "evidence" not in fields and (found := _LINK.search(line)):
        fields["evidence"] = found["to"] or found["bare"]


def feed_rows(body: bytes) -> Iterator[Row | BadRow]:
    """Yield the entries of an RSS or Atom feed; raise `BankUnreadable` if it is neither.

    The parser gets a stream, never the bytes: it would follow bytes that look like an address.
    """
    import feedparser  # a bank without a feed need not pay for it

    feed = feedparser.parse(io.BytesIO(body))
    if not feed.get("version") and not feed.entries:
        raise BankUnreadable(
            "this is neither an RSS nor an Atom feed; `bowerbird bank ADDRESS --to my-bank.md` reads a page into a bank"
        )
    title = _without_markup(str(feed.feed.get("title") or ""))
    for number, entry in enumerate(feed.entries, 1):
        terms = [str(tag.get("term") or "") for tag in entry.get("tags") or []]
        link = str(entry.get("link") or "")
        fields: Fields = {"id": str(entry.get("id") or link), "evidence": link}
        fields["text"] = _without_markup(str(entry.get("title") or ""))
        fields["topic"] = next(filter(None, terms), title)
        yield Row(number, fields)


def _without_markup(text: str) -> str:
    return html.unescape(re.sub(r"<[^<>]*>", "", text))
