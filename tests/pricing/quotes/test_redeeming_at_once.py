"""Those who redeem at the same moment, each over a connection of its own."""

from collections import Counter

import pytest
from django.test import Client

from models_registry.usage.models import AgreedPrice, Generation
from models_registry.usage.verifying import Verification
from pricing.quotes.models import HeldQuote
from pricing.quotes.services import hold
from tests.exchange.threads import at_once
from tests.factories import AIModelFactory, bearer, service_token, standard_policy
from tests.pricing.quotes.conftest import ASKED, redemption

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def headers() -> dict[str, str]:
    standard_policy()
    AIModelFactory(model_id="a/b")
    return bearer(service_token("usage:write").text)


def send(path: str, body: object, headers: dict[str, str]) -> tuple[int, str]:
    response = Client().post(f"/api/v1/{path}", body, content_type="application/json", headers=headers)
    return response.status_code, response.json().get("code", "")


@pytest.mark.parametrize("is_one_generation", [True, False])
def test_of_sixteen_one_redeems_it(headers: dict[str, str], is_one_generation: bool) -> None:
    held = hold(**ASKED)
    ids = ["g-1"] * 16 if is_one_generation else [f"g-{n}" for n in range(16)]

    found = at_once(
        lambda: send(redemption(held), {"generation_id": ids.pop()}, headers),
        threads=16,
    )

    assert Counter(found) == {(200, ""): 1, (409, "quote_redeemed"): 15}
    assert AgreedPrice.objects.get().generation_id == HeldQuote.objects.get().generation_id


def test_of_eight_quotes_for_one_generation_one_is_taken(headers: dict[str, str]) -> None:
    quotes = [hold(**ASKED) for _ in range(8)]

    found = at_once(lambda: send(redemption(quotes.pop()), {"generation_id": "g-1"}, headers), threads=8)

    assert Counter(found) == {(200, ""): 1, (409, "generation_conflict"): 7}
    assert HeldQuote.objects.redeemed().count() == 1


def test_a_generation_is_recorded_with_its_price_or_before_it_has_one(headers: dict[str, str]) -> None:
    """Whoever comes second knows of the first."""
    for number in range(12):
        held = hold(**ASKED)
        done = {"generation_id": f"g-{number}", "generation_time": 1, "success": True}
        works = [
            (redemption(held), {"generation_id": f"g-{number}"}),
            ("models/a/b/generations/", done),
        ]

        found = at_once(lambda works=works: send(*works.pop(), headers), threads=2)  # type: ignore[misc]

        was_agreed = HeldQuote.objects.get(pk=held.pk).redeemed_at is not None
        stored = Generation.objects.get(generation_id=f"g-{number}")
        assert stored.credits == (72 if was_agreed else None)
        assert sorted(found) == (
            [(200, ""), (201, "")] if was_agreed else [(201, ""), (409, "generation_conflict")]
        )
    assert list(Verification(deep=True).findings()) == []
