"""Whatever is typed into the add form: an error beside its field, nothing stored, never a 500."""

import json

import pytest
from django.test import Client

from models_registry.models import AIModel
from tests.admin.pages import ADD, FILLED_IN, ObjectForm, errors_of
from tests.admin.test_inline_edits import BAD_PRICES
from tests.factories import standard_tiers

pytestmark = pytest.mark.django_db

FIFTY_ONE = ",".join(map(str, range(1, 52)))

BAD = {
    "model_id": [
        "",
        "default",
        "Premium",
        "a/validate",
        "a/b/History",
        "a b",
        "/a",
        "a//b",
        "ünï/code",
        "a\0b",
        "a/" * 6 + "a",
        "a" * 201,
    ],
    "name": ["", "   ", "n" * 201, "a\0b"],
    "description": ["d" * 5001, "a\0b"],
    "version": ["v" * 51],
    "cost_per_second": BAD_PRICES,
    "supported_durations": [
        "",
        ",",
        "5,a",
        "0",
        "3601",
        "4000",
        "-5",
        "5.5",
        "٥",
        "1_0",
        "9" * 400,
        "5\0",
        FIFTY_ONE,
    ],
    "supported_qualities": [[], ["8k"], ["standard", "gone"], ["a\0b"]],
    "max_duration": ["0", "3601", "abc", "5.0", "٩", "1_0", "9" * 400],
    "fixed_duration": ["7", "0", "x"],
    "provider": ["", "p" * 101, "a\0b"],
    "category": ["luxury", "a\0b"],
    "tags": ["t" * 51, FIFTY_ONE, "a\0b", '"open'],
    "replicate_model_id": ["", "r" * 301],
    "model_parameters": [
        "[]",
        "1",
        '"text"',
        "null",
        "{",
        "{'a': 1}",
        '{"a": NaN}',
        '{"a": -Infinity}',
        '{"a": 1e400}',
        '{"a": 1, "a": 2}',
        '{"a": {"b": 1, "b": 2}}',
        '{"a": "\\ud800"}',
        '{"a\\u0000": 1}',
        '{"a": "\\u0000"}',
        json.dumps({"a": "x" * 65_536}),
        '{"a":' * 40 + "1" + "}" * 40,
        '{"a":' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"a": ' + "9" * 5_000 + "}",
        '{"a": 1\0}',
    ],
    "requirements": ["[]", '{"a": Infinity}'],
}


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in BAD.items() for value in values]
)
def test_it_is_refused_beside_its_field(admin_client: Client, field: str, value: str | list[str]) -> None:
    standard_tiers()
    form = ObjectForm(admin_client, ADD)
    errors = errors_of(form.save(**FILLED_IN | {"max_duration": "", field: value}))
    assert list(errors) == [field]
    assert len(set(errors[field])) == len(errors[field])
    assert not AIModel.objects.exists()


def test_what_was_typed_comes_back_as_it_was(admin_client: Client) -> None:
    standard_tiers()
    form = ObjectForm(admin_client, ADD)
    wrong = {"model_parameters": '{"a": 1, "a": 2}', "supported_durations": "5,a", "cost_per_second": "-1"}
    form.save(**FILLED_IN | wrong)
    assert {name: form.values[name] for name in wrong} == wrong


def test_a_lone_surrogate_in_the_body_is_no_server_error(admin_client: Client) -> None:
    standard_tiers()
    body = "&".join(f"{name}={value}" for name, value in FILLED_IN.items() if isinstance(value, str))
    body = body.replace("name=Veo 3", "name=%ED%A0%80").replace(" ", "+")
    response = admin_client.post(
        ADD, body + "&supported_qualities=high", content_type="application/x-www-form-urlencoded"
    )
    assert response.status_code == 302
    assert "\ufffd" in AIModel.objects.get().name


def test_a_duplicate_key_is_named(admin_client: Client) -> None:
    standard_tiers()
    form = ObjectForm(admin_client, ADD)
    errors = errors_of(form.save(**FILLED_IN | {"requirements": '{"gpu": 1, "gpu": 2}'}))
    assert errors["requirements"] == ["$.gpu: This key stands twice."]


def test_broken_json_says_where(admin_client: Client) -> None:
    standard_tiers()
    form = ObjectForm(admin_client, ADD)
    errors = errors_of(form.save(**FILLED_IN | {"requirements": '{\n"gpu": }'}))
    assert "at $.gpu, line 2, column 8." in errors["requirements"][0]
