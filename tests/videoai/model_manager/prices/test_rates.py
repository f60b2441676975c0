import re
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from models_registry import services
from models_registry.audit.models import AuditEntry
from models_registry.models import AIModel, QualityTier
from pricing import services as pricing_services
from pricing.models import PricingPolicy, Rate
from tests.admin.pages import ADD, FILLED_IN, ObjectForm, change_address, errors_of
from tests.admin.test_inline_edits import BAD_PRICES
from tests.factories import AIModelFactory, rate, standard_policy, standard_tiers, untraced

pytestmark = pytest.mark.django_db


def rates() -> dict[str, Decimal]:
    return {rate.quality_id: rate.amount for rate in Rate.objects.all()}


def allow(user: User, *codenames: str) -> None:
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))


def test_rates_are_set_changed_and_removed_in_the_form(admin_client: Client, get: Any) -> None:
    standard_policy()
    model = AIModelFactory(model_id="a/b", supported_qualities=["standard", "high"])
    rate(model, "high", "0.4")
    rate(model, "ultra", "0.5")
    form = ObjectForm(admin_client, change_address(model))
    assert [form.values[f"rate_{q}"] for q in ("standard", "high", "ultra")] == ["", "0.4", "0.5"]
    assert form.save(rate_standard="0.3", rate_high="", cost_per_second="0.2").status_code == 302
    assert rates() == {"standard": Decimal("0.3"), "ultra": Decimal("0.5")}
    quotes = {
        quality: get("pricing/quote/", model_id="a/b", quality=quality, duration=5).json()
        for quality in ("standard", "high")
    }
    assert {q: quote["cost_per_second"] for q, quote in quotes.items()} == {"standard": "0.3", "high": "0.2"}
    told = LogEntry.objects.get().get_change_message()
    assert told == "Changed $ per second, Rate in standard and Rate in high."
    entries = AuditEntry.objects.about("model", "rate", subject="a/b").order_by("number")
    assert [entry.action for entry in entries][-3:] == ["change", "create", "delete"]


def test_saving_the_form_untouched_writes_nothing(admin_client: Client) -> None:
    model = AIModelFactory()
    rate(model, "high", "0.4")
    before = AuditEntry.objects.count()
    form = ObjectForm(admin_client, change_address(model))
    rate(model, "high", "0.5")
    assert form.save().status_code == 302
    assert rates() == {"high": Decimal("0.5")}
    assert AuditEntry.objects.count() == before + 1  # theirs


def test_a_new_model_is_added_with_its_rates_or_not_at_all(admin_client: Client) -> None:
    standard_tiers()
    form = ObjectForm(admin_client, ADD)
    response = form.save(**FILLED_IN, rate_high="0.4", rate_ultra="101")
    assert errors_of(response) == {"rate_ultra": ["A second costs at most $100."]}
    assert not AIModel.objects.exists()
    assert form.values["rate_high"] == "0.4"
    assert form.save(rate_ultra="").status_code == 302
    assert rates() == {"high": Decimal("0.4")}
    assert Rate.objects.get().model == AIModel.objects.get()


def test_bad_rates_are_refused_beside_their_field_and_nothing_is_saved(admin_client: Client) -> None:
    model = AIModelFactory(name="Before")
    rate(model, "high", "0.4")
    form = ObjectForm(admin_client, change_address(model))
    for price in (*filter(str.strip, BAD_PRICES), "1e5", "٣", "1" * 40, "=1", "<b>"):
        assert list(errors_of(form.save(rate_high=price, rate_ultra="0.5", name="After"))) == ["rate_high"]
        assert "<b>" not in form.html.split("rate_high")[1]
    assert rates() == {"high": Decimal("0.4")}
    assert AIModel.objects.get().name == "Before"


def test_somebody_elses_rate_is_not_overwritten_unseen(admin_client: Client) -> None:
    model = AIModelFactory()
    rate(model, "high", "0.4")
    form = ObjectForm(admin_client, change_address(model))
    rate(model, "high", "0.5")
    rate(model, "ultra", "0.7")
    response = form.save(rate_high="0.6", rate_ultra="0.8", name="Mine")
    errors = errors_of(response)
    assert errors["rate_high"][0].startswith("Rate in high is now 0.5; you saw 0.4.")
    assert errors["rate_ultra"][0].startswith("Rate in ultra is now 0.7; you saw none.")
    assert rates() == {"high": Decimal("0.5"), "ultra": Decimal("0.7")}
    assert AIModel.objects.get().name != "Mine"
    assert form.save().status_code == 302  # who has read that, means it
    assert rates() == {"high": Decimal("0.6"), "ultra": Decimal("0.8")}


