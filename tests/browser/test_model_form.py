"""The form of one model in a browser: tabs, chips, JSON, and what is asked before a model goes off sale."""

import re
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Dialog, Page, expect

from models_registry.models import AIModel
from models_registry.usage.recording import record
from tests.browser.visitor import Visitor
from tests.factories import AIModelFactory, standard_policy
from tests.models_registry.usage.generations import generation

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def first(live_server: Any) -> AIModel:
    standard_policy()
    return AIModelFactory(model_id="acme/first", name="First", tags=["fast"])


def stored(model: AIModel) -> AIModel:
    return AIModel.objects.get(pk=model.pk)


def use(model: AIModel) -> None:
    record(model.model_id, generation(finished_at=timezone.now().isoformat()))


def tab(page: Page, name: str) -> Any:
    return page.get_by_role("tab", name=name)


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()


@pytest.mark.usefixtures("first")
def test_a_model_is_created_with_an_error_and_then_right(visitor: Visitor) -> None:
    page = visitor.page
    visitor.open("/admin/models/add/")
    page.get_by_role("textbox", name="Model id:", exact=True).fill("acme/new")
    page.get_by_label("Name:").fill("New")
    page.get_by_label("Provider:").fill("Acme")
    tags = page.get_by_role("textbox", name="Tags:")
    for typed in ("bold", '"a, b"'):
        tags.fill(typed)
        tags.press("Enter")
    expect(page.get_by_role("list", name="Tags").get_by_role("listitem")).to_have_text(["bold×", "a, b×"])

    tab(page, "Capabilities").click()
    page.get_by_role("textbox", name="Durations:").press_sequentially("9,5,x")
    page.get_by_role("button", name="8 s", exact=True).click()
    page.get_by_role("checkbox", name="High").check()
    tab(page, "Pricing").click()
    page.get_by_label("$ per second:").fill("101")
    tab(page, "Parameters").click()
    page.get_by_label("Replicate model id:").fill("acme/new")
    parameters = page.get_by_role("textbox", name="Model parameters:")
    parameters.fill('{"audio": {"tracks": [1, 2,\n x]}}')
    broken = "This is no JSON value at $.audio.tracks[2], line 2, column 2."
    expect(page.get_by_role("status").filter(has_text=broken)).to_be_visible()
    save(page)

    # The first tab with an error is open; each says how many it has.
    expect(tab(page, "Capabilities 1 error")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("textbox", name="Durations:")).to_have_value("x")
    expect(page.locator("#id_supported_durations_error")).to_contain_text('"x" is no duration.')
    chips = page.get_by_role("list", name="Durations").get_by_role("listitem")
    expect(chips).to_have_text(["5 s×", "8 s×", "9 s×"])
    page.get_by_role("textbox", name="Durations:").fill("")
    expect(tab(page, "Pricing 1 error")).to_be_visible()
    page.get_by_role("link", name="Pricing: $ per second").click()
    expect(page.get_by_label("$ per second:")).to_be_focused()
    page.get_by_label("$ per second:").fill("0.5")
    tab(page, "Parameters 1 error").click()
    error = page.locator("#id_model_parameters_error")
    expect(error).to_contain_text("at $.audio.tracks[2], line 2, column 2.")
    parameters.fill('{"audio":{"tracks":[1,2.50]}}')
    page.get_by_role("button", name="Format Model parameters").click()
    expect(parameters).to_have_value('{\n  "audio": {\n    "tracks": [\n      1,\n      2.50\n    ]\n  }\n}')
    save(page)

    expect(page.get_by_role("link", name="New", exact=True).first).to_be_visible()
    model = AIModel.objects.get(model_id="acme/new")
    assert (model.supported_durations, model.tags) == ([5, 8, 9], ["bold", "a, b"])
    assert model.model_parameters == {"audio": {"tracks": [1, 2.5]}}


def test_tabs_and_chips_obey_the_keyboard_and_who_leaves_is_warned(visitor: Visitor, first: AIModel) -> None:
    page, keyboard = visitor.page, visitor.page.keyboard
    address = f"/admin/models/{first.pk}/change/"
    visitor.open(f"{address}#lifecycle")
    expect(tab(page, "Lifecycle")).to_have_attribute("aria-selected", "true")
    tab(page, "Lifecycle").focus()
    for key, name in {"Home": "Identity", "ArrowLeft": "History", "ArrowRight": "Identity"}.items():
        keyboard.press(key)
        expect(tab(page, name)).to_be_focused()
        expect(page.get_by_role("tabpanel", name=name)).to_be_visible()
    keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("#capabilities$"))
    keyboard.press("Tab")  # past the other tabs, to the chips
    expect(page.get_by_role("button", name="Remove 5 s")).to_be_focused()
    keyboard.press("Delete")
    expect(page.get_by_role("button", name="Remove 9 s")).to_be_focused()
    keyboard.press("ArrowRight")
    keyboard.type("7")
    keyboard.press("Enter")
    keyboard.press("Backspace")
    expect(page.get_by_role("button", name="Remove 9 s")).to_be_focused()

    page.once("dialog", lambda dialog: dialog.dismiss())  # and stay
    with page.expect_event("dialog") as dialog:
        page.get_by_role("link", name="Home").click()
    assert dialog.value.type == "beforeunload"
    # Tab leaves the JSON.
    tab(page, "Parameters").click()
    page.get_by_role("textbox", name="Requirements:").focus()
    keyboard.press("Tab")
    expect(page.get_by_role("button", name="Format Requirements")).to_be_focused()
    page.get_by_role("button", name="Save and continue editing").press("Enter")
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    expect(tab(page, "Parameters")).to_have_attribute("aria-selected", "true")
    assert stored(first).supported_durations == [7, 9]


