"""Requests that no browser sends are answered, by every list and form of the admin."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from models_registry.models import AIModel
from tests.admin.pages import LIST, ObjectForm, errors_of
from tests.factories import AIModelFactory, rate

pytestmark = pytest.mark.django_db

TIERS, RATES = "/admin/models_registry/qualitytier/", "/admin/pricing/rate/"
USERS, GROUPS = "/admin/auth/user/", "/admin/auth/group/"
LONG = "9" * 23


@pytest.fixture
def staff_client(client: Client, viewer: User) -> Client:
    """Somebody who may look at everything and change nothing."""
    viewer.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(viewer)
    return client


@pytest.mark.parametrize(
    "address",
    [
        f"{LIST}?created_at__year=-1",
        f"{LIST}?name__regex=[]",
        f"{LIST}?name=%00",
        f"{LIST}?provider=%00",
        f"{LIST}?category=%00",
        f"{LIST}?id__in={LONG}",
        f"{LIST}?supported_durations__contains=5",
        f"{TIERS}?id__in={LONG}",
        f"{TIERS}?key__iregex=(",
        f"{RATES}?model={LONG}",
        f"{RATES}?quality__key=%00",
        f"{USERS}?username=%00",
        f"{USERS}?id__in={LONG}",
        f"{USERS}?date_joined__year=-1",
        f"{USERS}?password__startswith=a",
        f"{USERS}?groups__isnull=%00",
        f"{GROUPS}?name__icontains=%00",
        f"{GROUPS}?permissions__id__in={LONG}",
    ],
)
def test_lookups_that_no_filter_sends_are_bad_requests(staff_client: Client, address: str) -> None:
    rate(AIModelFactory(), "high", "0.4")
    assert staff_client.get(address).status_code == 400


@pytest.mark.parametrize("address", [LIST, RATES, USERS, GROUPS])
def test_a_search_for_a_nul_is_answered(staff_client: Client, address: str) -> None:
    assert staff_client.get(f"{address}?q=%00").status_code == 200


@pytest.mark.parametrize("source", ["pricing rate model", "auth user groups", "admin logentry user"])
def test_autocompleting_a_nul_finds_nothing(staff_client: Client, source: str) -> None:
    rate(AIModelFactory(), "high", "0.4")
    Group.objects.create(name="Sales")
    app, model, field = source.split()
    query = {"app_label": app, "model_name": model, "field_name": field, "term": "\0"}
    assert staff_client.get("/admin/autocomplete/", query).json()["results"] == []


@pytest.mark.parametrize("address", [TIERS, RATES, USERS, GROUPS])
@pytest.mark.parametrize("key", ["abc", "1\0", "9" * 19, "", "-1"])
def test_a_garbled_selection_is_a_bad_request(admin_client: Client, address: str, key: str) -> None:
    sent = {"action": "delete_selected", "_selected_action": key}
    assert admin_client.post(address, sent).status_code == 400
    assert User.objects.exists()


@pytest.mark.parametrize("key", ["%00", "_00", LONG, "abc"])
@pytest.mark.parametrize("address", [f"{TIERS}{{}}/change/?_to_field=key", f"{USERS}{{}}/change/"])
def test_a_garbled_key_in_the_address_leads_back(staff_client: Client, address: str, key: str) -> None:
    assert staff_client.get(address.format(key)).status_code == 302


@pytest.mark.parametrize("key", ["9" * 31, "9" * 19, "1\0", "x"])
def test_a_garbled_permission_is_refused_beside_its_field(admin_client: Client, key: str) -> None:
    form = ObjectForm(admin_client, f"{GROUPS}add/", "group_form")
    assert list(errors_of(form.save(name="Sales", permissions=[key]))) == ["permissions"]
    assert not Group.objects.exists()


@pytest.mark.parametrize("field", ["groups", "user_permissions"])
def test_a_garbled_key_of_a_user_is_refused_beside_its_field(
    admin_client: Client, viewer: User, field: str
) -> None:
    form = ObjectForm(admin_client, f"{USERS}{viewer.pk}/change/", "user_form")
    assert field in errors_of(form.save(**{field: ["9" * 31]}))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("is_superuser__exact=1", ["ada"]),
        ("is_superuser__exact=0", ["viewer"]),
        ("groups__isnull=True", ["ada"]),
        (f"groups__id__exact={LONG}", []),
        ("q=view", ["viewer"]),
    ],
)
def test_users_are_filtered_and_searched(
    admin_client: Client, viewer: User, query: str, found: list[str]
) -> None:
    viewer.groups.add(Group.objects.create(name="Sales"))
    listed: Any = admin_client.get(f"{USERS}?{query}").context["cl"].result_list
    assert [user.username for user in listed] == found


def test_a_group_is_given_permissions(admin_client: Client) -> None:
    wanted = Permission.objects.get(codename="view_aimodel")
    form = ObjectForm(admin_client, f"{GROUPS}add/", "group_form")
    assert form.save(name="Sales", permissions=[str(wanted.pk)]).status_code == 302
    assert list(Group.objects.get().permissions.all()) == [wanted]


def test_filters_of_the_models_still_narrow_them_down(staff_client: Client) -> None:
    AIModelFactory()
    luma = AIModelFactory(provider="Luma")
    shown = staff_client.get(f"{LIST}?provider=Luma&status=active").context["cl"].result_list
    assert list(shown) == [luma]
    assert AIModel.objects.count() == 2
