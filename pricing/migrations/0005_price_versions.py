import uuid

from django.db import migrations, models

FOUND = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT DISTINCT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
    "WHERE NOT tgisinternal AND pg_table_is_visible(pg_class.oid)",
}
DROP = {"sqlite": "DROP TRIGGER {}", "postgresql": "DROP FUNCTION {}() CASCADE"}


def drop_triggers(apps, schema_editor):
    """They come after each `migrate`; left behind, they would write into a table that is gone."""
    vendor = schema_editor.connection.vendor
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(FOUND[vendor])
        for name in [name for (name,) in cursor.fetchall() if name.startswith("prices_")]:
            cursor.execute(DROP[vendor].format(name))


class Migration(migrations.Migration):
    dependencies = [
        ("pricing", "0004_upstream_models"),
    ]

    operations = [
        migrations.CreateModel(
            name="PriceVersion",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "number",
                    models.BigIntegerField(
                        db_index=True, help_text="Counts up; it orders versions of one moment."
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("model", "model"),
                            ("listed", "price list entry"),
                            ("rate", "rate"),
                            ("policy", "pricing policy"),
                            ("tier", "quality tier"),
                        ],
                        max_length=8,
                    ),
                ),
                ("row_id", models.BigIntegerField()),
                (
                    "model_row",
                    models.BigIntegerField(help_text="Primary key of the model that it prices.", null=True),
                ),
                ("name", models.CharField(help_text="A model's id, or a tier's key.", max_length=200)),
                ("effective_from", models.DateTimeField()),
                ("state", models.TextField(null=True)),
            ],
            options={
                "db_table": "price_versions",
                "indexes": [
                    models.Index(
                        fields=["kind", "row_id", "-effective_from", "-number"],
                        name="price_versions_latest_of_row",
                    ),
                    models.Index(fields=["model_row"], name="price_versions_by_model"),
                    models.Index(fields=["kind", "name"], name="price_versions_by_name"),
                ],
            },
        ),
        migrations.RunPython(migrations.RunPython.noop, drop_triggers),
    ]
