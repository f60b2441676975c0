import re
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from models_registry import services
from models_registry.audit.occasion import Actor, acting
from models_registry.errors import DefaultModelRequired
from models_registry.models import AIModel
from tests.admin.pages import ModelList, messages_of, row_errors
from tests.factories import AIModelFactory, standard_policy, untraced

pytestmark = pytest.mark.django_db


def stored(model: AIModel) -> AIModel:
    return AIModel.objects.get(pk=model.pk)


def test_a_row_is_edited_in_place(admin_client: Client) -> None:
    AIModelFactory()
    model = AIModelFactory(cost_per_second="0.5")
    page = ModelList(admin_client)
    page.edit(model, cost_per_second="0.75", category="budget", is_premium="on", is_active=None)
    assert page.save().status_code == 302
    now = stored(model)
    assert (now.cost_per_second, now.category) == (Decimal("0.75"), "budget")
    assert (now.is_premium, now.is_active) == (True, False)


def test_an_edit_is_logged_with_what_changed(admin_client: Client) -> None:
    model = AIModelFactory()
    page = ModelList(admin_client)
    page.edit(model, cost_per_second="0.75")
    page.save()
    entry = LogEntry.objects.get()
    assert entry.object_id == str(model.pk)
    assert entry.get_change_message() == "Changed $ per second."


def test_the_next_quote_has_the_new_price(admin_client: Client, get: Any) -> None:
    standard_policy()
    model = AIModelFactory(cost_per_second="0.18")
    query = {"model_id": model.model_id, "quality": "standard", "duration": 5}
    before = get("pricing/quote/", **query).json()
    page = ModelList(admin_client)
    page.edit(model, cost_per_second="0.36")
    page.save()
    after = get("pricing/quote/", **query).json()
    assert (before["credits"], after["credits"]) == (60, 119)
    assert before["priced_at"] < after["priced_at"]


def test_rows_that_nobody_touched_are_not_written(admin_client: Client) -> None:
    touched, left = AIModelFactory(), AIModelFactory()
    page = ModelList(admin_client)
    page.edit(touched, cost_per_second="0.9")
    page.save()
    assert stored(left).version_number == left.version_number
    assert LogEntry.objects.count() == 1


def test_typing_the_same_price_another_way_changes_nothing(admin_client: Client) -> None:
    model = AIModelFactory(cost_per_second="0.75")
    page = ModelList(admin_client)
    page.edit(model, cost_per_second="0.7500")
    assert page.save().status_code == 302
    assert stored(model).version_number == model.version_number


# --- Somebody else was quicker ---------------------------------------------------------------------------


def test_a_stale_row_is_refused_beside_the_row_with_who_changed_what(admin_client: Client) -> None:
    model, other = AIModelFactory(cost_per_second="0.5", version="<b>1</b>"), AIModelFactory()
    services.revise(other, {"name": "Seen"})
    page = ModelList(admin_client)
    with acting(actor=Actor("user", "7", "eve <i>"), source="admin", reason="New list"):
        services.revise(model, {"cost_per_second": Decimal("0.6"), "version": "<b>2</b>"})
    services.revise(other, {"name": "Unseen"})
    page.edit(model, cost_per_second="0.7")
    page.edit(other, cost_per_second="0.7")
    response = page.save()
    refused, change = row_errors(response, model)["__all__"]
    assert "changed by somebody else" in refused
    assert "price per second 0.7" in refused
    assert re.fullmatch(
        r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC, eve <i>: version: <b>1</b> → <b>2</b>; "
        r"\$ per second: 0\.5 → 0\.6 \(“New list”\)",
        change,
    )
    assert "version: &lt;b&gt;1&lt;/b&gt;" in page.html
    assert [told.split(": ", 1)[1] for told in row_errors(response, other)["__all__"][1:]] == [
        "name: Seen → Unseen"
    ]
    assert stored(model).cost_per_second == Decimal("0.6")


