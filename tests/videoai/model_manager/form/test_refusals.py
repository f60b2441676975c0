"""Whatever the API refuses, the form refuses beside the same field; what looks like code shows as text."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import QueryDict
from django.test import Client, RequestFactory
from django.utils import timezone

from models_registry.models import AIModel
from models_registry.usage.recording import record
from tests.admin.pages import FILLED_IN, change_address
from tests.factories import AIModelFactory, standard_tiers
from tests.models_registry.api.conftest import new_model
from tests.models_registry.usage.generations import generation

pytestmark = pytest.mark.django_db

FIFTY_ONE = list(range(1, 52))
# The same in both places: text that is sent as a JSON text, and typed as it is.
TEXTS = {
    "model_id": ["", "default", "a b", "a/validate", "a//b", "ünï/x", "a" * 201, "a\0b", "a/" * 6 + "a"],
    "name": ["", "   ", "n" * 201, "a\0b", "a\u2028b"],
    "description": ["d" * 5_001, "a\0b"],
    "version": ["v" * 51, "1\t2"],
    "provider": ["", "p" * 101, "a\0b"],
    "category": ["luxury", "a\0b"],
    "replicate_model_id": ["", "r" * 301, "a\u2029b"],
    "cost_per_second": ["", "0", "-1", "1,5", "1_0", "٥", "NaN", "100.000000001", "0.0000000001", "9" * 400],
}
# JSON, and how somebody types it.
LISTS = {
    "supported_durations": [
        ([], ""), ([0], "0"), ([-5], "-5"), ([3601], "3601"), ([5.5], "5.5"), (["x"], "5, x"),
        (FIFTY_ONE, ", ".join(map(str, FIFTY_ONE))), ([10**400], "1" + "0" * 400),
    ],
    "supported_qualities": [([], []), (["8k"], ["8k"]), (["standard", "a\0b"], ["standard", "a\0b"])],
    "tags": [
        (["t" * 51], "t" * 51), (list(map(str, FIFTY_ONE)), ",".join(map(str, FIFTY_ONE))),
        (["a\0b"], "a\0b"),
    ],
    "max_duration": [(0, "0"), (3601, "3601"), (4, "4"), (5.5, "5.5"), ("٩", "٩"), (2**40, str(2**40))],
    "fixed_duration": [(7, "7"), (0, "0"), (True, "true")],
}  # fmt: skip
# Typed as it is sent.
OBJECTS = (
    "[]", "1", "null", '"{}"', '{"a": NaN}', '{"a": 1e400}', '{"a": 1, "a": 2}', '{"a": "\\ud800"}',
    '{"a": "\\u0000"}', '{"\\u0000": 1}', '{"a": ' + "9" * 5_000 + "}", '{"a": ' * 40 + "1" + "}" * 40,
    json.dumps({"a": "x" * 65_536}),
)  # fmt: skip


def cases() -> Iterator[tuple[str, str, Any]]:
    """Field, what the API is sent, what is typed into the form."""
    for field, texts in TEXTS.items():
        yield from ((field, json.dumps(text), text) for text in texts)
    for field, pairs in LISTS.items():
        yield from ((field, json.dumps(value), typed) for value, typed in pairs)
    for field in ("model_parameters", "requirements"):
        yield from ((field, text, text) for text in OBJECTS)


def form_errors(user: User, model: AIModel | None, field: str, typed: Any) -> dict[str, list[str]]:
    """What the admin's own form says of `typed`; drawing the page for each would take minutes."""
    request = RequestFactory().get("/")
    request.user = user
    form_class: Any = admin.site._registry[AIModel].get_form(request, model, change=model is not None)  # type: ignore[attr-defined]
    sent = QueryDict(mutable=True)
    durations = {"supported_durations": "5, 9", "max_duration": ""}
    for name, value in {**FILLED_IN, **durations, field: typed}.items():
        sent.setlist(name, value if isinstance(value, list) else [value])
    if model is not None:
        sent["version_number"] = str(model.version_number)
        model = AIModel.objects.get(pk=model.pk)
    errors = form_class(sent, instance=model).errors
    return {name: list(messages) for name, messages in errors.items()}


def test_what_the_api_refuses_the_form_refuses_beside_the_same_field(
    admin_client: Client, admin: User
) -> None:
    model = AIModelFactory(model_id="a/b")
    for field, sent, typed in cases():
        for method, path, stored in (("POST", "", None), ("PATCH", "a/b/", model)):
            if stored is not None and field == "model_id":
                continue  # which that form only shows
            rest = new_model() if stored is None else {}
            others = [f'"{name}": {json.dumps(value)}' for name, value in rest.items() if name != field]
            wrong = f'"{field}": {sent}'
            body = f"{{{', '.join([wrong, *others])}}}"
            answer = admin_client.generic(method, f"/api/v1/models/{path}", body, "application/json")
            told = (method, field, sent[:80])
            assert answer.status_code == 400, told
            assert {error["field"].split(".")[0] for error in answer.json()["errors"]} == {field}, told
            errors = form_errors(admin, stored, field, typed)
            assert list(errors) == [field], (told, errors)
            if field in {"model_parameters", "requirements"}:
                assert all(message.startswith("$") for message in errors[field]), (told, errors)
    assert AIModel.objects.count() == 1


MARKUP = "<script>alert(1)</script>"
TEMPLATE = "{{ 7*7 }}{% now %}"
FORMULA = '=1+1"><img src=x>'


def test_what_looks_like_code_is_shown_as_text(admin_client: Client) -> None:
    standard_tiers()
    model = AIModelFactory(
        name=MARKUP,
        description=f"{TEMPLATE} {MARKUP}</textarea>",
        version=TEMPLATE,
        provider=FORMULA,
        replicate_model_id=FORMULA,
        tags=[MARKUP, "=1+1", TEMPLATE],
        model_parameters={MARKUP: f"</textarea>{MARKUP}"},
        requirements={"a": FORMULA},
    )
    record(
        model.model_id,
        generation(finished_at=timezone.now().isoformat()),
    )
    change = change_address(model)
    sent = {"name": FORMULA, "supported_durations": MARKUP, "requirements": "<b>", "change_reason": MARKUP}
    pages = [
        admin_client.get("/admin/"),
        admin_client.get("/admin/models/"),
        admin_client.get(change),
        admin_client.get(f"/admin/models/{model.pk}/history/"),
        admin_client.get(f"/admin/models/{model.pk}/usage/"),
        admin_client.post(change, {**FILLED_IN, **sent, "version_number": model.version_number}),
    ]
    for page in pages:
        html = page.content.decode()
        assert page.status_code == 200
        assert page is pages[0] or "&lt;script&gt;alert(1)&lt;/script&gt;" in html
        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert "</textarea>&lt;" not in html
    form = pages[2].content.decode()
    assert "{{ 7*7 }}{% now %}" in form
    assert "=1+1&quot;&gt;&lt;img src=x&gt;" in form
