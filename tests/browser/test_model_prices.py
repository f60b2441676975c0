from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from models_registry.models import AIModel
from pricing import services
from pricing.models import Rate
from tests.browser.visitor import Visitor
from tests.factories import AIModelFactory, rate, standard_policy

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def model(live_server: Any) -> AIModel:
    standard_policy()
    model = AIModelFactory(model_id="google/veo-3", cost_per_second="0.18", supported_durations=[5])
    rate(model, "ultra", "0.5")
    return model


def quoted(quality: str) -> int:
    return services.quote("google/veo-3", quality=quality, duration=5).credits


def cell(page: Page, key: str) -> Any:
    return page.locator(f'[data-cell="{key}"]')


def test_prices_are_seen_while_typing_and_charged_once_saved(visitor: Visitor, model: AIModel) -> None:
    page = visitor.page
    visitor.open(f"/admin/models/{model.pk}/change/#pricing")
    expect(cell(page, "5 high")).to_contain_text("72")
    price, rates = page.locator("[name=cost_per_second]"), page.get_by_role("table", name="second costs us")
    price.fill("0.36")
    expect(cell(page, "5 high")).to_contain_text("was 72 → 143")
    expect(rates.get_by_role("row", name="High")).to_contain_text("$0.432")
    expect(page.locator("#price-status")).to_contain_text("2 of 3 prices change.")
    page.get_by_label("Rate in high", exact=True).fill("0.6")
    expect(cell(page, "5 high")).to_contain_text("was 72 → 198")

    price.fill("0.36x")
    expect(cell(page, "5 standard")).to_contain_text("119 credits, before")
    expect(page.locator(".price-table").get_by_text("Write a decimal number")).to_be_visible()
    expect(cell(page, "5 high")).to_contain_text("198")
    price.fill("0.36")
    expect(cell(page, "5 standard")).to_contain_text("was 60 → 119")
    assert (quoted("standard"), quoted("high"), quoted("ultra")) == (60, 72, 165)

    page.get_by_label("Rate in ultra", exact=True).fill("")
    expect(cell(page, "5 ultra")).to_contain_text("was 165 → 179")

    page.route("**/price-preview/", lambda route: route.fulfill(status=503))
    price.fill("0.4")
    expect(page.locator(".price-summary")).to_have_text(
        "The prices can't be shown now: they are those of a moment ago."
    )
    page.unroute("**/price-preview/")
    price.fill("0.36")
    expect(page.locator(".price-summary")).to_have_text("3 of 3 prices change. Nothing is saved yet.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully.")).to_be_visible()
    assert (quoted("standard"), quoted("high"), quoted("ultra")) == (119, 198, 179)
    assert Rate.objects.get().quality_id == "high"


def test_many_prices_are_changed_as_shown_and_only_as_shown(visitor: Visitor, model: AIModel) -> None:
    other = AIModelFactory(model_id="luma/ray-2", cost_per_second="0.5")
    page = visitor.page
    visitor.open("/admin/models/")
    for box in page.locator(".action-select").all():
        box.check()
    page.get_by_label("Action:").select_option("change_prices")
    page.get_by_role("button", name="Go", exact=True).click()
    expect(page.get_by_role("heading", name="Prices now")).to_be_visible()
    amount = page.get_by_label("Percentage or price")
    amount.fill("-10")
    amount.press("Enter")
    expect(page.get_by_role("heading", name="What will happen")).to_be_visible()
    shown = {
        quality: page.locator("tr", has_text="google/veo-3").locator("li", has_text=f"5 s {quality}")
        for quality in ("standard", "high", "ultra")
    }
    for quality, before_and_after in {"standard": (60, 54), "high": (72, 65), "ultra": (165, 149)}.items():
        expect(shown[quality]).to_contain_text("{} → {}".format(*before_and_after))
        assert quoted(quality) == before_and_after[0]

    confirm = page.get_by_role("button", name="Change the prices of 2 models")
    amount.fill("-20")
    expect(confirm).to_be_disabled()
    expect(page.get_by_text("preview again before you confirm")).to_be_visible()
    amount.fill("-10")
    confirm.press("Enter")
    expect(page.get_by_text("Changed the prices of 2 models")).to_be_visible()
    assert [quoted(quality) for quality in shown] == [54, 65, 149]
    assert AIModel.objects.get(pk=other.pk).cost_per_second == Decimal("0.45")


def test_without_script_prices_are_previewed_by_a_button(
    browser: Browser, live_server: Any, model: AIModel
) -> None:
    with browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844}) as context:
        visitor = Visitor(context.new_page(), live_server.url)
        visitor.sign_in()
        page = visitor.page
        visitor.open(f"/admin/models/{model.pk}/change/")
        page.locator("[name=cost_per_second]").fill("0.36")
        page.get_by_role("button", name="Preview prices").click()
        expect(cell(page, "5 high")).to_contain_text("was 72 → 143")
        expect(page.locator("[name=cost_per_second]")).to_have_value("0.36")
        assert quoted("high") == 72
        width = page.locator("html").evaluate("html => html.scrollWidth")
        assert width <= 390
        page.locator("[name=cost_per_second]").press("Enter")  # saves, as everywhere
        expect(page.get_by_text("was changed successfully.")).to_be_visible()
        assert quoted("high") == 143
