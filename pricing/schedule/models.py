from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from models_registry.audit.audited import AuditedQuerySet
from models_registry.audit.models import State as AuditState
from models_registry.models import AIModel, CatalogueRow


class Kind(models.TextChoices):
    """What is to change."""

    PRICE = "price", "price of a model"
    RATE = "rate", "rate of a model"
    RATE_REMOVED = "rate_removed", "removal of a rate"
    POLICY = "policy", "pricing policy"
    MULTIPLIER = "multiplier", "multiplier of a quality"


class State(models.TextChoices):
    PENDING = "pending"
    APPLIED = "applied"
    CANCELLED = "cancelled"
    FAILED = "failed"


class ScheduledChangeQuerySet(AuditedQuerySet["ScheduledChange"]):
    def pending(self) -> "ScheduledChangeQuerySet":
        return self.filter(state=State.PENDING)

    def until(self, moment: datetime) -> "ScheduledChangeQuerySet":
        """Pending ones that come until then."""
        return self.pending().filter(effective_from__lte=moment)

    def failed(self, since: datetime | None = None) -> "ScheduledChangeQuerySet":
        """Those that could not be carried out, the latest first; all, or those that were due `since`."""
        failed = self.filter(state=State.FAILED).order_by("-effective_from", "-pk")
        return failed if since is None else failed.filter(effective_from__gte=since)

    def in_turn(self) -> "ScheduledChangeQuerySet":
        """As they are carried out."""
        return self.order_by("effective_from", "pk")

    def of_model(self, model: int) -> "ScheduledChangeQuerySet":
        """Those of its price and of its rates; `model` is a primary key."""
        return self.filter(model=model)

    def touching(self, models: "list[int]") -> "ScheduledChangeQuerySet":
        """All that the prices of `models` depend on; the policy and the tiers are everybody's."""
        return self.filter(Q(model__in=models) | Q(model__isnull=True))


class ScheduledChange(CatalogueRow):
    """A change of a price that is carried out at a moment to come, unless it is cancelled before."""

    audit_kind = "scheduled_change"
    audit_summary = ("kind", "values", "effective_from")
    audit_teller = "pricing.schedule.telling.told"

    kind = models.CharField(max_length=12, choices=Kind.choices)
    model = models.ForeignKey(AIModel, models.PROTECT, related_name="+", null=True)
    quality = models.CharField(
        max_length=30, blank=True, default="", help_text="The key of a tier; empty: any, or none."
    )
    with_audio = models.BooleanField("with sound", null=True)
    values = models.JSONField(default=dict, help_text="The new values by column, money as text.")
    target = models.CharField(max_length=120, editable=False, help_text="What two changes may share.")
    effective_from = models.DateTimeField()
    reason = models.CharField(max_length=300, blank=True, default="")
    actor_kind = models.CharField(max_length=20)
    actor_id = models.CharField(max_length=40, blank=True)
    actor = models.CharField(max_length=300, help_text="Who scheduled it.")
    created_at = models.DateTimeField(editable=False, db_default=Now())
    state = models.CharField(max_length=9, choices=State.choices, default=State.PENDING)
    outcome = models.CharField(max_length=500, blank=True, default="", help_text="What became of it.")
    settled_at = models.DateTimeField(null=True)

    objects = ScheduledChangeQuerySet.as_manager()

    class Meta:
        db_table = "scheduled_changes"
        ordering = ["effective_from", "pk"]
        verbose_name = "scheduled change"
        indexes = [
            models.Index(
                fields=["effective_from"], condition=Q(state=State.PENDING), name="scheduled_changes_pending"
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["target", "effective_from"],
                condition=Q(state=State.PENDING),
                name="scheduled_changes_one_at_a_time",
                violation_error_message="Another change of the same is scheduled for this moment.",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=Kind.values, state__in=State.values), name="scheduled_changes_vocabulary"
            ),
        ]

    def __str__(self) -> str:
        return f"{Kind(self.kind).label} from {self.effective_from:%Y-%m-%d %H:%M:%S} UTC"

    def audit_subject(self) -> str:
        if self.model is not None:
            return self.model.model_id
        return self.quality or "Pricing policy"

    @classmethod
    def audit_action(cls, before: AuditState | None, after: AuditState | None) -> str:
        if before is None and after is not None:
            return "schedule"
        was, now = (state.get("state") if state else None for state in (before, after))
        deeds: dict[Any, str] = {
            State.APPLIED: "carry_out",
            State.CANCELLED: "cancel",
            State.FAILED: "give_up",
        }
        return deeds.get(now, "change") if was != now else super().audit_action(before, after)
