"""What of a request matters to the edge. Only the plainest are answered here; the rest is for Django."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from videoai.access.client_address import nearest_stranger
from videoai.api.request_id import WELL_FORMED
from videoai.limits.counted import RAW_HEADER

Scope = MutableMapping[str, Any]
Headers = list[tuple[bytes, bytes]]
Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]

ACCEPTED = frozenset({b"", b"*/*", b"application/json"})
MOST_HOSTS = 1_000
LONGEST_HOST = 260  # a name and its port

# What decides about an answer. Whatever else a client sends changes nothing about it, but for what follows.
NAMES = (
    *(b"host", b"accept", b"x-forwarded-proto", b"accept-encoding", b"if-none-match"),
    *(b"x-request-id", b"x-forwarded-for"),
)
PLACES = {name: place for place, name in enumerate(NAMES)}
# With one of these, Django has to look; with a cookie, if it may be that of a session or a form.
FOR_DJANGO = frozenset({b"authorization", b"content-length", b"transfer-encoding", RAW_HEADER})


class Sending:
    """As `send`; and tells whether an answer has begun."""

    __slots__ = ("_send", "has_begun")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.has_begun = False

    def __call__(self, message: Message) -> Awaitable[None]:
        self.has_begun = True
        return self._send(message)


class Plain(NamedTuple):
    """An anonymous GET or HEAD, which could be answered from what is ready."""

    encoding: bytes
    if_none_match: bytes
    request_id: bytes  # empty: make one
    address: str  # of the client


class Requests:
    """Reads requests; remembers the host names that were found good."""

    def __init__(self) -> None:
        # By name alone: Django takes blanks before the `=`. A spoilt one of a form is answered with another.
        self._session_cookie = settings.SESSION_COOKIE_NAME.encode()
        self._form_cookie = settings.CSRF_COOKIE_NAME.encode()
        self._is_behind_proxies = bool(settings.TRUSTED_PROXIES)
        self._insists_on_https = settings.SECURE_SSL_REDIRECT
        self._hosts: set[bytes] = set()

    def plain(self, scope: Scope) -> Plain | None:
        """None for what Django has to answer."""
        found = self._deciding(scope["headers"])
        if found is None:
            return None
        host, accept, scheme, encoding, tag, request_id, forwarded = found
        if accept not in ACCEPTED or (self._insists_on_https and scheme != b"https"):
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

    def _deciding(self, headers: Headers) -> list[bytes] | None:
        """The values of `NAMES`; None if one comes twice, or empty, or anything that is for Django."""
        found = [b""] * len(NAMES)
        for name, value in headers:
            place = PLACES.get(name)
            if place is not None:
                if found[place] or not value:
                    return None
                found[place] = value
            elif name in FOR_DJANGO or (name == b"cookie" and self._is_for_django(value)):
                return None
        return found

    def _is_for_django(self, cookies: bytes) -> bool:
        return self._session_cookie in cookies or self._form_cookie in cookies

    def _is_good(self, host: bytes) -> bool:
        if len(host) > LONGEST_HOST:
            return False
        domain, _ = split_domain_port(host.decode("latin-1"))
        is_good = bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)
        if is_good and len(self._hosts) < MOST_HOSTS:
            self._hosts.add(host)
        return is_good
