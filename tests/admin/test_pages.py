"""What all pages of the admin share."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from models_registry import services
from models_registry.audit.models import AuditEntry
from tests.admin.pages import ADD, LIST, change_address
from tests.factories import AIModelFactory, standard_policy

pytestmark = pytest.mark.django_db

PAGES = [
    "/admin/",
    LIST,
    ADD,
    "/admin/models/{pk}/change/",
    "/admin/models/{pk}/history/",
    "/admin/models/{pk}/history/{entry}/restore/",
    "/admin/models/{pk}/usage/",
    "/admin/models/{pk}/duplicate/",
    "/admin/models/do/export/",
    "/admin/usage/",
    "/admin/models_registry/qualitytier/",
    "/admin/pricing/pricingpolicy/1/change/",
    "/admin/pricing/rate/add/",
    "/admin/pricing/upstreammodel/",
    "/admin/pricing_upstream/heldprice/",
    "/admin/pricing_quotes/heldquote/",
    "/admin/audit/auditentry/",
    "/admin/audit/auditentry/catalogue-{entry}/change/",
    "/admin/access/servicetoken/",
    "/admin/access/servicetoken/add/",
]


def test_the_url_names_are_djangos() -> None:
    assert reverse("admin:models_registry_aimodel_changelist") == LIST
    assert reverse("admin:models_registry_aimodel_add") == ADD
    assert reverse("admin:models_registry_aimodel_change", args=[7]) == f"{LIST}7/change/"
    assert reverse("admin:models_registry_aimodel_history", args=[7]) == f"{LIST}7/history/"


def test_the_overview_begins_with_the_model_manager(admin_client: Client) -> None:
    apps = admin_client.get("/admin/").context["app_list"]
    assert [app["app_label"] for app in apps] == [
        *("models_registry", "pricing", "pricing_schedule", "pricing_upstream", "pricing_quotes", "usage"),
        *("access", "audit", "auth"),
    ]
    assert apps[0]["models"][0]["name"] == "ModelManager"


@pytest.mark.parametrize("address", PAGES)
def test_nothing_is_inline_and_nothing_comes_from_elsewhere(admin_client: Client, address: str) -> None:
    standard_policy()
    model = AIModelFactory()
    entry = AuditEntry.objects.latest("number").number
    services.revise(model, {"name": "New"})
    response = admin_client.get(address.format(pk=model.pk, entry=entry))
    html = response.content.decode()
    assert response.status_code == 200
    assert not re.findall(r"<style|\sstyle=|\son\w+=|javascript:", html)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", html))
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', html)
    assert "videoai/admin.css" in html


@pytest.mark.parametrize("address", ["/admin/nothing/", "/admin/pricing/nothing/"])
def test_an_unknown_address_is_answered_with_a_page(admin_client: Client, address: str) -> None:
    response = admin_client.get(address)
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


def test_a_closed_address_is_answered_with_a_page(admin_client: Client) -> None:
    response = admin_client.get(f"{LIST}{AIModelFactory().pk}/delete/")
    assert response.status_code == 403
    assert "retire them instead" in response.content.decode()


def test_our_own_mistake_is_answered_with_a_page(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*args: object) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr("videoai.model_manager.admin.ModelManager.get_queryset", break_down)
    admin_client.raise_request_exception = False
    response = admin_client.get(LIST)
    assert response.status_code == 500
    assert "went wrong on our side" in response.content.decode()
    assert "a mistake of ours" not in response.content.decode()


def test_prices_that_never_stand_still_are_a_busy_page(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = AIModelFactory()
    monkeypatch.setattr("pricing.price_book.MOST_READINGS", 0)
    admin_client.raise_request_exception = False
    response = admin_client.get(change_address(model))
    assert (response.status_code, response["Retry-After"]) == (503, "1")
    assert "Try again in a moment" in response.content.decode()


def test_an_expired_form_is_answered_with_a_page(admin_client: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = admin_client.cookies
    response = strict.post(LIST, {"_save": "Save"})
    assert response.status_code == 403
    assert "The form has expired" in response.content.decode()


@pytest.mark.parametrize("address", ["/admin/", "/admin/password_change/"])
def test_the_header_leads_to_the_api_from_every_page(admin_client: Client, address: str) -> None:
    assert f'<a href="{reverse("docs")}">API</a>' in admin_client.get(address).content.decode()
