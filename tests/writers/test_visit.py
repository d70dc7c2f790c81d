"""A visit goes to the very address that was looked at, and nowhere that nobody meant."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

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
