"""Nobody is kept out: axe finds nothing wrong with any page, in light and in dark."""

from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT as AXE
from django.utils import timezone
from playwright.sync_api import Page, expect

from models_registry import services
from models_registry.audit.models import AuditEntry
from models_registry.models import AIModel, QualityTier
from models_registry.usage.recording import record_many
from pricing.models import UpstreamModel
from pricing.schedule.deeds import Deed
from pricing.schedule.models import Kind, ScheduledChange
from pricing.schedule.services import schedule
from pricing.upstream.models import HeldPrice
from tests.browser.visitor import Visitor
from tests.factories import AIModelFactory, rate, service_token, standard_policy
from tests.pricing.upstream.lists import map_of, synced

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

SIGN_IN = "/admin/login/"
PAPER = "getComputedStyle(document.body).backgroundColor"
WHITE = "rgb(255, 255, 255)"
OUTLINE = "getComputedStyle(document.activeElement).outlineStyle"
OF_COLOURS = ("color-contrast", "link-in-text-block")


def catalogue() -> AIModel:
    """A model of every status, with prices, usage, changes and something to worry about."""
    standard_policy(max_credits_per_generation=5_000)
    model = AIModelFactory(model_id="google/veo-3", name="Veo 3", is_premium=True, category="premium")
    rate(model, "high", "0.5")
    draft = AIModelFactory(model_id="acme/draft", is_active=False)
    services.retire(AIModelFactory(model_id="acme/old"))
    AIModelFactory(model_id="acme/dear", cost_per_second="90", is_deprecated=True)
    said = {"generation_time": "9.5", "quality": "high", "duration": 5, "credits": 60}
    items = [
        {"model_id": one.model_id, "generation_id": f"{one.pk}-{n}", "success": n % 3 > 0, **said}
        for one in (model, draft)
        for n in range(9)
    ]
    assert record_many(items).recorded == 18
    synced(map_of())
    synced(map_of(output_cost_per_second=1, metadata={"comment": "Dearer since December."}))
    dearer = Deed(Kind.PRICE, {"cost_per_second": "0.9"}, model)
    schedule(dearer, effective_from=timezone.now() + timedelta(days=1), confirmed=True)
    return model


def pages(model: AIModel) -> list[str]:
    entry = AuditEntry.objects.about("model", subject=model.model_id).latest("number")
    tier, tiers = QualityTier.objects.get(key="high"), "/admin/models_registry/qualitytier/"
    held, listed = HeldPrice.objects.get(), UpstreamModel.objects.get()
    return [
        *("/admin/", "/admin/models/", "/admin/models/?q=veo", "/admin/models/add/"),
        "/admin/models/margins/",
        *("/admin/usage/", "/admin/audit/auditentry/"),
        *(f"/admin/models/{model.pk}/{page}" for page in ("change/", "history/", "change/#pricing")),
        f"/admin/models/{model.pk}/history/{entry.number}/restore/",
        *(tiers, f"{tiers}{tier.pk}/change/", f"{tiers}{tier.pk}/delete/"),
        *("/admin/pricing/rate/", "/admin/pricing/pricingpolicy/1/change/"),
        *("/admin/pricing_upstream/heldprice/", f"/admin/pricing_upstream/heldprice/{held.pk}/change/"),
        *("/admin/pricing/upstreammodel/", f"/admin/pricing/upstreammodel/{listed.pk}/change/"),
        f"/admin/models/{listed.model_id}/change/#pricing",
        *("/admin/access/servicetoken/", "/admin/access/servicetoken/add/"),
        "/admin/pricing_schedule/scheduledchange/",
        f"/admin/pricing_schedule/scheduledchange/schedule/price/?model={model.pk}",
        f"/admin/pricing_schedule/scheduledchange/{ScheduledChange.objects.get().pk}/cancel/",
        *("/admin/auth/user/", "/admin/password_change/", "/admin/nope/", "/demo/"),
    ]


