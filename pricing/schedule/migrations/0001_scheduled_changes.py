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
            name="ScheduledChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("price", "price of a model"),
                            ("rate", "rate of a model"),
                            ("rate_removed", "removal of a rate"),
                            ("policy", "pricing policy"),
                            ("multiplier", "multiplier of a quality"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "quality",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="The key of a tier; empty: any, or none.",
                        max_length=30,
                    ),
                ),
                ("with_audio", models.BooleanField(null=True, verbose_name="with sound")),
                (
                    "values",
                    models.JSONField(default=dict, help_text="The new values by column, money as text."),
                ),
                (
                    "target",
                    models.CharField(editable=False, help_text="What two changes may share.", max_length=120),
                ),
                ("effective_from", models.DateTimeField()),
                ("reason", models.CharField(blank=True, default="", max_length=300)),
                ("actor_kind", models.CharField(max_length=20)),
                ("actor_id", models.CharField(blank=True, max_length=40)),
                ("actor", models.CharField(help_text="Who scheduled it.", max_length=300)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("applied", "Applied"),
                            ("cancelled", "Cancelled"),
                            ("failed", "Failed"),
                        ],
                        default="pending",
                        max_length=9,
                    ),
                ),
                (
                    "outcome",
                    models.CharField(blank=True, default="", help_text="What became of it.", max_length=500),
                ),
                ("settled_at", models.DateTimeField(null=True)),
                (
                    "model",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="models_registry.aimodel",
                    ),
                ),
            ],
            options={
                "verbose_name": "scheduled change",
                "db_table": "scheduled_changes",
                "ordering": ["effective_from", "pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "pending")),
                        fields=["effective_from"],
                        name="scheduled_changes_pending",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "pending")),
                        fields=("target", "effective_from"),
                        name="scheduled_changes_one_at_a_time",
                        violation_error_message="Another change of the same is scheduled for this moment.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["price", "rate", "rate_removed", "policy", "multiplier"]),
                            ("state__in", ["pending", "applied", "cancelled", "failed"]),
                        ),
                        name="scheduled_changes_vocabulary",
                    ),
                ],
            },
        ),
    ]
