import csv
import io
from decimal import Decimal

import pytest

from models_registry.models import AIModel
from pricing.margins.file import HEADER
from pricing.models import PricingPolicy
from tests.factories import AIModelFactory, bearer, service_token, standard_policy, untraced
from tests.laying import laid_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

ADDRESS = "/api/v1/pricing/margins/"


@laid_once("module")
def catalogue() -> None:
    standard_policy(target_margin=Decimal(30))
    AIModelFactory(model_id="a/one", provider="Acme", category="budget", supported_qualities=["standard"])
    AIModelFactory(
        model_id="b/two",
        name="=1+1",
        provider="Bolt",
        cost_per_second="0.0001",
        supported_durations=[1],
        supported_qualities=["standard"],
    )


@pytest.fixture
def reader(client):
    headers = bearer(service_token("catalog:read").text)

    def read(path: str = "", **query):
        return client.get(f"{ADDRESS}{path}", query, headers=headers)

    return read


def ids(answer) -> list[str]:
    return [row["model_id"] for row in answer.json()["results"]]


def test_a_row_tells_all_there_is_and_every_amount_is_a_text(reader):
    page = reader().json()

    assert (page["count"], page["next"], page["previous"]) == (2, None, None)
    assert page["results"][0] == {
        "model_id": "a/one",
        "name": AIModel.objects.get(model_id="a/one").name,
        "provider": "Acme",
        "category": "budget",
        "status": "active",
        "quality": "standard",
        "duration": 9,
        "with_audio": None,
        "cost_usd": "1.62",
        "own_cost_usd": "1.62",
        "listed_cost_usd": None,
        "price_usd": "2.14",
        "credits": 107,
        "margin_usd": "0.52",
        "margin_percent": "24.3",
        "target_margin": "30",
        "is_under_target": True,
        "is_loss": False,
        "last_30_days": {"generations": 0, "credits": None, "value_usd": "0"},
    }


def test_filters_orderings_and_pages(reader):
    assert ids(reader(provider="Bolt")) == ["b/two"]
    assert ids(reader(category="budget")) == ["a/one"]
    assert ids(reader(under_target="true")) == ["a/one"]
    assert ids(reader(ordering="-margin_percent")) == ["b/two", "a/one"]
    second = reader(page_size=1, page=2).json()
    assert (second["count"], second["previous"], len(second["results"])) == (2, f"{ADDRESS}?page_size=1", 1)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"under_target": "yes"}, "under_target"),
        ({"ordering": "luck"}, "ordering"),
        ({"category": "luxury"}, "category"),
        ({"colour": "red"}, "colour"),
        ({"page": "0"}, "page"),
        ({"provider": "\0"}, "provider"),
    ],
)
def test_what_is_wrong_is_named(reader, query, field):
    answer = reader(**query)

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_the_file_has_every_row_and_runs_nothing(reader):
    answer = reader("csv/", ordering="-margin_percent")

    rows = list(csv.reader(io.StringIO(answer.content.decode())))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="margins_')
    assert tuple(rows[0]) == HEADER
    assert [row[0] for row in rows[1:]] == ["b/two", "a/one"]
    assert rows[1][1] == "'=1+1"


def test_what_is_wrong_with_the_file_is_a_problem_all_the_same(reader):
    answer = reader("csv/", page=1)

    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["errors"][0]["field"] == "page"


def test_without_a_policy_nothing_has_a_margin(reader):
    untraced(PricingPolicy).all().delete()

    assert (reader().status_code, reader().json()["code"]) == (503, "unpriced")
