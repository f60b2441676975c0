import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("models_registry", "0001_catalogue"),
        ("usage", "0002_price_rows"),
    ]

    operations = [
        migrations.CreateModel(
            name="AgreedPrice",
            fields=[
                ("generation_id", models.CharField(max_length=200, primary_key=True, serialize=False)),
                ("quality", models.CharField(max_length=30)),
                ("duration", models.PositiveSmallIntegerField(help_text="Seconds of video.")),
                ("credits", models.BigIntegerField()),
                ("cost_nanodollars", models.BigIntegerField()),
                ("price_row", models.CharField(max_length=120)),
                (
                    "model",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="models_registry.aimodel",
                    ),
                ),
            ],
            options={
                "db_table": "agreed_prices",
            },
        ),
    ]
