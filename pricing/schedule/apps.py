from django.apps import AppConfig
from django.db.models.signals import post_migrate

from models_registry import turning
from models_registry.apps import install_triggers
from models_registry.triggers import TrackedTable
from models_registry.turning import Turn

TURN = Turn(
    "scheduled_changes", "effective_from", "state = 'pending'", settle="pricing.schedule.services.settle"
)


class ScheduleConfig(AppConfig):
    name = "pricing.schedule"
    label = "pricing_schedule"
    verbose_name = "Scheduled price changes"
    default_auto_field = "django.db.models.BigAutoField"
    # So that the edge looks anew when the next turn is.
    tracked_tables = (TrackedTable("scheduled_changes", "schedule"),)

    def ready(self) -> None:
        turning.register(TURN)
        post_migrate.connect(install_triggers, sender=self)
