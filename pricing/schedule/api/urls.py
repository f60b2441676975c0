from django.urls import path

from pricing.schedule.api.views import ChangesView, ChangeView

urlpatterns = [
    path("pricing/changes/", ChangesView.as_view(), name="scheduled-changes"),
    path("pricing/changes/<int:change_id>/", ChangeView.as_view(), name="scheduled-change"),
]
