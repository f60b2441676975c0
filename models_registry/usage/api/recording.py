"""Recording over HTTP: what backends report, one generation or a batch at a time."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from models_registry.api.bodies import read_object
from models_registry.api.openapi import MODEL_ID
from models_registry.api.query import refuse_any
from models_registry.api.scopes import RECORDING
from models_registry.api.writes import ReasonedWrites
from models_registry.usage.api.openapi import BATCH, GENERATION, BatchSerializer, GenerationSerializer
from models_registry.usage.recording import MOST_AT_ONCE, Batch, record, record_many
from models_registry.usage.reports import Problem
from models_registry.values import UNSTORABLE, shown

LONGEST_NAME = 200  # of a field, as it is told: a client may have made it up


class GenerationsView(ReasonedWrites):
    """The finished generations of one model."""

    http_method_names = ["post"]
    required_scopes: ClassVar[dict[str, frozenset[str]]] = {"post": RECORDING}

    @extend_schema(
        summary="Record a finished generation",
        description=(
            "Counted once however often it is sent: the same record again is 200. 409 if its id was used for "
            "another. Any model will do, on sale or not; what it offers today is not asked."
        ),
        operation_id="models_generations_create",
        request=GENERATION,
        parameters=[MODEL_ID],
        responses={201: GenerationSerializer, 200: GenerationSerializer},
    )
    def post(self, request: Request, model_id: str) -> Response:
        refuse_any(request)
        recorded = record(model_id, read_object(request))
        return Response(recorded.record, status=201 if recorded.is_new else 200)


class BatchView(ReasonedWrites):
    """Many finished generations, of any models."""

    http_method_names = ["post"]
    judged_apart = "generations"  # one item that can't be read keeps no other from being recorded
    required_scopes: ClassVar[dict[str, frozenset[str]]] = {"post": RECORDING}

    @extend_schema(
        summary="Record many finished generations",
        description=(
            f"At most {MOST_AT_ONCE:,}. The good ones are recorded; the others are named by their index, "
            "with what is wrong. Of those with one id the first counts."
        ),
        operation_id="generations_batch_create",
        request=BATCH,
        responses=BatchSerializer,
    )
    def post(self, request: Request) -> Response:
        refuse_any(request)
        return Response(_told(record_many(_items(read_object(request)))))


def _items(body: dict[str, Any]) -> list[Any]:
    """What stands in the body's only field. Raises ValidationError."""
    faults = {
        name: [ErrorDetail("There is no such field. The only one: generations.", "unknown_field")]
        for name in body.keys() - {"generations"}
    }
    items = body.get("generations")
    if "generations" not in body:
        faults["generations"] = [ErrorDetail("This field is needed; give it a list.", "required")]
    elif not isinstance(items, list):
        faults["generations"] = [ErrorDetail(f"{shown(items)} is no list of generations.", "invalid")]
    elif len(items) > MOST_AT_ONCE:
        message = f"At most {MOST_AT_ONCE:,} generations at once, not {len(items):,}."
        faults["generations"] = [ErrorDetail(message, "max_items")]
    if faults or not isinstance(items, list):
        raise ValidationError(faults)
    return items


def _told(batch: Batch) -> dict[str, Any]:
    return {
        "recorded": batch.recorded,
        "duplicates": batch.duplicates,
        "rejected": [
            {"index": rejection.index, "errors": [_problem(problem) for problem in rejection.errors]}
            for rejection in batch.rejected
        ],
    }


def _problem(problem: Problem) -> dict[str, str]:
    name = UNSTORABLE.sub("\ufffd", problem.field)[:LONGEST_NAME]
    return {**problem._asdict(), "field": name}
