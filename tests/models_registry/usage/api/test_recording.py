"""Recording over HTTP: one generation, and many."""

import json
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from models_registry.audit.models import AuditEntry
from models_registry.models import AIModel
from models_registry.usage.models import GenerationKey
from tests.factories import AIModelFactory, bearer, service_token
from tests.laying import laid_once
from tests.models_registry.api.conftest import catalogue, errors_of
from tests.models_registry.usage.generations import NOW, counted, kept
from videoai.api.problem import FIELD_CODES

pytestmark = pytest.mark.django_db

ONE, MANY = "models/a/b/generations/", "generations/batch/"
each_address = pytest.mark.parametrize("path", [ONE, MANY])
GOOD = {"generation_id": "g-1", "generation_time": 12.5, "success": True}
ITEM = {"model_id": "a/b", **GOOD}
NOTHING = [[], [], [], [], []]
MIB = 1024 * 1024
Post = Callable[..., Any]


@laid_once("module")
def models() -> None:
    AIModelFactory(model_id="a/b")


@pytest.fixture(autouse=True)
def model(models: None) -> AIModel:
    return AIModel.objects.get(model_id="a/b")


@pytest.fixture
def post(client: Client) -> Post:
    """Send as a backend does: `post(ONE, {…}, headers={…})`."""
    token = bearer(service_token("usage:write").text)

    def post(path: str, body: Any, *, content_type: str = "application/json", **headers: str) -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.generic(
            "POST", f"/api/v1/{path}", content, content_type=content_type, headers={**token, **named}
        )

    return post


def body_for(path: str, **fields: Any) -> dict[str, Any]:
    return {**GOOD, **fields} if path == ONE else {"generations": [{**ITEM, **fields}]}


def assert_refused(response: Any, status: int, code: str) -> dict[str, Any]:
    """The problem; nothing was recorded."""
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    problem: dict[str, Any] = response.json()
    assert (problem["code"], problem["request_id"]) == (code, response["X-Request-ID"])
    assert kept() == NOTHING
    return problem


# --- One -------------------------------------------------------------------------------------------------


@time_machine.travel(NOW, tick=False)
def test_a_generation_is_recorded_and_shown(post):
    response = post(ONE, GOOD)

    assert response.status_code == 201
    assert response.json() == {
        "model_id": "a/b",
        "generation_id": "g-1",
        "generation_time": 12.5,
        "success": True,
        "duration": None,
        "quality": None,
        "queue_time": None,
        "error_code": None,
        "cost_usd": None,
        "credits": None,
        "price_row": None,
        "finished_at": "2026-11-22T19:18:05Z",
    }
    assert counted() == {"a/b": (1, 1, 12_500_000)}


def test_all_that_can_be_said_is_shown_as_it_is_written_everywhere(post):
    body = (
        b'{"generation_id": "g-1", "generation_time": "0.000001", "success": false, "duration": 8.0,'
        b' "quality": "high", "queue_time": 1e1, "error_code": "provider_timeout", "cost_usd": 0.1000000010,'
        b' "credits": 27, "finished_at": "2026-11-22T20:18:05.123456789+01:00"}'
    )

    assert post(ONE, body).json() == {
        "model_id": "a/b",
        "generation_id": "g-1",
        "generation_time": 0.000001,
        "success": False,
        "duration": 8,
        "quality": "high",
        "queue_time": 10,
        "error_code": "provider_timeout",
        "cost_usd": "0.100000001",
        "credits": 27,
        "price_row": None,
        "finished_at": "2026-11-22T19:18:05.123000Z",
    }


@pytest.mark.parametrize(
    "again",
    [
        b'{"generation_id": "g-1", "generation_time": 4, "success": true}',
        b'{"generation_id": "g-1", "generation_time": 4.0, "success": true}',
        b'{"generation_id": "g-1", "generation_time": "4.0", "success": true}',
        b'{"success": true, "generation_time": 40e-1, "generation_id": "\\u0067-1", "credits": null}',
    ],
)
def test_the_same_again_is_200_with_the_same_record(post, again):
    first = post(ONE, {**GOOD, "generation_time": 4})
    before = kept()

    response = post(ONE, again)

    assert (first.status_code, response.status_code) == (201, 200)
    assert response.content == first.content
    assert kept() == before


def test_what_was_answered_can_be_sent_again(post):
    record = post(ONE, GOOD).json()
    del record["model_id"]  # the address says it

    assert post(ONE, record).status_code == 200


