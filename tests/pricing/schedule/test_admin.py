"""Scheduling and cancelling in the admin."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from models_registry import turning
from models_registry.admin.forms import ANSWER
from models_registry.audit.models import AuditEntry
from pricing.schedule.admin.preview import OTHERWISE
from pricing.schedule.models import Kind, ScheduledChange, State
from pricing.services import set_policy
from tests.factories import AIModelFactory
from tests.pricing.schedule.conftest import price

pytestmark = pytest.mark.django_db
BUTTON = re.compile(r'<button type="submit"[^>]* name="(\w+)"')
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


def shown(client, kind, sent):
    """The page of a preview."""
    return client.post(address(kind), {**sent, "preview": "yes"})


def schedule(client, kind, sent, **more):
    """Preview it and press "Schedule it"."""
    digest = shown(client, kind, sent).context["preview"].digest
    return client.post(address(kind), {**sent, "shown": digest, "confirmed": "yes", **more})


@pytest.mark.parametrize("kind", Kind.values)
def test_every_kind_has_its_page(admin_client, model, kind):
    response = admin_client.get(address(kind), {"model": model.pk, "quality": "high"})

    assert response.status_code == 200
    assert not ScheduledChange.objects.exists()


def test_a_preview_shows_what_customers_will_pay_and_saves_nothing(admin_client, model):
    page = admin_client.post(address("price"), typed(model, preview="yes")).content.decode()

    assert '<td class="number">165</td>' in page
    assert "<strong>330</strong>" in page
    assert "× 2" in page
    assert not ScheduledChange.objects.exists()


def test_a_confirmed_change_is_scheduled_with_its_reason(admin_client, model):
    response = schedule(admin_client, "price", typed(model))

    change = ScheduledChange.objects.get()
    assert (change.values, change.reason, change.actor) == ({"cost_per_second": "1"}, "New list", "ada")
    assert "a/one, $1 a second" in admin_client.get(response.url).content.decode()
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
    response = schedule(admin_client, kind, typed(model, **more))

    assert response.status_code == 302, response.context["form"].errors
    assert ScheduledChange.objects.get().kind == kind


def test_nothing_is_scheduled_that_was_not_shown(admin_client, model):
    response = admin_client.post(address("price"), typed(model, confirmed="yes"))

    assert OTHERWISE in response.context["problems"]
    assert response.context["preview"].affected
    assert not ScheduledChange.objects.exists()


@pytest.mark.parametrize(
    "more",
    [
        {"cost_per_second": "5"},
        {"cost_per_second": "0.50001"},  # the same credits
        {"effective_from": f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%dT%H:%M}"},
    ],
)
def test_what_is_typed_behind_a_preview_is_shown_again_before_it_counts(admin_client, model, more):
    seen = typed(model, cost_per_second="0.50002")

    response = schedule(admin_client, "price", seen, **more)

    assert OTHERWISE in response.context["problems"]
    assert not ScheduledChange.objects.exists()
    again = response.context["preview"].digest
    sent = {**seen, **more, "shown": again, "confirmed": "yes"}
    if response.context["question"]:
        sent[ANSWER] = response.context["question"].digest
    assert admin_client.post(address("price"), sent).status_code == 302


def test_prices_that_move_behind_a_preview_are_shown_again(admin_client, model):
    digest = shown(admin_client, "price", typed(model)).context["preview"].digest
    set_policy({"profit_margin": "1.4"})

    response = admin_client.post(address("price"), typed(model, shown=digest, confirmed="yes"))

    assert OTHERWISE in response.context["problems"]
    assert not ScheduledChange.objects.exists()


def test_what_is_wrong_behind_a_preview_is_said_beside_its_field(admin_client, model):
    response = schedule(admin_client, "price", typed(model), effective_from="2020-01-01T00:00")

    assert "2020-01-01 00:00:00 UTC has passed" in response.context["form"].errors["effective_from"][0]
    assert "preview" not in response.context


def test_an_unusual_change_is_asked_about_with_its_figures(admin_client, model):
    sent = typed(model, cost_per_second="5")
    page = shown(admin_client, "price", sent).content.decode()
    assert f'name="{ANSWER}"' in page
    assert "a/one, 5 s in high: 198 → 1,980 credits (× 10)" in page

    response = schedule(admin_client, "price", sent)

    assert "tick the box" in " ".join(response.context["problems"])
    assert f'value="{response.context["question"].digest}"' in response.content.decode()
    assert not ScheduledChange.objects.exists()


def test_an_unusual_change_is_scheduled_once_its_box_is_ticked(admin_client, model):
    sent = typed(model, cost_per_second="5")
    answer = shown(admin_client, "price", sent).context["question"].digest

    assert schedule(admin_client, "price", sent, **{ANSWER: answer}).status_code == 302
    assert ScheduledChange.objects.get().values == {"cost_per_second": "5"}


def test_a_box_that_was_ticked_for_other_figures_confirms_nothing(admin_client, model):
    answer = shown(admin_client, "price", typed(model, cost_per_second="5")).context["question"].digest

    response = schedule(admin_client, "price", typed(model, cost_per_second="6"), **{ANSWER: answer})

    assert response.context["question"].digest != answer
    assert not ScheduledChange.objects.exists()


def test_a_usual_change_asks_nothing(admin_client, model):
    response = shown(admin_client, "price", typed(model))

    assert response.context["question"] is None
    assert ANSWER not in response.content.decode()


def test_enter_previews_and_never_schedules(admin_client, model):
    page = shown(admin_client, "price", typed(model)).content.decode()

    buttons = BUTTON.findall(page.split('id="deed-form"')[1])
    assert buttons == ["preview", "confirmed"]


def test_a_preview_begins_with_what_leaves_sale_and_then_what_moves_most(admin_client, model):
    AIModelFactory(model_id="a/cheap", cost_per_second=Decimal("0.0001"))
    AIModelFactory(model_id="z/dear", cost_per_second=Decimal("0.9"))
    sent = typed(model, profit_margin="1.6", max_cost_per_second="0.8")

    page = shown(admin_client, "policy", sent)

    found = page.context["preview"]
    gone = [move.model.model_id for move in found.affected if move.leaves_sale]
    assert gone == [move.model.model_id for move in found.affected[: len(gone)]]
    assert set(gone) == {"z/dear"}
    factors = [move.factor for move in found.affected[len(gone) :]]
    assert factors == sorted(factors, reverse=True)
    told = f"{found.counts['dearer']} rise, {len(gone)} are no longer sold"
    assert told in page.content.decode()


def test_an_empty_limit_of_the_policy_says_one_thing(admin_client, model):
    page = admin_client.get(address("policy")).content.decode()

    assert "What costs us more a second is not sold. Left empty, it stays as it is." in page
    assert "Empty:" not in page


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
