"""The admin's own log of what somebody did to a model, beside the audit trail."""

from collections.abc import Mapping
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest

from models_registry.models import AIModel

ROWS_A_STATEMENT = 500


def log_changes(request: HttpRequest, told: Mapping[AIModel, str]) -> None:
    """As `log_change` of each model with its own message, in few statements."""
    user: Any = request.user.pk
    of_models = ContentType.objects.get_for_model(AIModel).pk
    entries = [
        LogEntry(
            user_id=user,
            content_type_id=of_models,
            object_id=str(model.pk),
            object_repr=str(model)[:200],
            action_flag=CHANGE,
            change_message=message,
        )
        for model, message in told.items()
    ]
    LogEntry.objects.bulk_create(entries, batch_size=ROWS_A_STATEMENT)
