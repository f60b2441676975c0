"""The arrows of the house: videoai → pricing → models_registry, and inside an app only downwards."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
APPS = ("models_registry", "pricing", "videoai")

REGISTRY = sorted((ROOT / "models_registry").iterdir())

# Who may never import whom. The left side is a path, or the start of one.
FORBIDDEN = [
    ("models_registry", ("pricing", "videoai")),
    ("pricing", ("videoai",)),
    ("pricing/calculator.py", ("django", "models_registry", "pricing")),
    ("models_registry/errors.py", ("django", "rest_framework", "models_registry")),
    ("models_registry/choices.py", ("django.db.models.query", "rest_framework", "models_registry")),
    ("models_registry/validation.py", ("models_registry.services", "rest_framework")),
    (
        "models_registry/querysets.py",
        ("models_registry.services", "models_registry.validation", "rest_framework"),
    ),
    ("models_registry/models", ("models_registry.services", "models_registry.admin", "models_registry.api")),
    ("models_registry/services.py", ("models_registry.admin", "models_registry.api", "rest_framework")),
    ("models_registry/lifecycle.py", ("models_registry.services", "rest_framework")),
    ("models_registry/sunset_sql.py", ("django", "models_registry.models", "models_registry.services")),
    ("models_registry/sunsets.py", ("models_registry.admin", "models_registry.api", "rest_framework")),
    # The floor below the catalogue: it knows nothing of what is recorded.
    (
        "models_registry/audit",
        (
            *(f"models_registry.{name}" for name in ("admin", "api", "models", "querysets", "services")),
            *(f"models_registry.{name}" for name in ("choices", "errors", "triggers", "validation")),
            "rest_framework",
        ),
    ),
    # What is built on top of the catalogue, which knows nothing of it.
    *(
        (f"models_registry/{name}", ("models_registry.usage",))
        for name in (
            "admin",
            "api",
            "audit",
            "models",
            "triggers",
            "querysets.py",
            "services.py",
            "values.py",
        )
    ),
    (
        "models_registry/usage/recording.py",
        (
            *(f"models_registry.{name}" for name in ("admin", "api", "audit", "services")),
            *(f"models_registry.usage.{name}" for name in ("admin", "api")),
            "rest_framework",
        ),
    ),
    ("models_registry/usage/sketch.py", ("django", "models_registry")),
    ("models_registry/usage/api", ("models_registry.admin", "models_registry.usage.admin")),
    ("models_registry/usage/admin", ("models_registry.usage.api", "rest_framework")),
    ("models_registry/admin", ("models_registry.api", "rest_framework")),
    ("models_registry/api", ("models_registry.admin",)),
    ("models_registry/usage/admin", ("models_registry.usage.api", "rest_framework")),
    *(
        (f"models_registry/usage/admin/{name}.py", ("django", "models_registry.models"))
        for name in ("charts", "scales", "wording", "pictures")
    ),
    ("models_registry/live_migrations.py", ("models_registry", "rest_framework")),
    ("models_registry/watching.py", ("models_registry", "rest_framework")),
    ("models_registry/sqlstates.py", ("django", "rest_framework", "models_registry")),
    (
        "models_registry/transactions.py",
        (
            *(f"models_registry.{file.stem}" for file in REGISTRY if file.stem != "sqlstates"),
            "rest_framework",
        ),
    ),
    ("pricing/moves.py", ("django", "pricing.services", "rest_framework")),
    ("pricing/guards.py", ("pricing.services", "pricing.admin", "pricing.api", "rest_framework")),
    ("pricing/preview.py", ("pricing.services", "pricing.admin", "pricing.api", "rest_framework")),
    (
        "models_registry/usage/agreements.py",
        (
            *(f"models_registry.{name}" for name in ("admin", "api", "audit", "services")),
            *(f"models_registry.usage.{name}" for name in ("admin", "api", "recording")),
            "rest_framework",
        ),
    ),
    # A room on top of prices, which know nothing of it.
    *(
        (f"pricing/{name}", ("pricing.quotes",))
        for name in ("admin.py", "api", "calculator.py", "models", "price_book.py", "services.py")
    ),
    *(
        (f"pricing/quotes/{name}.py", ("pricing.quotes.admin", "pricing.quotes.api", "rest_framework"))
        for name in ("admin", "models", "services", "signing", "terms")
    ),
    ("pricing/quotes/api", ("pricing.admin", "pricing.quotes.admin")),
    ("pricing/services.py", ("pricing.admin", "pricing.api", "rest_framework")),
    ("pricing/price_book.py", ("pricing.services", "rest_framework")),
    ("pricing/admin", ("pricing.api", "rest_framework")),
    *(
        (f"pricing/margins/{name}.py", ("pricing.api", "pricing.margins.api", "rest_framework"))
        for name in ("margin", "watch", "file")
    ),
    ("pricing/ledger.py", ("pricing.services", "rest_framework")),
    ("pricing/triggers.py", ("pricing", "models_registry.models", "models_registry.services")),
    ("pricing/explaining.py", ("pricing.services", "rest_framework")),
    ("models_registry/turning.py", ("models_registry", "rest_framework")),
    # A room of pricing: the core knows nothing of it.
    *(
        (f"pricing/{name}", ("pricing.schedule",))
        for name in ("models", "price_book.py", "services.py", "ledger.py", "admin.py", "calculator.py")
    ),
    *(
        (f"pricing/schedule/{name}.py", ("pricing.schedule.api", "pricing.admin", "rest_framework"))
        for name in ("models", "deeds", "services", "forecast", "telling")
    ),
    ("pricing/api", ("pricing.admin",)),
    # Price lists stand on the core, which knows nothing of them; reading and planning write nothing.
    *(
        (f"pricing/{name}", ("pricing.upstream",))
        for name in ("admin.py", "api", "models", "price_book.py", "services.py")
    ),
    (
        "pricing/upstream/fetching.py",
        ("django", "models_registry.models", "pricing.models", "pricing.services"),
    ),
    ("pricing/upstream/reachable.py", ("django", "models_registry", "pricing")),
    *(
        (
            f"pricing/upstream/{name}.py",
            (
                *("models_registry.services", "pricing.services", "rest_framework"),
                *(f"pricing.upstream.{above}" for above in ("applying", "services", "writing", "admin")),
            ),
        )
        for name in ("litellm", "planning", "standing", "price_list", "guarding", "drafts")
    ),
    # What may come from a replica is plain data; who acts on it stands beside the edge.
    ("models_registry/replicable.py", ("django", "rest_framework", "models_registry")),
    ("videoai/replicas", ("videoai.edge", "videoai.api", "videoai.exchange", "rest_framework")),
    ("videoai/postgresql", ("models_registry", "pricing", "videoai.replicas", "rest_framework")),
    # Backups know the tables, and nothing of who serves them; doctor asks whoever knows.
    (
        "videoai/backup",
        ("videoai.doctor", "videoai.edge", "videoai.api", "videoai.management", "rest_framework"),
    ),
    # What the edge and Django say alike belongs to neither.
    ("videoai/live/events.py", ("django", "rest_framework", "models_registry", "videoai")),
    ("videoai/live", ("videoai.edge", "videoai.api", "videoai.limits")),
    # Every floor may count and be logged: what that takes knows none of them.
    *(
        (f"videoai/observing/{name}.py", ("django", "rest_framework", "models_registry", "pricing"))
        for name in ("access", "lines", "metrics", "server", "sharing", "sink")
    ),
    ("videoai/observing", ("videoai.edge", "videoai.limits", "videoai.model_manager", "videoai.attention")),
    # What needs attention is found below the pages that show it.
    ("videoai/attention", ("videoai.model_manager", "videoai.doctor", "django.contrib", "rest_framework")),
    ("videoai/doctor", ("videoai.model_manager", "videoai.api", "rest_framework")),
    ("pricing/gaps.py", ("pricing.services", "pricing.admin", "pricing.api", "rest_framework")),
    # The floors of the edge: looking at the database, then what is ready, then streams and recordings.
    *(
        (
            f"videoai/edge/{room}",
            (*(f"videoai.edge.{above}" for above in above_it), "videoai.edge.application"),
        )
        for room, above_it in {
            "freshness": ("ready", "behind", "streams", "recording"),
            "behind": ("streams", "recording"),
            "ready": ("streams", "recording"),
            "streams": ("recording",),
            "recording": ("streams",),
        }.items()
    ),
    ("videoai/edge/freshness", ("django", "rest_framework", "models_registry", "pricing")),
    *(
        (f"videoai/edge/streams/{name}.py", ("django", "rest_framework", "models_registry.models"))
        for name in ("streams", "clients", "recent")
    ),
]


def sources(start: str) -> list[Path]:
    path = ROOT / start
    files = [path] if path.suffix == ".py" else [*path.rglob("*.py"), *path.parent.glob(f"{path.name}.py")]
    return [file for file in files if file.exists()]


def imports(source: str) -> Iterator[str]:
    """Every module that is imported when the program runs; imports for the type checker don't count."""
    tree = ast.parse(source)
    for_types = {
        node
        for test in ast.walk(tree)
        if isinstance(test, ast.If) and ast.unparse(test.test).endswith("TYPE_CHECKING")
        for node in ast.walk(test)
    }
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def breaches(source: str, forbidden: tuple[str, ...]) -> list[str]:
    return [name for name in imports(source) for wall in forbidden if f"{name}.".startswith(f"{wall}.")]


