"""Indexes for what the list filters and orders by, so that ten thousand models are no slower than a hundred."""

from django.db import migrations, models
from django.db.models import Q

OFFERED = Q(("is_active", True), ("is_deprecated", False))


def index_lists(apps, schema_editor):
    """What the JSON lists hold, on PostgreSQL: SQLite has no index that looks into them.

    Without a list of what is yet to be sorted in: models are read far more often than written.
    """
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "CREATE INDEX models_lists ON models USING gin (tags jsonb_path_ops, "
            "supported_durations jsonb_path_ops, supported_qualities jsonb_path_ops) WITH (fastupdate = off)"
        )


def drop_lists(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX IF EXISTS models_lists")


def add_index(name, *fields, condition=OFFERED):
    index = models.Index(fields=(*fields, "id"), condition=condition, name=name)
    return migrations.AddIndex(model_name="aimodel", index=index)


class Migration(migrations.Migration):
    dependencies = [("models_registry", "0001_catalogue")]

    operations = [
        add_index("models_offered_by_name", "name", "model_id"),
        add_index("models_offered_by_provider", "provider", "name", "model_id"),
        add_index("models_offered_by_category", "category", "name", "model_id"),
        add_index("models_offered_by_cost", "cost_per_second", "model_id"),
        add_index("models_offered_by_created", "created_at", "model_id"),
        add_index("models_offered_premium", "name", "model_id", condition=OFFERED & Q(("is_premium", True))),
        migrations.RunPython(index_lists, drop_lists),
    ]
