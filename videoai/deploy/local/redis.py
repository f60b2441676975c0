"""A Redis of one's own, which keeps nothing on the disk."""

from contextlib import suppress
from pathlib import Path

from redis import Redis as Client
from redis.exceptions import RedisError

from videoai.deploy.local.processes import Process, free_port, program

PACKAGE = "redis-server"
SETTINGS = """\
bind 127.0.0.1
port {port}
dir {folder}
save ""
appendonly no
"""


class Redis(Process):
    """Whoever comes from loopback is let in, as with PostgreSQL, unless there is a password.

    It keeps its port for life.
    """

    def __init__(self, folder: Path, *, port: int | None = None, password: str = "") -> None:
        self.port, self._password = port or free_port(), password
        command = [program("redis-server", package=PACKAGE), folder / "redis.conf"]
        super().__init__(command, folder=folder, ready=self._answers)

    @property
    def url(self) -> str:
        who = f":{self._password}@" if self._password else ""
        return f"redis://{who}127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        settings = SETTINGS.format(port=self.port, folder=self.folder)
        if self._password:
            settings += f"requirepass {self._password}\n"
        (self.folder / "redis.conf").write_text(settings)
        super().start()

    def _answers(self) -> bool:
        with suppress(RedisError), Client.from_url(self.url, retry=None, socket_timeout=2) as client:
            return bool(client.ping())
        return False
