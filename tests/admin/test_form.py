from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth.models import User
from django.test import Client

from models_registry import services
from models_registry.errors import ModelIdTaken, StaleModel
from models_registry.models import AIModel
from tests.admin.pages import ADD, FILLED_IN, LIST, ObjectForm, change_address, errors_of
from tests.factories import AIModelFactory, standard_tiers, untraced

pytestmark = pytest.mark.django_db


@pytest.fixture
def add_form(admin_client: Client) -> ObjectForm:
    standard_tiers()
    return ObjectForm(admin_client, ADD)


def stored(model: AIModel) -> AIModel:
    return AIModel.objects.get(pk=model.pk)


# --- Adding ----------------------------------------------------------------------------------------------


def test_adding_stores_every_field(add_form: ObjectForm) -> None:
    response = add_form.save(**FILLED_IN)
    assert (response.status_code, response.url) == (302, LIST)
    model = AIModel.objects.get()
    assert (model.model_id, model.name, model.version) == ("google/veo-3", "Veo 3", "3.0")
    assert (model.cost_per_second, model.category) == (Decimal("0.75"), "premium")
    assert (model.supported_durations, model.max_duration) == ([4, 6, 8], 8)
    assert model.supported_qualities == ["standard", "high"]
    assert model.tags == ["fast", "cinematic"]
    assert (model.model_parameters, model.requirements) == ({"audio": True}, {})


def test_adding_is_logged_under_the_new_key(add_form: ObjectForm) -> None:
    add_form.save(**FILLED_IN)
    entry = LogEntry.objects.get()
    assert (entry.action_flag, entry.object_id) == (ADDITION, str(AIModel.objects.get().pk))


def test_the_first_active_model_becomes_the_default(add_form: ObjectForm) -> None:
    add_form.save(**FILLED_IN)
    assert AIModel.objects.get().is_default


def test_save_and_continue_leads_to_the_new_model(admin_client: Client, add_form: ObjectForm) -> None:
    response = admin_client.post(ADD, {**FILLED_IN, "_continue": "1"})
    assert response.url == change_address(AIModel.objects.get())


def test_a_category_is_not_needed(add_form: ObjectForm) -> None:
    add_form.save(**FILLED_IN | {"category": ""})
    assert AIModel.objects.get().category is None


def test_an_added_model_is_in_the_next_reading_of_the_api(add_form: ObjectForm, get: Any) -> None:
    assert get("models/").json()["count"] == 0
    add_form.save(**FILLED_IN)
    assert get("models/google/veo-3/").json()["cost_per_second"] == "0.75"


@pytest.mark.parametrize("taken", ["google/veo-3", "Google/VEO-3"])
def test_a_taken_id_is_refused_beside_the_id(add_form: ObjectForm, taken: str) -> None:
    services.retire(AIModelFactory(model_id=taken, is_active=False))
    errors = errors_of(add_form.save(**FILLED_IN))
    assert list(errors) == ["model_id"]
    assert f"is taken by {taken}" in errors["model_id"][0]
    assert AIModel.objects.count() == 1


