from django.urls import path

from models_registry.api.views import AIModelViewSet

# Ids hold slashes, so the most specific address comes first; `choices.RESERVED_*` keeps ids off these.
urlpatterns = [
    path("models/", AIModelViewSet.as_view({"get": "list"}), name="models"),
    path("models/default/", AIModelViewSet.as_view({"get": "default"}), name="models-default"),
    path("models/premium/", AIModelViewSet.as_view({"get": "premium"}), name="models-premium"),
    path(
        "models/<path:model_id>/validate/",
        AIModelViewSet.as_view({"get": "validate"}),
        name="model-validate",
    ),
    path("models/<path:model_id>/", AIModelViewSet.as_view({"get": "retrieve"}), name="model"),
]
