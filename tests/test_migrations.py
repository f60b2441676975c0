"""Every migration runs beside the release before it, can be taken back, and says what it is."""

import pytest
from django.apps import apps
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from models_registry.live_migrations import AddConstraintConcurrently, AddIndexConcurrently
from tests.migration_rules import unfit_for_a_live_system, unruly

LOADER = MigrationLoader(None)
OURS = {
    config.label
    for config in apps.get_app_configs()
    if config.name.split(".")[0] in {"videoai", "models_registry", "pricing"}
}
MIGRATIONS = sorted(key for key in LOADER.disk_migrations if key[0] in OURS)

# Tables of few rows, and from before there was a release that had to go on working. Never add to these.
BEFORE_RELEASES = {
    ("models_registry", "0002_big_catalogues"),
    ("models_registry", "0003_megapixels"),
    ("models_registry", "0004_sunset_and_successor"),
    ("pricing", "0002_rates_by_unit"),
    ("pricing", "0003_policy_limits"),
}


def of(*operations: object, **more: object) -> migrations.Migration:
    """A migration of the app `usage` that does these."""
    made = migrations.Migration(str(more.pop("name", "0002_boxes")), "usage")
    made.operations = list(operations)
    vars(made).update(more)
    return made


@pytest.fixture
def before() -> ProjectState:
    state = ProjectState()
    fields = [
        ("id", models.BigAutoField(primary_key=True)),
        ("label", models.CharField(max_length=20)),
        ("note", models.TextField(null=True)),
        ("code", models.CharField(max_length=9, unique=True)),
    ]
    unique = models.UniqueConstraint(fields=["label"], name="boxes_label")
    migrations.CreateModel("Box", fields, {"constraints": [unique]}).state_forwards("usage", state)
    return state


@pytest.mark.parametrize("key", MIGRATIONS, ids=".".join)
def test_it_is_named_reversible_and_whole(key):
    assert unruly(LOADER.get_migration(*key)) == []


@pytest.mark.parametrize("key", sorted(set(MIGRATIONS) - BEFORE_RELEASES), ids=".".join)
def test_it_keeps_nobody_waiting_and_leaves_the_previous_release_what_it_uses(key):
    found = unfit_for_a_live_system(LOADER.get_migration(*key), LOADER.project_state(key, at_end=False))

    assert found == []


@pytest.mark.parametrize("key", sorted(BEFORE_RELEASES), ids=".".join)
def test_what_is_let_pass_needs_it(key):
    assert unfit_for_a_live_system(LOADER.get_migration(*key), LOADER.project_state(key, at_end=False))


INDEX = models.Index(fields=["label"], name="boxes_by_label")
CHECK = models.CheckConstraint(condition=models.Q(label="a"), name="boxes_a")
NOOP = migrations.RunPython.noop


@pytest.mark.parametrize(
    ("operation", "told"),
    [
        (migrations.AddIndex("Box", INDEX), "write AddIndexConcurrently, in a migration of its own"),
        (migrations.AddConstraint("Box", CHECK), "write AddConstraintConcurrently, in a migration"),
        (migrations.RunSQL("CREATE INDEX a ON b (c)", "DROP INDEX a"), "write CREATE INDEX CONCURRENTLY"),
        (migrations.AddField("Box", "a", models.IntegerField(null=True, db_index=True)), "db_index=False"),
        (migrations.AlterField("Box", "label", models.CharField(max_length=20, unique=True)), "unique=False"),
        (migrations.AddField("Box", "a", models.IntegerField(default=1)), "null=True or db_default"),
        (migrations.RemoveField("Box", "label"), "contract a release later"),
        (migrations.RenameField("Box", "label", "name"), "contract a release later"),
        (migrations.DeleteModel("Box"), "contract a release later"),
        (migrations.RenameModel("Box", "Crate"), "contract a release later"),
        (migrations.RemoveConstraint("Box", "boxes_label"), "ON CONFLICT"),
        (migrations.AlterField("Box", "note", models.TextField()), "contract a release later"),
        (migrations.AlterField("Box", "label", models.IntegerField()), "contract a release later"),
        (migrations.AlterField("Box", "label", models.CharField(max_length=9)), "contract a release later"),
        (migrations.RunSQL("ALTER TABLE b DROP COLUMN c", ""), "contract a release later"),
        (
            migrations.SeparateDatabaseAndState([migrations.RemoveField("Box", "label")]),
            "contract a release later",
        ),
    ],
    ids=lambda value: value.describe() if hasattr(value, "describe") else None,
)
def test_what_a_live_system_could_not_bear_is_refused_with_the_way_out(operation, told, before):
    (found,) = unfit_for_a_live_system(of(operation), before)

    assert told in found


@pytest.mark.parametrize(
    "operation",
    [
        AddIndexConcurrently("Box", INDEX),
        AddConstraintConcurrently("Box", CHECK),
        migrations.AddField("Box", "a", models.IntegerField(db_default=1)),
        migrations.AddField("Box", "a", models.IntegerField(null=True)),
        migrations.AlterField("Box", "label", models.CharField(max_length=200)),
        migrations.AlterField("Box", "label", models.CharField(max_length=20, help_text="What it says.")),
        migrations.AlterField("Box", "code", models.CharField(max_length=10, unique=True)),
        migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField("Box", "label")]),
    ],
    ids=lambda value: value.describe(),
)
def test_what_expands_is_welcome(operation, before):
    assert unfit_for_a_live_system(of(operation), before) == []


def test_a_new_table_is_nobodys_yet(before):
    made = migrations.CreateModel("Lid", [("id", models.BigAutoField(primary_key=True))])
    more = migrations.AddField("Lid", "size", models.IntegerField(db_index=True))

    assert unfit_for_a_live_system(of(made, more), before) == []


def test_who_says_that_it_contracts_may(before):
    marked = of(migrations.RemoveField("Box", "label"), contract="Nothing reads it since 0.2.")

    assert unfit_for_a_live_system(marked, before) == []


@pytest.mark.parametrize(
    ("migration", "told"),
    [
        (of(name="0002_auto_20261130_1200"), "name it by hand"),
        (of(migrations.RunPython(NOOP)), "give it its reverse"),
        (of(migrations.RunSQL("SELECT 1")), "give it its reverse"),
        (of(migrations.SeparateDatabaseAndState([migrations.RunSQL("SELECT 1")])), "give it its reverse"),
        (of(AddIndexConcurrently("Box", INDEX)), "say `atomic = False`"),
        (of(migrations.RunPython(NOOP, NOOP), atomic=False), "put the rest elsewhere"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_unruly_is_refused(migration, told):
    assert told in " ".join(unruly(migration))
