"""Scheduling a change, cancelling it, and carrying out what is due."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, transaction

from models_registry import turning
from models_registry.audit import occasion
from models_registry.audit.occasion import Actor, Occasion
from models_registry.errors import CatalogueError, ConfirmationRequired
from models_registry.models import CatalogueRevision
from models_registry.transactions import same_again, whole
from models_registry.values import in_milliseconds, moment_text
from pricing import ledger
from pricing.schedule.deeds import Deed, carry_out, deed_of, priced_since
from pricing.schedule.errors import ChangeOverlaps, ChangeSettled
from pricing.schedule.models import ScheduledChange, State

FURTHEST = timedelta(days=5 * 365)
MOST_PENDING = 1_000
SOURCE = "schedule"
NOTHING_CHANGED = "Nothing changed: it stood so already."
REFUSALS = (CatalogueError, ValidationError, IntegrityError, DataError)


class _Undone(Exception):
    """Ends a trial, whose changes go with it."""


@whole
def schedule(deed: Deed, *, effective_from: datetime, confirmed: bool = False) -> ScheduledChange:
    """Let `deed` be done at a moment to come, in the name and for the reason of the present occasion.

    The moment counts to the millisecond. Raises ValidationError, keyed by field, ChangeOverlaps, or whatever
    doing it now, behind what is scheduled before it, would raise; so ConfirmationRequired for prices that
    change unusually is raised today, unless that is `confirmed`, and nobody is asked at the moment itself.
    """
    moment = _checked(deed, effective_from, confirmed=confirmed)
    now = occasion.current()
    actor = now.find_actor()
    change = ScheduledChange(
        kind=deed.kind,
        model=deed.model,
        quality=deed.quality,
        with_audio=deed.with_audio,
        values=dict(deed.values),
        target=deed.target,
        effective_from=moment,
        reason=now.find_reason(),
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor=actor.name,
    )
    change.save(force_insert=True)
    return change


@same_again
def rehearse(deed: Deed, *, effective_from: datetime) -> None:
    """Raises what `schedule` would raise unless it is confirmed, and changes nothing."""
    _checked(deed, effective_from, confirmed=False)


def _checked(deed: Deed, effective_from: datetime, *, confirmed: bool) -> datetime:
    """The moment that counts, once all is found right; behind the catalogue's lock."""
    CatalogueRevision.objects.lock()
    moment = in_milliseconds(effective_from)
    _refuse_moment(moment)
    _refuse_overlap(deed, moment)
    _try(deed, moment, confirmed=confirmed)
    return moment


@whole
def cancel(change: ScheduledChange) -> ScheduledChange:
    """Let it not happen. Raises ChangeSettled for one that is not pending any more."""
    CatalogueRevision.objects.lock()
    stored = ScheduledChange.objects.select_for_update().get(pk=change.pk)
    if stored.state != State.PENDING:
        raise ChangeSettled(stored.pk, stored.state)
    _end(stored, State.CANCELLED, f"Cancelled by {occasion.current().find_actor().name}.")
    return stored


def settle() -> None:
    """Carry out what is due, each change as if it had happened at its moment; behind the catalogue's lock.

    One that can't be carried out any more is marked as failed, says why, and keeps nothing else back. So is
    one whose row says something newer: services settle before they write, but raw SQL does not. What earlier
    changes of the same settling wrote dates from their moments.
    """
    now = turning.clock()
    due = ScheduledChange.objects.pending().filter(effective_from__lt=now + ledger.RESOLUTION)
    for change in due.select_related("model").in_turn():
        with _as_scheduled(change):
            _settle_one(change)


def _settle_one(change: ScheduledChange) -> None:
    deed = deed_of(change)
    stands_since = priced_since(deed)
    if stands_since is not None and stands_since > max(change.effective_from, change.created_at):
        _end(
            change, State.FAILED, f"Changed past the schedule since: {moment_text(stands_since)}. That stays."
        )
        return
    try:
        with transaction.atomic():
            before = ledger.newest()
            carry_out(deed, confirmed=True)
            is_changed = _date(before, change.effective_from)
    except REFUSALS as refusal:
        _end(change, State.FAILED, told(refusal))
    else:
        _end(change, State.APPLIED, "" if is_changed else NOTHING_CHANGED)


def _date(before: int, moment: datetime) -> bool:
    """Let what was written behind version `before` count from `moment` on. False if there is nothing."""
    changed = ledger.written_since(before)
    for version in changed:
        ledger.date(version, moment)
    ledger.date_back(ledger.written_since(before), to=moment)
    return bool(changed)


