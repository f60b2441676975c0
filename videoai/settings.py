"""The only settings. What differs between machines comes from the environment, or from `.env`.

Every variable is described in the README. The defaults are the safe ones: debug off, loopback hosts, and no
secret key, without which nothing starts.
"""

import logging
import os
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from videoai.databases import database, replicas
from videoai.edge.behind.places import parse_places
from videoai.environment import days, factor, whole_number
from videoai.limits.rates import Rate, in_process, parse_rate, shared
from videoai.observing.access import CHOICES as ACCESS_LOGS
from videoai.observing.configuring import logging_of
from videoai.observing.lines import format_named

BASE_DIR = Path(__file__).resolve().parent.parent
LEAST_KEY_LENGTH = 32

env = environ.Env()
env.read_env(BASE_DIR / ".env")

# --- Safety ----------------------------------------------------------------------------------------------


def switch(name: str, *, default: str = "false") -> bool:
    """A setting that is on or off. A word that is neither would quietly mean off."""
    text = (os.environ.get(name) or default).strip().lower()
    if text not in {*env.BOOLEAN_TRUE_STRINGS, "false", "off", "no", "n", "0"}:
        raise ImproperlyConfigured(f"{name}={text} is neither true nor false.")
    return text in env.BOOLEAN_TRUE_STRINGS


DEBUG = switch("DEBUG")
# Read as it stands: django-environ takes a value that begins with $ for the name of another variable.
SECRET_KEY = os.environ.get("SECRET_KEY", "")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS = switch("HTTPS")


def seconds(name: str, *, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit()):
        raise ImproperlyConfigured(f"{name}={text} is not a whole number of seconds.")
    return int(text)


def refuse_unsafe_settings() -> None:
    """Raise ImproperlyConfigured, with the way out, rather than serve the public unsafely."""
    if len(SECRET_KEY) < LEAST_KEY_LENGTH or SECRET_KEY.startswith("django-insecure-"):
        raise ImproperlyConfigured(
            f"SECRET_KEY is missing or shorter than {LEAST_KEY_LENGTH} characters. Set a random one:"
            " python -c 'import secrets; print(secrets.token_urlsafe(48))'."
            " (`python manage.py quickstart` writes one into .env on its first run.)"
        )
    if any(host in {"*", "."} for host in ALLOWED_HOSTS):
        raise ImproperlyConfigured(
            "ALLOWED_HOSTS holds a wildcard, which lets anybody choose the host name in our links. List the "
            "real host names, separated by commas."
        )


if not DEBUG:
    refuse_unsafe_settings()
elif not SECRET_KEY:
    # Good for one process: signing in lasts until the next restart. Enough for debugging.
    SECRET_KEY = os.urandom(48).hex()


def networks(name: str, *, default: str = "") -> list[IPv4Network | IPv6Network]:
    """The addresses and networks in a comma-separated list, as in `127.0.0.1,10.0.0.0/8`; none for `off`."""
    try:
        text = os.environ.get(name) or default
        listed = [] if text.strip().lower() == "off" else text.split(",")
        return [ip_network(text.strip()) for text in listed if text.strip()]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}. List addresses or networks, by commas.") from error


TRUSTED_PROXIES = networks("TRUSTED_PROXIES")
# Who may see metrics without a token.
METRICS_NETWORKS = networks("METRICS_NETWORKS", default="127.0.0.0/8,::1")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = seconds("HSTS_SECONDS", default=31_536_000) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REDIRECT_EXEMPT = [r"^healthz/?$", r"^readyz/?$", r"^metrics/?$"]
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    }
}
# Bodies are at most 1 MiB; the admin's list of 100 rows has about a thousand inputs.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000

# --- Signing in ------------------------------------------------------------------------------------------

TWO_FACTOR = switch("TWO_FACTOR")
OTP_TOTP_ISSUER = "VideoAI"
# A long working day; who comes back tomorrow signs in again.
SESSION_ENGINE = "videoai.access.sessions"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
# Not "Strict": a link to a model, in a chat, should open the model. Writes are guarded by CSRF tokens.
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# Browsers take cookies of this prefix from this very host over TLS alone, not from a neighbour's subdomain.
COOKIE_PREFIX = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrftoken"

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
# django-axes keeps the count, in the database: it holds for all processes, and without Redis.
AXES_HANDLER = "videoai.access.sign_in.SignInHandler"
AXES_CLIENT_IP_CALLABLE = "videoai.access.sign_in_attempts.origin"
AXES_LOCKOUT_CALLABLE = "videoai.access.sign_in.locked_page"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
# Of all names together, so that one password can't be tried on everybody. An office shares one address.
SIGN_IN_FAILURES_AN_ADDRESS = 30
# The audit trail tells who signed in; axes's own log and pages would tell what was typed as a name.
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = AXES_VERBOSE = False

