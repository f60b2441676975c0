"""Whoever looks after users can't give themselves, or take over, more rights than they have."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from tests.admin.pages import ObjectForm

pytestmark = pytest.mark.django_db

USERS, GROUPS = "/admin/auth/user/", "/admin/auth/group/"


@pytest.fixture
def keeper(client: Client) -> User:
    """Staff who may do with users and groups whatever Django's permissions allow; signed in."""
    user = User.objects.create_user("keeper", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__model__in=["user", "group"]))
    client.force_login(user)
    return user


def page(user: User, deed: str = "change") -> str:
    return f"{USERS}{user.pk}/{deed}/"


def everything() -> dict[str, Any]:
    keys = [str(key) for key in Permission.objects.values_list("pk", flat=True)]
    groups = [str(key) for key in Group.objects.values_list("pk", flat=True)]
    return {"is_superuser": "on", "user_permissions": keys, "groups": groups}


def with_rights(**facts: Any) -> User:
    user = User.objects.create_user("powerful", **facts)
    user.user_permissions.add(Permission.objects.get(codename="change_aimodel"))
    return user


@pytest.mark.parametrize("own", [True, False])
def test_nobody_gives_rights_but_superusers(client: Client, keeper: User, own: bool) -> None:
    Group.objects.create(name="Sales")
    user = keeper if own else User.objects.create_user("eve")
    before = user.user_permissions.count()
    form = ObjectForm(client, page(user), "user_form")
    assert form.save(first_name="Eve", **everything()).status_code == 302
    user = User.objects.get(pk=user.pk)
    assert (user.first_name, user.is_superuser, user.groups.count()) == ("Eve", False, 0)
    assert user.user_permissions.count() == before


def test_a_new_account_has_no_rights(client: Client, keeper: User) -> None:
    form = ObjectForm(client, f"{USERS}add/", "user_form")
    password = "correct-horse-battery"
    sent = {"username": "eve", "password1": password, "password2": password, "usable_password": "true"}
    assert form.save(**sent, is_staff="on", **everything()).status_code == 302
    eve = User.objects.get(username="eve")
    assert (eve.is_superuser, eve.user_permissions.count()) == (False, 0)


def powerful_through_a_group() -> User:
    user = User.objects.create_user("powerful")
    group = Group.objects.create(name="Sales")
    group.permissions.add(Permission.objects.get(codename="change_aimodel"))
    user.groups.add(group)
    return user


BEYOND_REACH = {
    "a superuser": lambda: User.objects.create_superuser("powerful"),
    "a superuser who is switched off": lambda: User.objects.create_superuser("powerful", is_active=False),
    "staff with other rights": lambda: with_rights(is_staff=True),
    "an account with other rights, switched off": lambda: with_rights(is_active=False),
    "an account with a group's rights": powerful_through_a_group,
}


@pytest.mark.parametrize("make", BEYOND_REACH.values(), ids=BEYOND_REACH)
def test_who_may_do_more_is_only_looked_at(client: Client, keeper: User, make: Any) -> None:
    powerful = make()
    before = User.objects.filter(pk=powerful.pk).values().get()
    password = {"password1": "correct-horse-battery", "password2": "correct-horse-battery"}
    sent = {"username": "eve", "email": "eve@example.com", "is_active": "on", "set-password": "1", **password}
    assert client.get(page(powerful)).status_code == 200
    for deed in ("change", "password"):
        assert client.post(page(powerful, deed), {**sent, "usable_password": "true"}).status_code == 403
    assert client.post(page(powerful, "delete"), {"post": "yes"}).status_code == 403
    ticked = {"action": "delete_selected", "_selected_action": [powerful.pk], "post": "yes"}
    client.post(USERS, ticked)
    assert User.objects.filter(pk=powerful.pk).values().get() == before


def test_others_are_looked_after(client: Client, keeper: User) -> None:
    eve = User.objects.create_user("eve", is_staff=True)
    assert ObjectForm(client, page(eve), "user_form").save(email="eve@example.com").status_code == 302
    password = "correct-horse-battery"
    sent = {"password1": password, "password2": password, "usable_password": "true", "set-password": "1"}
    assert client.post(page(eve, "password"), sent).status_code == 302
    eve.refresh_from_db()
    assert eve.email == "eve@example.com"
    assert eve.check_password(password)
    assert client.post(page(eve, "delete"), {"post": "yes"}).status_code == 302
    assert not User.objects.filter(username="eve").exists()


def test_a_superuser_gives_rights(admin_client: Client) -> None:
    eve = User.objects.create_user("eve")
    form = ObjectForm(admin_client, page(eve), "user_form")
    assert form.save(**everything()).status_code == 302
    eve.refresh_from_db()
    assert eve.is_superuser
    assert eve.user_permissions.count() == Permission.objects.count()


def test_groups_are_changed_by_superusers_alone(client: Client, keeper: User) -> None:
    group = Group.objects.create(name="Sales")
    keeper.groups.add(group)
    keys = everything()["user_permissions"]
    assert client.get(f"{GROUPS}{group.pk}/change/").status_code == 200
    for address in (f"{GROUPS}{group.pk}/change/", f"{GROUPS}add/", f"{GROUPS}{group.pk}/delete/"):
        sent = {"name": "Owners", "permissions": keys, "post": "yes"}
        assert client.post(address, sent).status_code == 403
    client.post(GROUPS, {"action": "delete_selected", "_selected_action": [group.pk], "post": "yes"})
    assert [(g.name, g.permissions.count()) for g in Group.objects.all()] == [("Sales", 0)]
