"""An operator works on the list of models: narrows it down, edits in place, saves once."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Dialog, Locator, Page, expect

from models_registry import services
from models_registry.audit.occasion import Actor, acting
from models_registry.models import AIModel
from models_registry.usage.recording import record_many
from tests.browser.visitor import Visitor
from tests.factories import AIModelFactory, standard_policy

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

LIST = "/admin/models/"
NARROW, TABLET = {"width": 390, "height": 844}, {"width": 768, "height": 1024}
WIDTH, HEIGHT = "box => box.offsetWidth", "box => box.offsetHeight"
REACHES = "document.documentElement.scrollWidth"
# Where the field ends that reaches farthest to the right.
RIGHTMOST_FIELD = """() => Math.max(0, ...[...document.querySelectorAll("input, select, textarea")]
    .map(field => field.getBoundingClientRect().right))"""


@pytest.fixture
def models() -> dict[str, AIModel]:
    standard_policy()
    found = {
        name: AIModelFactory(model_id=f"acme/{name}", name=name.title(), category=category)
        for name, category in {"ant": "budget", "bee": "premium", "cat": "budget", "dog": None}.items()
    }
    finished_at = (timezone.now() - timedelta(days=2)).isoformat()
    said = {"generation_time": "9", "success": True, "finished_at": finished_at}
    assert record_many([{"model_id": "acme/cat", "generation_id": str(i), **said} for i in range(3)]).recorded
    return found


@pytest.fixture
def ada(page: Page, live_server: Any, models: dict[str, AIModel]) -> Iterator[Visitor]:
    """She looks at the list; what the console complains of fails the test."""
    visitor = Visitor(page, live_server.url)
    visitor.sign_in()
    visitor.open(LIST)
    yield visitor
    assert visitor.complaints == []


def price(page: Page, name: str) -> Locator:
    return page.get_by_label(f"Price per second of acme/{name}")


def prices() -> dict[str, str]:
    """By the end of the id, without trailing zeros."""
    rows = AIModel.objects.values_list("model_id", "cost_per_second")
    return {model_id.removeprefix("acme/"): f"{price.normalize()}" for model_id, price in rows}


def credits_of(page: Page, base: str, model_id: str) -> int:
    query = {"model_id": model_id, "quality": "standard", "duration": "5"}
    credits: int = page.request.get(f"{base}/api/v1/pricing/quote/", params=query).json()["credits"]
    return credits


def test_three_prices_of_a_category_are_edited_and_saved_at_once(ada: Visitor) -> None:
    page = ada.page
    page.get_by_role("link", name="Budget 2").click()
    expect(page.get_by_role("link", name="Budget 2")).to_have_attribute("aria-current", "true")
    expect(page.locator("#result_list tbody tr")).to_have_count(2)
    page.get_by_role("link", name="All models 4").click()
    expect(page.locator("#result_list tbody tr")).to_have_count(4)
    spark = page.get_by_role("img", name="3 generations in 14 days")
    expect(spark).to_be_visible()
    before = credits_of(page, ada.base, "acme/bee")

    save = page.locator("input[name=_save]")
    expect(save).to_have_value("Save")
    for name, amount in {"ant": "0.2", "bee": "0.36", "cat": "0.4"}.items():
        price(page, name).fill(amount)
    price(page, "dog").fill("0.180")  # as it was
    expect(save).to_have_value("Save 3 changes")
    expect(page.get_by_role("status")).to_have_text("3 unsaved changes")
    expect(page.locator("tr.edited")).to_have_count(3)
    expect(page.locator("tr.edited").first).to_contain_text("edited")
    price(page, "ant").press("Escape")
    expect(price(page, "ant")).to_have_value("0.18")
    page.get_by_role("button", name="Undo the edits of acme/cat").click()
    expect(price(page, "cat")).to_have_value("0.18")
    expect(save).to_have_value("Save 1 change")
    price(page, "ant").fill("0.2")
    price(page, "cat").fill("0.4")
    page.get_by_label("Reason:").fill("New price list")
    save.click()

    expect(page.get_by_text("3 models were changed successfully.")).to_be_visible()
    assert prices() == {"ant": "0.2", "bee": "0.36", "cat": "0.4", "dog": "0.18"}
    assert (before, credits_of(page, ada.base, "acme/bee")) == (60, 119)


def test_a_stale_row_says_who_was_quicker_and_the_others_stay_typed(
    ada: Visitor, models: dict[str, AIModel]
) -> None:
    page = ada.page
    price(page, "ant").fill("0.2")
    price(page, "bee").fill("101")
    page.get_by_label("Active of acme/cat").click()
    with acting(actor=Actor("user", "7", "eve"), source="admin"):
        services.revise(models["ant"], {"cost_per_second": Decimal("0.3")})
    page.get_by_role("button", name="Save 3 changes").click()

    expect(page.get_by_text("Your change (price per second 0.2) is not saved")).to_be_visible()
    expect(page.get_by_text("eve: $ per second: 0.18 → 0.3")).to_be_visible()
    expect(price(page, "ant")).to_have_value("0.3")
    expect(page.get_by_text("A second costs at most $100.")).to_be_visible()
    expect(price(page, "bee")).to_have_value("101")
    expect(page.get_by_text("acme/cat would go off sale. It was used 3 times")).to_be_visible()
    expect(page.get_by_role("button", name="Save 2 changes")).to_be_visible()
    assert set(prices().values()) == {"0.3", "0.18"}

    price(page, "bee").fill("0.5")
    page.get_by_label("Deactivate acme/cat all the same").check()
    page.get_by_role("button", name="Save 2 changes").click()
    expect(page.get_by_text("2 models were changed successfully.")).to_be_visible()
    assert prices()["bee"] == "0.5"
    assert not AIModel.objects.get(pk=models["cat"].pk).is_active


def test_leaving_with_unsaved_edits_is_warned_and_saving_by_keyboard_is_not(ada: Visitor) -> None:
    page, dialogs = ada.page, list[str]()

    def stay(dialog: Dialog) -> None:
        dialogs.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.locator("#searchbar").focus()
    for _ in range(60):  # past search, actions and the head of the table
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "form-0-cost_per_second":
            break
    page.keyboard.type("0.2")
    page.keyboard.press("ArrowDown")
    expect(price(page, "bee")).to_be_focused()
    page.keyboard.type("0.25")
    with page.expect_event("dialog"):
        page.get_by_role("link", name="Budget 2").click()
    expect(price(page, "bee")).to_have_value("0.25")
    assert dialogs == ["beforeunload"]

    price(page, "bee").press("Enter")
    expect(page.get_by_text("2 models were changed successfully.")).to_be_visible()
    assert dialogs == ["beforeunload"]
    assert prices() == {"ant": "0.2", "bee": "0.25", "cat": "0.18", "dog": "0.18"}
    page.get_by_role("link", name="Budget 2").click()
    expect(page).to_have_url(f"{ada.base}{LIST}?category=budget")


def test_a_phone_shows_and_saves_all_of_it_and_paper_cuts_nothing_off(ada: Visitor) -> None:
    page = ada.page
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size(NARROW)  # type: ignore[arg-type]
        assert page.evaluate(REACHES) <= NARROW["width"], scheme
        assert page.evaluate(RIGHTMOST_FIELD) <= NARROW["width"], scheme
    save = page.locator("input[name=_save]")
    price(page, "ant").focus()
    expect(save).to_be_in_viewport()
    price(page, "dog").fill("0.5")
    expect(price(page, "dog")).to_be_in_viewport()
    expect(save).to_be_in_viewport()
    page.set_viewport_size(TABLET)  # type: ignore[arg-type]
    assert page.locator("#searchbar").evaluate(WIDTH) > 200
    assert page.locator(".save-bar").evaluate(HEIGHT) < 60
    page.emulate_media(media="print")
    expect(save).to_be_hidden()
    assert page.locator(".results").evaluate("box => getComputedStyle(box).overflow") == "visible"
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 1400, "height": 500})
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    expect(page.get_by_role("columnheader", name="Generations")).to_be_in_viewport()
    expect(save).to_be_in_viewport()
    save.click()
    expect(page.get_by_text("1 model was changed successfully.")).to_be_visible()
    assert prices()["dog"] == "0.5"


def test_without_javascript_the_list_works_too(
    new_context: Any, live_server: Any, models: dict[str, AIModel]
) -> None:
    ada = Visitor(new_context(java_script_enabled=False).new_page(), live_server.url)
    ada.sign_in_by_form()
    ada.open(LIST)
    page = ada.page
    page.get_by_role("link", name="Premium 1").click()
    price(page, "bee").fill("0")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("A second costs more than $0.")).to_be_visible()
    expect(page.locator("tr.edited")).to_have_count(1)
    price(page, "bee").fill("0.36")
    price(page, "bee").press("Enter")
    expect(page.get_by_text("1 model was changed successfully.")).to_be_visible()
    assert prices()["bee"] == "0.36"


def test_a_price_that_moves_far_brings_its_question_into_sight(ada: Visitor) -> None:
    page = ada.page
    page.set_viewport_size(NARROW)
    ada.open(LIST)
    price(page, "dog").fill("0.9")
    page.locator("input[name=_save]").click()
    box = page.get_by_label("Save anyway")
    expect(box).to_be_focused()
    expect(box).to_be_in_viewport()
    top_of_bar = page.locator(".save-bar").bounding_box()
    place = box.bounding_box()
    assert top_of_bar is not None
    assert place is not None
    assert place["y"] + place["height"] <= top_of_bar["y"]
    expect(page.get_by_role("link", name="1 change has to be confirmed")).to_have_count(1)
    box.check()
    page.locator("input[name=_save]").click()
    expect(page.locator(".success")).to_be_visible()
    assert prices()["dog"] == "0.9"
