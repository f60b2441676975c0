"""What can be done to models that are ticked in the list, from the first tick to the message."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from models_registry.audit.models import AuditEntry
from models_registry.choices import Status
from models_registry.models import AIModel
from models_registry.usage.recording import record
from pricing.models import Rate
from tests.browser.visitor import Visitor
from tests.factories import AIModelFactory, rate, standard_policy

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

LIST = "/admin/models/"
WIDTH = "document.documentElement.scrollWidth"


@pytest.fixture(autouse=True)
def shop(live_server: Any) -> None:
    """Veo 3 is the default, Kling was used just now, Wan stands beside them."""
    standard_policy()
    AIModelFactory(model_id="google/veo-3", name="Veo 3")
    kling = AIModelFactory(model_id="kwaivgi/kling", name="=Kling", category="budget")
    AIModelFactory(model_id="wan/wan-2", name="Wan 2", category="budget")
    rate(kling, "high", "0.4")
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    said = {"generation_id": "1", "generation_time": 2, "success": True, "finished_at": now}
    record(kling.model_id, said)


def choose(page: Page, action: str, *names: str) -> None:
    for name in names:
        page.get_by_role("row").filter(has_text=name).get_by_role("checkbox").first.check()
    page.get_by_label("Action:").select_option(label=action)
    page.get_by_role("button", name="Go", exact=True).first.click()


def row(page: Page, name: str) -> Any:
    return page.locator("table.steps tbody tr").filter(has_text=name)


def status(model_id: str) -> Status:
    return AIModel.objects.get(model_id=model_id).status


def test_two_are_retired_with_a_caution_and_restored(visitor: Visitor) -> None:
    page = visitor.page
    visitor.open(f"{LIST}?q=a")
    choose(page, "Retire…", "google/veo-3", "kwaivgi/kling")
    expect(page.get_by_text("2 models will be retired.")).to_be_focused()
    expect(row(page, "kwaivgi/kling")).to_contain_text("It was used once in the last 30 days")
    expect(row(page, "google/veo-3")).to_contain_text("active default becomes retired")
    page.get_by_role("link", name="Leave it as it is").click()
    expect(page).to_have_url(f"{visitor.base}{LIST}?q=a")

    choose(page, "Retire…", "google/veo-3", "kwaivgi/kling")
    page.get_by_role("button", name="Retire 2 models").click()
    expect(page.get_by_text("Choose the model that becomes the default.")).to_be_visible()
    assert status("kwaivgi/kling") == Status.ACTIVE
    page.get_by_label("Which model takes over?").select_option(label="Wan 2 – wan/wan-2")
    page.get_by_label("Reason").fill("Autumn")
    page.get_by_role("button", name="Retire 2 models").click()
    expect(page.get_by_text("Made the default: wan/wan-2.")).to_be_visible()
    expect(page).to_have_url(f"{visitor.base}{LIST}?q=a")
    assert {status("google/veo-3"), status("kwaivgi/kling")} == {Status.RETIRED}

    choose(page, "Restore…", "google/veo-3", "wan/wan-2")
    expect(page.get_by_text("1 model will be restored; 1 stays as it is.")).to_be_visible()
    page.get_by_role("button", name="Restore 1 model").click()
    page.get_by_role("link", name="google/veo-3").first.click()
    expect(page.get_by_label("Name:")).to_have_value("Veo 3")
    assert status("google/veo-3") == Status.ACTIVE


def test_the_default_is_moved_by_the_keyboard_alone(visitor: Visitor) -> None:
    """From the top of the list to the message, with keys only."""
    page = visitor.page
    visitor.open(LIST)
    visitor.press_until("Tab", page.get_by_role("checkbox", name="Select wan/wan-2"))
    page.keyboard.press("Space")
    visitor.press_until("Shift+Tab", page.get_by_label("Action:"))
    page.keyboard.type("Make")
    visitor.press_until("Tab", page.get_by_role("button", name="Go", exact=True))
    page.keyboard.press("Enter")
    expect(page.locator(".deed-summary")).to_be_focused()
    expect(row(page, "google/veo-3")).to_contain_text("It loses the flag")
    visitor.press_until("Tab", page.get_by_label("Reason"))
    page.keyboard.type("Wan is quicker")
    visitor.press_until("Tab", page.get_by_role("button", name="Make it the default"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Made the default: wan/wan-2.")).to_be_visible()
    assert AIModel.objects.get(is_default=True).model_id == "wan/wan-2"
    assert AuditEntry.objects.latest("number").reason == "Wan is quicker"


def test_a_copy_is_made_without_javascript(new_context: Any, live_server: Any) -> None:
    context = new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    visitor = Visitor(context.new_page(), live_server.url)
    visitor.sign_in()
    page = visitor.page
    visitor.open(LIST)
    choose(page, "Duplicate…", "kwaivgi/kling")
    expect(page.get_by_label("Model id")).to_have_value("kwaivgi/kling-copy")
    page.get_by_label("Model id").fill("google/VEO-3")
    page.get_by_role("button", name="Make the copy").click()
    expect(page.get_by_text("is taken by google/veo-3")).to_be_visible()
    page.get_by_label("Model id").fill("kwaivgi/kling-2")
    page.get_by_role("button", name="Make the copy").click()
    expect(page.get_by_text("is a copy of")).to_be_visible()
    copy = AIModel.objects.get(model_id="kwaivgi/kling-2")
    assert (copy.status, Rate.objects.filter(model=copy).count()) == (Status.DRAFT, 1)

    visitor.open(LIST)
    choose(page, "Activate…", "kwaivgi/kling-2")
    page.get_by_role("button", name="Activate 1 model").click()
    assert status("kwaivgi/kling-2") == Status.ACTIVE


def test_the_filtered_list_is_downloaded_and_small_screens_need_no_scrolling_sideways(
    visitor: Visitor, tmp_path: Path
) -> None:
    page = visitor.page
    visitor.open(f"{LIST}?category=budget")
    page.get_by_role("link", name="Export…").click()
    expect(page.get_by_text("2 models")).to_be_visible()
    for name in ("CSV", "JSON"):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Download {name}").click()
        download.value.save_as(tmp_path / download.value.suggested_filename)
    (table,), (document,) = tmp_path.glob("models_*.csv"), tmp_path.glob("models_*.json")
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(one["name"], one["rates.high"], one["total_generations"]) for one in rows] == [
        ("'=Kling", "0.4", "1"),
        ("Wan 2", "", "0"),
    ]
    models = json.loads(document.read_text(encoding="utf-8"))["models"]
    assert [model["name"] for model in models] == ["=Kling", "Wan 2"]

    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(WIDTH) <= 390
    for action in ("Retire…", "Make default…", "Duplicate…", "Export…"):
        visitor.open(LIST)
        choose(page, action, "kwaivgi/kling")
        expect(page.locator(".deed")).to_be_visible()
        page.wait_for_load_state()  # with its style sheets
        assert page.evaluate(WIDTH) <= 390, action
    visitor.ask("retire")
    expect(page.get_by_role("columnheader", name="To know")).to_have_count(1)  # though it is not seen