@pytest.mark.parametrize(("start", "forbidden"), FORBIDDEN, ids=[start for start, _ in FORBIDDEN])
def test_nothing_points_back(start, forbidden):
    files = sources(start)
    found = {str(file.relative_to(ROOT)): breaches(file.read_text(), forbidden) for file in files}

    assert files
    assert {file: names for file, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import pricing",
        "from pricing.models import Rate",
        "from pricing import models",
        "if 1:\n import pricing.x",
    ],
)
def test_an_arrow_the_wrong_way_would_be_seen(source):
    assert breaches(source, ("pricing",))


def test_similar_names_and_imports_for_types_are_no_arrows():
    source = "import pricing_tools\nif TYPE_CHECKING:\n    from pricing import models"

    assert breaches(source, ("pricing",)) == []


def test_every_folder_with_models_or_migrations_is_an_installed_app():
    """Django would quietly move the models of a forgotten one into its parent app."""
    homes = {Path(config.path) for config in apps.get_app_configs()}
    for name in APPS:
        for file in (ROOT / name).rglob("*.py"):
            if file.name == "models.py" or file.parts[-2:] == ("models", "__init__.py"):
                home = file.parent if file.name == "models.py" else file.parent.parent
                assert home in homes, f"{home} has models, but is not in INSTALLED_APPS"
        for folder in (ROOT / name).rglob("migrations"):
            assert folder.parent in homes, f"{folder.parent} has migrations, but is not in INSTALLED_APPS"