def _end(change: ScheduledChange, state: State, outcome: str) -> None:
    change.state, change.outcome, change.settled_at = state, outcome[:500], turning.clock()
    change.save(update_fields=["state", "outcome", "settled_at"])


@contextmanager
def _as_scheduled(change: ScheduledChange) -> Iterator[None]:
    """What is carried out is the deed of who scheduled it, not of who happened to look first."""
    actor = Actor(change.actor_kind, change.actor_id, change.actor)
    its_own = Occasion(source=SOURCE, find_actor=lambda: actor, find_reason=lambda: change.reason)
    with occasion.taking_place(its_own):
        yield


def told(refusal: Exception) -> str:
    """Why not, in words."""
    if isinstance(refusal, ValidationError) and hasattr(refusal, "error_dict"):
        return " ".join(f"{name}: {' '.join(messages)}" for name, messages in refusal.message_dict.items())
    return " ".join(refusal.messages) if isinstance(refusal, ValidationError) else str(refusal)


# --- What is refused -------------------------------------------------------------------------------------


def _refuse_moment(moment: datetime) -> None:
    now = turning.clock()
    if moment <= now:
        raise _no_moment(
            f"{moment_text(moment)} has passed; it is {moment_text(now)}. What was, stays: change the "
            "present price, or choose a moment to come.",
            "min_value",
        )
    if moment > now + FURTHEST:
        raise _no_moment(f"{moment_text(moment)} is more than five years ahead.", "max_value")
    if ScheduledChange.objects.pending().count() >= MOST_PENDING:
        raise _no_moment(f"{MOST_PENDING:,} changes are pending, which is the limit.", "max_items")


def _no_moment(message: str, code: str) -> ValidationError:
    return ValidationError({"effective_from": ValidationError(message, code)})


def _refuse_overlap(deed: Deed, moment: datetime) -> None:
    rivals = ScheduledChange.objects.pending().filter(target=deed.target, effective_from=moment)
    rival = rivals.first()
    if rival is not None:
        raise ChangeOverlaps(moment, rival.pk)


def _try(deed: Deed, moment: datetime, *, confirmed: bool) -> None:
    """Do it between what is scheduled before and behind it, and undo all of that.

    Raises what doing it raises, and ConfirmationRequired if one that comes later would then move prices
    unusually which it does not now.
    """
    pending = ScheduledChange.objects.pending().select_related("model").in_turn()
    pending = pending.touching([deed.model.pk]) if deed.model else pending
    later = list(pending.filter(effective_from__gt=moment))
    try:
        with transaction.atomic():
            for change in pending.filter(effective_from__lte=moment):
                _try_one(deed_of(change), confirmed=True)
            without = {} if confirmed else _asked_without(later)
            carry_out(deed, confirmed=confirmed)
            for change in () if confirmed else later:
                _try_later(change, known=without.get(change.pk, frozenset()))
            raise _Undone
    except _Undone:
        return


def _asked_without(later: Iterable[ScheduledChange]) -> dict[int, frozenset[str]]:
    """By primary key, the moves that those of `later` make as things stand: they were confirmed before."""
    found = {}
    try:
        with transaction.atomic():
            for change in later:
                try:
                    _try_one(deed_of(change), confirmed=False)
                except ConfirmationRequired as question:
                    found[change.pk] = frozenset(question.lines)
                    _try_one(deed_of(change), confirmed=True)
            raise _Undone
    except _Undone:
        return found


def _try_later(change: ScheduledChange, *, known: frozenset[str]) -> None:
    """Carry `change` out. Raises ConfirmationRequired for unusual moves that are not among the `known`."""
    try:
        _try_one(deed_of(change), confirmed=False)
    except ConfirmationRequired as question:
        if not known.issuperset(question.lines):
            finding = f"As it is scheduled for {moment_text(change.effective_from)}: {question.finding}"
            raise ConfirmationRequired(
                finding, lines=question.lines, digest=question.digest, **question.facts
            ) from question
        _try_one(deed_of(change), confirmed=True)


def _try_one(deed: Deed, *, confirmed: bool) -> None:
    """Raises ConfirmationRequired; another refusal keeps nothing else back."""
    try:
        with transaction.atomic():
            carry_out(deed, confirmed=confirmed)
    except ConfirmationRequired:
        raise
    except REFUSALS:
        return
