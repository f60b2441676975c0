"""Many clients of the live stream in one process: `python -m tests.benchmarks.idle_clients PORT CLIENTS`.

Says `open` when all are answered. When its input ends, it tells when which revision came to a client, as
`{revision: [seconds of the monotonic clock…]}`.
"""

import json
import re
import socket
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from selectors import EVENT_READ, DefaultSelector
from time import monotonic

REQUEST = b"GET /api/v1/events/ HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
FINE = b"HTTP/1.1 200 "
END_OF_HEAD = b"\r\n\r\n"
REVISION = re.compile(rb"^id: ?\S*-(\d+)\r?\n", re.MULTILINE)
PATIENCE = 60  # seconds
READ_AT_ONCE = 4_096


@dataclass(slots=True)
class Client:
    socket: socket.socket
    rest: bytes = b""  # that did not come whole
    is_open: bool = False

    def read(self) -> Iterator[int]:
        """The revisions that came since. Raises ConnectionError when it is refused or cut off."""
        came = self.socket.recv(READ_AT_ONCE)
        if not came:
            raise ConnectionError(f"A stream was cut off after {self.rest!r}.")
        self.rest += came
        if not self.is_open:
            head, end, rest = self.rest.partition(END_OF_HEAD)
            if not end:
                return
            if not head.startswith(FINE):
                raise ConnectionError(f"A stream was answered with {self.rest[:500]!r}.")
            self.is_open, self.rest = True, rest
        whole = self.rest.rfind(b"\n") + 1
        lines, self.rest = self.rest[:whole], self.rest[whole:]
        yield from map(int, REVISION.findall(lines))


def main(port: int, number: int) -> None:
    came: dict[int, list[float]] = defaultdict(list)
    with DefaultSelector() as selector:
        clients = [connected(port, selector) for _ in range(number)]
        waiting = set(map(id, clients))
        while waiting:
            for client in listen(selector, came):
                if client.is_open:
                    waiting.discard(id(client))
        print("open", flush=True)  # noqa: T201
        selector.register(sys.stdin, EVENT_READ, None)
        while None not in listen(selector, came):
            pass
    print(json.dumps(came))  # noqa: T201


def connected(port: int, selector: DefaultSelector) -> Client:
    client = Client(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE))
    client.socket.sendall(REQUEST)
    client.socket.setblocking(False)
    selector.register(client.socket, EVENT_READ, client)
    return client


def listen(selector: DefaultSelector, came: dict[int, list[float]]) -> list[Client | None]:
    """Take what came; who said something is returned, and None for the input. Raises TimeoutError."""
    ready = [key.data for key, _ in selector.select(PATIENCE)]
    moment = monotonic()  # what is ready had come by now, however long it takes to read it all
    if not ready:
        raise TimeoutError(f"Nothing came in {PATIENCE} seconds.")
    for client in ready:
        if client is not None:
            for revision in client.read():
                came[revision].append(moment)
    return ready


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
