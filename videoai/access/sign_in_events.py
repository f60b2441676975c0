"""What the audit trail tells of people at the door. No entry holds what was typed, only names that exist."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from models_registry.audit.ledger import record_event
from models_registry.audit.occasion import Actor, acting

KIND = "user"


def record_of(user: AbstractBaseUser, action: str, **facts: Any) -> None:
    """Write down that `action` happened to `user`, by whoever acts now."""
    record_event(action, kind=KIND, subject=user.get_username(), **facts)


def record_by(user: AbstractBaseUser, action: str, **facts: Any) -> None:
    """Write down that `user` did `action`, also where the request does not know its user yet."""
    with acting(actor=Actor("user", str(user.pk), user.get_username())):
        record_of(user, action, **facts)


def record_refusal(action: str, *, name: str) -> None:
    """Write down that somebody who called themselves `name` was refused."""
    record_event(action, kind=KIND, subject=name)


class PasswordChangeRecorder:
    """A password validator that refuses nothing: Django tells validators of every new password.

    That is the one place which forms, the admin and `changepassword` share.
    """

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        return

    def get_help_text(self) -> str:
        return "A change is recorded, without the password, and ends the account's other sessions."

    def password_changed(self, password: str, user: AbstractBaseUser | None = None) -> None:
        if user is not None:
            record_of(user, "password_changed")
