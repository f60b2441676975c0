from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client

from models_registry import services
from models_registry.models import CatalogueRevision, QualityTier
from tests.admin.pages import ObjectForm, errors_of, messages_of
from tests.factories import (
    AIModelFactory,
    QualityTierFactory,
    rate,
    standard_policy,
    standard_tiers,
    untraced,
)

pytestmark = pytest.mark.django_db

TIERS = "/admin/models_registry/qualitytier/"
BAD_DECIMALS = ["", "0", "-1", "1000.1", "0.0000001", "NaN", "Infinity", "1e2", "1_0.5", "١", "1,5", "1\0"]


@pytest.fixture
def tier_viewer(viewer: User) -> User:
    viewer.user_permissions.set(Permission.objects.filter(codename="view_qualitytier"))
    return viewer


def form_of(client: Client, tier: QualityTier | None = None) -> ObjectForm:
    return ObjectForm(client, f"{TIERS}{tier.pk}/change/" if tier else f"{TIERS}add/", "qualitytier_form")


def delete(client: Client, *tiers: QualityTier) -> Any:
    """Tick `tiers`, choose to delete them, and say yes."""
    ticked = [tier.pk for tier in tiers]
    return client.post(TIERS, {"action": "delete_selected", "_selected_action": ticked, "post": "yes"})


def test_a_tier_is_added(admin_client: Client) -> None:
    response = form_of(admin_client).save(key="4k", label="4K", position="9", cost_multiplier="2.25")
    assert response.status_code == 302
    tier = QualityTier.objects.get()
    assert (tier.key, tier.label, tier.position, tier.cost_multiplier) == ("4k", "4K", 9, Decimal("2.25"))


def test_who_may_add_and_not_change_adds(client: Client, tier_viewer: User) -> None:
    tier_viewer.user_permissions.add(Permission.objects.get(codename="add_qualitytier"))
    client.force_login(tier_viewer)
    response = form_of(client).save(key="4k", label="4K", position="9", cost_multiplier="2.25")
    assert response.status_code == 302
    assert QualityTier.objects.get().cost_multiplier == Decimal("2.25")


def test_what_an_address_proposes_for_a_new_tier_can_be_changed(admin_client: Client) -> None:
    form = ObjectForm(admin_client, f"{TIERS}add/?label=Proposed", "qualitytier_form")
    assert form.values["label"] == "Proposed"
    assert form.save(key="4k", label="4K", position="9", cost_multiplier="2").status_code == 302
    assert QualityTier.objects.get().label == "4K"


def test_a_new_multiplier_is_in_the_next_quote(admin_client: Client, get: Any) -> None:
    standard_policy()
    model = AIModelFactory(cost_per_second="0.18")
    query = {"model_id": model.model_id, "quality": "high", "duration": 5}
    before = get("pricing/quote/", **query).json()
    form_of(admin_client, QualityTier.objects.get(key="high")).save(cost_multiplier="2.4")
    after = get("pricing/quote/", **query).json()
    assert (before["credits"], after["credits"]) == (72, 143)
    assert before["priced_at"] < after["priced_at"]


def test_a_change_moves_the_catalogue_revision(admin_client: Client) -> None:
    tier = standard_tiers()[0]
    before = CatalogueRevision.objects.get().revision
    form_of(admin_client, tier).save(label="Plain")
    assert CatalogueRevision.objects.get().revision > before


def test_the_key_can_not_be_changed(admin_client: Client) -> None:
    tier = standard_tiers()[0]
    form = form_of(admin_client, tier)
    assert "key" not in form.values
    form.save(key="other", label="Plain")
    assert list(QualityTier.objects.filter(pk=tier.pk).values_list("key", "label")) == [("standard", "Plain")]


def test_only_what_the_operator_changed_is_written(admin_client: Client) -> None:
    tier = standard_tiers()[0]
    form = form_of(admin_client, tier)
    untraced(QualityTier).filter(pk=tier.pk).update(cost_multiplier=Decimal(2))
    form.save(label="Plain")
    tier.refresh_from_db()
    assert (tier.label, tier.cost_multiplier) == ("Plain", Decimal(2))


def test_somebody_elses_change_of_the_same_field_is_not_overwritten_unseen(admin_client: Client) -> None:
    tier = standard_tiers()[0]
    form = form_of(admin_client, tier)
    untraced(QualityTier).filter(pk=tier.pk).update(cost_multiplier=Decimal(2))
    errors = errors_of(form.save(cost_multiplier="3"))
    assert errors == {
        "cost_multiplier": ["Cost multiplier is now 2; you saw 1. Save again to put your value in its place."]
    }
    assert QualityTier.objects.get(pk=tier.pk).cost_multiplier == 2


def test_whoever_saves_again_after_the_refusal_overwrites_knowingly(admin_client: Client) -> None:
    tier = standard_tiers()[0]
    form = form_of(admin_client, tier)
    untraced(QualityTier).filter(pk=tier.pk).update(cost_multiplier=Decimal(2), label="Theirs")
    form.save(cost_multiplier="3")
    assert form.values["cost_multiplier"] == "3"
    assert form.save().status_code == 302
    tier.refresh_from_db()
    assert (tier.cost_multiplier, tier.label) == (3, "Theirs")


def test_what_is_wrong_is_said_before_who_was_quicker(admin_client: Client) -> None:
    tier = standard_tiers()[0]
    form = form_of(admin_client, tier)
    untraced(QualityTier).filter(pk=tier.pk).update(cost_multiplier=Decimal(2))
    [error] = errors_of(form.save(cost_multiplier="abc"))["cost_multiplier"]
    assert error.startswith("Write a decimal number")
    [error] = errors_of(form.save(cost_multiplier="3"))["cost_multiplier"]
    assert "you saw 1." in error