# --- Application -----------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "videoai.apps.VideoAIConfig",
    "videoai.access",
    "models_registry.audit",
    "models_registry",
    "models_registry.usage",
    "pricing",
    "pricing.schedule",
    "pricing.upstream",
    "pricing.quotes",
    "videoai.model_manager",
    "videoai.apps.AdminSiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "videoai.api.request_id.RequestIdMiddleware",
    "videoai.observing.requests.ObservingMiddleware",
    # What sets headers stands outside of what answers by itself: files, redirects, 304, refusals.
    "videoai.access.headers.SecurityHeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "videoai.access.occasions.OccasionMiddleware",
    "videoai.access.refused_writes.RefusedWritesMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "videoai.api.address_as_host.AddressAsHostMiddleware",
    "videoai.api.addresses.TrailingSlashMiddleware",
    "videoai.api.conditional.ConditionalGetMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "axes.middleware.AxesMiddleware",
    "videoai.repeating.RepeatingMiddleware",
    "videoai.turning.TurningMiddleware",
]

ROOT_URLCONF = "videoai.urls"
WSGI_APPLICATION = "videoai.wsgi.application"
CSRF_FAILURE_VIEW = "videoai.api.problem.csrf_failure"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

STATIC_URL = "/static/"
# WhiteNoise serves the files from where the apps keep them, so nothing has to be collected before a start.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
] + [{"NAME": "videoai.access.sign_in_events.PasswordChangeRecorder"}]

# --- Database --------------------------------------------------------------------------------------------

EMBEDDED_DATABASE = BASE_DIR / "var" / "videoai.sqlite3"
DATABASES = {
    "default": database(
        env.str("DATABASE_URL", default="") or f"sqlite:///{EMBEDDED_DATABASE}", embedded=EMBEDDED_DATABASE
    )
}
DATABASES |= replicas(os.environ.get("REPLICA_URLS", ""), primary=DATABASES["default"])
# A replica that is further behind than this is not read from.
REPLICA_MOST_LAG_SECONDS = whole_number("REPLICA_MOST_LAG_SECONDS", default=30, least=5, most=86_400)
if len(DATABASES) > 1:
    DATABASE_ROUTERS = ["videoai.replicas.router.Router"]
    MIDDLEWARE.append("videoai.replicas.middleware.ReplicaMiddleware")
# Of who answers requests, on PostgreSQL. Connections that a process's threads share; 0: each keeps its own.
DATABASE_POOL_SIZE = whole_number("DATABASE_POOL_SIZE", default=0, least=0, most=1_000)
# Both are without end if they are 0.
DATABASE_STATEMENT_TIMEOUT_SECONDS = whole_number(
    "DATABASE_STATEMENT_TIMEOUT_SECONDS", default=30, least=0, most=86_400
)
# An import of 1,000 models holds the catalogue's lock for 19 seconds.
DATABASE_LOCK_TIMEOUT_SECONDS = whole_number(
    "DATABASE_LOCK_TIMEOUT_SECONDS", default=20, least=0, most=86_400
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# While a migration waits for a lock on a table, whoever comes later waits behind it.
MIGRATION_LOCK_TIMEOUT_SECONDS = whole_number(
    "MIGRATION_LOCK_TIMEOUT_SECONDS", default=5, least=1, most=3_600
)

# --- Usage -----------------------------------------------------------------------------------------------

USAGE_RETENTION_DAYS = days("USAGE_RETENTION_DAYS")

# --- Prices ----------------------------------------------------------------------------------------------

# By how much a change may move a price for customers, up or down, before somebody has to confirm it.
PRICE_CHANGE_GUARD = factor("PRICE_CHANGE_GUARD", default="3")

# --- Edge ------------------------------------------------------------------------------------------------

EDGE = switch("EDGE", default="true")
try:
    EDGE_UPSTREAM = parse_places(os.environ.get("EDGE_UPSTREAM", ""))
except ValueError as error:
    raise ImproperlyConfigured(f"EDGE_UPSTREAM: {error}") from None
# Threads that Django answers in, each with a connection to the database; or that wait for who answers.
EDGE_THREADS = whole_number("EDGE_THREADS", default=32 if EDGE_UPSTREAM else 4, least=1, most=1_000)
EDGE_CACHE_BYTES = whole_number("EDGE_CACHE_BYTES", default=128 * 1024 * 1024, least=0, most=1 << 40)
# Live streams that a process holds, in all and of one address.
EDGE_STREAMS = whole_number("EDGE_STREAMS", default=10_000, least=0, most=1_000_000)
EDGE_STREAMS_PER_ADDRESS = whole_number("EDGE_STREAMS_PER_ADDRESS", default=100, least=0, most=1_000_000)

# --- Limits ----------------------------------------------------------------------------------------------


def rate_limit(name: str, *, default: str) -> Rate | None:
    text = os.environ.get(name) or default
    try:
        return parse_rate(text)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}={text} {error}") from error


