from django.urls import path

from models_registry.api.history import HistoryView
from models_registry.api.views import AIModelViewSet

# Ids hold slashes, so the most specific address comes first; `choices.RESERVED_*` keeps ids off these.
urlpatterns = [
    path("models/", AIModelViewSet.as_view({"get": "list", "post": "create"}), name="models"),
    path("models/default/", AIModelViewSet.as_view({"get": "default"}), name="models-default"),
    path("models/premium/", AIModelViewSet.as_view({"get": "premium"}), name="models-premium"),
    path(
        "models/<path:model_id>/validate/",
        AIModelViewSet.as_view({"get": "validate"}),
        name="model-validate",
    ),
    path("models/<path:model_id>/history/", HistoryView.as_view(), name="model-history"),
    path(
        "models/<path:model_id>/default/",
        AIModelViewSet.as_view({"post": "make_default"}),
        name="model-default",
    ),
    path(
        "models/<path:model_id>/restore/", AIModelViewSet.as_view({"post": "restore"}), name="model-restore"
    ),
    path(
        "models/<path:model_id>/",
        AIModelViewSet.as_view(
            {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}
        ),
        name="model",
    ),
]
