"""The page of margins: who sees it, what stands there, and in which order."""

import csv
import io
import re
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from models_registry import services
from models_registry.models import AIModel
from pricing.models import UpstreamModel
from tests.factories import AIModelFactory, standard_policy, untraced

pytestmark = pytest.mark.django_db

PAGE = "/admin/models/margins/"


@pytest.fixture
def models() -> dict[str, AIModel]:
    """One that earns, one under the target, one at a loss."""
    standard_policy(target_margin=Decimal(25))
    found = {
        name: AIModelFactory(
            name=name, provider=provider, cost_per_second=cost, supported_qualities=["standard"]
        )
        for name, provider, cost in (
            *(("Earns", "Acme", "0.0007"), ("Short", "Bolt", "0.18")),
            *(("Loses", "Bolt", "0.2"),),
        )
    }
    UpstreamModel.objects.create(
        model=found["Loses"],
        list_name="list",
        key="loses",
        fetched_at=timezone.now(),
        cost_per_second=Decimal("0.4"),
    )
    return found


def names(response: Any) -> list[str]:
    return [row.name for row in response.context["rows"]]


def marks(response: Any) -> list[str]:
    return re.findall(r'class="mark mark-(\w+)"', response.content.decode())


def test_the_least_margin_comes_first_and_says_what_is_wrong(
    admin_client: Client, models: dict[str, AIModel]
) -> None:
    response = admin_client.get(PAGE)
    assert names(response) == ["Loses", "Short", "Earns"]
    assert marks(response) == ["loss", "short"]
    html = response.content.decode()
    assert f'href="/admin/models/{models["Loses"].pk}/change/#pricing"' in html
    assert 'aria-sort="ascending"' in html


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("ordering=-margin_percent", ["Earns", "Short", "Loses"]),
        ("ordering=name", ["Earns", "Loses", "Short"]),
        ("provider=Bolt&ordering=-cost_usd", ["Loses", "Short"]),
        ("under_target=true", ["Loses", "Short"]),
        ("p=99&ordering=name", ["Earns", "Loses", "Short"]),
    ],
)
def test_it_is_narrowed_and_sorted(
    admin_client: Client, models: dict[str, AIModel], query: str, shown: list[str]
) -> None:
    assert names(admin_client.get(f"{PAGE}?{query}")) == shown


@pytest.mark.parametrize(
    "query", ["provider=Nobody", "provider=%00", "ordering=luck", "category=x", "format=x"]
)
def test_nonsense_is_named_and_shows_the_usual(
    admin_client: Client, models: dict[str, AIModel], query: str
) -> None:
    response = admin_client.get(f"{PAGE}?{query}")
    assert response.status_code == 400
    assert "errorlist" in response.content.decode()
    assert len(names(response)) == 3


def test_the_file_holds_what_was_asked_for(admin_client: Client, models: dict[str, AIModel]) -> None:
    response = admin_client.get(f"{PAGE}?format=csv&under_target=true")
    rows = list(csv.reader(io.StringIO(response.content.decode())))
    assert [row[1] for row in rows] == ["name", "Loses", "Short"]
    assert response["Content-Disposition"].startswith("attachment")


def test_without_a_policy_it_says_why_there_is_nothing(admin_client: Client) -> None:
    response = admin_client.get(PAGE)
    assert response.status_code == 200
    assert "There is no pricing policy." in response.content.decode()


def test_who_may_see_models_may_see_it(client: Client, viewer: User, models: dict[str, AIModel]) -> None:
    assert client.get(PAGE).status_code == 302
    client.force_login(viewer)
    assert client.get(PAGE).status_code == 200
    assert client.post(PAGE).status_code == 405
    client.force_login(User.objects.create_user("nobody", is_staff=True))
    assert client.get(PAGE).status_code == 403


def test_it_takes_as_many_queries_for_many_models(admin_client: Client, models: dict[str, AIModel]) -> None:
    counts = []
    for number in (0, 200):
        prototype = services.state(models["Short"])
        untraced(AIModel).bulk_create(
            AIModel(**{**prototype, "model_id": f"b/{n}", "is_default": False}) for n in range(number)
        )
        with CaptureQueriesContext(connection) as queries:
            assert admin_client.get(PAGE).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
