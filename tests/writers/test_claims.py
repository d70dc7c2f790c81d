"""A bank is read row by row: good rows are used, bad ones are reported with their place and the remedy."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bowerbird.core.errors import BowerbirdError
from bowerbird.writers.claims import (
    ROWS_MAX,
    SIZE_MAX,
    Bank,
    BankUnreadable,
    Claim,
    parse_bank,
    parse_feed,
    read_bank,
)


def bank_of(text: str, form: str) -> Bank:
    """Return the bank in this indented text."""
    return parse_bank(textwrap.dedent(text).encode(), form=form)


def why(bank: Bank) -> str:
    """Return the complaint about the only bad row."""
    assert len(bank.bad_rows) == 1, bank.bad_rows
    return str(bank.bad_rows[0])


def one(**fields: str) -> Bank:
    """Return the bank of one YAML entry with these fields."""
    return parse_bank(("- " + "\n  ".join(f"{name}: {value}" for name, value in fields.items())).encode(), form=".yaml")


def test_a_yaml_entry_with_every_field_becomes_a_claim() -> None:
    """Each field of the table in `claims` arrives where it belongs."""
    bank = bank_of(
        """
        - id: bread-rest
          topic: Baking
          text: Dough that rests is easier to shape.
          code: |
            print("rest")
          output: rest
          evidence: https://example.org/dough
          tags: [baking, '#bread']
          angles: [surprise]
          media: rest.png
          alt: A bowl of dough.
          since: 3.10
        """,
        ".yaml",
    )
    assert bank.claims == (
        Claim(
            id="bread-rest",
            topic="baking",
            text="Dough that rests is easier to shape.",
            code='print("rest")',
            output="rest",
            evidence="https://example.org/dough",
            link="https://example.org/dough",
            tags=("baking", "bread"),
            angles=("surprise",),
            media="rest.png",
            alt="A bowl of dough.",
            since="3.10",
        ),
    )
    assert not bank.bad_rows


def test_a_yaml_mapping_gives_defaults_to_its_claims() -> None:
    """What stands beside `claims` holds for each entry that does not say otherwise."""
    bank = bank_of(
        """
        about: words for people
        topic: tea
        claims:
          - text: Green tea likes cooler water.
          - {text: Rye keeps longer than wheat., topic: bread}
        """,
        ".yml",
    )
    assert [claim.topic for claim in bank.claims] == ["tea", "bread"]


def test_scalars_stay_as_they_were_written() -> None:
    """YAML's booleans, numbers and dates never bend a claim."""
    (claim,) = one(text="yes", topic="2024-01-01", code="x", output="1_000").claims
    assert (claim.text, claim.topic, claim.output) == ("yes", "2024-01-01", "1_000")


