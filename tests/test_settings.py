"""Every knob can be turned, within its bounds, from the file, the environment and the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bowerbird.core.errors import BadInput
from bowerbird.settings import KINDS, KNOBS, Knob, load

NUMBERS = [knob for knob in KNOBS if isinstance(knob.default, int | float)]
SECRETS = [knob for knob in KNOBS if knob.secret]


def name_of(knob: Knob) -> str:
    """The name of a parametrised test."""
    return knob.name


def other(knob: Knob) -> tuple[str, Any]:
    """Another value than the default, as a variable's text and as it should arrive."""
    match knob.default:
        case str():
            return "something", "something"
        case dict():
            return "a=x://1 b=y:2", {"a": "x://1", "b": "y:2"}
        case list():
            return ("10, 20", [10.0, 20.0]) if knob.rises else ("a, b", ["a", "b"])
        case number:
            value = (knob.most if number == knob.least else knob.least) if knob.most is not None else number + 1
            assert value is not None
            return f"{value:g}", value


@pytest.mark.parametrize("knob", KNOBS, ids=name_of)
def test_every_setting_has_its_variable(knob: Knob, tmp_path: Path) -> None:
    """The value arrives with the setting's type, and the settings say where it came from."""
    text, value = other(knob)
    found = load(env={"BOWERBIRD_DATA_FOLDER": str(tmp_path), knob.variable: text})
    assert found[knob.name] == value
    assert type(found[knob.name]) is type(knob.default)
    assert found.sources[knob.name] == knob.variable


@pytest.mark.parametrize("knob", KNOBS, ids=name_of)
def test_every_default_is_one_that_could_be_set(knob: Knob, tmp_path: Path) -> None:
    """Within its own bounds, of its own kind, with a sentence and its unit last."""
    given: dict[str, Any] = {"data__folder": str(tmp_path), knob.name.replace(".", "__"): knob.default}
    assert load(env={}, **given)[knob.name] == knob.default
    assert type(knob.default) in KINDS
    assert knob.why.endswith((".", "?"))


@pytest.mark.parametrize("knob", NUMBERS, ids=name_of)
def test_no_number_passes_its_bounds(knob: Knob, tmp_path: Path) -> None:
    """One beyond each bound is refused by name, and so is what is no number at all."""
    beyond = [knob.least - 1 if knob.least is not None else "x", knob.most + 1 if knob.most is not None else "x"]
    for value in [*beyond, "nan", "inf", "-inf", "1e999", "", "ten", True]:
        given: dict[str, Any] = {knob.name.replace(".", "__"): value}
        with pytest.raises(BadInput, match=knob.name):
            load(env={}, data__folder=str(tmp_path), **given)


def test_a_half_port_is_no_port(tmp_path: Path) -> None:
    """A whole number is not quietly cut."""
    with pytest.raises(BadInput, match=r"face.port is 84.5; it must be a whole number"):
        load(env={}, data__folder=str(tmp_path), face__port=84.5)


@pytest.mark.parametrize("text", ["", "60, 60", "60, 5", "0, 60", "60, nan", "soon"])
def test_ages_rise(text: str, tmp_path: Path) -> None:
    """A ladder that does not rise, is empty or begins before the post is refused."""
    with pytest.raises(BadInput, match=r"measuring\.ladder_s"):
        load(env={"BOWERBIRD_MEASURING_LADDER_S": text}, data__folder=str(tmp_path))


def test_the_nearest_source_wins(tmp_path: Path) -> None:
    """The command line over the environment, that over the file, that over the default."""
    file = tmp_path / "mine.toml"
    file.write_text("[face]\nport = 1\nhost = 'file'\n[posting]\nlate_s = 11\n")
    env = {"BOWERBIRD_FACE_PORT": "2", "BOWERBIRD_FACE_HOST": "environment"}
    found = load(file, env=env, face__port=3)
    shown = [(found[name], found.sources[name]) for name in ("face.port", "face.host", "posting.late_s")]
    assert shown == [(3, "command line"), ("environment", "BOWERBIRD_FACE_HOST"), (11.0, "mine.toml")]
    assert found.sources["demo.seed"] == "default"


