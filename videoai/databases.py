"""Django's settings for databases, made of their addresses."""

import os
import re
import warnings
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from videoai.environment import whole_number

SQLITE = "django.db.backends.sqlite3"
POSTGRESQL = "django.db.backends.postgresql"
# Django's own, which gives up connections to a server that takes no writes any more.
OUR_POSTGRESQL = "videoai.postgresql"
OUR_REPLICA = "videoai.replicas.postgresql"

SQLITE_OPTIONS = {
    # Readers and the one writer don't wait for each other; a commit is on the disk before it is answered.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    # A transaction that reads first and writes later fails at once if another wrote between: begin as writer.
    "transaction_mode": "IMMEDIATE",
    # Long enough to sit out the import of a big catalogue, which holds the one write lock for seconds.
    "timeout": 20,
}

# Whoever is cut off learns it, rather than keep a thread for the quarter of an hour that TCP allows.
KEEPALIVES = {"keepalives_idle": 10, "keepalives_interval": 2, "keepalives_count": 3}
POSTGRESQL_OPTIONS = {"connect_timeout": 2, "tcp_user_timeout": 10_000, **KEEPALIVES}
DEFAULT_PORT = "5432"
SESSIONS = ("any", "read-write", "read-only", "primary", "standby", "prefer-standby")
WRITABLE = ("read-write", "primary")
EXAMPLE = "postgres://user:password@host:5432/name"
# An address may name several hosts by commas, so a new one begins where a scheme does.
NEXT_ADDRESS = re.compile(r"\s*,\s*(?=[a-z0-9+]+://)")
LOOSE_AUTHORITY = re.compile(r"[^:]+://((?:.*@)?[^/?#]*)")
ONE_HOST = re.compile(r"(\[[^\[\]]+\]|[^:\[\]]*)(?::([0-9]{1,5}))?")

# Asked again after an outage this often, and no rarer: a pool's own pauses double up to minutes.
POOL_OPTIONS = {"min_size": 0, "timeout": 2.0, "reconnect_timeout": 3.0}


def database(url: str, *, embedded: Path) -> dict[str, Any]:
    """The database at `url`. Relative SQLite paths begin where `embedded`'s folder stands.

    `embedded` is the file that is used when no other one is named.
    Raises ImproperlyConfigured when `url` is no address of a database.
    """
    config = _read("DATABASE_URL", url)
    if config["ENGINE"] == SQLITE:
        config["OPTIONS"] = {**SQLITE_OPTIONS, **config["OPTIONS"]}
        name = config["NAME"]
        config["NAME"] = name if name == ":memory:" else embedded.parent.parent / name
        # On the disk, like the real one: in memory, threads would share one connection.
        config["TEST"] = {"NAME": str(embedded.with_name("test.sqlite3"))}
        embedded.parent.mkdir(exist_ok=True)
    elif config["ENGINE"] == POSTGRESQL:
        _complete(config, url, name="DATABASE_URL")
        config["ENGINE"] = OUR_POSTGRESQL
        if "," in config["HOST"]:
            config["OPTIONS"].setdefault("target_session_attrs", "read-write")
    return _kept(config)