def test_a_claim_without_an_id_always_gets_the_same_one() -> None:
    """Learning and "not said before" count on the id, so it must survive a restart."""
    first, second = one(text="Salt slows yeast."), one(text="Salt slows yeast.", topic="bread")
    assert first.claims[0].id == second.claims[0].id == "salt-slows-yeast"


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"topic": "tea"}, "row 1: the text is empty"),
        ({"text": "'   '"}, "row 1: the text is empty"),
        ({"text": '"\\u200b\\u2060"'}, "row 1: the text is empty"),
        ({"text": "x" * 301}, "row 1: the text has 301 characters; at most 300 fit into a post"),
        ({"text": "a", "topc": "b"}, "row 1: there is no field 'topc'; did you mean 'topic'?"),
        ({"text": "{a: b}"}, "row 1: the field 'text' must be text or a list of words"),
        ({"text": "[a, b]"}, "row 1: text must be text, not a list"),
        ({"text": "a", "code": "[a]"}, "row 1: code must be text, not a list; in YAML write it after '|'"),
        ({"text": "a", "output": "b"}, "row 1: there is an output but no code that prints it"),
        ({"text": "a", "media": "b.png"}, "row 1: the picture in 'media' needs a description in 'alt'"),
        ({"text": "a", "alt": "b"}, "row 1: there is a description in 'alt' but no picture in 'media'"),
        ({"text": "a", "tags": "b c d"}, "row 1: there are 3 tags; at most 2 help, more are noise"),
        ({"text": "a", "tags": "[b-c]"}, "row 1: the tag 'b-c' must be one word"),
        ({"text": "a", "angles": "suprise"}, "row 1: there is no angle 'suprise'; did you mean 'surprise'?"),
        ({"text": "a", "link": "javascript:alert(1)"}, "row 1: link must be a web address"),
        ({"text": "a", "evidence": "https://"}, "row 1: evidence must be a web address"),
        ({"text": "a", "link": "https://u:p@example.org/"}, "row 1: link must be a web address"),
        ({"text": '"a\\u202eb"'}, "row 1: text has the invisible character U+202E; remove it"),
        ({"text": "a", "code": '"if a:\\n\\tb"'}, "row 1: code has a tab, which platforms drop; indent with"),
        ({"text": "a", "topic": "b" * 501}, "row 1: topic has 501 characters; at most 500 fit"),
    ],
)
def test_a_bad_entry_says_what_is_wrong(fields: dict[str, str], complaint: str) -> None:
    """The message names the row, the field and, where there is one, the remedy."""
    bank = one(**fields)
    assert why(bank).startswith(complaint)
    assert not bank.claims


def test_bad_rows_do_not_cost_the_good_ones() -> None:
    """Every way to fail in one file: each is reported at its line, the rest is used."""
    bank = bank_of(
        """\
        - text: First.
          id: same
        - just words
        - text: Second.
          text: Twice.
        - text: Third.
          id: SAME
        - text: "  first.  "
        - text: Last.
        """,
        ".yaml",
    )
    assert [claim.text for claim in bank.claims] == ["First.", "Last."]
    assert [str(row) for row in bank.bad_rows] == [
        "row 3: an entry must have named fields, such as 'text: ...'",
        "row 4: the field 'text' is given twice",
        "row 6: the id 'same' is already in row 1",
        "row 8: the same text is already in row 1",
    ]


def test_markdown_headings_and_items_are_claims() -> None:
    """A topic, a claim with code below it, items with a source, and prose that is left alone."""
    bank = bank_of(
        """
        # Bread

        Notes for myself, not a claim.

        ## Salt slows yeast
        Read in [a handbook](https://example.org/salt).

        ```python
        if True:
            print("slow")
        ```
        ```output
        slow
        ```

        # Tea
        - Green tea likes cooler water. [source](https://example.org/tea)
        - Steep [oolong](https://example.org/oolong) more than
          once.
        * Dust settles <https://example.org/dust>
        """,
        ".md",
    )
    assert [(claim.topic, claim.text, claim.link[20:]) for claim in bank.claims] == [
        ("bread", "Salt slows yeast", "salt"),
        ("tea", "Green tea likes cooler water.", "tea"),
        ("tea", "Steep oolong more than once.", "oolong"),
        ("tea", "Dust settles", "dust"),
    ]
    assert (bank.claims[0].code, bank.claims[0].output) == ('if True:\n    print("slow")', "slow")


def test_an_unclosed_code_block_is_a_bad_row() -> None:
    """The claim above it is still good."""
    bank = bank_of("## A claim.\n```\nprint(1)\n", ".md")
    assert why(bank) == "row 2: the code block that opens here is never closed"
    assert [claim.text for claim in bank.claims] == ["A claim."]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_spreadsheet_is_a_bank(separator: str) -> None:
    """Commas, semicolons and tabs separate; quoted cells may hold line breaks; other names are known."""
    rows = [
        ["Claim", "topic", "source", "tags"],
        ['"Salt,\nslow; yeast"', "bread", "https://a.example/", "x y"],
    ]
    bank = parse_bank("\r\n".join(separator.join(row) for row in rows).encode("utf-8-sig"), form=".CSV")
    (claim,) = bank.claims
    assert (claim.text, claim.link, claim.tags) == ("Salt, slow; yeast", "https://a.example/", ("x", "y"))