def test_a_file_in_the_data_folder_is_found(tmp_path: Path) -> None:
    """Without being named; without one the defaults hold."""
    assert load(env={}, data__folder=str(tmp_path))["demo.seed"] == 7
    (tmp_path / "bowerbird.toml").write_text("[demo]\nseed = 9\n")
    assert load(env={}, data__folder=str(tmp_path))["demo.seed"] == 9


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[posting\n", "is not valid TOML"),
        (b"\xff\xfe", "cannot be read"),
        (b"port = 3\n", "'port' stands outside a table"),
        (b"[posting]\natempt_s = 3\n", r"no setting 'posting.atempt_s'; did you mean 'posting.attempt_s'\?"),
        (b"[zzz]\nqqq = 3\n", "`bowerbird settings` lists them all"),
        (b"[face]\nport = 'x'\n", "must be a whole number"),
        (b"[face]\nhost = 3\n", "must be text"),
        (b"[face]\nport = true\n", "must be a whole number"),
        (b"[account]\nslots = 3\n", "must be a list"),
    ],
)
def test_a_broken_file_is_told_in_a_sentence(content: bytes, words: str, tmp_path: Path) -> None:
    """With its name and what to mend; nothing is taken from it."""
    file = tmp_path / "mine.toml"
    file.write_bytes(content)
    with pytest.raises(BadInput, match=words) as caught:
        load(file, env={})
    assert "mine.toml" in str(caught.value)


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    """A misspelled path must not mean the defaults."""
    with pytest.raises(BadInput, match="there is no settings file"):
        load(tmp_path / "none.toml", env={})


@pytest.mark.parametrize("knob", SECRETS, ids=name_of)
def test_a_secret_may_come_from_a_file_and_is_never_shown(knob: Knob, tmp_path: Path) -> None:
    """As systemd and Docker hand them over; a trailing newline is not part of it."""
    file = tmp_path / "secret"
    file.write_text("hunter2\n")
    found = load(env={knob.variable + "_FILE": str(file)}, data__folder=str(tmp_path))
    assert found[knob.name] in ("hunter2", {"first": "hunter2"})
    assert found.shown(knob.name) == ("first" if isinstance(knob.default, dict) else "(set)")
    assert "hunter2" not in repr(found)
    assert load(env={}, data__folder=str(tmp_path)).shown(knob.name) == "(not set)"


def test_channels_are_shown_by_their_names_and_never_by_an_address(tmp_path: Path) -> None:
    """A fifth one without a name is called by its address, so it is not shown; "none" is."""
    nameless = "https://a.test/1 https://a.test/2 https://a.test/3 https://a.test/4 https://a.test/s3cret"
    variable = "BOWERBIRD_ALERTS_CHANNELS"
    for value, shown in ((nameless, "first, second, third, fourth"), ("mail=x:y phone=z:", "mail, phone")):
        assert load(env={variable: value}, data__folder=str(tmp_path)).shown("alerts.channels") == shown
    assert load(env={variable: "none"}, data__folder=str(tmp_path)).shown("alerts.channels") == "none"


def test_a_secret_file_that_is_missing_is_told(tmp_path: Path) -> None:
    """And a setting that is no secret is not read from files."""
    gone = str(tmp_path / "gone")
    with pytest.raises(BadInput, match="BOWERBIRD_WRITER_KEY_FILE names a file that cannot be read"):
        load(env={"BOWERBIRD_WRITER_KEY_FILE": gone}, data__folder=str(tmp_path))
    assert load(env={"BOWERBIRD_FACE_PORT_FILE": gone}, data__folder=str(tmp_path))["face.port"] == 8420


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('alerts = "none"', {"none": ""}),
        ('[alerts]\nchannels = "none"', {"none": ""}),
        (
            '[alerts.channels]\nphone = "tgram://1/2"\nmail = "mailto://a"',
            {"phone": "tgram://1/2", "mail": "mailto://a"},
        ),
        ('[alerts]\nchannels = "https://there.test/?a=b"', {"first": "https://there.test/?a=b"}),
    ],
)
def test_channels_may_be_written_in_several_ways(text: str, value: dict[str, str], tmp_path: Path) -> None:
    """As a table of names, as one address, or as the word that nobody is to be told; their order is kept."""
    file = tmp_path / "bowerbird.toml"
    file.write_text(text)
    assert list(load(file, env={})["alerts.channels"].items()) == list(value.items())


def test_a_channel_that_is_no_text_is_refused_without_telling_it(tmp_path: Path) -> None:
    """Only that it is wrong."""
    file = tmp_path / "bowerbird.toml"
    file.write_text("[alerts.channels]\nphone = 7000123")
    with pytest.raises(BadInput, match=r"alerts\.channels is \(hidden\)"):
        load(file, env={})


def test_an_error_about_a_secret_does_not_tell_it(tmp_path: Path) -> None:
    """Only that it is wrong."""
    with pytest.raises(BadInput) as caught:
        load(env={}, data__folder=str(tmp_path), writer__key=["hunter2"])
    assert "hunter2" not in str(caught.value)
