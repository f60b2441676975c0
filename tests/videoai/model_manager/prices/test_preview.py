from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from models_registry import services
from models_registry.audit.models import AuditEntry
from models_registry.choices import HIGHEST_COST, LOWEST_COST
from models_registry.models import AIModel, CatalogueRevision, QualityTier
from pricing import services as pricing_services
from pricing.errors import CatalogueBusy, OverLimit
from pricing.models import Rate
from pricing.price_book import read_price_book
from tests.admin.pages import ADD, FILLED_IN, ObjectForm, Sent, change_address
from tests.factories import AIModelFactory, rate, standard_policy, standard_tiers, untraced
from videoai.model_manager.prices.preview import PriceTable, Typed, supposed_prices

pytestmark = pytest.mark.django_db

NEW = "/admin/models/price-preview/"


def address(model: AIModel) -> str:
    return f"/admin/models/{model.pk}/price-preview/"


def figures(table: PriceTable) -> dict[str, str]:
    """Of each cell: the credits, with what they were if that differs, or why there are none."""
    return {cell.key: _figure(cell) for cell in table.cells}


def _figure(cell: Any) -> str:
    now = cell.credits or (cell.now.why_not if cell.now else "?")
    return f"{cell.credits_before} → {now}" if cell.mark and cell.credits_before else now


class Preview:
    """What the page asks for while somebody types into the form of `model`, or of a new one."""

    def __init__(self, client: Client, model: AIModel | None = None) -> None:
        self.client = client
        self.values = ObjectForm(client, change_address(model) if model else ADD).values
        self.address = address(model) if model else NEW

    def type(self, **values: Any) -> PriceTable:
        response = self.client.post(self.address, {**self.values, **values})
        assert response.status_code == 200
        self.html = unescape(response.content.decode())
        table: PriceTable = response.context["table"]
        return table


def test_prices_are_shown_before_anything_is_saved(admin_client: Client) -> None:
    standard_policy()
    model = AIModelFactory(supported_durations=[5], cost_per_second="0.18")
    rate(model, "ultra", "1")
    preview = Preview(admin_client, model)
    trail, revision = AuditEntry.objects.count(), CatalogueRevision.objects.get().revision
    assert figures(preview.type()) == {"5 standard": "60", "5 high": "72", "5 ultra": "330"}
    table = preview.type(cost_per_second="0.36", rate_high="0.5", rate_ultra="", supported_durations="5, 6")
    assert figures(table) == {
        "5 standard": "60 → 119",
        "5 high": "72 → 165",
        "5 ultra": "330 → 179",
        "6 standard": "143",
        "6 high": "198",
        "6 ultra": "214",
    }
    assert table.summary == "6 of 6 prices change. Nothing is saved yet."
    assert [cell.mark for cell in table.cells] == ["up", "up", "down", "new", "new", "new"]
    assert "costs us $1.80<" in preview.html
    assert "$2.38" in preview.html
    table = preview.type(supported_qualities=["high"])
    assert [was.quality for was in table.gone] == ["standard", "ultra"]
    assert "5 s in ultra (330 credits)" in preview.html
    assert AuditEntry.objects.count() == trail
    assert CatalogueRevision.objects.get().revision == revision
    assert AIModel.objects.get().cost_per_second == Decimal("0.18")
    assert Rate.objects.get().quality_id == "ultra"


def test_a_new_model_has_prices_before_it_is_there(admin_client: Client) -> None:
    standard_policy()
    standard_tiers()
    preview = Preview(admin_client)
    assert preview.type().rows == []
    assert "This field is required." in preview.html
    table = preview.type(
        cost_per_second="0.18", supported_durations="5", supported_qualities=["high", "ultra"]
    )
    assert figures(table) == {"5 high": "72", "5 ultra": "90"}
    assert not AIModel.objects.exists()


def test_what_is_wrong_has_no_price_but_a_word_and_the_rest_goes_on(admin_client: Client) -> None:
    standard_policy()
    model = AIModelFactory(supported_durations=[5], supported_qualities=["standard", "ultra"])
    rate(model, "ultra", "1")
    preview = Preview(admin_client, model)
    for price in ("", "0", "101", "1e5", "٣", "NaN", "1,5", "9" * 40, "1\0", "<b>"):
        table = preview.type(cost_per_second=price)
        assert figures(table) == {"5 standard": "?", "5 ultra": "330"}, price
        assert [bool(column.problem) for column in table.columns] == [True, False], price
        assert "can't be told" in table.summary
        assert "<b>" not in preview.html
        assert "credits, as stored" in preview.html
        table = preview.type(rate_ultra=price)
        assert figures(table)["5 ultra"] == ("330 → 90" if price == "" else "?"), price
    for durations in ("", "x", "0", "4000", "5.5", ", ".join(map(str, range(1, 60)))):
        table = preview.type(supported_durations=durations)
        assert set(figures(table).values()) == {"?"}, durations
        assert table.problems
    assert set(figures(preview.type(supported_qualities=["gone"])).values()) == {"?"}
    untraced(AIModel).update(version_number=77)
    assert figures(preview.type(cost_per_second="101"))["5 standard"] == "?"
    assert figures(preview.type(name=""))["5 standard"] == "60"


