from django.apps import AppConfig
from django.core.checks import Tags, register
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate

from models_registry.usage import partitions
from models_registry.usage.sketch_field import teach_sqlite


class UsageConfig(AppConfig):
    name = "models_registry.usage"
    label = "usage"
    verbose_name = "Usage"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        connection_created.connect(teach_sqlite, dispatch_uid="usage.sketches")
        post_migrate.connect(partitions.make_after_migrating, sender=self)
        register(Tags.database)(partitions.check_partitions)
