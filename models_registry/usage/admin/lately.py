"""The last days as one picture, for pages that are about something else."""

from dataclasses import replace
from datetime import datetime

from django.db.models import QuerySet

from models_registry.models import AIModel
from models_registry.usage.admin import scales, timeline
from models_registry.usage.admin.pictures import Picture
from models_registry.usage.figures import summary_without_codes
from models_registry.usage.recent import last_days
from models_registry.usage.windows import Per

DAYS = 14


def lately(models: "QuerySet[AIModel] | None" = None, *, now: datetime, days: int = DAYS) -> Picture:
    """Generations a day of `models`, by default of all, successes and failures. One query."""
    window = last_days(days, now=now)
    rows = summary_without_codes(window, per=Per.DAY, models=models)
    line = timeline.timeline(rows, window, per=Per.DAY, now=now)
    dates = scales.dates([period.start for period in line], Per.DAY.value)
    picture = timeline.generations(line, dates, per=Per.DAY)
    return replace(picture, title=f"{picture.title}, last {days} days")
