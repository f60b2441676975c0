"""A way to a server that can be closed, cut and swallowed up."""

import socket
import struct
import threading
from contextlib import suppress
from typing import Self

RESET = struct.pack("ii", 1, 0)  # closing sends RST, as from a machine that knows nothing of the connection


class Proxy:
    """Listens on a port of its own. Everything it lets through goes to `target`."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._open = threading.Event()
        self._pairs: list[socket.socket] = []
        self._open.set()
        self._listen(port=0)
        self.port: int = self._server.getsockname()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.refuse()
        self._open.set()

    def swallow(self) -> None:
        """Take every call and everything that is said, and answer nothing."""
        self._open.clear()

    def cut(self) -> None:
        """End all connections; new ones can be made."""
        pairs, self._pairs = self._pairs, []
        for one in pairs:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            with suppress(OSError):
                one.shutdown(socket.SHUT_RD)  # a thread that reads from it would keep it open
            one.close()

    def refuse(self) -> None:
        """End all connections and take no new ones."""
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.cut()

    def restore(self) -> None:
        if self._server.fileno() < 0:
            self._listen(self.port)
        self._open.set()

    def _listen(self, port: int) -> None:
        self._server = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, args=(self._server,), daemon=True).start()

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                client, _ = server.accept()
                remote = socket.create_connection(self._target)
            except OSError:
                return
            self._pairs += [client, remote]
            for one, other in ((client, remote), (remote, client)):
                threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(65_536):
                self._open.wait()
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # cut
