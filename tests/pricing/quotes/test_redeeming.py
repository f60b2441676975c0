"""A quote is redeemed once, at its price, whatever has become of prices since."""

from decimal import Decimal
from typing import Any

import pytest

from models_registry import services as registry
from models_registry.models import AIModel
from models_registry.usage.models import AgreedPrice, Generation, UsageRollup
from models_registry.usage.recording import record
from models_registry.usage.verifying import Verification
from pricing.quotes import services
from pricing.quotes.models import HeldQuote
from pricing.quotes.services import hold
from pricing.quotes.terms import moment_told
from pricing.services import set_policy
from tests.factories import AIModelFactory, rate
from tests.models_registry.usage.generations import generation
from tests.pricing.quotes.conftest import ASKED, Post, age, redemption, resign

FOR_G1 = {"generation_id": "g-1"}


def problem_of(response: Any, code: str) -> dict[str, Any]:
    assert (response.status_code, response["Content-Type"]) == (409, "application/problem+json")
    problem: dict[str, Any] = response.json()
    assert problem["code"] == code
    return problem


def untouched(held: HeldQuote) -> bool:
    return HeldQuote.objects.get(pk=held.pk).redeemed_at is None and not AgreedPrice.objects.exists()


def change_every_price() -> None:
    model = AIModel.objects.get(model_id="a/b")
    registry.revise(model, {"cost_per_second": "0.9"}, confirmed=True)
    rate(model, "high", "1.7")
    set_policy({"profit_margin": Decimal(3)})


# --- Once, at its price ----------------------------------------------------------------------------------


def test_it_is_redeemed_at_the_quoted_price_though_prices_have_changed(held, post):
    change_every_price()

    response = post(redemption(held), FOR_G1)

    assert response.status_code == 200
    told = response.json()
    assert (told["credits"], told["cost_usd"], told["state"]) == (72, "1.08", "redeemed")
    assert told["generation_id"] == "g-1"
    assert told["redeemed_at"].endswith("Z")
    assert HeldQuote.objects.get().redeemed_by.startswith("backend (")
    agreed = AgreedPrice.objects.get()
    assert (agreed.generation_id, agreed.credits, agreed.cost_nanodollars) == ("g-1", 72, 1_080_000_000)
    assert agreed.price_row == held.terms["price_row"]


def test_what_is_told_is_what_is_stored(held, post):
    told = post(redemption(held), FOR_G1).json()

    stored = services.look_at(held.pk)
    assert stored.redeemed_at is not None
    assert told == {
        **stored.signed,
        "signature": stored.signature,
        "state": "redeemed",
        "generation_id": "g-1",
        "redeemed_at": moment_told(stored.redeemed_at),
    }


def test_it_takes_its_number_of_statements(held, django_assert_num_queries):
    # The transaction's two, the quote, the key claimed, looked for and given back, the price, the clock, the
    # redemption.
    with django_assert_num_queries(9):
        services.redeem(held.pk, generation_id="g-1", said={}, by="backend")


def test_a_model_that_left_the_shop_is_still_owed(held, post):
    AIModelFactory(model_id="a/next")
    registry.make_default(AIModel.objects.get(model_id="a/next"))
    registry.retire(AIModel.objects.get(model_id="a/b"))

    assert post(redemption(held), FOR_G1).status_code == 200


def test_the_second_use_tells_of_the_first(held, post):
    first = post(redemption(held), FOR_G1).json()

    for again in (FOR_G1, {"generation_id": "g-2"}):
        problem = problem_of(post(redemption(held), again), "quote_redeemed")
        assert (problem["generation_id"], problem["redeemed_at"]) == ("g-1", first["redeemed_at"])
    assert AgreedPrice.objects.count() == 1


def test_an_expired_one_is_refused_and_says_since_when(held, post):
    age(held, minutes=15)

    problem = problem_of(post(redemption(held), FOR_G1), "quote_expired")

    assert problem["expires_at"] == HeldQuote.objects.get().signed["expires_at"]
    assert untouched(held)


def test_one_that_was_redeemed_says_so_also_when_it_has_expired(held, post):
    post(redemption(held), FOR_G1)
    age(held, hours=1)

    problem_of(post(redemption(held), FOR_G1), "quote_redeemed")


# --- Altered ---------------------------------------------------------------------------------------------


