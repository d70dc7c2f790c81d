"""The page of the settings: as in force, with unit and reason, and where each came from; never a secret."""

from pathlib import Path

import pytest

from bowerbird.app.face import shown
from bowerbird.core.credentials import without_credentials
from bowerbird.dashboard.asked import SettingRow
from bowerbird.dashboard.pages.settings import TABLES, came_from, worded
from bowerbird.settings import KNOBS, load
from tests.dashboard.corpus import HOSTILE
from tests.dashboard.house import House
from tests.dashboard.test_hostile import harmless

ENVIRONMENT = {"BOWERBIRD_FACE_PORT": "9000", "BOWERBIRD_WRITER_KEY": "sk-very-secret"}


@pytest.fixture
def settled(tmp_path: Path) -> House:
    """A house whose settings came from everywhere."""
    file = tmp_path / "bowerbird.toml"
    file.write_text('[posting]\nattempt_s = 45\n\n[account]\nmode = "auto"\n', encoding="utf-8")
    return House(shown(load(file, env=ENVIRONMENT, data__folder=str(tmp_path))))


async def test_every_setting_stands_below_the_heading_of_its_table(settled: House) -> None:
    """With why it exists, and the variable that sets it."""
    page = await settled.signed_in().get("/settings")
    assert [knob.name for knob in KNOBS if f'data-key="{knob.name}"' not in page.html] == []
    for knob in KNOBS:
        assert " ".join(knob.why.split()) in page.words
        assert knob.variable in page.words
    assert {knob.name.partition(".")[0] for knob in KNOBS} == set(TABLES)
    assert [element for element, words in page.texts if words.strip() in TABLES.values()].count("h2") == len(TABLES)


async def test_where_a_value_came_from_is_said(settled: House) -> None:
    """Default, file, environment or command line; and what it would be without."""
    words = (await settled.signed_in().get("/settings")).words
    for told in (
        "posting.attempt_s 45 s from the file bowerbird.toml instead of 60 s", "data.folder",
        "from the command line instead of ~/.local/share/bowerbird",
        "face.port 9000 from the variable BOWERBIRD_FACE_PORT instead of 8420",
        "writer.key (set) from the variable BOWERBIRD_WRITER_KEY The key",
        "posting.late_s 3,600 s (60 min) the default",
        "In the environment: BOWERBIRD_POSTING_ATTEMPT_S, from 10 to 75.",
    ):  # fmt: skip
        assert told in words
    assert "sk-very-secret" not in words


async def test_only_what_somebody_set_can_be_shown(settled: House) -> None:
    """With how many there are."""
    page = await settled.signed_in().get("/settings?show=changed")
    assert f"All {len(KNOBS)} Changed 5" in page.words
    assert 'data-key="account.mode"' in page.html
    assert 'data-key="posting.late_s"' not in page.html


async def test_nothing_was_changed(home: House) -> None:
    """The page says so, and leads on."""
    assert "Nobody changed anything" in (await home.get("/settings?show=changed")).words


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("posting.attempt_s", "60.0", "60 s"),
        ("posting.late_s", "3600.0", "3,600 s (60 min)"),
        ("account.cover_h", "24.0", "24 h"),
        ("spool.max_mb", "64", "64 MB"),
        ("posting.audit_share", "0.001", "0.001"),
        ("writer.model", "", "empty"),
        ("writer.model", "llama3", "llama3"),
        ("measuring.ladder_s", "[60.0, 10800.0]", "1 min, 3 h"),
        ("account.slots", "['09:30', '12:30']", "09:30, 12:30"),
        ("account.searches", "[]", "none"),
        ("writer.about", "[not a list", "[not a list"),
        ("writer.about", "[" * 1_900, "[" * 1_900),
        ("writer.about", "[" * 3_000, "[" * 3_000),
    ],
)
def test_a_value_is_said_with_its_unit(name: str, value: str, words: str) -> None:
    """As people read it; what is no number stays as it is."""
    assert worded(name, value) == words


@pytest.mark.parametrize(
    ("source", "words"),
    [("default", "the default"), ("my.toml", "from the file my.toml"), ("command line", "from the command line"),
     ("BOWERBIRD_X", "from the variable BOWERBIRD_X"), ("BOWERBIRD_X_FILE", "from the variable BOWERBIRD_X_FILE")],
)  # fmt: skip
def test_a_source_is_said_in_words(source: str, words: str) -> None:
    """A variable that names a file is called by its own name."""
    assert came_from(SettingRow(name="x", value="", source=source, why="", variable="BOWERBIRD_X")) == words


def test_a_secret_from_a_file_says_which_variable_named_it(tmp_path: Path) -> None:
    """Not the one that would hold the secret itself."""
    (tmp_path / "key").write_text("sk-secret", encoding="utf-8")
    found = load(env={"BOWERBIRD_WRITER_KEY_FILE": str(tmp_path / "key")}, data__folder=str(tmp_path))
    assert (found["writer.key"], found.sources["writer.key"]) == ("sk-secret", "BOWERBIRD_WRITER_KEY_FILE")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https://me:secret@host/v1", "https://(hidden)@host/v1"),
        ("https://host/v1?api_key=secret&x=1", "https://host/v1?api_key=(hidden)&x=1"),
        ("https://host/v1?x=1&Token=secret#part", "https://host/v1?x=1&Token=(hidden)#part"),
        ("a key=value in words, and //comments", "a key=value in words, and //comments"),
    ],
)
def test_what_opens_an_address_is_hidden(text: str, words: str) -> None:
    """The rest of it stays."""
    assert without_credentials(text) == words


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_words_in_a_setting_are_words(home: House, text: str) -> None:
    """In every field of it."""
    home.face.settings = [
        SettingRow(name=text, value=text, source=text, why=text, default=text, variable=text, bounds=text),
        SettingRow(name="x_s", value=f"[{text}]", source="default", why=text),
    ]
    harmless(await home.get("/settings"))
