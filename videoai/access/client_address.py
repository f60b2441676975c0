"""Which address a request comes from. What a client writes into its own headers counts for nothing."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import chain

from django.conf import settings
from django.http import HttpRequest

Address = IPv4Address | IPv6Address


def client_address(request: HttpRequest) -> str:
    """The peer's address or, behind trusted proxies, the nearest one in `X-Forwarded-For` that is not theirs.

    Each proxy appends whom it heard from, so the list is believed from its end, as long as it names proxies
    of ours. Empty when the server knows no address, as on a Unix socket.
    """
    nearest = ""
    forwarded = request.headers.get("X-Forwarded-For", "").split(",")
    for text in chain([request.META.get("REMOTE_ADDR", "")], reversed(forwarded)):
        address = _read(text)
        if address is None:
            break
        nearest = str(address)
        if not any(address in network for network in settings.TRUSTED_PROXIES):
            break
    return nearest


def _read(text: str) -> Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