def test_what_the_browser_fills_in_again_is_as_unsaved_as_before(visitor: Visitor, first: AIModel) -> None:
    page = visitor.page
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    visitor.open(f"/admin/models/{first.pk}/change/#capabilities")
    visitor.open("/admin/")
    assert asked == []  # nothing was typed
    page.go_back()
    tab(page, "Identity").click()
    page.get_by_label("Name:").fill("Unsaved")
    page.get_by_label("Category:").select_option("budget")
    visitor.open("/admin/")
    assert len(asked) == 1
    page.go_back()
    expect(page.get_by_label("Name:")).to_have_value("Unsaved")
    visitor.open("/admin/")
    assert len(asked) == 2
    page.go_back()
    page.get_by_label("Name:").fill("First")
    page.get_by_label("Category:").select_option("")
    tab(page, "Capabilities").click()
    page.get_by_role("button", name="8 s", exact=True).click()
    page.get_by_role("button", name="8 s", exact=True).click()
    visitor.open("/admin/")
    assert len(asked) == 2  # all is as it was


def test_a_used_default_goes_off_sale_once_another_takes_over(visitor: Visitor, first: AIModel) -> None:
    page = visitor.page
    other = AIModelFactory(model_id="acme/other", name="Other")
    use(first)
    page.set_viewport_size({"width": 390, "height": 844})
    visitor.open(f"/admin/models/{first.pk}/change/#lifecycle")
    question = page.get_by_label("Take it off sale all the same")
    expect(question).to_be_hidden()
    page.get_by_role("checkbox", name="Active").uncheck()
    expect(page.get_by_text("It was used once in the last 30 days")).to_be_visible()
    save(page)
    expect(tab(page, "Lifecycle 2 errors")).to_have_attribute("aria-selected", "true")
    assert stored(first).is_active
    question.check()
    page.get_by_label("Which model takes over?").select_option("Other – acme/other")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    save(page)
    expect(page.get_by_text("Other is the default model now.")).to_be_visible()
    assert (stored(first).is_active, stored(other).is_default) == (False, True)


def test_without_javascript_the_form_is_filled_in_from_top_to_bottom(
    browser: Browser, live_server: Any, first: AIModel
) -> None:
    other = AIModelFactory(model_id="acme/other", name="Other")
    use(other)
    page = browser.new_page(java_script_enabled=False, viewport={"width": 390, "height": 844})
    visitor = Visitor(page, live_server.url)
    visitor.sign_in()
    visitor.open(f"/admin/models/{other.pk}/change/")
    page.get_by_label("Name:").fill("Renamed")
    page.get_by_role("navigation", name="Parts of the form").get_by_role("link", name="Lifecycle").click()
    expect(page.get_by_role("heading", name="Lifecycle")).to_be_in_viewport()
    page.get_by_label("Durations:").fill("4, 6")
    page.get_by_label("Tags:").fill("slow, steady")
    expect(page.get_by_label("Take it off sale all the same")).to_be_hidden()
    page.get_by_role("checkbox", name="Active").uncheck()
    save(page)
    page.get_by_role("link", name="Lifecycle: Active").click()
    page.get_by_label("Take it off sale all the same").check()
    save(page)
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    now = stored(other)
    assert (now.name, now.supported_durations, now.tags) == ("Renamed", [4, 6], ["slow", "steady"])
    assert not now.is_active
    page.close()


def test_a_question_about_prices_opens_their_tab(visitor: Visitor, first: AIModel) -> None:
    page = visitor.page
    visitor.open(f"/admin/models/{first.pk}/change/")
    tab(page, "Pricing").click()
    page.get_by_label("$ per second:").fill("0.9")
    tab(page, "Identity").click()
    save(page)
    expect(tab(page, "Pricing ? has a question")).to_have_attribute("aria-selected", "true")
    page.get_by_label("Save anyway").check()
    save(page)
    expect(page.locator(".success")).to_be_visible()
    assert f"{stored(first).cost_per_second:.1f}" == "0.9"
