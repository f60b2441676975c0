"""Which models are on their way out, by when they go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import CharField, Exists, OuterRef, Q
from django.db.models.functions import Cast

from models_registry.audit.models import AuditEntry
from models_registry.choices import Status
from models_registry.models import AIModel

DAY = timedelta(days=1)
IMMINENT = 7 * DAY
LONGEST_WITHIN = 365  # days
USUAL_WITHIN = 30
MOST = 1_000  # models of either kind, with and without a date
SHOWN = ("model_id", "name", "provider", "is_active", "is_deprecated", "sunset_at", "successor")
# In the text of a state in the audit trail; a quote inside a value would be escaped.
ON_SALE = Q(before__contains='"is_active":true') | Q(after__contains='"is_active":true')


@dataclass(frozen=True)
class Leaving:
    """A model, and in how many days it goes: whole ones, rounded up; 0 or less once its sunset has come."""

    model: AIModel
    days_left: int | None  # None: nobody has said


@dataclass(frozen=True)
class Deprecations:
    """By sunset, the earliest first; `undated` are deprecated, and go nobody knows when."""

    within_days: int
    past: Sequence[Leaving]
    imminent: Sequence[Leaving]
    upcoming: Sequence[Leaving]
    undated: Sequence[Leaving]
    is_complete: bool


def deprecations(*, within_days: int, now: datetime) -> Deprecations:
    """Models on sale that go within `within_days`; of those that went as long ago, also the retired ones.

    That was announced here while they were on sale. Drafts are left out, and what was retired without ever
    having been on sale: nobody knows of them. Two queries.
    """
    reach = within_days * DAY
    entries = AuditEntry.objects.filter(kind=AIModel.audit_kind, row_id=Cast(OuterRef("pk"), CharField()))
    retired = Q(**Status.RETIRED.flags) & Q(Exists(entries.filter(ON_SALE)))
    went = Q(sunset_at__gte=now - reach, sunset_at__lte=now) & (Q(is_active=True) | retired)
    goes = Q(sunset_at__gt=now, sunset_at__lte=now + reach, is_active=True)
    dated = list(
        AIModel.objects.filter(went | goes).order_by("sunset_at", "model_id").only(*SHOWN)[: MOST + 1]
    )
    undated = AIModel.objects.in_status(Status.DEPRECATED).filter(sunset_at=None)
    lasting = list(undated.order_by("name", "model_id").only(*SHOWN)[: MOST + 1])
    buckets: dict[str, list[Leaving]] = {"past": [], "imminent": [], "upcoming": []}
    for model in dated[:MOST]:
        if model.sunset_at is not None:
            leaving = Leaving(model, days_left(model.sunset_at, now=now))
            buckets[bucket(model.sunset_at, now=now)].append(leaving)
    return Deprecations(
        within_days,
        **buckets,
        undated=[Leaving(model, None) for model in lasting[:MOST]],
        is_complete=max(len(dated), len(lasting)) <= MOST,
    )


def bucket(sunset_at: datetime, *, now: datetime) -> str:
    if sunset_at <= now:
        return "past"
    return "imminent" if sunset_at - now <= IMMINENT else "upcoming"


def days_left(sunset_at: datetime, *, now: datetime) -> int:
    return -((now - sunset_at) // DAY)