def test_bad_spreadsheet_rows_are_numbered_as_the_spreadsheet_shows_them() -> None:
    """The header is row 1, empty rows count, and a column that is none of ours is named once."""
    bank = bank_of("text,likes\nGood.,1\n\n,2\nOne, two,3\nLast.\n", ".csv")
    assert [claim.text for claim in bank.claims] == ["Good.", "Last."]
    assert [str(row) for row in bank.bad_rows] == [
        "row 1: the column 'likes' is not one of a bank and is left out",
        "row 4: the text is empty",
        "row 5: 3 cells for 2 columns: put quotes around a cell with a separator",
    ]


@pytest.mark.parametrize("form", [".csv", ".yaml", ".md"])
def test_a_row_that_is_not_utf_8_is_reported_alone(form: str) -> None:
    """One Latin-1 letter costs its own row and no other."""
    body = {
        ".csv": b"text\nGood.\nCaf\xe9.\n",
        ".yaml": b"- text: Good.\n- text: Caf\xe9.\n",
        ".md": b"- Good.\n- Caf\xe9.\n",
    }[form]
    bank = parse_bank(body, form=form)
    assert [claim.text for claim in bank.claims] == ["Good."]
    assert "text has bytes that are not UTF-8 after 'Caf'; save the file as UTF-8" in why(bank)


