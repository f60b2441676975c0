from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.core.checks import CheckMessage, Tags, Warning, register  # noqa: A004
from django.db import connections
from django.db.models.signals import post_migrate

from models_registry import lookups, sunset_sql, triggers, turning

MISSING, DISABLED = "models_registry.W001", "models_registry.W002"
OF_TRIGGERS = frozenset({MISSING, DISABLED})  # messages that say: the database does not do what we rely on


class ModelsRegistryConfig(AppConfig):
    name = "models_registry"
    verbose_name = "Catalogue"
    default_auto_field = "django.db.models.BigAutoField"
    tracked_tables = triggers.CATALOGUE_TABLES

    def ready(self) -> None:
        lookups.register()
        turning.register(sunset_sql.TURN)
        post_migrate.connect(install_triggers, sender=self)
        register(Tags.database)(check_triggers)


def install_triggers(sender: Any, using: str, **_: Any) -> None:
    """Bring the triggers on the app's tracked tables up to date, once its tables stand."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    if {"catalogue_revision", "catalogue_stamps"} <= tables:
        triggers.install(connection, [table for table in sender.tracked_tables if table.name in tables])


def check_triggers(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Say so when a trigger was dropped: caches and optimistic locks would trust a lie.

    No error: `migrate`, which mends it, refuses to run on errors.
    """
    found: list[CheckMessage] = []
    for alias in databases or []:
        connection = connections[alias]
        standing = set(connection.introspection.table_names())
        for config in apps.get_app_configs():
            tables = [t for t in getattr(config, "tracked_tables", ()) if t.name in standing]
            found += map(missing_trigger, sorted(triggers.missing(connection, tables)))
        found += map(disabled_trigger, sorted(triggers.disabled(connection)))
    return found


def disabled_trigger(name: str) -> CheckMessage:
    return Warning(
        f"The trigger {name} is disabled.",
        hint=f"Enable it: ALTER TABLE … ENABLE TRIGGER {name}.",
        id=DISABLED,
    )


def missing_trigger(name: str) -> CheckMessage:
    return Warning(
        f"The trigger {name} is missing.",
        hint="Run `python manage.py migrate`, which installs it again.",
        id=MISSING,
    )
