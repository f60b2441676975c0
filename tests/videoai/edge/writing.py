"""Random writes of a small catalogue, in every way in which somebody might write it."""

import json
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from random import Random
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from models_registry import services
from models_registry.errors import CatalogueError
from models_registry.models import AIModel, QualityTier
from pricing.models import PricingPolicy, Rate
from pricing.services import remove_rate, set_policy, set_rate
from tests.factories import untraced

# Few of each, so that what was there comes back, and lists are met and left.
IDS = ["a/one", "A/one", "a/two", "b/three", "b/four", "b/five", "c/six/seven", "d"]
VALUES: dict[str, list[Any]] = {
    "name": ["Ann", "Bea", 'Say "results":[', "Line\u2028break", "🎬 Fílm </script>"],
    "description": ["", "Fast clips", "fast CLIPS, \\ and \u0001"],
    "provider": ["Acme", "Bolt", "Ünïcode"],
    "category": ["premium", "budget", None],
    "cost_per_second": [Decimal(text) for text in ("0.1", "0.18", "0.5", "99")],
    "supported_durations": [[5], [5, 9], [8], [5, 8, 9]],
    "supported_qualities": [["standard"], ["standard", "high"], ["high"]],
    "tags": [[], ["fast"], ["fast", "new"], ["new", "fast"]],
    "is_premium": [True, False],
    "is_active": [True, True, False],
    "is_deprecated": [True, False, False],
    "model_parameters": [{}, {"b": 1.5e300, "a": [1, None, "é"]}],
    "version": ["", "2"],
}
JSON = {"supported_durations", "supported_qualities", "tags", "model_parameters"}
MOMENTS = ["2026-01-01 00:00:00+00:00", "2026-01-02 03:04:05.678901+00:00"]


def write(random: Random) -> str:
    """Do something; what the rules refuse is not done. Tells what it was."""
    chosen = random.choice(WRITES)
    with suppress(CatalogueError, ValidationError, IntegrityError), transaction.atomic():
        chosen(random)
    return chosen.__name__


def create(random: Random) -> None:
    values = {name: random.choice(values) for name, values in VALUES.items()}
    services.create({**values, "model_id": random.choice(IDS), "replicate_model_id": "x/y"})


def revise(random: Random) -> None:
    if model := _some(random):
        services.revise(model, {name: random.choice(VALUES[name]) for name in random.sample([*VALUES], 2)})


def retire(random: Random) -> None:
    if model := _some(random):
        services.retire(model)


def restore(random: Random) -> None:
    if model := _some(random):
        services.restore(model)


def make_default(random: Random) -> None:
    if model := _some(random):
        services.make_default(model)


def change_a_column(random: Random) -> None:
    name = random.choice([*VALUES])
    value = random.choice(VALUES[name])
    value = json.dumps(value) if name in JSON else value
    cast = "::jsonb" if name in JSON and connection.vendor == "postgresql" else ""
    _run(f"UPDATE models SET {name} = %s{cast} WHERE id = %s", value, _row(random))


def change_a_moment(random: Random) -> None:
    column = random.choice(["created_at", "updated_at"])
    _run(f"UPDATE models SET {column} = %s WHERE id = %s", random.choice(MOMENTS), _row(random))


def rename(random: Random) -> None:
    _run("UPDATE models SET model_id = %s WHERE id = %s", random.choice(IDS), _row(random))


def swap(random: Random) -> None:
    rows = list(AIModel.objects.order_by("pk").values_list("pk", "model_id"))
    if len(rows) < 2:
        return
    (one, its_id), (other, others_id) = random.sample(rows, 2)
    for row, model_id in ((one, "x"), (other, its_id), (one, others_id)):
        _run("UPDATE models SET model_id = %s WHERE id = %s", model_id, row)


def delete(random: Random) -> None:
    row = _row(random)
    _run("DELETE FROM rates WHERE model_id = %s", row)
    _run("DELETE FROM models WHERE id = %s", row)


def replace(random: Random) -> None:
    model = _some(random)
    if model is None:
        return
    _run("DELETE FROM rates WHERE model_id = %s", model.pk)
    _run("DELETE FROM models WHERE id = %s", model.pk)
    values = {name: random.choice(values) for name, values in VALUES.items()}
    services.create({**values, "model_id": model.model_id, "replicate_model_id": "x/y"})


def change_many(random: Random) -> None:
    name = random.choice(["name", "provider", "category", "is_premium", "tags"])
    untraced(AIModel).filter(provider=random.choice(VALUES["provider"])).update(
        **{name: random.choice(VALUES[name])}
    )


def change_nothing(random: Random) -> None:
    _run("UPDATE models SET name = name WHERE id = %s", _row(random))


def set_a_rate(random: Random) -> None:
    if model := _some(random):
        cost = random.choice(VALUES["cost_per_second"])
        set_rate(model, quality=random.choice(["standard", "high"]), cost_per_second=cost)


def remove_a_rate(random: Random) -> None:
    rates = list(Rate.objects.order_by("pk"))
    if rates:
        remove_rate(random.choice(rates))


def change_all_rates(random: Random) -> None:
    _run("UPDATE rates SET amount = %s", random.choice(VALUES["cost_per_second"]))


def change_a_tier(random: Random) -> None:
    tier = QualityTier.objects.get(key=random.choice(["standard", "high"]))
    tier.cost_multiplier = Decimal(random.choice(["1", "1.2", "2"]))
    tier.save()


def change_the_policy(random: Random) -> None:
    set_policy(
        {
            "profit_margin": Decimal(random.choice(["1.32", "1.5"])),
            "credits_per_dollar": Decimal(50),
            "max_credits_per_generation": random.choice([100, 5_000]),
        }
    )


def drop_the_policy(random: Random) -> None:
    untraced(PricingPolicy).delete()


def empty(random: Random) -> None:
    if random.random() < 0.9:
        return
    if connection.vendor == "postgresql":
        _run("SET CONSTRAINTS ALL IMMEDIATE")
        _run("TRUNCATE models CASCADE")
        return
    _run("DELETE FROM rates")
    _run("DELETE FROM models")


def put_the_revision_back(random: Random) -> None:
    """As if another database had been put in the place of this one."""
    epoch = f"{random.getrandbits(128):032x}"
    _run("UPDATE catalogue_revision SET epoch = %s, revision = revision - 5 WHERE revision > 10", epoch)


WRITES: list[Callable[[Random], None]] = [
    *(create, create, create, revise, revise, retire, restore, make_default),
    *(change_a_column, change_a_column, change_a_column, change_a_moment, rename, swap, delete, replace),
    *(change_many, change_nothing, set_a_rate, set_a_rate, remove_a_rate, change_all_rates),
    *(change_a_tier, change_the_policy, change_the_policy, drop_the_policy, empty, put_the_revision_back),
]


def _some(random: Random) -> AIModel | None:
    models = list(AIModel.objects.order_by("pk"))
    return random.choice(models) if models else None


def _row(random: Random) -> int:
    model = _some(random)
    return model.pk if model else 0


def _run(sql: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)
