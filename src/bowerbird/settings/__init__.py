"""Settings: `KNOBS` has one row for each, and `load` says which values are in force and where they came from.

A value is taken from, first to last: the environment (``BOWERBIRD_POSTING_ATTEMPT_S``), a file named by the
environment for secrets (``BOWERBIRD_WRITER_KEY_FILE``), the TOML file, the default. An unknown key is an error that
suggests the nearest known one, so a misspelled limit is never silently ignored.
"""

from bowerbird.settings.knobs import BY_NAME, KNOBS, Knob, table_markdown
from bowerbird.settings.reading import FILE, Settings, load, make_folder
from bowerbird.settings.values import KINDS, checked

__all__ = ["BY_NAME", "FILE", "KINDS", "KNOBS", "Knob", "Settings", "checked", "load", "make_folder", "table_markdown"]
