from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import RedirectView

from videoai import operations
from videoai.api import problem
from videoai.api.docs import DocsView, SchemaView
from videoai.live.views import demo
from videoai.observing.views import MetricsView

api: list[URLPattern | URLResolver] = [
    path("", include("models_registry.usage.api.urls")),
    path("", include("models_registry.api.urls")),
    path("", include("pricing.api.urls")),
    path("", include("pricing.quotes.api.urls")),
    path("", include("pricing.schedule.api.urls")),
    path("", include("videoai.live.urls")),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", DocsView.as_view(url_name="schema"), name="docs"),
]

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:models_registry_aimodel_changelist")),
    path("admin/", admin.site.urls),
    path("api/v1/", include(api)),
    path("demo/", demo, name="demo"),
    path("healthz/", operations.healthz, name="healthz"),
    path("readyz/", operations.readyz, name="readyz"),
    path("metrics/", MetricsView.as_view(), name="metrics"),
    # Also with DEBUG on, an unknown API address is answered as the contract says.
    re_path(r"^api/", csrf_exempt(problem.not_found)),
]

handler400 = problem.bad_request
handler403 = problem.forbidden
handler404 = problem.not_found
handler500 = problem.server_error
