"""Two addresses for those who run us: does the process live, and can it do its work?"""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from videoai.api.problem import respond


def waiting_migrations() -> int:
    """How many migrations have not run on the database. Raises DatabaseError if it does not answer."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when the database answers and has every migration, else 503."""
    try:
        waiting = waiting_migrations()
    except DatabaseError:
        return respond("unavailable", "The database does not answer.")
    if waiting:
        return respond("unavailable", f"{waiting} migrations have not run: python manage.py migrate.")
    return JsonResponse({"status": "ready"})
