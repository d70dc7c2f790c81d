"""Whom every connection trusts: the certificates of this machine, read once for all accounts.

Reading them takes 20 ms of the event loop and a megabyte, and each client would do it for itself.
"""

from __future__ import annotations

import functools
import ssl

import httpx


@functools.cache
def trusted() -> ssl.SSLContext:
    """The certificates; the same object for every client, which none of them changes."""
    return httpx.create_ssl_context()