def test_of_many_changes_the_newest_are_told_in_one_query_for_all_rows(
    admin_client: Client,
) -> None:
    models = [AIModelFactory() for _ in range(3)]
    page = ModelList(admin_client)
    for name in ("1", "2", "3", "4", "5"):
        for model in models:
            services.revise(AIModel.objects.get(pk=model.pk), {"name": name})
    for model in models:
        page.edit(model, cost_per_second="0.7")
    with CaptureQueriesContext(connection) as queries:
        response = page.save()
    told = row_errors(response, models[0])["__all__"][1:]
    assert [line.split(": ")[-1] for line in told[:3]] == ["4 → 5", "3 → 4", "2 → 3"]
    assert told[3] == "And 2 earlier; its history tells them."
    assert len([query for query in queries if 'FROM "audit_entries"' in query["sql"]]) == 1


def test_a_refused_row_is_shown_as_it_stands_and_can_be_changed_again(admin_client: Client) -> None:
    model = AIModelFactory(cost_per_second="0.5")
    page = ModelList(admin_client)
    services.revise(model, {"cost_per_second": Decimal("0.6")})
    page.edit(model, cost_per_second="0.7")
    page.save()
    assert page.value(model, "cost_per_second") == "0.6"
    page.edit(model, cost_per_second="0.7")
    assert page.save().status_code == 302
    assert stored(model).cost_per_second == Decimal("0.7")


def test_a_refused_row_says_what_was_typed(admin_client: Client) -> None:
    AIModelFactory()
    model = AIModelFactory(category="budget")
    page = ModelList(admin_client)
    services.revise(model, {"name": "Renamed"})
    page.edit(model, category="", is_active=None, is_premium="on")
    error, _ = row_errors(page.save(), model)["__all__"]
    assert "(category none, active off, premium on)" in error


def test_the_same_page_sent_twice_is_not_refused(admin_client: Client) -> None:
    model = AIModelFactory(cost_per_second="0.5")
    page = ModelList(admin_client)
    page.edit(model, cost_per_second="0.7")
    assert page.save().status_code == 302
    assert page.save().status_code == 302
    assert stored(model).version_number == model.version_number + 1


def test_a_refused_row_is_marked_as_it_is_stored(admin_client: Client) -> None:
    model = AIModelFactory()
    page = ModelList(admin_client)
    page.edit(model, is_active=None, is_premium="on")
    page.save()
    assert re.findall(r'class="mark mark-(\w+)"', page.html) == ["default"]


def test_what_was_typed_into_other_rows_survives_a_refusal_and_is_not_saved(admin_client: Client) -> None:
    stale, other = AIModelFactory(), AIModelFactory(cost_per_second="0.5")
    page = ModelList(admin_client)
    services.revise(stale, {"name": "Renamed"})
    page.edit(stale, cost_per_second="0.7")
    page.edit(other, cost_per_second="0.9", is_premium="on")
    page.save()
    assert page.value(other, "cost_per_second") == "0.9"
    assert page.value(other, "is_premium") == ["on"] or page.value(other, "is_premium") == "on"
    assert stored(other).cost_per_second == Decimal("0.5")


def test_an_untouched_row_that_others_changed_is_neither_refused_nor_overwritten(
    admin_client: Client,
) -> None:
    changed, mine = AIModelFactory(cost_per_second="0.5"), AIModelFactory()
    page = ModelList(admin_client)
    services.revise(changed, {"cost_per_second": Decimal("0.6"), "is_premium": True})
    page.edit(mine, cost_per_second="0.9")
    assert page.save().status_code == 302
    assert stored(changed).cost_per_second == Decimal("0.6")
    assert stored(changed).is_premium
    assert stored(mine).cost_per_second == Decimal("0.9")


def test_errors_stand_beside_their_own_row_though_the_order_changed(admin_client: Client) -> None:
    first, second = AIModelFactory(name="A"), AIModelFactory(name="B")
    page = ModelList(admin_client)
    services.revise(first, {"name": "Z"})
    page.edit(second, cost_per_second="-1")
    response = page.save()
    shown = zip(response.context["cl"].result_list, response.context["cl"].formset.forms, strict=True)
    assert [(model.pk, form.instance.pk) for model, form in shown] == [
        (first.pk, first.pk),
        (second.pk, second.pk),
    ]
    assert page.value(second, "cost_per_second") == "-1"


