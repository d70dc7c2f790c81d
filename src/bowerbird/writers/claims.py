"""The claim bank: what a post may say, and where it can be checked.

1. A file's bytes, at most `SIZE_MAX` of them, become numbered rows (`rows` knows the four forms).
2. Text is UTF-8, or the bank is unreadable; a feed names its own encoding.
3. Each row becomes a `Claim`, or a `BadRow` that says what is wrong; a bad row never costs a good one.

The fields of a row; only ``text`` must be given:

| field | meaning |
|---|---|
| ``text`` (or ``claim``) | one sentence, at most `TEXT_MAX` characters |
| ``topic`` | what it is about, in lower case; "general" if not given |
| ``id`` | a short name of its own; made from the text if not given |
| ``code``, ``output`` | lines that show it, and exactly what they print |
| ``evidence`` (or ``source``) | where it can be checked: an address, or words such as a book and its page |
| ``link`` (or ``url``) | the address a post may carry; the evidence if that is an address |
| ``tags`` | at most `TAGS_MAX` words, set as hashtags |
| ``angles`` | which of `ANGLES` are true of it; an opening is only used where it is |
| ``media``, ``alt`` | a picture's path, and its description for people who cannot see it |
| ``since`` | the version of what it speaks of, for readers |

The only file this module touches is the bank it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from bowerbird.writers import fields
from bowerbird.writers.fields import ANGLES, TAGS_MAX, TEXT_MAX, Unfit
from bowerbird.writers.rows import (
    ALIASES,
    FIELDS,
    BadRow,
    BankUnreadable,
    Fields,
    Row,
    csv_rows,
    feed_rows,
    markdown_rows,
    yaml_rows,
)

__all__ = [
    "ANGLES",
    "TAGS_MAX",
    "TEXT_MAX",
    "BadRow",
    "Bank",
    "BankUnreadable",
    "Claim",
    "bundled_bank",
    "parse_bank",
    "parse_feed",
    "read_bank",
]

SIZE_MAX = 5_000_000
"""Bytes of one file: some 20,000 claims."""

ROWS_MAX = 20_000
"""Rows of one file."""

TOPIC_DEFAULT = "general"

_FORMS: dict[str, Callable[[str], Iterator[Row | BadRow]]] = {
    ".yaml": yaml_rows,
    ".yml": yaml_rows,
    ".md": markdown_rows,
    ".markdown": markdown_rows,
    ".csv": csv_rows,
    ".tsv": csv_rows,
}
_FEEDS = (".xml", ".rss", ".atom")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One thing that may be said, with what shows it and where it can be checked.

    Args:
        id: its name within the bank; stable, so that learning and "not said before" can count on it.
        topic: one of the levers that learning turns.
        text: the claim itself, one line.
        code, output: lines that show it, and what they print; both empty where nothing is shown.
        evidence: where it can be checked: an address or words; empty where the bank gives none.
        link: the address a post may carry, or empty.
        tags: hashtags without the sign.
        angles: the members of `ANGLES` that are true of it.
        media, alt: a picture's path and its description; both or neither.
        since: the version of what it speaks of, or empty.
    """

    id: str
    topic: str
    text: str
    code: str = ""
    output: str = ""
    evidence: str = ""
    link: str = ""
    tags: tuple[str, ...] = ()
    angles: tuple[str, ...] = ()
    media: str = ""
    alt: str = ""
    since: str = ""


@dataclass(frozen=True, slots=True)
class Bank:
    """The claims that can be used, and the rows that cannot, both in the order of the file."""

    claims: tuple[Claim, ...]
    bad_rows: tuple[BadRow, ...] = ()


def read_bank(path: str | Path) -> Bank:
    """Return the bank in this file, or in all bank files of this folder in the order of their names.

    Raises `BankUnreadable` if there is no such file, it cannot be opened, or nothing in it can be told apart.
    """
    path = Path(path)
    inside = _inside(path)
    if inside is None:
        return parse_bank(_bytes(path), form=path.suffix, name=path.name)
    if not inside:
        raise BankUnreadable(f"{path.name}: there is no YAML, Markdown, CSV or feed file in this folder")
    return _joined(inside)


def bundled_bank(name: str = "python_tips") -> Bank:
    """Return a bank that comes with Bowerbird."""
    return read_bank(Path(str(files("bowerbird.writers") / "banks" / name)))


def parse_bank(body: bytes, *, form: str, name: str = "the bank") -> Bank:
    """Return the bank in these bytes; `form` is a file's ending: ``.yaml``, ``.md``, ``.csv``, ``.xml``."""
    return _parsed(body, form, name, {})


def parse_feed(body: bytes) -> Bank:
    """Return the bank in the bytes of an RSS or Atom feed that somebody else has fetched."""
    return _parsed(body, ".xml", "the feed", {})


def _joined(paths: Iterable[Path]) -> Bank:
    """Return one bank made of several files; no id and no text twice, and bad rows name their file."""
    claims: list[Claim] = []
    bad: list[BadRow] = []
    seen: dict[str, str] = {}
    for path in paths:
        bank = _parsed(_bytes(path), path.suffix, path.name, seen)
        claims.extend(bank.claims)
        bad.extend(replace(row, file=path.name) for row in bank.bad_rows)
        seen.update({key: f"{place} of {path.name}" for key, place in seen.items() if " of " not in place})
    return Bank(tuple(claims), tuple(bad))


