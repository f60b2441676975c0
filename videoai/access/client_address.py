"""Which address a request comes from. What a client writes into its own headers counts for nothing."""

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from itertools import chain

from django.conf import settings
from django.http import HttpRequest

Address = IPv4Address | IPv6Address
SHARED_BITS = 64
# Some proxies add the port: 192.0.2.1:5678, [2001:db8::1]:80.
WITH_PORT = re.compile(r"(?P<v4>[0-9.]+):[0-9]{1,5}|\[(?P<v6>[^\]]+)\](?::[0-9]{1,5})?")


def client_address(request: HttpRequest) -> str:
    """Where `request` comes from; empty when the server knows no address, as on a Unix socket."""
    return nearest_stranger(request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", ""))


def nearest_stranger(peer: str, forwarded: str) -> str:
    """The peer's address or, behind trusted proxies, the nearest one in `X-Forwarded-For` that is not theirs.

    Each proxy appends whom it heard from, so the list is believed from its end, as long as it names proxies
    of ours.
    """
    nearest = ""
    for text in chain([peer], reversed(forwarded.split(","))):
        address = _read(text)
        if address is None:
            break
        nearest = str(address)
        if not any(address in network for network in settings.TRUSTED_PROXIES):
            break
    return nearest


def shared_network(address: str) -> IPv6Network | None:
    """What one customer of a provider gets: whoever has one IPv6 address has all of these. None for IPv4."""
    if isinstance(ip_address(address), IPv4Address):
        return None
    return IPv6Network((address, SHARED_BITS), strict=False)


def _read(text: str) -> Address | None:
    """The address in `text`, without port or zone; one of IPv4 as such, though it be mapped into IPv6."""
    text = text.strip()
    if with_port := WITH_PORT.fullmatch(text):
        text = with_port["v4"] or with_port["v6"]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
