"""Hundreds of requests that nobody thought of, made from the OpenAPI document; every answer has to fit it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, settings
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.python._constants.orchestrator import make_constants_value_source

from models_registry.audit.models import AuditEntry
from models_registry.usage.recording import record
from models_registry.validation import OBJECTS
from pricing.quotes.services import hold
from tests.factories import AIModelFactory, standard_policy
from tests.test_who_may_what import HELD, METRICS, served
from videoai.wsgi import application

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

MODEL_ID = "acme/first"
TIERS = ["standard", "high", "ultra"]
# Made up, hardly a window would have anything in it.
WHEN = {"from": ["2026-10-30", "2026-11-01T10:30:00+05:30"], "to": ["2026-11-02", "2026-11-01T06:00:00.5Z"]}

WHEN |= {"at": ["2100-01-01T00:00:00Z", "2026-11-01T10:30:00+05:30"]}
SCHEDULED = {
    "model_id": [MODEL_ID],
    "quality": [*TIERS, None],
    "effective_from": ["2028-01-01T00:00:00Z", "2029-01-01T10:30:00+05:30", "2030-01-01T00:00:00.123Z"],
    "source_fetched_at": ["2026-01-01T00:00:00Z", None],
}

# What no schema can say: rules between the fields of one row, words that are taken for addresses, and how
# many decimals a number has (1.1 is no multiple of 0.000001 to those who compute in binary);
BEYOND_SCHEMAS = {"not_the_only_duration", "shorter_than_duration", "reserved"}
BEYOND_SCHEMAS |= {"max_decimal_places", "max_digits"}
# of whole JSON objects: NUL anywhere inside, their bytes, their depth;
OF_OBJECTS = {"invalid_text", "too_large", "too_deep"}
# that 5.0 is no whole number: to JSON Schema it is an integer;
OF_SECONDS = {"invalid"}
# that nothing finished in the future, or before there was anything, and that a window has two ends;
OF_MOMENTS = {"min_value", "max_value"}
# which qualities there are, and that each model is named once;
OF_PREVIEWS = {"unknown_quality", "repeated"}
# how many periods lie between two moments;
OF_PERIODS = {"max_items"}
# and that a sunset lies ahead, in this century, and a successor is a model.
OF_LIFECYCLE = {"sunset_at": {"invalid", "past_dated"}, "successor": {"unknown_model", "cyclic"}}

CONFIG = {
    "generation": {
        "deterministic": True,
        "max-examples": 8,
        "database": "none",
        "with-security-parameters": False,  # requests come in an administrator's session
    },
    "phases": {"stateful": {"generation": {"mode": "positive"}, "inference": {"algorithms": []}}},
    "parameters": {
        "path.model_id": MODEL_ID,
        "path.quote_id": HELD,
    },  # no value that is made up holds a slash
    "checks": {
        # It takes our session for one that it made up itself; the table of permissions asks every route.
        "ignored_auth": {"enabled": False},
        # DELETE retires a model: whoever may write still sees it, and its history.
        "use_after_free": {"enabled": False},
        # 409, 412 and 422 depend on what is stored; 400 is judged by `refused_for_no_other_reason`.
        "positive_data_acceptance": {"expected-statuses": ["2xx", "400", "404", "409", "412", "422"]},
        "negative_data_rejection": {"expected-statuses": ["400", "404", "405", "409", "412", "415", "422"]},
    },
}


@schemathesis.check
def refused_for_no_other_reason(context: Any, response: Any, case: Any) -> None:
    """What the schema allows is refused only for what no schema can say."""
    if response.status_code == 400 and case.meta.generation.mode.is_positive:
        problem = json.loads(response.content)
        assert problem["code"] == "invalid", problem
        for error in problem["errors"]:
            assert error["code"] in reasons(error["field"], case.body), error


BY_FIELD = {
    **dict.fromkeys(("finished_at", "from", "to"), OF_MOMENTS),
    "per": OF_PERIODS,
    **dict.fromkeys(OBJECTS, OF_OBJECTS),
    **OF_LIFECYCLE,
}


# Fields of whole numbers, also inside of others.
WHOLE = ("_duration", "_durations", "_per_generation")


def reasons(field: str, body: Any) -> set[str]:
    if field in BY_FIELD:
        return BY_FIELD[field]
    if field.startswith(("multipliers.", "models.")):
        return BEYOND_SCHEMAS | OF_PREVIEWS
    if field.endswith(WHOLE) and ".0" in json.dumps(body):
        return BEYOND_SCHEMAS | OF_SECONDS
    return BEYOND_SCHEMAS


# Made up, they seldom fit the row's other fields.
HARD_TO_FIT = (
    *("max_duration", "fixed_duration", "is_active", "is_deprecated", "is_default"),
    *("sunset_at", "successor"),
)


# --- The document, with what only the database knows -----------------------------------------------------


def document() -> dict[str, Any]:
    """As served, but with the tiers that there are."""
    served: dict[str, Any] = json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True)))
    for path, properties in fields_of_models(served):
        properties["supported_qualities"]["items"]["enum"] = TIERS
        if "{model_id}" in path:
            del properties["model_id"]  # only the one of the address is right
    recording = served["paths"]["/api/v1/models/{model_id}/generations/"]["post"]
    fields_of(recording)["quality"]["enum"] = [*TIERS, None]
    scheduling = served["paths"]["/api/v1/pricing/changes/"]["post"]["requestBody"]["content"]
    only_what_there_is(scheduling["application/json"]["schema"])
    for parameter in parameters_of(served):
        if parameter["name"] in WHEN:
            parameter["schema"] = {"enum": WHEN[parameter["name"]]}
    return served


def only_what_there_is(wish: dict[str, Any]) -> None:
    """Of models, qualities and moments; what was never set can't be removed."""
    wish["oneOf"] = [one for one in wish["oneOf"] if one["properties"]["change"]["enum"] != ["rate_removed"]]
    for kind in wish["oneOf"]:
        for name, values in SCHEDULED.items():
            if name in kind["properties"]:
                is_text = kind["properties"][name].get("type") == "string"
                kind["properties"][name] = {"enum": [value for value in values if value or not is_text]}


