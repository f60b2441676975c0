from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from models_registry import services
from models_registry.audit.models import AuditEntry
from models_registry.models import AIModel, CatalogueRevision
from pricing import services as pricing_services
from pricing.models import Rate
from tests.admin.pages import LIST
from tests.admin.test_actions import Deed
from tests.factories import AIModelFactory, rate, standard_policy, untraced
from videoai.model_manager.prices.plan import PricePlan

pytestmark = pytest.mark.django_db

BAD_PERCENTAGES = [
    "",
    " ",
    "1e5",
    "٣",
    "-100",
    "-100.0001",
    "-101",
    "NaN",
    "1,5",
    "1" * 40,
    "%",
    "10%",
    "--1",
]
BAD_PERCENTAGES += [".5", "1_0", "1.23456", "1\0", "=1+1", "<b>"]
BAD_PRICES = ["", "0", "-1", "100.01", "0.0000000001", "1e1", "٣", "NaN", "1,5", "1" * 40, "%", "+1"]


class PriceChange(Deed):
    """The page about the prices of `models`, from its first look on."""

    def __init__(self, client: Client, *models: AIModel) -> None:
        super().__init__(client, "change_prices", *models)

    def preview(self, amount: str, **values: Any) -> PricePlan:
        sent = {**self.values, "mode": "percent", "amount": amount, **values}
        self.read(self.client.post(self.address, {k: v for k, v in sent.items() if v is not None}))
        return self.plan

    @property
    def plan(self) -> PricePlan:
        plan: PricePlan = self.context["plan"]
        return plan


def costs(plan: PricePlan) -> dict[str, tuple[str, str]]:
    return {f"{s.model.model_id} {c.quality}".strip(): c.texts for s in plan.steps for c in s.costs}


def credits(plan: PricePlan) -> dict[str, str]:
    return {
        f"{model.model_id} {one.quality}": " → ".join(one.texts) if one.mark else one.texts[1]
        for model, one in plan.credits
    }


def prices() -> dict[str, Decimal]:
    found = {model.model_id: model.cost_per_second for model in AIModel.objects.all()}
    rates = Rate.objects.select_related("model")
    return found | {f"{one.model.model_id} {one.quality_id}": one.amount for one in rates}


@pytest.fixture
def models(standard_prices: None) -> list[AIModel]:
    dear = AIModelFactory(model_id="a/dear", cost_per_second="0.5", supported_durations=[5])
    cheap = AIModelFactory(
        model_id="b/cheap", cost_per_second="0.18", supported_durations=[5], supported_qualities=["high"]
    )
    rate(dear, "ultra", "1")
    rate(cheap, "standard", "0.000000001")  # of a quality that it doesn't offer
    return [dear, cheap]


def test_prices_are_changed_by_a_percentage_exactly_as_shown(
    admin_client: Client, models: list[AIModel]
) -> None:
    page = PriceChange(admin_client, *models)
    assert "Prices now" in page.html
    assert not page.offers_to_confirm
    plan = page.preview("-10", change_reason="Sale")
    shown = costs(plan)
    assert shown == {
        "a/dear": ("0.5", "0.45"),
        "a/dear ultra": ("1", "0.9"),
        "b/cheap": ("0.18", "0.162"),
        "b/cheap standard": ("0.000000001", "0.000000001"),
    }
    assert credits(plan) == {
        "a/dear standard": "165 → 149",
        "a/dear high": "198 → 179",
        "a/dear ultra": "330 → 297",
        "b/cheap high": "72 → 65",
    }
    assert "2 models will change." in page.html
    assert "Of 4 combinations, 4 fall." in page.html
    assert "The biggest fall: a/dear, 5 s in ultra, 330 → 297 credits (−10 %)." in page.html
    assert "rounded to nine, half up" in page.html
    assert prices()["a/dear"] == Decimal("0.5")
    assert page.confirm().status_code == 302
    assert prices() == {name: Decimal(after) for name, (_, after) in shown.items()}
    assert pricing_services.quote("a/dear", quality="ultra", duration=5).credits == 297
    assert {entry.get_change_message() for entry in LogEntry.objects.all()} == {
        "Changed the price from $0.5 to $0.45; the rate in ultra from $1 to $0.9.",
        "Changed the price from $0.18 to $0.162.",
    }
    written = AuditEntry.objects.filter(reason="Sale").order_by("number")
    assert [(entry.kind, entry.subject) for entry in written] == [
        ("model", "a/dear"),
        ("rate", "a/dear"),
        ("model", "b/cheap"),
    ]


def test_rates_stay_if_they_are_left_out_and_with_a_price(
    admin_client: Client, models: list[AIModel]
) -> None:
    page = PriceChange(admin_client, *models)
    plan = page.preview("50", rates=None)
    assert costs(plan)["a/dear ultra"] == ("1", "1")
    assert credits(plan)["a/dear ultra"] == "330"
    assert "1 stay" in page.html
    plan = page.preview("0.18", mode="price")
    assert costs(plan)["a/dear"] == ("0.5", "0.18")
    assert costs(plan)["a/dear ultra"] == ("1", "1")
    assert [step.changes for step in plan.steps] == [True, False]
    assert "1 model will change, 1 model stays as it is." in page.html
    assert page.confirm().status_code == 302
    assert prices()["a/dear"] == Decimal("0.18")
    assert LogEntry.objects.count() == 1
    nothing = PriceChange(admin_client, models[1])
    nothing.preview("0")
    assert "Nothing would change." in nothing.html
    assert not nothing.offers_to_confirm


