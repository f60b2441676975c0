"""Whatever is sent as the body of a write: 4xx, a problem that names the field, and nothing changed."""

import json
from io import BytesIO
from typing import Any

import pytest
from django.test import Client

from tests.factories import AIModelFactory
from tests.laying import laid_once
from tests.models_registry.api.conftest import catalogue, new_model

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("model")]

WRITES = [("post", "models/"), ("patch", "models/a/b/"), ("put", "models/a/b/")]
each_write = pytest.mark.parametrize(("method", "path"), WRITES, ids=[method for method, _ in WRITES])

MIB = 1024 * 1024


@laid_once("module")
def model() -> None:
    AIModelFactory(model_id="a/b")


def body_for(method: str, *, without: str = "") -> dict[str, Any]:
    """A body that would be good, if it were not for what a test adds."""
    body = {} if method == "patch" else new_model("acme/new" if method == "post" else "a/b")
    return {name: value for name, value in body.items() if name != without}


def with_text(method: str, field: str, text: str) -> bytes:
    """A body in which `field` has the value that `text` writes down."""
    rest = json.dumps(body_for(method, without=field))[1:]
    return f'{{"{field}": {text}{"," if rest != "}" else ""} {rest}'.encode()


def assert_refused(response: Any, before: Any, *, status: int = 400) -> dict[str, Any]:
    """The problem; the catalogue is as it was."""
    assert response.status_code == status, response.content[:500]
    assert response["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = json.loads(response.content)
    assert (problem["status"], problem["request_id"]) == (status, response["X-Request-ID"])
    assert len(response.content) < 50_000
    assert catalogue() == before
    return problem


VALUES = [
    ("cost_per_second", "NaN"),
    ("cost_per_second", "Infinity"),
    ("cost_per_second", "-Infinity"),
    ("cost_per_second", '"NaN"'),
    ("cost_per_second", '"Infinity"'),
    ("cost_per_second", "1e400"),
    ("cost_per_second", '"1e400"'),
    ("cost_per_second", "1e-400"),
    ("cost_per_second", "1e999999999999999999999"),
    ("cost_per_second", '"1_0.5"'),
    ("cost_per_second", '"١"'),
    ("cost_per_second", '"1,5"'),
    ("cost_per_second", '"0x10"'),
    ("cost_per_second", '"+1"'),
    ("cost_per_second", '" 1"'),
    ("cost_per_second", '"1\\n"'),
    ("cost_per_second", '""'),
    ("cost_per_second", "true"),
    ("cost_per_second", "null"),
    ("cost_per_second", "0"),
    ("cost_per_second", "-0.0"),
    ("cost_per_second", "-1"),
    ("cost_per_second", "100.000000001"),
    ("cost_per_second", "0.0000000001"),
    ("cost_per_second", "9" * 5_000),
    ("cost_per_second", f'"{"9" * 5_000}"'),
    ("cost_per_second", "0." + "1" * 5_000),
    ("cost_per_second", '{"$gt": 0}'),
    ("supported_durations", "[NaN]"),
    ("supported_durations", "[true]"),
    ("supported_durations", "[5.0]"),
    ("supported_durations", "[1e400]"),
    ("supported_durations", "[" + "9" * 5_000 + "]"),
    ("supported_durations", '["5"]'),
    ("supported_durations", json.dumps([5] * 100_000)),
    ("supported_durations", json.dumps(["x"] * 40)),
    ("supported_qualities", '["\\u0000"]'),
    ("supported_qualities", '["\\ud800"]'),
    ("supported_qualities", '["standard\\u200b"]'),
    ("supported_qualities", json.dumps([0] * 100_000)),
    ("supported_qualities", json.dumps([f"q{n}" for n in range(50_000)])),
    ("max_duration", "true"),
    ("max_duration", "5.0"),
    ("max_duration", "1e1"),
    ("max_duration", "9" * 5_000),
    ("max_duration", "9" * 4_300),
    ("max_duration", "99999999999999999999"),
    ("fixed_duration", "Infinity"),
    ("is_active", '"true"'),
    ("is_active", "1"),
    ("is_active", "null"),
    ("name", '"\\ud800"'),
    ("name", '"\\udc00\\ud800"'),
    ("name", '"a\\u0000b"'),
    ("name", '"a\\u2028b"'),
    ("name", "true"),
    ("name", '{"name": "x"}'),
    ("name", json.dumps("n" * 900_000)),
    ("name", '"x", "name": "y"'),
    ("description", '"\\u0000"'),
    ("description", json.dumps("d" * 5_001)),
    ("category", '"luxury"'),
    ("category", "[]"),
    ("tags", '["a", 1]'),
    ("tags", '[["a"]]'),
    ("tags", json.dumps(["t"] * 100_000)),
    ("tags", "{}"),
    ("model_parameters", '{"a": NaN}'),
    ("model_parameters", '{"a": [1, -Infinity]}'),
    ("model_parameters", '{"a": 1e400}'),
    ("model_parameters", '{"a": 1, "a": 2}'),
    ("model_parameters", '{"a": {"b": 1, "b": 1}}'),
    ("model_parameters", '{"a": "\\ud800"}'),
    ("model_parameters", '{"\\ud800": 1}'),
    ("model_parameters", '{"a": "\\u0000"}'),
    ("model_parameters", '{"a": ' + "9" * 5_000 + "}"),
    ("model_parameters", '{"a": ' + "[" * 40 + "]" * 40 + "}"),
    ("model_parameters", '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}"),
    ("model_parameters", '{"a": ' * 100_000 + "1" + "}" * 100_000),
    ("model_parameters", json.dumps({"a": "x" * 65_536})),
    ("model_parameters", "[]"),
    ("requirements", "null"),
    ("requirements", '"{}"'),
]
# Mass assignment, and names that an ORM might follow.
NOT_WRITTEN = {"read_only", "unknown_field", "invalid_text"}
STRANGE_FIELDS = (
    "id", "pk", "status", "created_at", "updated_at", "priced_at", "deprecated_at", "version_number",
    "total_generations", "successful_generations", "average_generation_time", "success_rate", "is_superuser",
    "created_by", "created_by__password", "model_id__startswith", "rates", "_state", "__class__", "save",
    "objects", "Name", "name ", "naмe", "", "$set", "\u202ename", "na\u200bme", "\\ud800", "\\u0000",
)  # fmt: skip


@pytest.mark.slow
@each_write
def test_a_bad_value_is_refused_by_name(send, method, path):
    before = catalogue()

    for field, text in VALUES:
        problem = assert_refused(send(method, path, with_text(method, field, text)), before)
        assert {error["field"] for error in problem["errors"]} == {field}, text[:100]


@each_write
def test_no_other_field_is_assigned(send, method, path):
    before = catalogue()

    for name in STRANGE_FIELDS:
        problem = assert_refused(send(method, path, with_text(method, name, "1")), before)
        (error,) = problem["errors"]
        assert error["code"] in NOT_WRITTEN, name


STRANGE_IDS = (
    "../etc/passwd", "a/../b", "..", ".hidden", "a/./b", "/a", "a/", "a//b", "a\\b", "%2e%2e/a", "a%2fb",
    "a b", "a\tb", "a\0b", "a\nb", "ünï/code", "аcme/x", "acme／x", "１/x", "default", "PREMIUM", "stats",
    "a/validate", "a/b/History", "a/default", "a/RESTORE", "a/generations", "a/b/c/d/e/f/g", "a" * 201, "",
    "   ", "?a=1", "a?b", "a#b", "a'--", "<script>", "{}", "*", "-a", "_a", "~a",
    # written from right to left, or of no width
    *(f"acme/x{char}" for char in "\u061c\u200b\u200d\u200e\u200f\u202a\u202e\u2060\u2066\u2069\ufeff\u00ad"),
)  # fmt: skip


def test_a_strange_id_is_refused(send):
    before = catalogue()

    for model_id in STRANGE_IDS:
        problem = assert_refused(send("post", "models/", new_model(model_id)), before)
        assert {error["field"] for error in problem["errors"]} == {"model_id"}, model_id


STRANGE_ADDRESSES = (
    "a/../b", "..", "../../admin", "..%2f..%2fadmin", "%2e%2e/a/b", "a%252fb", "a%00b", "%00", "a%0ab",
    "a/b%20", "a/b%E2%80%8B", "%E2%80%AEa/b", "%FF", "%ED%A0%80", "A/B", "a/b;x=1", "a//b", "a\\b",
    "a/" * 500,
)  # fmt: skip


@pytest.mark.parametrize("method", ["patch", "put", "delete"])
def test_a_strange_address_finds_nothing(send, method):
    before = catalogue()

    for address in STRANGE_ADDRESSES:
        assert_refused(send(method, f"models/{address}/", body_for(method)), before, status=404)


BODIES = {
    "empty": b"",
    "blank": b"  \n",
    "a list": b"[]",
    "a list of bodies": json.dumps([new_model()]).encode(),
    "a text": b'"name"',
    "a number": b"5",
    "null": b"null",
    "NaN": b"NaN",
    "only deep": b"[" * 100_000,
    "cut off": b'{"name": "New"',
    "a comma too many": b'{"name": "New",}',
    "single quotes": b"{'name': 'New'}",
    "a comment": b'{"name": "New"} // why',
    "two documents": b'{"name": "New"}{}',
    "a line break in a text": b'{"name": "a\nb"}',
    "a NUL behind": b'{"name": "New"}\0',
    "UTF-16": '{"name": "New"}'.encode("utf-16"),
    "UTF-16 without mark": '{"name": "New"}'.encode("utf-16-le"),
    "UTF-32": '{"name": "New"}'.encode("utf-32"),
    "a byte order mark": b'\xef\xbb\xbf{"name": "New"}',
    "Latin-1": '{"name": "Né"}'.encode("latin-1"),
    "an overlong slash": b'{"name": "\xc0\xaf"}',
    "an encoded surrogate": b'{"name": "\xed\xa0\x80"}',
}


@each_write
def test_what_is_no_json_object_is_refused(send, method, path):
    before = catalogue()

    for name, body in BODIES.items():
        assert assert_refused(send(method, path, body), before)["code"] == "parse_error", name


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'{"name":\n  New}', "line 2, column 3"),
        (b'{"name": "\xff"}', "byte 10"),
        (b'{"name": "New"', "line 1, column 15"),
    ],
)
def test_what_is_no_json_is_told_with_its_place(send, body, place):
    assert place in send("patch", "models/a/b/", body).json()["detail"]


