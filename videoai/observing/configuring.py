"""Python's logging, as Django is told to set it up."""

import logging
from typing import Any


class OwnWords(logging.Filter):
    """Whoever answers 503 has told why; Django would say it again, with an address that anybody made up."""

    def filter(self, record: logging.LogRecord) -> bool:
        return getattr(record, "status_code", None) != 503


def logging_of(format: str, *, level: str) -> dict[str, Any]:  # noqa: A002 - as the setting is called
    """All loggers write to one place; `format` is `json` or `text`, `level` the least that is told."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "request_id": {"()": "videoai.api.request_id.RequestIdFilter"},
            "own_words": {"()": OwnWords},
        },
        "formatters": {
            "json": {"()": "videoai.observing.lines.JSONLine"},
            "text": {"()": "videoai.observing.lines.TextLine"},
        },
        "handlers": {
            "console": {
                "class": "videoai.observing.sink.SinkHandler",
                "formatter": format,
                "filters": ["request_id"],
            }
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # Django's own console handler is for debugging, its mail handler for sites that send mail.
            "django": {"handlers": [], "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            # A client's mistake is no news for the operator.
            "django.request": {"handlers": [], "level": "ERROR", "filters": ["own_words"], "propagate": True},
            "django.security": {"handlers": [], "level": "CRITICAL", "propagate": True},
            # A request that gets no connection says so itself.
            "psycopg.pool": {"level": "ERROR"},
            # We say ourselves when somebody is locked out.
            "axes": {"level": "ERROR"},
        },
    }
