"""The client is whom our own proxies heard from, whatever it says of itself."""

from ipaddress import ip_network

import pytest
from django.test import RequestFactory

from videoai.access.client_address import client_address

PROXIES = [ip_network(text) for text in ("127.0.0.1", "10.0.0.0/8", "2001:db8:ffff::/48")]


def address(peer: str | None, *forwarded: str) -> str:
    """The client's address in a request from `peer`, through proxies that wrote `forwarded`."""
    request = RequestFactory().get("/")
    del request.META["REMOTE_ADDR"]
    if peer is not None:
        request.META["REMOTE_ADDR"] = peer
    if forwarded:
        # Servers hand several headers of one name over like this (RFC 3875).
        request.META["HTTP_X_FORWARDED_FOR"] = ",".join(forwarded)
    return client_address(request)


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        # Nobody in between.
        ("192.0.2.1", [], "192.0.2.1"),
        ("2001:DB8:0::1", [], "2001:db8::1"),
        ("10.1.2.3", [], "10.1.2.3"),
        # What a stranger writes counts for nothing.
        ("192.0.2.1", ["198.51.100.7"], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.7, 127.0.0.1"], "192.0.2.1"),
        # Proxies of ours, one and several, in one header and in several.
        ("127.0.0.1", ["192.0.2.1"], "192.0.2.1"),
        ("127.0.0.1", ["192.0.2.1, 10.0.0.5"], "192.0.2.1"),
        ("127.0.0.1", ["192.0.2.1", "10.0.0.5", "10.0.0.6"], "192.0.2.1"),
        ("2001:db8:ffff::5", [" 2001:db8::1 "], "2001:db8::1"),
        # They append: what stands before the nearest stranger is that stranger's own tale.
        ("127.0.0.1", ["198.51.100.7, 192.0.2.1"], "192.0.2.1"),
        ("127.0.0.1", ["127.0.0.1", "192.0.2.1", "10.0.0.5"], "192.0.2.1"),
        # All of them ours: the farthest.
        ("127.0.0.1", ["10.0.0.7, 10.0.0.5"], "10.0.0.7"),
        # Ports, zones, and IPv4 in the clothes of IPv6.
        ("127.0.0.1", ["192.0.2.1:5678"], "192.0.2.1"),
        ("127.0.0.1:4000", ["[2001:db8::1]:80"], "2001:db8::1"),
        ("127.0.0.1", ["[2001:db8::1]"], "2001:db8::1"),
        ("fe80::1%eth0", [], "fe80::1"),
        ("::ffff:127.0.0.1", ["::ffff:192.0.2.1"], "192.0.2.1"),
        ("127.0.0.1", ["[::ffff:192.0.2.1]:80"], "192.0.2.1"),
        # What can't be read ends the tale: the last one that we know.
        ("127.0.0.1", [""], "127.0.0.1"),
        ("127.0.0.1", ["192.0.2.1", "unknown"], "127.0.0.1"),
        ("127.0.0.1", ["192.0.2.1", "_hidden", "10.0.0.5"], "10.0.0.5"),
        ("127.0.0.1", ["192.0.2.1,,10.0.0.5"], "10.0.0.5"),
        ("127.0.0.1", ["192.0.2.256"], "127.0.0.1"),
        ("127.0.0.1", ["192.0.2.01"], "127.0.0.1"),
        ("127.0.0.1", ["192.0.2.1:port"], "127.0.0.1"),
        ("127.0.0.1", ["3232235777"], "127.0.0.1"),
        ("127.0.0.1", ["１９２.0.2.1"], "127.0.0.1"),
        ("127.0.0.1", ["<script>", "192.0.2.1\0"], "127.0.0.1"),
        ("127.0.0.1", ["for=192.0.2.1"], "127.0.0.1"),
        ("127.0.0.1", ["1" * 100_000], "127.0.0.1"),
        # No address at all, as on a Unix socket.
        ("", [], ""),
        ("", ["192.0.2.1"], ""),
        (None, ["192.0.2.1"], ""),
    ],
)
def test_behind_trusted_proxies(settings, peer, forwarded, client):
    settings.TRUSTED_PROXIES = PROXIES

    assert address(peer, *forwarded) == client


def test_without_any_every_peer_is_the_client(settings):
    settings.TRUSTED_PROXIES = []

    assert address("127.0.0.1", "192.0.2.1") == "127.0.0.1"
