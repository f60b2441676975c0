"""An operator looks at usage: picks a model and a range, reads a table, takes the file along."""

import csv
import io
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from models_registry.models import AIModel
from models_registry.usage.recording import record_many
from tests.browser.visitor import Visitor
from tests.factories import AIModelFactory

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def generate(model: AIModel, number: int, *, days_ago: int, **said: Any) -> None:
    finished_at = (timezone.now() - timedelta(days=days_ago)).isoformat()
    items = [
        {
            "model_id": model.model_id,
            "generation_id": f"{model.pk}-{days_ago}-{len(said)}-{i}",
            "generation_time": str(10 + i),
            "success": not said,
            "finished_at": finished_at,
            **said,
        }
        for i in range(number)
    ]
    assert record_many(items).rejected == []


def width(page: Page) -> int:
    reached: int = page.evaluate("document.documentElement.scrollWidth")
    return reached


def test_usage_is_looked_at_on_a_wide_and_a_narrow_screen(page: Page, live_server: Any) -> None:
    veo, ray = AIModelFactory(model_id="google/veo-3"), AIModelFactory(model_id="luma/ray")
    generate(veo, 3, days_ago=3)
    generate(veo, 1, days_ago=3, error_code="timeout")
    generate(veo, 5, days_ago=20)
    generate(ray, 2, days_ago=1)
    ada = Visitor(page, live_server.url)
    ada.sign_in_by_form()

    page.get_by_role("navigation", name="Lists").get_by_role("link", name="Usage").click()
    expect(page.get_by_role("img")).to_have_count(5)
    expect(page.locator(".card").first).to_contain_text("11")
    expect(page.locator("#generations .slot .good")).to_have_count(3)
    expect(page.get_by_role("img", name="Share by model")).to_contain_text("9 · 81.8 %")

    page.get_by_label("Model", exact=True).select_option("google/veo-3")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile("model=google%2Fveo-3"))
    expect(page.get_by_role("img", name="Share by quality")).to_be_visible()
    page.get_by_role("link", name="7 days").click()
    expect(page).to_have_url(re.compile("model=google%2Fveo-3&range=7d"))
    expect(page.locator(".card").first).to_contain_text("4")
    expect(page.locator("#generations .slot .good")).to_have_count(1)

    page.set_viewport_size({"width": 390, "height": 800})
    errors = page.locator("#errors")
    expect(errors.get_by_role("table")).to_be_hidden()
    errors.get_by_text("As a table").click()
    expect(errors.get_by_role("row", name="timeout")).to_contain_text("100 %")
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
    assert width(page) <= 390

    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    file = Path(download.value.path()).read_text()
    assert download.value.suggested_filename.endswith("_google-veo-3.csv")
    assert [row["generations"] for row in csv.DictReader(io.StringIO(file))] == ["4"]

    page.get_by_role("link", name="The page of google/veo-3").click()
    expect(page.get_by_role("heading", name="Usage of")).to_be_visible()
    assert f"/admin/models/{veo.pk}/usage/" in page.url
    page.get_by_role("link", name="History").click()
    page.get_by_role("link", name="Usage").last.click()
    expect(page.locator(".card").first).to_contain_text("9")
    assert ada.complaints == []
