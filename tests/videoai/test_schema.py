import json

import pytest
from django.core.management import call_command
from django.urls import get_resolver

from models_registry import services
from models_registry.models import AIModel
from models_registry.usage import reports
from models_registry.validation import editable_fields
from videoai.api.problem import FIELD_CODES, MEDIA_TYPE

pytestmark = pytest.mark.django_db


@pytest.fixture
def schema(get) -> dict:
    return json.loads(get("schema/").content)


def test_it_is_openapi_3_1_and_made_without_a_warning(schema, tmp_path):
    assert schema["openapi"].startswith("3.1")
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yaml"))


def test_every_api_address_stands_in_it(schema):
    assert set(schema["paths"]) == {
        "/api/v1/models/",
        "/api/v1/models/default/",
        "/api/v1/models/premium/",
        "/api/v1/models/deprecations/",
        "/api/v1/models/{model_id}/",
        "/api/v1/models/{model_id}/default/",
        "/api/v1/models/{model_id}/generations/",
        "/api/v1/models/{model_id}/history/",
        "/api/v1/models/{model_id}/restore/",
        "/api/v1/models/{model_id}/stats/",
        "/api/v1/models/{model_id}/validate/",
        "/api/v1/models/stats/",
        "/api/v1/usage/summary/",
        "/api/v1/generations/batch/",
        "/api/v1/events/",
        "/api/v1/pricing/quote/",
        "/api/v1/pricing/matrix/",
        "/api/v1/pricing/compare/",
        "/api/v1/pricing/policy/",
        "/api/v1/pricing/preview/",
        "/api/v1/pricing/margins/",
        "/api/v1/pricing/margins/csv/",
        "/api/v1/pricing/quotes/",
        "/api/v1/pricing/quotes/{quote_id}/",
        "/api/v1/pricing/quotes/{quote_id}/redeem/",
        "/api/v1/pricing/changes/",
        "/api/v1/pricing/changes/{change_id}/",
    }
    assert get_resolver().resolve("/api/v1/schema/")


def test_every_operation_can_answer_with_a_problem(schema):
    for path in schema["paths"].values():
        for operation in path.values():
            assert MEDIA_TYPE in operation["responses"]["default"]["content"]


def test_it_says_which_credentials_an_operation_takes(schema):
    assert schema["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert schema["paths"]["/api/v1/pricing/policy/"]["get"]["security"] == [{"token": []}, {"session": []}]
    assert {} in schema["paths"]["/api/v1/models/"]["get"]["security"]


WRITES = {
    ("post", "/api/v1/models/"): ("201", 400, 401, 403, 409, 411, 413, 415),
    ("patch", "/api/v1/models/{model_id}/"): ("200", 400, 401, 403, 404, 409, 411, 412, 413, 415),
    ("put", "/api/v1/models/{model_id}/"): ("200", 400, 401, 403, 404, 409, 411, 412, 413, 415),
    ("delete", "/api/v1/models/{model_id}/"): ("204", 400, 401, 403, 404, 409, 412),
    ("post", "/api/v1/models/{model_id}/default/"): ("200", 400, 401, 403, 404, 409, 411, 412, 413, 415),
    ("post", "/api/v1/models/{model_id}/restore/"): ("200", 400, 401, 403, 404, 409, 411, 412, 413, 415),
    ("post", "/api/v1/models/{model_id}/generations/"): (
        "200", "201", 400, 401, 403, 404, 409, 411, 413, 415,
    ),
    ("post", "/api/v1/generations/batch/"): ("200", 400, 401, 403, 409, 411, 413, 415),
}  # fmt: skip


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_writes_say_what_they_answer_and_which_headers_they_heed(schema, method, path):
    operation = schema["paths"][path][method]
    headers = {p["name"] for p in operation["parameters"] if p["in"] == "header"}

    assert set(operation["responses"]) == {*map(str, WRITES[method, path]), "default"}
    assert headers == {"X-Change-Reason", *(["If-Match"] if 412 in WRITES[method, path] else [])}
    assert {} not in operation["security"]


def test_the_body_of_a_new_model_stands_there_with_its_limits(schema):
    request = schema["paths"]["/api/v1/models/"]["post"]["requestBody"]
    body = request["content"]["application/json"]["schema"]

    assert request["required"] is True
    assert body["additionalProperties"] is False
    assert set(body["properties"]) == {"confirm", *(column.name for column in editable_fields(AIModel))}
    assert set(body["required"]) == set(services.REQUIRED)
    assert [shape["type"] for shape in body["properties"]["cost_per_second"]["oneOf"]] == ["string", "number"]


def test_only_a_put_needs_what_a_new_model_needs(schema):
    bodies = {
        method: schema["paths"]["/api/v1/models/{model_id}/"][method]["requestBody"]["content"][
            "application/json"
        ]["schema"]
        for method in ("put", "patch")
    }

    assert set(bodies["put"]["required"]) == set(services.REQUIRED) - {"model_id"}
    assert "required" not in bodies["patch"]


def test_the_body_of_a_recording_stands_there_with_its_limits(schema):
    bodies = {
        path: schema["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        for path in ("/api/v1/models/{model_id}/generations/", "/api/v1/generations/batch/")
    }
    one = bodies["/api/v1/models/{model_id}/generations/"]
    many = bodies["/api/v1/generations/batch/"]["properties"]["generations"]
    item = many["items"]["anyOf"][0]

    assert one["properties"].keys() == reports.READERS.keys()
    assert tuple(one["required"]) == reports.REQUIRED
    assert item["properties"] == {"model_id": item["properties"]["model_id"], **one["properties"]}
    assert item["required"] == ["model_id", *one["required"]]
    assert {one["additionalProperties"], item["additionalProperties"]} == {False}
    assert many["maxItems"] == 1_000


def test_what_is_wrong_with_an_item_is_told_as_a_problem_tells_it(schema):
    shapes = schema["components"]["schemas"]
    same = {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}}

    assert shapes["Problem"]["properties"]["errors"] == same
    assert shapes["Rejection"]["properties"]["errors"].items() >= same.items()
    assert shapes["FieldError"]["properties"]["code"]["enum"] == sorted(FIELD_CODES)


@pytest.mark.parametrize("path", ["/api/v1/models/", "/api/v1/models/premium/"])
def test_the_lists_say_their_filters_and_that_they_are_pages(schema, path):
    operation = schema["paths"][path]["get"]
    names = {parameter["name"] for parameter in operation["parameters"]}
    body = operation["responses"]["200"]["content"]["application/json"]["schema"]

    assert body == {"$ref": "#/components/schemas/PaginatedAIModelList"}

    assert names == {
        "provider", "category", "tag", "quality", "duration", "is_premium", "max_cost_per_second", "search",
        "status", "ordering", "page", "page_size",
    }  # fmt: skip


def test_the_docs_page_loads_nothing_from_other_hosts(get):
    page = get("docs/").content.decode()
    script = get("docs/?script=").content.decode()

    assert "swagger-ui" in page
    assert "http://" not in page + script
    assert "https://" not in page + script


@pytest.mark.parametrize(
    "file", ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-standalone-preset.js"]
)
def test_its_files_are_served_from_here(client, file):
    assert client.get(f"/static/drf_spectacular_sidecar/swagger-ui-dist/{file}").status_code == 200
