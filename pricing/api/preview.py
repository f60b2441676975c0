"""What would become of prices, asked over HTTP: a POST that writes nothing."""

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from models_registry.api.bodies import read_object
from models_registry.api.query import refuse_any
from models_registry.api.scopes import CATALOGUE_RIGHTS
from models_registry.values import decimal_text
from pricing.api.preview_serializers import PreviewSerializer
from pricing.api.supposition import BODY, read_supposition
from pricing.moves import Move
from pricing.preview import Takings, WhatIf, preview

MOST_RESULTS = 1_000


class PreviewView(APIView):
    http_method_names = ["post"]
    required_scopes: ClassVar[dict[str, frozenset[str]]] = {"post": CATALOGUE_RIGHTS}

    @extend_schema(
        summary="What a change of prices would do, before it is made",
        description=(
            "Nothing is stored. Lists the credits of every combination that would change, those that would "
            "no longer be sold first, then the greatest changes: at most 1,000, and `truncated` says "
            "whether there are more. `usage` is what the generations of the last 30 days would have brought "
            "in. With `policy` or `multipliers`, of all models on sale; else of those in `models`, whatever "
            "their status. Needs catalogue rights."
        ),
        request=BODY,
        responses=PreviewSerializer,
    )
    def post(self, request: Request) -> Response:
        refuse_any(request)
        return Response(told(preview(read_supposition(read_object(request)), now=timezone.now())))


def told(found: WhatIf) -> dict[str, Any]:
    return {
        "combinations": found.counts,
        "results": [_move(move) for move in found.affected[:MOST_RESULTS]],
        "truncated": len(found.affected) > MOST_RESULTS,
        "usage": _usage(found.takings),
    }


def _move(move: Move) -> dict[str, Any]:
    names = ("quality", "duration", "before", "after")
    return {"model_id": move.model.model_id, **{name: getattr(move, name) for name in names}}


def _usage(takings: Takings) -> dict[str, Any]:
    before, after = takings.dollars
    return {
        "from": takings.window.start,
        "to": takings.window.end,
        "generations": takings.generations,
        "unpriced_generations": takings.unpriced,
        "credits_before": takings.credits[0],
        "credits_after": takings.credits[1],
        "dollars_before": decimal_text(before),
        "dollars_after": decimal_text(after),
        "difference_usd": decimal_text(takings.difference),
    }
