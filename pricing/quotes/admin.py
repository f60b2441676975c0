import re
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse

from models_registry.admin.filters import ListedFilter
from models_registry.admin.guards import GuardedAdmin, LookedAtAdmin
from models_registry.values import moment_text, price_text
from pricing.quotes.errors import QuoteAltered
from pricing.quotes.models import HeldQuote, HeldQuoteQuerySet, HeldState
from pricing.quotes.services import refuse_altered

SEEING = ("models_registry.view_aimodel", "models_registry.change_aimodel")
NOTHING = "–"
SHORT = 10


class StateFilter(ListedFilter):
    title = parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(HeldState.choices)

    def keep(self, rows: HeldQuoteQuerySet, value: str) -> HeldQuoteQuerySet:
        return rows.in_state(value)


@admin.register(HeldQuote)
class HeldQuoteAdmin(LookedAtAdmin, GuardedAdmin):
    """What was quoted and what became of it; to be read, and by nobody to be changed."""

    seen_with = SEEING  # quotes are asked for and redeemed over the API

    primary_key = re.compile("[A-Za-z0-9_-]{1,40}")
    list_display = ("short", "model_id_text", "what", "credits", "state", "made", "expires", "generation")
    list_filter = (StateFilter,)
    filter_lookups = (StateFilter.parameter_name,)
    search_fields = ("id", "generation_id")
    search_help_text = "A whole quote or generation id."
    ordering = ("-created_at", "id")
    sortable_by = ()
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = list_max_show_all = 50
    actions = None
    fieldsets = (
        (None, {"fields": ("id", "model_id_text", "what", "state", "made", "expires", "signed")}),
        ("Price", {"fields": ("credits", "price", "cost", "price_row")}),
        ("Redeemed", {"fields": ("redeemed", "generation", "redeemed_by")}),
    )

    # --- Pages -------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> "QuerySet[HeldQuote]":
        return HeldQuote.objects.with_state().order_by(*self.ordering)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """By whole ids, which have indexes: looking inside of them would read all quotes there ever were."""
        if not search_term or "\0" in search_term:
            return super().get_search_results(request, queryset, search_term)
        return queryset.filter(Q(pk=search_term) | Q(generation_id=search_term)), False

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """A quote has none."""
        raise Http404

    # --- Columns -----------------------------------------------------------------------------------------

    @admin.display(description="quote")
    def short(self, quote: HeldQuote) -> str:
        """Its beginning, which is enough to tell it from the others; its page has it whole."""
        return f"{quote.pk[:SHORT]}…"

    @admin.display(description="model")
    def model_id_text(self, quote: HeldQuote) -> str:
        return quote.model.model_id

    @admin.display(description="for")
    def what(self, quote: HeldQuote) -> str:
        sound = {True: ", with sound", False: ", without sound"}.get(quote.terms["with_audio"], "")
        return f"{quote.terms['quality']}, {quote.terms['duration']} s{sound}"

    @admin.display
    def credits(self, quote: HeldQuote) -> str:
        return f"{quote.terms['credits']:,}"

    @admin.display(description="worth")
    def price(self, quote: HeldQuote) -> str:
        return price_text(Decimal(quote.terms["price_usd"]))

    @admin.display(description="costs us")
    def cost(self, quote: HeldQuote) -> str:
        return price_text(Decimal(quote.terms["cost_usd"]))

    @admin.display
    def price_row(self, quote: HeldQuote) -> str:
        return str(quote.terms["price_row"])

    @admin.display
    def state(self, quote: HeldQuote) -> str:
        return str(quote.state.label)

    @admin.display(description="signature")
    def signed(self, quote: HeldQuote) -> str:
        try:
            refuse_altered(quote, {})
        except QuoteAltered as altered:
            return altered.message
        return "As it was signed"

    @admin.display
    def made(self, quote: HeldQuote) -> str:
        return moment_text(quote.created_at)

    @admin.display
    def expires(self, quote: HeldQuote) -> str:
        return moment_text(quote.expires_at)

    @admin.display
    def redeemed(self, quote: HeldQuote) -> str:
        return moment_text(quote.redeemed_at) if quote.redeemed_at else NOTHING

    @admin.display
    def generation(self, quote: HeldQuote) -> str:
        return quote.generation_id or NOTHING
