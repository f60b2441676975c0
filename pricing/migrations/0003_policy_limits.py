from decimal import Decimal

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pricing", "0002_rates_by_unit")]

    operations = [
        migrations.AddField(
            model_name="pricingpolicy",
            name="max_cost_per_second",
            field=models.DecimalField(
                blank=True,
                decimal_places=9,
                help_text="What costs us more a second is not sold. Empty: no limit.",
                max_digits=12,
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(Decimal("1E-9"), "A second costs more than $0."),
                    django.core.validators.MaxValueValidator(
                        Decimal("100"), "A second costs at most $%(limit_value)s."
                    ),
                ],
                verbose_name="max $ per second",
            ),
        ),
        migrations.AddField(
            model_name="pricingpolicy",
            name="max_duration_per_generation",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Seconds; longer generations are not sold. Empty: as long as models make them.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(3600),
                ],
            ),
        ),
        migrations.AddField(
            model_name="pricingpolicy",
            name="target_margin",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                help_text=(
                    "Percent of the price that should be left when our cost is paid. "
                    "The overview tells of models that leave less."
                ),
                max_digits=5,
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(Decimal("0")),
                    django.core.validators.MaxValueValidator(Decimal("100")),
                ],
            ),
        ),
        migrations.AddConstraint(
            model_name="pricingpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("max_duration_per_generation__isnull", True),
                        models.Q(
                            ("max_duration_per_generation__gte", 1),
                            ("max_duration_per_generation__lte", 3600),
                        ),
                        _connector="OR",
                    ),
                    models.Q(
                        ("max_cost_per_second__isnull", True),
                        models.Q(
                            ("max_cost_per_second__gte", Decimal("1E-9")),
                            ("max_cost_per_second__lte", Decimal("100")),
                        ),
                        _connector="OR",
                    ),
                    models.Q(
                        ("target_margin__isnull", True),
                        models.Q(("target_margin__gte", 0), ("target_margin__lte", Decimal("100"))),
                        _connector="OR",
                    ),
                ),
                name="pricing_policy_limits",
                violation_error_message="Limits and the target are in range, or empty.",
            ),
        ),
    ]