def test_all_that_was_shown_may_be_sent_along(held, post):
    shown = {**held.signed, "signature": held.signature, "cost_usd": Decimal("1.080")}
    body = {**shown, "cost_usd": "1.0800", **FOR_G1}

    assert post(redemption(held), body).status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("signature", "0" * 64),
        ("signature", None),
        ("signature", "é"),
        ("credits", 71),
        ("credits", "72"),
        ("credits", True),
        ("cost_usd", "1.0800000000000000000001"),
        ("cost_usd", None),
        ("cost_usd", []),
        ("price_usd", 1e300),
        ("duration", 9),
        ("quality", "HIGH"),
        ("with_audio", False),
        ("model_id", {"$gt": ""}),
        ("expires_at", "2099-01-01T00:00:00Z"),
        ("id", "q_other"),
    ],
)
def test_whatever_differs_from_the_quote_is_refused_by_name(held, post, field, value):
    problem = problem_of(post(redemption(held), {**FOR_G1, field: value}), "quote_altered")

    assert [error["field"] for error in problem["errors"]] == [field]
    assert untouched(held)


@pytest.mark.parametrize("change", ["credits", "expires_at", "model", "signature"])
def test_a_row_that_was_edited_past_us_is_neither_told_nor_redeemed(held, post, client, change):
    other = AIModelFactory(model_id="a/other")
    values = {
        "credits": {"terms": {**held.terms, "credits": 1}},
        "expires_at": {"expires_at": held.expires_at.replace(year=2099)},
        "model": {"model": other},
        "signature": {"signature": "0" * 64},
    }
    HeldQuote.objects.filter(pk=held.pk).update(**values[change])

    for response in (client.get(f"/api/v1/pricing/quotes/{held.pk}/"), post(redemption(held), FOR_G1)):
        assert problem_of(response, "quote_altered").keys().isdisjoint(held.terms)

    assert untouched(held)


def test_a_model_under_another_key_is_another_model(held, post):
    """The key of the model is not signed, its id is."""
    HeldQuote.objects.filter(pk=held.pk).update(model=AIModelFactory(model_id="a/other"))
    resign(held)

    problem_of(post(redemption(held), FOR_G1), "quote_altered")


# --- The generation --------------------------------------------------------------------------------------


def test_a_generation_that_is_recorded_already_is_no_more_to_be_priced(held, post):
    record("a/b", generation("g-1"))

    problem = problem_of(post(redemption(held), FOR_G1), "generation_conflict")

    assert [error["field"] for error in problem["errors"]] == ["generation_id"]
    assert untouched(held)


def test_a_generation_has_its_price_from_one_quote(held, post):
    post(redemption(held), FOR_G1)
    other = hold(**ASKED)

    problem_of(post(redemption(other), FOR_G1), "generation_conflict")

    assert HeldQuote.objects.get(pk=other.pk).redeemed_at is None


@pytest.mark.parametrize(
    ("field", "said"), [("quality", {"quality": "ultra"}), ("duration", {"duration": 3_600})]
)
def test_a_generation_of_another_quality_or_duration_is_not_to_be_had_for_the_price(held, post, field, said):
    post(redemption(held), FOR_G1)
    done = {**FOR_G1, "generation_time": 12.5, "success": True}

    problem = problem_of(post("models/a/b/generations/", {**done, **said}), "generation_conflict")

    assert [error["field"] for error in problem["errors"]] == [field]
    assert not Generation.objects.exists()
    told = post("models/a/b/generations/", done).json()
    assert (told["quality"], told["duration"], told["credits"]) == ("high", 5, 72)


@pytest.mark.parametrize("is_batch", [False, True])
def test_the_generation_is_counted_at_the_agreed_price(held, post: Post, is_batch: bool):
    post(redemption(held), FOR_G1)
    change_every_price()
    done = {**FOR_G1, "generation_time": 12.5, "success": True, "quality": "high", "duration": 5}

    if is_batch:
        items = [{"model_id": "a/b", **done}, {"model_id": "a/b", **done, "credits": 72}]
        assert post("generations/batch/", {"generations": items}).json() == {
            "recorded": 1,
            "duplicates": 1,
            "rejected": [],
        }
    else:
        told = post("models/a/b/generations/", done).json()
        assert (told["credits"], told["cost_usd"]) == (72, "1.08")
        assert told["price_row"] == held.terms["price_row"]
    stored = Generation.objects.get()
    assert (stored.credits, stored.cost_nanodollars) == (72, 1_080_000_000)
    assert stored.price_row == held.terms["price_row"]
    for sums in UsageRollup.objects.all():
        assert (sums.credits, sums.credited, sums.cost_nanodollars) == (72, 1, 1_080_000_000)
    assert list(Verification(deep=True).findings()) == []


def test_costs_are_rounded_half_up_to_nine_decimals(catalogue, post):
    registry.revise(AIModel.objects.get(model_id="a/b"), {"cost_per_second": "0.123456789"}, confirmed=True)
    held = hold("a/b", quality="ultra", duration=5)  # × 1.5 × 5
    assert held.terms["cost_usd"] == "0.9259259175"

    post(redemption(held), FOR_G1)

    assert AgreedPrice.objects.get().cost_nanodollars == 925_925_918
