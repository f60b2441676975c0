"""When a model goes, and which one to use instead."""

from django.db import migrations, models


def drop_triggers(apps, schema_editor):
    """SQLite drops no column that a trigger names; after `migrate` they are installed as they should be."""
    if schema_editor.connection.vendor == "sqlite":
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'models' "
                "AND name LIKE 'catalogue_models_%'"
            )
            names = [name for (name,) in cursor.fetchall()]
        for name in names:
            schema_editor.execute(f"DROP TRIGGER {name}")


class Migration(migrations.Migration):
    dependencies = [("models_registry", "0003_megapixels")]

    operations = [
        migrations.AddField(
            model_name="aimodel",
            name="sunset_at",
            field=models.DateTimeField(
                blank=True,
                help_text="In UTC, to the second. From then on the model is retired, by itself.",
                null=True,
                verbose_name="sunset",
            ),
        ),
        migrations.AddField(
            model_name="aimodel",
            name="successor",
            field=models.CharField(
                blank=True,
                help_text=(
                    "The id of the model to use instead; everybody is told. "
                    "A retired default hands over to it."
                ),
                max_length=200,
                null=True,
            ),
        ),
        migrations.AddIndex(
            model_name="aimodel",
            index=models.Index(
                condition=models.Q(("is_active", True), ("sunset_at__isnull", False)),
                fields=["sunset_at"],
                name="models_awaiting_sunset",
            ),
        ),
        migrations.RunPython(migrations.RunPython.noop, drop_triggers),
    ]