def _parsed(body: bytes, form: str, name: str, seen: dict[str, str]) -> Bank:
    try:
        return _sorted(_rows(body, form.lower()), seen)
    except BankUnreadable as error:
        raise BankUnreadable(f"{name}: {error}") from error


def _rows(body: bytes, form: str) -> Iterator[Row | BadRow]:
    if len(body) > SIZE_MAX:
        raise BankUnreadable(f"it is larger than {SIZE_MAX:,} bytes; split it into several files")
    if form in _FEEDS:
        return feed_rows(body)
    if form not in _FORMS:
        raise BankUnreadable(f"a bank is a .yaml, .md, .csv or feed (.xml) file, not {form or 'one without ending'}")
    return _FORMS[form](_text(body))


def _inside(path: Path) -> list[Path] | None:
    """Return the bank files of a folder, or None if this is no folder."""
    try:
        if not path.is_dir():
            return None
        return sorted(each for each in path.iterdir() if each.suffix.lower() in {*_FORMS, *_FEEDS})
    except OSError as error:
        raise BankUnreadable(f"{path.name}: the bank cannot be opened: {error.strerror}") from error


def _bytes(path: Path) -> bytes:
    """Return a file's bytes, reading no more than one above the limit."""
    try:
        if path.exists() and not path.is_file():
            raise BankUnreadable(f"{path.name}: this is not a file")
        with path.open("rb") as file:
            return file.read(SIZE_MAX + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise BankUnreadable(f"{path.name}: the bank cannot be opened: {why}") from error


def _text(body: bytes) -> str:
    """Return the text; bytes that are not UTF-8 become U+FFFD, by which their row is found and reported."""
    if body[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\0" in body:
        raise BankUnreadable("this is not UTF-8 text; save it as UTF-8 (in a spreadsheet: 'CSV UTF-8')")
    return body.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").replace("\r", "\n")


def _sorted(rows: Iterable[Row | BadRow], seen: dict[str, str]) -> Bank:
    """Sort the rows into claims and bad rows; of two equal ones the later is bad."""
    claims: list[Claim] = []
    bad: list[BadRow] = []
    for count, row in enumerate(rows):
        outcome = row if isinstance(row, BadRow) else _checked(row, seen)
        if count >= ROWS_MAX:
            number = row.row if isinstance(row, BadRow) else row.number
            bad.append(BadRow(number, f"a file has at most {ROWS_MAX:,} rows; this and the rest are left out"))
            break
        if isinstance(outcome, BadRow):
            bad.append(outcome)
        else:
            claims.append(outcome)
    return Bank(tuple(claims), tuple(bad))


def _checked(row: Row, seen: dict[str, str]) -> Claim | BadRow:
    """Return the row's claim, noting what it takes up in `seen`; or say why there is none."""
    try:
        claim = _claim(row.fields)
        _be_new(claim, f"row {row.number}", seen)
    except Unfit as error:
        return BadRow(row.number, str(error))
    return claim


def _claim(given: Fields) -> Claim:
    named = {ALIASES.get(name, name): value for name, value in given.items()}
    fields.be_known(named, (*FIELDS, *ALIASES))
    line = {name: fields.line_of(name, named.get(name, "")) for name in fields.LINES}
    block = {name: fields.block_of(name, named.get(name, "")) for name in fields.BLOCKS}
    text = fields.sentence(line["text"])
    address = line["evidence"] if line["evidence"].startswith(("http:", "https:")) else ""
    return Claim(
        id=fields.id_of(line["id"] or text),
        topic=line["topic"].casefold() or TOPIC_DEFAULT,
        text=text,
        code=block["code"],
        output=fields.shown(block["code"], block["output"]),
        evidence=fields.address("evidence", address) or line["evidence"],
        link=fields.address("link", line["link"] or address),
        tags=fields.tags(named.get("tags", "")),
        angles=fields.angles(named.get("angles", "")),
        media=line["media"],
        alt=fields.described(line["media"], line["alt"]),
        since=line["since"],
    )


def _be_new(claim: Claim, place: str, seen: dict[str, str]) -> None:
    """Refuse an id or a text that the bank has already, whatever its case; else note both."""
    for key, what in ((f"id {claim.id}", f"the id {claim.id!r}"), (_said(claim), "the same text")):
        if key in seen:
            raise Unfit(f"{what} is already in {seen[key]}")
    seen[f"id {claim.id}"] = seen[_said(claim)] = place


def _said(claim: Claim) -> str:
    return f"text {claim.text.casefold()}"


def table_markdown() -> str:
    """Print the fields of a row as the head of this file tells them; the documentation contains exactly this text."""
    text = "\n".join(line for line in (__doc__ or "").splitlines() if line.startswith("|"))
    for name, value in (("TEXT_MAX", f"{TEXT_MAX}"), ("TAGS_MAX", f"{TAGS_MAX}"), ("ANGLES", ", ".join(ANGLES))):
        text = text.replace(f"`{name}`", value)
    return text.replace("``", "`") + "\n"
