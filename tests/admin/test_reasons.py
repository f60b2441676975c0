"""Reasons in the admin's forms: kept in the trail, no change of the row, and checked beside their field."""

from typing import Any

import pytest
from django.test import Client

from models_registry import services
from models_registry.audit.models import AuditEntry
from models_registry.models import AIModel, QualityTier
from pricing.models import PricingPolicy, Rate
from tests.admin.pages import (
    ADD,
    FILLED_IN,
    LIST,
    ModelList,
    ObjectForm,
    change_address,
    errors_of,
    messages_of,
)
from tests.admin.test_actions import Deed
from tests.factories import AIModelFactory, QualityTierFactory, rate, standard_policy, standard_tiers

pytestmark = pytest.mark.django_db

TIERS, RATES = "/admin/models_registry/qualitytier/", "/admin/pricing/rate/"
POLICY = "/admin/pricing/pricingpolicy/1/change/"
WHY = "New price list, §7 “October”"
BAD = {
    "x" * 301: "at most 300 characters, not 301",
    "a\tb\u2028c": "control character",
    "a\0b": "Null characters",
}


def last() -> AuditEntry:
    return AuditEntry.objects.changes().latest("number")


# Every form of the catalogue: its address, its id, and something to type into it.
FORMS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "model": (f"{LIST}{{model}}/change/", "aimodel_form", {"name": "New"}),
    "new model": (ADD, "aimodel_form", FILLED_IN),
    "tier": (f"{TIERS}{{tier}}/change/", "qualitytier_form", {"label": "New"}),
    "new tier": (
        f"{TIERS}add/",
        "qualitytier_form",
        {"key": "8k", "label": "8K", "position": "1", "cost_multiplier": "2"},
    ),
    "rate": (f"{RATES}{{rate}}/change/", "rate_form", {"amount": "0.5"}),
    "new rate": (f"{RATES}add/", "rate_form", {"quality": "ultra", "amount": "0.5"}),
    "policy": (POLICY, "pricingpolicy_form", {"profit_margin": "2"}),
}


def opened(client: Client, name: str) -> tuple[ObjectForm, dict[str, Any]]:
    standard_policy()
    model = AIModelFactory()
    tier, own = QualityTier.objects.get(key="high"), rate(model, "high", "0.4")
    address, form_id, typed = FORMS[name]
    form = ObjectForm(client, address.format(model=model.pk, tier=tier.pk, rate=own.pk), form_id)
    return form, {**typed, "model": str(model.pk)} if name == "new rate" else typed


@pytest.mark.parametrize("name", FORMS)
def test_the_reason_typed_into_a_form_is_kept(admin_client: Client, name: str) -> None:
    form, typed = opened(admin_client, name)
    number = AuditEntry.objects.count()
    assert form.save(**typed, change_reason=f"  {WHY} ").status_code == 302
    assert AuditEntry.objects.count() == number + 1
    assert (last().reason, last().actor, last().source) == (WHY, "ada", "admin")


@pytest.mark.parametrize("name", [name for name in FORMS if not name.startswith("new")])
def test_a_reason_alone_changes_nothing(admin_client: Client, name: str) -> None:
    form, _ = opened(admin_client, name)
    number = AuditEntry.objects.count()
    assert form.save(change_reason=WHY).status_code == 302
    assert AuditEntry.objects.count() == number


@pytest.mark.parametrize("reason", BAD)
@pytest.mark.parametrize("name", FORMS)
def test_a_bad_reason_is_refused_beside_its_field(admin_client: Client, name: str, reason: str) -> None:
    form, typed = opened(admin_client, name)
    number = AuditEntry.objects.count()
    errors = errors_of(form.save(**typed, change_reason=reason))
    assert list(errors) == ["change_reason"]
    assert BAD[reason] in errors["change_reason"][0]
    assert AuditEntry.objects.count() == number


@pytest.mark.parametrize(
    ("name", "wrong"), [("model", "name"), ("tier", "label"), ("policy", "profit_margin")]
)
def test_the_reason_survives_errors_elsewhere(admin_client: Client, name: str, wrong: str) -> None:
    form, _ = opened(admin_client, name)
    form.save(**{wrong: "", "change_reason": WHY})
    assert form.values["change_reason"] == WHY
    assert "initial-change_reason" not in form.values


@pytest.mark.parametrize("address", [LIST, POLICY, "/admin/models/{pk}/change/"])
def test_who_may_only_look_is_not_asked_why(client: Client, viewer: Any, address: str) -> None:
    standard_policy()
    model = AIModelFactory()
    viewer.user_permissions.add(*viewer.user_permissions.model.objects.filter(codename="view_pricingpolicy"))
    client.force_login(viewer)
    assert 'name="change_reason"' not in client.get(address.format(pk=model.pk)).content.decode()


# --- The list --------------------------------------------------------------------------------------------


