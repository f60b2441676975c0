from decimal import Decimal

import django.core.validators
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models


def create_json_type(apps, schema_editor):
    """Give PostgreSQL's function the name that SQLite's has, so that one constraint serves both."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "CREATE OR REPLACE FUNCTION json_type(jsonb) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE "
            "AS 'SELECT jsonb_typeof($1)'"
        )


def drop_json_type(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION IF EXISTS json_type(jsonb)")


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.RunPython(create_json_type, drop_json_type),
        migrations.CreateModel(
            name="CatalogueStamp",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "kind", "row_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.CharField(max_length=40)),
                ("row_id", models.BigIntegerField()),
                ("revision", models.BigIntegerField(db_index=True)),
            ],
            options={
                "db_table": "catalogue_stamps",
            },
        ),
        migrations.CreateModel(
            name="AIModel",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "model_id",
                    models.CharField(
                        help_text="As in google/veo-3. Unique regardless of case; it can't be changed later.",
                        max_length=200,
                        verbose_name="model id",
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                (
                    "description",
                    models.TextField(
                        blank=True,
                        max_length=5000,
                        validators=[django.core.validators.MaxLengthValidator(5000)],
                    ),
                ),
                ("version", models.CharField(blank=True, max_length=50)),
                (
                    "cost_per_second",
                    models.DecimalField(
                        decimal_places=9,
                        help_text="What we pay, in US dollars a second, before quality multipliers and margin.",
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
                    "supported_durations",
                    models.JSONField(help_text="Whole seconds.", verbose_name="durations"),
                ),
                (
                    "supported_qualities",
                    models.JSONField(help_text="Keys of quality tiers.", verbose_name="qualities"),
                ),
                (
                    "max_duration",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Seconds; no offered duration may be longer.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(3600),
                        ],
                    ),
                ),
                (
                    "fixed_duration",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Seconds; set it if the model makes clips of one length only.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(3600),
                        ],
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                ("is_premium", models.BooleanField(default=False, verbose_name="premium")),
                ("is_default", models.BooleanField(default=False, verbose_name="default")),
                ("is_deprecated", models.BooleanField(default=False, verbose_name="deprecated")),
                ("provider", models.CharField(max_length=100)),
                (
                    "category",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("premium", "Premium"),
                            ("budget", "Budget"),
                            ("experimental", "Experimental"),
                        ],
                        max_length=20,
                        null=True,
                    ),
                ),
                ("tags", models.JSONField(blank=True, default=list)),
                (
                    "replicate_model_id",
                    models.CharField(
                        help_text="What the backend calls.", max_length=300, verbose_name="Replicate model id"
                    ),
                ),
                (
                    "model_parameters",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="A JSON object that is sent along with every generation.",
                    ),
                ),
                ("requirements", models.JSONField(blank=True, default=dict, help_text="A JSON object.")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "priced_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        help_text="When `cost_per_second` last changed.",
                    ),
                ),
                ("deprecated_at", models.DateTimeField(editable=False, null=True)),
                (
                    "version_number",
                    models.PositiveIntegerField(
                        db_default=1,
                        editable=False,
                        help_text="Moves with every change of the row: the optimistic lock.",
                    ),
                ),
            ],
            options={
                "verbose_name": "model",
                "db_table": "models",
                "ordering": ["name", "model_id"],
                "indexes": [models.Index(fields=["name", "model_id"], name="models_by_name")],
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("model_id"),
                        name="models_model_id_unique",
                        violation_error_message="This id is taken: ids are unique regardless of case.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_default", True)),
                        fields=("is_default",),
                        name="models_one_default",
                        violation_error_message="Another model is the default.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_default", False),
                            models.Q(("is_active", True), ("is_deprecated", False)),
                            _connector="OR",
                        ),
                        name="models_default_is_active",
                        violation_error_message="Only an active, not deprecated model can be the default.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("deprecated_at__isnull", False), ("is_deprecated", True)),
                            models.Q(("deprecated_at__isnull", True), ("is_deprecated", False)),
                            _connector="OR",
                        ),
                        name="models_deprecated_since",
                        violation_error_message="A deprecated model says since when, any other does not.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("cost_per_second__gte", Decimal("1E-9")),
                            ("cost_per_second__lte", Decimal("100")),
                        ),
                        name="models_cost_range",
                        violation_error_message="A second costs more than $0 and at most $100.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("category__isnull", True),
                            ("category__in", ["premium", "budget", "experimental"]),
                            _connector="OR",
                        ),
                        name="models_category_known",
                        violation_error_message="A category is one of premium, budget, experimental, or null.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("fixed_duration__isnull", True),
                            ("max_duration__isnull", True),
                            ("fixed_duration__lte", models.F("max_duration")),
                            _connector="OR",
                        ),
                        name="models_fixed_within_max",
                        violation_error_message="The fixed duration is longer than the longest one.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("model_id", ""), _negated=True),
                            models.Q(("name", ""), _negated=True),
                            models.Q(("provider", ""), _negated=True),
                            models.Q(("replicate_model_id", ""), _negated=True),
                        ),
                        name="models_texts_not_blank",
                        violation_error_message="Id, name, provider and Replicate id are never blank.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            django.db.models.lookups.Exact(
                                models.Func(
                                    models.F("supported_durations"),
                                    function="JSON_TYPE",
                                    output_field=models.TextField(),
                                ),
                                models.Value("array"),
                            ),
                            django.db.models.lookups.Exact(
                                models.Func(
                                    models.F("supported_qualities"),
                                    function="JSON_TYPE",
                                    output_field=models.TextField(),
                                ),
                                models.Value("array"),
                            ),
                            django.db.models.lookups.Exact(
                                models.Func(
                                    models.F("tags"), function="JSON_TYPE", output_field=models.TextField()
                                ),
                                models.Value("array"),
                            ),
                        ),
                        name="models_lists_are_lists",
                        violation_error_message="Durations, qualities and tags are JSON lists.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            django.db.models.lookups.Exact(
                                models.Func(
                                    models.F("model_parameters"),
                                    function="JSON_TYPE",
                                    output_field=models.TextField(),
                                ),
                                models.Value("object"),
                            ),
                            django.db.models.lookups.Exact(
                                models.Func(
                                    models.F("requirements"),
                                    function="JSON_TYPE",
                                    output_field=models.TextField(),
                                ),
                                models.Value("object"),
                            ),
                        ),
                        name="models_objects_are_objects",
                        violation_error_message="Parameters and requirements are JSON objects.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CatalogueRevision",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("epoch", models.CharField(max_length=32)),
                ("revision", models.BigIntegerField(default=0)),
            ],
            options={
                "db_table": "catalogue_revision",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="catalogue_revision_one_row")
                ],
            },
        ),
        migrations.CreateModel(
            name="QualityTier",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "key",
                    models.CharField(
                        help_text="What the API calls it, as in standard or 720p. It can't be changed later.",
                        max_length=30,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[a-z0-9][a-z0-9_-]*\\Z",
                                "Use lower-case letters, digits, - and _, as in standard or 720p.",
                            )
                        ],
                    ),
                ),
                ("label", models.CharField(max_length=60)),
                (
                    "position",
                    models.PositiveSmallIntegerField(default=0, help_text="Lower ones are listed first."),
                ),
                (
                    "cost_multiplier",
                    models.DecimalField(
                        decimal_places=6,
                        help_text="A second in this quality costs the model's price times this.",
                        max_digits=10,
                        validators=[
                            django.core.validators.MinValueValidator(
                                Decimal("0.000001"), "Give a factor above 0."
                            ),
                            django.core.validators.MaxValueValidator(Decimal("1000")),
                        ],
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
                "verbose_name": "quality tier",
                "db_table": "quality_tiers",
                "ordering": ["position", "key"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("cost_multiplier__gte", Decimal("0.000001")),
                            ("cost_multiplier__lte", Decimal("1000")),
                        ),
                        name="quality_tiers_multiplier_range",
                        violation_error_message="The multiplier lies above 0 and at most at 1,000.",
                    )
                ],
            },
        ),
    ]