# What is part of the schema, which only grows: a column's type, and how big tables are changed.
OF_THE_SCHEMA = ("models_registry.usage.sketch_field", "models_registry.live_migrations")


def test_migrations_import_no_live_code():
    for file in [file for name in APPS for file in (ROOT / name).rglob("migrations/0*.py")]:
        live = [name for name in breaches(file.read_text(), APPS) if not name.startswith(OF_THE_SCHEMA)]
        assert live == [], file


def test_nothing_is_imported_inside_a_function():
    """That is how circles are hidden."""
    for file in [file for name in APPS for file in (ROOT / name).rglob("*.py")]:
        for function in ast.walk(ast.parse(file.read_text())):
            if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
                inner = [n for n in ast.walk(function) if isinstance(n, (ast.Import, ast.ImportFrom))]
                assert inner == [], f"{file}: {function.name}"


def test_files_stay_readable():
    """Three hundred lines are a room; more are a hall."""
    long = {
        str(file.relative_to(ROOT)): lines
        for name in APPS
        for file in (ROOT / name).rglob("*.py")
        if "migrations" not in file.parts and (lines := len(file.read_text().splitlines())) > 400
    }

    assert long == {}


def test_the_calculator_knows_no_orm():
    assert set(imports((ROOT / "pricing/calculator.py").read_text())) <= {
        "dataclasses.dataclass",
        *(f"decimal.{name}" for name in ("Context", "Decimal", "Inexact", "ROUND_CEILING", "ROUND_HALF_UP")),
    }
