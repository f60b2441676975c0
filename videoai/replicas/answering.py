"""A read from a replica, or, if none can do it, the same from the primary."""

import logging
from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.db import OperationalError, connections

from models_registry.replicable import Replicable
from videoai.replicas.proofs import stands_as_the_primary
from videoai.replicas.reading import Reading, reading
from videoai.replicas.standing import Standing
from videoai.replicas.watch import watch

logger = logging.getLogger(__name__)

T = TypeVar("T")


def from_replica(what: Replicable, work: Callable[[], T]) -> T:
    """What `work` returns or raises. It only reads, and may be called a second time, if a replica fails."""
    found = on_replica(what, work)
    return work() if found is None else found


def on_replica(what: Replicable, work: Callable[[], T]) -> T | None:
    """What `work`, which never returns None, reads from a replica; None if there is none that can do it."""
    standing = watch.pick() if settings.DATABASE_ROUTERS else None
    if standing is None:
        return None
    with reading(what, standing.alias) as now:
        try:
            if stands_as_the_primary(what, standing.alias):
                result = work()
                if not now.failure:
                    return result
        except Exception:
            # Also what somebody made of the replica's error is none of the request's.
            if not now.failure:
                raise
    if now.failure:
        _give_up(standing, now)
    return None


def _give_up(standing: Standing, now: Reading) -> None:
    """A read that was cancelled, say by a cleanup on the primary, is no reason to leave the replica."""
    connection = connections[standing.alias]
    if not connection.is_usable():
        standing.fail(OperationalError(now.failure), is_silent=False)
        connection.close()
    logger.info("%s failed in a read (%s); the primary answers.", standing.alias, now.failure)