def test_an_id_taken_at_the_last_moment_is_refused_beside_the_id(
    add_form: ObjectForm, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(values: Any, **_: Any) -> AIModel:
        raise ModelIdTaken("google/veo-3", "Google/Veo-3")

    monkeypatch.setattr(services, "create", refuse)
    assert list(errors_of(add_form.save(**FILLED_IN))) == ["model_id"]
    assert not LogEntry.objects.exists()


def test_an_empty_form_names_every_field_that_is_needed(add_form: ObjectForm) -> None:
    assert set(errors_of(add_form.save())) == {
        "model_id",
        "name",
        "cost_per_second",
        "supported_durations",
        "supported_qualities",
        "provider",
        "replicate_model_id",
    }


def test_markup_is_shown_as_text_when_the_form_comes_back(add_form: ObjectForm) -> None:
    add_form.save(**FILLED_IN | {"name": "<b>x</b>", "supported_durations": "<i>"})
    assert "<b>x</b>" not in add_form.html
    assert "<i>" not in add_form.html
    assert add_form.values["name"] == "<b>x</b>"


def test_a_tag_with_a_comma_stands_in_quotes(add_form: ObjectForm, admin_client: Client) -> None:
    add_form.save(**FILLED_IN | {"tags": 'fast, "slow, steady", "say ""hi"""'})
    model = AIModel.objects.get()
    assert model.tags == ["fast", "slow, steady", 'say "hi"']
    again = ObjectForm(admin_client, change_address(model))
    again.save(name="Renamed", tags=again.values["tags"] + ", new")
    assert stored(model).tags == ["fast", "slow, steady", 'say "hi"', "new"]


# --- Changing --------------------------------------------------------------------------------------------


@pytest.fixture
def model(db: None) -> AIModel:
    return AIModelFactory(
        model_id="google/veo-3",
        description="One\nTwo",
        tags=["fast"],
        cost_per_second="0.75",
        model_parameters={"seed": 1, "name": "é"},
    )


@pytest.fixture
def form(admin_client: Client, model: AIModel) -> ObjectForm:
    return ObjectForm(admin_client, change_address(model))


def test_lists_and_prices_are_shown_as_people_write_them(form: ObjectForm) -> None:
    assert form.values["supported_durations"] == "5, 9"
    assert form.values["tags"] == "fast"
    assert form.values["cost_per_second"] == "0.75"
    assert form.values["supported_qualities"] == ["standard", "high", "ultra"]
    assert '"name": "é"' in form.values["model_parameters"]


def test_only_what_changed_is_written_and_logged(form: ObjectForm, model: AIModel) -> None:
    assert form.save(name="Veo 3.1", supported_durations="9,5, 7").status_code == 302
    now = stored(model)
    assert (now.name, now.supported_durations) == ("Veo 3.1", [5, 7, 9])
    assert now.version_number == model.version_number + 1
    entry = LogEntry.objects.get()
    assert (entry.action_flag, entry.object_id) == (CHANGE, str(model.pk))
    assert entry.get_change_message() == "Changed Name and Durations."


def test_saving_without_a_change_changes_nothing(form: ObjectForm, model: AIModel) -> None:
    form.values["description"] = "One\r\nTwo"  # as browsers send it
    assert form.save().status_code == 302
    assert stored(model).version_number == model.version_number


def test_a_change_of_type_inside_json_is_a_change(form: ObjectForm, model: AIModel) -> None:
    form.save(model_parameters='{"seed": true, "name": "é"}')
    assert stored(model).model_parameters["seed"] is True


def test_the_id_and_the_default_flag_can_only_be_read(form: ObjectForm, model: AIModel) -> None:
    other = AIModelFactory()
    assert "model_id" not in form.values
    assert "is_default" not in form.values
    form.save(model_id="google/other", is_default=None, name="Renamed")
    assert (stored(model).model_id, stored(model).name) == ("google/veo-3", "Renamed")
    assert not stored(other).is_default


def test_the_times_are_shown_in_utc(form: ObjectForm, model: AIModel) -> None:
    assert f"{model.created_at:%Y-%m-%d %H:%M:%S} UTC" in form.html


def test_a_stale_form_is_refused_and_says_what_stands_now(form: ObjectForm, model: AIModel) -> None:
    services.revise(model, {"name": "Theirs"})
    [error] = errors_of(form.save(name="Mine"))["__all__"]
    assert "changed by somebody else" in error
    assert "Name is now Theirs." in error
    assert stored(model).name == "Theirs"
    assert form.values["name"] == "Mine"


def test_a_stale_form_links_to_the_form_as_it_stands_now(form: ObjectForm, model: AIModel) -> None:
    services.revise(model, {"name": "Theirs <b>"})
    form.save(name="Mine")
    assert f'<a href="{change_address(model)}">Open the form afresh</a>' in form.html
    assert "Name is now Theirs &lt;b&gt;." in form.html
    assert "Reload" not in form.html


def test_a_stale_form_in_which_nothing_was_typed_is_not_refused(form: ObjectForm, model: AIModel) -> None:
    services.revise(model, {"is_premium": True})
    form.values["is_premium"] = "on"
    assert form.save().status_code == 302
    assert stored(model).is_premium


def test_an_untouched_form_survives_that_the_model_was_made_the_default(admin_client: Client) -> None:
    AIModelFactory()
    other = AIModelFactory()
    form = ObjectForm(admin_client, change_address(other))
    services.make_default(other)
    assert form.save().status_code == 302
    assert stored(other).is_default


def test_the_same_change_sent_twice_is_not_refused(form: ObjectForm, model: AIModel) -> None:
    assert form.save(name="Mine").status_code == 302
    assert form.save().status_code == 302
    assert stored(model).version_number == model.version_number + 1


@pytest.mark.parametrize("stored_as", ["One\rTwo", "One\r\nTwo", "One\nTwo"])
def test_line_ends_of_any_kind_are_no_change(admin_client: Client, model: AIModel, stored_as: str) -> None:
    untraced(AIModel).filter(pk=model.pk).update(description=stored_as)
    form = ObjectForm(admin_client, change_address(model))
    assert form.save(name="Renamed", description="One\r\nTwo").status_code == 302
    assert (stored(model).name, stored(model).description) == ("Renamed", stored_as)


def test_the_default_flag_is_only_shown_once_there_is_a_model(
    add_form: ObjectForm, admin_client: Client
) -> None:
    assert "field-default_text" not in add_form.html
    add_form.save(**FILLED_IN)
    html = ObjectForm(admin_client, change_address(AIModel.objects.get())).html
    assert "field-default_text" in html
    assert "run Make default" in html


@pytest.mark.parametrize("version", ["", "abc", "1.0", None])
def test_a_form_that_does_not_say_its_version_is_refused(
    form: ObjectForm, model: AIModel, version: str | None
) -> None:
    assert (
        "does not say which version"
        in errors_of(form.save(name="Mine", version_number=version))["__all__"][0]
    )
    assert stored(model).name == model.name


def test_a_refusal_at_the_last_moment_is_shown_and_nothing_is_logged(
    form: ObjectForm, model: AIModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(model: AIModel, *args: Any, **kwargs: Any) -> AIModel:
        raise StaleModel(model.model_id)

    monkeypatch.setattr(services, "revise", refuse)
    assert "changed by somebody else" in errors_of(form.save(name="Mine"))["__all__"][0]
    assert form.values["name"] == "Mine"
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("change", [{"is_active": None}, {"is_deprecated": "on"}])
def test_the_default_can_not_be_taken_off_sale(
    form: ObjectForm, model: AIModel, change: dict[str, str | None]
) -> None:
    errors = errors_of(form.save(**change))
    assert list(errors) == list(change)
    assert "Make another model the default first" in errors[next(iter(change))][0]
    assert stored(model).is_default


def test_what_is_stored_is_not_blamed_beside_what_was_typed(form: ObjectForm, model: AIModel) -> None:
    untraced(AIModel).filter(pk=model.pk).update(supported_qualities=["gone"])
    version = str(stored(model).version_number)
    errors = errors_of(form.save(supported_qualities=[], version_number=version))
    assert errors == {"supported_qualities": ["This field is required."]}


def test_deprecating_stamps_the_time(admin_client: Client, model: AIModel) -> None:
    other = AIModelFactory()
    ObjectForm(admin_client, change_address(other)).save(is_deprecated="on")
    assert stored(other).deprecated_at is not None


def test_the_rules_between_fields_hold(form: ObjectForm, model: AIModel) -> None:
    assert list(errors_of(form.save(max_duration="4"))) == ["max_duration"]
    assert list(errors_of(form.save(max_duration="", fixed_duration="5"))) == ["fixed_duration"]
    assert stored(model).max_duration is None


def test_neither_deleting_nor_saving_as_new_is_offered(form: ObjectForm) -> None:
    assert "/delete/" not in form.html
    assert "_saveasnew" not in form.html


def test_saving_as_new_by_hand_adds_nothing(admin_client: Client, form: ObjectForm) -> None:
    response = admin_client.post(form.address, {**form.values, "_saveasnew": "1"})
    assert response.status_code == 200
    assert AIModel.objects.count() == 1


def test_a_viewer_reads_texts_and_no_raw_json(client: Client, viewer: User, model: AIModel) -> None:
    client.force_login(viewer)
    html = client.get(change_address(model)).content.decode()
    assert "5, 9 s" in html
    assert ">fast<" in html
    assert "standard, high, ultra" in html
    assert "[5, 9]" not in html
    assert "0.750" not in html
    assert 'name="_save"' not in html


def test_a_viewer_can_not_save(client: Client, admin: User, viewer: User, model: AIModel) -> None:
    client.force_login(admin)
    form = ObjectForm(client, change_address(model))
    client.force_login(viewer)
    assert form.save(name="Mine").status_code == 403
    assert client.post(ADD, FILLED_IN).status_code == 403
    assert stored(model).name == model.name


def test_an_unknown_model_leads_back_with_a_word(admin_client: Client) -> None:
    for key in ("999", "9" * 30, "abc"):
        response = admin_client.get(f"{LIST}{key}/change/", follow=True)
        assert "doesn’t exist" in str(next(iter(response.context["messages"])))