def test_rates_that_a_service_refuses_undo_the_model(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = AIModelFactory()
    form = ObjectForm(admin_client, change_address(model))
    monkeypatch.setattr("pricing.services.set_rate", refuse)
    assert form.save(name="After", rate_high="0.4").status_code == 200
    assert "Not today." in form.html
    assert AIModel.objects.get().name == model.name


def refuse(model: AIModel, **_: Any) -> None:
    raise services.DefaultModelRequired("Not today.")


def test_who_may_not_change_rates_reads_them(client: Client, viewer: User) -> None:
    model = AIModelFactory()
    rate(model, "high", "0.4321")
    client.force_login(viewer)
    assert "0.4321" in client.get(change_address(model)).content.decode()
    allow(viewer, "view_aimodel", "change_aimodel")
    form = ObjectForm(client, change_address(model))
    assert "0.4321" in form.html
    assert "rate_high" not in form.values
    assert "may not change rates" in errors_of(form.save(rate_high="0.5"))["__all__"][0]
    assert form.save(rate_high=None, name="After").status_code == 302
    assert AIModel.objects.get().name == "After"
    assert rates() == {"high": Decimal("0.4321")}


def test_each_right_on_rates_counts_by_itself(client: Client, viewer: User) -> None:
    model = AIModelFactory()
    rate(model, "high", "0.4")
    rate(model, "standard", "0.4")
    client.force_login(viewer)
    allow(viewer, "change_aimodel", "view_aimodel", "change_rate")
    form = ObjectForm(client, change_address(model))
    assert "rate_ultra" not in form.values
    assert errors_of(form.save(rate_high="", rate_standard="0.5")) == {
        "rate_high": ["You may not delete rates."]
    }
    allow(viewer, "change_aimodel", "view_aimodel", "add_rate", "delete_rate")
    form = ObjectForm(client, change_address(model))
    assert errors_of(form.save(rate_high="0.5")) == {"rate_high": ["You may not change rates."]}
    assert form.save(rate_high="", rate_ultra="1").status_code == 302
    assert rates() == {"standard": Decimal("0.4"), "ultra": Decimal(1)}


def test_rates_can_be_set_before_there_is_a_policy_and_for_rows_that_break_rules(
    admin_client: Client,
) -> None:
    model = AIModelFactory()
    assert not PricingPolicy.objects.exists()
    form = ObjectForm(admin_client, change_address(model))
    assert "There is no pricing policy" in form.html
    assert form.save(rate_high="0.4").status_code == 302
    assert rates() == {"high": Decimal("0.4")}
    standard_policy()
    untraced(AIModel).update(supported_qualities=["gone", "high"])
    form = ObjectForm(admin_client, change_address(model))
    assert "neither a rate nor a multiplier" in form.html
    assert ">132<" in form.html


def test_a_typed_rate_that_has_lost_its_field_is_told(client: Client, admin: User) -> None:
    """Its writer may only add, or only change; meanwhile it was added, taken away, or its quality was."""
    model = AIModelFactory(supported_qualities=["standard"])
    writer = User.objects.create_user("writer", is_staff=True)
    client.force_login(writer)
    told = {}

    allow(writer, "view_aimodel", "change_aimodel", "add_rate")
    form = ObjectForm(client, change_address(model))
    theirs = rate(model, "high", "0.3")
    told["added"] = errors_of(form.save(rate_high="0.5"))["__all__"]

    allow(writer, "view_aimodel", "change_aimodel", "change_rate")
    form = ObjectForm(client, change_address(model))
    pricing_services.remove_rate(theirs)
    told["taken away"] = errors_of(form.save(rate_high="0.5"))["__all__"]

    allow(writer, "view_aimodel", "change_aimodel", "add_rate")
    form = ObjectForm(client, change_address(model))
    services.delete_tier(QualityTier.objects.get(key="ultra"))
    told["quality"] = errors_of(form.save(rate_ultra="0.5", name="Mine"))["__all__"]

    assert all(len(said) == 1 and "0.5" in said[0] for said in told.values()), told
    assert "it is 0.3 by now" in told["added"][0]
    assert "there is none by now" in told["taken away"][0]
    assert "no such quality any more" in told["quality"][0]
    assert rates() == {}
    assert form.save(name="Mine").status_code == 302
    assert AIModel.objects.get(pk=model.pk).name == "Mine"


# --- Rates that one price can't say ----------------------------------------------------------------------


@pytest.fixture
def rich() -> AIModel:
    """A model with a plain rate, one by the clip for sound, and one with a minimum for any quality."""
    standard_policy()
    model = AIModelFactory(supported_qualities=["standard", "high"])
    rate(model, "high", "0.4")
    for said in (
        {"quality_id": "high", "with_audio": True, "unit": "clip", "amount": Decimal(6)},
        {"minimum_charge": Decimal(1), "amount": Decimal("0.1")},
    ):
        pricing_services.put_rate(model, said, confirmed=True)
    return model


def other_rates(html: str) -> list[str]:
    """As they are read, with the addresses that they lead to."""
    _, _, told = html.partition("<h3>Other rates</h3>")
    lines = re.findall(r"<li>(.*?)</li>", told.partition("</div>")[0])
    return [re.sub(r'<a href="(.*?)">(.*?)</a>', r"\2 (\1)", line) for line in lines]


def test_the_other_rates_are_listed_and_lead_to_their_pages(admin_client: Client, rich: AIModel) -> None:
    page = {rate.place: f"/admin/pricing/rate/{rate.pk}/change/" for rate in Rate.objects.all()}
    html = ObjectForm(admin_client, change_address(rich)).html
    assert other_rates(html) == [
        f"any quality ({page['any quality']}): $0.1 per second, at least $1",
        f"high with sound ({page['high with sound']}): $6 per clip",
    ]
    add = f"/admin/pricing/rate/add/?model={rich.pk}"
    assert f'href="{add}"' in html
    assert f'<option value="{rich.pk}" selected>' in admin_client.get(add).content.decode()


def test_who_may_not_see_or_add_rates_gets_no_links_to_them(client: Client, rich: AIModel) -> None:
    bob = User.objects.create_user("bob", is_staff=True)
    allow(bob, "change_aimodel", "view_aimodel")
    client.force_login(bob)
    html = client.get(change_address(rich)).content.decode()
    assert other_rates(html)[1] == "high with sound: $6 per clip"
    assert "Add a rate" not in html


def test_the_other_rates_take_no_query(
    admin_client: Client, rich: AIModel, django_assert_num_queries: Any
) -> None:
    with CaptureQueriesContext(connection) as many:
        admin_client.get(change_address(rich))
    untraced(Rate).filter(quality=None).delete()
    with django_assert_num_queries(len(many)):
        admin_client.get(change_address(rich))