def violations(page: Page, *rules: str) -> list[str]:
    """A text a violation and element: which rule, where, and what is the matter; of `rules`, else of all."""
    options = {"resultTypes": ["violations"], "preload": False, **({"runOnly": rules} if rules else {})}
    found = page.evaluate("options => axe.run(options)", options)["violations"]
    return [
        f"{page.url}: {violation['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for violation in found
        for node in violation["nodes"]
    ]


def in_both_schemes(page: Page) -> list[str]:
    """Only colours differ between them."""
    page.evaluate(AXE)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    found = violations(page)
    page.emulate_media(color_scheme="dark")
    return found + [f"dark: {told}" for told in violations(page, *OF_COLOURS)]


def test_axe_finds_nothing_wrong_with_any_page(page: Page, live_server: Any) -> None:
    model = catalogue()
    service_token()
    visitor = Visitor(page, live_server.url)
    visitor.open(SIGN_IN)
    found = in_both_schemes(page)
    visitor.sign_in()
    for address in pages(model):
        visitor.open(address)
        found += in_both_schemes(page)
    for deed in ("retire", "change_prices"):
        visitor.ask(deed)
        found += in_both_schemes(page)
    visitor.open("/admin/pricing/pricingpolicy/1/change/")
    page.get_by_label("Profit margin").fill("9")
    for button in ("What if…", "Save"):
        page.get_by_role("button", name=button, exact=True).last.click()
        expect(page.get_by_label("Profit margin")).to_have_value("9")
        found += in_both_schemes(page)
    assert not found, "\n\n".join(found)


def test_it_would_notice(page: Page, live_server: Any) -> None:
    Visitor(page, live_server.url).open(SIGN_IN)
    page.evaluate("""() => {
        document.body.insertAdjacentHTML("beforeend", "<main><input id='bad'><p id='pale'>pale</p></main>");
        document.getElementById("pale").style.color = "light-dark(#ccc, #444)";
    }""")
    found = in_both_schemes(page)
    for told in ("label: #bad", "color-contrast: #pale"):
        assert any(told in one for one in found)
    assert any(one.startswith("dark: ") and "color-contrast: #pale" in one for one in found)


def test_the_keyboard_skips_the_header_and_switches_the_theme(page: Page, live_server: Any) -> None:
    visitor = Visitor(page, live_server.url)
    visitor.sign_in()
    visitor.open("/admin/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to main content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()

    toggle = page.get_by_role("button", name="Toggle theme")
    while not toggle.evaluate("button => button === document.activeElement"):
        page.keyboard.press("Shift+Tab")
        assert page.evaluate(OUTLINE) != "none"
    seen = {}
    for _ in range(3):
        seen[page.evaluate("document.documentElement.dataset.theme")] = page.evaluate(PAPER)
        page.keyboard.press("Enter")
    assert seen == {"auto": WHITE, "dark": "rgb(18, 20, 28)", "light": WHITE}
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.emulate_media(media="print")
    assert page.evaluate(PAPER) == WHITE


def test_where_colours_are_the_systems_edges_and_ticks_tell(page: Page, live_server: Any) -> None:
    AIModelFactory()
    page.emulate_media(forced_colors="active")
    visitor = Visitor(page, live_server.url)
    visitor.sign_in()
    visitor.open("/admin/models/")

    def style(selector: str, name: str, part: str = "") -> Any:
        told = "(one, [name, part]) => getComputedStyle(one, part)[name]"
        return page.locator(selector).first.evaluate(told, [name, part])

    for button in ("input[name=_save]", ".object-tools a"):
        assert style(button, "borderTopWidth") == "1px"
    for one, look in {"#changelist-filter li a": "backgroundColor", "a.model-card": "borderTopWidth"}.items():
        assert style(f"{one}[aria-current]", look) != style(f"{one}:not([aria-current])", look)
    assert style(".field-is_active input", "content", "::after") == "none"
    visitor.ask("retire")
    expect(page.locator(".deed-summary")).to_be_focused()
    assert page.evaluate(OUTLINE) == "solid"
