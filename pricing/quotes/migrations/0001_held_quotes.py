import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("models_registry", "0003_megapixels"),
    ]

    operations = [
        migrations.CreateModel(
            name="HeldQuote",
            fields=[
                (
                    "id",
                    models.CharField(max_length=40, primary_key=True, serialize=False, verbose_name="quote"),
                ),
                ("terms", models.JSONField()),
                ("signature", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("redeemed_at", models.DateTimeField(null=True)),
                ("generation_id", models.CharField(max_length=200, null=True, unique=True)),
                ("redeemed_by", models.CharField(blank=True, db_default="", default="", max_length=200)),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="models_registry.aimodel",
                    ),
                ),
            ],
            options={
                "verbose_name": "held quote",
                "db_table": "held_quotes",
                "ordering": ["-created_at", "id"],
                "indexes": [
                    models.Index(fields=["-created_at", "id"], name="held_quotes_newest"),
                    models.Index(
                        condition=models.Q(("redeemed_at__isnull", True)),
                        fields=["expires_at"],
                        name="held_quotes_unredeemed",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("created_at"))),
                        name="held_quotes_hold",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("generation_id__isnull", True), ("redeemed_at__isnull", True)),
                            models.Q(("generation_id__isnull", False), ("redeemed_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="held_quotes_redeemed_for_one",
                    ),
                ],
            },
        ),
    ]