def test_the_lists_reason_is_kept_for_every_row_that_changed(admin_client: Client) -> None:
    one, other, left = AIModelFactory(), AIModelFactory(), AIModelFactory()
    page = ModelList(admin_client)
    page.edit(one, cost_per_second="0.7")
    page.edit(other, is_premium="on")
    page.values["change_reason"] = WHY
    assert page.save().status_code == 302
    changed = AuditEntry.objects.filter(reason=WHY)
    assert {entry.subject for entry in changed} == {one.model_id, other.model_id}
    assert left.version_number == AIModel.objects.get(pk=left.pk).version_number


@pytest.mark.parametrize("action", ["retire", "make_default"])
def test_the_lists_reason_is_kept_for_actions(admin_client: Client, action: str) -> None:
    AIModelFactory()
    model = AIModelFactory()
    Deed(admin_client, action, model, change_reason=WHY).confirm()
    assert (last().action, last().reason) == (action, WHY)


@pytest.mark.parametrize("reason", BAD)
def test_a_bad_reason_is_refused_beside_the_lists_field(admin_client: Client, reason: str) -> None:
    model = AIModelFactory()
    page = ModelList(admin_client)
    page.edit(model, cost_per_second="0.7")
    page.values["change_reason"] = reason
    response = page.save()
    assert response.status_code == 200
    assert BAD[reason] in response.context["reason_form"].errors["change_reason"][0]
    assert "Nothing was saved: the reason" in page.html.replace("&#x27;", "'")
    assert page.value(model, "cost_per_second") == "0.7"
    assert AIModel.objects.get().version_number == model.version_number


def test_the_lists_reason_survives_errors_in_rows(admin_client: Client) -> None:
    model = AIModelFactory()
    page = ModelList(admin_client)
    page.edit(model, cost_per_second="abc")
    page.values["change_reason"] = WHY
    page.save()
    assert page.values["change_reason"] == WHY


def test_a_bad_reason_stops_an_action(admin_client: Client) -> None:
    AIModelFactory()
    model = AIModelFactory()
    sent = {"action": "retire", "_selected_action": [model.pk], "index": "0", "change_reason": "x" * 301}
    admin_client.post(LIST, sent)
    assert "Nothing was changed. A reason has at most 300 characters" in messages_of(admin_client)
    assert AIModel.objects.get(pk=model.pk).is_active


# --- Deleting --------------------------------------------------------------------------------------------


def test_deleting_keeps_the_reason(admin_client: Client) -> None:
    tier = QualityTierFactory(key="4k")
    address = f"{TIERS}{tier.pk}/delete/"
    assert 'name="change_reason"' in admin_client.get(address).content.decode()
    assert admin_client.post(address, {"post": "yes", "change_reason": WHY}).status_code == 302
    assert (last().action, last().reason) == ("delete", WHY)


@pytest.mark.parametrize("reason", BAD)
def test_a_bad_reason_is_refused_before_anything_is_deleted(admin_client: Client, reason: str) -> None:
    gone = rate(AIModelFactory(), "high", "0.4")
    response: Any = admin_client.post(f"{RATES}{gone.pk}/delete/", {"post": "yes", "change_reason": reason})
    assert response.status_code == 200
    assert BAD[reason] in response.context["reason_form"].errors["change_reason"][0]
    assert Rate.objects.exists()


def test_deleting_several_keeps_the_reason(admin_client: Client) -> None:
    ticked = {"action": "delete_selected", "_selected_action": [tier.pk for tier in standard_tiers()]}
    assert 'name="change_reason"' in admin_client.post(TIERS, ticked).content.decode()
    admin_client.post(TIERS, {**ticked, "post": "yes", "change_reason": WHY})
    assert not QualityTier.objects.exists()
    assert AuditEntry.objects.filter(action="delete", reason=WHY).count() == 3


def test_a_bad_reason_is_asked_for_again_before_several_are_deleted(admin_client: Client) -> None:
    ticked = {"action": "delete_selected", "_selected_action": [tier.pk for tier in standard_tiers()]}
    response: Any = admin_client.post(TIERS, {**ticked, "post": "yes", "change_reason": "x" * 301})
    assert "at most 300 characters" in response.content.decode()
    assert "Are you sure" in response.content.decode()
    assert QualityTier.objects.count() == 3


def test_a_first_policy_takes_a_reason(admin_client: Client) -> None:
    form = ObjectForm(admin_client, "/admin/pricing/pricingpolicy/add/", "pricingpolicy_form")
    form.save(profit_margin="1.32", credits_per_dollar="50", change_reason=WHY)
    assert PricingPolicy.objects.exists()
    assert last().reason == WHY


def test_a_stale_form_keeps_the_reason(admin_client: Client) -> None:
    model = AIModelFactory()
    form = ObjectForm(admin_client, change_address(model))
    services.revise(model, {"name": "Theirs"})
    form.save(name="Mine", change_reason=WHY)
    assert form.values["change_reason"] == WHY
