"""The latest changes of the catalogue and its prices, as far as somebody may read of them."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

from django.db.models import Model
from django.urls import reverse

from models_registry.audit import wording
from models_registry.audit.models import AuditEntry, Book
from models_registry.models import AIModel, QualityTier
from pricing.models import PricingPolicy, Rate

MOST = 10
MOST_READ = 300  # entries: an import writes many at once
MOST_SUBJECTS = 3
AT_ONCE = timedelta(seconds=2)  # between two entries that nothing else tells apart
STATES = ("before", "after", "facts")  # may be long
# Whose histories tell of which kinds: a model's of its rates, too.
TOLD_BY: dict[type[Model], tuple[str, ...]] = {
    AIModel: ("model", "rate"),
    Rate: ("rate",),
    QualityTier: ("quality_tier",),
    PricingPolicy: ("pricing_policy",),
}


class Subject(NamedTuple):
    """What was changed, and the history that tells of it; "" if there is none to be seen."""

    name: str
    address: str


class Change(NamedTuple):
    """What somebody did at one time, be it to one row or to many."""

    entry: AuditEntry  # the last of it
    what: str
    subjects: list[Subject]
    more: int  # subjects that are left out


def latest_changes(seen: Collection[type[Model]]) -> list[Change]:
    """The newest first; at most four queries. `seen`: the tables that the reader may look at.

    Who may see the audit trail is told of all. Others are told what the histories of their tables tell them.
    """
    entries = AuditEntry.objects.changes().filter(book=Book.CATALOGUE).order_by("-number").defer(*STATES)
    if AuditEntry not in seen:
        entries = entries.filter(kind__in={kind for table in seen for kind in TOLD_BY.get(table, ())})
    deeds = list(_deeds(entries[:MOST_READ]))[:MOST]
    whole = AuditEntry.objects.in_bulk([deed[0].pk for deed in deeds if len(deed) == 1])
    histories = dict(_histories([entry for deed in deeds for entry in deed], seen))
    return [_change(deed, whole, histories) for deed in deeds]


def _deeds(entries: Collection[AuditEntry]) -> Iterator[list[AuditEntry]]:
    """Entries that follow each other and come of one request or command."""
    deed: list[AuditEntry] = []
    for entry in entries:
        if deed and not _belongs(entry, deed[-1]):
            yield deed
            deed = []
        deed.append(entry)
    if deed:
        yield deed


def _belongs(entry: AuditEntry, later: AuditEntry) -> bool:
    return _occasion(entry) == _occasion(later) and abs(later.at - entry.at) <= AT_ONCE


def _occasion(entry: AuditEntry) -> tuple[str, ...]:
    return entry.actor_kind, entry.actor_id, entry.actor, entry.source, entry.request_id, entry.reason


def _change(
    deed: Sequence[AuditEntry], whole: dict[str, AuditEntry], histories: dict[tuple[str, str], str]
) -> Change:
    last = deed[0]
    addresses = {entry.subject: histories.get((entry.kind, entry.subject), "") for entry in deed}
    subjects = [Subject(name, address) for name, address in addresses.items()]
    what = wording.headline(whole[last.pk]) if last.pk in whole else _summary(deed)
    return Change(last, what, subjects[:MOST_SUBJECTS], max(len(subjects) - MOST_SUBJECTS, 0))


def _summary(deed: Sequence[AuditEntry]) -> str:
    """As in `12 models created, 28 rates created`."""
    numbers = Counter((entry.kind, wording.deed(entry)) for entry in deed)
    told = [
        f"{number} {_of_many(kind, done)}" if number > 1 else f"1 {done}"
        for (kind, done), number in numbers.items()
    ]
    return ", ".join(told) + (" and more" if len(deed) >= MOST_READ else "")


def _of_many(kind: str, done: str) -> str:
    """As in `price list entries created`, of `price list entry created`."""
    return f"{wording.kinds_name(kind)} {done.removeprefix(wording.kind_name(kind)).strip()}"


def _histories(
    entries: Sequence[AuditEntry], seen: Collection[type[Model]]
) -> Iterator[tuple[tuple[str, str], str]]:
    """By kind and subject; a tier that was deleted has none."""

    def subjects(*kinds: str) -> set[str]:
        return {entry.subject for entry in entries if entry.kind in kinds}

    if AIModel in seen:
        models = AIModel.objects.filter(model_id__in=subjects("model", "rate"))
        for pk, model_id in models.values_list("pk", "model_id"):
            yield ("model", model_id), _history(AIModel, pk)
            yield ("rate", model_id), _history(AIModel, pk)
    if QualityTier in seen:
        tiers = QualityTier.objects.filter(key__in=subjects("quality_tier"))
        for pk, key in tiers.values_list("pk", "key"):
            yield ("quality_tier", key), _history(QualityTier, pk)
    if PricingPolicy in seen:
        for subject in subjects("pricing_policy"):
            yield ("pricing_policy", subject), _history(PricingPolicy, 1)


def _history(table: type[Model], pk: int) -> str:
    return reverse(f"admin:{table._meta.app_label}_{table._meta.model_name}_history", args=[pk])
