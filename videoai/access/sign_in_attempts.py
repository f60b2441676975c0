"""Counting who fails to sign in: five times a name and address, thirty times an address.

An attempt is counted before the password is looked at, and forgiven when it was right. Of many that come at
once, none gets past a limit. Names that don't exist are counted under a digest: people type passwords into
the field of the name.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import F, Min, Sum
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from models_registry.transactions import same_again
from videoai.access.client_address import client_address, shared_network

UNKNOWN_NAME = "unknown name"
NO_ADDRESS = "::"  # of a client on a Unix socket
GATE = ""  # the row that all attempts from one address pass through, one by one


@dataclass(frozen=True)
class Attempt:
    """One try, with its number among those that count against it; refused before it began if `free_at`."""

    key: str  # the name under which it counts
    name: str  # the name to tell: never what was typed, unless it is a user's
    origin: str
    number: int = 0
    number_of_origin: int = 0
    free_at: datetime | None = None

    @property
    def is_last(self) -> bool:
        """Whether no more are allowed after it, if it fails."""
        return (
            self.number == settings.AXES_FAILURE_LIMIT
            or self.number_of_origin == settings.SIGN_IN_FAILURES_AN_ADDRESS
        )


def origin(request: HttpRequest) -> str:
    """What counts as one address: of IPv6, a whole network, under its first address."""
    address = client_address(request) or NO_ADDRESS
    network = shared_network(address)
    return str(network.network_address) if network else address


@same_again  # but for a count too many against who tries
def begin(request: HttpRequest, typed_name: str) -> Attempt:
    """Count an attempt before it is made. If there were too many, nothing is counted and `free_at` is set."""
    key, name = key_and_name(typed_name)
    attempt = Attempt(key, name, origin(request))
    _locked_row(attempt.origin, GATE)
    failures, free_at = _failures_of(attempt.origin)
    if failures >= settings.SIGN_IN_FAILURES_AN_ADDRESS:
        return replace(attempt, free_at=free_at)
    return _count(replace(attempt, number_of_origin=failures + 1))


def _failures_of(origin: str) -> tuple[int, datetime | None]:
    """How often anybody failed from there of late, and when the first of it is forgotten."""
    failed = AccessAttempt.objects.filter(
        ip_address=origin, failures_since_start__gt=0, attempt_time__gte=_forgotten_before()
    )
    facts = failed.aggregate(failures=Sum("failures_since_start", default=0), oldest=Min("attempt_time"))
    oldest = facts["oldest"]
    return facts["failures"], oldest and oldest + settings.AXES_COOLOFF_TIME


def _count(attempt: Attempt) -> Attempt:
    row = _locked_row(attempt.origin, attempt.key)
    if row.attempt_time < _forgotten_before():
        row.failures_since_start = 0
    if row.failures_since_start >= settings.AXES_FAILURE_LIMIT:
        return replace(attempt, free_at=row.attempt_time + settings.AXES_COOLOFF_TIME)
    row.failures_since_start += 1
    row.attempt_time = timezone.now()
    row.save(update_fields=["failures_since_start", "attempt_time"])
    return replace(attempt, number=row.failures_since_start)


def _locked_row(origin: str, key: str) -> Any:
    """axes's row of a name and address. Its other columns, for what the client sent, stay empty."""
    row, _ = AccessAttempt.objects.select_for_update().get_or_create(
        username=key, ip_address=origin, user_agent="", defaults={"failures_since_start": 0}
    )
    return row


def _forgotten_before() -> datetime:
    moment: datetime = timezone.now() - settings.AXES_COOLOFF_TIME
    return moment


def key_and_name(typed_name: str) -> tuple[str, str]:
    """Under which name an attempt counts, and which may be told."""
    if get_user_model().objects.filter(username=typed_name).exists():
        return typed_name, typed_name
    # No username begins with a question mark.
    return f"?{salted_hmac(__name__, typed_name).hexdigest()}", UNKNOWN_NAME


def forgive(attempt: Attempt) -> None:
    """It succeeded: those before it are forgotten, too."""
    _rows_of(attempt).delete()


def forgive_this_one(attempt: Attempt) -> None:
    """It succeeded, but there is more to show."""
    _rows_of(attempt).filter(failures_since_start__gt=0).update(
        failures_since_start=F("failures_since_start") - 1
    )


def _rows_of(attempt: Attempt) -> Any:
    return AccessAttempt.objects.filter(username=attempt.key, ip_address=attempt.origin)


@same_again
def forget_old_attempts() -> None:
    """Delete what no longer counts, but for rows that others hold: waiting for several could deadlock."""
    old = AccessAttempt.objects.filter(attempt_time__lt=_forgotten_before())
    free = list(old.select_for_update(skip_locked=True).values_list("pk", flat=True))
    AccessAttempt.objects.filter(pk__in=free).delete()
