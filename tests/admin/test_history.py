"""The history of a row, and the way back to an earlier state of it."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client

from models_registry import services
from models_registry.audit.models import AuditEntry
from models_registry.audit.occasion import Actor, acting
from models_registry.models import AIModel, QualityTier
from models_registry.usage.recording import record
from pricing import services as pricing
from pricing.models import PricingPolicy, Rate
from tests.admin.pages import LIST, messages_of, read_form
from tests.admin.test_actions import Deed
from tests.factories import AIModelFactory, rate, standard_policy, untraced

pytestmark = pytest.mark.django_db

POLICY = "/admin/pricing/pricingpolicy/1/history/"
ADA = Actor("user", "1", "ada")


@pytest.fixture
def model(db: None) -> AIModel:
    """A model that was created, then changed twice."""
    AIModelFactory()
    model = AIModelFactory(model_id="a/b", name="First", cost_per_second="0.75", tags=["slow"])
    with acting(actor=ADA, source="admin", reason="New price list"):
        services.revise(model, {"cost_per_second": Decimal("0.5"), "tags": ["fast"]})
    services.revise(model, {"name": "Third", "is_premium": True})
    return model


def history(model: AIModel) -> str:
    return f"{LIST}{model.pk}/history/"


def restoring(model: AIModel, entry: AuditEntry) -> str:
    return f"{history(model)}{entry.number}/restore/"


def entries(model: AIModel) -> list[AuditEntry]:
    return list(AuditEntry.objects.about("model", subject=model.model_id).order_by("number"))


class Restoring:
    """The page on which a state is restored, as one operator sees it."""

    def __init__(self, client: Client, address: str) -> None:
        self.client, self.address = client, address
        self.response: Any = client.get(address)
        self.html = self.response.content.decode()

    def confirm(self, **values: Any) -> Any:
        sent = {**read_form(self.html, "restore_form"), **values}
        self.response = self.client.post(self.address, sent)
        self.html = self.response.content.decode()
        return self.response

    @property
    def changes(self) -> list[str]:
        changes: list[str] = self.response.context["changes"]
        return changes

    @property
    def problems(self) -> str:
        return " ".join(self.response.context["problems"])


def stored(model: AIModel) -> AIModel:
    return AIModel.objects.get(pk=model.pk)


# --- The history -----------------------------------------------------------------------------------------


def test_the_newest_stands_first_and_says_who_when_and_why(admin_client: Client, model: AIModel) -> None:
    page: Any = admin_client.get(history(model))
    html = page.content.decode()
    assert [told.deed for told in page.context["told"]] == ["model changed", "model changed", "model created"]
    assert page.context["told"][1].sentences == ["$ per second: 0.75 → 0.5", "tags: added fast; removed slow"]
    assert f"{entries(model)[1].at:%Y-%m-%d %H:%M:%S} UTC" in html
    assert "ada" in html
    assert "by admin" in html
    assert "New price list" in html


def test_a_models_history_has_its_rates_and_nobody_elses(admin_client: Client, model: AIModel) -> None:
    rate(model, "high", "0.4")
    rate(AIModelFactory(), "high", "0.9")
    page: Any = admin_client.get(history(model))
    assert [told.deed for told in page.context["told"]][:2] == ["rate created", "model changed"]
    assert "0.9" not in page.content.decode()


def test_a_rates_history_is_its_own(admin_client: Client, model: AIModel) -> None:
    own = rate(model, "high", "0.4")
    rate(model, "ultra", "0.9")
    page: Any = admin_client.get(f"/admin/pricing/rate/{own.pk}/history/")
    assert [told.sentences for told in page.context["told"]] == [["$ per second in high 0.4"]]


def test_a_change_by_form_is_in_the_history_with_its_request(admin_client: Client, model: AIModel) -> None:
    page = Deed(admin_client, "retire", model, change_reason="Too slow")
    admin_client.post(page.address, {**page.values, "confirmed": "yes"}, headers={"X-Request-ID": "req-7"})
    html = admin_client.get(history(model)).content.decode()
    assert "Model retired" in html
    assert "Too slow" in html
    assert "request req-7" in html


def test_fifty_entries_make_a_page(admin_client: Client, model: AIModel) -> None:
    for number in range(60):
        services.revise(model, {"name": f"Name {number}"})
    first: Any = admin_client.get(history(model))
    second: Any = admin_client.get(f"{history(model)}?p=2")
    assert (len(first.context["told"]), len(second.context["told"])) == (50, 13)
    assert second.context["told"][-1].deed == "model created"
    assert "63 entries" in first.content.decode()
    for garbled in ("x", "-1", "99", "9" * 40, "%00"):
        assert admin_client.get(f"{history(model)}?p={garbled}").status_code == 200


@pytest.mark.parametrize("number", [1, 40])
def test_a_history_takes_its_number_of_queries(
    admin_client: Client, model: AIModel, number: int, django_assert_num_queries: Any
) -> None:
    for turn in range(number):
        services.revise(model, {"name": f"Name {turn}"})
        rate(model, "high", f"0.{turn + 1}")
    with django_assert_num_queries(7):  # session, user, due?, model, count, entries, is there a policy?
        assert admin_client.get(history(model)).status_code == 200


def test_what_the_trail_knows_nothing_of_says_so(admin_client: Client) -> None:
    standard_policy()
    untraced(AuditEntry).delete()
    assert "knows nothing of it" in admin_client.get(POLICY).content.decode()


def test_markup_in_values_is_shown_and_not_obeyed(admin_client: Client, model: AIModel) -> None:
    services.revise(model, {"name": "<script>alert(1)</script>"})
    html = admin_client.get(history(model)).content.decode()
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html


@pytest.mark.parametrize("key", ["0", "abc", "9" * 30, "1%00", "_00"])
def test_the_history_of_nothing_is_not_found(admin_client: Client, key: str) -> None:
    assert admin_client.get(f"{LIST}{key}/history/").status_code == 404


# --- Restoring -------------------------------------------------------------------------------------------


def test_the_page_shows_what_will_change_and_changes_nothing(admin_client: Client, model: AIModel) -> None:
    page = Restoring(admin_client, restoring(model, entries(model)[0]))
    assert page.changes == [
        "name: Third → First",
        "$ per second: 0.5 → 0.75",
        "no longer premium",
        "tags: added slow; removed fast",
    ]
    assert "default: the flag stays where it is" in page.html
    assert stored(model).name == "Third"


def test_a_state_is_restored_as_a_new_change(admin_client: Client, model: AIModel) -> None:
    response = Restoring(admin_client, restoring(model, entries(model)[0])).confirm(
        change_reason="Went wrong"
    )
    assert response.url == history(model)
    assert "Restored the state of" in messages_of(admin_client, history(model))
    first, *_, last = entries(model)
    assert last.state_after == first.state_after
    assert (last.action, last.actor, last.source, last.reason) == ("change", "ada", "admin", "Went wrong")
    assert len(entries(model)) == 4
    assert LogEntry.objects.get().get_change_message().startswith("Restored the state of")


def test_restoring_a_state_off_sale_asks_if_the_model_is_used(admin_client: Client, model: AIModel) -> None:
    services.revise(model, {"is_active": False})
    draft = entries(model)[-1]
    services.revise(stored(model), {"is_active": True})
    record(model.model_id, {"generation_id": "g", "generation_time": 1, "success": True})
    page = Restoring(admin_client, restoring(model, draft))
    assert "It was used once in the last 30 days" in page.html
    page.confirm()
    assert "tick that you want it all the same" in page.problems
    assert stored(model).is_active
    page.confirm(all_the_same="yes")
    assert not stored(model).is_active


def test_the_reason_proposes_itself(admin_client: Client, model: AIModel) -> None:
    Restoring(admin_client, restoring(model, entries(model)[0])).confirm()
    assert entries(model)[-1].reason.startswith("Restores the state of 2")


def test_the_default_flag_stays_where_it_is(admin_client: Client, model: AIModel) -> None:
    services.make_default(model)
    was_default = entries(model)[-1]
    services.make_default(AIModel.objects.exclude(pk=model.pk).get())
    services.revise(model, {"name": "Later"})
    page = Restoring(admin_client, restoring(model, was_default))
    assert page.changes == ["name: Later → Third"]
    page.confirm()
    assert not stored(model).is_default


def test_a_retired_model_comes_back_by_its_earlier_state(admin_client: Client, model: AIModel) -> None:
    services.retire(model)
    page = Restoring(admin_client, restoring(model, entries(model)[-2]))
    assert page.changes == ["now active", "no longer deprecated"]
    page.confirm()
    assert (stored(model).status, stored(model).deprecated_at) == ("active", None)


def test_who_was_quicker_is_not_overwritten(admin_client: Client, model: AIModel) -> None:
    page = Restoring(admin_client, restoring(model, entries(model)[0]))
    services.revise(model, {"version": "9"})
    page.confirm()
    assert "somebody else changed it in the meantime" in page.problems
    assert "version: 9 → none" in page.changes
    assert stored(model).name == "Third"
    assert page.confirm().status_code == 302
    assert stored(model).name == "First"


@pytest.mark.parametrize("seen", ["", "x", "0", "-1", "9" * 40])
def test_a_page_that_does_not_say_what_was_seen_is_refused(
    admin_client: Client, model: AIModel, seen: str
) -> None:
    page = Restoring(admin_client, restoring(model, entries(model)[0]))
    page.confirm(seen=seen)
    assert "Nothing was changed" in page.problems
    assert stored(model).name == "Third"


def test_a_state_that_breaks_a_rule_by_now_is_refused_in_words(admin_client: Client, model: AIModel) -> None:
    for standing in AIModel.objects.all():
        services.revise(standing, {"supported_qualities": ["standard"]})
    services.delete_tier(QualityTier.objects.get(key="ultra"))
    number = len(entries(model))
    page = Restoring(admin_client, restoring(model, entries(model)[0]))
    page.confirm(change_reason="Kept")
    assert 'Nothing was changed. qualities: "ultra" is no quality tier.' in page.problems
    assert read_form(page.html, "restore_form")["change_reason"] == "Kept"
    assert len(entries(model)) == number
    assert stored(model).name == "Third"


def test_the_default_model_can_not_be_restored_to_a_draft(admin_client: Client) -> None:
    draft = AIModelFactory(is_active=False)
    services.revise(draft, {"is_active": True})
    page = Restoring(admin_client, restoring(draft, entries(draft)[0]))
    page.confirm()
    assert "Make another model the default first" in page.problems
    assert stored(draft).is_active


def test_a_state_that_stands_has_no_button(admin_client: Client, model: AIModel) -> None:
    page = Restoring(admin_client, restoring(model, entries(model)[-1]))
    assert "there is nothing to restore" in page.html
    assert "restore_form" not in page.html
    assert "as it is now" in admin_client.get(history(model)).content.decode()
    answer: Any = admin_client.post(page.address, {"seen": str(stored(model).version_number)})
    assert "stands in this state already" in answer.content.decode()
    assert len(entries(model)) == 3


@pytest.mark.parametrize("reason", ["x" * 301, "a\0b"])
def test_a_reason_that_can_not_be_kept_is_refused(admin_client: Client, model: AIModel, reason: str) -> None:
    page = Restoring(admin_client, restoring(model, entries(model)[0]))
    page.confirm(change_reason=reason)
    assert "the reason can't be kept" in page.problems
    assert stored(model).name == "Third"


def test_only_who_may_change_restores(client: Client, viewer: User, model: AIModel) -> None:
    client.force_login(viewer)
    page = client.get(history(model))
    assert page.status_code == 200
    assert "Restore this state" not in page.content.decode()
    address = restoring(model, entries(model)[0])
    assert client.get(address).status_code == 403
    assert client.post(address, {"seen": str(model.version_number)}).status_code == 403
    assert stored(model).name == "Third"


def test_who_may_see_nothing_sees_no_history(client: Client, viewer: User, model: AIModel) -> None:
    viewer.user_permissions.clear()
    client.force_login(viewer)
    assert client.get(history(model)).status_code == 403


def test_a_form_from_elsewhere_restores_nothing(admin_client: Client, model: AIModel) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = admin_client.cookies
    sent = {"seen": str(stored(model).version_number)}
    assert strict.post(restoring(model, entries(model)[0]), sent).status_code == 403
    assert stored(model).name == "Third"


def test_entries_of_others_and_of_nobody_are_not_found(admin_client: Client, model: AIModel) -> None:
    other = AIModelFactory()
    rate(model, "high", "0.4")
    of_rate = AuditEntry.objects.latest("number")
    for number in (entries(other)[0].number, of_rate.number, 0, 10**6, 10**30):
        for method in (admin_client.get, admin_client.post):
            assert method(f"{history(model)}{number}/restore/").status_code == 404
    assert admin_client.get(f"{LIST}0/history/1/restore/").status_code == 404


# --- Tiers, rates, the policy ----------------------------------------------------------------------------


def test_a_tier_is_restored(admin_client: Client, model: AIModel) -> None:
    tier = QualityTier.objects.get(key="high")
    tier.cost_multiplier, tier.label = Decimal(9), "Higher"
    tier.save()
    first = AuditEntry.objects.about("quality_tier", subject="high").earliest("number")
    page = Restoring(
        admin_client, f"/admin/models_registry/qualitytier/{tier.pk}/history/{first.number}/restore/"
    )
    assert page.changes == ["label: Higher → High", "cost multiplier: 9 → 1.2"]
    assert page.confirm().status_code == 302
    tier.refresh_from_db()
    assert (tier.label, tier.cost_multiplier) == ("High", Decimal("1.2"))


def test_a_tier_that_was_changed_meanwhile_is_not_overwritten(admin_client: Client, model: AIModel) -> None:
    tier = QualityTier.objects.get(key="high")
    tier.label = "Higher"
    tier.save()
    first = AuditEntry.objects.about("quality_tier", subject="high").earliest("number")
    page = Restoring(
        admin_client, f"/admin/models_registry/qualitytier/{tier.pk}/history/{first.number}/restore/"
    )
    untraced(QualityTier).filter(pk=tier.pk).update(position=9)
    page.confirm()
    assert "somebody else changed it" in page.problems
    assert "position: 9 →" in " ".join(page.changes)


def test_a_rate_is_restored(admin_client: Client, model: AIModel) -> None:
    own = rate(model, "high", "0.4")
    first = AuditEntry.objects.latest("number")
    rate(model, "high", "0.9")
    page = Restoring(admin_client, f"/admin/pricing/rate/{own.pk}/history/{first.number}/restore/")
    assert page.changes == ["$ per second in high: 0.9 → 0.4"]
    assert page.confirm().status_code == 302
    assert Rate.objects.get().amount == Decimal("0.4")


def test_the_policy_is_restored(admin_client: Client) -> None:
    standard_policy()
    first = AuditEntry.objects.latest("number")
    pricing.set_policy({"profit_margin": Decimal(9)})
    page = Restoring(admin_client, f"{POLICY}{first.number}/restore/")
    assert page.changes == ["profit margin: 9 → 1.32"]
    assert page.confirm().status_code == 302
    assert PricingPolicy.objects.get().profit_margin == Decimal("1.32")


def test_who_may_look_at_tiers_only_restores_none(client: Client, viewer: User, model: AIModel) -> None:
    viewer.user_permissions.set(Permission.objects.filter(codename="view_qualitytier"))
    client.force_login(viewer)
    tier = QualityTier.objects.get(key="high")
    address = f"/admin/models_registry/qualitytier/{tier.pk}/history/"
    assert client.get(address).status_code == 200
    first = AuditEntry.objects.about("quality_tier", subject="high").earliest("number")
    assert client.post(f"{address}{first.number}/restore/").status_code == 403