def test_other_content_and_another_model_are_conflicts(post):
    AIModelFactory(model_id="a/other")
    post(ONE, GOOD)
    before = kept()

    for path, body in ((ONE, {**GOOD, "success": False}), ("models/a/other/generations/", GOOD)):
        response = post(path, body)
        assert (response.status_code, response.json()["code"]) == (409, "generation_conflict")
        assert errors_of(response) == {"generation_id": "generation_conflict"}
    assert kept() == before


@pytest.mark.parametrize(
    "model_id", ["no/such", "A/B", "a/b/", "a%00", "..%2fa", "%ED%A0%80", "a%0ab", "a" * 900]
)
def test_an_unknown_model_is_404(post, model_id):
    assert_refused(post(f"models/{model_id}/generations/", GOOD), 404, "model_unavailable")


@pytest.mark.parametrize(
    "model_id", ["a/b", "solo", "fal_ai/bytedance/seedance-2.5/text-to-video", "a/b/c/d/e/f"]
)
def test_ids_may_hold_slashes(post, model_id):
    if model_id != "a/b":
        AIModelFactory(model_id=model_id)

    assert post(f"models/{model_id}/generations/", GOOD).json()["model_id"] == model_id


def test_every_faulty_field_is_named(post):
    body = (
        b'{"generation_id": "", "generation_time": -1, "success": 1, "duration": 5.5, "quality": "8k",'
        b' "queue_time": 1e400, "error_code": "a b", "cost_usd": 0.0000000001, "credits": true,'
        b' "finished_at": "yesterday", "model_id": "a/b", "colour": "red"}'
    )

    problem = assert_refused(post(ONE, body), 400, "invalid")

    assert {error["field"]: error["code"] for error in problem["errors"]} == {
        "generation_id": "blank",
        "generation_time": "min_value",
        "success": "invalid",
        "duration": "invalid",
        "quality": "unknown_quality",
        "queue_time": "max_value",
        "error_code": "invalid",
        "cost_usd": "max_decimal_places",
        "credits": "invalid",
        "finished_at": "invalid",
        "model_id": "unknown_field",
        "colour": "unknown_field",
    }


HOSTILE = [
    ("generation_time", "NaN"),
    ("generation_time", "-Infinity"),
    ("generation_time", "1e999999999999999999999"),
    ("generation_time", "9" * 5_000),
    ("generation_time", "0." + "1" * 5_000),
    ("generation_time", f'"{"9" * 5_000}"'),
    ("generation_time", '1, "generation_time": 1'),
    ("generation_id", '"\\ud800"'),
    ("generation_id", '"\\u0000"'),
    ("generation_id", json.dumps("x" * 900_000)),
    ("duration", "[" * 500 + "]" * 500),
    ("quality", json.dumps("x" * 900_000)),
    ("credits", "9" * 4_000),
    ("finished_at", "1e400"),
]


def test_hostile_values_are_refused_by_name_in_few_words(post):
    for field, text in HOSTILE:
        rest = json.dumps({name: value for name, value in GOOD.items() if name != field})[1:]
        response = post(ONE, f'{{"{field}": {text}, {rest}'.encode())

        problem = assert_refused(response, 400, "invalid")
        assert {error["field"] for error in problem["errors"]} == {field}, text[:50]
        assert len(response.content) < 2_000


# --- Many ------------------------------------------------------------------------------------------------


def test_the_good_ones_are_recorded_and_the_others_named(post):
    post(ONE, {**GOOD, "generation_id": "g-0"})
    items = [
        {**ITEM, "generation_id": "g-0"},
        ITEM,
        {**ITEM, "success": False},
        {**ITEM, "generation_id": "g-2", "model_id": "no/such", "duration": 0},
        {**ITEM, "generation_id": "g-3"},
        "g-4",
    ]

    response = post(MANY, {"generations": items})

    assert response.status_code == 200
    told = response.json()
    assert (told["recorded"], told["duplicates"]) == (2, 1)
    assert [(one["index"], {e["field"]: e["code"] for e in one["errors"]}) for one in told["rejected"]] == [
        (2, {"generation_id": "generation_conflict"}),
        (3, {"model_id": "model_unavailable", "duration": "invalid"}),
        (5, {"non_field_errors": "invalid"}),
    ]
    assert all(error["message"] for one in told["rejected"] for error in one["errors"])
    assert counted() == {"a/b": (3, 3, 37_500_000)}


def test_an_empty_list_is_fine(post):
    response = post(MANY, {"generations": []})

    assert (response.status_code, response.json()) == (200, {"recorded": 0, "duplicates": 0, "rejected": []})


