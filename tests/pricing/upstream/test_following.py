"""The way back to the list for a model whose price was set by hand."""

import re
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission, User
from django.core.checks import Tags, run_checks
from django.core.management import call_command
from django.db import connection
from django.test import Client

from models_registry import services as catalogue
from models_registry.audit.models import AuditEntry
from models_registry.errors import ConfirmationRequired
from models_registry.triggers import columns_of
from pricing.models import UpstreamModel
from pricing.upstream.errors import NothingToFollow
from pricing.upstream.services import follow
from tests.factories import AIModelFactory, rate, standard_policy
from tests.pricing.upstream.lists import KEY, basis, everything, map_of, model, synced

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tiers")]


@pytest.fixture
def listed() -> UpstreamModel:
    """Of a model on sale at $0.15, of which the list says $0.1, and $0.2 in 4k."""
    standard_policy()
    AIModelFactory(model_id=KEY, name="Clip", cost_per_second="0.15", supported_qualities=["standard", "4k"])
    synced(map_of(output_cost_per_second_4k=0.2))
    return UpstreamModel.objects.get()


def test_it_takes_the_lists_price_and_moves_along_with_it(listed: UpstreamModel) -> None:
    assert follow(listed).follows
    assert (model().cost_per_second, basis("4k").dollars_a_second) == (Decimal("0.1"), Decimal("0.2"))

    synced(map_of(output_cost_per_second=0.12, output_cost_per_second_4k=0.2))
    assert model().cost_per_second == Decimal("0.12")


def test_it_is_recorded(listed: UpstreamModel) -> None:
    follow(listed)
    told = AuditEntry.objects.filter(kind="upstream_model").latest("number")
    assert (told.state_before or {})["follows"] is False
    assert (told.state_after or {})["follows"] is True


def test_one_that_follows_already_changes_nothing(listed: UpstreamModel) -> None:
    follow(listed)
    before = everything()
    follow(listed)
    assert everything() == before


def test_rates_set_by_hand_stay(listed: UpstreamModel) -> None:
    rate(model(), "4k", "0.16")
    follow(listed)
    assert basis("4k").dollars_a_second == Decimal("0.16")


def test_what_moves_far_is_asked_before_even_where_the_own_price_is_the_lists() -> None:
    standard_policy()
    AIModelFactory(model_id=KEY, cost_per_second=Decimal("0.1"), supported_qualities=["4k"])
    synced(map_of(output_cost_per_second_4k=0.6))
    before = everything()

    with pytest.raises(ConfirmationRequired):
        follow(UpstreamModel.objects.get())

    assert everything() == before
    follow(UpstreamModel.objects.get(), confirmed=True)
    assert basis("4k").dollars_a_second == Decimal("0.6")


def test_without_a_price_by_the_second_there_is_nothing_to_follow() -> None:
    AIModelFactory(model_id=KEY)
    synced(map_of(output_cost_per_second=None, output_cost_per_video=2))
    with pytest.raises(NothingToFollow, match="has no price by the second"):
        follow(UpstreamModel.objects.get())


# --- In the admin ----------------------------------------------------------------------------------------


def page_of(listed: UpstreamModel, deed: str = "follow") -> str:
    return f"/admin/pricing/upstreammodel/{listed.pk}/{deed}/"


def client_with(*rights: str) -> Client:
    user = User.objects.create_user("ada", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client = Client()
    client.force_login(user)
    return client


def test_the_entry_tells_who_sets_the_price_and_leads_to_the_way_back(
    admin_client: Client, listed: UpstreamModel
) -> None:
    html = admin_client.get(page_of(listed, "change")).content.decode()
    assert "0.15, set by hand" in html
    assert page_of(listed) in html

    follow(listed)

    html = admin_client.get(page_of(listed, "change")).content.decode()
    assert "0.1, follows the list" in html
    assert page_of(listed) not in html


def test_the_page_shows_the_price_it_will_get_and_does_it_with_the_reason(
    admin_client: Client, listed: UpstreamModel
) -> None:
    html = admin_client.get(page_of(listed)).content.decode()
    assert "<td>0.15</td>" in html
    assert "<td>0.1</td>" in html

    done = admin_client.post(page_of(listed), {"change_reason": "A contract ended"}, follow=True)

    assert f"Clip ({KEY}) follows litellm: {KEY} again." in done.content.decode()
    assert model().cost_per_second == Decimal("0.1")
    assert AuditEntry.objects.filter(kind="model").latest("number").reason == "A contract ended"


def test_the_page_asks_before_prices_move_far(admin_client: Client, listed: UpstreamModel) -> None:
    catalogue.revise(model(), {"cost_per_second": Decimal(1)}, confirmed=True)

    asked = admin_client.post(page_of(listed)).content.decode()

    assert model().cost_per_second == Decimal(1)
    [answer] = re.findall(r'name="confirm_price_change" value="(\w+)"', asked)
    admin_client.post(page_of(listed), {"confirm_price_change": answer})
    assert model().cost_per_second == Decimal("0.1")


def test_one_that_follows_has_nothing_to_do(admin_client: Client, listed: UpstreamModel) -> None:
    follow(listed)
    assert "there is nothing to do" in admin_client.get(page_of(listed)).content.decode()


def test_a_reason_that_is_too_long_changes_nothing(admin_client: Client, listed: UpstreamModel) -> None:
    html = admin_client.post(page_of(listed), {"change_reason": "x" * 301}).content.decode()
    assert "Nothing was changed" in html
    assert model().cost_per_second == Decimal("0.15")


def test_one_that_has_nothing_to_follow_is_told_so(admin_client: Client) -> None:
    AIModelFactory(model_id=KEY)
    synced(map_of(output_cost_per_second=None, output_cost_per_video=2))
    html = admin_client.post(page_of(UpstreamModel.objects.get())).content.decode()
    assert "has no price by the second. Set the price of" in html


@pytest.mark.parametrize("rights", [("view_rate", "change_rate"), ("change_aimodel", "view_aimodel")])
def test_only_who_may_change_models_and_see_rates_does_it(
    listed: UpstreamModel, rights: tuple[str, ...]
) -> None:
    client = client_with(*rights)
    assert client.get(page_of(listed)).status_code == client.post(page_of(listed)).status_code == 403
    assert model().cost_per_second == Decimal("0.15")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.migrates
def test_migrating_back_takes_the_column_away_and_the_triggers_stay() -> None:
    try:
        call_command("migrate", "pricing", "0005_price_versions", verbosity=0)
        assert "follows" not in columns_of(connection, "upstream_models")
    finally:
        call_command("migrate", verbosity=0)
    assert "follows" in columns_of(connection, "upstream_models")
    assert not run_checks(tags=[Tags.database], databases=["default"])
