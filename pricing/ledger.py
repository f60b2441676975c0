"""What prices were: price books of moments that have passed, made of the versions that the database kept."""

import json
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Max, OuterRef, Q, Subquery

from models_registry.models import AIModel, QualityTier
from pricing.models import PriceVersion, PricingPolicy, Rate, UpstreamModel
from pricing.price_book import FOLLOWS, LISTED_COST, PriceBook, Rates, by_place
from pricing.triggers import LISTED, MODEL, POLICY, RATE, TIER

TABLES: dict[str, type[models.Model]] = {
    MODEL: AIModel,
    LISTED: UpstreamModel,
    RATE: Rate,
    POLICY: PricingPolicy,
    TIER: QualityTier,
}
# In the text of a state, as PostgreSQL and as SQLite write it; a quote inside a value would be escaped.
ON_SALE = Q(state__contains='"is_active": true') | Q(state__contains='"is_active":1')
# SQLite compares moments as texts of different length: below the next one it is right about equal ones, too.
RESOLUTION = timedelta(microseconds=1)


def price_book_at(model_ids: Collection[str], at: datetime) -> PriceBook:
    """The book as it stood at a moment that has passed, with those of the models that there were by then.

    Two queries. Models are there in whatever status they then had; the columns that no price is made of are
    empty.
    """
    found = [restored(version) for version in _versions(at, Q(kind=MODEL, name__in=set(model_ids)))]
    theirs = Q(kind__in=[RATE, LISTED], model_row__in=[model.pk for model in found])
    others: dict[str, list[Any]] = {kind: [] for kind in TABLES}
    for version in _versions(at, theirs | Q(kind__in=[POLICY, TIER])):
        others[version.kind].append(restored(version))
    _tell_of_list(found, others[LISTED])
    tiers = sorted(others[TIER], key=lambda tier: (tier.position, tier.key))
    return PriceBook(
        next(iter(others[POLICY]), None),
        {tier.key: tier for tier in tiers},
        by_place(others[RATE]),
        found,
    )


def last_sold(models: Collection[int]) -> tuple[list[AIModel], Rates]:
    """`models`, by primary key, and their rates as they stood when they last were on sale; without those that
    never were.

    Two queries. Asked while they are off sale: what counts is the last version before it ended.
    """
    of_row = PriceVersion.objects.filter(kind=MODEL, row_id=OuterRef("row_id")).order_by("-number")
    sold = Subquery(of_row.filter(ON_SALE).values("number")[:1])
    versions = PriceVersion.objects.filter(kind=MODEL, row_id__in=models, number__gte=sold).order_by("number")
    last: dict[int, PriceVersion] = {}
    ended: dict[int, int] = {}  # the number of the version with which it went off sale
    for version in versions:
        if last.setdefault(version.row_id, version) is not version:
            ended.setdefault(version.row_id, version.number)
    found = {pk: restored(version) for pk, version in last.items()}
    others: dict[tuple[str, int], PriceVersion] = {}
    theirs = PriceVersion.objects.filter(kind__in=[RATE, LISTED], model_row__in=found).order_by("number")
    for version in theirs:
        if version.number < ended.get(version.model_row or 0, version.number + 1):
            others[version.kind, version.row_id] = version
    rows = [restored(version) for version in others.values() if version.state is not None]
    _tell_of_list(found.values(), [row for row in rows if isinstance(row, UpstreamModel)])
    return list(found.values()), by_place(row for row in rows if isinstance(row, Rate))


def _tell_of_list(models: Iterable[AIModel], entries: Iterable[UpstreamModel]) -> None:
    """What a price book knows of its models besides their rows."""
    listed = {entry.model_id: entry for entry in entries}
    for model in models:
        entry = listed.get(model.pk)
        setattr(model, LISTED_COST, entry and entry.cost_per_second)
        setattr(model, FOLLOWS, entry and entry.follows)


def restored(version: PriceVersion) -> Any:
    """The row as it then was; columns that came later are as if nobody had set them."""
    table = TABLES[version.kind]
    state = json.loads(version.state or "{}", parse_float=Decimal)
    columns = {field.column: field for field in table._meta.concrete_fields}
    known = {columns[name]: value for name, value in state.items() if name in columns}
    return table(pk=version.row_id, **{field.attname: _read(field, value) for field, value in known.items()})


def newest() -> int:
    """The number of the last version that was written; 0 before there was any."""
    return PriceVersion.objects.aggregate(newest=Max("number"))["newest"] or 0


def written_since(number: int) -> list[PriceVersion]:
    """Of each row that has versions behind `number`, the last one."""
    found = PriceVersion.objects.filter(number__gt=number).order_by("number")
    last = {(one.kind, one.row_id): one for one in found}
    return list(last.values())


def date(version: PriceVersion, moment: datetime) -> None:
    """Let the price of the row, as it stands, date from `moment`."""
    if version.state is not None and version.kind != LISTED:
        TABLES[version.kind]._default_manager.filter(pk=version.row_id).update(priced_at=moment)


def date_back(versions: Iterable[PriceVersion], *, to: datetime) -> None:
    """Let what `versions` say count from `to` already: since then nobody was told anything else."""
    for number, version in enumerate(versions, newest() + 1):
        PriceVersion.objects.create(
            number=number,
            kind=version.kind,
            row_id=version.row_id,
            model_row=version.model_row,
            name=version.name,
            effective_from=to,
            state=version.state,
        )


def _versions(at: datetime, wanted: Q) -> Iterable[PriceVersion]:
    """Of each row that is `wanted` and was there at the moment, the version that counted."""
    until = PriceVersion.objects.filter(effective_from__lt=at + RESOLUTION)
    of_row = until.filter(kind=OuterRef("kind"), row_id=OuterRef("row_id"))
    latest = of_row.order_by("-effective_from", "-number").values("pk")[:1]
    return until.filter(wanted, pk=Subquery(latest), state__isnull=False).order_by("row_id")


def _read(field: "models.Field[Any, Any]", value: Any) -> Any:
    """`value` of a column, as the database's JSON has it."""
    if value is None:
        return None
    if isinstance(field, models.DecimalField):
        return Decimal(value).quantize(Decimal(1).scaleb(-field.decimal_places))
    if isinstance(field, models.DateTimeField):
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return bool(value) if isinstance(field, models.BooleanField) else value
