"""Bring a file's rows into the catalogue: all of them, or none.

The catalogue stays locked from the first look to the commit: imports and seeds queue, and what was compared
is what is changed. All rows are tried at once; if one is refused, each by itself, even after one has failed,
so that one run tells all the faults.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction

from models_registry import services
from models_registry.audit.ledger import together
from models_registry.errors import CatalogueError, ConfirmationRequired, DefaultModelRequired
from models_registry.models import AIModel, CatalogueRevision, QualityTier
from models_registry.transactions import same_again, whole
from models_registry.values import parse_decimal
from pricing import guards
from pricing import services as pricing
from pricing.models import Rate
from pricing.models.rate import SAID
from videoai.exchange.at_once import by_what_settles, runs, standing_rates, write_at_once
from videoai.exchange.catalogue import Catalogue, read_catalogue
from videoai.exchange.diff import ModelChange, compare
from videoai.exchange.planning import Plan, in_order, plan
from videoai.exchange.rates import RATES, Place, rate_field, said
from videoai.exchange.reader import Problem, Row

Progress = Callable[[int], None]  # called with the number of rows tried so far


@dataclass(frozen=True)
class ImportReport:
    """What an import did, or would do."""

    changes: Sequence[ModelChange]
    unchanged: int  # rows whose model already stood as the row has it

    @property
    def created(self) -> int:
        return sum(change.is_new for change in self.changes)

    @property
    def changed(self) -> int:
        """Models that stood before, the one that lost the default flag included."""
        return len(self.changes) - self.created


class RowsRefused(Exception):
    """Some rows can't be imported, so none was."""

    def __init__(self, problems: Sequence[Problem], *, bad_rows: int, rows: int) -> None:
        super().__init__(f"{len(problems)} problems in {bad_rows} of {rows} rows")
        self.problems = problems
        self.bad_rows = bad_rows
        self.rows = rows


def silent(rows_tried: int) -> None:
    pass


@whole
def import_rows(rows: Sequence[Row], *, confirmed: bool = False, progress: Progress = silent) -> ImportReport:
    """Write `rows` to the catalogue. Raises RowsRefused, with every fault, and writes nothing then.

    A row that moves prices unusually is a fault, too, unless that is `confirmed`.
    """
    return _try(rows, confirmed=confirmed, progress=progress)


@same_again
def rehearse_import(
    rows: Sequence[Row], *, confirmed: bool = False, progress: Progress = silent
) -> ImportReport:
    """Do all that `import_rows` does, then undo it. Raises RowsRefused."""
    report = _try(rows, confirmed=confirmed, progress=progress)
    transaction.set_rollback(True)
    return report


def _try(rows: Sequence[Row], *, confirmed: bool, progress: Progress) -> ImportReport:
    CatalogueRevision.objects.lock()
    with together():
        return _compare_and_write(rows, confirmed, progress)


def _compare_and_write(rows: Sequence[Row], confirmed: bool, progress: Progress) -> ImportReport:
    before = read_catalogue(AIModel.objects.all())
    plans = plan(rows, standing=before, qualities=QualityTier.objects.known_keys())
    is_done = _done_at_once(plans, before, confirmed, progress)
    refusals = [] if is_done else _carry_out(plans, before, confirmed, progress)
    if refusals:
        problems = sorted(chain.from_iterable(refusals), key=lambda problem: problem.line)
        raise RowsRefused(problems, bad_rows=len(refusals), rows=len(rows))
    changes = compare(before, read_catalogue(AIModel.objects.all()))
    changed = {change.model_id for change in changes}
    return ImportReport(changes, unchanged=sum(row.model_id not in changed for row in rows))


def _done_at_once(plans: Sequence[Plan], before: Catalogue, confirmed: bool, progress: Progress) -> bool:
    """Try to carry out all plans in few statements. False if one is refused: nothing is written then.

    One by one, each of them tells what is wrong with it.
    """
    if any(planned.problems or not planned.is_feasible for planned in plans):
        return False
    numbers = count(1)
    try:
        with transaction.atomic(), together():
            for run in runs(in_order(plans), before):
                with _guarding(run, before, confirmed):
                    _write_run(run, before, tell=lambda: progress(next(numbers)))
    except (ValidationError, CatalogueError):
        return False
    return True


def _write_run(run: Sequence[Plan], before: Catalogue, *, tell: Callable[[], None]) -> None:
    if len(run) > 1:
        write_at_once(run, before, tell=tell)
    else:
        _write_one(run[0], before)
        tell()


def _carry_out(
    plans: Iterable[Plan], before: Catalogue, confirmed: bool, progress: Progress
) -> list[list[Problem]]:
    """Try every plan; returns the problems of each row that has any.

    If the claim to the default fails, it is that row alone which is to blame.
    """
    refusals: list[list[Problem]] = []
    claim_failed = False
    for number, planned in enumerate(in_order(plans), start=1):
        found = _attempt(planned, before, confirmed)
        claim_failed = claim_failed or (planned.claims_default and bool(found))
        blamed = [p for p in found if not (claim_failed and p.code == DefaultModelRequired.code)]
        refusals += [blamed] if blamed else []
        progress(number)
    return refusals


