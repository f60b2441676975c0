"""The catalogue as a file that `importing` reads back to the same catalogue."""

import json
import os
import secrets
import stat
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from django.db.models import QuerySet

from models_registry import lifecycle, services
from models_registry.errors import CatalogueError
from models_registry.models import AIModel, CatalogueRevision, QualityTier
from models_registry.services import carry_out_what_is_due
from models_registry.turning import is_due_expression
from models_registry.values import decimal_text, shown
from pricing.errors import CatalogueBusy
from pricing.models import Rate
from pricing.price_book import MOST_READINGS
from videoai.exchange.catalogue import Catalogue, read_catalogue
from videoai.exchange.rates import AMOUNT, said
from videoai.exchange.reader import FORMAT, VERSION


class Export(NamedTuple):
    text: str
    number: int  # of models


def export(models: QuerySet[AIModel]) -> Export:
    """`models`, ordered by id, and their rates, as they stood together at one moment.

    Four queries, and one where rates tell sound. Raises CatalogueBusy if no reading was left alone, and
    CatalogueError for rates that a file can't tell apart.
    """
    catalogue = read_undisturbed(models)
    _refuse_ambiguous(catalogue)
    document = {
        "format": FORMAT,
        "version": VERSION,
        "models": [_row(catalogue, model_id) for model_id in catalogue.models],
    }
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return Export(text, len(catalogue.models))


def read_undisturbed(models: QuerySet[AIModel]) -> Catalogue:
    """Read again until nobody has committed between the query for the models and the one for the rates."""
    for _ in range(MOST_READINGS):
        before = _revision()
        if before is not None and before[-1]:
            carry_out_what_is_due()
            continue
        catalogue = read_catalogue(models)
        if _revision() == before:
            return catalogue
    raise CatalogueBusy("The catalogue is being changed without a pause. Try again in a moment.")


def _revision() -> tuple[str, int, bool] | None:
    """Epoch and number; and whether something is due, which the catalogue does not show yet."""
    revisions = CatalogueRevision.objects.annotate(is_due=is_due_expression())
    return revisions.values_list("epoch", "revision", "is_due").first()


def _row(catalogue: Catalogue, model_id: str) -> dict[str, Any]:
    fields = lifecycle.without_unsaid(services.state(catalogue.models[model_id]))
    rates = {place.name: _rate(rate) for place, rate in catalogue.rates[model_id].items()}
    return {**{name: _plain(value) for name, value in fields.items()}, "rates": rates}


def _rate(rate: Rate) -> Any:
    """Its amount, or an object if that does not say it whole."""
    told = {name: _plain(value) for name, value in said(rate).items()}
    return told if len(told) > 1 else told[AMOUNT]


def _refuse_ambiguous(catalogue: Catalogue) -> None:
    """Raise CatalogueError for `x` without sound beside a tier `x-audio`: it would be read as that."""
    places = {place for rates in catalogue.rates.values() for place in rates}
    suspects = {place.name: place for place in places if place.quality and place.with_audio is False}
    tiers = QualityTier.objects.filter(key__in=suspects).values_list("key", flat=True) if suspects else ()
    for name in tiers:
        raise CatalogueError(
            f"{shown(name)} would mean two things in the file: the quality tier of that key, and "
            f"{suspects[name].rate().place}. Remove the rate for the latter, or the tier."
        )


def _plain(value: Any) -> Any:
    """`value` as the file has it. Keys are sorted: PostgreSQL keeps no order of them, SQLite does."""
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, dict):
        return {key: _plain(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def write_whole(path: Path, text: str) -> None:
    """Put `text` at `path`, or leave there what was: a crash never leaves half a file. Raises OSError."""
    path = path.resolve()  # a link keeps pointing where it points
    if path.exists() and not path.is_file():
        raise OSError(f"{path} is no regular file")
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        _write_durably(beside, text)
        if path.exists():
            beside.chmod(stat.S_IMODE(path.stat().st_mode))
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _write_durably(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
