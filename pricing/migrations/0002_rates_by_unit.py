from decimal import Decimal

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("models_registry", "0003_megapixels"), ("pricing", "0001_policy_and_rates")]

    operations = [
        migrations.RemoveConstraint(
            model_name="rate",
            name="rates_one_a_quality",
        ),
        migrations.RemoveConstraint(
            model_name="rate",
            name="rates_cost_range",
        ),
        migrations.RenameField(model_name="rate", old_name="cost_per_second", new_name="amount"),
        migrations.AlterField(
            model_name="rate",
            name="amount",
            field=models.DecimalField(
                decimal_places=9,
                max_digits=12,
                validators=[
                    django.core.validators.MinValueValidator(Decimal("1E-9"), "A unit costs more than $0."),
                    django.core.validators.MaxValueValidator(
                        Decimal("100"), "A unit costs at most $%(limit_value)s."
                    ),
                ],
                verbose_name="$ per unit",
            ),
        ),
        migrations.AddField(
            model_name="rate",
            name="currency",
            field=models.CharField(db_default="USD", default="USD", editable=False, max_length=3),
        ),
        migrations.AddField(
            model_name="rate",
            name="layer",
            field=models.CharField(
                choices=[("override", "set by hand"), ("upstream", "from a price list")],
                db_default="override",
                default="override",
                editable=False,
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="rate",
            name="minimum_charge",
            field=models.DecimalField(
                db_default=Decimal("0"),
                decimal_places=9,
                default=Decimal("0"),
                help_text="What a generation costs at least.",
                max_digits=13,
                validators=[
                    django.core.validators.MinValueValidator(Decimal("0")),
                    django.core.validators.MaxValueValidator(Decimal("1000")),
                ],
                verbose_name="minimum $",
            ),
        ),
        migrations.AddField(
            model_name="rate",
            name="note",
            field=models.CharField(blank=True, db_default="", default="", max_length=2000),
        ),
        migrations.AddField(
            model_name="rate",
            name="source",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="The page or file that says so.",
                max_length=500,
            ),
        ),
        migrations.AddField(
            model_name="rate",
            name="source_fetched_at",
            field=models.DateTimeField(blank=True, help_text="When it was read, in UTC.", null=True),
        ),
        migrations.AddField(
            model_name="rate",
            name="unit",
            field=models.CharField(
                choices=[
                    ("second", "second"),
                    ("clip", "clip"),
                    ("megapixel_second", "megapixel second"),
                    ("unknown", "unknown: not quoted"),
                ],
                db_default="second",
                default="second",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="rate",
            name="with_audio",
            field=models.BooleanField(
                blank=True,
                help_text="A rate for sound, or for none, counts only where a quote says which.",
                null=True,
                verbose_name="with sound",
            ),
        ),
        migrations.AlterField(
            model_name="rate",
            name="quality",
            field=models.ForeignKey(
                blank=True,
                db_column="quality",
                help_text="Empty: whatever the quality.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="models_registry.qualitytier",
                to_field="key",
            ),
        ),
        migrations.AddConstraint(
            model_name="rate",
            constraint=models.UniqueConstraint(
                condition=models.Q(("quality__isnull", False), ("with_audio__isnull", False)),
                fields=("model", "layer", "quality", "with_audio"),
                name="rates_one_a_place_q_a",
                violation_error_message="This model has a rate for this already; change that one.",
            ),
        ),
        migrations.AddConstraint(
            model_name="rate",
            constraint=models.UniqueConstraint(
                condition=models.Q(("quality__isnull", False), ("with_audio__isnull", True)),
                fields=("model", "layer", "quality"),
                name="rates_one_a_place_q_any",
                violation_error_message="This model has a rate for this already; change that one.",
            ),
        ),
        migrations.AddConstraint(
            model_name="rate",
            constraint=models.UniqueConstraint(
                condition=models.Q(("quality__isnull", True), ("with_audio__isnull", False)),
                fields=("model", "layer", "with_audio"),
                name="rates_one_a_place_any_a",
                violation_error_message="This model has a rate for this already; change that one.",
            ),
        ),
        migrations.AddConstraint(
            model_name="rate",
            constraint=models.UniqueConstraint(
                condition=models.Q(("quality__isnull", True), ("with_audio__isnull", True)),
                fields=("model", "layer"),
                name="rates_one_a_place_any_any",
                violation_error_message="This model has a rate for this already; change that one.",
            ),
        ),
        migrations.AddConstraint(
            model_name="rate",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gte", Decimal("1E-9")), ("amount__lte", Decimal("100"))),
                name="rates_amount_range",
                violation_error_message="A unit costs more than $0 and at most $100.",
            ),
        ),
        migrations.AddConstraint(
            model_name="rate",
            constraint=models.CheckConstraint(
                condition=models.Q(("minimum_charge__gte", 0), ("minimum_charge__lte", Decimal("1000"))),
                name="rates_minimum_range",
                violation_error_message="A minimum lies between $0 and $1,000.",
            ),
        ),
        migrations.AddConstraint(
            model_name="rate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("currency", "USD"),
                    ("layer__in", ["override", "upstream"]),
                    ("unit__in", ["second", "clip", "megapixel_second", "unknown"]),
                ),
                name="rates_vocabulary",
                violation_error_message="Rates are in USD, by a known unit, in a known layer.",
            ),
        ),
    ]