def replicas(text: str, *, primary: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The databases in REPLICA_URLS, as `replica_1`, `replica_2`, …; empty if it is.

    Raises ImproperlyConfigured for what is no address of a PostgreSQL, or if the primary is none.
    """
    urls = [url for url in NEXT_ADDRESS.split(text.strip().strip(",").strip()) if url]
    if urls and primary["ENGINE"] != OUR_POSTGRESQL:
        raise ImproperlyConfigured(
            "REPLICA_URLS names replicas, but DATABASE_URL names no PostgreSQL that they could copy. Set "
            f"DATABASE_URL to {EXAMPLE}, or leave REPLICA_URLS empty."
        )
    return {f"replica_{number}": _replica(url, number) for number, url in enumerate(urls, start=1)}


def prepare_to_serve(databases: Iterable[dict[str, Any]], *, statement: int, lock: int, pool: int) -> None:
    """Make the databases ready for who answers requests, before anything is asked of them.

    Statements, and waiting for locks, end after so many seconds; 0: never. Connections to the primary come
    from a pool of that size; 0: each thread keeps its own. Commands may work for hours, rather wait for a
    lock than fail, and need but one connection.
    """
    for config in databases:
        if config["ENGINE"] in {OUR_POSTGRESQL, OUR_REPLICA}:
            _set(config, statement_timeout=statement, lock_timeout=lock)
        if config["ENGINE"] == OUR_POSTGRESQL and pool:
            config["OPTIONS"]["pool"] = {**POOL_OPTIONS, "max_size": pool}
            config["CONN_MAX_AGE"] = 0  # a thread gives its connection back after each request


def _replica(url: str, number: int) -> dict[str, Any]:
    name = f"REPLICA_URLS: the address with number {number}"
    config = _read(name, url)
    if config["ENGINE"] != POSTGRESQL or "," in config["NAME"]:
        raise ImproperlyConfigured(f"{name} is of no PostgreSQL. Write it like {EXAMPLE}.")
    _complete(config, url, name=name)
    _start_with(config, "-c default_transaction_read_only=on")
    # In tests, what is sent to a replica reads the one database that there is.
    return _kept({**config, "ENGINE": OUR_REPLICA, "TEST": {"MIRROR": "default"}})


def _kept(config: dict[str, Any]) -> dict[str, Any]:
    return {
        **config,
        # Connecting anew costs 12 requests.
        "CONN_MAX_AGE": whole_number("CONN_MAX_AGE", default=600, least=0, most=86_400),
        "CONN_HEALTH_CHECKS": True,
    }


# --- Reading an address ----------------------------------------------------------------------------------


def _read(name: str, url: str) -> dict[str, Any]:
    """Django's settings, with `OPTIONS`. The address is never repeated: it may hold a password."""
    try:
        with warnings.catch_warnings(action="ignore"):  # they repeat it
            config: dict[str, Any] = environ.Env.db_url_config(url)
    except ValueError:
        config = {}
    if "ENGINE" not in config:
        raise ImproperlyConfigured(f"{name} is no address of a database, such as {EXAMPLE}.")
    return {"OPTIONS": {}, **config}


def _complete(config: dict[str, Any], url: str, *, name: str) -> None:
    config["OPTIONS"] = options = {**POSTGRESQL_OPTIONS, **config["OPTIONS"]}
    _read_hosts(config, url, name=name)
    wanted = options.get("target_session_attrs", "any")
    if wanted not in SESSIONS:
        raise ImproperlyConfigured(
            f"{name}: target_session_attrs={wanted} is none of {', '.join(SESSIONS)}. "
            "Say read-write to follow a failover."
        )
    # libpq leaves PGOPTIONS unread when it is given options of the connection's own.
    options["options"] = " ".join(filter(None, (os.environ.get("PGOPTIONS"), options.get("options"))))
    _set(config, idle_in_transaction_session_timeout=_idle_seconds())


def _read_hosts(config: dict[str, Any], url: str, *, name: str) -> None:
    """As libpq wants them: several by commas with a port each, IPv6 without brackets, folders of sockets."""
    places = unquote(_authority(url).rpartition("@")[2])
    if "," not in places:
        if "%" in config["HOST"]:
            config["HOST"] = places.rpartition(":")[0] if config["PORT"] else places
        return
    found = [ONE_HOST.fullmatch(place) for place in places.split(",")]
    if not all(match and match[1] for match in found):
        raise ImproperlyConfigured(
            f"{name}: its hosts can't be read. Write several as in postgres://user@one:5432,two:5432/name."
        )
    config["HOST"] = ",".join(match[1].strip("[]") for match in found if match)
    config["PORT"] = ",".join(match[2] or DEFAULT_PORT for match in found if match)


def _authority(url: str) -> str:
    """Between the scheme and the path, also where a password holds what should have been escaped."""
    with suppress(ValueError):  # half a pair of brackets
        parts = urlsplit(url)
        if parts.path:
            return parts.netloc
    loose = LOOSE_AUTHORITY.match(url)
    return loose[1] if loose else ""


# --- What a server is told at the start of a connection --------------------------------------------------


def _idle_seconds() -> int:
    return whole_number("DATABASE_IDLE_IN_TRANSACTION_TIMEOUT_SECONDS", default=60, least=0, most=86_400)


def _set(config: dict[str, Any], **seconds: int) -> None:
    """Without a round trip, as part of connecting; nothing is sent of what is 0."""
    _start_with(config, *(f"-c {name}={value * 1_000}" for name, value in seconds.items() if value))


def _start_with(config: dict[str, Any], *flags: str) -> None:
    """The last of a name counts: what the operator says stays behind ours."""
    options = config["OPTIONS"]
    options["options"] = " ".join(filter(None, (*flags, options.get("options"))))
    if not options["options"]:
        del options["options"]  # some proxies refuse it, however empty
