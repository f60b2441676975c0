from decimal import Decimal

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("models_registry", "0002_big_catalogues"),
    ]

    operations = [
        migrations.AddField(
            model_name="qualitytier",
            name="megapixels",
            field=models.DecimalField(
                blank=True,
                decimal_places=6,
                help_text="Of one picture, as in 0.9216 for 1280 × 720; for prices by the megapixel.",
                max_digits=10,
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(
                        Decimal("0.000001"), "A picture has more than 0 megapixels."
                    ),
                    django.core.validators.MaxValueValidator(Decimal("1000")),
                ],
            ),
        ),
        migrations.AddConstraint(
            model_name="qualitytier",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("megapixels__isnull", True),
                    models.Q(("megapixels__gte", Decimal("0.000001")), ("megapixels__lte", Decimal("1000"))),
                    _connector="OR",
                ),
                name="quality_tiers_megapixel_range",
                violation_error_message="A picture has more than 0 and at most 1,000 megapixels.",
            ),
        ),
    ]
