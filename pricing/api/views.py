from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from models_registry.api.query import CapabilityQuery, read_query, refuse_any
from models_registry.api.scopes import CATALOGUE_RIGHTS, PUBLIC, READING, has_catalogue_rights
from models_registry.models import AIModel
from pricing import services
from pricing.api.serializers import (
    ComparisonSerializer,
    ExplainedQuoteSerializer,
    ExplanationSerializer,
    MatrixQuery,
    MatrixSerializer,
    PolicySerializer,
    QuoteQuery,
    QuoteSerializer,
)
from pricing.explaining import explanation_of
from pricing.price_book import read_price_book
from pricing.schedule.forecast import book_at


class QuoteView(APIView):
    http_method_names = READING
    required_scopes: ClassVar[dict[str, frozenset[str]]] = {"get": PUBLIC}

    def check_permissions(self, request: Request) -> None:
        if "at" in request.query_params and not has_catalogue_rights(request):
            self.check_throttles(request)  # as for whoever lacks the scope of a view
            self.permission_denied(request, message="Prices of another moment need catalogue rights.")
        super().check_permissions(request)

    @extend_schema(
        summary="The price of one generation",
        description=(
            "With catalogue rights also as it was, or will be as far as is known, at a moment; and `explain` "
            "then also tells sources, notes, and the list price that is covered."
        ),
        parameters=[QuoteQuery],
        responses=ExplainedQuoteSerializer,
    )
    def get(self, request: Request) -> Response:
        wanted = read_query(request, QuoteQuery)
        at, is_explained = wanted.pop("at", None), wanted.pop("explain", False)
        model_id = wanted.pop("model_id")
        book = (
            read_price_book(AIModel.objects.sold().with_model_id(model_id))
            if at is None
            else book_at([model_id], at)
        )
        model = services.sold_in(book, model_id)
        quote = services.quote_in(book, model, **wanted)
        told = QuoteSerializer(quote).data
        if is_explained:
            whole = explanation_of(book, model, quote)
            seen = whole if has_catalogue_rights(request) else whole.for_everybody()
            told["explain"] = ExplanationSerializer(seen).data
        return Response(told)


class MatrixView(APIView):
    http_method_names = READING
    required_scopes: ClassVar[dict[str, frozenset[str]]] = {"get": PUBLIC}

    @extend_schema(
        summary="The credits of every sellable combination",
        description="Combinations above a limit of the policy are left out.",
        parameters=[MatrixQuery],
        responses=MatrixSerializer,
    )
    def get(self, request: Request) -> Response:
        wanted: dict[str, Any] = read_query(request, MatrixQuery)
        return Response({"models": services.matrix(AIModel.active.filter(**wanted))})


class CompareView(APIView):
    http_method_names = READING
    required_scopes: ClassVar[dict[str, frozenset[str]]] = {"get": PUBLIC}

    @extend_schema(
        summary="Who can do it, cheapest first",
        parameters=[CapabilityQuery],
        responses=ComparisonSerializer,
    )
    def get(self, request: Request) -> Response:
        wanted = read_query(request, CapabilityQuery)
        offers = services.compare(AIModel.active.all(), **wanted)
        return Response(ComparisonSerializer({**wanted, "results": offers}).data)


class PolicyView(APIView):
    http_method_names = READING
    required_scopes: ClassVar[dict[str, frozenset[str]]] = {"get": CATALOGUE_RIGHTS}

    @extend_schema(
        summary="The policy in force",
        description="Needs catalogue rights.",
        responses=PolicySerializer,
    )
    def get(self, request: Request) -> Response:
        refuse_any(request)
        return Response(PolicySerializer(read_price_book(AIModel.objects.none())).data)
