"""Settings of databases that contradict each other, as `manage.py check` says it."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage
from django.db import DEFAULT_DB_ALIAS

from videoai.databases import OUR_POSTGRESQL, WRITABLE

LEAST_POOL = 2


def check_databases(**_: Any) -> list[CheckMessage]:
    return contradictions(settings.DATABASES)


def contradictions(databases: Mapping[str, dict[str, Any]]) -> list[CheckMessage]:
    primary = databases[DEFAULT_DB_ALIAS]
    if primary["ENGINE"] != OUR_POSTGRESQL:
        return list(_without_postgresql())
    return [*_pool(), *_hosts(primary), *_replicas(databases), *_timeouts()]


def _without_postgresql() -> Iterator[CheckMessage]:
    if settings.DATABASE_POOL_SIZE:
        yield checks.Warning(
            "DATABASE_POOL_SIZE does nothing: only PostgreSQL has a pool.",
            hint="Leave it empty, or name a PostgreSQL in DATABASE_URL.",
            id="videoai.W001",
        )


def _pool() -> Iterator[CheckMessage]:
    pool = settings.DATABASE_POOL_SIZE
    if not pool:
        return
    if _given("CONN_MAX_AGE") not in {"", "0"}:
        yield checks.Error(
            f"CONN_MAX_AGE={_given('CONN_MAX_AGE')} contradicts DATABASE_POOL_SIZE={pool}: "
            "with a pool, a thread gives its connection back after each request.",
            hint="Leave one of the two empty.",
            id="videoai.E001",
        )
    if pool < LEAST_POOL:
        yield checks.Error(
            "DATABASE_POOL_SIZE=1: whoever records for all holds that one, and nobody else is answered.",
            hint=f"Set it to {LEAST_POOL} or more, or to 0 for a connection a thread.",
            id="videoai.E002",
        )


def _hosts(primary: dict[str, Any]) -> Iterator[CheckMessage]:
    wanted = primary["OPTIONS"].get("target_session_attrs")
    if "," in primary["HOST"] and wanted not in WRITABLE:
        yield checks.Warning(
            f"DATABASE_URL names several hosts and target_session_attrs={wanted}: writes may "
            "go to a standby.",
            hint="Say target_session_attrs=read-write, or nothing, which means the same.",
            id="videoai.W002",
        )


def _replicas(databases: Mapping[str, dict[str, Any]]) -> Iterator[CheckMessage]:
    primary = _place(databases[DEFAULT_DB_ALIAS])
    for alias, config in databases.items():
        if alias != DEFAULT_DB_ALIAS and _place(config) == primary:
            yield checks.Warning(
                f"{alias} of REPLICA_URLS is the place that DATABASE_URL names: it is never read from.",
                hint="Name a server that streams from the primary, or leave REPLICA_URLS empty.",
                id="videoai.W003",
            )
    if len(databases) == 1 and _given("REPLICA_MOST_LAG_SECONDS"):
        yield checks.Warning(
            "REPLICA_MOST_LAG_SECONDS does nothing: there are no replicas.",
            hint="Name some in REPLICA_URLS, or leave it empty.",
            id="videoai.W004",
        )


def _timeouts() -> Iterator[CheckMessage]:
    statement, lock = settings.DATABASE_STATEMENT_TIMEOUT_SECONDS, settings.DATABASE_LOCK_TIMEOUT_SECONDS
    if lock and statement and lock >= statement:
        yield checks.Warning(
            f"DATABASE_LOCK_TIMEOUT_SECONDS={lock} is never reached: a statement that waits for a lock is "
            f"ended after DATABASE_STATEMENT_TIMEOUT_SECONDS={statement}.",
            hint="Let locks be given up sooner than statements.",
            id="videoai.W005",
        )


def _given(name: str) -> str:
    return os.environ.get(name, "").strip()


def _place(config: dict[str, Any]) -> tuple[str, str, str]:
    return config["HOST"], str(config["PORT"] or 5432), config["NAME"]
