"""Reads forms from pages as a browser would send them, so that tests send what people send."""

from html.parser import HTMLParser
from typing import Any

from django.test import Client

from models_registry.models import AIModel

LIST = "/admin/models/"
ADD = "/admin/models/add/"
Sent = dict[str, Any]


class FormReader(HTMLParser):
    """The values that the form `form_id` would send, buttons left out."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id = form_id
        self.inside = False
        self.values: Sent = {}
        self.select: str | None = None
        self.textarea: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = {key: value or "" for key, value in attrs}
        if tag == "form":
            self.inside = facts.get("id") == self.form_id
        if not self.inside:
            return
        if tag == "input":
            self._read_input(facts)
        elif tag == "select":
            self.select = facts["name"]
            self.values.setdefault(facts["name"], "")
        elif tag == "option" and "selected" in facts and self.select:
            self.values[self.select] = facts["value"]
        elif tag == "textarea":
            self.textarea = facts["name"]
            self.values[facts["name"]] = ""

    def _read_input(self, facts: dict[str, str]) -> None:
        kind, name = facts.get("type", "text"), facts.get("name")
        if name is None or kind in {"submit", "button"}:
            return
        if kind == "radio" and "checked" not in facts:
            return
        if kind != "checkbox":
            self.values[name] = facts.get("value", "")
        elif "checked" in facts:
            self.values.setdefault(name, []).append(facts.get("value", "on"))

    def handle_data(self, data: str) -> None:
        if self.inside and self.textarea:
            self.values[self.textarea] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "select":
            self.select = None
        elif tag == "textarea" and self.textarea:
            # Browsers drop the newline that follows the opening tag.
            self.values[self.textarea] = self.values[self.textarea].removeprefix("\n")
            self.textarea = None


def read_form(html: str, form_id: str) -> Sent:
    reader = FormReader(form_id)
    reader.feed(html)
    assert reader.values, f"the page has no form {form_id}"
    return reader.values


class ModelList:
    """The list as one operator sees it: opened once, edited, then saved."""

    def __init__(self, client: Client, query: str = "") -> None:
        self.client = client
        self.address = LIST + query
        self.read(client.get(self.address))

    def read(self, response: Any) -> None:
        self.html = response.content.decode()
        self.values = read_form(self.html, "changelist-form")

    def prefix(self, model: AIModel) -> str:
        return next(
            name.removesuffix("-id")
            for name, value in self.values.items()
            if name.endswith("-id") and value == str(model.pk)
        )

    def edit(self, model: AIModel, **values: Any) -> None:
        """Type `values` into the row of `model`; None unticks a box."""
        for name, value in values.items():
            key = f"{self.prefix(model)}-{name}"
            if value is None:
                self.values.pop(key, None)
            else:
                self.values[key] = value

    def value(self, model: AIModel, name: str) -> Any:
        return self.values.get(f"{self.prefix(model)}-{name}")

    def save(self) -> Any:
        """Send the list; if it comes back with errors, read what it shows now."""
        response = self.client.post(self.address, {**self.values, "_save": "Save"})
        if response.status_code == 200:
            self.read(response)
        return response


class ObjectForm:
    """An add or change form as one operator sees it."""

    def __init__(self, client: Client, address: str, form_id: str = "aimodel_form") -> None:
        self.client, self.address, self.form_id = client, address, form_id
        response = client.get(address)
        assert response.status_code == 200, response.status_code
        self.read(response)

    def read(self, response: Any) -> None:
        self.html = response.content.decode()
        self.values = read_form(self.html, self.form_id)

    def save(self, **values: Any) -> Any:
        for name, value in values.items():
            if value is None:
                self.values.pop(name, None)
            else:
                self.values[name] = value
        response = self.client.post(self.address, {**self.values, "_save": "Save"})
        if response.status_code == 200:
            self.read(response)
        return response


def change_address(model: AIModel) -> str:
    return f"{LIST}{model.pk}/change/"


def errors_of(response: Any) -> dict[str, list[str]]:
    """What the form of a page says is wrong, by field; `__all__` stands at the top."""
    form = response.context["adminform"].form
    return {name: list(messages) for name, messages in form.errors.items()}


def row_errors(response: Any, model: AIModel) -> dict[str, list[str]]:
    """What the list says is wrong with the row of `model`."""
    forms = response.context["cl"].formset.forms
    form = next(form for form in forms if form.instance.pk == model.pk)
    return {name: list(messages) for name, messages in form.errors.items()}


def messages_of(client: Client, address: str = LIST) -> str:
    """The messages that the next page shows."""
    return " ".join(str(message) for message in client.get(address).context["messages"])


# A complete, valid add form.
FILLED_IN: Sent = {
    "model_id": "google/veo-3",
    "name": "Veo 3",
    "description": "Makes clips.",
    "version": "3.0",
    "cost_per_second": "0.75",
    "supported_durations": "8, 4, 6",
    "supported_qualities": ["standard", "high"],
    "max_duration": "8",
    "fixed_duration": "",
    "is_active": "on",
    "provider": "Google",
    "category": "premium",
    "tags": "fast, cinematic",
    "replicate_model_id": "google/veo-3",
    "model_parameters": '{"audio": true}',
    "requirements": "",
}
