from django.urls import URLPattern

# Before the catalogue's own addresses, whose `models/<model_id>/` takes whatever is left.
urlpatterns: list[URLPattern] = []
