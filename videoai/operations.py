"""Two addresses for those who run us: does the process live, and can it do its work?"""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from videoai.api.problem import DATABASE_SILENT, method_not_allowed, respond

READING = {"GET", "HEAD"}


def waiting_migrations() -> int:
    """How many migrations have not run on the database. Raises DatabaseError if it does not answer."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


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
    """200 when the database answers and has every migration, else 503."""
    if request.method not in READING:
        return method_not_allowed(request)
    try:
        waiting = waiting_migrations()
    except DatabaseError:
        return respond("unavailable", DATABASE_SILENT)
    if waiting:
        return respond("unavailable", f"{waiting} migrations have not run: python manage.py migrate.")
    return JsonResponse({"status": "ready"})
