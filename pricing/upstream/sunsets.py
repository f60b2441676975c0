"""What becomes of the day on which a list takes a model away."""

from datetime import UTC, date, datetime, time

from django.utils import timezone

from models_registry import lifecycle, services
from models_registry.models import AIModel
from pricing.models import UpstreamModel


def plan_sunset(listed: UpstreamModel, day: date | None) -> None:
    """Let `listed`, which its caller saves, say: the list takes the model away on `day` (None: no more).

    That day, as it begins in UTC, becomes the sunset of the model. A model on sale is not taken off it by a
    day that has passed already: a person has to do that. Called when the list says another day than before,
    and never again for the same one: what somebody decides about the model after that is theirs.
    """
    model = AIModel.objects.get(pk=listed.model_id)
    before, moment = _moment(listed.deprecation_date), _moment(day)
    listed.deprecation_date = day
    is_theirs = moment is None and model.sunset_at != before
    is_late = model.is_active and has_ended(day, now=timezone.now())
    if not is_theirs and not is_late:
        services.revise(model, {"sunset_at": moment})


def has_ended(day: date | None, *, now: datetime) -> bool:
    """Has the list taken the model away by `now`?"""
    return lifecycle.has_passed(_moment(day), now=now)


def _moment(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time.min, tzinfo=UTC)
