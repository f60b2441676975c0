from decimal import Decimal

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("models_registry", "0003_megapixels"),
    ]

    operations = [
        migrations.CreateModel(
            name="HeldPrice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("quality", models.CharField(blank=True, help_text="Empty: the base price.", max_length=40)),
                ("with_audio", models.BooleanField(null=True)),
                ("amount_before", models.DecimalField(decimal_places=9, max_digits=12)),
                (
                    "unit_before",
                    models.CharField(
                        choices=[
                            ("second", "second"),
                            ("clip", "clip"),
                            ("megapixel_second", "megapixel second"),
                            ("unknown", "unknown: not quoted"),
                        ],
                        max_length=16,
                    ),
                ),
                ("amount_after", models.DecimalField(decimal_places=9, max_digits=12)),
                (
                    "unit_after",
                    models.CharField(
                        choices=[
                            ("second", "second"),
                            ("clip", "clip"),
                            ("megapixel_second", "megapixel second"),
                            ("unknown", "unknown: not quoted"),
                        ],
                        max_length=16,
                    ),
                ),
                ("why", models.CharField(max_length=200)),
                ("list_name", models.CharField(max_length=40)),
                ("source", models.CharField(blank=True, max_length=500)),
                ("note", models.CharField(blank=True, max_length=2000)),
                ("fetched_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("approved", "Approved"),
                            ("rejected", "Rejected"),
                            ("withdrawn", "withdrawn: the list says something else by now"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("decided_by", models.CharField(blank=True, max_length=300)),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "raised_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
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
                "db_table": "held_prices",
                "ordering": ["-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "waiting"), ("with_audio__isnull", True)),
                        fields=("model", "quality"),
                        name="held_prices_one_waits",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "waiting"), ("with_audio__isnull", False)),
                        fields=("model", "quality", "with_audio"),
                        name="held_prices_one_waits_audio",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount_after__gte", Decimal("0")),
                            ("amount_after__lte", Decimal("100")),
                            ("amount_before__gte", Decimal("1E-9")),
                            ("amount_before__lte", Decimal("100")),
                        ),
                        name="held_prices_range",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at__isnull", True), ("state", "waiting")),
                            models.Q(
                                models.Q(("state", "waiting"), _negated=True), ("decided_at__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="held_prices_decided_since",
                    ),
                ],
            },
        ),
    ]
