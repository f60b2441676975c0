"""Under the strict content security policy every page still works: a browser has nothing to complain of."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from models_registry.audit.models import AuditEntry
from models_registry.models import AIModel, QualityTier
from pricing.models import PricingPolicy, Rate
from tests.browser.visitor import Visitor
from tests.factories import AIModelFactory, rate, standard_policy

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def model() -> AIModel:
    standard_policy()
    model = AIModelFactory(model_id="google/veo-3", name="Veo 3")
    rate(model, "high", "0.5")
    return model


@pytest.fixture
def visitor(page: Page, live_server: Any, model: AIModel) -> Visitor:
    return Visitor(page, live_server.url)


def pages(model: AIModel) -> dict[str, int]:
    """Every kind of page, with the status that it has."""
    user, entry = User.objects.get(), AuditEntry.objects.about("model", subject=model.model_id).last()
    assert entry is not None
    tier = QualityTier.objects.get(key="ultra")
    audit, tokens = "/admin/audit/auditentry/", "/admin/access/servicetoken/"
    tiers, rates = "/admin/models_registry/qualitytier/", "/admin/pricing/rate/"
    found = [
        *("/admin/", "/admin/models_registry/", "/admin/password_change/"),
        *(
            "/admin/models/",
            "/admin/models/?q=veo",
            "/admin/models/?status=active",
            "/admin/models/add/",
            "/admin/models/do/export/",
            "/admin/models/margins/",
        ),
        *(f"/admin/models/{model.pk}/{page}/" for page in ("change", "history", "usage", "duplicate")),
        *("/admin/usage/", "/admin/models/do/export/"),
        *(tiers, f"{tiers}add/", *(f"{tiers}{tier.pk}/{page}/" for page in ("change", "history", "delete"))),
        *(rates, f"{rates}add/", f"{rates}{Rate.objects.get().pk}/delete/"),
        *(f"/admin/pricing/pricingpolicy/{PricingPolicy.objects.get().pk}/change/", "/admin/auth/group/add/"),
        *("/admin/auth/user/", "/admin/auth/user/add/", f"/admin/auth/user/{user.pk}/change/"),
        *(f"/admin/auth/user/{user.pk}/password/", f"/admin/auth/user/{user.pk}/delete/"),
        *(audit, f"{audit}{entry.pk}/change/", f"/admin/models/{model.pk}/history/{entry.pk}/restore/"),
        *(tokens, f"{tokens}add/"),
        *("/api/v1/docs/", "/api/v1/models/", "/demo/"),
    ]
    return dict.fromkeys(found, 200) | {"/admin/nope/": 404, f"/admin/models/{model.pk}/delete/": 403}


def test_no_page_breaks_the_policy(visitor: Visitor, model: AIModel) -> None:
    visitor.sign_in_by_form()
    for address, status in pages(model).items():
        answer = visitor.open(address)
        assert (address, answer.status) == (address, status)
    for deed in ("retire", "make_default", "change_prices"):
        visitor.ask(deed)
    assert visitor.complaints == []


def test_the_scripts_of_the_forms_run(visitor: Visitor) -> None:
    """The boxes of rights are built by a script, and the theme is switched by one."""
    visitor.sign_in()
    visitor.open("/admin/auth/group/add/")
    expect(visitor.page.locator("#id_permissions_to")).to_be_visible()
    visitor.page.locator("#header .theme-toggle").click()
    assert visitor.page.evaluate("document.documentElement.dataset.theme") in {"light", "dark"}
    assert visitor.complaints == []


def test_the_docs_page_sends_requests(visitor: Visitor) -> None:
    page = visitor.page
    visitor.open("/api/v1/docs/")
    page.locator(".opblock-get .opblock-summary-path", has_text="default").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table td.response-col_status").last).to_contain_text("200")
    visitor.open("/api/v1/docs/")  # again, now as a 304
    assert visitor.complaints == []


def test_an_inline_script_would_be_noticed(visitor: Visitor) -> None:
    visitor.open("/admin/login/")
    visitor.page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))"
    )
    assert visitor.page.evaluate("window.ran") is None
    assert any("Content Security Policy" in said for said in visitor.complaints)
