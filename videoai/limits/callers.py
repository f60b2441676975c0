"""Who is counted as one."""

from django.http import HttpRequest

from models_registry.audit.occasion import Actor
from videoai.access.client_address import client_address, shared_network
from videoai.access.occasions import actor_of


def caller_of(request: HttpRequest) -> str:
    """The token or user that the request comes from or, without one, its address."""
    actor = actor_of(request)
    return account_of(actor) if actor.id else f"address:{neighbourhood(client_address(request))}"


def account_of(actor: Actor) -> str:
    return f"{actor.kind}:{actor.id}"


def neighbourhood(address: str) -> str:
    """The addresses that are counted as one; callers of unknown address are counted together."""
    if not address:
        return "unknown"
    return str(shared_network(address) or address)
