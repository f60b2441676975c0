import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from models_registry import services
from models_registry.models import AIModel
from tests.admin.pages import LIST, ModelList
from tests.factories import AIModelFactory

pytestmark = pytest.mark.django_db


def shown_ids(response: Any) -> list[str]:
    return [model.model_id for model in response.context["cl"].result_list]


def test_it_stands_at_admin_models_with_its_forms_below(admin_client: Client) -> None:
    model = AIModelFactory()
    for below in ("", "add/", f"{model.pk}/change/", f"{model.pk}/history/"):
        assert admin_client.get(LIST + below).status_code == 200, below


def test_the_short_address_leads_to_the_form(admin_client: Client) -> None:
    model = AIModelFactory()
    assert admin_client.get(f"{LIST}{model.pk}/").url.endswith(f"/{model.pk}/change/")


def test_it_shows_what_a_model_is_and_costs(admin_client: Client) -> None:
    AIModelFactory(model_id="luma/ray-2", name="Ray 2", provider="Luma", supported_durations=[5, 9])
    AIModelFactory(supported_durations=[1, 3, 4, 6, 7, 8, 9])
    html = admin_client.get(LIST).content.decode()
    for text in ("Ray 2", "luma/ray-2", "Luma", "5, 9 s", "1, 3, 4, 6–9 s", "standard, high, ultra"):
        assert text in html


def test_prices_have_no_trailing_zeros(admin_client: Client) -> None:
    model = AIModelFactory(cost_per_second="0.75")
    page = ModelList(admin_client)
    assert page.value(model, "cost_per_second") == "0.75"
    assert "0.750" not in page.html


def test_every_status_but_active_is_marked(admin_client: Client) -> None:
    first = AIModelFactory(name="1", is_premium=True)
    AIModelFactory(name="2", is_active=False)
    AIModelFactory(name="3", is_deprecated=True)
    services.retire(AIModelFactory(name="4"))
    html = admin_client.get(LIST).content.decode()
    assert first.is_default
    assert re.findall(r'class="mark mark-(\w+)"', html) == [
        "default",
        "premium",
        "draft",
        "deprecated",
        "retired",
    ]


def test_markup_in_a_name_is_text(admin_client: Client) -> None:
    AIModelFactory(name="<script>alert(1)</script>")
    html = admin_client.get(LIST).content.decode()
    assert "<script>alert(1)" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_every_field_in_place_says_what_it_is_for(admin_client: Client) -> None:
    AIModelFactory(model_id="google/veo-3")
    html = admin_client.get(LIST).content.decode()
    for words in ("Category", "Price per second", "Active", "Premium"):
        assert f'aria-label="{words} of google/veo-3"' in html


def test_the_default_flag_is_not_edited_in_place(admin_client: Client) -> None:
    AIModelFactory()
    assert not [name for name in ModelList(admin_client).values if "is_default" in name]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("category=budget", ["a/budget"]),
        ("category=none", ["a/first"]),
        ("status=draft", ["a/draft"]),
        ("status=retired", ["a/retired"]),
        ("status=active", ["a/first", "a/budget"]),
        ("provider=Luma", ["a/budget"]),
        ("premium=yes", ["a/draft"]),
        ("quality=ultra", ["a/budget"]),
        ("quality=ultra&category=none", []),
        ("quality=standard&q=swift", ["a/retired"]),
        ("q=LUMA", ["a/budget"]),
        ("q=swift", ["a/retired"]),
        ("q=100%25", ["a/draft"]),
        ("q=a/first", ["a/first"]),
    ],
)
def test_it_is_narrowed_down(admin_client: Client, query: str, found: list[str]) -> None:
    AIModelFactory(model_id="a/first", name="1", supported_qualities=["standard"])
    AIModelFactory(model_id="a/budget", name="2", category="budget", provider="Luma")
    AIModelFactory(
        model_id="a/draft",
        name="3",
        is_active=False,
        is_premium=True,
        description="100% new",
        supported_qualities=["high"],
        category="premium",
    )
    retired = AIModelFactory(
        model_id="a/retired",
        name="4",
        tags=["swift"],
        category="experimental",
        supported_qualities=["standard"],
    )
    services.retire(retired)
    assert shown_ids(admin_client.get(f"{LIST}?{query}")) == found