@each_write
@pytest.mark.parametrize("size", [MIB + 1, 6 * MIB])
def test_a_body_of_more_than_a_mebibyte_is_too_large(send, method, path, size):
    before = catalogue()
    body = with_text(method, "name", json.dumps("n" * size))

    assert assert_refused(send(method, path, body), before, status=413)["code"] == "too_large"


def test_a_body_of_a_mebibyte_is_read(send):
    body = b'{"name": "New"}'

    assert send("patch", "models/a/b/", body.ljust(MIB)).status_code == 200
    assert send("patch", "models/a/b/", body.ljust(MIB + 1)).status_code == 413


OTHER_TYPES = (
    "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "multipart/form-data",
    "text/plain", "text/json", "application/xml", "application/merge-patch+json",
    "application/json; charset=utf-16", "application/json; charset=latin-1",
    "application/json; charset=nonsense", "nonsense", "*/*",
    "application/*", "",
)  # fmt: skip


@each_write
def test_only_json_in_utf_8_is_read(send, method, path):
    before = catalogue()
    body = json.dumps(body_for(method) | {"name": "New"}).encode()

    for content_type in OTHER_TYPES:
        response = send(method, path, body, content_type=content_type)
        assert assert_refused(response, before, status=415)["code"] == "unsupported_media_type"


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=UTF-8", 'Application/JSON;charset="utf8"'],
)
def test_json_may_say_that_it_is_utf_8(send, content_type):
    body = '{"name": "Né"}'.encode()

    assert send("patch", "models/a/b/", body, content_type=content_type).json()["name"] == "Né"


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_a_form_of_a_session_is_no_json_either(admin, content_type):
    """Django has read it by then, looking for the CSRF token."""
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(admin)
    browser.get("/admin/models/")
    token = browser.cookies["csrftoken"].value
    before = catalogue()

    for path in ("models/", "models/a/b/default/"):
        response = browser.generic(
            "POST",
            f"/api/v1/{path}",
            b"name=New"
            if "form-u" in content_type
            else b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n',
            content_type=content_type,
            headers={"x-csrftoken": token},
        )
        assert_refused(response, before, status=415)