def test_what_cannot_be_saved_is_not_called_fine(admin_client: Client) -> None:
    standard_policy()
    model = AIModelFactory(supported_durations=[5, 9], supported_qualities=["standard"])
    preview = Preview(admin_client, model)
    assert preview.type().summary == "2 prices, all as stored."
    for limit in ({"fixed_duration": "5"}, {"fixed_duration": "7"}, {"max_duration": "5"}):
        table = preview.type(**limit)
        assert len(figures(table)) == 2
        assert table.summary == "These would be the prices, but it can't be saved like this."
        assert len(table.problems) == 1
        assert table.problems[0] in preview.html
    assert table.problems == ["Max duration: 5 s is shorter than the offered duration of 9 s."]
    table = preview.type(max_duration="x", supported_durations="y")
    assert len(table.problems) == 2
    assert "can't be told" in table.summary


def test_what_is_not_sold_says_why(admin_client: Client) -> None:
    model = AIModelFactory(supported_durations=[5], supported_qualities=["standard", "high"])
    preview = Preview(admin_client, model)
    assert set(figures(preview.type()).values()) == {"There is no pricing policy"}
    standard_policy(max_credits_per_generation=70)
    assert figures(preview.type())["5 high"] == "72 credits are above the limit of 70 a generation"
    untraced(QualityTier).filter(key="high").delete()
    form = ObjectForm(admin_client, change_address(model))
    assert f"{model.model_id} in high has neither a rate nor a multiplier" in form.html


@settings(max_examples=25)
@given(data=st.data())
def test_a_preview_is_what_is_charged_once_it_is_saved(data: Any) -> None:
    costs = st.decimals(min_value=LOWEST_COST, max_value=HIGHEST_COST, places=9)
    with transaction.atomic():
        standard_policy()
        model = AIModelFactory(model_id="a/b")
        rate(model, "high", "0.4")
        cost = data.draw(costs)
        rates = data.draw(st.dictionaries(st.sampled_from(["standard", "high", "ultra"]), costs))
        durations = data.draw(st.lists(st.integers(1, 3_600), min_size=1, max_size=3, unique=True))
        book = read_price_book(AIModel.objects.all())
        typed = Typed({"cost_per_second": cost, "supported_durations": durations}, rates)
        table = supposed_prices(book, typed)
        changes = {"cost_per_second": cost, "supported_durations": durations}
        services.revise(model, changes, confirmed=True)
        pricing_services.remove_rate(Rate.objects.get(), confirmed=True)
        for quality, one in rates.items():
            pricing_services.set_rate(model, quality=quality, cost_per_second=one, confirmed=True)
        assert {cell.key: cell.quote and cell.quote.credits for cell in table.cells} == {
            f"{duration} {quality}": _charged(quality, duration)
            for quality in ("standard", "high", "ultra")
            for duration in durations
        }
        transaction.set_rollback(True)


def _charged(quality: str, duration: int) -> int | None:
    try:
        return pricing_services.quote("a/b", quality=quality, duration=duration).credits
    except OverLimit:
        return None


def test_without_script_a_button_shows_the_prices_of_what_is_typed(admin_client: Client) -> None:
    standard_policy()
    model = AIModelFactory(supported_durations=[5], cost_per_second="0.18")
    trail = AuditEntry.objects.count()
    for page, typed in ((change_address(model), {}), (ADD, FILLED_IN)):
        values: Sent = {**ObjectForm(admin_client, page).values, **typed, "cost_per_second": "0.36"}
        response = admin_client.post(page, {**values, "_preview": "yes"})
        assert response.status_code == 200
        html = response.content.decode()
        assert 'value="0.36"' in html
        assert "errornote" not in html
        figure = {"5 standard": "60 → 119"} if page != ADD else {"8 standard": "191"}
        assert figures(response.context["adminform"].form.price_table).items() >= figure.items()
    assert AuditEntry.objects.count() == trail
    assert AIModel.objects.get().cost_per_second == Decimal("0.18")


def test_only_who_may_see_the_form_sees_its_prices(client: Client, viewer: User) -> None:
    standard_policy()
    model = AIModelFactory(cost_per_second="0.18")
    typed = {"cost_per_second": "0.36"}
    assert client.post(address(model), typed).status_code == 302
    client.force_login(viewer)
    response = client.post(address(model), typed)
    assert figures(response.context["table"])["5 standard"] == "60"  # nothing that a viewer sends counts
    assert client.post(NEW, typed).status_code == 403
    assert client.get(address(model)).status_code == 405
    viewer.user_permissions.clear()
    assert client.post(address(model), typed).status_code == 403
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.create_superuser("ada"))
    assert strict.post(address(model), typed).status_code == 403
    assert strict.post(NEW, typed).status_code == 403


def test_a_preview_takes_its_number_of_queries(
    admin_client: Client, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    standard_policy()
    model = AIModelFactory()
    rate(model, "ultra", "1")
    preview = Preview(admin_client, model)
    # Session, user, the model; policy, tiers, rates, model; who could be the default; the qualities that are
    # known; what was generated lately.
    with django_assert_num_queries(10):
        preview.type(cost_per_second="0.36", supported_durations=", ".join(map(str, range(1, 51))))
    assert admin_client.post(f"/admin/models/{10**30}/price-preview/").status_code == 404

    def too_busy(_: Any) -> None:
        raise CatalogueBusy("Prices are being changed without a pause. Try again in a moment.")

    monkeypatch.setattr("videoai.model_manager.prices.rates.read_book_with_or_without_policy", too_busy)
    assert admin_client.post(address(model)).status_code == 503
