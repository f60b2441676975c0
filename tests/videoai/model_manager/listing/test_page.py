"""The list with what usage knows: cards above it, columns in it, and a question before a model leaves."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from models_registry import services
from models_registry.models import AIModel
from models_registry.usage.recording import record_many
from tests.admin.pages import LIST, ModelList, row_errors
from tests.factories import AIModelFactory, untraced

pytestmark = pytest.mark.django_db


def generate(model: AIModel, number: int, *, failed: int = 0, days_ago: int = 0, seconds: str = "10") -> None:
    """`number` generations, `failed` of them failures."""
    finished_at = (timezone.now() - timedelta(days=days_ago)).isoformat()
    items = [
        {
            "model_id": model.model_id,
            "generation_id": f"{model.pk}-{days_ago}-{i}",
            "generation_time": seconds,
            "success": i >= failed,
            "finished_at": finished_at,
        }
        for i in range(number)
    ]
    assert record_many(items).recorded == number


def cards(response: Any) -> dict[str, Any]:
    return {card.label: card for card in response.context["cards"]}


def cells(html: str, name: str) -> list[str]:
    """The text of the column `name`, row by row."""
    found = re.findall(rf'<td class="field-{name}[^>]*>(.*?)</td>', html, re.S)
    return [re.sub(r"<title>.*?</title>|<[^>]+>", "", cell).strip() for cell in found]


# --- Cards -----------------------------------------------------------------------------------------------


def test_cards_tell_how_many_models_there_are_and_what_they_made(admin_client: Client) -> None:
    first = AIModelFactory(category="premium")
    AIModelFactory(category="premium", is_active=False)
    AIModelFactory(category="budget", is_deprecated=True)
    without = AIModelFactory(category=None)
    generate(first, 3)
    generate(without, 1, days_ago=40)

    found = cards(admin_client.get(f"{LIST}?category=budget"))
    told = {label: (card.number, card.note) for label, card in found.items()}

    assert told == {
        "All models": ("4", "2 active · 4 generations"),
        "Premium": ("2", "1 active · 3 generations"),
        "Budget": ("1", "0 active · 0 generations"),
        "Experimental": ("0", "0 active · 0 generations"),
    }


def test_a_card_narrows_the_list_and_keeps_search_and_filters(admin_client: Client) -> None:
    AIModelFactory(category="budget")
    page = admin_client.get(f"{LIST}?q=acme&premium=no&o=-4&p=1")
    found = cards(page)
    assert [label for label, card in found.items() if card.is_chosen] == ["All models"]
    narrowed = admin_client.get(LIST + found["Budget"].href)
    assert narrowed.wsgi_request.GET.dict() == {
        "q": "acme",
        "premium": "no",
        "o": "-4",
        "category": "budget",
    }
    found = cards(narrowed)
    assert [label for label, card in found.items() if card.is_chosen] == ["Budget"]
    marked = r'<a class="model-card"[^>]* aria-current="true"><span class="label">(.*?)<'
    assert re.findall(marked, page_of(narrowed)) == ["Budget"]
    # Both the chosen card and the first one lead out of the category.
    assert found["Budget"].href == found["All models"].href == "?o=-4&premium=no&q=acme"


def page_of(response: Any) -> str:
    return response.content.decode()


def test_the_last_fourteen_days_are_drawn_and_told(admin_client: Client) -> None:
    assert "Nothing was generated in 14 days." in page_of(admin_client.get(LIST))
    model = AIModelFactory()
    generate(model, 3, failed=1, days_ago=13)
    generate(model, 1)
    generate(model, 9, days_ago=14)

    page = admin_client.get(LIST)
    card, html = page.context["usage_card"], page_of(page)

    day = (timezone.now() - timedelta(days=13)).date()
    assert card.note == "4 generations · 75.0 % succeeded"
    assert card.told == f"4 generations · 75.0 % succeeded; most on {day}: 3."
    assert [(bar.day, bar.successes, bar.failures) for bar in (card.bars[0], card.bars[13])] == [
        (str(day), "2", "1"),
        (str(timezone.now().date()), "1", "0"),
    ]
    assert f'<th scope="row">{day}</th><td>2</td><td>1</td>' in html
    assert 'href="/admin/usage/?range=14d"' in html


def test_a_viewer_sees_figures_too_and_nothing_to_save(client: Client, viewer: User) -> None:
    model = AIModelFactory()
    generate(model, 2)
    client.force_login(viewer)
    html = page_of(client.get(LIST))
    assert cells(html, "generations") == ["2"]
    assert "model-list.js" not in html
    assert 'name="_save"' not in html


# --- Columns ---------------------------------------------------------------------------------------------


def test_each_row_has_the_figures_of_its_model(admin_client: Client) -> None:
    used, _ = AIModelFactory(name="1"), AIModelFactory(name="2")
    generate(used, 900, seconds="12.5", days_ago=21)
    generate(used, 600, failed=150, seconds="12.5", days_ago=20)
    generate(used, 2, days_ago=3, seconds="12.5")
    generate(used, 5, days_ago=2, seconds="12.5")
    html = page_of(admin_client.get(LIST))
    assert cells(html, "generations") == ["1,507", "–"]
    assert cells(html, "average_time") == ["12.5 s", "–"]
    assert cells(html, "success") == ["90.0 %", "–"]
    assert cells(html, "lately") == ["7", "–"]
    assert '<span title="95 % interval 88.4–91.5 %">' in html
    day = (timezone.now() - timedelta(days=2)).date()
    assert f'role="img" aria-label="7 generations in 14 days, most on {day} (5)"' in html


@time_machine.travel("2026-01-15T00:00:00Z", tick=False)  # which the database's clock doesn't show
@pytest.mark.parametrize(
    ("column", "ascending", "descending"),
    [
        ("generations", "none failing slow", "slow failing none"),
        ("average_time", "failing slow none", "slow failing none"),
        ("success", "failing slow none", "slow failing none"),
        ("lately", "none slow failing", "failing slow none"),
    ],
)
def test_usage_sorts_the_list_and_the_unused_are_never_in_the_way(
    admin_client: Client, column: str, ascending: str, descending: str
) -> None:
    models = {name: AIModelFactory(model_id=f"a/{name}") for name in ("none", "slow", "failing")}
    generate(models["slow"], 3, seconds="60", days_ago=30)
    generate(models["slow"], 1, seconds="60", days_ago=1)
    generate(models["failing"], 2, failed=1)
    number = admin_client.get(LIST).context["cl"].list_display.index(column)

    for sign, order in (("", ascending), ("-", descending)):
        rows = admin_client.get(f"{LIST}?o={sign}{number}").context["cl"].result_list
        assert [row.model_id.removeprefix("a/") for row in rows] == order.split()


@pytest.mark.parametrize("number", [10, 300])
def test_any_number_of_models_takes_the_same_queries(admin_client: Client, number: int) -> None:
    first = AIModelFactory(model_id="a/first")
    values = services.state(first)
    untraced(AIModel).bulk_create(
        AIModel(**{**values, "model_id": f"b/{n}", "is_default": False}) for n in range(number - 1)
    )
    for model in AIModel.objects.order_by("pk")[:5]:
        generate(model, 2)
    admin_client.get(LIST)
    counts = {}
    for query in ("", "?o=-9", "?o=12&category=none&quality=high&q=a&provider=Acme"):
        with CaptureQueriesContext(connection) as queries:
            assert admin_client.get(LIST + query).status_code == 200
        counts[query] = len(queries)
    # Session, user; due?; qualities, providers; two counts; rows; their counters, their days;
    # cards, their chart; is there a policy?
    assert set(counts.values()) == {13}, counts


# --- A model that leaves ---------------------------------------------------------------------------------


def test_switching_a_used_model_off_asks_and_goes_through_when_it_is_confirmed(admin_client: Client) -> None:
    AIModelFactory()
    used, unused = AIModelFactory(model_id="a/used"), AIModelFactory()
    generate(used, 3, days_ago=5)
    page = ModelList(admin_client)
    page.edit(used, is_active=None)
    page.edit(unused, is_active=None)
    assert "form-1-anyway" not in page.html

    response = page.save()
    day = (timezone.now() - timedelta(days=5)).date()
    assert " ".join(row_errors(response, used)["__all__"]) == (
        f"a/used would go off sale. It was used 3 times in the last 30 days, the last time on {day} (UTC). "
        "Nothing was saved: tick the box to go on, or leave it active."
    )
    assert not row_errors(response, unused)
    assert "Deactivate a/used all the same" in page.html
    assert page.html.count("all the same") == 1
    assert set(AIModel.objects.values_list("is_active", flat=True)) == {True}

    page.edit(used, anyway="on")
    assert page.save().status_code == 302
    assert set(AIModel.objects.filter(is_active=False)) == {used, unused}


def test_a_confirmation_stays_while_another_row_is_wrong(admin_client: Client) -> None:
    AIModelFactory()
    used, other = AIModelFactory(), AIModelFactory()
    generate(used, 1)
    page = ModelList(admin_client)
    page.edit(used, is_active=None, anyway="on")
    page.edit(other, cost_per_second="0")
    response = page.save()
    assert not row_errors(response, used)
    assert page.value(used, "anyway") == ["on"]
    page.edit(other, cost_per_second="0.3")
    assert page.save().status_code == 302
    assert not AIModel.objects.get(pk=used.pk).is_active


def test_the_default_is_refused_whatever_is_ticked(admin_client: Client) -> None:
    default, _ = AIModelFactory(), AIModelFactory()
    generate(default, 1)
    page = ModelList(admin_client)
    page.edit(default, is_active=None, anyway="on")
    [error] = row_errors(page.save(), default)["is_active"]
    assert "Make another model the default first" in error
    assert AIModel.objects.get(pk=default.pk).is_active


# --- Nothing, and strange things -------------------------------------------------------------------------


def test_an_empty_list_says_what_to_do(admin_client: Client, client: Client, viewer: User) -> None:
    html = page_of(admin_client.get(LIST))
    assert "There are no models yet." in html
    assert re.search(r'<a class="button" href="/admin/models/add/">Add the first model</a>', html)
    AIModelFactory()
    html = page_of(admin_client.get(f"{LIST}?q=<b>nothing&category=budget"))
    assert "No model matches “&lt;b&gt;nothing” and the chosen filters." in html
    assert '<a class="button" href="?q=%3Cb%3Enothing">Clear the filters</a>' in html
    assert '<a class="button" href="?">Show all 1 model</a>' in html


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><svg onload=x>', "=1+1", "{{ 7*7 }}"])
def test_whatever_a_model_is_called_is_text(admin_client: Client, text: str) -> None:
    AIModelFactory(name=text, provider=text)
    html = page_of(admin_client.get(LIST))
    assert re.findall(r'<th class="field-titled"><a [^>]*>(.*?) <span', html) == [escape(text)]
    assert html.count(escape(text)) == 2  # there, and in the filter by provider


def test_a_row_that_comes_back_is_marked_as_edited(admin_client: Client) -> None:
    first, second = AIModelFactory(name="1"), AIModelFactory(name="2")
    page = ModelList(admin_client)
    assert '<tr class="edited">' not in page.html
    page.edit(first, cost_per_second="0")
    page.edit(second, cost_per_second="0.9")
    page.save()
    assert page.html.count('<tr class="edited">') == 2
