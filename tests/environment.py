"""A pytest plugin, loaded before Django reads its settings: tests depend on nobody's `.env`."""

import gc
import os
import secrets
import sys

os.environ.update(DEBUG="false", HTTPS="false", ALLOWED_HOSTS="localhost,127.0.0.1", LOG_LEVEL="WARNING")
# Limits that nobody meets by chance, counted in this process: a Redis that is named may be in use.
os.environ.update(RATE_LIMIT_READ="1000000/min", RATE_LIMIT_WRITE="1000000/min", CACHE_URL="")
os.environ.update(RATE_LIMIT_FAILURE="1000000/min")
os.environ.update(TWO_FACTOR="false", USAGE_RETENTION_DAYS="")
# Nobody reads a line for each of a hundred thousand requests.
os.environ.update(ACCESS_LOG="off", LOG_FORMAT="text", SLOW_QUERY_MILLISECONDS="", METRICS_NETWORKS="")
# Only a DATABASE_URL that somebody typed counts: tests create and drop databases beside it.
os.environ.setdefault("DATABASE_URL", "")
os.environ.update(REPLICA_URLS="", REPLICA_MOST_LAG_SECONDS="")
os.environ["SECRET_KEY"] = secrets.token_urlsafe(48)
# Playwright keeps an event loop in the test's thread; Django takes that for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
# Nobody minds what a test database loses in a power cut; a commit need not wait for the disk.
os.environ.setdefault("PGOPTIONS", "-c synchronous_commit=off")
# Some images forbid Python to keep what it has compiled: every process of a run would compile all anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# Until all is loaded, next to nothing becomes garbage.
gc.disable()
