from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from pricing import services
from pricing.models import PricingPolicy, Rate
from tests.admin.pages import ObjectForm, errors_of
from tests.admin.test_inline_edits import BAD_PRICES
from tests.admin.test_quality_tiers import BAD_DECIMALS
from tests.factories import AIModelFactory, rate, standard_policy

pytestmark = pytest.mark.django_db

POLICY = "/admin/pricing/pricingpolicy/"
RATES = "/admin/pricing/rate/"


def quote(get: Any, quality: str = "high") -> Any:
    return get("pricing/quote/", model_id="a/b", quality=quality, duration=5).json()


# --- The policy ------------------------------------------------------------------------------------------


def policy_form(client: Client) -> ObjectForm:
    return ObjectForm(client, f"{POLICY}1/change/", "pricingpolicy_form")


def test_the_list_of_policies_leads_to_the_one_there_is(admin_client: Client) -> None:
    standard_policy()
    assert admin_client.get(POLICY).url == f"{POLICY}1/change/"


def test_the_first_policy_is_added(admin_client: Client) -> None:
    assert admin_client.get(POLICY).status_code == 200
    form = ObjectForm(admin_client, f"{POLICY}add/", "pricingpolicy_form")
    assert form.save(profit_margin="1.32", credits_per_dollar="50").status_code == 302
    policy = PricingPolicy.objects.get()
    assert (policy.profit_margin, policy.max_credits_per_generation) == (Decimal("1.32"), 5_000)


def test_there_is_never_a_second_one(admin_client: Client) -> None:
    standard_policy()
    values = {"profit_margin": "2", "credits_per_dollar": "50", "max_credits_per_generation": "1"}
    assert admin_client.post(f"{POLICY}add/", values).status_code == 403
    assert PricingPolicy.objects.get().profit_margin == Decimal("1.32")


@pytest.mark.parametrize("method", ["get", "post"])
def test_it_can_not_be_deleted(admin_client: Client, method: str) -> None:
    standard_policy()
    assert getattr(admin_client, method)(f"{POLICY}1/delete/", {"post": "yes"}).status_code == 403
    assert PricingPolicy.objects.exists()


def test_a_new_margin_is_in_the_next_quote(admin_client: Client, get: Any) -> None:
    standard_policy()
    AIModelFactory(model_id="a/b", cost_per_second="0.18")
    before = quote(get)
    form = policy_form(admin_client)
    assert form.values["profit_margin"] == "1.32"
    assert form.save(profit_margin="2.64").status_code == 302
    assert (before["credits"], quote(get)["credits"]) == (72, 143)


def test_what_others_changed_meanwhile_is_kept(admin_client: Client) -> None:
    standard_policy()
    form = policy_form(admin_client)
    services.set_policy({"credits_per_dollar": Decimal(100)})
    form.save(profit_margin="2")
    policy = PricingPolicy.objects.get()
    assert (policy.profit_margin, policy.credits_per_dollar) == (2, 100)


def test_a_margin_that_others_changed_meanwhile_is_not_overwritten_unseen(admin_client: Client) -> None:
    standard_policy()
    form = policy_form(admin_client)
    services.set_policy({"profit_margin": Decimal("1.5")})
    [error] = errors_of(form.save(profit_margin="2"))["profit_margin"]
    assert error.startswith("Profit margin is now 1.5; you saw 1.32.")
    assert PricingPolicy.objects.get().profit_margin == Decimal("1.5")


def test_a_viewer_of_prices_sees_no_trailing_zeros(client: Client, viewer: User) -> None:
    standard_policy()
    dear = rate(AIModelFactory(), "high", "0.4")
    viewer.user_permissions.set(Permission.objects.filter(codename__in=["view_rate", "view_pricingpolicy"]))
    client.force_login(viewer)
    for address, text in {
        f"{POLICY}1/change/": "1.32",
        RATES: "0.4",
        f"{RATES}{dear.pk}/change/": "0.4",
    }.items():
        html = client.get(address).content.decode()
        assert text in html
        assert f"{text}0" not in html
    assert "50.0" not in client.get(f"{POLICY}1/change/").content.decode()


@pytest.mark.parametrize("field", ["profit_margin", "credits_per_dollar"])
@pytest.mark.parametrize("value", [bad for bad in BAD_DECIMALS if bad != "1000.1"] + ["9" * 12])
def test_a_bad_factor_is_refused_beside_its_field(admin_client: Client, field: str, value: str) -> None:
    standard_policy()
    assert list(errors_of(policy_form(admin_client).save(**{field: value}))) == [field]
    policy = PricingPolicy.objects.get()
    assert (policy.profit_margin, policy.credits_per_dollar) == (Decimal("1.32"), 50)


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "1_0", "٣", "", "9" * 15])
def test_a_bad_limit_is_refused_beside_its_field(admin_client: Client, value: str) -> None:
    standard_policy()
    errors = errors_of(policy_form(admin_client).save(max_credits_per_generation=value))
    assert list(errors) == ["max_credits_per_generation"]
    assert PricingPolicy.objects.get().max_credits_per_generation == 5_000


# --- Rates -----------------------------------------------------------------------------------------------


