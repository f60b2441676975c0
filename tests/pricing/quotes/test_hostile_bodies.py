"""Whatever is sent: 4xx, a problem that names the field, and nothing kept."""

import json
from typing import Any

import pytest

from models_registry.usage.models import AgreedPrice
from pricing.quotes.models import HeldQuote
from tests.pricing.quotes.conftest import ASKED, Post, redemption

ASKING = "pricing/quotes/"
# Field, how its value is written, and what is wrong with it.
QUESTIONS = [
    ("model_id", "null", "null"),
    ("model_id", "7", "invalid"),
    ("model_id", '""', "blank"),
    ("model_id", '["a/b"]', "invalid"),
    ("model_id", '"a\\u0000b"', "invalid_text"),
    ("model_id", '"\\ud800"', "invalid_text"),
    ("model_id", json.dumps("m" * 201), "max_length"),
    ("model_id", json.dumps("m" * 900_000), "max_length"),
    ("model_id", '"a/b", "model_id": "a/c"', "repeated"),
    ("quality", "{}", "invalid"),
    ("quality", "true", "invalid"),
    ("quality", '"\\u0000"', "invalid_text"),
    ("duration", "null", "null"),
    ("duration", '"5"', "invalid"),
    ("duration", "true", "invalid"),
    ("duration", "5.5", "invalid"),
    ("duration", "NaN", "invalid"),
    ("duration", "Infinity", "invalid"),
    ("duration", "1e400", "invalid"),
    ("duration", "1e99999999999999999999", "invalid"),
    ("duration", "1e-400", "invalid"),
    ("duration", "9" * 4_000, "invalid"),
    ("duration", "9" * 5_000, "invalid"),
    ("duration", "[5]", "invalid"),
    ("with_audio", '"true"', "invalid"),
    ("with_audio", "1", "invalid"),
    ("with_audio", "[]", "invalid"),
    ("colour", "1", "unknown_field"),
    ("credits", "1", "unknown_field"),
    ("__class__", "1", "unknown_field"),
    ("\\u0000", "1", "unknown_field"),
]
REDEMPTIONS = [
    ("generation_id", "null", "null"),
    ("generation_id", '""', "blank"),
    ("generation_id", "7", "invalid"),
    ("generation_id", '"a\\u0000"', "invalid_text"),
    ("generation_id", '"\\ud800"', "invalid_text"),
    ("generation_id", json.dumps("g" * 201), "max_length"),
    ("state", '"open"', "unknown_field"),
    ("redeemed_by", '"me"', "unknown_field"),
    ("terms", "{}", "unknown_field"),
    ("terms__credits", "1", "unknown_field"),
    ("signature", '"\\udfff"', "invalid_text"),
    ("credits", "NaN", "invalid"),
    ("credits", "9" * 5_000, "invalid"),
]
NO_OBJECTS = [b"", b"[]", b"null", b'"x"', b"{", b"\xff", b"[" * 100_000, b'{"a": ' * 40 + b"1" + b"}" * 40]


def with_text(good: dict[str, Any], field: str, text: str) -> bytes:
    rest = json.dumps({name: value for name, value in good.items() if name != field})[1:]
    return f'{{"{field}": {text}{"," if rest != "}" else ""} {rest}'.encode()


def assert_refused(response: Any, field: str, code: str) -> None:
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    (error,) = response.json()["errors"]
    assert (error["field"], error["code"]) == (field.replace("\\u0000", "\ufffd"), code)
    assert len(response.content) < 5_000


@pytest.mark.usefixtures("catalogue")
def test_a_bad_question_is_refused_by_name(post: Post) -> None:
    for field, text, code in QUESTIONS:
        assert_refused(post(ASKING, with_text(ASKED, field, text)), field, code)
    assert not HeldQuote.objects.exists()


def test_a_bad_redemption_is_refused_by_name(held: HeldQuote, post: Post) -> None:
    for field, text, code in REDEMPTIONS:
        assert_refused(post(redemption(held), with_text({"generation_id": "g-1"}, field, text)), field, code)
    assert not AgreedPrice.objects.exists()


def test_what_is_missing_is_named(held: HeldQuote, post: Post) -> None:
    found = {
        path: {error["field"]: error["code"] for error in post(path, {}).json()["errors"]}
        for path in (ASKING, redemption(held))
    }

    assert found == {
        ASKING: dict.fromkeys(("model_id", "quality", "duration"), "required"),
        redemption(held): {"generation_id": "required"},
    }


@pytest.mark.parametrize("body", NO_OBJECTS, ids=range(len(NO_OBJECTS)))
def test_what_is_no_object_is_refused(held: HeldQuote, post: Post, body: bytes) -> None:
    for path in (ASKING, redemption(held)):
        response = post(path, body)
        assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    assert HeldQuote.objects.count() == 1
    assert not AgreedPrice.objects.exists()


def test_questions_take_no_parameters(held: HeldQuote, post: Post, client: Any) -> None:
    for path, body in ((ASKING, ASKED), (redemption(held), {"generation_id": "g-1"})):
        assert_refused(post(f"{path}?colour=red", body), "colour", "unknown_parameter")
    assert client.get(f"/api/v1/{ASKING}{held.pk}/?colour=red").status_code == 400
