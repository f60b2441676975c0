"""The margins as a file for spreadsheets: exact dollars, percent to two places."""

from collections.abc import Iterable
from datetime import datetime

from models_registry.spreadsheet import Value, csv_text
from pricing.margins.margin import Margin

HEADER = (
    "model_id",
    "name",
    "provider",
    "category",
    "status",
    "quality",
    "with_audio",
    "duration",
    "cost_usd",
    "own_cost_usd",
    "listed_cost_usd",
    "price_usd",
    "credits",
    "margin_usd",
    "margin_percent",
    "target_margin",
    "is_under_target",
    "is_loss",
    "generations_30_days",
    "credits_30_days",
    "value_usd_30_days",
)


def csv(margins: Iterable[Margin]) -> str:
    """What is not known is left empty."""
    return csv_text(HEADER, map(_values, margins))


def file_name(*, now: datetime) -> str:
    """As in margins_2026-11-30.csv; the day is UTC's."""
    return f"margins_{now:%Y-%m-%d}.csv"


def _values(margin: Margin) -> list[Value]:
    model, quote, volume = margin.model, margin.quote, margin.volume
    return [
        *(model.model_id, model.name, model.provider, model.category, model.status.value),
        *(quote.quality, quote.with_audio, quote.duration),
        *(margin.cost_usd, quote.cost_usd, margin.listed_cost_usd, quote.price_usd, quote.credits),
        *(margin.margin_usd, margin.margin_percent, margin.target_margin),
        *(margin.is_under_target, margin.is_loss),
        *(volume.generations, volume.credits, volume.value_usd),
    ]
