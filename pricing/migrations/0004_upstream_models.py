from decimal import Decimal

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pricing", "0003_policy_limits")]

    operations = [
        migrations.CreateModel(
            name="UpstreamModel",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("list_name", models.CharField(help_text="Which list, as in litellm.", max_length=40)),
                ("key", models.CharField(help_text="What the list calls the model.", max_length=300)),
                (
                    "cost_per_second",
                    models.DecimalField(
                        decimal_places=9,
                        help_text="The list's own base price, as it was last taken over.",
                        max_digits=12,
                        null=True,
                        verbose_name="$ per second",
                    ),
                ),
                ("source", models.CharField(blank=True, max_length=500)),
                ("fetched_at", models.DateTimeField()),
                ("deprecation_date", models.DateField(null=True)),
                (
                    "notes",
                    models.JSONField(default=list, help_text="What the list says that prices here don't."),
                ),
            ],
            options={
                "verbose_name": "price list entry",
                "verbose_name_plural": "price list entries",
                "db_table": "upstream_models",
            },
        ),
        migrations.AddField(
            model_name="upstreammodel",
            name="model",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="models_registry.aimodel"
            ),
        ),
        migrations.AddConstraint(
            model_name="upstreammodel",
            constraint=models.UniqueConstraint(
                fields=("list_name", "key"),
                name="upstream_models_one_a_key",
                violation_error_message="This entry of the list belongs to another model.",
            ),
        ),
        migrations.AddConstraint(
            model_name="upstreammodel",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("cost_per_second__isnull", True),
                    models.Q(
                        ("cost_per_second__gte", Decimal("1E-9")), ("cost_per_second__lte", Decimal("100"))
                    ),
                    _connector="OR",
                ),
                name="upstream_models_cost_range",
            ),
        ),
    ]
