"""When a token was last used: worth knowing, not worth waiting for."""

import logging
from datetime import datetime, timedelta

from django.db import Error, connection, transaction

from videoai.access.models import ServiceToken
from videoai.access.patience import waiting_at_most

NOTED_EVERY = timedelta(minutes=1)

logger = logging.getLogger(__name__)


def note_use(token: ServiceToken, *, at: datetime) -> bool:
    """Write down that `token` is used, at most once a minute, whatever the number of processes.

    Never waits and never raises: while somebody else holds the lock, nothing is written; and no replica has
    to have it, so that whoever reads is answered while the one that commits wait for is away. Was it written?
    """
    if token.last_used_at is not None and at - token.last_used_at < NOTED_EVERY:
        return False
    is_alone = not connection.in_atomic_block
    try:
        with waiting_at_most(0), transaction.atomic():
            if is_alone and connection.vendor == "postgresql":
                _wait_for_no_replica()
            return _write(token, at)
    except Error as error:
        logger.info("The use of token %s was not noted: %s", token.prefix, type(error).__name__)
        return False


def _wait_for_no_replica() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")


def _write(token: ServiceToken, at: datetime) -> bool:
    mine = ServiceToken.objects.filter(pk=token.pk)
    due = mine.unused_since(at - NOTED_EVERY).select_for_update(skip_locked=True)
    return bool(list(due.values_list("pk")) and mine.update(last_used_at=at))
