"""What comes on sale costs about what it last did, or somebody has said that it is meant."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from models_registry import services
from models_registry.choices import Status
from models_registry.models import AIModel
from pricing.models import Layer, Rate, UpstreamModel
from pricing.services import put_rate, set_policy, set_rate
from tests.admin.pages import LIST, ModelList, row_errors
from tests.factories import AIModelFactory, bearer, service_token
from tests.pricing.test_guards import facts, plain, question
from videoai.exchange.importing import RowsRefused, import_rows
from videoai.exchange.reader import Row

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standard_prices")]

ON_SALE = {"is_active": True}


def off_sale(**changes: Any) -> AIModel:
    """`a/b`, which was sold for $0.1 a second, and changed once it was off sale."""
    AIModelFactory()
    model = services.revise(plain(), {"is_active": False})
    return services.revise(model, changes)


def listed(model: AIModel, cost: str) -> None:
    names = {"list_name": "list", "key": "a/b", "fetched_at": timezone.now()}
    UpstreamModel(model=model, cost_per_second=Decimal(cost), **names).save()


class TestComingBack:
    def test_far_from_what_it_last_cost_asks(self):
        model = off_sale(cost_per_second="3")

        asked = question(lambda: services.revise(model, ON_SALE))

        assert facts(asked) == [("a/b", "standard", 66, 1_980)]
        assert not AIModel.objects.get(model_id="a/b").is_active
        services.revise(model, ON_SALE, confirmed=True)
        assert AIModel.objects.get(model_id="a/b").is_active

    def test_with_the_price_in_the_same_breath_asks_too(self):
        question(lambda: services.revise(off_sale(), {**ON_SALE, "cost_per_second": "3"}))

    def test_however_many_steps_the_way_there_had(self):
        model = off_sale()
        for cost in ("0.2", "0.5", "1.2", "3"):
            services.revise(model, {"cost_per_second": cost})

        assert facts(question(lambda: services.revise(model, ON_SALE))) == [("a/b", "standard", 66, 1_980)]

    def test_near_what_it_last_cost_passes(self):
        services.revise(off_sale(cost_per_second="0.3"), ON_SALE)

        assert AIModel.objects.get(model_id="a/b").is_active

    def test_is_compared_with_the_last_sale_and_no_earlier_one(self):
        model = off_sale(cost_per_second="0.3")
        for cost in ("0.3", "0.9"):
            services.revise(model, {"cost_per_second": cost})
            services.revise(model, ON_SALE)
            services.revise(model, {"is_active": False})

        assert facts(question(lambda: services.revise(model, {**ON_SALE, "cost_per_second": "0.1"}))) == [
            ("a/b", "standard", 594, 66)
        ]

    def test_with_another_rate_asks(self):
        model = off_sale()
        set_rate(model, quality="standard", cost_per_second=Decimal(1))

        assert facts(question(lambda: services.revise(model, ON_SALE))) == [("a/b", "standard", 66, 660)]

    def test_with_the_rate_that_it_had_passes(self):
        AIModelFactory()
        model = plain()
        set_rate(model, quality="standard", cost_per_second=Decimal("0.2"))
        services.revise(model, {"is_active": False})

        services.revise(model, ON_SALE)

        assert AIModel.objects.get(model_id="a/b").is_active

    def test_under_another_policy_is_no_news_of_the_model(self):
        model = off_sale()
        set_policy({"profit_margin": Decimal(9)}, confirmed=True)

        services.revise(model, ON_SALE)

        assert AIModel.objects.get(model_id="a/b").is_active

    def test_a_restored_model_is_asked_about(self):
        AIModelFactory()
        model = services.retire(plain())
        services.revise(model, {"cost_per_second": "9"})

        question(lambda: services.restore(model))

        assert services.restore(model, confirmed=True).is_active

    def test_a_draft_that_was_never_sold_may_cost_anything(self):
        AIModelFactory()
        model = plain(is_active=False)

        services.revise(model, {**ON_SALE, "cost_per_second": "9"})

        assert AIModel.objects.get(model_id="a/b").is_active

    def test_takes_two_more_queries(self):
        model = off_sale()

        with CaptureQueriesContext(connection) as queries:
            services.revise(model, ON_SALE)

        assert sum('FROM "price_versions"' in q["sql"].split(" WHERE ")[0] for q in queries) == 2


class TestALoss:
    def test_of_a_draft_that_costs_more_by_its_list_asks(self):
        AIModelFactory()
        model = plain(is_active=False)
        listed(model, "0.2")

        asked = question(lambda: services.revise(model, ON_SALE))

        assert asked.facts["negative_margins_count"] == 1
        assert "a/b, 10 s in standard: not sold → 66, less than it costs us" in asked.lines
        services.revise(model, ON_SALE, confirmed=True)
        assert AIModel.objects.get(model_id="a/b").is_active

    def test_by_a_rate_of_the_list_asks(self):
        AIModelFactory()
        model = plain(is_active=False)
        values = {"quality_id": "standard", "amount": Decimal("0.2"), "source": "list"}
        put_rate(model, values, layer=Layer.UPSTREAM, confirmed=True)

        assert Rate.objects.exists()
        assert question(lambda: services.revise(model, ON_SALE)).facts["negative_margins_count"] == 1

    def test_since_the_list_rose_while_it_was_off_sale_asks(self):
        model = off_sale()
        listed(model, "0.2")

        assert question(lambda: services.revise(model, ON_SALE)).facts["negative_margins_count"] == 1

    def test_that_was_there_when_it_was_last_sold_is_no_news(self):
        AIModelFactory()
        model = plain(is_active=False)
        listed(model, "0.2")
        services.revise(model, ON_SALE, confirmed=True)
        services.revise(model, {"is_active": False})

        services.revise(model, ON_SALE)

        assert AIModel.objects.get(model_id="a/b").is_active


class TestTheWaysThere:
    def test_the_api_answers_with_the_figures(self, client: Client):
        off_sale(cost_per_second="3")
        headers = bearer(service_token("catalog:write").text)

        def patch(body: dict[str, Any]) -> Any:
            address = "/api/v1/models/a/b/"
            return client.patch(address, body, content_type="application/json", headers=headers)

        answer = patch(ON_SALE)

        assert (answer.status_code, answer.json()["code"]) == (409, "confirmation_required")
        assert answer.json()["figures"][0]["before"] == 66
        assert patch({**ON_SALE, "confirm": True}).status_code == 200

    def test_restoring_takes_a_confirmation_and_nothing_else(self, client: Client):
        AIModelFactory()
        services.revise(services.retire(plain()), {"cost_per_second": "9"})
        headers = bearer(service_token("catalog:write").text)

        def restore(body: dict[str, Any]) -> Any:
            address = "/api/v1/models/a/b/restore/"
            return client.post(address, body, content_type="application/json", headers=headers)

        assert restore({}).status_code == 409
        assert restore({"confirm": 1}).status_code == 400
        assert restore({"confirm": True, "name": "B"}).status_code == 400
        assert restore({"confirm": True}).status_code == 200
        assert AIModel.objects.get(model_id="a/b").is_active

    def test_the_list_asks_in_its_row(self, admin_client: Client):
        model = off_sale(cost_per_second="3")
        page = ModelList(admin_client)
        page.edit(model, is_active="on")

        response = page.save()

        assert "× 30" in str(row_errors(response, model))
        assert not AIModel.objects.get(model_id="a/b").is_active

    @pytest.mark.parametrize("deed", ["activate", "restore"])
    def test_an_action_shows_the_figures_before_it_is_done(self, admin_client: Client, deed: str):
        model = off_sale(cost_per_second="3")
        if deed == "restore":
            model = services.retire(model)
        chosen = f"{model.pk}:{AIModel.objects.get(pk=model.pk).version_number}"
        address = f"{LIST}do/{deed}/"

        page = admin_client.post(address, {"chosen": chosen})

        assert "a/b, 10 s in standard: 66 → 1,980 credits (× 30)" in page.content.decode()
        carried = page.context_data["carried"]
        sent = {"chosen": chosen, "confirmed": "1", **carried}
        set_rate(model, quality="standard", cost_per_second=Decimal(2))
        assert "Something else would happen" in admin_client.post(address, sent).content.decode()
        set_rate(model, quality="standard", cost_per_second=Decimal(3))
        assert admin_client.post(address, sent).status_code == 302
        assert AIModel.objects.get(model_id="a/b").status == Status.ACTIVE

    def test_an_import_says_how_to_confirm_it(self):
        off_sale(cost_per_second="3")
        rows = [Row(line=1, values={"model_id": "a/b", "is_active": True})]

        with pytest.raises(RowsRefused) as refused:
            import_rows(rows)

        assert "--confirm" in refused.value.problems[0].reason
        import_rows(rows, confirmed=True)
        assert AIModel.objects.get(model_id="a/b").is_active
