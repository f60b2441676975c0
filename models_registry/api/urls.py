from django.urls import path, register_converter
from django.urls.converters import PathConverter

from models_registry.api.deprecations import DeprecationsView
from models_registry.api.history import HistoryView
from models_registry.api.views import AIModelViewSet


class AnyTextConverter(PathConverter):
    """Like `path`, which stops at a line break: rights are asked before anything is said of an address."""

    regex = r"[\s\S]+"


register_converter(AnyTextConverter, "any_text")

MODEL = "models/<any_text:model_id>/"

# Ids hold slashes, so the most specific address comes first; `choices.RESERVED_*` keeps ids off these.
urlpatterns = [
    path("models/", AIModelViewSet.as_view({"get": "list", "post": "create"}), name="models"),
    path("models/default/", AIModelViewSet.as_view({"get": "default"}), name="models-default"),
    path("models/deprecations/", DeprecationsView.as_view(), name="models-deprecations"),
    path("models/premium/", AIModelViewSet.as_view({"get": "premium"}), name="models-premium"),
    path(
        f"{MODEL}validate/",
        AIModelViewSet.as_view({"get": "validate"}),
        name="model-validate",
    ),
    path(f"{MODEL}history/", HistoryView.as_view(), name="model-history"),
    path(
        f"{MODEL}default/",
        AIModelViewSet.as_view({"post": "make_default"}),
        name="model-default",
    ),
    path(
        f"{MODEL}restore/",
        AIModelViewSet.as_view({"post": "restore"}),
        name="model-restore",
    ),
    path(
        MODEL,
        AIModelViewSet.as_view(
            {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}
        ),
        name="model",
    ),
]
