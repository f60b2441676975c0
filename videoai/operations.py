"""Two addresses for those who run us: does the process live, and can it do its work?"""

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from videoai.api.problem import DATABASE_SILENT, method_not_allowed, respond
from videoai.observing.queries import note_error
from videoai.readiness import NotReady, refuse_unready

READING = {"GET", "HEAD"}
CHECKS = ("process", "database", "migrations", "writable")


@csrf_exempt
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as the process lives; the database is not asked."""
    if request.method not in READING:
        return method_not_allowed(request)
    return JsonResponse({"status": "ok"})


@csrf_exempt
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when the database answers, has every migration and takes writes, else 503."""
    if request.method not in READING:
        return method_not_allowed(request)
    try:
        refuse_unready()
    except NotReady as error:
        return respond("unavailable", str(error), checks=_checks(error.check))
    except DatabaseError as error:
        note_error(error)
        return respond("unavailable", DATABASE_SILENT, checks=_checks("database"))
    return JsonResponse({"status": "ready", "checks": dict.fromkeys(CHECKS, "ok")})


def _checks(failed: str) -> dict[str, str]:
    """What was looked at, in that order; what comes behind a failure was not."""
    before = CHECKS[: CHECKS.index(failed)]
    return {**dict.fromkeys(before, "ok"), failed: "failed"}