def test_what_would_be_free_or_too_dear_is_refused_by_name(
    admin_client: Client, models: list[AIModel]
) -> None:
    page = PriceChange(admin_client, *models)
    plan = page.preview("-60")
    assert [step.model.model_id for step in plan.refused] == ["b/cheap"]
    assert "The rate in standard would be $0 a second, and has to be more than $0." in page.html
    assert not page.offers_to_confirm
    plan = page.preview("99999")
    assert "The price would be $500.495 a second, and may be at most $100." in page.html
    digest = plan.digest
    before = prices()
    assert page.confirm(amount="99999", plan=digest).status_code == 200
    assert prices() == before
    plan = page.preview("9900", rates=None)
    assert credits(plan)["a/dear standard"] == "165 → not sold"
    assert "above the limit of 5,000" in page.html
    assert "are no longer sold" in page.html


def test_a_bad_amount_is_refused_beside_its_field(admin_client: Client, models: list[AIModel]) -> None:
    page = PriceChange(admin_client, *models)
    before, revision = prices(), CatalogueRevision.objects.get().revision
    for mode, amounts in {"percent": BAD_PERCENTAGES, "price": BAD_PRICES}.items():
        for amount in amounts:
            page.preview(amount, mode=mode)
            assert list(page.context["form"].errors) == ["amount"], (mode, amount)
            assert not page.offers_to_confirm
            assert page.confirm(amount=amount).status_code == 200
    page.preview("1", mode="sideways")
    assert "mode" in page.context["form"].errors
    assert prices() == before
    assert CatalogueRevision.objects.get().revision == revision


def test_nothing_else_is_done_than_was_shown(admin_client: Client, models: list[AIModel]) -> None:
    dear, cheap = models
    page = PriceChange(admin_client, dear, cheap)
    changes = {
        "another amount": (lambda: None, {"amount": "-20"}),
        "another mode": (lambda: None, {"mode": "price", "amount": "10"}),
        "a rate": (lambda: rate(dear, "ultra", "2"), {}),
        "a rate of a quality that had none": (lambda: rate(cheap, "high", "0.4"), {}),
        "the policy": (lambda: pricing_services.set_policy({"profit_margin": Decimal(2)}), {}),
        "a model": (lambda: services.revise(dear, {"cost_per_second": Decimal("0.7")}), {}),
    }
    for what, (do, values) in changes.items():
        page.preview("-10", mode="percent")
        do()
        before = prices()
        assert page.confirm(**values).status_code == 200, what
        assert "Nothing was changed" in page.html, what
        assert prices() == before, what
    page.preview("-10", mode="percent")
    assert page.confirm(plan="").status_code == 200
    page.preview("-10", mode="percent")
    assert page.confirm().status_code == 302
    assert prices()["a/dear"] == Decimal("0.63")


def test_a_refusal_of_one_undoes_all(
    admin_client: Client, models: list[AIModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = PriceChange(admin_client, *models)
    page.preview("-10")
    before = prices()

    def refuse(rates: Any, **_: Any) -> None:
        raise services.DefaultModelRequired(models[0].model_id)

    monkeypatch.setattr("pricing.guards.check_rates", refuse)
    assert page.confirm().status_code == 200
    assert prices() == before
    assert not LogEntry.objects.exists()


def test_who_may_not_change_rates_changes_prices_alone(
    client: Client, viewer: User, models: list[AIModel]
) -> None:
    client.force_login(viewer)
    assert client.post(f"{LIST}do/change-prices/", {"chosen": "1:1"}).status_code == 403
    viewer.user_permissions.add(Permission.objects.get(codename="change_aimodel"))
    page = PriceChange(client, *models)
    assert "you may not change rates" in page.html
    plan = page.preview("-10", rates="on")
    assert costs(plan)["a/dear ultra"] == ("1", "1")
    assert page.confirm(rates="on").status_code == 302
    assert prices()["a/dear"] == Decimal("0.45")
    assert prices()["a/dear ultra"] == 1


@pytest.mark.parametrize("number", [10, 1_000])
def test_a_preview_takes_its_number_of_queries(admin_client: Client, number: int) -> None:
    standard_policy()
    prototype = services.state(AIModelFactory(model_id="a/first"))
    untraced(AIModel).bulk_create(
        AIModel(**{**prototype, "model_id": f"b/{n}", "is_default": False}) for n in range(number - 1)
    )
    rate(AIModel.objects.get(model_id="a/first"), "ultra", "0.3")
    page = PriceChange(admin_client, *AIModel.objects.all())
    with CaptureQueriesContext(connection) as queries:
        plan = page.preview("7.5")
    # Session, user, the line of writers (three), is there a policy (for the header); policy, tiers, rates,
    # models; the chosen ones, of which SQLite reads a thousand in two halves.
    assert len(queries) <= 12
    assert len(plan.changing) == number
    assert len(plan.credits) == 6 * number
    assert f"Change the prices of {number:,} models" in page.html


def test_other_rates_are_told_of_and_stay(admin_client: Client, models: list[AIModel]) -> None:
    dear, cheap = models
    clip = {"quality_id": "ultra", "with_audio": True, "unit": "clip", "amount": Decimal(6)}
    pricing_services.put_rate(dear, clip, confirmed=True)
    page = PriceChange(admin_client, dear, cheap)
    assert page.html.count("and 1 other rate, which stays") == 1

    page.preview("-10")
    assert page.confirm().status_code == 302

    assert Rate.objects.get(unit="clip").amount == 6
