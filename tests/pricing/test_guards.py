"""Prices that move far have to be confirmed; what is above a limit can't go on sale."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from models_registry import services
from models_registry.choices import Status
from models_registry.errors import ConfirmationRequired
from models_registry.models import AIModel, QualityTier
from pricing import guards
from pricing.models import Layer, PricingPolicy, Rate, Unit, UpstreamModel
from pricing.services import put_rate, remove_rate, set_policy, set_rate
from tests.factories import AIModelFactory, bearer, service_token

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standard_prices")]

# At the standard policy $0.10 a second makes 66 credits of ten seconds.
PLAIN = {"supported_durations": [10], "supported_qualities": ["standard"], "cost_per_second": "0.1"}


def plain(**values: Any) -> AIModel:
    model: AIModel = AIModelFactory(model_id="a/b", **{**PLAIN, **values})
    return model


def question(write: Callable[[], object]) -> ConfirmationRequired:
    with pytest.raises(ConfirmationRequired) as caught:
        write()
    return caught.value


def facts(asked: ConfirmationRequired) -> list[tuple[object, ...]]:
    return [tuple(figure.values())[:2] + tuple(figure.values())[4:] for figure in asked.facts["figures"]]


class TestAMove:
    def test_of_just_three_times_passes(self):
        services.revise(plain(), {"cost_per_second": "0.3"})  # 66 → 198

        assert AIModel.objects.get().cost_per_second == Decimal("0.3")

    def test_of_one_credit_more_has_to_be_confirmed(self):
        model = plain()

        asked = question(lambda: services.revise(model, {"cost_per_second": "0.301"}))

        assert facts(asked) == [("a/b", "standard", 66, 199)]
        assert "a/b, 10 s in standard: 66 → 199 credits (× 3.02)" in asked.message
        assert AIModel.objects.get().cost_per_second == Decimal("0.1")
        services.revise(model, {"cost_per_second": "0.301"}, confirmed=True)
        assert AIModel.objects.get().cost_per_second == Decimal("0.301")

    def test_down_counts_like_one_up(self):
        model = plain(cost_per_second="0.3")
        services.revise(model, {"cost_per_second": "0.1"})
        services.revise(model, {"cost_per_second": "0.3"})

        asked = question(lambda: services.revise(model, {"cost_per_second": "0.0984"}))

        assert facts(asked) == [("a/b", "standard", 198, 65)]
        assert "198 → 65 credits (÷ 3.05)" in asked.message

    def test_is_measured_in_whole_credits(self):
        """One credit to four is four times, however little money that is."""
        model = plain(cost_per_second="0.001", supported_durations=[1])

        assert facts(question(lambda: services.revise(model, {"cost_per_second": "0.05"}))) == [
            ("a/b", "standard", 1, 4)
        ]

    @pytest.mark.parametrize("guard", [None, Decimal("3.1")])
    def test_passes_with_the_guard_off_or_wider(self, settings, guard):
        settings.PRICE_CHANGE_GUARD = guard

        services.revise(plain(), {"cost_per_second": "0.301"})

        assert AIModel.objects.get().cost_per_second == Decimal("0.301")

    @pytest.mark.parametrize("status", [Status.DRAFT, Status.RETIRED])
    def test_of_what_is_not_on_sale_is_nobodys_surprise(self, status):
        AIModelFactory()
        model = plain(is_active=False)
        services.revise(model, status.flags)

        services.revise(model, {"cost_per_second": "9"})
        services.revise(model, {**Status.ACTIVE.flags, "cost_per_second": "0.01"})

    def test_of_a_deprecated_model_is_one_of_what_is_on_sale(self):
        AIModelFactory()
        model = plain(**Status.DEPRECATED.flags)

        question(lambda: services.revise(model, {"cost_per_second": "9"}))

    def test_together_with_the_end_of_sale_is_none(self):
        AIModelFactory()
        services.revise(plain(), {"cost_per_second": "9", "is_active": False})

    def test_that_a_rate_keeps_from_customers_is_none(self):
        model = plain()
        set_rate(model, quality="standard", cost_per_second=Decimal("0.1"))

        services.revise(model, {"cost_per_second": "9"})

    def test_names_the_greatest_first_and_at_most_twenty(self):
        model = plain(supported_durations=list(range(1, 25)))

        asked = question(lambda: services.revise(model, {"cost_per_second": "0.4"}))

        assert asked.facts["figures_count"] == 24
        assert len(asked.facts["figures"]) == 20
        ratios = [Decimal(one["after"]) / one["before"] for one in asked.facts["figures"]]
        assert ratios == sorted(ratios, reverse=True)
        assert asked.lines[-1] == "and 4 more"

    def test_off_the_sale_by_a_limit_has_to_be_confirmed(self):
        model = plain(supported_durations=[1, 3_600], cost_per_second="0.0125")

        asked = question(lambda: services.revise(model, {"cost_per_second": "0.03"}))

        assert facts(asked) == [("a/b", "standard", 2_970, None)]


class TestTheOtherWaysToMoveAPrice:
    def test_a_rate(self):
        model = plain()

        asked = question(lambda: set_rate(model, quality="standard", cost_per_second=Decimal("0.5")))

        assert facts(asked) == [("a/b", "standard", 66, 330)]
        assert not Rate.objects.exists()
        set_rate(model, quality="standard", cost_per_second=Decimal("0.5"), confirmed=True)
        asked = question(lambda: remove_rate(Rate.objects.get()))
        assert facts(asked) == [("a/b", "standard", 330, 66)]
        assert Rate.objects.exists()
        remove_rate(Rate.objects.get(), confirmed=True)
        assert not Rate.objects.exists()

    def test_a_rate_for_clips_with_sound_alone(self):
        model = plain()

        asked = question(lambda: put_rate(model, {"with_audio": True, "amount": Decimal(1)}))

        assert [(one["with_audio"], one["after"]) for one in asked.facts["figures"]] == [(True, 660)]
        assert "in standard with sound" in asked.message

    def test_a_unit_that_nobody_knows_takes_off_sale(self):
        model = plain()

        asked = question(lambda: put_rate(model, {"amount": Decimal(1), "unit": Unit.UNKNOWN}))

        assert facts(asked) == [("a/b", "standard", 66, None)]

    def test_a_rate_of_a_new_or_hidden_model_asks_nothing(self):
        AIModelFactory()

        set_rate(plain(is_active=False), quality="standard", cost_per_second=Decimal(9))

    @pytest.mark.parametrize(
        "values", [{"profit_margin": Decimal("4")}, {"credits_per_dollar": Decimal("151")}]
    )
    def test_the_policy(self, values):
        plain()
        before = PricingPolicy.objects.get()

        question(lambda: set_policy(values))

        (name,) = values
        assert getattr(PricingPolicy.objects.get(), name) == getattr(before, name)
        set_policy(values, confirmed=True)

    def test_a_limit_that_takes_off_sale_what_is_sold(self):
        plain(supported_durations=[5, 10])

        asked = question(lambda: set_policy({"max_duration_per_generation": 9}))

        assert facts(asked) == [("a/b", "standard", 66, None)]
        assert "1 combination would no longer be sold, such as a/b, 10 s in standard: 10 s is above" in (
            asked.message
        )

    def test_the_policys_target_alone_reads_no_prices(self):
        plain()
        with CaptureQueriesContext(connection) as queries:
            set_policy({"target_margin": Decimal(20)})

        assert not any('FROM "models"' in query["sql"] for query in queries)

    def test_a_tiers_multiplier(self):
        plain(supported_qualities=["standard", "high"])
        tier = QualityTier.objects.get(key="high")

        asked = question(lambda: services.revise_tier(tier, {"cost_multiplier": Decimal("3.7")}))

        assert facts(asked) == [("a/b", "high", 80, 245)]
        services.revise_tier(tier, {"cost_multiplier": Decimal("3.7")}, confirmed=True)
        services.revise_tier(tier, {"label": "Higher"})
        assert QualityTier.objects.get(key="high").cost_multiplier == Decimal("3.7")


class TestAMarginBelowZero:
    def test_of_the_policy_has_to_be_confirmed(self):
        plain()

        asked = question(lambda: set_policy({"profit_margin": Decimal("0.9")}))

        assert asked.facts["figures"] == []
        assert [(one["before"], one["after"]) for one in asked.facts["negative_margins"]] == [(66, 45)]
        assert "1 combination would bring in less than we pay for" in asked.message

    def test_that_is_there_already_is_asked_for_once(self):
        plain()
        set_policy({"profit_margin": Decimal("0.9")}, confirmed=True)

        set_policy({"profit_margin": Decimal("0.8")})

    def test_of_a_rate_below_the_price_list_has_to_be_confirmed(self):
        model = plain()
        put_rate(model, {"quality_id": "standard", "amount": Decimal("0.1")}, layer=Layer.UPSTREAM)

        asked = question(lambda: services.revise(model, {"cost_per_second": "0.07"}))

        assert asked.facts["negative_margins_count"] == 1
        services.revise(model, {"cost_per_second": "0.09"})

    def test_of_a_price_below_the_lists_base_price(self):
        model = plain()
        listed = {"list_name": "a", "key": "k", "fetched_at": timezone.now()}
        UpstreamModel(model=model, cost_per_second=Decimal("0.1"), **listed).save()

        assert question(lambda: services.revise(model, {"cost_per_second": "0.07"}))


class TestLimitsAtSave:
    @pytest.fixture(autouse=True)
    def limits(self, standard_prices):
        set_policy({"max_cost_per_second": Decimal("0.2"), "max_duration_per_generation": 10})

    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({"cost_per_second": "0.200000001"}, "cost_per_second"),
            ({"supported_durations": [10, 11]}, "supported_durations"),
        ],
    )
    def test_what_is_above_them_can_not_go_on_sale(self, values, field):
        AIModelFactory()

        def code_of(write: Callable[[], object]) -> dict[str, str | None]:
            with pytest.raises(ValidationError) as caught:
                write()
            return {name: errors[0].code for name, errors in caught.value.error_dict.items()}

        assert code_of(lambda: plain(**values)) == {field: "over_limit"}
        model = plain()
        assert code_of(lambda: services.revise(model, values, confirmed=True)) == {field: "over_limit"}
        services.revise(model, {**values, "is_active": False})
        assert code_of(lambda: services.revise(model, {"is_active": True})) == {field: "over_limit"}

    def test_the_limit_itself_can(self):
        assert plain(cost_per_second="0.2").is_active

    def test_a_rate_above_them_is_refused_for_its_amount(self):
        model = plain()

        with pytest.raises(ValidationError) as caught:
            set_rate(model, quality="standard", cost_per_second=Decimal("0.21"), confirmed=True)
        assert {name: [e.code for e in errors] for name, errors in caught.value.error_dict.items()} == {
            "amount": ["over_limit"]
        }

    def test_what_a_lowered_limit_left_behind_can_be_renamed_and_taken_off_sale(self):
        AIModelFactory()
        model = plain()
        set_policy({"max_cost_per_second": Decimal("0.05")}, confirmed=True)

        services.revise(model, {"name": "Other"})
        services.retire(model)


class TestTheApi:
    @pytest.fixture
    def patch(self, client):
        headers = bearer(service_token("catalog:write").text)

        def patch(body: dict[str, Any], **more: str) -> Any:
            return client.patch(
                "/api/v1/models/a/b/", body, content_type="application/json", headers={**headers, **more}
            )

        return patch

    def test_it_asks_and_does_it_once_that_is_confirmed(self, patch):
        plain()

        asked = patch({"cost_per_second": "1"})

        assert (asked.status_code, asked.json()["code"]) == (409, "confirmation_required")
        assert asked.json()["figures"] == [
            {
                "model_id": "a/b",
                "quality": "standard",
                "duration": 10,
                "with_audio": None,
                "before": 66,
                "after": 660,
            }
        ]
        assert (asked.json()["figures_count"], asked.json()["negative_margins"]) == (1, [])
        assert '"confirm": true' in asked.json()["detail"]
        assert patch({"cost_per_second": "1", "confirm": False}).status_code == 409
        done = patch({"cost_per_second": "1", "confirm": True})
        assert (done.status_code, done.json()["cost_per_second"]) == (200, "1")
        assert "confirm" not in done.json()

    @pytest.mark.parametrize("value", ["true", 1, None, [], {}])
    def test_its_answer_is_true_or_false_and_nothing_else(self, patch, value):
        plain()

        response = patch({"cost_per_second": "1", "confirm": value})

        assert response.status_code == 400
        assert [error["field"] for error in response.json()["errors"]] == ["confirm"]

    def test_a_stale_tag_and_a_bad_field_come_before_the_question(self, patch):
        plain()

        assert patch({"cost_per_second": "1"}, **{"If-Match": '"stale"'}).status_code == 412
        assert patch({"cost_per_second": "1", "name": ""}).status_code == 400

    def test_a_new_model_takes_it_and_asks_nothing(self, client):
        headers = bearer(service_token("catalog:write").text)
        new = {
            **{name: value for name, value in services.state(plain()).items() if name in services.REQUIRED},
            "model_id": "a/new",
            "cost_per_second": "9",
            "confirm": False,
        }

        response = client.post("/api/v1/models/", new, content_type="application/json", headers=headers)

        assert response.status_code == 201

    def test_a_limit_is_told_as_one(self, patch):
        plain()
        set_policy({"max_cost_per_second": Decimal("0.2")})

        response = patch({"cost_per_second": "0.25", "confirm": True})

        assert response.status_code == 400
        assert [(e["field"], e["code"]) for e in response.json()["errors"]] == [
            ("cost_per_second", "over_limit")
        ]


def count(write: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as queries:
        write()
    return len(queries)


def test_what_changes_no_price_costs_nothing():
    model = plain()
    renamed = count(lambda: services.revise(model, {"name": "Other"}))
    repriced = count(lambda: services.revise(model, {"cost_per_second": "0.11"}))
    confirmed = count(lambda: services.revise(model, {"cost_per_second": "0.12"}, confirmed=True))

    assert repriced == renamed + 5  # the limits; and the book of the one model
    assert confirmed == renamed + 1


def test_the_guard_takes_as_many_queries_for_many_models_as_for_one():
    plain()
    few = count(lambda: set_policy({"profit_margin": Decimal("1.4")}))
    for _ in range(12):
        AIModelFactory()

    assert count(lambda: set_policy({"profit_margin": Decimal("1.5")})) == few


def test_several_steps_are_compared_as_one():
    model = plain()

    with guards.guarding(AIModel.objects.all(), confirmed=False):
        services.revise(model, {"cost_per_second": "9"}, confirmed=True)
        set_rate(model, quality="standard", cost_per_second=Decimal("0.1"), confirmed=True)

    assert Rate.objects.get().amount == Decimal("0.1")