def rate_form(client: Client, changed: Rate | None = None) -> ObjectForm:
    return ObjectForm(client, f"{RATES}{changed.pk}/change/" if changed else f"{RATES}add/", "rate_form")


def test_a_rate_is_added_and_quoted(admin_client: Client, get: Any) -> None:
    standard_policy()
    model = AIModelFactory(model_id="a/b", cost_per_second="0.18")
    before = quote(get)
    response = rate_form(admin_client).save(model=str(model.pk), quality="high", amount="0.4")
    assert response.status_code == 302
    assert Rate.objects.get().amount == Decimal("0.4")
    after = quote(get)
    assert (before["cost_per_second"], after["cost_per_second"]) == ("0.18", "0.4")


def test_a_second_rate_for_the_same_pair_is_refused(admin_client: Client) -> None:
    model = AIModelFactory()
    rate(model, "high", "0.4")
    response = rate_form(admin_client).save(model=str(model.pk), quality="high", amount="0.5")
    assert errors_of(response)["__all__"] == ["This model has a rate for this already; change that one."]
    assert Rate.objects.get().amount == Decimal("0.4")


def test_a_rate_is_changed(admin_client: Client) -> None:
    changed = rate(AIModelFactory(), "high", "0.4")
    form = rate_form(admin_client, changed)
    assert form.values["amount"] == "0.4"
    assert "model" not in form.values
    assert form.save(amount="0.5").status_code == 302
    assert Rate.objects.get(pk=changed.pk).amount == Decimal("0.5")


def test_a_rate_that_others_changed_meanwhile_is_not_overwritten_unseen(admin_client: Client) -> None:
    changed = rate(AIModelFactory(), "high", "0.4")
    form = rate_form(admin_client, changed)
    rate(changed.model, "high", "0.5")
    assert "is now 0.5; you saw 0.4." in errors_of(form.save(amount="0.6"))["amount"][0]
    assert Rate.objects.get().amount == Decimal("0.5")


def test_saving_a_rate_untouched_keeps_what_others_changed(admin_client: Client) -> None:
    changed = rate(AIModelFactory(), "high", "0.4")
    form = rate_form(admin_client, changed)
    rate(changed.model, "high", "0.5")
    assert form.save().status_code == 302
    assert Rate.objects.get().amount == Decimal("0.5")


def test_a_rates_form_names_the_model_with_its_id(admin_client: Client) -> None:
    model = AIModelFactory(name="Ray", model_id="luma/ray-2")
    assert "Ray (luma/ray-2)" in rate_form(admin_client, rate(model, "high", "0.4")).html


def test_a_rates_form_opens_no_other_forms(admin_client: Client) -> None:
    AIModelFactory()
    assert "related-widget-wrapper" not in rate_form(admin_client).html


def test_rates_are_sorted_by_price(admin_client: Client) -> None:
    dear, cheap = rate(AIModelFactory(), "high", "10"), rate(AIModelFactory(), "high", "9")
    assert list(admin_client.get(f"{RATES}?o=4").context["cl"].result_list) == [cheap, dear]


@pytest.mark.parametrize("price", BAD_PRICES)
def test_a_bad_rate_is_refused_beside_its_field(admin_client: Client, price: str) -> None:
    changed = rate(AIModelFactory(), "high", "0.4")
    assert list(errors_of(rate_form(admin_client, changed).save(amount=price))) == ["amount"]
    assert Rate.objects.get().amount == Decimal("0.4")


@pytest.mark.parametrize(
    ("field", "value"), [("model", ""), ("model", "9" * 30), ("quality", "gone"), ("quality", "a\0")]
)
def test_an_unknown_side_of_the_pair_is_refused(admin_client: Client, field: str, value: str) -> None:
    good = {"model": str(AIModelFactory().pk), "quality": "high", "amount": "0.4"}
    assert list(errors_of(rate_form(admin_client).save(**good | {field: value}))) == [field]
    assert not Rate.objects.exists()


@pytest.mark.parametrize("bulk", [False, True])
def test_deleting_a_rate_lets_the_models_price_count_again(
    admin_client: Client, get: Any, bulk: bool
) -> None:
    standard_policy()
    gone = rate(AIModelFactory(model_id="a/b", cost_per_second="0.18"), "high", "0.4")
    before = quote(get)
    if bulk:
        sent = {"action": "delete_selected", "_selected_action": [gone.pk], "post": "yes"}
        admin_client.post(RATES, sent)
    else:
        admin_client.post(f"{RATES}{gone.pk}/delete/", {"post": "yes"})
    assert not Rate.objects.exists()
    after = quote(get)
    assert after["cost_per_second"] == "0.18"
    assert before["priced_at"] < after["priced_at"]


def test_rates_are_listed_with_any_number_in_the_same_queries(
    admin_client: Client, django_assert_num_queries: Any
) -> None:
    for _ in range(30):
        rate(AIModelFactory(), "high", "0.4")
    admin_client.get(RATES)
    with django_assert_num_queries(7):  # session, user, due?, two counts, rows, is there a policy?
        response = admin_client.get(f"{RATES}")
    assert "0.400" not in response.content.decode()
