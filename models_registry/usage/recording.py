"""Recording finished generations: each counted once, whatever is sent twice, and all of it or nothing.

What has a price that was agreed on is recorded with that (see `agreements`); what says another is refused.

One transaction claims the ids, inserts the generations, and adds to counters and rollups. Writers that meet
wait for each other in one order (ids, then counters, then rollups, each sorted), so none waits in a circle.
The counter of a model is locked before its rollups: who holds it is the only one to change them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone

from models_registry.errors import ModelUnavailable
from models_registry.models import AIModel, QualityTier
from models_registry.strict_json import Unreadable
from models_registry.transactions import same_again
from models_registry.usage import statements
from models_registry.usage.agreements import Agreement
from models_registry.usage.errors import GenerationConflict
from models_registry.usage.models import GenerationKey, UsageRollup
from models_registry.usage.periods import Grain
from models_registry.usage.reports import Problem, Report, as_told, read_report
from models_registry.usage.standing import Agreed, Standing, Stored, key_rows, settle, times_of
from models_registry.usage.tallies import tally, totals
from models_registry.values import UNSTORABLE, in_milliseconds, shown

MOST_AT_ONCE = 1_000


@dataclass(frozen=True)
class Recorded:
    """A generation as it stands, and whether it was new."""

    record: dict[str, Any]
    is_new: bool


class Single(NamedTuple):
    """One generation to record, and the id of its model."""

    model_id: str
    report: Report


@dataclass(frozen=True)
class Rejection:
    """An item of a batch that was not recorded, and why."""

    index: int
    errors: list[Problem]


@dataclass
class Batch:
    """What became of the items of a batch."""

    recorded: int = 0
    duplicates: int = 0
    rejected: list[Rejection] = field(default_factory=list)

    def reject(self, index: int, *problems: Problem) -> None:
        self.rejected.append(Rejection(index, list(problems)))


def record(model_id: str, values: Mapping[str, Any], *, now: datetime | None = None) -> Recorded:
    """Count one finished generation of a model, whatever the model's status.

    `values`: `generation_id`, `generation_time` (seconds), `success`; where known `duration` (seconds of
    video), `quality`, `queue_time` (seconds), `error_code`, `cost_usd`, `credits`, `finished_at` (`now` by
    default). The same record again changes nothing.
    Raises ModelUnavailable, ValidationError (keyed by field) or GenerationConflict.
    """
    (single,) = read_each([(model_id, values)], now=now)
    if isinstance(single, Exception):
        raise single
    (outcome,) = record_each([single])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def read_each(
    items: Sequence[tuple[str, Mapping[str, Any]]], *, now: datetime | None = None
) -> list[Single | ModelUnavailable | ValidationError]:
    """Each of `items`, a model and what `record` takes of it, ready to be recorded; or what is wrong."""
    models = _primary_keys(model_id for model_id, _ in items)
    qualities = _known_qualities(values for _, values in items)
    moment = _in_utc(now)
    found: list[Single | ModelUnavailable | ValidationError] = []
    for model_id, values in items:
        if model_id not in models:
            found.append(ModelUnavailable(_unknown_model(model_id)))
            continue
        report, problems = read_report(values, model=models[model_id], now=moment, known_qualities=qualities)
        found.append(ValidationError(_by_field(problems)) if report is None else Single(model_id, report))
    return found


def record_each(singles: Sequence[Single]) -> list[Recorded | GenerationConflict]:
    """Count `singles` in one transaction, and tell of each what `record` would have.

    The first of an id counts; the others are the same again, or in conflict with it.
    """
    known = _write_first([report for _, report in singles])
    return [_outcome(single, one) for single, one in zip(singles, known, strict=True)]


def _outcome(single: Single, standing: Standing | GenerationConflict) -> Recorded | GenerationConflict:
    if isinstance(standing, GenerationConflict):
        return standing
    report = standing.report._replace(finished_at=standing.finished_at)
    return Recorded(as_told(report, model_id=single.model_id), is_new=standing.is_new)


def record_many(items: Sequence[Any], *, now: datetime | None = None) -> Batch:
    """Count those of `items` that can be; each is what `record` takes, and its `model_id`.

    The first of an id counts; equal ones are duplicates, others are rejected. Raises ValueError above 1,000.
    """
    if len(items) > MOST_AT_ONCE:
        raise ValueError(f"At most {MOST_AT_ONCE:,} generations at once, not {len(items):,}.")
    batch = Batch()
    reports = _readable(items, batch, now=_in_utc(now))
    known = _write_first(list(reports.values()))
    for index, one in zip(reports, known, strict=True):
        if isinstance(one, GenerationConflict):
            batch.reject(index, Problem(one.field or "generation_id", one.code, one.message))
        elif one.is_new:
            batch.recorded += 1
        else:
            batch.duplicates += 1
    batch.rejected.sort(key=lambda rejection: rejection.index)
    return batch


# --- Reading ---------------------------------------------------------------------------------------------


def _readable(items: Sequence[Any], batch: Batch, *, now: datetime) -> dict[int, Report]:
    """The reports in `items` by their index; what is no good is rejected."""
    objects = {index: item for index, item in enumerate(items) if isinstance(item, Mapping)}
    models = _primary_keys(item.get("model_id") for item in objects.values())
    qualities = _known_qualities(objects.values())
    found = {}
    for index, item in enumerate(items):
        if index not in objects:
            batch.reject(index, _no_object(item))
            continue
        values = dict(item)
        model_id = values.pop("model_id", None)
        model = models.get(model_id) if isinstance(model_id, str) else None
        report, problems = read_report(values, model=model or 0, now=now, known_qualities=qualities)
        if model is None:
            problems.insert(0, _no_model(model_id))
        if report is None or problems:
            batch.reject(index, *problems)
        else:
            found[index] = report
    return found


def _primary_keys(model_ids: Iterable[object]) -> dict[str, int]:
    wanted = {model_id for model_id in model_ids if isinstance(model_id, str)}
    return dict(AIModel.objects.with_model_ids(wanted).values_list("model_id", "pk"))


def _known_qualities(items: Iterable[Mapping[str, Any]]) -> set[str]:
    """Of the qualities in `items`, the tiers that there are, and those gone that generations were made in."""
    named = {text for item in items if isinstance(text := item.get("quality"), str)}
    if not named:
        return set()
    known = QualityTier.objects.known_keys()
    # In sums, the empty text says that no quality was named: it is none that could be gone.
    strange = {text for text in named - known if text and not UNSTORABLE.search(text)}
    if strange:
        known.update(_gone(strange))
    return known


def _gone(qualities: Collection[str]) -> "QuerySet[UsageRollup, str]":
    """Those of `qualities` that generations were made in; what is reported late or again is no less true."""
    months = UsageRollup.objects.filter(grain=Grain.MONTH, quality__in=qualities)
    return months.values_list("quality", flat=True).distinct()


def _no_object(item: object) -> Problem:
    if isinstance(item, Unreadable):
        return Problem("non_field_errors", item.code, item.message)
    return Problem("non_field_errors", "invalid", f"{shown(item)} is not an object.")


def _no_model(model_id: object) -> Problem:
    if model_id is None:
        return Problem("model_id", "required", "This field is needed; give it a value.")
    if isinstance(model_id, Unreadable):
        return Problem("model_id", model_id.code, model_id.message)
    return Problem("model_id", ModelUnavailable.code, _unknown_model(model_id))


def _unknown_model(model_id: object) -> str:
    return f"There is no model {shown(model_id)}, so nothing can be recorded of it."


def _by_field(problems: Iterable[Problem]) -> dict[str, list[ValidationError]]:
    errors: dict[str, list[ValidationError]] = {}
    for name, code, message in problems:
        errors.setdefault(name, []).append(ValidationError(message, code))
    return errors


def _in_utc(moment: datetime | None) -> datetime:
    return in_milliseconds((moment or timezone.now()).astimezone(UTC))


# --- Writing ---------------------------------------------------------------------------------------------


def _write_first(reports: Sequence[Report]) -> list[Standing | GenerationConflict]:
    """Record of each id the first that fits what was agreed on, and tell what each of `reports` counts as."""
    known = _write(reports) if reports else {}
    return [_standing(report, known[report.generation_id]) for report in reports]


def _standing(report: Report, stored: Stored) -> Standing | GenerationConflict:
    try:
        return stored.standing(report)
    except GenerationConflict as conflict:
        return conflict


@same_again
@statements.sent_at_once()
def _write(reports: Sequence[Report]) -> dict[str, Stored]:
    """Record those of `reports` whose ids are free, and tell of each id what it now stands for."""
    first: dict[str, Report] = {}
    for report in reports:
        first.setdefault(report.generation_id, report)
    known = {key: Stored(one.fingerprint, one.finished_at, one) for key, one in sorted(first.items())}
    times = times_of(known)
    claimed = statements.claim(key_rows(known, times))
    if not claimed.free:
        statements.wait_for_replicas()
    if len(claimed.free) < len(known):
        for key in GenerationKey.objects.filter(pk__in=known.keys() - claimed.free):
            known[key.generation_id] = Stored(key.fingerprint, key.finished_at, None)
    if claimed.agreed:
        times |= settle([Agreed(row[0], Agreement._make(row[1:])) for row in claimed.agreed], known, reports)
    new = {key: stored.written(stored.first) for key, stored in known.items() if stored.first}
    if new:
        rows = (_generation(report, finished_at=times[key]) for key, report in new.items())
        statements.insert(statements.GENERATIONS, rows)
        add_up(new.values())
    return known


def _generation(report: Report, *, finished_at: str) -> statements.Row:
    return {**report._asdict(), "model_id": report.model, "finished_at": finished_at}


def add_up(reports: Iterable[Report]) -> None:
    """Add `reports` to the sums, in the transaction that inserts them."""
    tallies = tally(reports)
    periods = [(key.columns(), one) for key, one in tallies.items()]
    errors = [
        {**period, "error_code": code, "failures": number}
        for period, one in periods
        for code, number in sorted(one.errors.items())
    ]
    statements.add(
        (statements.COUNTERS, ({"model_id": model, **sums} for model, sums in totals(tallies).items())),
        (statements.ROLLUPS, ({**period, **one.columns()} for period, one in periods)),
        *([(statements.ERROR_COUNTS, errors)] if errors else []),
    )
