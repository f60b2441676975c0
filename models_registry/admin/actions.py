"""What can be done to the models that are ticked in the list: all of it or, if one refuses, nothing."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from models_registry import services
from models_registry.admin.forms import REFUSALS
from models_registry.admin.writes import note_refusal
from models_registry.models import AIModel


class Deed(NamedTuple):
    service: Callable[[AIModel], AIModel]
    done: str  # what was done to a model
    is_now: str  # what a model is afterwards


MAKE_DEFAULT = Deed(services.make_default, done="made the default", is_now="the default")
RETIRE = Deed(services.retire, done="retired", is_now="retired")
RESTORE = Deed(services.restore, done="restored", is_now="active")


@admin.action(description="Make default", permissions=["change"])
def make_default(model_admin: Any, request: HttpRequest, models: "QuerySet[AIModel]") -> None:
    chosen = list(models[:2])
    if len(chosen) > 1:
        model_admin.message_user(
            request, "Nothing was changed. Tick exactly one model: there is one default.", messages.ERROR
        )
    else:
        _do(model_admin, request, chosen, MAKE_DEFAULT)


@admin.action(description="Retire", permissions=["change"])
def retire(model_admin: Any, request: HttpRequest, models: "QuerySet[AIModel]") -> None:
    _do(model_admin, request, list(models), RETIRE)


@admin.action(description="Restore", permissions=["change"])
def restore(model_admin: Any, request: HttpRequest, models: "QuerySet[AIModel]") -> None:
    _do(model_admin, request, list(models), RESTORE)


def _do(model_admin: Any, request: HttpRequest, models: Sequence[AIModel], deed: Deed) -> None:
    """Do it to each of `models` in one transaction, log it, and tell what came of it."""
    try:
        with transaction.atomic():
            changed = [model for model in models if _changes(deed.service, model)]
            for model in changed:
                model_admin.log_change(request, model, f"{deed.done.capitalize()}.")
    except REFUSALS as refusal:
        note_refusal(request, refusal)
        model_admin.message_user(
            request, f"Nothing was changed, for none of the models. {_told(refusal)}", messages.ERROR
        )
        return
    if changed:
        names = ", ".join(model.model_id for model in changed)
        model_admin.message_user(request, f"{deed.done.capitalize()}: {names}.", messages.SUCCESS)
    if len(changed) < len(models):
        names = ", ".join(model.model_id for model in models if model not in changed)
        model_admin.message_user(request, f"Already {deed.is_now}: {names}.", messages.INFO)


def _changes(service: Callable[[AIModel], AIModel], model: AIModel) -> bool:
    return service(model).version_number != model.version_number


def _told(refusal: Exception) -> str:
    return " ".join(refusal.messages) if isinstance(refusal, ValidationError) else str(refusal)
