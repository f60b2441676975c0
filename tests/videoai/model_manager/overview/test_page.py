"""The first page of the admin: who is told what there."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from models_registry import services
from models_registry.models import AIModel, QualityTier
from models_registry.usage.recording import record_many
from pricing.models import PricingPolicy, UpstreamModel
from tests.factories import AIModelFactory, rate, standard_policy, untraced

pytestmark = pytest.mark.django_db

OVERVIEW = "/admin/"


@pytest.fixture
def staff(client: Client) -> Any:
    """The overview, as somebody sees it who has these rights."""

    def look(*codenames: str) -> Any:
        user, _ = User.objects.get_or_create(username="bob", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client.force_login(user)
        return client.get(OVERVIEW)

    return look


def generate(model: AIModel, number: int, *, days_ago: int = 0, success: bool = True) -> None:
    finished_at = (datetime.now(UTC) - timedelta(days=days_ago)).isoformat()
    items = [
        {
            "model_id": model.model_id,
            "generation_id": f"{model.pk}-{days_ago}-{success}-{n}",
            "generation_time": "5",
            "success": success,
            "finished_at": finished_at,
        }
        for n in range(number)
    ]
    assert record_many(items).recorded == number


def text(response: Any) -> str:
    """What is to be read."""
    return " ".join(re.sub(r"<[^>]*>", " ", response.content.decode()).split())


def part(response: Any, name: str) -> str:
    """The text of one section."""
    [found] = re.findall(rf'<section class="{name}.*?</section>', response.content.decode(), re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", found).split())


def concerns(response: Any) -> list[str]:
    return [shown.concern.name for shown in response.context["concerns"]]


# --- What it tells ---------------------------------------------------------------------------------------


def test_a_catalogue_in_order_is_calm(admin_client: Client) -> None:
    standard_policy()
    AIModelFactory()
    response = admin_client.get(OVERVIEW)
    assert "Nothing: whatever is offered" in part(response, "attention")
    assert response.context["concerns"] == []


def test_what_is_read_from_the_database_needs_attention_and_is_one_click_away(admin_client: Client) -> None:
    AIModelFactory(model_id="a/first")
    falling, dear = AIModelFactory(), AIModelFactory(cost_per_second="90")
    fading, old, draft = AIModelFactory(), AIModelFactory(), AIModelFactory(is_active=False)
    for days_ago, success in ((10, True), (2, False)):
        generate(falling, 40, days_ago=days_ago, success=success)
    for model in (fading, old):
        generate(model, 3)
    services.revise(fading, {"is_deprecated": True})
    services.retire(old)
    untraced(AIModel).filter(pk=old.pk).update(updated_at=datetime.now(UTC) - timedelta(days=3))
    assert concerns(admin_client.get(OVERVIEW)) == [
        *("no-policy", "success-fallen"),
        *("used-retired", "used-deprecated", "undated", "drafts"),
    ]

    standard_policy()
    untraced(AIModel).filter(pk=draft.pk).update(is_active=True, supported_qualities=["8k"])
    response = admin_client.get(OVERVIEW)
    assert concerns(response) == [
        *("unpriced", "success-fallen", "over-limit"),
        *("used-retired", "used-deprecated", "undated"),
    ]
    html = response.content.decode()
    for address in (
        *(f"/admin/models/{draft.pk}/change/#pricing", f"/admin/models/{dear.pk}/change/#pricing"),
        *(f"/admin/models/{falling.pk}/usage/", "/admin/usage/?range=7d", "/admin/pricing/pricingpolicy/"),
        *("/admin/models/?status=retired", "/admin/models/?status=deprecated"),
    ):
        assert f'href="{address}"' in html, address
        assert admin_client.get(address, follow=True).status_code == 200, address


def test_the_figures_are_those_of_14_days(admin_client: Client) -> None:
    model = AIModelFactory()
    AIModelFactory(is_active=False)
    generate(model, 3)
    generate(model, 1, days_ago=13, success=False)
    generate(model, 5, days_ago=14)
    response = admin_client.get(OVERVIEW)
    assert ": 1 generation, 0 successes, 1 failure<" in response.content.decode()
    assert "; all days are UTC" in response.content.decode()
    cards = {card.label: card.value for card in response.context["cards"]}
    assert cards == {"Models on sale": "1", "Generations": "4", "Success rate": "75.0 %", "Credits": "–"}


def test_many_models_are_not_all_named(admin_client: Client) -> None:
    for n in range(8):
        AIModelFactory(name=f"Draft {n}", is_active=False)
    response = admin_client.get(OVERVIEW)
    [drafts] = [shown for shown in response.context["concerns"] if shown.concern.name == "drafts"]
    assert (len(drafts.cases), drafts.more) == (5, 3)
    assert "and 3 more" in part(response, "attention")


def test_markup_in_names_is_text(admin_client: Client) -> None:
    script = "<script>alert(1)</script>{{ 7|add:7 }}"
    standard_policy()
    AIModelFactory()
    with time_machine.travel("2026-11-20T08:00:00Z", tick=False):
        AIModelFactory(name=script, is_active=False)
    html = admin_client.get(OVERVIEW).content.decode()
    shown = "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7|add:7 }}"
    assert f">{shown}</a>" in html  # among the drafts
    assert f"Model created: name {shown}" in html  # among the changes
    assert "<script>alert" not in html


# --- The latest changes ----------------------------------------------------------------------------------


def test_what_was_done_at_one_time_is_one_change(admin_client: Client) -> None:
    with time_machine.travel("2026-11-20T08:00:00Z", tick=False):
        standard_policy()
        models = [AIModelFactory(model_id=f"a/{n}", name=f"Model {n}") for n in range(5)]
        rate(models[0], "high", "0.5")
    for hour in (9, 10):
        with time_machine.travel(f"2026-11-20T{hour:02}:30:00Z", tick=False):
            services.revise(models[1], {"name": f"Name {hour}"})
    response = admin_client.get(OVERVIEW)
    assert [(change.what, change.more) for change in response.context["changes"]] == [
        ("model changed: name: Name 9 → Name 10", 0),
        ("model changed: name: Model 1 → Name 9", 0),
        ("1 rate created, 5 models created, 3 quality tiers created, 1 pricing policy created", 6),
    ]
    told = part(response, "latest")
    assert "2026-11-20 10:30 UTC a/1 Model changed: name: Name 9 → Name 10 by system" in told
    assert "a/0 , a/4 , a/3 and 6 more" in told
    history = f"/admin/models/{models[1].pk}/history/"
    assert response.content.decode().count(f'href="{history}"') == 2


def test_many_of_a_kind_are_told_by_its_plural(admin_client: Client) -> None:
    models = [AIModelFactory(), AIModelFactory()]
    with time_machine.travel("2026-11-20T08:00:00Z", tick=False):
        for model in models:
            UpstreamModel.objects.create(
                model=model, list_name="litellm", key=model.model_id, fetched_at=datetime.now(UTC)
            )

    told = [change.what for change in admin_client.get(OVERVIEW).context["changes"]]

    assert "2 price list entries created" in told


def test_no_more_than_ten_changes_are_told(admin_client: Client) -> None:
    model = AIModelFactory()
    for day in range(1, 13):
        with time_machine.travel(datetime(2026, 11, day, tzinfo=UTC), tick=False):
            services.revise(model, {"name": f"Name {day}"})
    found = admin_client.get(OVERVIEW).context["changes"]
    assert [change.what for change in found][::9] == [
        "model changed: name: Name 11 → Name 12",
        "model changed: name: Name 2 → Name 3",
    ]


def test_what_is_gone_has_no_history_to_go_to(admin_client: Client) -> None:
    AIModelFactory()
    tier = QualityTier.objects.create(key="9k", label="9k", cost_multiplier=3)
    tier.delete()
    assert "9k" in part(admin_client.get(OVERVIEW), "latest")
    assert f"qualitytier/{tier.pk}/" not in admin_client.get(OVERVIEW).content.decode()


# --- Who is told what ------------------------------------------------------------------------------------

SECRET = "a/secret"


@pytest.fixture
def secret_model() -> AIModel:
    """A model that every part of the page has reason to name."""
    with time_machine.travel("2026-11-20T08:00:00Z", tick=False):  # what is done at one time is one change
        standard_policy()
        AIModelFactory(model_id="a/first")
        model = AIModelFactory(model_id=SECRET, name="The secret", cost_per_second="90")
        rate(model, "high", "91")
    generate(model, 3)
    return model


def test_who_may_not_see_models_is_told_of_none(staff: Any, secret_model: AIModel) -> None:
    for rights in ((), ("view_user",), ("view_qualitytier", "view_pricingpolicy"), ("add_aimodel",)):
        response = staff(*rights)
        assert response.status_code == 200
        assert "secret" not in text(response), rights
        assert not {"concerns", "cards", "picture"} & response.context_data.keys()


def test_who_may_see_models_is_told_of_them_and_of_what_their_histories_tell(
    staff: Any, secret_model: AIModel
) -> None:
    response = staff("view_aimodel")
    assert "The secret standard from 5 s, high from 5 s" in part(response, "attention")
    assert SECRET in part(response, "latest")


@pytest.mark.parametrize(
    ("right", "told"),
    [
        ("view_aimodel", "1 rate created, 2 models created"),
        ("view_rate", "rate created: "),
        ("view_qualitytier", "3 quality tiers created"),
        ("view_pricingpolicy", "pricing policy created: "),
        ("view_auditentry", "1 rate created, 2 models created, 3 quality tiers created, 1 pricing policy"),
        ("view_user", ""),
    ],
)
def test_changes_are_told_as_far_as_they_may_be_read(
    staff: Any, secret_model: AIModel, right: str, told: str
) -> None:
    response = staff(right)
    found = [change.what for change in response.context["changes"]]
    assert len(found) == (1 if told else 0)
    assert all(what.startswith(told) for what in found)
    addresses = re.findall(r'href="(/admin/[^"?#]+)', response.content.decode())
    for address in addresses:
        assert response.client.get(address, follow=True).status_code == 200, address


def test_the_way_to_mend_it_is_shown_to_who_may_go_it(staff: Any, secret_model: AIModel) -> None:
    assert 'href="/admin/pricing/pricingpolicy/"' not in staff("view_aimodel").content.decode()
    assert (
        'href="/admin/pricing/pricingpolicy/"' in staff("view_aimodel", "view_pricingpolicy").content.decode()
    )
    PricingPolicy.objects.all()._raw_delete("default")
    assert "no-policy" in concerns(staff("view_aimodel", "view_pricingpolicy"))
    add = 'href="/admin/pricing/pricingpolicy/add/">Set the policy'
    assert add not in staff("view_aimodel", "view_pricingpolicy").content.decode()
    assert add in staff("view_aimodel", "add_pricingpolicy").content.decode()


def test_rooms_are_those_that_may_be_entered(staff: Any, admin_client: Client) -> None:
    def rooms(response: Any) -> list[str]:
        return [room.name for room in response.context["rooms"]]

    everything = admin_client.get(OVERVIEW)
    assert rooms(everything) == [
        *("ModelManager", "Margins", "Quality tiers", "Rates", "Prices to approve", "Price list entries"),
        *("Pricing policy", "Scheduled changes", "Quotes", "Usage"),
        *("Audit trail", "Tokens", "Users", "Groups"),
    ]
    assert everything.context["rest"] == []
    of_models = ["ModelManager", "Margins", "Scheduled changes", "Quotes", "Usage"]
    assert rooms(staff("view_aimodel")) == of_models
    assert rooms(staff("add_aimodel")) == ["ModelManager"]
    assert "Add to ModelManager" not in text(staff("view_aimodel"))
    assert "Add to ModelManager" in text(staff("view_aimodel", "add_aimodel"))
    assert rooms(staff()) == []


def test_the_header_leads_to_what_may_be_opened_and_says_where_one_is(
    staff: Any, admin_client: Client
) -> None:
    def ways(response: Any) -> list[str]:
        return [f"{way.name}{' (here)' if way.is_here else ''}" for way in response.context["ways"]]

    assert ways(admin_client.get("/admin/models/")) == [
        *("ModelManager (here)", "Margins", "Rates", "Pricing policy"),
        *("Scheduled changes", "Usage", "Audit trail"),
    ]
    assert ways(admin_client.get("/admin/models/margins/"))[:2] == ["ModelManager", "Margins (here)"]
    assert not any("(here)" in way for way in ways(admin_client.get("/admin/auth/user/")))
    assert ways(staff("view_aimodel")) == ["ModelManager", "Margins", "Scheduled changes", "Usage"]
    assert ways(staff("add_aimodel")) == []
    assert ">More</a>" in staff("add_aimodel").content.decode()


# --- Queries ---------------------------------------------------------------------------------------------


def test_it_takes_the_same_number_of_queries_for_any_number_of_models(client: Client) -> None:
    """Session and user; is something due; prices four, what failed, what comes; use by model three, figures,
    picture; changes three; the lists two; held prices one.
    """
    client.force_login(User.objects.create_superuser("ada"))
    standard_policy()

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(OVERVIEW).status_code == 200
        return len(queries)

    model = AIModelFactory()
    AIModelFactory(is_active=False)
    generate(model, 2)
    few = count()
    prototype = services.state(model)
    untraced(AIModel).bulk_create(
        AIModel(**{**prototype, "model_id": f"b/{n}", "name": f"B {n}", "is_default": False, **flags})
        for n in range(300)
        for flags in [{"is_active": n % 3 > 0, "is_deprecated": False}]
    )
    untraced(UpstreamModel).bulk_create(
        UpstreamModel(
            model=each, list_name="acme", key=each.model_id, fetched_at=each.created_at, deprecation_date=day
        )
        for each in AIModel.objects.sold()[:50]
        for day in [date(2026, 1, 2)]
    )
    for n in range(20):
        rate(AIModel.objects.get(model_id=f"b/{n}"), "high", "90")
        generate(AIModel.objects.get(model_id=f"b/{n}"), 3, success=n % 2 == 0)
    assert (few, count()) == (20, 20)
    assert "50 models are on sale that their price list says are gone." in text(client.get(OVERVIEW))
    assert len(client.get(OVERVIEW).content) < 60_000
