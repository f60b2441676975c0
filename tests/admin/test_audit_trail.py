"""The audit trail in the admin: to be read by those who may, and to be changed by nobody."""

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.test import Client

from models_registry.audit import ledger
from models_registry.audit.models import AuditEntry
from models_registry.audit.occasion import Actor, Occasion, acting, taking_place
from tests.factories import QualityTierFactory, untraced

pytestmark = pytest.mark.django_db

TRAIL = "/admin/audit/auditentry/"


@pytest.fixture(autouse=True)
def laid() -> None:
    """A tier that ada made and changed, and a second later somebody who was refused."""
    with time_machine.travel(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), tick=False) as clock:
        with acting(actor=Actor("user", "1", "ada"), source="admin", reason="New sizes"):
            tier = QualityTierFactory(key="4k", label="Old")
            tier.label = "New"
            tier.save()
        clock.shift(1)
        with taking_place(Occasion(source="api", request_id="req-7", address="192.0.2.1")):
            ledger.record_event("sign_in_refused", subject="mallory", method="password")


def detail(entry_id: str = "catalogue-2") -> str:
    return f"{TRAIL}{entry_id}/change/"


def listed(client: Client, query: str = "") -> list[str]:
    page: Any = client.get(f"{TRAIL}?{query}")
    assert page.status_code == 200, page.status_code
    return [entry.pk for entry in page.context["cl"].result_list if entry.action != "signed_in"]


def test_the_newest_stands_first(admin_client: Client) -> None:
    assert listed(admin_client) == ["access-1", "catalogue-2", "catalogue-1"]
    html = admin_client.get(TRAIL).content.decode()
    assert "quality tier changed: label: Old → New" in html
    assert "sign in refused: method: password" in html
    assert f"{AuditEntry.objects.get(pk='catalogue-2').at:%Y-%m-%d %H:%M:%S} UTC" in html


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("book=access", ["access-1"]),
        ("did=create", ["catalogue-1"]),
        ("kind=quality_tier", ["catalogue-2", "catalogue-1"]),
        ("book=catalogue&did=change", ["catalogue-2"]),
        ("q=mallory", ["access-1"]),
        ("q=req-7", ["access-1"]),
        ("q=ADA", ["catalogue-2", "catalogue-1"]),
        ("q=nobody", []),
    ],
)
def test_it_is_filtered_and_searched(admin_client: Client, query: str, found: list[str]) -> None:
    assert listed(admin_client, query) == found


@pytest.mark.parametrize("query", ["book=x", "did=%27", "kind=x", "book=%00"])
def test_filters_keep_to_their_choices(admin_client: Client, query: str) -> None:
    assert admin_client.get(f"{TRAIL}?{query}").status_code in {302, 400}


@pytest.mark.parametrize(
    "query", ["reason__regex=[", "at__year=-1", "actor_id=1", "id__in=x", "before__contains=a"]
)
def test_lookups_that_no_filter_sends_are_bad_requests(admin_client: Client, query: str) -> None:
    assert admin_client.get(f"{TRAIL}?{query}").status_code == 400


def test_an_entry_is_shown_in_full(admin_client: Client) -> None:
    html = admin_client.get(detail()).content.decode()
    for text in (
        "ada",
        "Quality tier changed",
        "label: Old → New",
        "New sizes",
        "&quot;label&quot;: &quot;Old&quot;",
    ):
        assert text in html
    assert AuditEntry.objects.get(pk="catalogue-2").digest in html
    assert "192.0.2.1" in admin_client.get(detail("access-1")).content.decode()


def test_an_entry_that_was_made_unreadable_is_shown_all_the_same(admin_client: Client) -> None:
    untraced(AuditEntry).filter(pk="catalogue-2").update(before="{", after="[1]", facts="x")
    assert admin_client.get(detail()).status_code == 200
    assert listed(admin_client)


@pytest.mark.parametrize("address", [f"{TRAIL}add/", f"{TRAIL}catalogue-2/delete/"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_adds_or_deletes(admin_client: Client, address: str, method: str) -> None:
    assert getattr(admin_client, method)(address, {"post": "yes"}).status_code == 403
    assert {entry.pk for entry in AuditEntry.objects.changes()} == {"catalogue-1", "catalogue-2"}


def test_nobody_changes(admin_client: Client) -> None:
    before = list(AuditEntry.objects.changes().values())
    assert admin_client.post(detail(), {"reason": "All right", "_save": "Save"}).status_code == 403
    sent = {"action": "delete_selected", "_selected_action": ["catalogue-2"], "post": "yes"}
    admin_client.post(TRAIL, sent)
    assert list(AuditEntry.objects.changes().values()) == before
    html = admin_client.get(detail()).content.decode()
    assert 'name="_save"' not in html
    assert "deletelink" not in html


@pytest.mark.parametrize("key", ["1", "x", "catalogue-", "catalogue-1'", "a" * 30])
def test_a_garbled_selection_is_a_bad_request(admin_client: Client, key: str) -> None:
    assert admin_client.post(TRAIL, {"action": "x", "_selected_action": key}).status_code == 400


@pytest.mark.parametrize("key", ["x", "catalogue-99", "%00", "9" * 30, "a/b"])
def test_an_entry_that_is_not_there_leads_back(admin_client: Client, key: str) -> None:
    assert admin_client.get(detail(key)).status_code == 302


def test_entries_have_no_history(admin_client: Client) -> None:
    assert admin_client.get(f"{TRAIL}catalogue-2/history/").status_code == 404
    assert "History" not in admin_client.get(detail()).content.decode()


def test_only_who_may_see_it_sees_it(client: Client, viewer: User) -> None:
    client.force_login(viewer)
    for address in (TRAIL, detail()):
        assert client.get(address).status_code == 403
    viewer.user_permissions.add(Permission.objects.get(codename="view_auditentry"))
    for address in (TRAIL, detail()):
        assert client.get(address).status_code == 200


@pytest.mark.parametrize("number", [1, 200])
def test_it_takes_its_number_of_queries(
    admin_client: Client, number: int, django_assert_num_queries: Any
) -> None:
    with ledger.together():
        for turn in range(number):
            row = ledger.RowName("quality_tier", "1", "4k")
            ledger.record_change("change", row=row, before={"position": turn}, after={"position": turn + 1})
    with django_assert_num_queries(7):  # session, user, due?, actions, count, entries, is there a policy?
        assert admin_client.get(TRAIL).status_code == 200


def test_a_search_that_nobody_made_has_no_count(admin_client: Client) -> None:
    assert b"Show all" not in admin_client.get(TRAIL).content
    assert b"Show all" in admin_client.get(f"{TRAIL}?q=ada").content
