from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from models_registry import services
from models_registry.models import AIModel
from tests.factories import AIModelFactory, QualityTierFactory, rate, standard_policy, untraced

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PASSWORD = "correct horse battery"
# Where the field ends that reaches farthest to the right.
RIGHTMOST_FIELD = """() => Math.max(0, ...[...document.querySelectorAll("input, select, textarea")]
    .map(field => field.getBoundingClientRect().right))"""


@pytest.fixture
def model(live_server: Any) -> AIModel:
    standard_policy()
    return AIModelFactory(model_id="google/veo-3", name="Veo 3", cost_per_second="0.18")


@pytest.fixture
def signed_in(page: Page, live_server: Any, model: AIModel) -> Iterator[Page]:
    """The list, opened by an admin who typed name and password; any error on the console fails the test."""
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    User.objects.create_superuser("ada", password=PASSWORD)
    page.goto(f"{live_server.url}/admin/models/")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="ModelManager")).to_be_visible()
    yield page
    assert complaints == []


def test_a_small_screen_needs_no_scrolling_sideways(
    signed_in: Page, live_server: Any, model: AIModel
) -> None:
    rate(model, "high", "0.123456789")
    QualityTierFactory(key="a-quality-with-a-rather-long-k", label="A label " * 7, cost_multiplier="999.5")
    signed_in.set_viewport_size({"width": 390, "height": 844})
    for address in ("/admin/", "/admin/models/margins/", f"/admin/models/{model.pk}/change/"):
        signed_in.goto(f"{live_server.url}{address}")
        assert signed_in.evaluate("document.documentElement.scrollWidth") <= 390, address
        assert signed_in.evaluate(RIGHTMOST_FIELD) <= 390, address
    for room, price in {"pricing/rate": "0.123456789", "models_registry/qualitytier": "999.5"}.items():
        signed_in.goto(f"{live_server.url}/admin/{room}/")
        assert signed_in.evaluate("document.documentElement.scrollWidth") <= 390, room
        cell = signed_in.get_by_role("cell", name=price)
        expect(cell).to_be_visible()
        box = cell.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 390, room


def test_the_link_in_a_stale_form_opens_it_afresh(signed_in: Page, live_server: Any, model: AIModel) -> None:
    signed_in.goto(f"{live_server.url}/admin/models/{model.pk}/change/")
    services.revise(model, {"name": "Theirs"})
    signed_in.get_by_label("Name:").fill("Mine")
    signed_in.get_by_role("button", name="Save", exact=True).click()
    signed_in.get_by_role("link", name="Open the form afresh").click()
    expect(signed_in.get_by_label("Name:")).to_have_value("Theirs")
    signed_in.get_by_label("Name:").fill("Mine")
    signed_in.get_by_role("button", name="Save", exact=True).click()
    expect(signed_in.get_by_text("was changed successfully.")).to_be_visible()


def test_a_description_of_several_lines_survives_another_edit(
    signed_in: Page, live_server: Any, model: AIModel
) -> None:
    untraced(AIModel).filter(pk=model.pk).update(description="One\rTwo\r\nThree\nFour")
    signed_in.goto(f"{live_server.url}/admin/models/{model.pk}/change/")
    signed_in.get_by_label("Provider:").fill("Google")
    signed_in.get_by_role("button", name="Save", exact=True).click()
    expect(signed_in.get_by_text("was changed successfully.")).to_be_visible()
    now = AIModel.objects.get(pk=model.pk)
    assert (now.provider, now.description) == ("Google", "One\rTwo\r\nThree\nFour")
