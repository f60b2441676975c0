"""What of a request matters to the edge. Only the plainest are answered here; the rest is for Django."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from videoai.access.client_address import nearest_stranger
from videoai.api.request_id import WELL_FORMED

Scope = Mapping[str, Any]

ACCEPTED = frozenset({b"", b"*/*", b"application/json"})
MOST_HOSTS = 1_000

HOST, ACCEPT, ENCODING, TAG, ID, FORWARDED = range(6)
# What decides about an answer, by name; whatever else a client sends changes nothing about it.
PLACES = {
    b"host": HOST,
    b"accept": ACCEPT,
    b"accept-encoding": ENCODING,
    b"if-none-match": TAG,
    b"x-request-id": ID,
    b"x-forwarded-for": FORWARDED,
}
# With one of these, Django has to look: credentials, bodies, another scheme.
FOR_DJANGO = frozenset({b"authorization", b"content-length", b"transfer-encoding", b"x-forwarded-proto"})


class Plain(NamedTuple):
    """An anonymous GET or HEAD, which could be answered from what is ready."""

    encoding: bytes
    if_none_match: bytes
    request_id: bytes  # empty: make one
    address: str  # of the client


class Requests:
    """Reads requests; remembers the host names that were found good."""

    def __init__(self) -> None:
        self._session_cookie = f"{settings.SESSION_COOKIE_NAME}=".encode()
        self._is_behind_proxies = bool(settings.TRUSTED_PROXIES)
        self._https = settings.SECURE_SSL_REDIRECT
        self._hosts: set[bytes] = set()

    def plain(self, scope: Scope) -> Plain | None:
        """None for what Django has to answer."""
        found = [b""] * len(PLACES)
        is_secure = False
        for name, value in scope["headers"]:
            place = PLACES.get(name)
            if place is not None:
                if found[place]:
                    return None
                found[place] = value
            elif name == b"cookie":
                if self._session_cookie in value:
                    return None
            elif name in FOR_DJANGO:
                if name != b"x-forwarded-proto" or value != b"https" or not self._https:
                    return None
                is_secure = True
        host, accept, encoding, tag, request_id, forwarded = found
        if accept not in ACCEPTED or is_secure is not self._https:
            return None
        if host not in self._hosts and not self._is_good(host):
            return None
        if request_id and not WELL_FORMED.fullmatch(request_id.decode("latin-1")):
            request_id = b""
        client = scope["client"]
        address = client[0] if client else ""
        if self._is_behind_proxies:
            address = nearest_stranger(address, forwarded.decode("latin-1"))
        return Plain(encoding, tag, request_id, address)

    def _is_good(self, host: bytes) -> bool:
        domain, _ = split_domain_port(host.decode("latin-1"))
        is_good = bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)
        if is_good and len(self._hosts) < MOST_HOSTS:
            self._hosts.add(host)
        return is_good
