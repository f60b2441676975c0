"""A pytest plugin, loaded before Django reads its settings: tests depend on nobody's `.env`."""

import os
import secrets

os.environ.update(DEBUG="false", HTTPS="false", ALLOWED_HOSTS="localhost,127.0.0.1", LOG_LEVEL="WARNING")
# Only a DATABASE_URL that somebody typed counts: tests create and drop databases beside it.
os.environ.setdefault("DATABASE_URL", "")
os.environ["SECRET_KEY"] = secrets.token_urlsafe(48)
# Playwright keeps an event loop in the test's thread; Django takes that for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
