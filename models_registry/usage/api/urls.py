from django.urls import URLPattern, path

from models_registry.api.urls import MODEL
from models_registry.usage.api.figures import ModelStatsView, StatsView, SummaryView
from models_registry.usage.api.recording import BatchView, GenerationsView

# Before the catalogue's own addresses, whose `models/<model_id>/` takes whatever is left.
urlpatterns: list[URLPattern] = [
    path("models/stats/", StatsView.as_view(), name="models-stats"),
    path(f"{MODEL}stats/", ModelStatsView.as_view(), name="model-stats"),
    path(f"{MODEL}generations/", GenerationsView.as_view(), name="model-generations"),
    path("generations/batch/", BatchView.as_view(), name="generations-batch"),
    path("usage/summary/", SummaryView.as_view(), name="usage-summary"),
]
