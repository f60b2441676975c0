from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from models_registry import services
from models_registry.choices import Status
from models_registry.models import AIModel
from tests.admin.pages import LIST, messages_of, read_form
from tests.factories import AIModelFactory

pytestmark = pytest.mark.django_db


class Deed:
    """The page that follows when `models` are ticked and `name` is chosen."""

    def __init__(self, client: Client, name: str, *models: AIModel, query: str = "") -> None:
        self.client, self.address = client, f"{LIST}do/{name.replace('_', '-')}/"
        ticked = [model.pk for model in models]
        self.read(client.post(LIST + query, {"action": name, "_selected_action": ticked, "index": "0"}))

    def read(self, response: Any) -> None:
        assert response.status_code == 200
        self.html = response.content.decode()
        self.values = read_form(self.html, "deed-form")

    def confirm(self, **values: Any) -> Any:
        response = self.client.post(self.address, {**self.values, **values, "confirmed": "yes"})
        if response.status_code == 200:
            self.read(response)
        return response


def status(model: AIModel) -> str:
    return AIModel.objects.get(pk=model.pk).status


def test_retiring_asks_first(admin_client: Client) -> None:
    AIModelFactory()
    model = AIModelFactory()
    page = Deed(admin_client, "retire", model)
    assert "It is active and will be retired." in page.html
    assert status(model) == Status.ACTIVE


def test_what_was_confirmed_is_done_and_logged_and_leads_back_to_the_list(admin_client: Client) -> None:
    AIModelFactory()
    model = AIModelFactory()
    response = Deed(admin_client, "retire", model, query="?status=active").confirm()
    assert response.headers["Location"] == f"{LIST}?status=active"
    assert status(model) == Status.RETIRED
    assert f"Retired: {model.model_id}." in messages_of(admin_client)
    assert LogEntry.objects.get().object_id == str(model.pk)


def test_what_a_service_refuses_is_done_to_none(admin_client: Client) -> None:
    default, other = AIModelFactory(), AIModelFactory()
    page = Deed(admin_client, "retire", other, default)
    assert page.confirm().status_code == 200
    assert "Make another model the default first" in page.html
    assert {status(default), status(other)} == {Status.ACTIVE}
    assert not LogEntry.objects.exists()


def test_a_model_that_changed_in_the_meantime_is_looked_at_again(admin_client: Client) -> None:
    AIModelFactory()
    model = AIModelFactory()
    page = Deed(admin_client, "retire", model)
    services.revise(model, {"name": "Theirs"})
    page.confirm()
    assert "changed in the meantime" in page.html
    assert status(model) == Status.ACTIVE
    assert page.confirm().status_code == 302
    assert status(model) == Status.RETIRED


@pytest.mark.parametrize("text", ["", "1", "1:x", "٣:1", "1:1,", ",".join(["1:1"] * 1_001), "\0"])
def test_keys_that_no_page_sends_are_refused(admin_client: Client, text: str) -> None:
    AIModelFactory()
    assert admin_client.post(f"{LIST}do/retire/", {"chosen": text}).status_code == 400
