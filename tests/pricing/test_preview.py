"""What a change would do, before it is made: against a computation of one's own."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from models_registry.models import AIModel, CatalogueRevision
from models_registry.usage.recording import record_many
from pricing.models import PricingPolicy, Rate
from pricing.services import set_policy
from tests.factories import AIModelFactory, bearer, rate, service_token, standard_policy

pytestmark = pytest.mark.django_db

MULTIPLIERS = {"standard": "1", "high": "1.2", "ultra": "1.5"}
TWO = {"ultra": "1.25", "standard": "2"}


@pytest.fixture
def ask(client):
    headers = bearer(service_token("catalog:read").text)

    def ask(body: Any, path: str = "pricing/preview/") -> Any:
        return client.post(f"/api/v1/{path}", body, content_type="application/json", headers=headers)

    return ask


def stock() -> None:
    standard_policy()
    AIModelFactory(model_id="a/one", cost_per_second="0.18")
    AIModelFactory(model_id="a/two", cost_per_second="0.75", supported_durations=[8])
    AIModelFactory(model_id="a/draft", is_active=False)
    rate(AIModel.objects.get(model_id="a/two"), "high", "0.5")
    set_policy({"max_credits_per_generation": 500}, confirmed=True)


def used(model_id: str, number: int, *, days: int = 0, **said: Any) -> Iterator[dict[str, Any]]:
    finished = (timezone.now() - timedelta(days=days)).isoformat()
    for n in range(number):
        yield {
            "model_id": model_id,
            "generation_id": f"{model_id}-{days}-{sorted(said.items())}-{n}",
            "generation_time": 1,
            "success": n % 2 == 0,
            "finished_at": finished,
            **said,
        }


def credits(cost: str, factor: str, seconds: int, *, margin: str = "1.32", dollar: str = "50") -> int | None:
    exact = Fraction(cost) * Fraction(factor) * seconds * Fraction(margin) * Fraction(dollar)
    found = int(Decimal(exact.numerator) // exact.denominator + (exact.denominator > 1))
    return found if found <= 500 else None


def expected(new: dict[str, Any]) -> dict[tuple[str, str, int], tuple[int | None, int | None]]:
    """Credits before and after, of all that changes; from the published formula alone."""
    found = {}
    for model_id, cost, durations in (("a/one", "0.18", [5, 9]), ("a/two", "0.75", [8])):
        for quality, factor in MULTIPLIERS.items():
            for seconds in durations:
                is_rate = (model_id, quality) == ("a/two", "high")
                before = credits("0.5" if is_rate else cost, "1" if is_rate else factor, seconds)
                after = credits(
                    "0.5" if is_rate else new["costs"].get(model_id, cost),
                    "1" if is_rate else new["multipliers"].get(quality, factor),
                    seconds,
                    margin=new["margin"],
                    dollar=new["dollar"],
                )
                if before != after:
                    found[model_id, quality, seconds] = (before, after)
    return found


@pytest.mark.parametrize(
    ("body", "new"),
    [
        ({"policy": {"profit_margin": "1.5"}}, {"margin": "1.5"}),
        ({"policy": {"profit_margin": 1.1, "credits_per_dollar": 100}}, {"margin": "1.1", "dollar": "100"}),
        (
            {"multipliers": {"ultra": "1.25", "standard": "2"}},
            {"multipliers": {"ultra": "1.25", "standard": "2"}},
        ),
        ({"models": [{"model_id": "a/one", "cost_per_second": "0.2"}]}, {"costs": {"a/one": "0.2"}}),
        (
            {
                "policy": {"profit_margin": "1.4"},
                "multipliers": {"high": "1.1"},
                "models": [{"model_id": "a/two", "cost_per_second": "0.6"}],
            },
            {"margin": "1.4", "multipliers": {"high": "1.1"}, "costs": {"a/two": "0.6"}},
        ),
    ],
)
def test_it_agrees_with_the_formula_on_every_combination(ask, body, new):
    stock()
    usual = {"margin": "1.32", "dollar": "50", "multipliers": {}, "costs": {}}

    served = ask(body).json()

    found = {
        (row["model_id"], row["quality"], row["duration"]): (row["before"], row["after"])
        for row in served["results"]
    }
    assert found == expected({**usual, **new})
    counts = served["combinations"]
    assert counts["affected"] == len(found)
    parts = ("dearer", "cheaper", "newly_sold", "no_longer_sold")
    assert sum(counts[name] for name in parts) == len(found)
    assert served["truncated"] is False


def test_nothing_is_changed_by_it(ask):
    stock()
    before = CatalogueRevision.objects.get().revision

    ask({"policy": {"profit_margin": "9"}, "models": [{"model_id": "a/one", "rates": {"high": "9"}}]})

    assert CatalogueRevision.objects.get().revision == before
    assert PricingPolicy.objects.get().profit_margin == Decimal("1.32")
    assert Rate.objects.count() == 1


def test_the_last_thirty_days_are_told_in_dollars(ask):
    stock()
    made = [
        *used("a/one", 7, quality="high", duration=5),  # 72 credits
        *used("a/one", 3, days=20, quality="high", duration=5),
        *used("a/two", 2, quality="high", duration=8),  # 264, a rate
        *used("a/one", 4, days=31, quality="high", duration=5),  # too long ago
        *used("a/one", 5),  # nobody knows what they were
        *used("a/two", 1, quality="ultra", duration=8),  # above the limit
        *used("a/two", 1, quality="high", duration=5),  # not offered
    ]
    assert record_many(made).recorded == len(made)

    usage = ask({"policy": {"credits_per_dollar": 100}}).json()["usage"]

    now = timezone.now()
    assert usage.pop("to") == f"{(now + timedelta(days=1)).date()}T00:00:00Z"
    assert usage.pop("from") == f"{(now - timedelta(days=29)).date()}T00:00:00Z"
    assert usage == {
        "generations": 10,
        "unpriced_generations": 9,
        "credits_before": 720,
        "credits_after": 1430,
        "dollars_before": "14.4",
        "dollars_after": "14.3",
        "difference_usd": "-0.1",
    }


def test_of_models_alone_only_their_generations_count(ask):
    stock()
    record_many(
        [*used("a/one", 2, quality="high", duration=5), *used("a/two", 2, quality="high", duration=8)]
    )

    served = ask({"models": [{"model_id": "a/two", "rates": {"high": None}}]}).json()

    assert served["results"] == [
        {"model_id": "a/two", "quality": "high", "duration": 8, "before": 264, "after": 476}
    ]
    assert served["usage"]["generations"] == 2
    assert (served["usage"]["dollars_before"], served["usage"]["difference_usd"]) == ("10.56", "8.48")


def test_a_draft_can_be_looked_at_by_its_name(ask):
    stock()
    change = {"model_id": "a/draft", "cost_per_second": "0.36"}

    assert {row["model_id"] for row in ask({"models": [change]}).json()["results"]} == {"a/draft"}


def test_what_would_leave_the_sale_comes_first_and_then_what_moves_most(ask):
    stock()

    rows = ask({"policy": {"max_duration_per_generation": 8}, "multipliers": {"standard": "3"}}).json()[
        "results"
    ]

    assert [row["duration"] for row in rows if row["after"] is None][:2] == [9, 9]
    kinds = [row["after"] is None for row in rows]
    assert kinds == sorted(kinds, reverse=True)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, "non_field_errors"),
        ({"colour": 1}, "colour"),
        ({"policy": {}}, "policy"),
        ({"policy": []}, "policy"),
        ({"policy": {"target_margin": "1"}}, "policy.target_margin"),
        ({"policy": {"profit_margin": 0}}, "policy.profit_margin"),
        ({"policy": {"profit_margin": "1_0"}}, "policy.profit_margin"),
        ({"policy": {"profit_margin": None}}, "policy.profit_margin"),
        ({"policy": {"profit_margin": True, "colour": 1}}, "policy.colour policy.profit_margin"),
        ({"policy": {"max_credits_per_generation": "5"}}, "policy.max_credits_per_generation"),
        ({"policy": {"max_credits_per_generation": 2**31}}, "policy.max_credits_per_generation"),
        ({"policy": {"max_duration_per_generation": 3_601}}, "policy.max_duration_per_generation"),
        ({"multipliers": {"8k": 2}}, "multipliers.8k"),
        ({"multipliers": {"high": -1}}, "multipliers.high"),
        ({"models": []}, "models"),
        ({"models": ["a/one"]}, "models.0 models.0.model_id"),
        ({"models": [{"model_id": "a/one"}]}, "models.0"),
        ({"models": [{"cost_per_second": 1}]}, "models.0.model_id"),
        ({"models": [{"model_id": "a/one", "cost_per_second": 101}]}, "models.0.cost_per_second"),
        ({"models": [{"model_id": "a/one", "rates": {"8k": "1"}}]}, "models.0.rates.8k"),
        (
            {"models": [{"model_id": "a/one", "rates": {"high": "0"}, "price": 1}]},
            "models.0.price models.0.rates.high",
        ),
        ({"models": [{"model_id": "a/one", "rates": {"high": 1}}] * 2}, "models.1.model_id"),
    ],
)
def test_what_it_can_not_read_is_refused_by_its_place(ask, body, fields):
    stock()

    response = ask(body)

    assert response.status_code == 400
    assert sorted({error["field"] for error in response.json()["errors"]}) == fields.split()


def test_an_unknown_model_is_not_found(ask):
    stock()

    known = {"model_id": "a/one", "rates": {"high": 1}}
    response = ask({"models": [known, {"model_id": "no/such", "cost_per_second": 1}]})

    assert (response.status_code, response.json()["code"]) == (404, "model_unavailable")
    assert response.json()["errors"][0]["field"] == "models.1.model_id"


def test_without_a_policy_nothing_can_be_told(ask):
    AIModelFactory()

    assert ask({"policy": {"profit_margin": 2}}).json()["code"] == "unpriced"


def test_parameters_are_refused(ask):
    stock()

    assert ask({"policy": {"profit_margin": 2}}, path="pricing/preview/?page=2").status_code == 400


def test_it_takes_as_many_queries_for_many_models_as_for_few(ask):
    stock()
    body = {"policy": {"profit_margin": "2"}}
    ask(body)
    counts = []

    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            assert ask(body).status_code == 200
        counts.append(len(queries))
        for _ in range(12):
            AIModelFactory()

    assert counts == [6, 6]  # the token, the book, what was generated


def test_a_long_list_is_cut_and_says_so(ask, monkeypatch):
    stock()
    monkeypatch.setattr("pricing.api.preview.MOST_RESULTS", 2)

    served = ask({"policy": {"profit_margin": "2"}}).json()

    assert (len(served["results"]), served["truncated"]) == (2, True)
