"""Who is counted as one."""

from ipaddress import IPv6Address, ip_address, ip_network

from django.http import HttpRequest

from videoai.access.client_address import client_address
from videoai.access.occasions import actor_of

# What one customer of a provider gets: whoever has one IPv6 address has all of these.
IPV6_NEIGHBOURS = 64


def caller_of(request: HttpRequest) -> str:
    """The token or user that the request comes from or, without one, its address."""
    actor = actor_of(request)
    return f"{actor.kind}:{actor.id}" if actor.id else f"address:{neighbourhood(client_address(request))}"


def neighbourhood(address: str) -> str:
    """The addresses that are counted as one; callers of unknown address are counted together."""
    if not address:
        return "unknown"
    if isinstance(ip_address(address), IPv6Address):
        return str(ip_network((address, IPV6_NEIGHBOURS), strict=False))
    return address