@pytest.mark.parametrize(
    ("body", "form", "complaint"),
    [
        (b"a: [", ".yaml", "the bank: this is not valid YAML: "),
        (b"just words", ".yaml", "the bank: a YAML bank is a list of entries"),
        (b"[" * 100_000, ".yaml", "the bank: this YAML is nested too deeply"),
        (b"a,b\n1,2\n", ".csv", "the bank: a CSV bank needs a first row that names its columns"),
        (b"", ".csv", "the bank: a CSV bank needs a first row that names its columns"),
        ("text\nGood.".encode("utf-16"), ".csv", "the bank: this is not UTF-8 text; save it as UTF-8"),
        (b"x" * (SIZE_MAX + 1), ".md", "the bank: it is larger than 5,000,000 bytes"),
        (b"", ".docx", "the bank: a bank is a .yaml, .md, .csv or feed (.xml) file, not .docx"),
    ],
)
def test_a_bank_that_cannot_be_read_says_why(body: bytes, form: str, complaint: str) -> None:
    """The whole file is at fault, so there is one clear error and not a thousand bad rows."""
    with pytest.raises(BankUnreadable) as caught:
        parse_bank(body, form=form)
    assert str(caught.value).startswith(complaint)
    assert isinstance(caught.value, BowerbirdError)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The error says which file, and what the system answered."""
    with pytest.raises(BankUnreadable, match=r"gone\.yaml: the bank cannot be opened: No such file"):
        read_bank(tmp_path / "gone.yaml")


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "/dev/null"])
def test_a_path_that_is_no_file_is_refused(name: str) -> None:
    """A name that is too long, a name no file can have, and a device."""
    with pytest.raises(BankUnreadable):
        read_bank(name)


def test_a_folder_is_one_bank(tmp_path: Path) -> None:
    """Files are read in order of their names, and an id that two files use is bad in the second."""
    (tmp_path / "a.md").write_text("- One.\n- Two.\n")
    (tmp_path / "b.csv").write_text("id,text\none,Three.\nfour,Four.\n")
    (tmp_path / "notes.txt").write_text("not a bank")
    bank = read_bank(tmp_path)
    assert [claim.text for claim in bank.claims] == ["One.", "Two.", "Four."]
    assert why(bank) == "b.csv, row 2: the id 'one' is already in row 1 of a.md"


def test_an_empty_folder_is_no_bank(tmp_path: Path) -> None:
    """A wrong path is told, instead of a bank that never has anything to say."""
    with pytest.raises(BankUnreadable, match="there is no YAML, Markdown, CSV or feed file in this folder"):
        read_bank(tmp_path)


def test_an_empty_file_is_an_empty_bank() -> None:
    """Nothing to say is not an error of the file."""
    assert parse_bank(b"", form=".yaml") == parse_bank(b"\n", form=".md") == Bank(())


def test_a_bank_is_bounded() -> None:
    """Rows beyond the limit are left out, and the bank says so."""
    bank = parse_bank(b"".join(b"- claim %d\n" % number for number in range(ROWS_MAX + 5)), form=".md")
    assert len(bank.claims) == ROWS_MAX
    assert why(bank) == "row 20001: a file has at most 20,000 rows; this and the rest are left out"


RSS = """<?xml version="1.0"?><rss version="2.0"><channel><title>My &lt;b&gt;blog&lt;/b&gt;</title>
<item><guid>tag:1</guid><title>Salt &amp;amp; yeast</title><link>https://example.org/1</link>
<category>Bread</category></item>
<item><guid>tag:2</guid><title></title><link>https://example.org/2</link></item>
<item><title>Tea</title><link>https://example.org/3</link></item></channel></rss>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Notes</title><entry><id>urn:1</id>
<title type="html">&lt;i&gt;Rye&lt;/i&gt; keeps</title><link href="https://example.org/rye"/></entry></feed>"""


def test_an_rss_feed_is_a_bank() -> None:
    """Title, link and first category; an entry without a title is a bad row."""
    bank = parse_feed(RSS.encode())
    assert [(claim.topic, claim.text, claim.link) for claim in bank.claims] == [
        ("bread", "Salt & yeast", "https://example.org/1"),
        ("my blog", "Tea", "https://example.org/3"),
    ]
    assert why(bank) == "row 2: the text is empty"


def test_a_feed_may_lie_in_a_file(tmp_path: Path) -> None:
    """What was fetched before is read like any other bank."""
    (tmp_path / "blog.rss").write_text(RSS)
    assert read_bank(tmp_path / "blog.rss").claims == parse_feed(RSS.encode()).claims


def test_an_atom_feed_is_a_bank() -> None:
    """Markup in a title is not said."""
    (claim,) = parse_feed(ATOM.encode()).claims
    assert (claim.id, claim.text, claim.topic) == ("urn-1", "Rye keeps", "notes")


@pytest.mark.parametrize("body", [b"", b"<html><body>Not found</body></html>", b"http://127.0.0.1:9/feed"])
def test_what_is_not_a_feed_is_refused(body: bytes) -> None:
    """An address given as bytes is not followed either: there is no network in this room."""
    with pytest.raises(BankUnreadable, match="neither an RSS nor an Atom feed"):
        parse_feed(body)


def outcome(body: bytes, form: str) -> Bank | str:
    """Return the bank, or the sentence by which it was refused."""
    try:
        return parse_feed(body) if form == "feed" else parse_bank(body, form=form)
    except BankUnreadable as error:
        return str(error)


def is_sound(bank: Bank | str) -> bool:
    """Tell whether every claim says something and every bad row tells why."""
    if isinstance(bank, str):
        return bool(bank)
    claims = all(claim.text.strip() and claim.id and claim.topic for claim in bank.claims)
    return claims and all(row.why for row in bank.bad_rows)


@given(st.text(st.characters(codec="utf-8"), max_size=200), st.sampled_from([".yaml", ".md", ".csv"]))
def test_no_file_breaks_the_reader(text: str, form: str) -> None:
    """Whatever is in the file: a sound bank, or `BankUnreadable`."""
    assert is_sound(outcome(("text\n" + text if form == ".csv" else text).encode(), form))


@given(st.integers(0, len(RSS)), st.integers(0, 40), st.binary(max_size=12))
def test_no_bytes_break_the_feed_reader(start: int, length: int, junk: bytes) -> None:
    """A feed with a piece torn out or replaced is a sound bank, or `BankUnreadable`."""
    body = RSS.encode()
    assert is_sound(outcome(body[:start] + junk + body[start + length :], "feed"))
