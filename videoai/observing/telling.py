"""Whether requests are told one by one, and the telling."""

import logging
import time

from django.conf import settings

from videoai.observing.access import ALL, LOGGER, OFF, Access, AccessLines
from videoai.observing.sink import sink

logger = logging.getLogger(LOGGER)


def is_told() -> bool:
    """Of what Django answers."""
    return bool(settings.ACCESS_LOG != OFF) and logger.isEnabledFor(logging.INFO)


def is_all_told() -> bool:
    """Of what the edge answers, too."""
    return bool(settings.ACCESS_LOG == ALL) and logger.isEnabledFor(logging.INFO)


def lines() -> AccessLines:
    return AccessLines(settings.LOG_FORMAT)


def tell(access: Access) -> None:
    sink.write(lines().told(access, at=time.time()))
