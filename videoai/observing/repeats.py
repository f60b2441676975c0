"""Counts the transactions that had to be begun anew."""

from models_registry.transactions import transaction_repeated
from videoai.observing.metrics import count


def watch() -> None:
    transaction_repeated.connect(_count)


def _count(*, reason: str, **_: object) -> None:
    count("videoai_transactions_repeated_total", reason)
