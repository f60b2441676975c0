"""What the audit trail tells of scheduled changes, in a line."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from models_registry.audit import wording
from models_registry.audit.models import AuditEntry
from models_registry.services import carry_out_what_is_due
from models_registry.values import moment_text
from pricing.models import PricingPolicy
from pricing.schedule import services
from pricing.schedule.deeds import Deed
from pricing.schedule.models import Kind
from tests.factories import untraced
from tests.pricing.schedule.conftest import price, rate

pytestmark = pytest.mark.django_db


def latest() -> AuditEntry:
    return AuditEntry.objects.filter(kind="scheduled_change").latest("number")


def margin(text):
    return Deed(Kind.POLICY, {"profit_margin": text})


def test_what_is_scheduled_is_told_with_its_moment(model, planned):
    change = planned(margin("1.5"))

    told = f"scheduled for {moment_text(change.effective_from)}: the policy, profit margin 1.5"
    assert wording.headline(latest()) == told


def test_a_model_and_its_rates_are_told_by_name(model, planned):
    change = planned(price(model, "1"))
    from_then = moment_text(change.effective_from)
    assert wording.headline(latest()) == f"scheduled for {from_then}: a/one, $1 a second"

    planned(rate(model, "0.4"))
    assert wording.headline(latest()).endswith("UTC: a/one, high: $0.4")


def test_what_is_cancelled_is_told_in_words(model, planned):
    change = planned(margin("1.5"))

    services.cancel(change)

    told = f"cancelled: the policy, profit margin 1.5, from {moment_text(change.effective_from)}"
    assert wording.headline(latest()) == told


def test_what_is_carried_out_is_told_in_words(model, planned):
    planned(margin("1.5"), minutes=5)

    carry_out_what_is_due()

    assert wording.headline(latest()).startswith("carried out: the policy, profit margin 1.5, from 20")


def test_what_has_failed_says_why(model, planned):
    planned(price(model, "1"), minutes=5)
    untraced(PricingPolicy).update(max_cost_per_second="0.6")

    carry_out_what_is_due()

    told = wording.headline(latest())
    assert told.startswith("failed: a/one, $1 a second, from 20")
    assert "above the policy" in told


@pytest.mark.parametrize("text", ["{", "[]", '{"state": "pending", "effective_from": "x"}'])
def test_an_entry_that_can_not_be_read_is_no_accident(model, planned, text):
    planned(price(model, "1"))
    untraced(AuditEntry).filter(kind="scheduled_change").update(after=text)

    assert wording.headline(latest()).startswith("scheduled change scheduled")


def test_the_overview_tells_it_in_words(admin_client, model, planned):
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=1)):  # apart from the fixtures' deeds
        change = planned(margin("1.5"))

    page = admin_client.get(reverse("admin:index")).content.decode()

    assert f"Scheduled for {moment_text(change.effective_from)}: the policy, profit margin 1.5" in page
