"""People who sign in, as the tests see them."""

from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from models_registry.audit.models import AuditEntry

LOGIN = "/admin/login/"
PASSWORD = "correct horse battery"
WRONG = "wrong horse battery"


def new_user(name: str = "ada", **values: Any) -> User:
    """A superuser, unless told otherwise, who signs in with PASSWORD."""
    defaults = {"is_staff": True, "is_superuser": True}
    return User.objects.create_user(name, **{"password": PASSWORD, **defaults, **values})


def sign_in(client: Client, user: User | str = "ada", password: str = PASSWORD, **extra: Any) -> Any:
    name = user if isinstance(user, str) else user.username
    return client.post(LOGIN, {"username": name, "password": password, "next": "/admin/"}, **extra)


def events() -> list[tuple[str, str, str]]:
    """Who did what to whom at the door, oldest first."""
    entries = AuditEntry.objects.filter(book="access").order_by("number")
    return [(entry.actor, entry.action, entry.subject) for entry in entries]
