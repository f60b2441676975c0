"""The figures as a file for spreadsheets: exact numbers, one row a period and model."""

import re
from collections.abc import Iterable

from models_registry import spreadsheet
from models_registry.spreadsheet import Value
from models_registry.usage.figures import Figures, Row
from models_registry.usage.periods import DAY
from models_registry.usage.windows import Window

HEADER = (
    "start",
    "end",
    "model_id",
    "generations",
    "successes",
    "failures",
    "success_rate",
    "success_rate_low",
    "success_rate_high",
    "average_time",
    "mean_time",
    "p50",
    "p90",
    "p95",
    "p99",
    "mean_queue_time",
    "credits",
    "cost_usd",
    "error_codes",
)


def csv_text(rows: Iterable[Row]) -> str:
    """Times are UTC, lengths seconds, rates percent; what is not known is left empty."""
    return spreadsheet.csv_text(
        HEADER, ((row.start, row.end, row.key, *_values(row.figures)) for row in rows)
    )


def file_name(window: Window, *, model_id: str | None) -> str:
    """As in usage_2026-11-01_2026-11-30_google-veo-3.csv; the last day is included."""
    are_days = window.start.hour == window.end.hour == 0
    first = f"{window.start:%Y-%m-%d}" if are_days else f"{window.start:%Y-%m-%dT%HZ}"
    last = f"{window.end - DAY:%Y-%m-%d}" if are_days else f"{window.end:%Y-%m-%dT%HZ}"
    named = [] if model_id is None else [re.sub("[^A-Za-z0-9._-]", "-", model_id)]
    return f"{'_'.join(['usage', first, last, *named])}.csv"


def _values(figures: Figures) -> list[Value]:
    low, high = figures.success_interval or (None, None)
    percentiles = figures.percentiles()
    return [
        figures.generations,
        figures.successes,
        figures.failures,
        figures.success_rate,
        low,
        high,
        figures.average_time,
        figures.mean_time,
        *(percentiles[name] for name in ("p50", "p90", "p95", "p99")),
        figures.mean_queue_time,
        figures.credits_total,
        figures.cost_usd,
        "; ".join(f"{code} {number}" for code, number in figures.error_codes.items()),
    ]
