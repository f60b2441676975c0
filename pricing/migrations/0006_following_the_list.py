"""Whether the price of a model follows its list, instead of guessing it from two prices being equal."""

from django.db import migrations, models

FOUND = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'upstream_models'",
    "postgresql": "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
    "WHERE NOT tgisinternal AND relname = 'upstream_models' AND pg_table_is_visible(pg_class.oid)",
}
DROP = {"sqlite": "DROP TRIGGER {}", "postgresql": "DROP FUNCTION {}() CASCADE"}


def drop_triggers(apps, schema_editor):
    """No column is dropped that a trigger names; after `migrate` they are installed as they should be."""
    vendor = schema_editor.connection.vendor
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(FOUND[vendor])
        for name in [name for (name,) in cursor.fetchall() if name.startswith(("catalogue_", "prices_"))]:
            cursor.execute(DROP[vendor].format(name))


class Migration(migrations.Migration):
    dependencies = [("pricing", "0005_price_versions")]

    operations = [
        migrations.AddField(
            model_name="upstreammodel",
            name="follows",
            field=models.BooleanField(
                db_default=True,
                default=True,
                help_text="False: the model's own price is set by hand, whatever the list says.",
                verbose_name="follows the list",
            ),
        ),
        migrations.RunPython(migrations.RunPython.noop, drop_triggers),
    ]