def parameters_of(served: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in served["paths"].values():
        for operation in operations.values():
            yield from operation.get("parameters", [])


def document_of_lives() -> dict[str, Any]:
    """What was created leads on to all that can be done with it; most of what is sent can be stored."""
    linked = document()
    for _, properties in fields_of_models(linked):
        for name in HARD_TO_FIT:
            del properties[name]
        properties["supported_durations"]["items"] = {"enum": [4, 5, 9]}
    for operations in linked["paths"].values():
        for operation in operations.values():  # no tag that is made up is the right one
            operation["parameters"] = [p for p in operation.get("parameters", []) if p["name"] != "If-Match"]
    linked["paths"]["/api/v1/models/"]["post"]["responses"]["201"]["links"] = {
        operation["operationId"]: {
            "operationId": operation["operationId"],
            "parameters": {"model_id": "$response.body#/model_id"},
        }
        for path, operations in linked["paths"].items()
        for operation in operations.values()
        if "{model_id}" in path
    }
    return linked


def fields_of_models(served: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The properties of each body that describes a model, with its path."""
    for path, operations in served["paths"].items():
        for operation in operations.values():
            properties = fields_of(operation)
            if "supported_qualities" in properties:
                yield path, properties


def fields_of(operation: dict[str, Any]) -> dict[str, Any]:
    """The properties of the body, if it has any."""
    content = operation.get("requestBody", {}).get("content", {})
    properties: dict[str, Any] = content.get("application/json", {}).get("schema", {}).get("properties", {})
    return properties


def loaded(raw: dict[str, Any]) -> Any:
    schema = schemathesis.openapi.from_dict(raw, config=schemathesis.Config.from_dict(CONFIG))
    schema.app = application
    schema.location = "/api/v1/schema/"
    return schema


# --- Requests --------------------------------------------------------------------------------------------


@pytest.fixture
def session(db: None) -> Iterator[dict[str, Any]]:
    """What the requests of an administrator carry."""
    browser = Client()
    browser.force_login(User.objects.create_superuser("ada"))
    browser.get("/admin/models/")
    cookies = {name: morsel.value for name, morsel in browser.cookies.items()}
    with staying_connected():
        yield {"cookies": cookies, "headers": {"X-CSRFToken": cookies["csrftoken"]}}


@contextmanager
def staying_connected() -> Iterator[None]:
    """As Django's own test client does it: or the first request would close the connection of the test."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture(autouse=True)
def _catalogue(db: None) -> None:
    standard_policy()
    AIModelFactory(model_id=MODEL_ID)
    AIModelFactory(model_id="acme/second")
    hold(MODEL_ID, quality="high", duration=5, quote_id=HELD)
    done = {"generation_time": Decimal(12), "finished_at": "2026-11-01T05:20:00Z"}
    record(MODEL_ID, {"generation_id": "a", "success": True, **done})
    record(MODEL_ID, {"generation_id": "b", "success": False, "error_code": "quota", **done})


def parametrized(path: str) -> str:
    for told, name in {"{}": "{model_id}", HELD: "{quote_id}", "changes/1/": "changes/{change_id}/"}.items():
        path = path.replace(told, name)
    return path


# Of the API, but not described in its document.
UNDESCRIBED = {"schema/", "docs/", METRICS}

# Schemathesis's own `parametrize()` has every process that looks for tests make all requests up.
OPERATIONS = sorted(
    f"{method} /api/v1/{parametrized(path)}" for method, path in served() if path not in UNDESCRIBED
)


@pytest.fixture(scope="module")
def described() -> Any:
    return loaded(document())


def test_every_operation_is_described(described: Any) -> None:
    assert sorted(found.ok().label for found in described.get_all_operations()) == OPERATIONS


# All examples share one session and one catalogue, on purpose: what one leaves behind, the next one meets.
@settings(suppress_health_check=list(HealthCheck))
def call(case: Any, session: dict[str, Any]) -> None:
    case.call_and_validate(**session)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation(described: Any, session: dict[str, Any], operation: str) -> None:
    method, path = operation.split()
    test = build_operation_test(
        config=described.config,
        operation=described[path][method],
        test_func=call,
        given_kwargs={},
        feedback=FeedbackSources(constants_value_source=make_constants_value_source(described)),
    )
    test(session=session)


def test_lives_of_models(session: dict[str, Any]) -> None:
    """Create, read, change, retire, restore, in whatever order."""
    machine = loaded(document_of_lives()).as_state_machine()
    done: set[str] = set()

    class Lives(machine):  # type: ignore[misc, valid-type]
        def setup(self) -> None:
            self.life = transaction.atomic()
            self.life.__enter__()

        def teardown(self) -> None:
            """Undo all of it: the same steps have to give the same answers whenever they are taken again."""
            done.update(AuditEntry.objects.values_list("action", flat=True))
            transaction.set_rollback(True)
            self.life.__exit__(None, None, None)

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return session

    many = settings(max_examples=9, stateful_step_count=10, suppress_health_check=list(HealthCheck))
    Lives.run(settings=many)

    assert len(done & {"create", "change", "retire", "restore", "make_default"}) >= 4
