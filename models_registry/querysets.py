"""Every named filter of the catalogue, and the managers made of them."""

import uuid
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q

from models_registry import turning
from models_registry.audit.audited import AuditedQuerySet
from models_registry.choices import LONGEST_DURATION, Status
from models_registry.values import UNSTORABLE

if TYPE_CHECKING:
    from models_registry.models import AIModel, CatalogueRevision, QualityTier  # noqa: F401 - in bases


class AIModelQuerySet(AuditedQuerySet["AIModel"]):
    def active(self) -> "AIModelQuerySet":
        """Offered to everybody: active and not on its way out."""
        return self.in_status(Status.ACTIVE)

    def sold(self) -> "AIModelQuerySet":
        """Everything a customer may still buy: active and deprecated models."""
        return self.filter(is_active=True)

    def premium(self) -> "AIModelQuerySet":
        return self.active().filter(is_premium=True)

    def default(self) -> "AIModelQuerySet":
        """The one default model, or nothing while no model is active."""
        return self.filter(is_default=True)

    def in_status(self, *statuses: str) -> "AIModelQuerySet":
        matching = Q(pk__in=[])
        for status in statuses:
            matching |= Q(**Status(status).flags)
        return self.filter(matching)

    def by_provider(self, provider: str) -> "AIModelQuerySet":
        return self.filter(provider=provider)

    def by_category(self, category: str) -> "AIModelQuerySet":
        return self.filter(category=category)

    def by_tag(self, *tags: str) -> "AIModelQuerySet":
        """Models that carry every one of `tags`."""
        return self._holding("tags", tags)

    def by_duration(self, *durations: int) -> "AIModelQuerySet":
        """Models that offer every one of `durations`, in seconds."""
        if any(abs(duration) > LONGEST_DURATION for duration in durations):
            return self.none()  # SQLite can't even look for what is much longer
        return self._holding("supported_durations", durations)

    def by_quality(self, *qualities: str) -> "AIModelQuerySet":
        return self._holding("supported_qualities", qualities)

    def costing_at_most(self, cost_per_second: Decimal) -> "AIModelQuerySet":
        """Models whose base price is at most this many dollars a second."""
        return self.filter(cost_per_second__lte=cost_per_second)

    def matching(self, text: str) -> "AIModelQuerySet":
        """Models in whose id, name, description, provider or tags the literal `text` stands."""
        if "\0" in text:  # PostgreSQL refuses to look for it
            return self.none()
        found = Q(tags__has_item_with=text)
        for field in ("model_id", "name", "description", "provider"):
            found |= Q(**{f"{field}__holds": text})
        return self.filter(found)

    def with_model_id(self, model_id: str) -> "AIModelQuerySet":
        """The model of exactly this id; text that no id can be finds nothing."""
        return self.with_model_ids([model_id])

    def with_model_ids(self, model_ids: Iterable[str]) -> "AIModelQuerySet":
        """The models of exactly these ids; text that no id can be finds nothing."""
        # Databases refuse to look for some.
        possible = {model_id for model_id in model_ids if not UNSTORABLE.search(model_id)}
        # Lower case as well, because that is what the unique index is made of.
        lower = {model_id.lower() for model_id in possible}
        return self.filter(model_id__lower__in=lower, model_id__in=possible)

    def _holding(self, field: str, items: tuple[Any, ...]) -> "AIModelQuerySet":
        found = self
        for item in items:
            found = found.filter(**{f"{field}__has_item": item})
        return found


AIModelManager = models.Manager.from_queryset(AIModelQuerySet)


class ActiveManager(AIModelManager):
    def get_queryset(self) -> AIModelQuerySet:  # type: ignore[override]
        return AIModelQuerySet(self.model, using=self._db).active()


class PremiumManager(AIModelManager):
    def get_queryset(self) -> AIModelQuerySet:  # type: ignore[override]
        return AIModelQuerySet(self.model, using=self._db).premium()


class DefaultManager(AIModelManager):
    def get_queryset(self) -> AIModelQuerySet:  # type: ignore[override]
        return AIModelQuerySet(self.model, using=self._db).default()


class QualityTierQuerySet(AuditedQuerySet["QualityTier"]):
    def known_keys(self) -> set[str]:
        return set(self.values_list("key", flat=True))


class CatalogueRevisionQuerySet(models.QuerySet["CatalogueRevision"]):
    def lock(self) -> "CatalogueRevision":
        """Wait until no other writer of the catalogue is under way, then keep them out until this one ends.

        Taken first by every writing service, so that writers never wait for each other in two orders
        (the triggers lock this row anyway, only later). What is due by then is carried out first, so that a
        writer never writes on top of an old state. Needs an open transaction.
        """
        row = self._locked()
        if turning.is_due():
            turning.settle()
            row.refresh_from_db()
        return row

    def _locked(self) -> "CatalogueRevision":
        row = self.select_for_update().filter(pk=1).first()
        if row is not None:
            return row
        self.get_or_create(pk=1, defaults={"epoch": uuid.uuid4().hex})  # the very first writer
        return self.select_for_update().get(pk=1)
