import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import models_registry.usage.sketch_field


def create_generations(apps, schema_editor):
    """A plain table; on PostgreSQL one in parts by month, where what fits no month goes to the rest."""
    model = apps.get_model("usage", "Generation")
    if schema_editor.connection.vendor != "postgresql":
        schema_editor.create_model(model)
        return
    sql, params = schema_editor.table_sql(model)
    schema_editor.execute(f"{sql} PARTITION BY RANGE (finished_at)", params or None)
    schema_editor.execute("CREATE TABLE generations_rest PARTITION OF generations DEFAULT")


def drop_generations(apps, schema_editor):
    schema_editor.execute("DROP TABLE generations")


def drop_pattern_index(apps, schema_editor):
    """On PostgreSQL Django adds an index for LIKE to a textual key; it would double what a new key costs."""
    if schema_editor.connection.vendor != "postgresql":
        return
    # Django makes it at the very end of the migration, unless it is told not to.
    schema_editor.deferred_sql = [
        sql
        for sql in schema_editor.deferred_sql
        if not ("_like" in str(sql) and "generation_keys" in str(sql))
    ]


def leave_room(apps, schema_editor):
    """On PostgreSQL: rows that change all the time change within their page, and are swept often."""
    if schema_editor.connection.vendor != "postgresql":
        return
    for table in ("usage_counters", "usage_rollups", "usage_error_counts"):
        schema_editor.execute(
            f"ALTER TABLE {table} SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, "
            "autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0)"
        )


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("models_registry", "0001_catalogue"),
    ]

    operations = [
        migrations.CreateModel(
            name="GenerationKey",
            fields=[
                ("generation_id", models.CharField(max_length=200, primary_key=True, serialize=False)),
                ("finished_at", models.DateTimeField(help_text="Where to find the generation.")),
                (
                    "fingerprint",
                    models.BigIntegerField(help_text="Of all that was reported, but the time it finished."),
                ),
            ],
            options={
                "db_table": "generation_keys",
            },
        ),
        migrations.CreateModel(
            name="UsageCounter",
            fields=[
                (
                    "model",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="models_registry.aimodel",
                    ),
                ),
                ("generations", models.BigIntegerField()),
                ("successes", models.BigIntegerField()),
                ("microseconds", models.BigIntegerField()),
            ],
            options={
                "verbose_name": "usage",
                "verbose_name_plural": "usage",
                "db_table": "usage_counters",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("microseconds__gte", 0),
                            ("successes__gte", 0),
                            ("successes__lte", models.F("generations")),
                        ),
                        name="usage_counters_add_up",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="UsageHorizon",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("kept_since", models.DateTimeField()),
            ],
            options={
                "db_table": "usage_horizon",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="usage_horizon_one_row")
                ],
            },
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="Generation",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "finished_at",
                                "generation_id",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("generation_id", models.CharField(max_length=200)),
                        ("finished_at", models.DateTimeField()),
                        (
                            "recorded_at",
                            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                        ),
                        ("success", models.BooleanField()),
                        ("microseconds", models.BigIntegerField()),
                        (
                            "bucket",
                            models.SmallIntegerField(help_text="Of the sketch; see `sketch.bucket_of`."),
                        ),
                        (
                            "duration",
                            models.PositiveSmallIntegerField(help_text="Seconds of video; 0: nobody said."),
                        ),
                        ("quality", models.CharField(blank=True, max_length=30)),
                        ("queue_microseconds", models.BigIntegerField(null=True)),
                        ("error_code", models.CharField(blank=True, max_length=64)),
                        ("cost_nanodollars", models.BigIntegerField(null=True)),
                        ("credits", models.BigIntegerField(null=True)),
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
                        "db_table": "generations",
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("microseconds__gte", 0), ("microseconds__lte", 86400000000)
                                ),
                                name="generations_time_range",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("success", False), ("error_code", ""), _connector="OR"),
                                name="generations_success_has_no_error",
                            ),
                        ],
                    },
                )
            ]
        ),
        migrations.RunPython(create_generations, drop_generations),
        migrations.CreateModel(
            name="UsageErrorCount",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "model",
                        "grain",
                        "start",
                        "quality",
                        "duration",
                        "error_code",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "grain",
                    models.CharField(
                        choices=[("hour", "Hour"), ("day", "Day"), ("month", "Month")], max_length=5
                    ),
                ),
                ("start", models.DateTimeField()),
                ("quality", models.CharField(blank=True, max_length=30)),
                ("duration", models.PositiveSmallIntegerField()),
                ("error_code", models.CharField(max_length=64)),
                ("failures", models.BigIntegerField()),
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
                "db_table": "usage_error_counts",
                "indexes": [models.Index(fields=["grain", "start"], name="usage_error_counts_by_time")],
            },
        ),
        migrations.CreateModel(
            name="UsageRollup",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "model",
                        "grain",
                        "start",
                        "quality",
                        "duration",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "grain",
                    models.CharField(
                        choices=[("hour", "Hour"), ("day", "Day"), ("month", "Month")], max_length=5
                    ),
                ),
                ("start", models.DateTimeField()),
                ("quality", models.CharField(blank=True, max_length=30)),
                ("duration", models.PositiveSmallIntegerField()),
                ("generations", models.BigIntegerField()),
                ("successes", models.BigIntegerField()),
                ("microseconds", models.BigIntegerField()),
                ("success_microseconds", models.BigIntegerField()),
                ("queued", models.BigIntegerField(help_text="How many said how long they queued.")),
                ("queue_microseconds", models.BigIntegerField()),
                ("costed", models.BigIntegerField(help_text="How many said what they cost.")),
                ("cost_nanodollars", models.BigIntegerField()),
                ("credited", models.BigIntegerField(help_text="How many said their credits.")),
                ("credits", models.BigIntegerField()),
                (
                    "sketch",
                    models_registry.usage.sketch_field.SketchField(help_text="The times of the successes."),
                ),
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
                "db_table": "usage_rollups",
                "indexes": [models.Index(fields=["grain", "start"], name="usage_rollups_by_time")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("microseconds__gte", 0),
                            ("successes__gte", 0),
                            ("successes__lte", models.F("generations")),
                        ),
                        name="usage_rollups_add_up",
                    )
                ],
            },
        ),
        migrations.RunPython(drop_pattern_index, migrations.RunPython.noop),
        migrations.RunPython(leave_room, migrations.RunPython.noop),
    ]