@pytest.mark.parametrize("version", ["", "abc", "1e0", "٣", "-1", "9" * 40, None])
def test_a_row_that_does_not_say_its_version_is_refused(admin_client: Client, version: str | None) -> None:
    model = AIModelFactory(cost_per_second="0.5")
    page = ModelList(admin_client)
    page.edit(model, cost_per_second="0.7", version_number=version)
    assert row_errors(page.save(), model)["__all__"]
    assert stored(model).cost_per_second == Decimal("0.5")


# --- The rules -------------------------------------------------------------------------------------------

BAD_PRICES = [
    "",
    "0",
    "-1",
    "100.01",
    "0.0000000001",
    "NaN",
    "Infinity",
    "1e400",
    "1e-1",
    "1_0.5",
    "١",
    "0,75",
    "0.5\0",
    "9" * 5000,
    "abc",
]


@pytest.mark.parametrize("price", BAD_PRICES)
def test_a_bad_price_is_refused_beside_its_field(admin_client: Client, price: str) -> None:
    model = AIModelFactory(cost_per_second="0.5")
    page = ModelList(admin_client)
    page.edit(model, cost_per_second=price)
    assert list(row_errors(page.save(), model)) == ["cost_per_second"]
    assert stored(model).cost_per_second == Decimal("0.5")


def test_the_price_limits_say_what_would_be_right(admin_client: Client) -> None:
    model = AIModelFactory()
    page = ModelList(admin_client)
    page.edit(model, cost_per_second="100.5")
    assert row_errors(page.save(), model)["cost_per_second"] == ["A second costs at most $100."]
    page.edit(model, cost_per_second="0")
    assert row_errors(page.save(), model)["cost_per_second"] == ["A second costs more than $0."]


@pytest.mark.parametrize("price", ["100", "0.000000001", "0.123456789"])
def test_prices_up_to_the_limits_are_stored_exactly(admin_client: Client, price: str) -> None:
    model = AIModelFactory()
    page = ModelList(admin_client)
    page.edit(model, cost_per_second=price)
    assert page.save().status_code == 302
    assert stored(model).cost_per_second == Decimal(price)


def test_an_unknown_category_is_refused(admin_client: Client) -> None:
    model = AIModelFactory()
    page = ModelList(admin_client)
    page.edit(model, category="luxury")
    assert list(row_errors(page.save(), model)) == ["category"]
    assert stored(model).category is None


def test_deactivating_the_default_is_refused_beside_its_switch(admin_client: Client) -> None:
    default = AIModelFactory()
    AIModelFactory()
    page = ModelList(admin_client)
    page.edit(default, is_active=None)
    [error] = row_errors(page.save(), default)["is_active"]
    assert "Make another model the default first" in error
    assert stored(default).is_active
    assert stored(default).is_default


def test_one_bad_row_keeps_the_whole_page_from_being_saved(admin_client: Client) -> None:
    good, bad = AIModelFactory(cost_per_second="0.5"), AIModelFactory()
    page = ModelList(admin_client)
    page.edit(good, cost_per_second="0.6")
    page.edit(bad, cost_per_second="0")
    assert page.save().status_code == 200
    assert stored(good).cost_per_second == Decimal("0.5")


def test_a_row_that_breaks_a_rule_it_does_not_show_is_refused_above_the_row(admin_client: Client) -> None:
    model = AIModelFactory()
    untraced(AIModel).filter(pk=model.pk).update(supported_qualities=["gone"])
    page = ModelList(admin_client)
    page.edit(model, cost_per_second="0.7")
    [error] = row_errors(page.save(), model)["__all__"]
    assert error.startswith("qualities: ")
    assert stored(model).cost_per_second == model.cost_per_second


