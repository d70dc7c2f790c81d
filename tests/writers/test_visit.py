"""A visit goes to the very address that was looked at, and nowhere that nobody meant."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from bowerbird.writers.claims import BankUnreadable
from bowerbird.writers.fetching import fetch
from bowerbird.writers.visit import addresses_of, visit
from tests.writers.test_fetching import site

PUBLIC, OTHER, INNER = "93.184.215.14", "93.184.215.15", "10.0.0.7"


@contextmanager
def names(
    monkeypatch: pytest.MonkeyPatch, port: int, *answers: list[str], dead: tuple[str, ...] = ()
) -> Iterator[list[str]]:
    """Each time a name is asked for the next of these answers is given; every address leads to a site on loopback.

    What is yielded fills with the addresses that somebody connected to. dead: those that refuse.
    """
    connected: list[str] = []
    told = iter(answers)
    real_connect, real_look = socket.create_connection, socket.getaddrinfo

    def look(host: str, *args: Any, **more: Any) -> Any:
        if host[0].isdigit():
            return real_look(host, *args, **more)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in next(told)]

    def connect(address: tuple[str, int], *args: Any, **more: Any) -> socket.socket:
        connected.append(address[0])
        if address[0] in dead:
            raise ConnectionRefusedError
        return real_connect(("127.0.0.1", port), *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look)
    monkeypatch.setattr(socket, "create_connection", connect)
    yield connected


def port_of(url: str) -> int:
    """The port of a site."""
    return int(url.rpartition(":")[2])


def test_we_connect_to_the_address_that_was_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads into this network when it is asked a second time is not asked a second time."""
    with site({"/a": (200, {}, b"x")}) as (url, _), names(monkeypatch, port_of(url), [PUBLIC], [INNER]) as connected:
        assert visit("http://feeds.example.org/a", named="feeds.example.org", size_max=9).body == b"x"
    assert connected == [PUBLIC]


def test_one_inner_address_among_many_is_one_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked there, nor at the others."""
    with names(monkeypatch, 9, [PUBLIC, INNER]) as connected, pytest.raises(BankUnreadable, match=INNER):
        visit("http://feeds.example.org/a", named="feeds.example.org", size_max=9)
    assert connected == []


def test_the_next_address_is_tried_where_the_first_is_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """As whoever connects by a name does."""
    with (
        site({"/a": (200, {}, b"x")}) as (url, _),
        names(monkeypatch, port_of(url), [OTHER, PUBLIC], dead=(OTHER,)) as connected,
    ):
        assert visit("http://feeds.example.org/a", named="feeds.example.org", size_max=9).status == 200
    assert connected == [OTHER, PUBLIC]


def test_a_site_is_asked_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its address is only where we connect; the marks of the answer stand under the name as well."""
    with site({"/a": (302, {"location": "/b"}, b"")}) as (url, _), names(monkeypatch, port_of(url), [PUBLIC]):
        moved = visit("http://feeds.example.org/a", named="feeds.example.org", size_max=9).moved
    assert moved == "http://feeds.example.org/b"


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate of this name, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    day = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number(), day, day.replace(year=2099))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    cert, private = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return cert, private


@pytest.mark.parametrize(("name", "read"), [("feeds.example.org", True), ("other.example.org", False)])
def test_a_certificate_has_to_bear_the_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, read: bool
) -> None:
    """Not the address, at which we connect."""
    cert, private = certificate(tmp_path, name)
    there = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    there.load_cert_chain(cert, private)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    with site({"/a": (200, {}, b"x")}, tls=there) as (url, _), names(monkeypatch, port_of(url), [PUBLIC]):
        if read:
            assert visit("https://feeds.example.org/a", named="feeds.example.org", size_max=9).body == b"x"
        else:
            with pytest.raises(BankUnreadable, match="ConnectError"):
                visit("https://feeds.example.org/a", named="feeds.example.org", size_max=9)


@pytest.mark.parametrize("variable", ["http_proxy", "all_proxy"])
def test_where_a_proxy_is_named_it_is_asked_for_the_name(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """It resolves by itself; the name was looked at before all the same."""
    asked_for = "http://feeds.example.org/a"
    monkeypatch.delenv("no_proxy", raising=False)
    with site({asked_for: (200, {}, b"x")}) as (url, _), names(monkeypatch, port_of(url), [PUBLIC]) as connected:
        monkeypatch.setenv(variable, url)
        assert visit(asked_for, named="feeds.example.org", size_max=9).body == b"x"
    assert connected == ["127.0.0.1"]


def test_no_public_site_leads_into_this_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its robots.txt may have moved anywhere, but not to an address that its owner alone could have meant."""
    moved = {"/robots.txt": (302, {"location": f"http://{INNER}/robots.txt"}, b"")}
    with (
        site(moved) as (url, _),
        names(monkeypatch, port_of(url), [PUBLIC]) as connected,
        pytest.raises(BankUnreadable, match=f"leads into this network .{INNER}"),
    ):
        fetch("http://feeds.example.org/a", size_max=9)
    assert connected == [PUBLIC]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "wiki", "::1", "192.168.1.4"])
def test_what_lies_in_this_network_is_read_if_it_was_meant(host: str) -> None:
    """Named so by whoever sent us; a public address that was named is no leave for it."""
    assert addresses_of(host, host) == [host]
    if host != "wiki":
        with pytest.raises(BankUnreadable, match="into this network"):
            addresses_of(host, PUBLIC)
