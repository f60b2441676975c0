"""Every page that moves prices asks before they move far, and shows what would become of them."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from models_registry.audit.models import AuditEntry
from models_registry.models import AIModel, QualityTier
from models_registry.usage.recording import record_many
from pricing import services as pricing
from pricing.models import PricingPolicy, Rate
from tests.admin.pages import ModelList, ObjectForm, change_address, errors_of, messages_of, row_errors
from tests.factories import AIModelFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standard_prices")]

ANSWER = "confirm_price_change"
POLICY = "/admin/pricing/pricingpolicy/1/change/"


def digest_in(html: str, name: str = ANSWER) -> str:
    """The value of the box that the page asks to tick; empty if there is none."""
    _, found, rest = html.partition(f'<input type="checkbox" name="{name}" value="')
    return rest[:64] if found else ""


def ray(**values: Any) -> AIModel:
    model: AIModel = AIModelFactory(model_id="luma/ray", **values)
    return model


def asks_and_does(form: ObjectForm, **typed: str) -> None:
    """It comes back with the figures and what was typed; ticked, it is saved."""
    response = form.save(**typed)
    assert response.status_code == 200
    assert len(errors_of(response)["__all__"]) == 1
    assert "→" in form.html
    assert {name: form.values[name] for name in typed} == typed
    assert form.save(**{ANSWER: digest_in(form.html)}).status_code == 302


class TestAModelsForm:
    def form(self, client: Client, model: AIModel) -> ObjectForm:
        return ObjectForm(client, change_address(model))

    def test_it_asks_with_every_figure_and_saves_once_it_is_answered(self, admin_client: Client) -> None:
        model = ray()
        form = self.form(admin_client, model)
        assert digest_in(form.html) == ""

        asks_and_does(form, cost_per_second="0.9")

        assert AIModel.objects.get().cost_per_second == Decimal("0.9")

    def test_the_figures_stand_there(self, admin_client: Client) -> None:
        form = self.form(admin_client, ray())

        form.save(cost_per_second="0.9")

        assert "luma/ray, 5 s in high: 72 → 357 credits (× 4.96)" in form.html
        assert "Save anyway" in form.html
        assert AuditEntry.objects.get(action="write_refused").facts  # it is written down that it was asked

    def test_the_tab_of_prices_says_that_it_has_a_question(self, admin_client: Client) -> None:
        badge = '<a href="#pricing">Pricing <span class="count">?'
        form = self.form(admin_client, ray())
        assert badge not in form.html

        form.save(cost_per_second="0.9")

        assert badge in form.html

    def test_a_tick_is_for_the_figures_that_were_shown_alone(self, admin_client: Client) -> None:
        form = self.form(admin_client, ray())
        form.save(cost_per_second="0.9")

        response = form.save(cost_per_second="1.8", **{ANSWER: digest_in(form.html)})

        assert response.status_code == 200
        assert AIModel.objects.get().cost_per_second == Decimal("0.18")

    def test_price_and_rates_are_one_change(self, admin_client: Client) -> None:
        typed = {f"rate_{quality}": "0.2" for quality in ("standard", "high", "ultra")}

        assert self.form(admin_client, ray()).save(cost_per_second="0.9", **typed).status_code == 302

    def test_a_rate_typed_there_is_asked_about(self, admin_client: Client) -> None:
        model = ray()
        asks_and_does(self.form(admin_client, model), rate_high="2")
        assert Rate.objects.get().amount == 2

        asks_and_does(self.form(admin_client, model), rate_high="")
        assert not Rate.objects.exists()

    def test_a_limit_is_told_beside_its_field(self, admin_client: Client) -> None:
        pricing.set_policy({"max_cost_per_second": Decimal("0.2")})
        form = self.form(admin_client, ray(cost_per_second="0.1"))

        assert list(errors_of(form.save(cost_per_second="0.21"))) == ["cost_per_second"]
        assert list(errors_of(form.save(cost_per_second="0.1", rate_high="0.21"))) == ["rate_high"]


class TestTheList:
    def test_every_row_that_moves_far_asks_beside_itself(self, admin_client: Client) -> None:
        one, two, third = ray(), AIModelFactory(model_id="luma/two"), AIModelFactory()
        rows = ModelList(admin_client)
        for model, price in ((one, "0.9"), (two, "0.01"), (third, "0.2")):
            rows.edit(model, cost_per_second=price)

        response = rows.save()

        assert response.status_code == 200
        assert "luma/ray, 5 s in standard: 60 → 297 credits (× 4.95)" in rows.html
        assert row_errors(response, one)["__all__"]
        assert row_errors(response, two)["__all__"]
        assert not row_errors(response, third)
        names = [f"{rows.prefix(model)}-{ANSWER}" for model in (one, two)]
        assert all(digest_in(rows.html, name) for name in names)
        assert AIModel.objects.get(pk=third.pk).cost_per_second == Decimal("0.18")

        rows.edit(one, **{ANSWER: digest_in(rows.html, names[0])})
        assert rows.save().status_code == 200
        for model, name in ((one, names[0]), (two, names[1])):
            rows.edit(model, **{ANSWER: digest_in(rows.html, name)})
        assert rows.save().status_code == 302
        prices = AIModel.objects.order_by("pk").values_list("cost_per_second", flat=True)
        assert list(prices) == [Decimal("0.9"), Decimal("0.01"), Decimal("0.2")]

    def test_the_top_says_how_many_questions_are_open_and_leads_to_the_first(
        self, admin_client: Client
    ) -> None:
        one, two = ray(), AIModelFactory(model_id="luma/two")
        rows = ModelList(admin_client)
        rows.edit(two, cost_per_second="0.01")
        rows.save()
        link = f'<a href="#said-{rows.prefix(two)}">1 change has to be confirmed</a>'
        assert f"Nothing was saved: {link}." in rows.html
        assert f'id="said-{rows.prefix(two)}"' in rows.html
        assert "Please correct" not in rows.html

        rows.edit(one, cost_per_second="0.9")
        rows.save()
        assert "2 changes have to be confirmed" in rows.html

    def test_beside_a_mistake_the_top_asks_to_correct_it(self, admin_client: Client) -> None:
        one, two = ray(), AIModelFactory(model_id="luma/two")
        rows = ModelList(admin_client)
        rows.edit(one, cost_per_second="0.9")
        rows.edit(two, cost_per_second="-1")
        rows.save()
        assert "Please correct the errors below." in rows.html
        assert "to be confirmed" not in rows.html


class TestTheOtherForms:
    def test_the_policy(self, admin_client: Client) -> None:
        ray()
        asks_and_does(ObjectForm(admin_client, POLICY, "pricingpolicy_form"), profit_margin="9")
        assert PricingPolicy.objects.get().profit_margin == 9

    def test_a_tier(self, admin_client: Client) -> None:
        ray()
        tier = QualityTier.objects.get(key="high")
        address = f"/admin/models_registry/qualitytier/{tier.pk}/change/"
        asks_and_does(ObjectForm(admin_client, address, "qualitytier_form"), cost_multiplier="9")
        assert QualityTier.objects.get(key="high").cost_multiplier == 9

    def test_a_rate_that_is_added_and_changed(self, admin_client: Client) -> None:
        model = ray()
        form = ObjectForm(admin_client, "/admin/pricing/rate/add/", "rate_form")
        asks_and_does(form, model=str(model.pk), quality="high", amount="2")
        address = f"/admin/pricing/rate/{Rate.objects.get().pk}/change/"
        asks_and_does(ObjectForm(admin_client, address, "rate_form"), amount="0.2")
        assert Rate.objects.get().amount == Decimal("0.2")

    def test_a_rate_that_is_deleted(self, admin_client: Client) -> None:
        ray()
        gone = pricing.set_rate(
            AIModel.objects.get(), quality="high", cost_per_second=Decimal(2), confirmed=True
        )
        address = f"/admin/pricing/rate/{gone.pk}/delete/"

        html = admin_client.post(address, {"post": "yes"}).content.decode()

        assert "Nothing was deleted." in html
        assert Rate.objects.exists()
        answer = {"post": "yes", ANSWER: digest_in(html)}
        assert admin_client.post(address, answer).status_code == 302
        assert not Rate.objects.exists()

    def test_rates_deleted_together_are_sent_to_pages_of_their_own(self, admin_client: Client) -> None:
        pricing.set_rate(ray(), quality="high", cost_per_second=Decimal(2), confirmed=True)
        key = Rate.objects.get().pk
        sent = {"action": "delete_selected", "_selected_action": [key], "post": "yes"}

        assert admin_client.post("/admin/pricing/rate/", sent).status_code == 302

        assert Rate.objects.exists()
        assert "one by one" in messages_of(admin_client, "/admin/pricing/rate/")

    def test_an_earlier_state(self, admin_client: Client) -> None:
        model = ray()
        first = AuditEntry.objects.filter(kind="model").latest("number").number
        address = f"/admin/models/{model.pk}/history/{first}/restore/"
        ObjectForm(admin_client, change_address(model)).save(cost_per_second="0.3")
        ObjectForm(admin_client, change_address(model)).save(cost_per_second="0.8")
        form = ObjectForm(admin_client, address, "restore_form")

        html = admin_client.post(address, form.values).content.decode()

        assert "luma/ray, 5 s in standard: 264 → 60 credits (÷ 4.4)" in html
        assert AIModel.objects.get().cost_per_second == Decimal("0.8")
        answer = {**form.values, ANSWER: digest_in(html)}
        assert admin_client.post(address, answer).status_code == 302
        assert AIModel.objects.get().cost_per_second == Decimal("0.18")


class TestWhatIf:
    def look(self, client: Client, address: str, form_id: str, **typed: str) -> str:
        form = ObjectForm(client, address, form_id)
        response = client.post(address, {**form.values, **typed, "_preview": "yes"})
        assert response.status_code == 200
        return " ".join(response.content.decode().split())

    def test_the_policy_shows_credits_and_dollars_and_saves_nothing(self, admin_client: Client) -> None:
        ray()
        said = {"generation_time": 1, "success": True, "quality": "high", "duration": 5}
        record_many([{"model_id": "luma/ray", "generation_id": str(n), **said} for n in range(4)])

        html = self.look(admin_client, POLICY, "pricingpolicy_form", profit_margin="2.64")

        assert "Of 6 combinations, 6 rise." in html
        assert "have a price would have brought in $11.44 in place of $5.76 (+$5.68)." in html
        assert '<td class="number">72</td> <td class="number"><strong>143</strong></td>' in html
        assert 'value="2.64"' in html
        assert PricingPolicy.objects.get().profit_margin == Decimal("1.32")

    def test_a_tier_shows_its_own_combinations_first_of_all(self, admin_client: Client) -> None:
        ray()
        tier = QualityTier.objects.get(key="high")
        address = f"/admin/models_registry/qualitytier/{tier.pk}/change/"

        html = self.look(admin_client, address, "qualitytier_form", cost_multiplier="2.4")

        assert "Of 6 combinations, 2 rise, 4 stay." in html
        assert "Nothing was generated in the last 30 days." in html
        assert QualityTier.objects.get(key="high").cost_multiplier == Decimal("1.2")

    def test_a_models_prices_are_told_with_what_its_generations_would_have_brought_in(
        self, admin_client: Client
    ) -> None:
        model = ray()
        said = {"generation_time": 1, "success": True, "quality": "high", "duration": 5}
        record_many([{"model_id": "luma/ray", "generation_id": str(n), **said} for n in range(4)])

        html = self.look(admin_client, change_address(model), "aimodel_form", cost_per_second="0.09")

        assert "brought in $2.88 in place of $5.76 (−$2.88)." in html

    def test_what_is_wrong_is_said_in_its_place(self, admin_client: Client) -> None:
        ray()

        html = self.look(admin_client, POLICY, "pricingpolicy_form", profit_margin="much")

        assert "What would happen" not in html
        assert "errorlist" in html

    def test_a_tier_that_is_not_there_yet_has_no_effect_to_show(self, admin_client: Client) -> None:
        form = ObjectForm(admin_client, "/admin/models_registry/qualitytier/add/", "qualitytier_form")

        assert "What if…" not in form.html
