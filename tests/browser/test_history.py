"""An admin gives a reason, finds it in the history, and takes the change back."""

from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from models_registry.audit.models import AuditEntry
from models_registry.models import AIModel
from tests.browser.visitor import Visitor
from tests.factories import AIModelFactory, standard_policy

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_a_price_changed_by_mistake_is_taken_back_on_a_narrow_screen(page: Page, live_server: Any) -> None:
    standard_policy()
    model = AIModelFactory(model_id="google/veo-3", cost_per_second="0.18")
    page.set_viewport_size({"width": 390, "height": 800})
    ada = Visitor(page, live_server.url)
    ada.sign_in()
    ada.open("/admin/models/")
    page.get_by_label("Price per second of google/veo-3").fill("18")
    page.get_by_label("Reason").fill("New price list")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("google/veo-3, 5 s in high: 72 → not sold", exact=True)).to_be_visible()
    page.get_by_label("Save anyway").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("1 model was changed successfully.")).to_be_visible()

    ada.open(f"/admin/models/{model.pk}/history/")
    expect(page.get_by_text("$ per second: 0.18 → 18")).to_be_visible()
    expect(page.get_by_text("New price list")).to_be_visible()
    assert width(page) <= 390
    page.get_by_role("link", name="Restore this state…").click()

    expect(page.get_by_text("$ per second: 18 → 0.18")).to_be_visible()
    assert width(page) <= 390
    page.get_by_role("button", name="Restore this state").click()
    expect(page.get_by_text("Restored the state of")).to_be_visible()
    assert AIModel.objects.get(pk=model.pk).cost_per_second == Decimal("0.18")
    assert (
        AuditEntry.objects.filter(book="catalogue").latest("number").reason.startswith("Restores the state")
    )
    assert ada.complaints == []


def width(page: Page) -> int:
    reached: int = page.evaluate("document.documentElement.scrollWidth")
    return reached
