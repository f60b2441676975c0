import uuid

from django.db import migrations, models


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
    ]