def counters(url: str) -> dict[str, dict[str, Any]]:
    """Where requests are counted; in the process, when nothing else is named or what is named is silent."""
    try:
        return {"default": shared(url) if url else in_process("default"), "process": in_process("process")}
    except ValueError as error:
        raise ImproperlyConfigured(f"CACHE_URL {error}") from None


# Seconds for which a quote holds, whatever becomes of prices.
QUOTE_LIFETIME_SECONDS = whole_number("QUOTE_LIFETIME_SECONDS", default=900, least=60, most=86_400)
RATE_LIMIT_READ = rate_limit("RATE_LIMIT_READ", default="6000/min")
RATE_LIMIT_WRITE = rate_limit("RATE_LIMIT_WRITE", default="1200/min")
RATE_LIMIT_FAILURE = rate_limit("RATE_LIMIT_FAILURE", default="300/min")
CACHES = counters(os.environ.get("CACHE_URL", ""))

# --- API -------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["videoai.api.parsers.StrictJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "videoai.api.negotiation.RightsFirst",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "videoai.access.authentication.BearerAuthentication",
        "videoai.access.authentication.StaffSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["videoai.access.permissions.HasDeclaredScopes"],
    "DEFAULT_THROTTLE_CLASSES": ["videoai.limits.throttling.Limits"],
    "DEFAULT_PAGINATION_CLASS": "videoai.api.pagination.Pages",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "videoai.api.schema.Schema",
    "EXCEPTION_HANDLER": "videoai.api.problem.exception_handler",
    "PAGE_SIZE": 50,
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "VideoAI models",
    "DESCRIPTION": "Which video models there are, what they offer and what a generation costs.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["videoai.access.permissions.HasDeclaredScopes"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "videoai.api.schema.complete_writes",
        "videoai.api.schema.add_problems",
    ],
    "ENUM_NAME_OVERRIDES": {
        "CategoryEnum": "models_registry.choices.Category",
        "StatusEnum": "models_registry.choices.Status",
    },
}

# --- Logs ------------------------------------------------------------------------------------------------

LOG_LEVEL = (env.str("LOG_LEVEL", default="") or "INFO").upper()
if LOG_LEVEL not in logging.getLevelNamesMapping():
    raise ImproperlyConfigured(f"LOG_LEVEL={LOG_LEVEL} is none of DEBUG, INFO, WARNING, ERROR, CRITICAL.")

try:
    LOG_FORMAT = format_named(os.environ.get("LOG_FORMAT", ""))
except ValueError as error:
    raise ImproperlyConfigured(f"LOG_FORMAT={error}.") from None
ACCESS_LOG = (os.environ.get("ACCESS_LOG") or "all").strip().lower()
if ACCESS_LOG not in ACCESS_LOGS:
    raise ImproperlyConfigured(f"ACCESS_LOG={ACCESS_LOG} is none of {', '.join(ACCESS_LOGS)}.")
# From so many milliseconds on, a statement is told; 0 tells none.
SLOW_QUERY_MILLISECONDS = whole_number("SLOW_QUERY_MILLISECONDS", default=500, least=0, most=3_600_000)

LOGGING = logging_of(LOG_FORMAT, level=LOG_LEVEL)
