"""Scheduling and cancelling in the admin."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from models_registry import turning
from models_registry.audit.models import AuditEntry
from pricing.schedule.models import Kind, ScheduledChange, State
from tests.pricing.schedule.conftest import price

pytestmark = pytest.mark.django_db
LIST = "/admin/pricing_schedule/scheduledchange/"


def address(kind):
    return reverse("admin:pricing_schedule_scheduledchange_schedule", args=[kind])


def typed(model, /, **more):
    moment = turning.clock() + timedelta(days=1)
    usual = {
        "model": model.pk,
        "cost_per_second": "1",
        "effective_from": f"{moment:%Y-%m-%dT%H:%M}",
        "change_reason": "New list",
    }
    return usual | more


@pytest.mark.parametrize("kind", Kind.values)
def test_every_kind_has_its_page(admin_client, model, kind):
    response = admin_client.get(address(kind), {"model": model.pk, "quality": "high"})

    assert response.status_code == 200
    assert not ScheduledChange.objects.exists()


def test_a_preview_shows_what_customers_will_pay_and_saves_nothing(admin_client, model):
    page = admin_client.post(address("price"), typed(model, preview="yes")).content.decode()

    assert "165 → <strong>330</strong>" in page
    assert not ScheduledChange.objects.exists()


def test_a_confirmed_change_is_scheduled_with_its_reason(admin_client, model):
    response = admin_client.post(address("price"), typed(model, confirmed="yes"), follow=True)

    change = ScheduledChange.objects.get()
    assert (change.values, change.reason, change.actor) == ({"cost_per_second": "1"}, "New list", "ada")
    assert "a/one, $1 a second" in response.content.decode()
    assert AuditEntry.objects.latest("number").action == "schedule"


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("rate", {"quality": "high", "amount": "2", "unit": "clip", "minimum_charge": ""}),
        ("policy", {"profit_margin": "1.4"}),
        ("multiplier", {"quality": "high", "cost_multiplier": "2"}),
    ],
)
def test_other_kinds_are_scheduled_alike(admin_client, model, kind, more):
    response = admin_client.post(address(kind), typed(model, confirmed="yes", **more))

    assert response.status_code == 302, response.context["form"].errors
    assert ScheduledChange.objects.get().kind == kind


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"effective_from": "2020-01-01T00:00"}, "effective_from"),
        ({"effective_from": ""}, "effective_from"),
        ({"cost_per_second": "0"}, "cost_per_second"),
        ({"cost_per_second": "x"}, "cost_per_second"),
        ({"model": "99999999"}, "model"),
        ({"change_reason": "x" * 301}, "change_reason"),
    ],
)
@pytest.mark.parametrize("button", ["preview", "confirmed"])
def test_what_is_wrong_is_said_beside_its_field(admin_client, model, more, field, button):
    response = admin_client.post(address("price"), typed(model, **more, **{button: "yes"}))

    assert response.status_code == 200
    assert field in response.context["form"].errors
    assert not ScheduledChange.objects.exists()


def test_a_change_is_cancelled_on_a_page_of_its_own(admin_client, model, planned):
    change = planned(price(model, "1"))
    cancel = reverse("admin:pricing_schedule_scheduledchange_cancel", args=[change.pk])
    assert cancel in admin_client.get(LIST).content.decode()
    assert "$1 a second" in admin_client.get(cancel).content.decode()

    admin_client.post(cancel, {"change_reason": "Not after all"})

    change.refresh_from_db()
    assert (change.state, change.outcome) == (State.CANCELLED, "Cancelled by ada.")
    assert "only a pending one" in admin_client.post(cancel).content.decode()


def test_one_change_can_be_read_whole(admin_client, model, planned):
    change = planned(price(model, "1"))

    assert admin_client.get(f"{LIST}{change.pk}/change/").status_code == 200
    assert admin_client.post(f"{LIST}{change.pk}/change/", {"state": "applied"}).status_code == 403
    for nothing in ("add/", f"{change.pk}/delete/"):
        assert admin_client.get(f"{LIST}{nothing}").status_code == 403


def test_who_may_only_look_schedules_and_cancels_nothing(client, viewer, model, planned):
    change = planned(price(model, "1"))
    client.force_login(viewer)

    assert client.get(LIST).status_code == 200
    for kind in Kind.values:
        assert client.get(address(kind)).status_code == 403
    cancel = reverse("admin:pricing_schedule_scheduledchange_cancel", args=[change.pk])
    assert client.post(cancel).status_code == 403
    assert client.get(address("nonsense")).status_code == 404


def test_each_kind_asks_for_the_right_to_make_it_at_once(client, model):
    user = User.objects.create_user("bob", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="change_pricingpolicy"))
    client.force_login(user)

    statuses = {kind: client.get(address(kind)).status_code for kind in Kind.values}

    assert statuses == {kind: 200 if kind == "policy" else 403 for kind in Kind.values}
