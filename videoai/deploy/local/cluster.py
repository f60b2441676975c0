"""The real topology on one machine: two apps behind nginx, before PostgreSQL with a replica, and Redis."""

import os
import re
import secrets
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from videoai.deploy.local import nginx, postgresql, redis
from videoai.deploy.local.app import App, manage
from videoai.deploy.local.nginx import Nginx
from videoai.deploy.local.postgresql import PostgreSQL
from videoai.deploy.local.processes import SYSTEM, NotInstalled, Process, program
from videoai.deploy.local.redis import Redis

DATABASE = "videoai"
STANDBY = "standby"
ADMIN = re.compile(r"sign in as\s+(?P<name>\S+)\s+with\s+(?P<password>\S+)")
NEEDED = {
    "nginx": (nginx.PACKAGE, SYSTEM),
    "openssl": ("openssl", SYSTEM),
    "redis-server": (redis.PACKAGE, SYSTEM),
    "pg_ctl": (postgresql.PACKAGE, postgresql.PLACES),
    "pg_basebackup": (postgresql.PACKAGE, postgresql.PLACES),
}

Say = Callable[[str], None]


class Cluster:
    """All of it in `folder`, which whoever starts it takes away again (see `residents`)."""

    def __init__(
        self,
        folder: Path,
        *,
        apps: int = 2,
        workers: int = 1,
        port: int | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`environment` holds settings of the apps' besides those that the topology asks for.

        Raises NotInstalled, naming all that is missing.
        """
        refuse_missing()
        self.folder = folder
        self.admin = ("", "")  # name and password, once it has started
        self.primary = PostgreSQL(folder / "primary")
        self.replica = PostgreSQL(folder / "replica")
        self.redis = Redis(folder / "redis")
        self.environment = {**own_environment(), **self._topology(workers), **(environment or {})}
        self.apps = [App(folder / f"app-{n}", environment=self.environment) for n in range(1, apps + 1)]
        self.nginx = Nginx(folder / "nginx", upstreams=[app.port for app in self.apps], port=port)

    @property
    def database_url(self) -> str:
        """Of whichever of both takes writes."""
        hosts = ",".join(f"127.0.0.1:{server.port}" for server in (self.primary, self.replica))
        user = postgresql.SUPERUSER
        return f"postgres://{user}@{hosts}/{DATABASE}?target_session_attrs=read-write"

    def _topology(self, workers: int) -> dict[str, str]:
        return {
            "DATABASE_URL": self.database_url,
            "REPLICA_URLS": self.replica.url(DATABASE),
            "CACHE_URL": self.redis.url,
            "SECRET_KEY": secrets.token_urlsafe(48),
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "HTTPS": "true",
            "TRUSTED_PROXIES": "127.0.0.1",
            "WORKERS": str(workers),
            "DEBUG": "false",
            "TWO_FACTOR": "false",
        }

    def start(self, say: Say) -> None:
        """Returns when nginx answers. Raises Failed."""
        say("PostgreSQL: a primary, and a replica that has each commit before it is answered.")
        self._start_databases()
        say("Redis, the catalogue, an admin.")
        self.redis.start()
        self._prepare()
        say(f"{len(self.apps)} apps, and nginx before them.")
        self._start_together([self.redis, *self.apps])
        self._start_together([self.nginx])

    def _start_databases(self) -> None:
        self.primary = PostgreSQL.made(self.primary.folder, port=self.primary.port)
        self.primary.start()
        self.replica = self.primary.replica(self.replica.folder, name=STANDBY, port=self.replica.port)
        self.replica.start()
        self.primary.wait_for_replica(STANDBY)
        with self.primary.connect() as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}")

    def _prepare(self) -> None:
        """Nobody has been told of a commit yet: none waits, and the first that does waits for all of them."""
        unhurried = {**self.environment, "PGOPTIONS": "-c synchronous_commit=off"}
        said = manage("quickstart", "--no-serve", environment=unhurried)
        self._wait_for_standby()
        if admin := ADMIN.search(said):
            self.admin = (admin["name"], admin["password"])

    @staticmethod
    def _start_together(parts: list[Process]) -> None:
        for part in parts:
            if not part.is_running():
                part.start()
        for part in parts:
            part.wait()

    def stop(self) -> None:
        """From the outside in. What was ended already stays so."""
        outer = (self.nginx, *self.apps, self.redis)
        for part in outer:
            part.ask_to_end()
        for part in outer:
            part.stop()
        for server in (self.replica, self.primary):
            if server.is_running():
                server.stop()

    def fail_over(self) -> None:
        """Make the replica the primary, as an operator does it when the primary is gone.

        Nobody follows it yet: with a standby to wait for, every commit would wait for ever.
        """
        self.replica.set({"synchronous_standby_names": "''"})
        self.replica.reload()
        self.replica.promote()

    def rejoin(self) -> None:
        """Let the primary of before follow the new one, which waits for it from then on."""
        self.primary.rejoin(self.replica, name=STANDBY)
        self.primary.start()
        self.primary, self.replica = self.replica, self.primary
        self.primary.wait_for_replica(STANDBY)
        self._wait_for_standby()

    def _wait_for_standby(self) -> None:
        """With each commit, from now on, before it is answered."""
        self.primary.set({"synchronous_standby_names": f"'{STANDBY}'"})
        self.primary.reload()

    def token(self, name: str, *scopes: str) -> str:
        chosen = [word for scope in scopes for word in ("--scope", scope)]
        return manage("token", "create", name, *chosen, environment=self.environment).split()[-1]


def own_environment() -> dict[str, str]:
    """This process's, without what libpq would read from it: that would change what a commit means."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def refuse_missing() -> None:
    """Raise NotInstalled, naming every program and package that is missing, in one sentence."""
    missing: dict[str, str] = {}
    for name, (package, places) in NEEDED.items():
        try:
            program(name, package=package, places=places)
        except NotInstalled:
            missing[name] = package
    if missing:
        packages = " ".join(sorted(set(missing.values())))
        raise NotInstalled(
            f"There is no {', no '.join(missing)} here. On Debian and Ubuntu: apt-get install {packages}"
        )


def refuse_hidden(folder: Path) -> None:
    """Raise PermissionError when PostgreSQL, which root runs as another user, can't get into `folder`."""
    if os.geteuid() != 0:
        return
    for place in (folder, *folder.parents):
        if place.exists() and not place.stat().st_mode & stat.S_IXOTH:
            raise PermissionError(
                f"{place} is for its owner alone, and PostgreSQL has a user of its own: take another folder."
            )
