"""Hide what somebody wrote into an address to get in, wherever such an address is shown."""

from __future__ import annotations

import re

_SIGNED = re.compile(r"//[^/@\s]*@")
_ASKED_WITH = re.compile(r"(?i)(?<=[?&])([\w-]*(?:key|token|password|passwd|secret|signature))=[^&#\s]+")


def without_credentials(text: str) -> str:
    """Hide the password in ``https://me:secret@host`` and the token in ``?token=secret``."""
    return _ASKED_WITH.sub(r"\1=(hidden)", _SIGNED.sub("//(hidden)@", text))
