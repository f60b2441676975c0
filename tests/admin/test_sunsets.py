"""Sunset and successor in the form, in the list and in what is done from there."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from models_registry import services
from models_registry.models import AIModel
from tests.admin.pages import LIST, ObjectForm, change_address, errors_of
from tests.factories import AIModelFactory, untraced

pytestmark = pytest.mark.django_db

FUTURE = datetime(2099, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def model() -> AIModel:
    AIModelFactory(model_id="a/first", name="First")
    return AIModelFactory(model_id="a/going", name="Going")


def stored(model: AIModel) -> AIModel:
    return AIModel.objects.get(pk=model.pk)


@pytest.mark.parametrize("typed", ["2099-01-02T03:04:05", "2099-01-02 03:04:05", "2099-01-02T03:04:05.123Z"])
def test_they_are_typed_in_utc_shown_again_and_taken_off(
    admin_client: Client, model: AIModel, typed: str
) -> None:
    form = ObjectForm(admin_client, change_address(model))
    assert form.save(sunset_at=typed, successor="a/first").status_code == 302
    assert (stored(model).sunset_at, stored(model).successor) == (FUTURE, "a/first")

    form = ObjectForm(admin_client, change_address(model))
    assert 'type="datetime-local" name="sunset_at" value="2099-01-02T03:04:05"' in form.html
    version = stored(model).version_number
    assert form.save(name="Renamed").status_code == 302
    assert (stored(model).sunset_at, stored(model).version_number) == (FUTURE, version + 1)

    form = ObjectForm(admin_client, change_address(model))
    assert form.save(sunset_at="", successor="").status_code == 302
    assert (stored(model).sunset_at, stored(model).successor) == (None, None)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        *(({"sunset_at": typed}, "sunset_at") for typed in ("soon", "2099-01-02", "2099-13-01T00:00", "\0")),
        *(({"sunset_at": typed}, "sunset_at") for typed in ("2020-01-01T00:00", "2200-01-01T00:00")),
        *(({"successor": typed}, "successor") for typed in ("no/such", "a/going", "x" * 201, "\0")),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    admin_client: Client, model: AIModel, change: dict[str, str], field: str
) -> None:
    form = ObjectForm(admin_client, change_address(model))
    assert list(errors_of(form.save(**change))) == [field]
    assert stored(model).version_number == model.version_number


def test_a_default_that_outlived_its_sunset_can_be_saved(admin_client: Client, model: AIModel) -> None:
    first = AIModel.objects.get(model_id="a/first")
    untraced(AIModel).filter(pk=first.pk).update(sunset_at=datetime(2026, 1, 1, tzinfo=UTC))
    form = ObjectForm(admin_client, change_address(first))
    assert form.save(name="Still here").status_code == 302


def leave(model: AIModel, days: float) -> None:
    untraced(AIModel).filter(pk=model.pk).update(sunset_at=timezone.now() + timedelta(days=days))


def listed(response: Any) -> list[str]:
    return [one.name for one in response.context["cl"].result_list]


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (11.5, "sunset in 12 days"),
        (0.5, "sunset within a day"),
    ],
)
def test_the_list_marks_what_goes(admin_client: Client, model: AIModel, days: float, words: str) -> None:
    leave(model, days)
    html = admin_client.get(LIST).content.decode()
    assert re.findall(r'class="mark mark-sunset"[^>]*>([^<]*)<', html) == [words]


def test_only_a_default_without_an_heir_is_ever_past_its_sunset(admin_client: Client, model: AIModel) -> None:
    for one in (model, AIModel.objects.get(model_id="a/first")):
        leave(one, -9)
    html = admin_client.get(LIST).content.decode()
    assert re.findall(r'class="mark mark-sunset"[^>]*>([^<]*)<', html) == ["past its sunset"]
    assert stored(model).status == "retired"


def test_the_list_is_narrowed_to_what_goes(admin_client: Client, model: AIModel) -> None:
    leave(model, 20)
    leave(AIModelFactory(name="Gone", is_active=False), 2)
    leave(AIModel.objects.get(model_id="a/first"), -2)
    AIModelFactory(name="Undated", is_deprecated=True)
    shown = {
        key: listed(admin_client.get(f"{LIST}?sunset={key}")) for key in ("7", "30", "365", "past", "undated")
    }
    assert shown == {"7": [], "30": ["Going"], "365": ["Going"], "past": ["First"], "undated": ["Undated"]}


def test_a_copy_goes_nowhere_and_names_nobody(admin_client: Client, model: AIModel) -> None:
    services.revise(model, {"sunset_at": FUTURE, "successor": "a/first"})
    page = admin_client.get(f"{LIST}{model.pk}/duplicate/")
    form = page.context["form"]
    assert {form.copied()[name] for name in ("sunset_at", "successor")} == {None}


def test_the_history_tells_of_them_and_leads_back(admin_client: Client, model: AIModel) -> None:
    services.revise(model, {"sunset_at": FUTURE, "successor": "a/first"})
    history = admin_client.get(f"{LIST}{model.pk}/history/").content.decode()
    assert "sunset: none → 2099-01-02 03:04:05 UTC" in history
    assert "successor: none → a/first" in history
    [earlier] = re.findall(r'href="([^"]*/restore/)"', history)
    assert ObjectForm(admin_client, earlier, form_id="restore_form").save().status_code == 302
    assert (stored(model).sunset_at, stored(model).successor) == (None, None)