@pytest.mark.parametrize(
    "query",
    ["status=gone", "category=x", "provider=x", "premium=maybe", "quality=gone", "o=99.x", "o=-9.-", "p=x"],
)
def test_a_filter_that_does_not_exist_leads_to_the_whole_list(admin_client: Client, query: str) -> None:
    model = AIModelFactory()
    response = admin_client.get(f"{LIST}?{query}", follow=True)
    assert shown_ids(response) == [model.model_id]


@pytest.mark.parametrize("query", ["name=%00", "provider__contains=%00", "nothing=1", "id=x", "q=%00"])
def test_other_lookups_never_break_it(admin_client: Client, query: str) -> None:
    AIModelFactory()
    assert admin_client.get(f"{LIST}?{query}", follow=True).status_code in {200, 400}


def test_models_of_one_name_always_come_in_the_same_order(admin_client: Client) -> None:
    for model_id in ("a/2", "a/3", "a/1"):
        AIModelFactory(model_id=model_id, name="Same")
    assert shown_ids(admin_client.get(LIST)) == ["a/1", "a/2", "a/3"]
    assert admin_client.get(f"{LIST}?o=4").context["cl"].queryset.query.order_by[-1] in {"pk", "-pk"}


def test_a_page_holds_a_hundred(admin_client: Client) -> None:
    for _ in range(101):
        AIModelFactory()
    assert len(shown_ids(admin_client.get(LIST))) == 100
    assert len(shown_ids(admin_client.get(f"{LIST}?p=2"))) == 1
    assert len(shown_ids(admin_client.get(f"{LIST}?all="))) == 100


@pytest.mark.parametrize("models", [5, 60])
def test_saving_one_row_takes_the_same_queries_on_any_page(
    admin_client: Client, django_assert_num_queries: Any, models: int
) -> None:
    created = [AIModelFactory() for _ in range(models)]
    save_price(admin_client, created[3], "0.8")  # from here on the log's content type is known
    page = ModelList(admin_client)
    page.edit(created[3], cost_per_second="0.9")
    with django_assert_num_queries(36):  # five of them look at the prices, two are a savepoint
        assert page.save().status_code == 302


def save_price(client: Client, model: AIModel, price: str) -> None:
    page = ModelList(client)
    page.edit(model, cost_per_second=price)
    page.save()


def test_a_viewer_sees_the_list_and_edits_nothing(client: Client, viewer: User) -> None:
    model = AIModelFactory(cost_per_second="0.5")
    client.force_login(viewer)
    response = client.get(LIST)
    html = response.content.decode()
    assert shown_ids(response) == [model.model_id]
    assert "form-0-cost_per_second" not in html
    assert "0.500" not in html
    assert 'value="retire"' not in html


def test_a_viewer_sorts_by_price(client: Client, viewer: User) -> None:
    dear, cheap = AIModelFactory(cost_per_second="10"), AIModelFactory(cost_per_second="9")
    client.force_login(viewer)
    column = client.get(LIST).context["cl"].list_display.index("price")
    assert shown_ids(client.get(f"{LIST}?o={column}")) == [cheap.model_id, dear.model_id]


def test_a_viewer_can_not_save_the_list(client: Client, admin: User, viewer: User) -> None:
    model = AIModelFactory(cost_per_second="0.5")
    client.force_login(admin)
    page = ModelList(client)
    page.edit(model, cost_per_second="0.9")
    client.force_login(viewer)
    assert page.save().status_code == 403
    assert AIModel.objects.get(pk=model.pk).version_number == model.version_number


def test_strangers_are_asked_to_sign_in(client: Client) -> None:
    assert "/admin/login/" in client.get(LIST).url
