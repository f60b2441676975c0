from django.apps import AppConfig


class UpstreamConfig(AppConfig):
    name = "pricing.upstream"
    label = "pricing_upstream"
    verbose_name = "Provider price lists"
    default_auto_field = "django.db.models.BigAutoField"
