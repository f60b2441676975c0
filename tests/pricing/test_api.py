import pytest
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer

from models_registry import services
from models_registry.models import AIModel, QualityTier
from pricing.api.serializers import OfferSerializer
from pricing.models import PricingPolicy
from pricing.quotes.terms import moment_told
from pricing.services import compare, set_policy
from tests.factories import AIModelFactory, standard_policy, untraced
from tests.laying import laid_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


@laid_once("module")
def catalogue():
    standard_policy()
    AIModelFactory(
        model_id="google/veo-3",
        name="Veo",
        provider="Google",
        category="premium",
        cost_per_second="0.75",
        supported_durations=[8],
    )
    AIModelFactory(model_id="luma/ray", name="Ray", provider="Luma", category="budget", tags=["fast"])


class TestQuote:
    def test_it_is_exact_and_every_amount_is_a_text(self, get):
        served = get("pricing/quote/", model_id="google/veo-3", quality="high", duration=8).json()

        assert served.pop("priced_at").endswith("Z")
        assert served == {
            "model_id": "google/veo-3",
            "quality": "high",
            "duration": 8,
            "cost_per_second": "0.75",
            "quality_multiplier": "1.2",
            "cost_usd": "7.2",
            "price_usd": "9.52",
            "credits": 476,
            "currency": "USD",
        }

    def test_a_price_change_shows_in_the_very_next_quote(self, get):
        model = AIModel.objects.get(model_id="luma/ray")
        address = "pricing/quote/?model_id=luma/ray&quality=standard&duration=5"
        assert get(address).json()["credits"] == 60

        services.revise(model, {"cost_per_second": "0.2"})

        assert get(address).json()["credits"] == 66

    def test_equal_prices_give_equal_bytes_and_tags(self, get):
        address = "pricing/quote/?model_id=luma/ray&quality=standard&duration=5"
        before = get(address)

        services.revise(AIModel.objects.get(model_id="luma/ray"), {"name": "Renamed"})

        after = get(address)
        assert (after.content, after["ETag"]) == (before.content, before["ETag"])

    @pytest.mark.parametrize(
        ("query", "status", "code"),
        [
            ({"model_id": "no/such"}, 404, "model_unavailable"),
            ({"duration": 9}, 422, "unsupported_duration"),
            ({"duration": 0}, 422, "unsupported_duration"),
            ({"duration": -8}, 422, "unsupported_duration"),
            ({"quality": "8k"}, 422, "unsupported_quality"),
        ],
    )
    def test_what_is_not_sold_is_not_priced(self, get, query, status, code):
        wanted = {"model_id": "google/veo-3", "quality": "high", "duration": 8}

        response = get("pricing/quote/", **{**wanted, **query})

        assert response.status_code == status
        assert response.json()["code"] == code
        assert "credits" not in response.json()

    def test_an_unsupported_choice_comes_with_the_alternatives(self, get):
        response = get("pricing/quote/", model_id="google/veo-3", quality="high", duration=5)

        assert response.json()["alternatives"] == {"durations": [8], "qualities": []}
        assert response.json()["errors"][0]["field"] == "duration"

    def test_above_the_limit_says_which_limit(self, get):
        set_policy({"max_credits_per_generation": 475}, confirmed=True)

        response = get("pricing/quote/", model_id="google/veo-3", quality="high", duration=8)

        assert response.status_code == 422
        assert response.json()["code"] == "over_limit"
        assert (response.json()["credits"], response.json()["limit"]) == (476, 475)

    @pytest.mark.parametrize("missing", [PricingPolicy, QualityTier])
    def test_a_missing_part_is_an_error_and_never_a_free_quote(self, get, missing):
        untraced(missing).all().delete()

        response = get("pricing/quote/", model_id="google/veo-3", quality="high", duration=8)

        assert response.status_code == 503
        assert response.json()["code"] == "unpriced"
        assert "Retry-After" not in response.headers  # only an admin can mend it

    @pytest.mark.parametrize(
        ("query", "fields"),
        [
            ({}, ["duration", "quality", "model_id"]),
            ({"model_id": "google/veo-3", "quality": "high"}, ["duration"]),
            ({"model_id": "", "quality": "high", "duration": 8}, ["model_id"]),
            ({"model_id": "google/veo-3", "quality": "high", "duration": "8s"}, ["duration"]),
            ({"model_id": "google/veo-3", "quality": "high", "duration": 8, "seconds": 8}, ["seconds"]),
        ],
    )
    def test_malformed_input_is_refused_by_name(self, get, query, fields):
        response = get("pricing/quote/", **query)

        assert response.status_code == 400
        assert [error["field"] for error in response.json()["errors"]] == fields


