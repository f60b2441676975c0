from typing import Any, ClassVar

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from models_registry.api.bodies import read_object
from models_registry.api.openapi import LOCATION
from models_registry.api.query import refuse_any
from models_registry.api.scopes import PUBLIC, READING, RECORDING
from models_registry.api.writes import ReasonedWrites
from models_registry.audit import occasion
from pricing.quotes import services
from pricing.quotes.api.bodies import read_question, read_redemption
from pricing.quotes.api.openapi import QUESTION, QUOTE_ID, REDEMPTION, HeldQuoteSerializer
from pricing.quotes.models import HeldQuote
from pricing.quotes.terms import moment_told


class HeldQuotesView(ReasonedWrites):
    http_method_names = ["post"]
    required_scopes: ClassVar[dict[str, frozenset[str]]] = {"post": PUBLIC}

    @extend_schema(
        summary="Hold a quote",
        description=(
            "The price of one generation, good until `expires_at` whatever becomes of prices meanwhile. "
            "Needs no credentials; counts as a write."
        ),
        operation_id="pricing_quotes_create",
        request=QUESTION,
        parameters=[LOCATION],
        responses={201: HeldQuoteSerializer},
    )
    def post(self, request: Request) -> Response:
        refuse_any(request)
        held = services.hold(**read_question(read_object(request)))
        headers = {"Location": reverse("held-quote", args=[held.pk])}
        return Response(told(held), status=201, headers=headers)


class HeldQuoteView(APIView):
    http_method_names = READING
    required_scopes: ClassVar[dict[str, frozenset[str]]] = {"get": PUBLIC}

    @extend_schema(
        summary="A held quote",
        description=(
            "With what has become of it. Those that expired unused are kept for a day. "
            "409 `quote_altered` if what is stored is not what was signed."
        ),
        operation_id="pricing_quotes_retrieve",
        parameters=[QUOTE_ID],
        responses=HeldQuoteSerializer,
    )
    def get(self, request: Request, quote_id: str) -> Response:
        refuse_any(request)
        return Response(told(services.look_at(quote_id)))


class RedemptionView(ReasonedWrites):
    http_method_names = ["post"]
    required_scopes: ClassVar[dict[str, frozenset[str]]] = {"post": RECORDING}

    @extend_schema(
        summary="Redeem a held quote",
        description=(
            "Once, for one generation, which is then recorded with its quality, duration, credits, cost and "
            "price row; a report that names others is refused. Whatever else is sent is compared with what "
            "was quoted. 409 `quote_expired`, `quote_altered`, `quote_redeemed` (with the generation that it "
            "was redeemed for: after a lost answer, look whether it is yours) or `generation_conflict`."
        ),
        operation_id="pricing_quotes_redeem",
        request=REDEMPTION,
        parameters=[QUOTE_ID],
        responses=HeldQuoteSerializer,
    )
    def post(self, request: Request, quote_id: str) -> Response:
        refuse_any(request)
        asked = read_redemption(read_object(request))
        by = occasion.current().find_actor().name
        return Response(told(services.redeem(quote_id, **asked._asdict(), by=by)))


def told(held: HeldQuote) -> dict[str, Any]:
    return {
        **held.signed,
        "signature": held.signature,
        "state": held.state,
        "generation_id": held.generation_id,
        "redeemed_at": None if held.redeemed_at is None else moment_told(held.redeemed_at),
    }
