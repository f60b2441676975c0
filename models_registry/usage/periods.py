"""Stretches of time, all in UTC."""

from datetime import UTC, datetime, timedelta

from django.db.models import TextChoices

# What lies outside was not recorded: nobody sold generated video before, and clocks go wrong by hours.
EARLIEST, LATEST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Grain(TextChoices):
    """How long the stretches are that rollups sum up."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"

    def start_of(self, moment: datetime) -> datetime:
        """When the stretch began that `moment` (in UTC) lies in."""
        start = moment.replace(minute=0, second=0, microsecond=0)
        if self == Grain.HOUR:
            return start
        return start.replace(hour=0) if self == Grain.DAY else start.replace(hour=0, day=1)

    def after(self, start: datetime) -> datetime:
        """When the stretch that begins at `start` ends."""
        if self == Grain.MONTH:
            return (start + 31 * DAY).replace(day=1)
        return start + (HOUR if self == Grain.HOUR else DAY)


def month_of(moment: datetime) -> datetime:
    return Grain.MONTH.start_of(moment.astimezone(UTC))
