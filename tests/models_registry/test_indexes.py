"""Ten thousand models: PostgreSQL finds what is asked for in indexes, and never looks at every row."""

from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from models_registry import services
from models_registry.models import AIModel
from models_registry.triggers import CATALOGUE_TABLES, missing
from tests.factories import AIModelFactory, QualityTierFactory, untraced
from tests.laying import laid_once

NUMBER = 10_000


@laid_once("module")
def big_catalogue() -> None:
    """One model in a hundred differs from the others in everything that lists are narrowed to."""
    prototype = services.state(AIModelFactory(model_id="a/first"))
    QualityTierFactory(key="8k")
    rare = {
        "provider": "Rare",
        "category": "experimental",
        "tags": ["common", "rare"],
        "supported_durations": [5, 60],
        "supported_qualities": ["standard", "8k"],
        "cost_per_second": Decimal("0.01"),
        "is_premium": True,
    }
    untraced(AIModel).bulk_create(
        (
            AIModel(
                **{
                    **prototype,
                    "model_id": f"b/{number}",
                    "name": f"Model {number % 1_000}",
                    "provider": f"Provider {number % 40}",
                    "category": "budget",
                    "tags": ["common"],
                    "cost_per_second": Decimal(20 + number % 100) / 100,
                    "is_default": False,
                    **(rare if number % 100 == 7 else {}),
                }
            )
            for number in range(NUMBER)
        ),
        batch_size=1_000,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE models")


SELECTIVE = (
    "models/?provider=Rare",
    "models/?category=experimental",
    "models/?tag=rare",
    "models/?tag=common&tag=rare",
    "models/?duration=60",
    "models/?quality=8k",
    "models/?is_premium=true",
    "models/?max_cost_per_second=0.02",
    "models/?provider=Rare&quality=8k&ordering=cost_per_second",
    "models/premium/",
    "models/premium/?tag=rare",
    "models/default/",
    "models/b/77/",
    "models/b/77/validate/?duration=5&quality=high",
    "models/b/77/stats/",
    "pricing/matrix/?provider=Rare",
    "pricing/compare/?duration=60&quality=8k",
)
ORDERS = ("name", "-name", "cost_per_second", "-cost_per_second", "provider", "-provider", "created_at")


@pytest.mark.slow
@pytest.mark.postgresql
@pytest.mark.usefixtures("big_catalogue", "db", "standard_prices")
class TestPlans:
    @pytest.mark.parametrize("address", SELECTIVE)
    def test_what_is_rare_is_found_in_an_index(self, get, address):
        plans = plans_of(get, address)

        assert plans
        assert not any("Seq Scan on models" in plan for plan in plans), plans

    @pytest.mark.parametrize("order", [*ORDERS, "-created_at"])
    def test_the_first_page_is_read_in_the_order_of_an_index(self, get, order):
        (page,) = [plan for plan in plans_of(get, f"models/?ordering={order}") if "Limit" in plan]

        assert "Index Scan" in page
        assert "Seq Scan on models" not in page

    def test_every_row_is_looked_at_without_the_indexes(self, get):
        """So that the tests above can fail."""
        with connection.cursor() as cursor:
            cursor.execute("DROP INDEX models_offered_by_provider, models_lists")

        assert any("Seq Scan on models" in plan for plan in plans_of(get, "models/?tag=rare&ordering=-name"))


def plans_of(get, address: str) -> list[str]:
    """How PostgreSQL works through the queries of a read that models are looked up in."""
    with CaptureQueriesContext(connection) as queries:
        assert get(address).status_code == 200
    asked = [query["sql"] for query in queries if 'FROM "models"' in query["sql"]]
    with connection.cursor() as cursor:
        return [_plan(cursor, sql) for sql in asked]


def _plan(cursor, sql: str) -> str:
    cursor.execute(f"EXPLAIN {sql}")
    return "\n".join(line for (line,) in cursor.fetchall())


def indexes() -> set[str]:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, "models")
    return {name for name, of in found.items() if of["index"]}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.migrates
def test_they_come_and_go_and_the_triggers_stay():
    new = {name for name in indexes() if name.startswith(("models_offered", "models_lists"))}
    assert len(new) == (7 if connection.vendor == "postgresql" else 6)

    try:
        call_command("migrate", "models_registry", "0001_catalogue", verbosity=0)

        assert indexes() & new == set()
        assert missing(connection, CATALOGUE_TABLES[:1]) == set()
    finally:
        call_command("migrate", verbosity=0)
    assert new <= indexes()
    assert missing(connection, CATALOGUE_TABLES) == set()