@pytest.mark.parametrize(
    "refusal", [DefaultModelRequired("a/b", field="is_default"), services.StaleModel("a/b")]
)
def test_a_refusal_at_the_last_moment_rolls_the_page_back_and_keeps_what_was_typed(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    first, second = AIModelFactory(cost_per_second="0.5"), AIModelFactory(cost_per_second="0.5")
    page = ModelList(admin_client)
    page.edit(first, cost_per_second="0.6")
    page.edit(second, cost_per_second="0.7")
    revise = services.revise

    def refuse_the_second(model: AIModel, *args: Any, **kwargs: Any) -> AIModel:
        if model.pk == second.pk:
            raise refusal
        return revise(model, *args, **kwargs)

    monkeypatch.setattr(services, "revise", refuse_the_second)
    response = page.save()
    assert str(refusal) in row_errors(response, second)["__all__"][0]
    assert page.value(first, "cost_per_second") == "0.6"
    assert {stored(first).cost_per_second, stored(second).cost_per_second} == {Decimal("0.5")}
    assert not LogEntry.objects.exists()


# --- Requests that no browser makes ----------------------------------------------------------------------


def test_a_row_that_is_gone_stops_the_save(admin_client: Client) -> None:
    gone, model = AIModelFactory(is_active=False), AIModelFactory(cost_per_second="0.5")
    page = ModelList(admin_client)
    untraced(AIModel).filter(pk=gone.pk).delete()
    page.edit(model, cost_per_second="0.7")
    response = page.save()
    assert "A row of this page is gone" in response.content.decode()
    assert stored(model).cost_per_second == Decimal("0.5")


def test_errors_stand_beside_their_own_row_though_another_is_gone(admin_client: Client) -> None:
    gone, model = AIModelFactory(name="A", is_active=False), AIModelFactory(name="B")
    page = ModelList(admin_client)
    untraced(AIModel).filter(pk=gone.pk).delete()
    page.edit(model, cost_per_second="-1")
    response = page.save()
    [form] = response.context["cl"].formset.forms
    assert (form.instance, list(form.errors)) == (model, ["cost_per_second"])
    assert list(response.context["cl"].result_list) == [model]


@pytest.mark.parametrize(
    "spoilt",
    [
        {"form-TOTAL_FORMS": "x"},
        {"form-TOTAL_FORMS": "-1"},
        {"form-TOTAL_FORMS": "-1", "form-INITIAL_FORMS": "-1"},
        {"form-TOTAL_FORMS": "0", "form-INITIAL_FORMS": "0"},
        {"form-TOTAL_FORMS": "101", "form-INITIAL_FORMS": "101"},
        {"form-TOTAL_FORMS": "1000000"},
        {"form-INITIAL_FORMS": "0"},
        {"form-INITIAL_FORMS": "2"},
        {"form-1-id": "1"},
    ],
)
def test_a_spoilt_page_is_refused_in_words_and_stores_nothing(
    admin_client: Client, spoilt: dict[str, str]
) -> None:
    model = AIModelFactory(cost_per_second="0.5")
    page = ModelList(admin_client)
    page.edit(model, cost_per_second="0.7")
    page.values.update(spoilt)
    response = admin_client.post(page.address, {**page.values, "_save": "Save"})
    assert response.status_code == 200
    assert response.content.decode().count("Nothing was saved; reload the list.") == 1
    assert stored(model).cost_per_second == Decimal("0.5")
    assert AIModel.objects.count() == 1


@pytest.mark.parametrize("key", ["abc", "9" * 30, ""])
def test_a_row_of_no_model_stores_nothing(admin_client: Client, key: str) -> None:
    model = AIModelFactory(cost_per_second="0.5")
    page = ModelList(admin_client)
    page.edit(model, cost_per_second="0.7", id=key)
    assert admin_client.post(page.address, {**page.values, "_save": "Save"}).status_code == 400
    assert stored(model).cost_per_second == Decimal("0.5")


@pytest.mark.parametrize("seen", [1, 7])  # version
def test_the_same_row_twice_is_refused_as_that(admin_client: Client, seen: int) -> None:
    model, other = AIModelFactory(cost_per_second="0.5"), AIModelFactory()
    page = ModelList(admin_client)
    page.edit(model, cost_per_second="0.7")
    page.edit(other, cost_per_second="0.8", version_number=str(seen))
    page.edit(other, id=str(model.pk))
    response = admin_client.post(page.address, {**page.values, "_save": "Save"})
    told = f"The page holds {model.model_id} twice. Nothing was saved; reload the list."
    errors = [form.errors for form in response.context["cl"].formset.forms]
    assert errors == [{"__all__": [told]}] * 2
    assert told in response.content.decode()
    assert "somebody else" not in response.content.decode()
    assert stored(model).cost_per_second == Decimal("0.5")


def test_saving_tells_how_many_models_changed(admin_client: Client) -> None:
    model = AIModelFactory()
    page = ModelList(admin_client)
    page.edit(model, is_premium="on")
    page.save()
    assert "1 model was changed" in messages_of(admin_client)
