"""Somebody looks at a price while somebody else changes it."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from models_registry import services
from models_registry.models import AIModel
from pricing.services import quote
from tests.browser.visitor import Visitor
from tests.factories import AIModelFactory, standard_policy
from tests.server import Server, database_url

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

# Without live streams, a browser asks every two seconds.
PATIENCE = 15_000


@pytest.fixture
def model(live_server: Any) -> AIModel:
    standard_policy()
    # Not at the other's price: a test that waits for one of them must not find the other.
    AIModelFactory(
        model_id="luma/ray-2",
        name="Ray 2",
        provider="Luma",
        supported_durations=[5, 8],
        cost_per_second=Decimal("0.11"),
    )
    return AIModelFactory(model_id="google/veo-3", name="Veo 3", provider="Google")


@pytest.fixture
def guest(page: Page, live_server: Any, model: AIModel) -> Iterator[Visitor]:
    """Anybody, at the page of live prices."""
    guest = Visitor(page, live_server.url)
    yield guest
    assert guest.complaints == []


def look_at(guest: Visitor, name: str) -> None:
    guest.open("/demo/")
    guest.page.get_by_label("Model").select_option(label=name)
    expect(credits_of(guest)).to_have_text(str(price("google/veo-3" if name == "Veo 3" else "luma/ray-2")))


def credits_of(guest: Visitor) -> Any:
    return guest.page.locator("[data-demo=price]")


def price(model_id: str, *, duration: int = 5, quality: str = "standard") -> int:
    return quote(model_id, duration=duration, quality=quality).credits


def change_price(browser: Browser, base: str, model: AIModel, cost_per_second: str) -> None:
    """In a window of its own, through the form."""
    context = browser.new_context()
    admin = Visitor(context.new_page(), base)
    admin.sign_in()
    admin.open(f"/admin/models/{model.pk}/change/#pricing")
    admin.page.locator("[name=cost_per_second]").fill(cost_per_second)
    admin.page.get_by_role("button", name="Save", exact=True).click()
    expect(admin.page.get_by_text("was changed successfully.")).to_be_visible()
    context.close()


def sees_the_price_change(guest: Visitor, browser: Browser, model: AIModel) -> None:
    look_at(guest, "Veo 3")
    before = price("google/veo-3")
    guest.page.locator("html").evaluate("page => page.dataset.same = 'yes'")

    change_price(browser, guest.base, model, "0.3")

    expect(credits_of(guest)).to_have_text(str(price("google/veo-3")), timeout=PATIENCE)
    expect(guest.page.get_by_text(f"was {before}", exact=True)).to_be_visible()
    expect(guest.page.locator("[data-demo=heard]")).to_contain_text(f"Veo 3: {before} → ")
    assert guest.page.locator("html").get_attribute("data-same") == "yes"  # nothing was loaded anew


def test_a_price_follows_its_admin_through_the_edge(
    page: Page, browser: Browser, transactional_db: None, model: AIModel
) -> None:
    with Server(database_url(), workers=1) as server:
        guest = Visitor(page, server.url)
        sees_the_price_change(guest, browser, model)
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        server.end()
        expect(page.get_by_text("Reconnecting…")).to_be_visible(timeout=PATIENCE)
        services.revise(AIModel.objects.get(pk=model.pk), {"cost_per_second": "0.25"})
        server.start()
        expect(credits_of(guest)).to_have_text(str(price("google/veo-3")), timeout=4 * PATIENCE)
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
    complaints = [said for said in guest.complaints if "ERR_CONNECTION_REFUSED" not in said]
    assert complaints == []


def test_it_follows_without_the_edge_too(guest: Visitor, browser: Browser, model: AIModel) -> None:
    sees_the_price_change(guest, browser, model)


def test_what_is_chosen_is_priced_with_keys_alone(guest: Visitor, model: AIModel) -> None:
    look_at(guest, "Ray 2")
    page = guest.page

    guest.press_until("Tab", page.get_by_role("radio", name="5 s"))
    page.keyboard.press("ArrowRight")
    expect(credits_of(guest)).to_have_text(str(price("luma/ray-2", duration=8)))
    guest.press_until("Tab", page.get_by_role("radio", name="standard"))
    page.keyboard.press("ArrowRight")

    expect(credits_of(guest)).to_have_text(str(price("luma/ray-2", duration=8, quality="high")))
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()
    assert page.locator("[data-demo=was]").inner_text() == ""


def test_a_model_that_was_retired_is_no_longer_offered(guest: Visitor, model: AIModel) -> None:
    look_at(guest, "Veo 3")

    services.retire(AIModel.objects.get(pk=model.pk))

    told = guest.page.get_by_text("Veo 3 is no longer on offer. Choose another model.")
    expect(told).to_be_visible(timeout=PATIENCE)
    expect(guest.page.get_by_role("option", name="Veo 3")).to_have_count(0)
    expect(credits_of(guest)).to_have_text("–")
    guest.page.get_by_label("Model").select_option(label="Ray 2")
    expect(credits_of(guest)).to_have_text(str(price("luma/ray-2")))
    expect(told).to_be_hidden()


def test_a_model_that_goes_before_its_price_came_is_named(guest: Visitor, model: AIModel) -> None:
    look_at(guest, "Ray 2")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    guest.page.route("**/pricing/quote/**", hold)
    guest.page.get_by_label("Model").select_option(label="Veo 3")

    services.retire(AIModel.objects.get(pk=model.pk))

    told = guest.page.get_by_text("Veo 3 is no longer on offer. Choose another model.")
    expect(told).to_be_visible(timeout=PATIENCE)
    expect(credits_of(guest)).to_have_text("–")
    guest.page.unroute_all(behavior="ignoreErrors")
    assert held


def test_a_duration_that_is_not_offered_any_more_gives_way(guest: Visitor, model: AIModel) -> None:
    look_at(guest, "Veo 3")
    guest.page.get_by_role("radio", name="9 s").check()
    expect(credits_of(guest)).to_have_text(str(price("google/veo-3", duration=9)))

    services.revise(AIModel.objects.get(pk=model.pk), {"supported_durations": [5]})

    expect(guest.page.get_by_role("radio", name="9 s")).to_have_count(0, timeout=PATIENCE)
    expect(credits_of(guest)).to_have_text(str(price("google/veo-3")))


@pytest.mark.parametrize("width", [390, 1400])
def test_nothing_is_wider_than_the_window(guest: Visitor, width: int) -> None:
    guest.page.set_viewport_size({"width": width, "height": 800})

    look_at(guest, "Veo 3")

    assert guest.page.locator("html").evaluate("page => page.scrollWidth") == width


def test_without_javascript_the_page_says_what_it_needs(
    browser: Browser, live_server: Any, model: AIModel
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()

    page.goto(f"{live_server.url}/demo/")

    expect(page.locator("noscript .demo-notice")).to_contain_text("This page needs JavaScript")
    expect(page.locator("noscript .demo-notice")).to_be_visible()
    expect(page.get_by_label("Model")).to_be_hidden()
    context.close()