def test_one_bad_among_a_thousand(post):
    items = [{**ITEM, "generation_id": f"g-{n}"} for n in range(1_000)]
    items[999]["duration"] = 5.5

    told = post(MANY, {"generations": items}).json()

    assert (told["recorded"], told["duplicates"]) == (999, 0)
    ((index, errors),) = ((one["index"], one["errors"]) for one in told["rejected"])
    assert (index, [(error["field"], error["code"]) for error in errors]) == (999, [("duration", "invalid")])
    assert GenerationKey.objects.count() == 999


@pytest.mark.parametrize("item", [ITEM, {}, None], ids=repr)
def test_a_thousand_and_one_are_refused_whole(post, item):
    problem = assert_refused(post(MANY, {"generations": [item] * 1_001}), 400, "invalid")

    assert [(error["field"], error["code"]) for error in problem["errors"]] == [("generations", "max_items")]


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"generations": "required"}),
        ({"generations": None}, {"generations": "invalid"}),
        ({"generations": {}}, {"generations": "invalid"}),
        ({"generations": "g"}, {"generations": "invalid"}),
        (ITEM, {"generations": "required", **dict.fromkeys(ITEM, "unknown_field")}),
        ({"generations": [ITEM], "dry_run": True}, {"dry_run": "unknown_field"}),
        ({"generations": [ITEM] * 1_001, "x": 1}, {"generations": "max_items", "x": "unknown_field"}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_batch_of_another_shape_is_refused(post, body, errors):
    response = post(MANY, body)

    assert_refused(response, 400, "invalid")
    assert errors_of(response) == errors


DEEP = "[" * 60 + "]" * 60
UNREADABLE = {
    '{"model_id": "a/b", "generation_id": "x", "success": true, "generation_time": NaN}': (
        "generation_time",
        "invalid",
    ),
    '{"model_id": "a/b", "generation_id": "x", "success": true, "generation_time": 1e9999999999999999999}': (
        "generation_time",
        "invalid",
    ),
    '{"model_id": "a/b", "generation_id": "\\ud800", "success": true, "generation_time": 1}': (
        "generation_id",
        "invalid_text",
    ),
    '{"model_id": "a/b", "generation_id": "x", "success": true, "success": true, "generation_time": 1}': (
        "success",
        "repeated",
    ),
    '{"model_id": Infinity, "generation_id": "x", "success": true, "generation_time": 1}': (
        "model_id",
        "invalid",
    ),
    '{"model_id": "a/b", "generation_id": "x", "success": true, "generation_time": 1, "\\udfff": 1}': (
        "\ufffd",
        "unknown_field",
    ),
    '{"model_id": "a/b", "generation_id": '
    + "[" * 60
    + "]" * 60
    + ', "success": true, "generation_time": 1}': (
        "generation_id",
        "invalid",
    ),
    "NaN": ("non_field_errors", "invalid"),
}


def test_items_that_cannot_be_read_keep_no_other_from_being_recorded(post):
    body = '{"generations": [' + ", ".join(UNREADABLE) + f", {json.dumps(ITEM)}]}}"

    answer = post(MANY, body.encode()).json()

    told = [(one["index"], [(e["field"], e["code"]) for e in one["errors"]]) for one in answer["rejected"]]
    assert told == [(index, [expected]) for index, expected in enumerate(UNREADABLE.values())]
    assert answer["recorded"] == 1
    assert all(code in FIELD_CODES for _, code in UNREADABLE.values())


def test_what_cannot_be_read_outside_of_the_items_refuses_them_all(post):
    body = '{"generations": [' + json.dumps(ITEM) + '], "more": NaN}'

    assert_refused(post(MANY, body.encode()), 400, "invalid")


def test_fields_named_like_novels_are_named_in_short(post):
    response = post(MANY, {"generations": [{**ITEM, "x" * 900_000: 1}, {f"f{n}": 1 for n in range(9_000)}]})

    novel, many = response.json()["rejected"]
    assert [(len(error["field"]), error["code"]) for error in novel["errors"]] == [(200, "unknown_field")]
    assert len(many["errors"]) < 20
    assert len(response.content) < 10_000


def test_the_codes_of_items_stand_in_the_closed_list(post):
    bad = [-1, True, "x", "", 1e300, None, [], {}, "\0", "y" * 300, "2099-01-01T00:00:00Z", "0.1234567890123"]
    items = [{**ITEM, field: value} for field in [*ITEM, *OPTIONAL, "colour"] for value in bad]

    told = post(MANY, {"generations": items}).json()

    codes = {error["code"] for one in told["rejected"] for error in one["errors"]}
    assert codes <= FIELD_CODES
    assert len(codes) > 10


OPTIONAL = ("duration", "quality", "queue_time", "error_code", "cost_usd", "credits", "finished_at")


# --- Both ------------------------------------------------------------------------------------------------


@each_address
@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_there_is_nothing_else_to_do(client, path, method):
    response = client.generic(
        method.upper(), f"/api/v1/{path}", headers=bearer(service_token("usage:write").text)
    )

    assert (response.status_code, response["Allow"]) == (405, "POST")


@each_address
def test_parameters_are_refused(post, path):
    response = post(f"{path}?dry_run=true", body_for(path))

    assert_refused(response, 400, "invalid")
    assert errors_of(response) == {"dry_run": "unknown_parameter"}


@each_address
def test_a_reason_may_be_given_but_no_bad_one(post, path):
    refusal = post(path, body_for(path), x_change_reason="r" * 301)

    assert_refused(refusal, 400, "invalid")
    assert errors_of(refusal) == {"X-Change-Reason": "max_length"}
    assert post(path, body_for(path), x_change_reason="Backfill").status_code in {200, 201}


@each_address
@pytest.mark.parametrize("size", [MIB + 1, 3 * MIB])
def test_a_body_of_more_than_a_mebibyte_is_too_large(post, path, size):
    assert_refused(post(path, json.dumps(body_for(path)).encode().ljust(size)), 413, "too_large")


@each_address
def test_a_body_of_a_mebibyte_is_read(post, path):
    assert post(path, json.dumps(body_for(path)).encode().ljust(MIB)).status_code in {200, 201}


@each_address
@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-ndjson", "application/json; charset=latin-1", ""]
)
def test_only_json_in_utf_8_is_read(post, path, content_type):
    assert_refused(post(path, body_for(path), content_type=content_type), 415, "unsupported_media_type")


