"""What can be done to the models that are ticked in the list: all of it or, if one refuses, nothing."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from models_registry import services
from models_registry.admin.forms import REFUSALS
from models_registry.models import AIModel

Service = Callable[[AIModel], AIModel]


@admin.action(description="Make default", permissions=["change"])
def make_default(model_admin: Any, request: HttpRequest, models: "QuerySet[AIModel]") -> None:
    chosen = list(models[:2])
    if len(chosen) == 1:
        _do(model_admin, request, chosen, services.make_default, done="made the default")
    else:
        model_admin.message_user(
            request, "Nothing was changed. Tick exactly one model: there is one default.", messages.ERROR
        )


@admin.action(description="Retire", permissions=["change"])
def retire(model_admin: Any, request: HttpRequest, models: "QuerySet[AIModel]") -> None:
    _do(model_admin, request, list(models), services.retire, done="retired")


@admin.action(description="Restore", permissions=["change"])
def restore(model_admin: Any, request: HttpRequest, models: "QuerySet[AIModel]") -> None:
    _do(model_admin, request, list(models), services.restore, done="restored")


def _do(
    model_admin: Any, request: HttpRequest, models: Sequence[AIModel], service: Service, *, done: str
) -> None:
    """Let `service` change each of `models` in one transaction, log it, and tell what came of it."""
    try:
        with transaction.atomic():
            changed = [model for model in models if _changes(service, model)]
            for model in changed:
                model_admin.log_change(request, model, f"{done.capitalize()}.")
    except REFUSALS as refusal:
        model_admin.message_user(
            request, f"Nothing was changed, for none of the models. {_told(refusal)}", messages.ERROR
        )
        return
    if changed:
        names = ", ".join(model.model_id for model in changed)
        model_admin.message_user(request, f"{done.capitalize()}: {names}.", messages.SUCCESS)
    if len(changed) < len(models):
        names = ", ".join(model.model_id for model in models if model not in changed)
        model_admin.message_user(request, f"Already {done}: {names}.", messages.INFO)


def _changes(service: Service, model: AIModel) -> bool:
    return service(model).version_number != model.version_number


def _told(refusal: Exception) -> str:
    return " ".join(refusal.messages) if isinstance(refusal, ValidationError) else str(refusal)