class TestMatrix:
    def test_it_nests_model_quality_duration(self, get):
        assert get("pricing/matrix/").json() == {
            "models": {
                "google/veo-3": {"standard": {"8": 396}, "high": {"8": 476}, "ultra": {"8": 594}},
                "luma/ray": {
                    "standard": {"5": 60, "9": 107},
                    "high": {"5": 72, "9": 129},
                    "ultra": {"5": 90, "9": 161},
                },
            }
        }

    @pytest.mark.parametrize("query", [{"provider": "Luma"}, {"category": "budget"}])
    def test_it_is_filtered(self, get, query):
        assert set(get("pricing/matrix/", **query).json()["models"]) == {"luma/ray"}

    @pytest.mark.parametrize("query", [{"category": "luxury"}, {"quality": "high"}, {"provider": "\0"}])
    def test_malformed_filters_are_refused(self, get, query):
        response = get("pricing/matrix/", **query)

        assert response.status_code == 400
        assert [error["field"] for error in response.json()["errors"]] == list(query)

    def test_it_agrees_with_every_single_quote(self, get):
        for model_id, qualities in get("pricing/matrix/").json()["models"].items():
            for quality, durations in qualities.items():
                for duration, credits in durations.items():
                    quote = get("pricing/quote/", model_id=model_id, quality=quality, duration=duration)
                    assert quote.json()["credits"] == credits


class TestCompare:
    def test_a_row_is_its_quote_and_its_model(self, get):
        served = get("pricing/compare/", quality="high", duration=5).json()

        assert (served["quality"], served["duration"]) == ("high", 5)
        (row,) = served["results"]
        quote = get("pricing/quote/", model_id="luma/ray", quality="high", duration=5).json()
        assert row == {
            **quote,
            "name": "Ray",
            "provider": "Luma",
            "category": "budget",
            "tags": ["fast"],
            "is_premium": False,
            "is_default": False,
        }

    def test_nobody_offering_it_is_an_empty_answer(self, get):
        assert get("pricing/compare/", quality="8k", duration=5).json()["results"] == []

    @pytest.mark.parametrize("query", [{"quality": "high"}, {"duration": 5}])
    def test_both_sides_are_needed(self, get, query):
        assert get("pricing/compare/", **query).status_code == 400


class TestPolicy:
    def test_it_is_for_those_with_catalogue_rights(self, get, client, django_user_model):
        assert get("pricing/policy/").status_code == 401
        client.force_login(django_user_model.objects.create_user("newcomer", is_staff=True))
        assert get("pricing/policy/").status_code == 403

    def test_it_shows_what_is_in_force(self, get, client, viewer):
        client.force_login(viewer)

        assert get("pricing/policy/").json() == {
            "profit_margin": "1.32",
            "credits_per_dollar": "50",
            "quality_multipliers": {"standard": "1", "high": "1.2", "ultra": "1.5"},
            "limits": {
                "credits_per_generation": 5000,
                "duration_per_generation": None,
                "cost_per_second": None,
            },
            "target_margin": None,
            "effective_from": moment_told(PricingPolicy.objects.get().priced_at),
        }

    def test_it_shows_each_limit_and_the_target(self, get, client, viewer):
        set_policy(
            {"max_duration_per_generation": 60, "max_cost_per_second": "0.75", "target_margin": "12.5"},
            confirmed=True,
        )
        client.force_login(viewer)

        told = get("pricing/policy/").json()

        assert told["limits"] == {
            "credits_per_generation": 5000,
            "duration_per_generation": 60,
            "cost_per_second": "0.75",
        }
        assert told["target_margin"] == "12.5"


class OfferAsTheFrameworkTellsIt(OfferSerializer):
    to_representation = serializers.Serializer.to_representation


def test_offers_are_told_in_the_same_bytes_as_by_the_framework():
    AIModelFactory(category=None, tags=["é"], is_premium=True, cost_per_second="0.000000001")
    offers = compare(AIModel.active.all(), quality="high", duration=5)

    def rendered(serializer: type[OfferSerializer]) -> bytes:
        return JSONRenderer().render(serializer(offers, many=True).data)

    assert len(offers) == 2
    assert rendered(OfferSerializer) == rendered(OfferAsTheFrameworkTellsIt)
