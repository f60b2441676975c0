from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from models_registry.api.query import CapabilityQuery, read_query, refuse_any
from models_registry.api.scopes import CATALOGUE_RIGHTS, PUBLIC, READING
from models_registry.models import AIModel
from pricing import services
from pricing.api.serializers import (
    ComparisonSerializer,
    MatrixQuery,
    MatrixSerializer,
    PolicySerializer,
    QuoteQuery,
    QuoteSerializer,
)
from pricing.price_book import read_price_book


class QuoteView(APIView):
    http_method_names = READING
    required_scopes: ClassVar[dict[str, frozenset[str]]] = {"get": PUBLIC}

    @extend_schema(
        summary="The price of one generation",
        parameters=[QuoteQuery],
        responses=QuoteSerializer,
    )
    def get(self, request: Request) -> Response:
        quote = services.quote(**read_query(request, QuoteQuery))
        return Response(QuoteSerializer(quote).data)


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
