"""What comes next, as other pages list it."""

from datetime import datetime
from typing import NamedTuple

from django.http import HttpRequest
from django.urls import reverse

from pricing.schedule.admin.pages import CANCEL, may_schedule, subject
from pricing.schedule.deeds import words
from pricing.schedule.models import Kind, ScheduledChangeQuerySet

MOST = 20


class Coming(NamedTuple):
    moment: datetime
    subject: str
    words: str
    actor: str
    reason: str
    cancel: str  # an address; empty for who may not


def coming(changes: ScheduledChangeQuerySet, request: HttpRequest) -> list[Coming]:
    """The first of `changes`. One query."""
    found = changes.select_related("model").in_turn()[:MOST]
    return [
        Coming(
            change.effective_from,
            subject(change),
            words(change),
            change.actor,
            change.reason,
            reverse(f"admin:{CANCEL}", args=[change.pk]) if may_schedule(request, Kind(change.kind)) else "",
        )
        for change in found
    ]
