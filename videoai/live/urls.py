from django.urls import path

from videoai.live.views import EventsView

urlpatterns = [path("events/", EventsView.as_view(), name="events")]
