from django.db import migrations, models


class Migration(migrations.Migration):
    """By hand, because Django would copy the whole table on SQLite, where both engines need no time at all."""

    dependencies = [
        ("usage", "0001_usage"),
    ]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE generations ADD COLUMN price_row varchar(120) DEFAULT '' NOT NULL",
            "ALTER TABLE generations DROP COLUMN price_row",
            state_operations=[
                migrations.AddField(
                    model_name="generation",
                    name="price_row",
                    field=models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Which row of the price list it has its price from.",
                        max_length=120,
                    ),
                ),
            ],
        ),
    ]
