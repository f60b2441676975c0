"""What a WSGI server calls."""

import os
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

from videoai.databases import prepare_to_serve
from videoai.observing.server import sharing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "videoai.settings")


class Request(WSGIRequest):
    """Takes a content type that can't be read for none; Django would fail before anything could answer."""

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            super()._set_content_type_params(meta)  # type: ignore[misc]
        except ValueError:
            meta["CONTENT_TYPE"] = ""
            super()._set_content_type_params(meta)  # type: ignore[misc]


class Application(WSGIHandler):
    request_class = Request


django.setup(set_prefix=False)
prepare_to_serve(
    settings.DATABASES.values(),
    statement=settings.DATABASE_STATEMENT_TIMEOUT_SECONDS,
    lock=settings.DATABASE_LOCK_TIMEOUT_SECONDS,
    pool=settings.DATABASE_POOL_SIZE,
)
application = Application()
sharing.start()
