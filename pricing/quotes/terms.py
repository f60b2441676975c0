"""What a quote says, as it is told, stored and signed: one JSON object, with money and times as texts.

SQLite keeps decimals as floats, of which no signature would be true for long.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from models_registry.values import decimal_text, parse_decimal, same
from pricing.price_book import Quote

Terms = Mapping[str, Any]

MONEY = frozenset({"cost_per_second", "quality_multiplier", "cost_usd", "price_usd"})


# As they are told; PostgreSQL keeps the fields of JSON in an order of its own.
ORDER = (
    *("model_id", "quality", "duration", "with_audio"),
    *("cost_per_second", "quality_multiplier", "cost_usd", "price_usd", "credits", "currency", "priced_at"),
    "price_row",
)


def terms_of(quote: Quote) -> dict[str, Any]:
    a_second = quote.cost_per_second
    return {
        "model_id": quote.model_id,
        "quality": quote.quality,
        "duration": quote.duration,
        "with_audio": quote.with_audio,
        "cost_per_second": None if a_second is None else decimal_text(a_second),
        "quality_multiplier": decimal_text(quote.quality_multiplier),
        "cost_usd": decimal_text(quote.cost_usd),
        "price_usd": decimal_text(quote.price_usd),
        "credits": quote.credits,
        "currency": quote.currency,
        "priced_at": moment_told(quote.priced_at),
        "price_row": quote.basis.row_name,
    }


def in_order(terms: Terms) -> dict[str, Any]:
    """All of them, the known ones first."""
    return {**{name: terms[name] for name in ORDER if name in terms}, **terms}


def moment_told(moment: datetime) -> str:
    """As the API tells all times."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def differing(told: Terms, said: Terms) -> str | None:
    """The first field of `said` that is not as it was `told`; money is compared by its value."""
    return next((name for name, value in said.items() if not _agrees(name, told.get(name), value)), None)


def _agrees(name: str, told: Any, said: Any) -> bool:
    if name in MONEY and told is not None:
        try:
            return parse_decimal(said) == parse_decimal(told)
        except ValueError:
            return False
    return same(told, said)
