"""Held prices and entries of price lists in the admin."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from models_registry import services as catalogue
from models_registry.audit.models import AuditEntry
from models_registry.audit.wording import headline
from pricing.models import UpstreamModel
from pricing.upstream.models import HeldPrice, State
from tests.factories import rate, standard_policy
from tests.pricing.upstream.lists import map_of, model, raw_map, synced

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tiers")]

LIST = "/admin/pricing_upstream/heldprice/"
ENTRIES = "/admin/pricing/upstreammodel/"


def signed_in(*rights: str) -> Client:
    user = User.objects.create_user("ada", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def approver() -> Client:
    return signed_in("view_rate", "change_rate", "view_aimodel", "change_aimodel")


@pytest.fixture
def held() -> HeldPrice:
    synced(map_of(output_cost_per_second_4k=0.6))
    synced(map_of(output_cost_per_second_4k=6, metadata={"comment": "Since December."}))
    return HeldPrice.objects.get()


def page_of(held: HeldPrice) -> str:
    return f"{LIST}{held.pk}/change/"


def decide(client: Client, held: HeldPrice, deed: str, **sent: str) -> Any:
    return client.post(page_of(held), {"deed": deed, **sent}, follow=True)


def test_the_list_shows_what_would_become_of_what(approver: Client, held: HeldPrice) -> None:
    html = approver.get(LIST).content.decode()
    for told in ("Clip 1 (acme/clip-1)", "4k", ">0.6<", ">6<", "10×", "It moves 10×", "litellm"):
        assert told in html


def test_the_page_shows_all_that_is_known(approver: Client, held: HeldPrice) -> None:
    html = approver.get(page_of(held)).content.decode()
    for told in (
        "https://acme.test/prices",
        "2026-11-29 12:00:00 UTC",
        "Since December.",
        "Approve",
        "Reject",
    ):
        assert told in html


def test_the_page_shows_what_counts_now_and_what_customers_would_pay(
    approver: Client, held: HeldPrice
) -> None:
    standard_policy()
    html = approver.get(page_of(held)).content.decode()
    assert "$0.6 a second, from the list" in html
    assert "198 → <strong>1,980</strong>" in html
    assert "Nobody can buy the model now" in html

    rate(model(), "4k", "1.5552")
    html = approver.get(page_of(held)).content.decode()
    assert "$1.5552 a second, set by hand" in html
    assert "Customers see no change: a price set by hand covers the list’s." in html


def test_the_page_of_what_is_decided_foresees_nothing(approver: Client, held: HeldPrice) -> None:
    decide(approver, held, "reject")
    html = approver.get(page_of(held)).content.decode()
    assert "Counts now" not in html
    assert "What customers pay" not in html


def test_the_page_takes_the_same_number_of_queries_for_any_number_of_prices(
    admin_client: Client, held: HeldPrice
) -> None:
    """Is something due; session, user; the price, its model; prices four; is there a policy."""
    standard_policy()

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert admin_client.get(page_of(held)).status_code == 200
        return len(queries)

    few = count()
    offered = {"supported_qualities": ["standard", "720p", "4k"], "supported_durations": [*range(1, 31)]}
    catalogue.revise(model(), offered)
    rate(model(), "4k", "1.5552")
    rate(model(), "720p", "1")
    assert (few, count()) == (10, 10)


def test_approving_writes_the_price_with_the_reason(approver: Client, held: HeldPrice) -> None:
    response = decide(approver, held, "approve", change_reason="Told by phone")
    held.refresh_from_db()
    assert response.redirect_chain == [(LIST, 302)]
    assert (held.state, held.decided_by) == (State.APPROVED, "ada")
    told = AuditEntry.objects.filter(kind="rate").latest("number")
    assert (told.actor, told.reason) == ("ada", "Told by phone")


@pytest.mark.parametrize("deed", ["approve", "reject"])
def test_deciding_leads_back_to_the_list_as_it_was_filtered(
    approver: Client, held: HeldPrice, deed: str
) -> None:
    filtered = f"{LIST}?state=waiting"
    [way] = re.findall(rf'href="({page_of(held)}[^"]*)"', approver.get(filtered).content.decode())
    assert f'href="{filtered}">Leave it waiting' in approver.get(way).content.decode()
    assert approver.post(way, {"deed": deed}, follow=True).redirect_chain == [(filtered, 302)]


def test_deciding_those_that_are_ticked_keeps_the_filter(approver: Client, held: HeldPrice) -> None:
    filtered = f"{LIST}?state=waiting"
    sent = {"action": "reject_ticked", "_selected_action": [str(held.pk)]}
    assert approver.post(filtered, sent, follow=True).redirect_chain == [(filtered, 302)]


def test_it_is_called_prices_to_approve_wherever_people_read_it(approver: Client, held: HeldPrice) -> None:
    for address in ("/admin/", LIST, page_of(held)):
        html = approver.get(address).content.decode()
        assert "Prices to approve" in html
        assert "Held prices" not in html
    assert "<h1>Price to approve: Clip 1, 4k</h1>" in approver.get(page_of(held)).content.decode()
    decide(approver, held, "reject")
    assert "<h1>List price: Clip 1, 4k</h1>" in approver.get(page_of(held)).content.decode()


def test_rejecting_keeps_the_price(approver: Client, held: HeldPrice) -> None:
    decide(approver, held, "reject")
    held.refresh_from_db()
    assert held.state == State.REJECTED
    assert not AuditEntry.objects.filter(kind="rate", actor="ada").exists()


def test_deciding_twice_is_told(approver: Client, held: HeldPrice) -> None:
    decide(approver, held, "reject")
    html = decide(approver, held, "approve").content.decode()
    assert "is rejected already; only one that waits can be decided." in html


def test_those_that_are_ticked_are_decided_together(approver: Client, held: HeldPrice) -> None:
    synced(map_of(output_cost_per_second=1, output_cost_per_second_4k=6))
    keys = [str(one.pk) for one in HeldPrice.objects.all()]
    response = approver.post(LIST, {"action": "approve_ticked", "_selected_action": keys}, follow=True)
    assert "2 list prices approved." in response.content.decode()
    assert model().cost_per_second == Decimal(1)
    assert not HeldPrice.objects.waiting().exists()


def test_a_price_of_zero_offers_rejection_alone(approver: Client) -> None:
    synced(map_of())
    synced(raw_map("0"))
    held = HeldPrice.objects.get()
    assert 'value="approve"' not in approver.get(page_of(held)).content.decode()
    assert "nothing can be sold at a price of 0" in decide(approver, held, "approve").content.decode()


@pytest.mark.parametrize("sent", [{}, {"deed": "delete"}, {"deed": "approve", "change_reason": "x" * 301}])
def test_other_answers_change_nothing(approver: Client, held: HeldPrice, sent: dict[str, str]) -> None:
    assert "Nothing was changed" in approver.post(page_of(held), sent).content.decode()
    assert HeldPrice.objects.waiting().count() == 1


def test_who_may_only_look_decides_nothing(held: HeldPrice) -> None:
    viewer = signed_in("view_rate")
    html = viewer.get(page_of(held)).content.decode()
    assert "Approve" not in html
    assert viewer.post(page_of(held), {"deed": "approve"}).status_code == 403
    viewer.post(LIST, {"action": "approve_ticked", "_selected_action": [str(held.pk)]})
    assert HeldPrice.objects.waiting().count() == 1


def test_who_may_not_see_rates_sees_neither(held: HeldPrice) -> None:
    stranger = signed_in("view_aimodel")
    for address in (LIST, page_of(held), ENTRIES):
        assert stranger.get(address).status_code == 403


@pytest.mark.parametrize("deed", ["add", "1/delete"])
def test_nobody_adds_or_deletes_by_hand(admin_client: Client, held: HeldPrice, deed: str) -> None:
    assert admin_client.get(f"{LIST}{deed}/").status_code in {403, 404, 302}
    assert HeldPrice.objects.count() == 1


def test_one_that_is_not_there_is_not_found(approver: Client) -> None:
    assert approver.get(f"{LIST}7/change/").status_code in {302, 404}


def test_the_list_is_filtered_by_state(approver: Client, held: HeldPrice) -> None:
    assert "acme/clip-1" in approver.get(f"{LIST}?state=waiting").content.decode()
    assert "acme/clip-1" not in approver.get(f"{LIST}?state=approved").content.decode()


def test_entries_of_lists_can_be_read(approver: Client, held: HeldPrice) -> None:
    listed = UpstreamModel.objects.get()
    assert "acme/clip-1" in approver.get(ENTRIES).content.decode()
    html = approver.get(f"{ENTRIES}{listed.pk}/change/").content.decode()
    assert "Since December." in html
    assert "https://acme.test/prices" in html


def test_both_have_their_history(approver: Client, held: HeldPrice) -> None:
    listed = UpstreamModel.objects.get()
    for address in (f"{LIST}{held.pk}/history/", f"{ENTRIES}{listed.pk}/history/"):
        assert approver.get(address).status_code == 200


def test_the_models_form_shows_the_list_beneath_what_was_set_by_hand(
    approver: Client, held: HeldPrice
) -> None:
    rate(model(), "4k", "0.5")
    html = approver.get(f"/admin/models/{model().pk}/change/").content.decode()
    assert "price list: $0.6" in html
    assert "price list: $0.1, its base price" in html
    assert "what its price list has for the quality counts" in html


def test_rates_of_lists_can_be_told_from_those_set_by_hand(approver: Client, held: HeldPrice) -> None:
    html = approver.get("/admin/pricing/rate/?layer__exact=upstream").content.decode()
    assert "acme/clip-1" in html
    assert "acme/clip-1" not in approver.get("/admin/pricing/rate/?layer__exact=override").content.decode()


def test_the_overview_tells_of_both(approver: Client, held: HeldPrice) -> None:
    html = approver.get("/admin/").content.decode()
    assert "1 list price waits to be approved or rejected." in html
    assert f"{LIST}?state=waiting" in html
    assert "1 draft from a price list waits to be checked" in html
    assert "to be activated" not in html


def test_what_is_held_is_told_by_what_moves_and_why(held: HeldPrice) -> None:
    entry = AuditEntry.objects.filter(kind=HeldPrice.audit_kind).latest("number")
    told = "held price created: amount before 0.6, amount after 6, why It moves 10×"
    assert headline(entry).startswith(told)


def test_the_day_on_which_a_list_lets_go_of_a_model_is_written_as_everywhere(approver: Client) -> None:
    synced(map_of(deprecation_date="2027-09-24"))
    assert ">2027-09-24<" in approver.get(ENTRIES).content.decode()
