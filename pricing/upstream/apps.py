from django.apps import AppConfig


class UpstreamConfig(AppConfig):
    name = "pricing.upstream"
    label = "pricing_upstream"
    verbose_name = "Price lists"
    default_auto_field = "django.db.models.BigAutoField"
