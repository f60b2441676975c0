import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.test import Client

from tests.exchange.threads import at_once
from tests.factories import AIModelFactory
from videoai.access.groups import GROUPS, plant_groups
from videoai.access.scopes import StaffSession
from videoai.exchange.seed import rehearse_seed, seed

pytestmark = pytest.mark.django_db


def member(group: str) -> User:
    user = User.objects.create_user("eve", is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    return user


def test_model_admins_look_after_models_and_prices():
    seed()

    assert member("Model admins").get_all_permissions() == {
        *(f"models_registry.{deed}_aimodel" for deed in ("view", "add", "change")),
        *(f"models_registry.{deed}_qualitytier" for deed in ("view", "add", "change", "delete")),
        *(f"pricing.{deed}_rate" for deed in ("view", "add", "change", "delete")),
        *(f"pricing.{deed}_pricingpolicy" for deed in ("view", "add", "change")),
        "audit.view_auditentry",
    }


def test_model_viewers_look_and_change_nothing():
    seed()
    viewer = member("Model viewers")

    assert viewer.get_all_permissions() == {
        "models_registry.view_aimodel",
        "models_registry.view_qualitytier",
        "pricing.view_rate",
        "pricing.view_pricingpolicy",
    }
    assert StaffSession(viewer).scopes == {"catalog:read", "usage:read"}


def test_a_member_uses_the_model_manager(client: Client):
    seed()
    client.force_login(member("Model admins"))

    assert client.get(f"/admin/models/{AIModelFactory().pk}/change/").status_code == 200
    assert client.get("/admin/auth/user/").status_code == 403
    assert client.get("/admin/access/servicetoken/").status_code == 403


def test_a_group_that_stands_is_left_as_its_admins_made_it():
    Group.objects.create(name="Model admins")

    assert plant_groups() == ["Model viewers"]
    assert plant_groups() == []
    assert not Group.objects.get(name="Model admins").permissions.exists()


def test_seeding_tells_of_them():
    assert {f"group {name}" for name in GROUPS} <= set(rehearse_seed().planted)
    assert not Group.objects.exists()
    seed()
    assert {f"group {name}" for name in GROUPS} <= set(seed().kept)


def test_a_quickstart_beside_an_older_catalogue_plants_them(capsys):
    seed()
    Group.objects.all().delete()

    call_command("quickstart", no_serve=True, port=8000)
    assert "Groups: planted Model admins, Model viewers." in capsys.readouterr().out
    call_command("quickstart", no_serve=True, port=8000)
    assert "Groups: stand already, left alone." in capsys.readouterr().out
    assert Group.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_many_who_plant_at_once_one_does():
    planted = at_once(plant_groups, threads=4)

    assert sorted(map(len, planted)) == [0, 0, 0, 2]
    assert [group.permissions.count() for group in Group.objects.order_by("name")] == [15, 4]
