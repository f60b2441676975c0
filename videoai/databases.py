"""Django's settings for a database, made of its address."""

from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from videoai.environment import whole_number

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


def database(url: str, *, embedded: Path) -> dict[str, Any]:
    """The database at `url`. Relative SQLite paths begin where `embedded`'s folder stands.

    `embedded` is the file that is used when no other one is named.
    Raises ImproperlyConfigured when `url` is no address of a database.
    """
    config: dict[str, Any] = environ.Env.db_url_config(url)
    if "ENGINE" not in config:
        raise ImproperlyConfigured(
            "DATABASE_URL is no address of a database, such as postgres://user:password@host:5432/name."
        )
    is_sqlite = config["ENGINE"] == "django.db.backends.sqlite3"
    ours = SQLITE_OPTIONS if is_sqlite else POSTGRESQL_OPTIONS
    config["OPTIONS"] = {**ours, **config.get("OPTIONS", {})}
    if is_sqlite:
        name = config["NAME"]
        config["NAME"] = name if name == ":memory:" else embedded.parent.parent / name
        # On the disk, like the real one: in memory, threads would share one connection.
        config["TEST"] = {"NAME": str(embedded.with_name("test.sqlite3"))}
        embedded.parent.mkdir(exist_ok=True)
    return {
        **config,
        # Connecting anew costs 12 requests.
        "CONN_MAX_AGE": whole_number("CONN_MAX_AGE", default=600, least=0, most=86_400),
        "CONN_HEALTH_CHECKS": True,
    }
