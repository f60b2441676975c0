"""The latest changes of the catalogue and its prices, as far as somebody may read of them."""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from django.db.models import Model
from django.urls import reverse

from models_registry.audit import wording
from models_registry.audit.models import AuditEntry, Book
from models_registry.models import AIModel, QualityTier
from pricing.models import PricingPolicy, Rate

MOST = 10
# Whose histories tell of which kinds: a model's of its rates, too.
TOLD_BY: dict[type[Model], tuple[str, ...]] = {
    AIModel: ("model", "rate"),
    Rate: ("rate",),
    QualityTier: ("quality_tier",),
    PricingPolicy: ("pricing_policy",),
}


class Change(NamedTuple):
    entry: AuditEntry
    what: str
    address: str  # of the history that it stands in, or of the entry itself; "" if neither may be seen


def latest_changes(seen: Collection[type[Model]]) -> list[Change]:
    """The newest first; at most three queries. `seen`: the tables that the reader may look at.

    Who may see the audit trail is told of all. Others are told what the histories of their tables tell them.
    """
    sees_trail = AuditEntry in seen
    entries = AuditEntry.objects.changes().filter(book=Book.CATALOGUE).order_by("-number")
    if not sees_trail:
        entries = entries.filter(kind__in={kind for table in seen for kind in TOLD_BY.get(table, ())})
    found = list(entries[:MOST])
    histories = dict(_histories(found, seen))
    return [
        Change(
            entry,
            wording.headline(entry),
            histories.get((entry.kind, entry.subject)) or (_page(entry) if sees_trail else ""),
        )
        for entry in found
    ]


def _histories(
    entries: Sequence[AuditEntry], seen: Collection[type[Model]]
) -> Iterator[tuple[tuple[str, str], str]]:
    """By kind and subject; a tier that was deleted has none."""
    named = {
        kind: {entry.subject for entry in entries if entry.kind == kind}
        for kinds in TOLD_BY.values()
        for kind in kinds
    }
    if AIModel in seen:
        models = AIModel.objects.filter(model_id__in=named["model"] | named["rate"])
        for pk, model_id in models.values_list("pk", "model_id"):
            address = _history(AIModel, pk)
            yield ("model", model_id), address
            yield ("rate", model_id), address
    if QualityTier in seen:
        for pk, key in QualityTier.objects.filter(key__in=named["quality_tier"]).values_list("pk", "key"):
            yield ("quality_tier", key), _history(QualityTier, pk)
    if PricingPolicy in seen:
        for subject in named["pricing_policy"]:
            yield ("pricing_policy", subject), _history(PricingPolicy, 1)


def _history(table: type[Model], pk: int) -> str:
    return reverse(f"admin:{table._meta.app_label}_{table._meta.model_name}_history", args=[pk])


def _page(entry: AuditEntry) -> str:
    return reverse("admin:audit_auditentry_change", args=[entry.pk])
