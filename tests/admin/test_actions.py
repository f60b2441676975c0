import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from models_registry import services
from models_registry.choices import Status
from models_registry.models import AIModel
from tests.admin.pages import LIST, messages_of
from tests.factories import AIModelFactory, untraced

pytestmark = pytest.mark.django_db


def run(client: Client, action: str, *models: AIModel) -> str:
    """Tick `models`, run `action`, and return what the operator is told."""
    ticked = [model.pk for model in models]
    response = client.post(LIST, {"action": action, "_selected_action": ticked, "index": "0"})
    assert response.status_code == 302
    return messages_of(client)


def status(model: AIModel) -> str:
    return AIModel.objects.get(pk=model.pk).status


def default() -> AIModel:
    return AIModel.objects.get(is_default=True)


def test_make_default_moves_the_flag_and_logs_it(admin_client: Client) -> None:
    AIModelFactory()
    other = AIModelFactory()
    assert f"Made the default: {other.model_id}." in run(admin_client, "make_default", other)
    assert default() == other
    assert LogEntry.objects.get().object_id == str(other.pk)


def test_make_default_takes_exactly_one_model(admin_client: Client) -> None:
    first, second = AIModelFactory(), AIModelFactory()
    assert "exactly one" in run(admin_client, "make_default", first, second)
    assert default() == first


def test_a_draft_can_not_be_made_the_default(admin_client: Client) -> None:
    first, draft = AIModelFactory(), AIModelFactory(is_active=False)
    assert "only an active model can be the default" in run(admin_client, "make_default", draft)
    assert default() == first


def test_retire_takes_models_off_sale(admin_client: Client) -> None:
    AIModelFactory()
    second, third = AIModelFactory(), AIModelFactory()
    assert "Retired: " in run(admin_client, "retire", second, third)
    assert {status(second), status(third)} == {Status.RETIRED}


def test_retiring_the_default_is_refused_and_the_others_stay_too(admin_client: Client) -> None:
    first, second = AIModelFactory(name="B"), AIModelFactory(name="A")
    told = run(admin_client, "retire", first, second)
    assert "Nothing was changed, for none of the models." in told
    assert "Make another model the default first" in told
    assert {status(first), status(second)} == {Status.ACTIVE}
    assert not LogEntry.objects.exists()


def test_retiring_again_says_so_and_logs_nothing(admin_client: Client) -> None:
    AIModelFactory()
    retired = services.retire(AIModelFactory())
    assert "Already retired" in run(admin_client, "retire", retired)
    assert not LogEntry.objects.exists()


def test_restore_brings_a_model_back_as_active(admin_client: Client) -> None:
    AIModelFactory()
    retired = services.retire(AIModelFactory())
    assert "Restored: " in run(admin_client, "restore", retired)
    assert status(retired) == Status.ACTIVE


def test_restoring_a_model_that_was_never_retired_says_what_it_is(admin_client: Client) -> None:
    model = AIModelFactory()
    assert f"Already active: {model.model_id}." in run(admin_client, "restore", model)


@pytest.mark.parametrize("action", ["make_default", "retire", "restore"])
def test_models_that_have_left_the_list_are_missed(admin_client: Client, action: str) -> None:
    AIModelFactory()
    gone = AIModelFactory(is_active=False)
    pk = gone.pk
    untraced(AIModel).filter(pk=pk).delete()
    gone.pk = pk
    assert "the ticked models are no longer in this list" in run(admin_client, action, gone)


def test_the_whole_list_can_be_ticked(admin_client: Client) -> None:
    AIModelFactory()
    second, third = AIModelFactory(provider="Luma"), AIModelFactory(provider="Luma")
    sent = {"action": "retire", "_selected_action": [second.pk], "select_across": "1", "index": "0"}
    admin_client.post(f"{LIST}?provider=Luma", sent)
    assert {status(second), status(third)} == {Status.RETIRED}


def test_restoring_a_draft_is_refused(admin_client: Client) -> None:
    AIModelFactory()
    retired, draft = services.retire(AIModelFactory()), AIModelFactory(is_active=False)
    assert "only a retired model can be restored" in run(admin_client, "restore", retired, draft)
    assert status(retired) == Status.RETIRED


def test_restoring_a_row_that_breaks_a_rule_is_refused_in_words(admin_client: Client) -> None:
    AIModelFactory()
    retired = services.retire(AIModelFactory())
    untraced(AIModel).filter(pk=retired.pk).update(supported_qualities=["gone"])
    assert "is no quality tier" in run(admin_client, "restore", retired)
    assert status(retired) == Status.RETIRED


@pytest.mark.parametrize("action", ["make_default", "retire", "restore"])
def test_viewers_can_not_run_actions(client: Client, viewer: User, action: str) -> None:
    first, second = AIModelFactory(), AIModelFactory()
    client.force_login(viewer)
    client.post(LIST, {"action": action, "_selected_action": [second.pk], "index": "0"})
    assert status(second) == Status.ACTIVE
    assert default() == first


def test_deleting_is_no_action(admin_client: Client) -> None:
    AIModelFactory()
    model = AIModelFactory()
    assert "delete_selected" not in admin_client.get(LIST).content.decode()
    run(admin_client, "delete_selected", model)
    assert AIModel.objects.filter(pk=model.pk).exists()


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_delete_page_is_closed(admin_client: Client, method: str) -> None:
    model = AIModelFactory()
    response = getattr(admin_client, method)(f"{LIST}{model.pk}/delete/", {"post": "yes"})
    assert response.status_code == 403
    assert AIModel.objects.filter(pk=model.pk).exists()


@pytest.mark.parametrize("key", ["abc", "9" * 30, "", "1\0", "-1"])
def test_a_garbled_selection_is_a_bad_request(admin_client: Client, key: str) -> None:
    AIModelFactory()
    response = admin_client.post(LIST, {"action": "retire", "_selected_action": [key], "index": "0"})
    assert response.status_code == 400