@each_address
@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"[{}]", b'{"generations": [', b"\xff", b"{}{}"])
def test_what_is_no_json_object_is_refused(post, path, body):
    assert_refused(post(path, body), 400, "parse_error")


@each_address
def test_a_body_without_a_length_is_not_taken_for_empty(client, path):
    response = client.generic(
        "POST",
        f"/api/v1/{path}",
        content_type="application/json",
        headers={**bearer(service_token("usage:write").text), "transfer-encoding": "chunked"},
        **{"wsgi.input": BytesIO(json.dumps(body_for(path)).encode()), "wsgi.input_terminated": True},
    )

    assert_refused(response, 411, "length_required")


@each_address
def test_a_session_needs_its_csrf_token_and_a_backend_none(admin, path):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(admin)
    sent = {"data": body_for(path), "content_type": "application/json"}

    assert_refused(browser.post(f"/api/v1/{path}", **sent), 403, "csrf_failed")
    browser.get("/admin/models/")
    headers = {"x-csrftoken": browser.cookies["csrftoken"].value}
    assert browser.post(f"/api/v1/{path}", headers=headers, **sent).status_code in {200, 201}
    backend = Client(enforce_csrf_checks=True, headers=bearer(service_token("usage:write").text))
    assert backend.post(f"/api/v1/{path}", **sent).status_code == 200


@each_address
def test_rights_are_asked_before_anything_else(client, path):
    path = f"/api/v1/{path}?colour=red".replace("a/b", "no/such")
    expired = timezone.now() - timedelta(days=3)
    with time_machine.travel(expired):
        late = service_token("usage:write", name="late", expires_in=timedelta(days=1))
    headers = {
        "nobody": {},
        "another scope": bearer(service_token("catalog:write", "usage:read").text),
        "expired": bearer(late.text),
    }

    statuses = {
        who: client.generic("POST", path, b"\xff", content_type="text/plain", headers=sent).status_code
        for who, sent in headers.items()
    }

    assert statuses == {"nobody": 401, "another scope": 403, "expired": 401}
    assert kept() == NOTHING


def test_nothing_of_it_stands_in_catalogue_history_or_trail(post, get):
    before, entries, tag = catalogue(), AuditEntry.objects.count(), get("models/a/b/")["ETag"]

    post(ONE, GOOD)
    post(ONE, GOOD)
    post(MANY, {"generations": [ITEM, {}, {**ITEM, "generation_id": "g-2"}]})

    assert catalogue() == before
    assert AuditEntry.objects.count() == entries
    assert get("models/a/b/")["ETag"] == tag