@pytest.mark.parametrize(
    ("method", "path"), [*WRITES, ("delete", "models/a/b/"), ("post", "models/a/b/default/")]
)
def test_a_body_without_a_length_is_not_taken_for_empty(admin_client, method, path):
    before = catalogue()

    response = admin_client.generic(
        method.upper(),
        f"/api/v1/{path}",
        content_type="application/json",
        headers={"transfer-encoding": "chunked"},
        **{"wsgi.input": BytesIO(b'{"name": "New"}'), "wsgi.input_terminated": True},
    )

    assert assert_refused(response, before, status=411)["code"] == "length_required"


@each_write
def test_a_repeated_parameter_is_refused(send, method, path):
    before = catalogue()

    problem = assert_refused(send(method, f"{path}?name=a&name=b", body_for(method)), before)

    assert {error["field"] for error in problem["errors"]} == {"name"}


def test_fifty_thousand_faults_make_a_short_answer(send):
    before = catalogue()

    problem = assert_refused(send("patch", "models/a/b/", {f"f{n}": n for n in range(50_000)}), before)

    assert "more" in problem["detail"]


def test_a_field_named_like_a_novel_is_named_in_short(send):
    problem = send("patch", "models/a/b/", {"x" * 500_000: 1}).json()

    assert len(problem["errors"][0]["field"]) < 300
    assert len(problem["detail"]) < 1_000
