"""Take a price list over: all of it but what is held, or nothing.

The catalogue stays locked from the first look to the commit, so what was compared is what is changed.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.utils import timezone

from models_registry import services as catalogue
from models_registry.audit.ledger import together
from models_registry.errors import CatalogueError
from models_registry.models import AIModel, CatalogueRevision
from models_registry.transactions import same_again, whole
from pricing.models import UpstreamModel
from pricing.upstream.drafts import draft_of
from pricing.upstream.models import HeldPrice, State
from pricing.upstream.planning import EntryPlan, PriceStep, Verdict, plan, vanished
from pricing.upstream.price_list import ListRefused, PriceList, Problem
from pricing.upstream.standing import read_standing
from pricing.upstream.sunsets import plan_sunset
from pricing.upstream.writing import Told, write_price

Progress = Callable[[int], None]  # called with the number of entries done so far
BY_THE_LIST = "the price list"


@dataclass(frozen=True)
class SyncReport:
    """What a sync did, or would do."""

    price_list: PriceList
    plans: Sequence[EntryPlan]
    vanished: Sequence[UpstreamModel]  # entries that the list no longer has
    waiting: int  # held prices of this list that wait for a person by now
    at: datetime  # when the list was read


def silent(entries_done: int) -> None:
    pass


@whole
def sync(
    price_list: PriceList, *, at: datetime, without: Collection[str] = (), progress: Progress = silent
) -> SyncReport:
    """Write `price_list`, read at `at`, to the upstream layer; `without` are keys that were passed over.

    The same list again changes nothing. Raises ListRefused, with every problem, and writes nothing then.
    """
    return _sync(price_list, at=at, without=without, progress=progress)


@same_again
def rehearse_sync(
    price_list: PriceList, *, at: datetime, without: Collection[str] = (), progress: Progress = silent
) -> SyncReport:
    """Do all that `sync` does, then undo it. Raises ListRefused."""
    report = _sync(price_list, at=at, without=without, progress=progress)
    transaction.set_rollback(True)
    return report


def _sync(price_list: PriceList, *, at: datetime, without: Collection[str], progress: Progress) -> SyncReport:
    CatalogueRevision.objects.lock()
    standing = read_standing()
    plans = plan(price_list, standing, most=settings.PRICE_CHANGE_GUARD)
    problems = [problem for planned in plans for problem in planned.problems]
    if not problems:
        with together():
            problems = list(_carry_out(plans, price_list, at, progress))
    if problems:
        raise ListRefused(problems)
    waiting = HeldPrice.objects.waiting().filter(list_name=price_list.name).count()
    return SyncReport(price_list, plans, vanished(price_list, standing, without=without), waiting, at)


def _carry_out(
    plans: Sequence[EntryPlan], price_list: PriceList, at: datetime, progress: Progress
) -> Iterator[Problem]:
    """Write every plan; yields what the catalogue refuses."""
    for count, planned in enumerate(plans, start=1):
        try:
            if planned.is_new or planned.changes:
                _Writer(planned, price_list, at).write()
        except ValidationError as error:
            yield from _refusals(planned, error)
        except CatalogueError as error:
            yield Problem(planned.entry.key, error.field or "", error.message)
        progress(count)


def _refusals(planned: EntryPlan, error: ValidationError) -> Iterator[Problem]:
    for name, reasons in error.message_dict.items():
        for reason in reasons:
            yield Problem(planned.entry.key, "" if name == NON_FIELD_ERRORS else name, reason)


class _Writer:
    """Writes the plan of one entry."""

    def __init__(self, planned: EntryPlan, price_list: PriceList, at: datetime) -> None:
        self.plan, self.entry, self.list_name = planned, planned.entry, price_list.name
        self.told = Told(planned.entry.source or price_list.source, planned.entry.note, at)

    def write(self) -> None:
        listed = self.plan.listed or self._linked()
        for proposal in self.plan.obsolete:
            settle(proposal, State.WITHDRAWN, by=BY_THE_LIST)
        for step in self.plan.steps:
            self._write_step(listed, step)
        if self.plan.listed is not None:
            self._write_details(listed)

    def _linked(self) -> UpstreamModel:
        """The entry of a model that no list had before; the model is made if there is none.

        Only one that is made here follows the list: the price of any other was set by hand.
        """
        model = self.plan.model or catalogue.create(draft_of(self.entry, list_name=self.list_name))
        listed = UpstreamModel(
            model=AIModel.objects.get(pk=model.pk),
            list_name=self.list_name,
            key=self.entry.key,
            cost_per_second=self.entry.own_price,
            follows=self.plan.model is None,
            source=self.entry.source,
            fetched_at=self.told.at,
            notes=list(self.entry.notes),
        )
        plan_sunset(listed, self.entry.deprecation_date)
        listed.save(force_insert=True)
        return listed

    def _write_step(self, listed: UpstreamModel, step: PriceStep) -> None:
        if step.verdict.is_taken_over:
            write_price(listed, step.spot, step.after, told=self.told)
        elif step.verdict == Verdict.HELD:
            self._raise(listed, step)
        elif step.is_retold:
            write_price(listed, step.spot, step.after, told=self.told)

    def _raise(self, listed: UpstreamModel, step: PriceStep) -> None:
        """Have a person asked."""
        before = step.before or step.after  # a price that nothing stood before is never held
        held = HeldPrice(
            model=listed.model,
            quality=step.spot.quality or "",
            with_audio=step.spot.with_audio,
            amount_before=before.amount,
            unit_before=before.unit,
            amount_after=step.after.amount,
            unit_after=step.after.unit,
            why=step.why,
            list_name=self.list_name,
            source=self.told.source,
            note=self.told.note,
            fetched_at=self.told.at,
        )
        held.save(force_insert=True)

    def _write_details(self, listed: UpstreamModel) -> None:
        if "follows" in self.plan.details:
            listed.follows = False
        listed.source, listed.notes = self.entry.source, list(self.entry.notes)
        if "deprecation_date" in self.plan.details:
            plan_sunset(listed, self.entry.deprecation_date)
        listed.fetched_at = self.told.at
        listed.save()


def settle(held: HeldPrice, state: State, *, by: str) -> None:
    """Write down what became of a proposal."""
    held.state, held.decided_by, held.decided_at = state, by[:300], timezone.now()
    held.save(update_fields=["state", "decided_by", "decided_at"])