def _attempt(planned: Plan, before: Catalogue, confirmed: bool) -> list[Problem]:
    """Write what can be written of one row, so that the service speaks up as well; returns all its problems.

    What a bad row has changed is undone with everything else at the end. Until then the later rows meet the
    catalogue as they will once that row is mended.
    """
    if not planned.is_feasible:
        return list(planned.problems)
    return [*planned.problems, *_write(planned, before, confirmed)]


def _write(planned: Plan, before: Catalogue, confirmed: bool) -> list[Problem]:
    try:
        with _guarding([planned], before, confirmed):
            _write_one(planned, before)
    except ValidationError as error:
        return list(_problems(planned, error.message_dict))
    except ConfirmationRequired as error:
        told = f"{error.finding} Import it with --confirm if that is meant."
        return [planned.row.problem(None, told, code=error.code)]
    except CatalogueError as error:
        return [planned.row.problem(error.field, error.message, code=error.code)]
    return []


def _write_one(planned: Plan, before: Catalogue) -> None:
    model = _write_model(planned)
    if planned.rates is not None and not planned.problems:
        _write_rates(planned, model, planned.rates, standing=standing_rates(planned, before))


def _guarding(plans: Sequence[Plan], before: Catalogue, confirmed: bool) -> AbstractContextManager[None]:
    """Compare the prices of the plans' models before and after, if any may move; all steps are one."""
    keys = [
        planned.target.pk
        for planned in plans
        if planned.target and _may_move_prices(planned, planned.target, standing_rates(planned, before))
    ]
    if not keys:
        return nullcontext()
    return guards.guarding(AIModel.objects.filter(pk__in=keys), confirmed=confirmed)


def _may_move_prices(planned: Plan, model: AIModel, standing: Mapping[Place, Rate]) -> bool:
    if not model.is_active and planned.changes.get("is_active"):
        return True  # what is off sale is nobody's price until it comes back
    if planned.rates is not None and _all_said(planned.rates) != _all_said(standing):
        return True
    try:
        return parse_decimal(planned.changes.get("cost_per_second", model.cost_per_second)) != (
            model.cost_per_second
        )
    except ValueError:
        return False  # the service will refuse it


def _write_model(planned: Plan) -> AIModel:
    if planned.target is None:
        return services.create(planned.changes)
    if not planned.changes:
        return planned.target
    return services.revise(planned.target, planned.changes, confirmed=True)


def _all_said(rates: Mapping[Place, Rate]) -> dict[Place, dict[str, Any]]:
    return {place: said(rate) for place, rate in rates.items()}


def _write_rates(
    planned: Plan, model: AIModel, wanted: Mapping[Place, Rate], *, standing: Mapping[Place, Rate]
) -> None:
    """Make `wanted` the whole set of the model's rates; `_guarding` has looked at what becomes of prices.

    What names both quality and sound settles which of two others counts: it comes first and goes last, so
    that there is no tie halfway.
    """
    settling, others = by_what_settles(wanted)
    gone = {place: rate for place, rate in standing.items() if place not in wanted}
    gone_settling, gone_others = by_what_settles(gone)
    _put(planned, model, settling, standing=standing)
    _remove(gone_others)
    _put(planned, model, others, standing=standing)
    _remove(gone_settling)


def _put(
    planned: Plan, model: AIModel, wanted: Mapping[Place, Rate], *, standing: Mapping[Place, Rate]
) -> None:
    errors: dict[str, Any] = {}
    for place, rate in wanted.items():
        if place in standing and said(standing[place]) == said(rate):
            continue
        values = {"quality_id": place.quality, "with_audio": place.with_audio, **said(rate)}
        try:
            pricing.put_rate(model, values, confirmed=True)
        except ValidationError as error:
            is_object = isinstance(planned.row.values[RATES][place.name], Mapping)
            for name, reasons in error.message_dict.items():
                field = rate_field(place.name)
                errors[f"{field}.{name}" if is_object and name in SAID else field] = reasons
    if errors:
        raise ValidationError(errors)


def _remove(rates: Mapping[Place, Rate]) -> None:
    for rate in rates.values():
        pricing.remove_rate(rate, confirmed=True)


def _problems(planned: Plan, messages: Mapping[str, Sequence[str]]) -> Iterator[Problem]:
    """The service's complaints, but those about fields that were kept from it for another fault."""
    row = planned.row
    known = {problem.field for problem in planned.problems}
    for name, reasons in messages.items():
        if row.called(name) in known:
            continue
        is_known = name in row.values or name.startswith(rate_field("")) or name == NON_FIELD_ERRORS
        if planned.target is None and not is_known:
            yield row.problem(name, "A new model needs this field.")
            continue
        for reason in reasons:
            yield row.problem(None if name == NON_FIELD_ERRORS else name, reason)
