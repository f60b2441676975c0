"""The door of the admin: who failed too often waits for a quarter of an hour, and all of it is recorded."""

import logging
import math
from datetime import datetime, timedelta
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from models_registry.transactions import whole
from videoai.access.sign_in_attempts import Attempt, begin, forget_old_attempts, forgive, forgive_this_one
from videoai.access.sign_in_events import record_by, record_of, record_refusal

logger = logging.getLogger(__name__)


def refuse(request: HttpRequest, attempt: Attempt, action: str) -> None:
    """Record a failed attempt, and answer with the locked page if it was the last one allowed."""
    forget_old_attempts()
    record_refusal(action, name=attempt.name)
    if attempt.is_last:
        record_refusal("sign_in_locked", name=attempt.name)
        logger.warning("Too many failed sign-ins from %s: locked.", attempt.origin)
        lock(request, timezone.now() + settings.AXES_COOLOFF_TIME)


def lock(request: HttpRequest, until: datetime) -> None:
    """Let AxesMiddleware answer with the locked page."""
    setattr(request, "axes_locked_out", True)  # noqa: B010 - axes's own attribute, unknown to the type
    setattr(request, "locked_until", until)  # noqa: B010


def locked_page(request: Any, original_response: HttpResponse, credentials: object) -> HttpResponse:
    """429, with the time to wait; the same for names that exist and names that don't."""
    wait = max(request.locked_until - timezone.now(), timedelta(seconds=1))
    response = render(
        request, "admin/sign_in_locked.html", {"minutes": math.ceil(wait / timedelta(minutes=1))}, status=429
    )
    response["Retry-After"] = str(math.ceil(wait.total_seconds()))
    response["Cache-Control"] = "no-store"
    return response


@whole
def _accept(user: AbstractBaseUser, attempt: Attempt | None) -> None:
    settle = forgive_this_one if settings.TWO_FACTOR else forgive
    if attempt is not None:
        settle(attempt)
    record_by(user, "password_accepted" if settings.TWO_FACTOR else "signed_in")


class SignInHandler(AxesDatabaseHandler):
    """Between axes, which hears of every sign-in, and the count above."""

    def is_allowed(self, request: Any, credentials: dict[str, Any] | None = None) -> bool:
        """Asked once for every attempt, before the password is looked at."""
        request.attempt = begin(request, (credentials or {}).get("username") or "")
        if request.attempt.free_at is None:
            return True
        lock(request, request.attempt.free_at)
        return False

    def user_login_failed(
        self, sender: object, credentials: dict[str, Any], request: Any = None, **_: Any
    ) -> None:
        """What is refused while locked leaves no entry: nobody may flood the trail."""
        attempt = getattr(request, "attempt", None)
        if attempt is not None and attempt.free_at is None:
            refuse(request, attempt, "sign_in_refused")

    def user_logged_in(self, sender: object, request: Any, user: AbstractBaseUser, **_: Any) -> None:
        """The password was right; with two factors, that is half of it."""
        _accept(user, getattr(request, "attempt", None))

    def user_logged_out(self, sender: object, request: Any, user: AbstractBaseUser | None, **_: Any) -> None:
        if user is not None:
            record_of(user, "signed_out")
