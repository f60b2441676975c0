from decimal import Decimal

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("models_registry", "0001_catalogue"),
    ]

    operations = [
        migrations.CreateModel(
            name="PricingPolicy",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(
                        default=1, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "profit_margin",
                    models.DecimalField(
                        decimal_places=6,
                        help_text="A factor on our cost: 1.32 adds 32 % to it, which leaves 24.2 % of the price.",
                        max_digits=13,
                        validators=[
                            django.core.validators.MinValueValidator(
                                Decimal("0.000001"), "Give a factor above 0."
                            ),
                            django.core.validators.MaxValueValidator(Decimal("1000")),
                        ],
                    ),
                ),
                (
                    "credits_per_dollar",
                    models.DecimalField(
                        decimal_places=6,
                        max_digits=13,
                        validators=[
                            django.core.validators.MinValueValidator(
                                Decimal("0.000001"), "Give a number above 0."
                            ),
                            django.core.validators.MaxValueValidator(Decimal("1000000")),
                        ],
                    ),
                ),
                (
                    "max_credits_per_generation",
                    models.PositiveIntegerField(
                        default=5000,
                        help_text="Dearer combinations are not sold.",
                        validators=[django.core.validators.MinValueValidator(1)],
                    ),
                ),
                (
                    "priced_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
            ],
            options={
                "verbose_name": "pricing policy",
                "verbose_name_plural": "pricing policy",
                "db_table": "pricing_policy",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("id", 1)),
                        name="pricing_policy_one_row",
                        violation_error_message="There is one policy; change it instead of adding another.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("credits_per_dollar__gte", Decimal("0.000001")),
                            ("credits_per_dollar__lte", Decimal("1000000")),
                            ("max_credits_per_generation__gte", 1),
                            ("profit_margin__gte", Decimal("0.000001")),
                            ("profit_margin__lte", Decimal("1000")),
                        ),
                        name="pricing_policy_ranges",
                        violation_error_message="Margin, credits a dollar and limit are above 0 and not absurd.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Rate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "cost_per_second",
                    models.DecimalField(
                        decimal_places=9,
                        max_digits=12,
                        validators=[
                            django.core.validators.MinValueValidator(
                                Decimal("1E-9"), "A second costs more than $0."
                            ),
                            django.core.validators.MaxValueValidator(
                                Decimal("100"), "A second costs at most $%(limit_value)s."
                            ),
                        ],
                        verbose_name="$ per second",
                    ),
                ),
                (
                    "priced_at",
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
                (
                    "quality",
                    models.ForeignKey(
                        db_column="quality",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="models_registry.qualitytier",
                        to_field="key",
                    ),
                ),
            ],
            options={
                "db_table": "rates",
                "ordering": ["model", "quality__position"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("model", "quality"),
                        name="rates_one_a_quality",
                        violation_error_message="This model has a rate for this quality already; change that one.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("cost_per_second__gte", Decimal("1E-9")),
                            ("cost_per_second__lte", Decimal("100")),
                        ),
                        name="rates_cost_range",
                        violation_error_message="A second costs more than $0 and at most $100.",
                    ),
                ],
            },
        ),
    ]
