"""Certificates are read once, for all accounts."""

from __future__ import annotations

import ssl

from bowerbird.platforms.trust import trusted


def test_all_connections_trust_the_same_certificates_and_check_them() -> None:
    """One object, which refuses a server that cannot show who it is."""
    assert trusted() is trusted()
    assert trusted().verify_mode is ssl.CERT_REQUIRED
    assert trusted().check_hostname
