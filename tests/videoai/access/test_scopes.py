import pytest
from django.contrib.auth.models import AnonymousUser, Permission, User

from tests.factories import service_token
from videoai.access.scopes import TOKEN_SCOPES, StaffSession, TokenRights, with_implied

READING = {"catalog:read", "usage:read"}


def person(*codenames: str, **facts: bool) -> StaffSession:
    user = User.objects.create_user("eve", **{"is_staff": True, **facts})
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return StaffSession(user)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("permissions", "scopes"),
    [
        ([], set()),
        (["view_aimodel"], READING),
        (["change_aimodel"], READING | {"catalog:write", "usage:write"}),
        (["add_aimodel"], {"catalog:add"}),
        (["view_aimodel", "add_aimodel"], READING | {"catalog:add"}),
        (["view_rate", "change_pricingpolicy", "delete_aimodel"], set()),
    ],
)
def test_staff_have_what_their_permissions_stand_for(permissions, scopes):
    assert person(*permissions).scopes == scopes


@pytest.mark.django_db
@pytest.mark.parametrize("facts", [{"is_staff": False}, {"is_active": False}])
def test_only_active_staff_have_any(facts):
    assert person("view_aimodel", "change_aimodel", "add_aimodel", **facts).scopes == frozenset()


@pytest.mark.django_db
def test_a_superuser_has_all(admin):
    assert StaffSession(admin).scopes == with_implied(TOKEN_SCOPES)


def test_nobody_has_none():
    assert StaffSession(AnonymousUser()).scopes == frozenset()


@pytest.mark.django_db
def test_a_tokens_right_to_write_lets_it_read_and_add():
    assert TokenRights(service_token("catalog:write").token).scopes == {
        "catalog:write",
        "catalog:read",
        "catalog:add",
    }
    assert TokenRights(service_token("usage:write", name="b").token).scopes == {"usage:write"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("permissions", "scopes"),
    [
        ([], set()),
        (["view_aimodel"], READING),
        (["change_aimodel"], READING | {"usage:write"}),
        (["add_aimodel"], set()),
        (["add_aimodel", "change_aimodel"], set(TOKEN_SCOPES) - {"metrics:read"}),
        (["view_auditentry"], {"metrics:read"}),
    ],
)
def test_nobody_hands_out_more_than_they_hold(permissions, scopes):
    giver = person(*permissions)

    assert {scope for scope in TOKEN_SCOPES if giver.may_hand_out(scope)} == scopes
