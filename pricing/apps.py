from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Tags, register
from django.db import connections
from django.db.models.signals import post_migrate

from models_registry import watching
from models_registry.apps import install_triggers, missing_trigger
from models_registry.triggers import TrackedTable
from pricing import triggers


class PricingConfig(AppConfig):
    name = "pricing"
    verbose_name = "Pricing"
    default_auto_field = "django.db.models.BigAutoField"
    tracked_tables = (
        TrackedTable(
            "pricing_policy", "pricing_policy", price_columns=("profit_margin", "credits_per_dollar")
        ),
        TrackedTable(
            "rates",
            "models",
            stamp_column="model_id",
            price_columns=("amount", "unit", "minimum_charge"),
            prices=("models", "model_id"),
        ),
        # Whether a model's own price is set by hand depends on what the list last set.
        TrackedTable("upstream_models", "models", stamp_column="model_id", prices=("models", "model_id")),
    )

    def ready(self) -> None:
        post_migrate.connect(install_triggers, sender=self)
        watching.watch("model", check="pricing.guards.check_models")
        watching.watch("quality_tier", check="pricing.guards.check_tiers")
        post_migrate.connect(keep_ledger, sender=self)
        register(Tags.database)(check_ledger)


def keep_ledger(using: str, **_: Any) -> None:
    """Have the database write down what prices were, and what they are."""
    triggers.install(connections[using])


def check_ledger(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Say so when a trigger was dropped: prices would change without being written down."""
    return [
        missing_trigger(name)
        for alias in databases or []
        for name in sorted(triggers.missing(connections[alias]))
    ]
