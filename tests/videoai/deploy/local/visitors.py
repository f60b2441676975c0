"""Whoever comes to nginx over TLS, from an address of loopback that is theirs."""

import http.client
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from videoai.deploy.local.nginx import Nginx

STRANGER = "127.0.0.2"  # not that of nginx, which is trusted


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def kind(self) -> str:
        return self.headers.get_content_type()

    @property
    def told(self) -> Any:
        return json.loads(self.body)


class Visitor:
    def __init__(self, nginx: Nginx, *, address: str = STRANGER) -> None:
        self._nginx, self._address = nginx, address
        self._trust = ssl.create_default_context(cafile=nginx.certificate)

    def connect(self) -> http.client.HTTPSConnection:
        port, source = self._nginx.port, (self._address, 0)
        return http.client.HTTPSConnection(
            "127.0.0.1", port, timeout=20, source_address=source, context=self._trust
        )

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """`headers` in Python's spelling, as in `x_forwarded_for`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            body = json.dumps(body).encode()
            sent.setdefault("content-type", "application/json")
        with self._asked(method, path, body, sent) as response:
            return Answer(response.status, response.headers, response.read())

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    @contextmanager
    def listening(self, path: str) -> Iterator[http.client.HTTPResponse]:
        with self._asked("GET", path, None, {"accept": "text/event-stream"}) as response:
            yield response

    @contextmanager
    def _asked(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> Iterator[http.client.HTTPResponse]:
        connection = self.connect()
        try:
            connection.request(method, path, body, headers)
            yield connection.getresponse()
        finally:
            connection.close()


def next_event(response: http.client.HTTPResponse) -> dict[str, str]:
    """The fields of the next one; comments and what only sets the pace are passed over."""
    fields: dict[str, str] = {}
    while line := response.readline().decode().rstrip("\n"):
        name, _, value = line.partition(": ")
        fields[name] = value
    return fields if "data" in fields else next_event(response)
