"""An answer as our own client sees it, beside which nothing is taken on trust that wrk counts."""

import http.client
from collections.abc import Mapping
from dataclasses import dataclass

LINE_ENDS = 4  # bytes: the colon, the space and the two of the end


@dataclass(frozen=True)
class Answer:
    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def size(self) -> int:
        """Bytes on the wire."""
        head = len(f"HTTP/1.1 {self.status} {self.reason}\r\n\r\n")
        return head + sum(len(name) + len(value) + LINE_ENDS for name, value in self.headers) + len(self.body)

    @property
    def names(self) -> list[str]:
        """Of its headers, in lower case."""
        return sorted(name.lower() for name, _ in self.headers)

    def header(self, name: str) -> str:
        return next(value for key, value in self.headers if key.lower() == name)

    def __str__(self) -> str:
        """Short enough for a message."""
        return f"{self.status}, {', '.join(self.names)}, {len(self.body):,} bytes: {self.body[:300]!r}"


def ask(port: int, path: str, headers: Mapping[str, str] | None = None) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        # wrk asks for no encoding, either.
        connection.putrequest("GET", path, skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        return Answer(response.status, response.reason, tuple(response.getheaders()), response.read())
    finally:
        connection.close()
