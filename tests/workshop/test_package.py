"""What is installed is all of the package, and what the system starts is what we ship."""

import configparser
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import bowerbird
from bowerbird.settings import BY_NAME

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "bowerbird"


def test_the_wheel_carries_every_file_of_the_package(tmp_path: Path) -> None:
    """Templates, static files, banks, migrations and TOML are installed with the code."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    carried = set(zipfile.ZipFile(wheel).namelist())
    here = {
        str(file.relative_to(PACKAGE.parent))
        for file in PACKAGE.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert here - carried == set()
    assert f"bowerbird-{bowerbird.__version__}.dist-info/entry_points.txt" in carried


def test_the_service_names_only_settings_that_exist() -> None:
    """A knob that is renamed is renamed in the unit as well."""
    unit = (ROOT / "packaging" / "bowerbird.service").read_text()
    named = {name.removesuffix("_FILE") for name in re.findall(r"BOWERBIRD_[A-Z_]+(?==)", unit)}
    assert named
    assert named <= {knob.variable for knob in BY_NAME.values()}


def test_the_service_is_bounded_and_hardened() -> None:
    """The systemd unit restarts three times in ten minutes, writes only its own folder, gains no rights."""
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's names keep their capitals
    unit.read(ROOT / "packaging" / "bowerbird.service")
    assert unit["Service"]["ExecStart"].endswith("/bowerbird run")
    assert (unit["Unit"]["StartLimitBurst"], unit["Unit"]["StartLimitIntervalSec"]) == ("3", "600")
    assert unit["Service"]["ProtectSystem"] == "strict"
    assert unit["Service"]["NoNewPrivileges"] == "yes"
    assert unit["Service"]["StateDirectory"] == "bowerbird"