def test_sending_the_same_change_twice_is_not_refused(admin_client: Client) -> None:
    tier = standard_tiers()[0]
    form = form_of(admin_client, tier)
    assert form.save(cost_multiplier="3").status_code == 302
    assert form.save().status_code == 302
    assert LogEntry.objects.latest("pk").get_change_message() == "No fields changed."


def test_retyping_the_value_one_saw_is_no_change(admin_client: Client) -> None:
    tier = standard_tiers()[0]
    form = form_of(admin_client, tier)
    untraced(QualityTier).filter(pk=tier.pk).update(cost_multiplier=Decimal(2))
    assert form.save(cost_multiplier="1.0").status_code == 302
    assert QualityTier.objects.get(pk=tier.pk).cost_multiplier == 2
    assert LogEntry.objects.get().get_change_message() == "No fields changed."


@pytest.mark.parametrize("seen", ["", "abc", None])
def test_a_form_that_does_not_say_what_was_seen_is_refused(admin_client: Client, seen: str | None) -> None:
    tier = standard_tiers()[0]
    form = form_of(admin_client, tier)
    assert list(errors_of(form.save(**{"cost_multiplier": "3", "initial-cost_multiplier": seen}))) == [
        "cost_multiplier"
    ]
    assert QualityTier.objects.get(pk=tier.pk).cost_multiplier == 1


def test_a_viewer_sees_no_trailing_zeros(client: Client, tier_viewer: User) -> None:
    tier = QualityTierFactory(cost_multiplier=Decimal("1.25"))
    client.force_login(tier_viewer)
    for address in (TIERS, f"{TIERS}{tier.pk}/change/"):
        html = client.get(address).content.decode()
        assert "1.25" in html
        assert "1.250" not in html


@pytest.mark.parametrize("multiplier", BAD_DECIMALS)
def test_a_bad_multiplier_is_refused_beside_its_field(admin_client: Client, multiplier: str) -> None:
    tier = QualityTierFactory(cost_multiplier=Decimal(3))
    response = form_of(admin_client, tier).save(cost_multiplier=multiplier)
    assert list(errors_of(response)) == ["cost_multiplier"]
    assert QualityTier.objects.get().cost_multiplier == 3


@pytest.mark.parametrize(
    ("field", "value"),
    [("key", "Upper"), ("key", "a\0"), ("key", "high"), ("key", "k" * 31), ("label", "")]
    + [("position", value) for value in ("-1", "1_0", "٣", "x", "9" * 15, "9" * 40)],
)
def test_bad_input_is_refused_beside_its_field(admin_client: Client, field: str, value: str) -> None:
    standard_tiers()
    good = {"key": "4k", "label": "4K", "position": "9", "cost_multiplier": "2"}
    errors = errors_of(form_of(admin_client).save(**good | {field: value}))
    assert list(errors) == [field]
    assert QualityTier.objects.count() == 3


def test_an_unused_tier_is_deleted(admin_client: Client) -> None:
    tier = QualityTierFactory(key="4k")
    assert admin_client.post(f"{TIERS}{tier.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not QualityTier.objects.exists()


def test_unused_tiers_are_deleted_together(admin_client: Client) -> None:
    delete(admin_client, *standard_tiers())
    assert not QualityTier.objects.exists()


@pytest.mark.parametrize("method", ["get", "post"])
def test_deleting_a_tier_that_a_model_offers_is_refused_in_words(admin_client: Client, method: str) -> None:
    services.retire(AIModelFactory(model_id="a/b", is_active=False))
    tier = QualityTier.objects.get(key="high")
    response = getattr(admin_client, method)(f"{TIERS}{tier.pk}/delete/", {"post": "yes"})
    assert response.status_code == 200
    assert "Quality high is used by a/b" in response.content.decode()
    assert QualityTier.objects.filter(key="high").exists()


def test_deleting_a_tier_that_a_rate_uses_is_refused_in_words(admin_client: Client) -> None:
    tier = QualityTierFactory(key="4k")
    standard_tiers()
    rate(AIModelFactory(name="Ray"), "4k", "1.2")
    response = admin_client.post(f"{TIERS}{tier.pk}/delete/", {"post": "yes"})
    assert "Ray in 4k" in response.content.decode()
    assert QualityTier.objects.filter(key="4k").exists()


def test_deleting_several_of_which_one_is_in_use_deletes_none(admin_client: Client) -> None:
    AIModelFactory(supported_qualities=["high"])
    response = delete(admin_client, *QualityTier.objects.all())
    assert response.status_code == 200
    assert "is used by" in response.content.decode()
    assert "some are in use and can" in response.content.decode()
    assert "would require deleting" not in response.content.decode()
    assert QualityTier.objects.count() == 3


def test_deleting_several_asks_first(admin_client: Client) -> None:
    ticked = [tier.pk for tier in standard_tiers()]
    response = admin_client.post(
        TIERS, {"action": "delete_selected", "_selected_action": ticked, "index": "0"}
    )
    assert "Are you sure" in response.content.decode()
    assert QualityTier.objects.count() == 3


def test_deleting_tiers_that_are_gone_says_so(admin_client: Client) -> None:
    standard_tiers()
    sent = {"action": "delete_selected", "_selected_action": ["999999"], "index": "0"}
    assert admin_client.post(TIERS, sent).status_code == 302
    assert "the ticked quality tiers are no longer in this list" in messages_of(admin_client, TIERS)
