"""The bytes of a picture, which must be those that were approved."""

from __future__ import annotations

import hashlib
from pathlib import Path

from bowerbird.core.errors import Refused
from bowerbird.core.post import GONE, Media

BYTES_MAX = 2_000_000
"""Largest picture, bytes (lexicon app.bsky.embed.images, as of @atproto/pds in dev-env 0.6.7)."""


def content(root: Path, media: Media) -> bytes:
    """Read a picture. Blocks.

    Raises:
        Refused: it is gone (`picture_gone`), another than was approved (`picture_changed`), or too large (`media`).
    """
    try:
        data = (root / media.path).read_bytes()
    except OSError as error:
        raise Refused(f"The picture {media.path} cannot be read: {error.strerror}.", reason=GONE) from error
    if hashlib.sha256(data).hexdigest() != media.sha256:
        raise Refused(f"The picture {media.path} is not the one that was approved.", reason="picture_changed")
    if len(data) > BYTES_MAX:
        raise Refused(f"The picture {media.path} is larger than {BYTES_MAX / 1e6:g} MB.", reason="media")
    return data
